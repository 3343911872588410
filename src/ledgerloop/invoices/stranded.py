"""See to deals whose organisation a person has disconnected: hold them, and go on once it is connected again.

Called inside a step. No second invoice is made in another organisation while one may stand there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from ledgerloop import subjects
from ledgerloop.engine.retries import LOOK, RETRY, Kind, again
from ledgerloop.parts import parts
from ledgerloop.records import Hold, Intent, Receivable, Skip
from ledgerloop.store import connections, deferrals, inbox, intents, journal

if TYPE_CHECKING:
    from ledgerloop.invoices.decide import Decided


def look(portal: str) -> None:
    """Have deals decided anew whose invoices were to leave for an organisation that is gone, or that changed meanwhile.

    Of an invoice that has left and whose answer was lost nothing is known until its organisation is connected again.
    """
    at = parts()
    now = at.now()
    with at.database.reading() as tx:
        ended = {one.id: one.name for one in connections.ended(tx, "xero")}
        back = deferrals.waiting_for(tx)
    if not ended and not back:
        return
    with at.database.transaction() as tx:
        waiting = {one.deal: one for one in (*intents.pending(tx, portal), *intents.unapproved(tx, portal))}
        gone = [one for one in waiting.values() if one.organisation in ended]
        kinds: dict[str, Kind] = {one.deal: LOOK for one in gone if one.state == "intended"}
        for one in gone:
            subject = subjects.deal(one.deal)
            if one.state == "sent":
                journal.hold(tx, portal, subject, (_unanswered(ended[one.organisation]),), (), now)
        for organisation in back - ended.keys():
            deals = deferrals.take_waiting_for(tx, organisation, portal)
            kinds |= {deal: RETRY if kind == RETRY else LOOK for deal, kind in deals.items()}
        events = [again(portal, deal, f"disconnected {now.isoformat()}", kind) for deal, kind in kinds.items()]
        inbox.keep(tx, events, now)


def going(organisations: Iterable[str]) -> list[str]:
    """Return those of these organisations that are connected."""
    with parts().database.reading() as tx:
        connected = {one.id for one in connections.organisations(tx)}
    return sorted(connected.intersection(organisations))


def put_by(portal: str, made: Mapping[str, Intent], settled: Collection[str]) -> dict[str, Intent]:
    """Leave out the deals whose invoices stand where nobody can be asked; they are looked at once somebody can."""
    with parts().database.reading() as tx:
        ended = {one.id for one in connections.ended(tx, "xero")}
    gone = {deal: one for deal, one in made.items() if one.organisation in ended}
    if gone:
        with parts().database.transaction() as tx:
            for organisation in {one.organisation for one in gone.values()}:
                deals = [deal for deal, one in gone.items() if one.organisation == organisation]
                kinds = {deal: RETRY if deal in settled else LOOK for deal in deals}
                deferrals.wait_for(tx, organisation, portal, kinds)
    return {deal: one for deal, one in made.items() if deal not in gone}


def without_second(decided: Decided) -> Decided:
    """Hold deals that would be invoiced though an invoice of theirs stands in an organisation that is disconnected."""
    with parts().database.reading() as tx:
        ended = {one.id: one.name for one in connections.ended(tx, "xero")}
    away = {deal: one for deal, one in decided.standing.items() if one.organisation in ended}
    for deal, one in away.items():
        if not isinstance(decided.verdicts.get(deal, Skip("")), Hold | Skip):
            decided.verdicts[deal] = Hold((_stands_there(one, ended[one.organisation]),))
    decided.standing = {deal: one for deal, one in decided.standing.items() if deal not in away}
    return decided


def withdraw(portal: str, found: Mapping[str, Receivable]) -> set[str]:
    """Keep invoices from leaving for deals that have one where nobody can be asked; they are decided anew."""
    away = {deal for deal, one in found.items() if one.organisation not in going([one.organisation])}
    if away:
        now = parts().now()
        with parts().database.transaction() as tx:
            intents.withdraw(tx, portal, away)
            inbox.keep(tx, [again(portal, deal, f"stands elsewhere {now.isoformat()}", LOOK) for deal in away], now)
    return away


def _stands_there(invoice: Receivable, organisation: str) -> str:
    return (
        f"Invoice {invoice.number or invoice.id} of this deal stands in {organisation}, which is disconnected, so no"
        " other is made. Connect it again with `ledgerloop connect xero` or in the console, and this deal goes on by"
        " itself."
    )


def _unanswered(organisation: str) -> str:
    return (
        f"The invoice of this deal has left for {organisation}, which was disconnected before it answered, so nobody"
        " knows whether it stands there, and no other is made. Connect it again with `ledgerloop connect xero` or in"
        " the console, and this deal goes on by itself."
    )
