"""Have deals looked at whose invoice stands in Xero though nobody here knows of it. Called inside a step.

So it is after a restored backup: the invoice carries its deal's mark, and the deal's own lane adopts it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from ledgerloop.engine.retries import LOOK, again
from ledgerloop.parts import parts
from ledgerloop.records import Receivable
from ledgerloop.rules.invoice_markers import deal_of
from ledgerloop.rules.standing import GONE
from ledgerloop.store import connections, inbox, intents, lanes


def look(tx: Connection, receivables: Sequence[Receivable]) -> None:
    """Have the deals of these invoices decided, once for each invoice, where we know of none that was made for them."""
    marked = {deal_of(one.mark): one for one in receivables if one.mark and one.status not in GONE}
    portal = connections.only_portal(tx) if marked else None
    if portal is None:
        return
    known = intents.get(tx, portal.id, list(marked))
    unknown = [deal for deal in marked if deal not in known or known[deal].state in ("intended", "refused")]
    events = [again(portal.id, deal, f"invoice {marked[deal].id} stands", LOOK) for deal in unknown]
    if events and inbox.keep(tx, events, parts().now()):
        lanes.wake(tx, "invoicing", portal.id, parts().now())
