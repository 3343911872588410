"""Know who was erased in HubSpot for privacy, so that nobody of them is made again. Called inside a step.

HubSpot tells of an erasure by a webhook alone. Without it, this tells the two apart: a contact that was deleted can
be read as archived for 90 days, and an erased one cannot. What is remembered is a keyed hash of the address.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection

from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import Record
from ledgerloop.parts import parts
from ledgerloop.rules.identity.addresses import email_key, mailbox
from ledgerloop.store import connections, contact_persons, erased, former_links, last_compared, links, mirror

_SAYS_WHO = ("email", "firstname", "lastname")
"""HubSpot makes no contact without one of these, so an archived one without any says nothing but that it was there."""


def among(emails: Collection[str]) -> set[str]:
    """Tell which of these addresses were erased, as far as is remembered."""
    at = parts()
    with at.database.reading() as tx:
        if erased.is_empty(tx):
            return set()
    digest_of = {one: at.digest(mailbox(one)) for one in emails if one}
    with at.database.reading() as tx:
        gone = erased.among(tx, sorted(set(digest_of.values())))
    return {one for one, digest in digest_of.items() if digest in gone}


def refused(client: HubSpotClient, rows: Mapping[str, Mapping[str, str | None]]) -> set[str]:
    """Tell which rows would give a contact an address that was erased. Every contact that is written is asked here.

    An address whose contact we know and HubSpot no longer has is looked into first: no webhook need have told of it.
    """
    emails = {key: key_ for key, row in rows.items() if (key_ := email_key(row.get("email")))}
    if not emails:
        return set()
    with parts().database.reading() as tx:
        had = _contacts_with(tx, set(emails.values())) - rows.keys()
    if had:
        there = client.read("contacts", sorted(had), ("email",))
        note(client, [one for one in had if one not in there])
    gone = among(set(emails.values()))
    return {key for key, email in emails.items() if email in gone}


def note(client: HubSpotClient, gone: Sequence[str], *, told: bool = False) -> set[str]:
    """Tell which of these contacts, which HubSpot no longer has, were erased; remember their addresses.

    HubSpot may have ``told`` so. What we never knew is not looked at.
    """
    at = parts()
    with at.database.reading() as tx:
        addresses = _addresses(tx, gone, deleted_before=told)
    if not addresses:
        return set()
    archived = {} if told else client.archived("contacts", list(addresses), _SAYS_WHO)
    found = {one for one in addresses if one not in archived or not _says_who(archived[one])}
    digests = {contact: {at.digest(mailbox(one)) for one in addresses[contact]} for contact in sorted(found)}
    with at.database.transaction() as tx:
        for contact, some in digests.items():
            erased.remember(tx, contact, some, at.now())
        contact_persons.forget(tx, found)
    return found


def remember(contact: str, email: str) -> None:
    """Remember that a contact with this address was erased, where an older release did not."""
    at = parts()
    digest = at.digest(mailbox(email))  # outside the transaction: the key may have to be made
    with at.database.transaction() as tx:
        erased.remember(tx, contact, {digest}, at.now())


def unremembered(contacts: Collection[str]) -> set[str]:
    """Tell of which of these erased contacts no address is remembered."""
    with parts().database.reading() as tx:
        return set(contacts) - erased.contacts_among(tx, contacts)


def _says_who(record: Record) -> bool:
    return any(record.properties.get(name) for name in _SAYS_WHO)


def _contacts_with(tx: Connection, emails: Collection[str]) -> set[str]:
    """Return the contacts that had one of these addresses when we last knew of them."""
    had = {one.hubspot_id for one in contact_persons.by_email(tx, emails)}
    for organisation in connections.known_organisations(tx):
        alike = [one.id for some in mirror.customers_by_email(tx, organisation.id, emails).values() for one in some]
        had |= {link.hubspot_id for link in links.find(tx, organisation.id, "contact", alike).values()}
    return had


def _addresses(tx: Connection, contacts: Sequence[str], *, deleted_before: bool) -> dict[str, set[str]]:
    """Return the addresses of these contacts by what we know of them; one that we never knew is absent."""
    found: dict[str, set[str]] = {}
    for known in contact_persons.of_records(tx, contacts):
        found.setdefault(known.hubspot_id, set()).add(known.email)
    customers = [
        (link.hubspot_id, link.organisation, link.xero_id) for link in links.of_records(tx, "contact", contacts)
    ]
    if deleted_before:
        customers += [
            (one.hubspot_id, one.organisation, one.xero_id)
            for one in former_links.of_records(tx, "contact", contacts)
            if not links.find(tx, one.organisation, "contact", [one.xero_id])
        ]
    for contact, organisation, customer in customers:
        said = last_compared.get(tx, organisation, "contact", [customer]).get(customer)
        emails = {said.hubspot.get("email", ""), said.xero.get("email", "")} - {""} if said else set()
        if not emails:
            emails = {one.email_key for one in mirror.customers(tx, organisation, [customer]).values()}
        found.setdefault(contact, set()).update(key for one in emails if (key := email_key(one)))
    return found
