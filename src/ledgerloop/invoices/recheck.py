"""Read deals once more before their invoices leave late, and decide anew where one says something else by then.

Called inside a step. Between the decision and the request a deal may be lost, deleted or edited: because a brake or a
route asked a person first, or because a request was lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from ledgerloop import subjects
from ledgerloop.engine.retries import LOOK, again
from ledgerloop.invoices.decide import Ready, Verdict, basis, decide
from ledgerloop.parts import parts
from ledgerloop.records import Intent, Line, Skip
from ledgerloop.rules.clocks import passed
from ledgerloop.store import connections, inbox, intents, journal, lanes

FRESH = timedelta(minutes=1)
"""How long a decision to invoice a deal is good for; what leaves later is read once more before it does."""

_LOST = "The answer to its request was lost, and Xero has no invoice of it and makes none of it any more"


def changed(portal: str, waiting: Sequence[Intent]) -> tuple[dict[str, Verdict], set[str]]:
    """Read the deals whose invoices were not decided just now; return those that say something else than then.

    Of the others in the answer nobody knows: the organisation to which they would go now cannot be asked.
    """
    now = parts().now()
    old = [one for one in waiting if one.state == "sent" or passed(one.created_at, FRESH, now)]
    with parts().database.reading() as tx:
        connected = connections.portal(tx, portal)
    if connected is None or not old:
        return {}, set()
    decided = decide(connected, [one.deal for one in old])
    unsure = {one.deal for one in old if one.deal not in decided.verdicts}
    sure = {one.deal: decided.verdicts[one.deal] for one in old if one.deal not in unsure}
    return {one.deal: sure[one.deal] for one in old if one.deal in sure and not _same(one, sure[one.deal])}, unsure


def put_back(portal: str, some: Sequence[Intent], verdicts: Mapping[str, Verdict]) -> list[str]:
    """Have deals decided anew before their invoices leave; forget the intents of those not to be invoiced any more.

    Returns the latter: they may say still what their invoices waited for.

    Nothing may have been made of them; where the answer to a request was lost, the journal says so. What a person
    approved stays approved where the deal still says the same.
    """
    at = parts()
    now = at.now()
    skips = {one.deal: skip for one in some if isinstance(skip := verdicts.get(one.deal), Skip)}
    with at.database.transaction() as tx:
        intents.withdraw(tx, portal, list(skips), sent=True)
        journal.clear(tx, [subjects.deal(deal) for deal in skips], now)
        anew = [one.deal for one in some if one.deal not in skips]
        lost = {one.deal for one in some if one.state == "sent"}
        said = {deal: f"{_LOST}. {skip.reason}" if deal in lost else skip.reason for deal, skip in skips.items()}
        said |= {deal: f"{_LOST}, so the deal is decided anew." for deal in anew if deal in lost}
        journal.write(
            tx, [Line(subjects.deal(deal), "skip", "invoices.decide", why) for deal, why in said.items()], now
        )
        for deal in anew:
            intents.mark_refused(tx, portal, deal, anew=True)
        if anew:
            inbox.keep(tx, [again(portal, deal, f"read once more {now.isoformat()}", LOOK) for deal in anew], now)
            lanes.wake(tx, "invoicing", portal, now)
    return list(skips)


def _same(intent: Intent, verdict: Verdict) -> bool:
    if not isinstance(verdict, Ready) or verdict.organisation.id != intent.organisation:
        return False
    return not intent.basis or intent.basis == basis(verdict.sale, verdict.terms)
