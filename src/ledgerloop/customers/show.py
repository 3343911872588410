"""Show in HubSpot what the ledger says of customers: standings on contacts and companies. Called inside a step.

A write is the difference between what should be there and what we last wrote there, so showing twice writes once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ledgerloop import subjects
from ledgerloop.customers import admit, hidden, succeed
from ledgerloop.customers.claims import with_rivals
from ledgerloop.customers.field_diff import compare_fields
from ledgerloop.customers.link import join
from ledgerloop.customers.update import Wanted, show
from ledgerloop.parts import parts
from ledgerloop.records import Customer, LinkKind, Organisation, Receivable
from ledgerloop.rules.customers import properties_from_standing
from ledgerloop.rules.ownership import Comparison, values_of
from ledgerloop.rules.properties import renamed
from ledgerloop.rules.standing import Standing, standing_of
from ledgerloop.store import mirror, pending_customers

Show = Callable[[Organisation, Sequence[Receivable]], None]
"""Show invoices of an organisation where they belong."""


def show_standings(organisation: Organisation, ids: Sequence[str], show_invoices: Show) -> None:
    """succeed → admit → stand → join → decide → write → record, for some customers.

    ``show_invoices`` is handed their invoices, to be shown too before the customers count as shown; they alone are
    where the organisation's customers are not to be shown, and what was shown of these is taken off.
    """
    at = parts()
    if not organisation.shown:
        with at.database.reading() as tx:
            some = mirror.receivables_of(tx, organisation.id, ids)
        hidden.take_off(organisation, ids)
        show_invoices(organisation, _invoices(some))
        return
    today = organisation.day(at.now())
    asked, ids = ids, with_rivals(organisation, ids)
    rivals: dict[str, int] = {}
    if more := set(ids) - set(asked):
        with at.database.transaction() as tx:  # whoever dies in between leaves the rivals to the next look
            rivals = pending_customers.mark_new(tx, organisation.id, more)
    with at.database.reading() as tx:
        contacts = mirror.customers(tx, organisation.id, ids)
        receivables = mirror.receivables_of(tx, organisation.id, ids)
    unsure = succeed.succeed(organisation, contacts)
    customers = admit.admit(organisation, contacts)
    standings = {key: standing_of(receivables.get(key, ()), today, organisation.base_currency) for key in customers}
    values = {
        key: renamed(properties_from_standing(standings[key], customers[key], organisation), at.names)
        for key in customers
    }
    joined = join(organisation, customers, values, unsure, lambda: succeed.unseen(organisation, customers, standings))
    settled = compare_fields(organisation, customers, joined.links, joined.records, joined.in_question)
    wanted = [
        Wanted(
            kind=link.kind,
            id=link.hubspot_id,
            values=values[link.xero_id],
            subject=subjects.customer(link.xero_id),
            rule="rules.standing.standing_of",
            reason=_said(standings[link.xero_id]),
            fields=_fields(link.kind, settled.get((link.kind, link.hubspot_id)), customers[link.xero_id]),
            settled=settled.get((link.kind, link.hubspot_id)),
            customer=link.xero_id,
        )
        for link in joined.links
    ]
    show(wanted, organisation.id)
    show_invoices(organisation, _invoices(receivables))
    if rivals:
        with at.database.transaction() as tx:
            pending_customers.clean(tx, organisation.id, rivals)


def _invoices(receivables: Mapping[str, Sequence[Receivable]]) -> list[Receivable]:
    return [one for some in receivables.values() for one in some if one.kind == "invoice"]


def _fields(kind: LinkKind, settled: Comparison | None, customer: Customer) -> dict[str, str]:
    return values_of(kind, settled.to_hubspot, customer) if settled is not None else {}


def _said(standing: Standing) -> str:
    return (
        f"{standing.status}: {standing.outstanding} {standing.currency} outstanding, {standing.overdue} overdue,"
        f" {standing.open_invoices} open invoices."
    )
