"""Read HubSpot's contacts and companies with what customers are compared by. Called inside a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ledgerloop.hubspot.associations import primary
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import id_name
from ledgerloop.records import LinkKind
from ledgerloop.rules.customers import COMPANY_PROPERTIES, CONTACT_PROPERTIES
from ledgerloop.rules.identity.profiles import ADDITIONAL_DOMAINS, ADDITIONAL_EMAILS
from ledgerloop.rules.ownership import SOURCE

Pair = tuple[str, str]
"""A customer and a HubSpot record."""


PLURAL: Mapping[LinkKind, str] = {"contact": "contacts", "company": "companies"}


_PROPERTIES: Mapping[LinkKind, Sequence[str]] = {"contact": CONTACT_PROPERTIES, "company": COMPANY_PROPERTIES}


def properties_read(kind: LinkKind) -> tuple[str, ...]:
    """Return the properties that are read of a record: what is compared, whose customer it says it is, who made it."""
    compared = (ADDITIONAL_DOMAINS, *parts().numbered.names) if kind == "company" else (ADDITIONAL_EMAILS,)
    return tuple(dict.fromkeys((*_PROPERTIES[kind], *compared, id_name(), *SOURCE)))


def companies_of(client: HubSpotClient, contacts: Sequence[str]) -> dict[str, str]:
    """Return the primary companies of contacts."""
    if not contacts:
        return {}
    associated = client.associated("contacts", "companies", sorted(set(contacts)))
    return {contact: company for contact, some in associated.items() if (company := primary(some))}
