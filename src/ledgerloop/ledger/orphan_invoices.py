"""Have deals looked at whose invoice stands in Xero and is not the one that they have. Called inside a step.

So it is after a restored backup: the invoice carries its deal's mark, and the deal's own lane adopts it. So it is too
where a deal's invoice is deleted, voided or credited in full, and another with its mark stands: a copy that finance
made; and where a deal waits because of the invoice that it names, of which there is news.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.engine.retries import LOOK, again
from ledgerloop.parts import parts
from ledgerloop.records import Intent, Portal, Receivable
from ledgerloop.rules.invoice_markers import deal_of
from ledgerloop.rules.standing import GONE, bills_nothing
from ledgerloop.store import connections, inbox, intents, journal, lanes, mirror
from ledgerloop.subjects import Subject


def look(tx: Connection, receivables: Sequence[Receivable]) -> None:
    """Have the deals of these invoices decided, once for each invoice, where we know of none that stands for them.

    A deal that is held because of the invoice that it names is decided with each news of that one.
    """
    invoices = {subjects.invoice(one.id): one for one in receivables if one.kind == "invoice"}
    portal = connections.only_portal(tx) if invoices else None
    if portal is None:
        return
    marked = {deal_of(one.mark): one for one in receivables if one.mark and one.status not in GONE}
    gone = [one for one in receivables if one.kind == "invoice" and bills_nothing(one)]
    known = intents.get(tx, portal.id, list(marked))
    unknown = [deal for deal in marked if deal not in known or known[deal].state in ("intended", "refused")]
    events = [again(portal.id, deal, f"invoice {marked[deal].id} stands", LOOK) for deal in unknown]
    made = [one for one in known.values() if one.state == "made" and one.invoice != marked[one.deal].id]
    made = [one for one in made if not bills_nothing(marked[one.deal])]
    ended = [one for one in made if _is_gone(tx, one)]
    events += [again(portal.id, one.deal, _in_place(marked[one.deal], one), LOOK) for one in ended]
    events += [again(portal.id, one.deal, _in_place(other, one), LOOK) for one, other in _left(tx, portal, gone)]
    for cause, held in journal.caused_among(tx, portal.id, invoices.keys()).items():
        news = f"{cause} is {invoices[Subject(cause)].status} since {invoices[Subject(cause)].updated_at}"
        events += [again(portal.id, deal, news, LOOK) for deal in subjects.deals_of(held)]
    if events and inbox.keep(tx, events, parts().now()):
        lanes.wake(tx, "invoicing", portal.id, parts().now())


def _is_gone(tx: Connection, intent: Intent) -> bool:
    own = mirror.receivables(tx, intent.organisation, [intent.invoice]).get(intent.invoice)
    return own is not None and bills_nothing(own)


def _left(tx: Connection, portal: Portal, gone: Sequence[Receivable]) -> Iterator[tuple[Intent, Receivable]]:
    """Give the deals that had these invoices, each with another that stands with its mark in any organisation."""
    made: dict[str, Intent] = {}
    for organisation in {one.organisation for one in gone}:
        ids = [one.id for one in gone if one.organisation == organisation]
        made |= {one.marker: one for one in intents.by_invoice(tx, organisation, ids).values()}
    for home in connections.organisations(tx) if made else ():
        for other in mirror.receivables_marked(tx, home.id, list(made), ()):
            if other.kind == "invoice" and not bills_nothing(other) and made[other.mark].portal == portal.id:
                yield made[other.mark], other


def _in_place(other: Receivable, intent: Intent) -> str:
    return f"invoice {other.id} stands, and {intent.invoice} is gone"
