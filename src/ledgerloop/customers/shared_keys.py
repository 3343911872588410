"""Tell which addresses and domains say nothing of who is who: several customers share them, or they are our own."""

from __future__ import annotations

from collections.abc import Mapping

from ledgerloop.customers.claims import Customers
from ledgerloop.hubspot.models import Record
from ledgerloop.parts import parts
from ledgerloop.records import Organisation
from ledgerloop.rules.identity.addresses import email_domain, mailbox
from ledgerloop.rules.identity.evidence import Shared
from ledgerloop.rules.identity.names import Likeness, compare
from ledgerloop.rules.identity.profiles import domains_of, emails_of
from ledgerloop.rules.identity.sharing import Sharing
from ledgerloop.store import mirror


def sharing_of(organisation: Organisation, customers: Customers) -> Sharing:
    """Ask our copy of the ledger who else has these customers' addresses and domains."""
    keys = {key for one in customers.values() for key in one.keys if key.startswith(("email ", "domain "))}
    with parts().database.reading() as tx:
        return Sharing.among(mirror.customers_by_keys(tx, organisation.id, keys))


def our_own(organisation: Organisation, companies: Mapping[str, Record], customers: Customers) -> Shared:
    """Return the domains and addresses of our own firm, if HubSpot has it: they say nothing about customers."""
    ours = [
        one
        for one in companies.values()
        if compare(one.properties.get("name") or "", organisation.name) >= Likeness.SAME
    ]
    domains = frozenset(domain for one in ours for domain in domains_of(one))
    emails = {email for one in customers.values() for email in emails_of(one) if email_domain(email) in domains}
    return Shared(frozenset(map(mailbox, emails)), domains)
