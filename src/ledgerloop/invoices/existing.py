"""Find the invoice that stands for a deal, whatever the store knows of it. Called inside a step.

Our copy of the ledger knows each invoice's mark and address. It is asked before an invoice leaves for the first time;
where it was not read since the process began, or since the database was put back, Xero is asked first what we have made
in the meantime. That is one call, and none where nothing is to be made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import Connection

from ledgerloop.engine import epoch
from ledgerloop.hubspot.models import Record
from ledgerloop.invoices.merged_deals import MERGED_IDS
from ledgerloop.parts import parts
from ledgerloop.records import Intent, Portal, Receivable
from ledgerloop.rules.customers import receivable_from_invoice
from ledgerloop.rules.invoice_markers import deal_linked, deal_url, marker_of
from ledgerloop.rules.standing import GONE, bills_nothing
from ledgerloop.store import connections, cursors, mirror, rulings
from ledgerloop.store.cursors import CAUGHT_UP

_PAGES_KEPT = "looked for invoices"


def freshen(organisation: str) -> None:
    """Have our copy know every invoice of ours that stands, where it was not read lately enough.

    The cursor stays where it is: the organisation's own turns pull the same once more, and everything else.
    """
    at = parts()
    began = at.now()
    with at.database.reading() as tx:
        since = epoch.fresh_since(tx)
        looked = cursors.get(tx, organisation, _PAGES_KEPT).highest
        read = max(filter(None, (cursors.get(tx, organisation, CAUGHT_UP).highest, looked)), default=None)
        changed_since = cursors.get(tx, organisation, "invoices").since
    if since is None or (read is not None and read >= since):
        return
    client, page, pages = at.xero(organisation), 0, 1
    while page < pages:
        page += 1
        answer = client.invoices(changed_since=changed_since, page=page, created_by_my_app=True)
        pages = answer.page_count
        made = [receivable_from_invoice(organisation, invoice) for invoice in answer.items]
        with at.database.transaction() as tx:
            mirror.store_receivables(tx, [one for one in made if one is not None])
    with at.database.transaction() as tx:
        cursors.put(tx, cursors.Cursor(organisation, _PAGES_KEPT, None, 1, began))


def standing(portal: Portal, deals: Iterable[str]) -> dict[str, Receivable]:
    """Return, by deal, the invoices in our copy that carry a deal's mark or address and are not gone."""
    return _standing(portal, {deal: (deal,) for deal in deals})


def standing_for(portal: Portal, deals: Mapping[str, Record], named: str) -> dict[str, Receivable]:
    """Return the same for deals that were read, also by the marks of deals that were merged into them.

    Of several the one counts that the deal ``named`` in its property. Where it names another that bills it by our copy,
    none does: a person had that take the place of what carries the mark, and what became of it is to be asked.
    """
    olds = {deal: _merged(record) for deal, record in deals.items()}
    shown = {deal: record.properties.get(named) or "" for deal, record in deals.items()}
    found = _standing(portal, {deal: (deal, *olds[deal]) for deal in deals}, shown)
    asked = {deal: shown[deal] for deal, one in found.items() if shown[deal] not in ("", one.id)}
    others = _billing_unmarked(portal, set(asked.values()))
    return {deal: one for deal, one in found.items() if asked.get(deal) not in others}


def _billing_unmarked(portal: Portal, invoices: Collection[str]) -> set[str]:
    """Return those of these invoices that bill somebody by our copy, and in which nothing says which deal.

    Their addresses may be another tool's.
    """
    if not invoices:
        return set()
    with parts().database.reading() as tx:
        homes = [one.id for one in connections.known_organisations(tx)]
        known = [one for home in homes for one in mirror.receivables(tx, home, invoices).values()]
    known = [one for one in known if one.kind == "invoice" and not (one.mark or deal_linked(portal, one.url))]
    return {one.id for one in known if not bills_nothing(one)}


def put_aside(
    tx: Connection, portal: str, found: Mapping[str, tuple[Sequence[str], Sequence[Receivable]]]
) -> set[tuple[str, str]]:
    """Return the deals and those of their marked invoices that a person has put aside.

    So it is where another was named in its place; and where a new one was had made beside one that was credited, until
    that bills again. ``found`` holds by deal the ids under which it was known, and its invoices.
    """
    said = {
        subject: (deal, one.id)
        for deal, (ids, some) in found.items()
        for one in some
        for subject in (
            *(rulings.not_invoice(each, one.id) for each in ids),
            *([rulings.renewed_past(deal, one.id)] if bills_nothing(one) else []),
        )
    }
    return {said[subject] for subject in rulings.get(tx, portal, said)} if said else set()


def credited_in_full(tx: Connection, intent: Intent) -> list[Receivable]:
    """Return the invoices in our copy that carry a deal's mark or address and are credited in full."""
    return [
        one
        for organisation in connections.known_organisations(tx)
        for one in mirror.receivables_marked(tx, organisation.id, [intent.marker], [intent.url])
        if one.kind == "invoice" and one.status not in GONE and bills_nothing(one)
    ]


def numbers_of(portal: Portal, organisation: str, deals: Iterable[str]) -> dict[str, set[str]]:
    """Return, by deal, the numbers of its invoices in our copy, of those that are deleted or voided as well."""
    by_mark = {mark: deal for deal in deals for mark in _marks(portal, deal)}
    numbers: dict[str, set[str]] = {}
    with parts().database.reading() as tx:
        for one in mirror.receivables_marked(tx, organisation, list(by_mark), list(by_mark)) if by_mark else ():
            deal = by_mark.get(one.mark) or by_mark.get(one.url)
            if deal is not None and one.kind == "invoice" and one.number:
                numbers.setdefault(deal, set()).add(one.number)
    return numbers


def _standing(
    portal: Portal, wanted: Mapping[str, tuple[str, ...]], shown: Mapping[str, str] | None = None
) -> dict[str, Receivable]:
    by_mark = {mark: deal for deal, ids in wanted.items() for one in ids for mark in _marks(portal, one)}
    found: dict[str, list[Receivable]] = {}
    with parts().database.reading() as tx:
        for organisation in connections.known_organisations(tx) if by_mark else ():
            for one in mirror.receivables_marked(tx, organisation.id, list(by_mark), list(by_mark)):
                deal = by_mark.get(one.mark) or by_mark.get(one.url)
                if deal is not None and one.kind == "invoice" and one.status not in GONE:
                    found.setdefault(deal, []).append(one)
        past = put_aside(tx, portal.id, {deal: (wanted[deal], some) for deal, some in found.items()})
    left = {deal: [one for one in some if (deal, one.id) not in past] for deal, some in found.items()}
    return {deal: _chosen(some, (shown or {}).get(deal, "")) for deal, some in left.items() if some}


def _chosen(some: list[Receivable], shown: str) -> Receivable:
    """Choose the invoice that the deal shows, else the one that links back to it: a copy made by hand lacks that.

    One that is credited in full stands, so that no other is made; but one that bills the deal comes before it.
    """
    some = [one for one in some if not bills_nothing(one)] or some
    return next((one for one in some if one.id == shown), next((one for one in some if one.url), some[0]))


def _marks(portal: Portal, deal: str) -> tuple[str, str]:
    return marker_of(deal), deal_url(portal, deal)


def _merged(deal: Record) -> list[str]:
    return [old for old in (deal.properties.get(MERGED_IDS) or "").split(";") if old]
