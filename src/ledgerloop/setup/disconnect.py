"""End connections, as a person asks: here first, then at the vendor, then the tokens. What is known stays.

Not durable, and done again where it stopped: a connection says what its vendor was not told yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection

from ledgerloop import oauth, subjects
from ledgerloop.errors import ConsentNeeded, LedgerloopError, Refused
from ledgerloop.records import Line, Organisation
from ledgerloop.rules.routing import Route, home_of_open, leading_to
from ledgerloop.secrets.references import kept_name, parse
from ledgerloop.setup.connect import GRANT, Desk
from ledgerloop.store import connections, inbox, intents, journal, lanes
from ledgerloop.store.connections import Connected

_FLOW = {"xero": "standing", "hubspot": "invoicing"}
_RULE = "setup.disconnect"
_NOT_YET = "Ledgerloop stopped before it had told Xero. Disconnect it once more."
_NAMED = 10
"""Deals that a sentence names; of more it says how many."""
_WHERE = (
    "HubSpot has no call that ends such a token, so end it there: delete or rotate a service key under Development,"
    " Keys, Service keys; a private app's under Settings, Integrations, Private Apps; a project app's on the app's own"
    " page under Development, Projects."
)


@dataclass(frozen=True, slots=True)
class Leaving:
    """What ends with a connection."""

    connected: Connected
    deals: tuple[str, ...]
    """The deals that wait for an invoice by it, as people know them."""
    unanswered: tuple[str, ...]
    """Those whose invoice has left, and nobody knows whether it stands."""
    unread: int
    """How many deals events name that no turn has read."""
    routes: tuple[str, ...] = ()
    """Those that lead to an organisation."""
    goes_to: str = ""
    """The organisation in which deals are invoiced then that wait for a choice now."""
    last: bool = True
    """Whether no other organisation is reached by the same tokens."""
    token: str = ""
    """The reference to a portal's token."""

    @property
    def sentences(self) -> list[str]:
        """Say what stops, and what becomes of deals and tokens."""
        said = self._of_xero() if self.connected.vendor == "xero" else self._of_hubspot()
        return [*said, "What is known stays: the journal, the invoices, the copy of the ledger, and who is who."]

    def _of_xero(self) -> list[str]:
        name, there = self.connected.name, f"for an invoice in {self.connected.name}"
        said = [
            f"The lane `standing` of {name} ends: its books are not read, and what its customers owe stays in HubSpot"
            " as it is now."
        ]
        said += _waiting(self.deals, there, "are held", "is held")
        if self.unread:
            said.append(f"{_count(self.unread, 'deal')} changed and not read yet: held if a route leads there.")
        if self.unanswered:
            said.append(
                f"{_listed(self.unanswered, 'invoice')}: sent, and not answered yet. It is looked for once {name} is"
                " connected again, and no other is made."
            )
        if self.routes:
            said.append(f"Every deal of {', '.join(self.routes)} that is won from now on is held.")
        if self.goes_to:
            said.append(
                f"Deals whose route names no organisation wait for a choice between several; they are invoiced in"
                f" {self.goes_to} then, which is the only one left."
            )
        said.append(
            "No other organisation is connected, so what Xero granted is revoked, and its tokens are forgotten."
            if self.last
            else "The other organisations stay connected."
        )
        return said

    def _of_hubspot(self) -> list[str]:
        said = [
            f"The lane `invoicing` of {self.connected.name} ends: no won deal is looked for, and nothing is written to"
            " HubSpot. Xero is read as before, and what changes there waits."
        ]
        said += _waiting((*self.deals, *self.unanswered), "for an invoice", "go on waiting", "goes on waiting")
        if self.unread:
            said.append(f"{_count(self.unread, 'deal')} changed and not read yet: read once it is connected again.")
        return [*said, stays(self.token), _WHERE]


def survey(tx: Connection, connected: Connected, routes: Sequence[Route], token: str) -> Leaving:
    """Say what ends with a connection; ``token`` is the reference to HubSpot's."""
    home, portals = connected.facts, connections.portals(tx)
    waiting = {
        one.deal: one
        for portal in portals
        for one in (*intents.pending(tx, portal.id), *intents.unapproved(tx, portal.id))
        if connected.id in (one.organisation, portal.id)
    }
    left = {deal for deal, one in waiting.items() if one.state == "sent"}
    named = {deal: f"{deal} “{one.deal_name}”" if one.deal_name else deal for deal, one in waiting.items()}
    unread = sum(inbox.untaken(tx, "hubspot", portal.id, "deal") for portal in portals)
    organisations = connections.organisations(tx)
    leading, goes_to = list[str](), None
    if isinstance(home, Organisation):
        chosen, left_over = connections.chosen(tx), [one for one in organisations if one.id != home.id]
        open_ = home_of_open(routes, organisations, chosen)
        leading = leading_to(routes, home, open_)
        goes_to = None if open_ else home_of_open(routes, left_over, chosen)
    return Leaving(
        connected,
        tuple(words for deal, words in named.items() if deal not in left),
        tuple(words for deal, words in named.items() if deal in left),
        unread,
        tuple(leading),
        goes_to.name if goes_to else "",
        all(one.ended or one.id == connected.id for one in connections.all_connected(tx, "xero")),
        token,
    )


def disconnect(desk: Desk, connected: Connected, routes: Sequence[Route], token: str, by: str) -> list[str]:
    """End a connection, and say what was done and what was not. Doing it twice is doing it once.

    ``by`` says for the journal who ends it, or where.
    """
    with desk.database.transaction() as tx:
        _end_here(desk, tx, connected, routes, by)
    desk.nudge()
    if connected.vendor == "xero" and desk.provider.custom:
        said = _leave_custom(desk, connected)
    else:
        said = _leave_xero(desk) if connected.vendor == "xero" else _leave_hubspot(desk, connected, token)
    with desk.database.transaction() as tx:
        _note(desk, tx, connected, " ".join(said))
    return [f"{connected.name} is disconnected.", *said]


def _note(desk: Desk, tx: Connection, connected: Connected, reason: str) -> None:
    of = subjects.organisation if connected.vendor == "xero" else subjects.portal
    journal.write(tx, [Line(of(connected.id), "update", _RULE, reason)], desk.now(), lane=connected.id)


def stays(reference: str) -> str:
    """Say what becomes of HubSpot's token by where it is: only what Ledgerloop was given to keep is forgotten."""
    name, where = kept_name(reference), parse(reference)
    if name:
        return f"The token `{name}` that `ledgerloop secret set` kept is forgotten."
    place = {"env": f"in the environment variable {where.place}", "file": f"in the file {where.place}"}
    kept = place.get(where.kind, f"at {reference}")
    return f"The token stays {kept}, since Ledgerloop did not put it there: take it away yourself."


def _end_here(desk: Desk, tx: Connection, connected: Connected, routes: Sequence[Route], by: str) -> None:
    """Let nothing begin any more, and have the deals that wait for it held."""
    before = connections.get(tx, connected.vendor, connected.id)
    if before is None or before.ended:
        return
    if connected.vendor == "xero":
        home = home_of_open(routes, connections.organisations(tx), connections.chosen(tx))
        if home is not None and home.id == connected.id:
            connections.choose(tx, home.id)  # another one is not taken in its place unless a person says so
    _note(desk, tx, connected, f"A person ({by}) disconnected {connected.name}.")
    connections.end(tx, connected.vendor, connected.id, _NOT_YET if connected.vendor == "xero" else "")
    lanes.end(tx, _FLOW[connected.vendor], connected.id)
    for portal in connections.portals(tx):
        lanes.unpark(tx, "invoicing", portal.id)
        lanes.wake(tx, "invoicing", portal.id, desk.now())


def _leave_xero(desk: Desk) -> list[str]:
    """Have Xero end what was ended here; where nothing else is connected, revoke and forget the tokens."""
    with desk.database.reading() as tx:
        ended = {one.id: one for one in connections.ended(tx, "xero")}
        last = all(one.ended for one in connections.all_connected(tx, "xero"))
    problem, said = "", "Xero has ended the connection."
    others: list[str] = []
    still: set[str] = set()
    try:
        there = list(desk.reached())
        mine = [one for one in there if one.tenantId in ended]
        refused = ""
        for tenant in mine:
            try:
                desk.leave(tenant.id)
            except Refused as refusal:  # the list says whether it is gone all the same
                refused = refusal.sentence
        there = list(desk.reached()) if mine else there
        if not mine:
            said = "Xero had ended the connection already."
        still = {one.tenantId for one in there} & ended.keys()
        if still:
            problem = refused or "Xero lists it still"
        others = [one.tenantName or one.tenantId for one in there if one.tenantId not in ended]
    except ConsentNeeded:
        said = "Xero had ended the connection already."
    except LedgerloopError as error:
        problem = error.sentence
    gone = ""
    if last and not problem:
        try:
            gone = _forget(desk, others)
        except LedgerloopError as error:
            problem = error.sentence
    with desk.database.transaction() as tx:
        for one in ended.values():
            if one.why:
                known = not problem or (still and one.id not in still)
                connections.end(tx, "xero", one.id, "" if known else _untold(one, problem, last=last))
    return [*([said] if not problem else [_untold(None, problem, last=last)]), *([gone] if gone else [])]


def _leave_custom(desk: Desk, connected: Connected) -> list[str]:
    """Forget the tokens of a custom connection; no program can end it at Xero."""
    with desk.shelf.lock(GRANT):
        desk.shelf.forget(GRANT)
    with desk.database.transaction() as tx:
        connections.end(tx, "xero", connected.id, "")
    return [
        "Its tokens are forgotten. The custom connection itself stands until somebody ends it in Xero, under Settings,"
        " Connected apps."
    ]


def _forget(desk: Desk, others: Sequence[str]) -> str:
    """Revoke the tokens and forget them; say so. Raises LedgerloopError where that cannot be done now."""
    with desk.shelf.lock(GRANT):
        with desk.database.reading() as tx:
            if not all(one.ended for one in connections.all_connected(tx, "xero")):
                return ""  # somebody has connected one meanwhile, and put other tokens there
        kept = desk.shelf.load(GRANT)
        if kept is None:
            return ""
        if not others:
            with suppress(ConsentNeeded):  # it had ended already
                oauth.revoke(desk.provider, oauth.TokenSet.from_json(kept))
        desk.shelf.forget(GRANT)
    if others:
        return (
            "The tokens are forgotten. They were not revoked, since the same person has connected"
            f" {', '.join(others)} to the same app elsewhere, and that would end too."
        )
    return "What Xero had granted is revoked, and its tokens are forgotten."


def _untold(one: Connected | None, problem: str, *, last: bool) -> str:
    named = f' "{one.name}"' if one else ""
    kept = ", and the tokens are kept to revoke it" if last else ""
    return (
        f"Nothing here uses it any more, but Xero still lets us in{kept} ({problem.rstrip('.')}). Run `ledgerloop"
        f" disconnect xero{named}` again, or end it in Xero: Settings, Connected apps."
    )


def _leave_hubspot(desk: Desk, connected: Connected, token: str) -> list[str]:
    """Forget the token, where Ledgerloop was given it to keep."""
    name, problem = kept_name(token), ""
    if name:
        try:
            with desk.shelf.lock(name):
                desk.shelf.forget(name)
        except LedgerloopError as error:
            problem = f"The token `{name}` could not be forgotten ({error.sentence.rstrip('.')}). Disconnect it again."
    with desk.database.transaction() as tx:
        connections.end(tx, "hubspot", connected.id, problem)
    return [problem or stays(token), _WHERE]


def _waiting(deals: Sequence[str], what: str, several: str, one: str) -> list[str]:
    if not deals:
        return [f"No deal waits {what}."]
    waits = "waits" if len(deals) == 1 else "wait"
    return [f"{_listed(deals, 'deal')}: {waits} {what}, and {one if len(deals) == 1 else several}."]


def _listed(some: Sequence[str], noun: str) -> str:
    more = f" and {len(some) - _NAMED} more" if len(some) > _NAMED else ""
    return f"{_count(len(some), noun)}, {', '.join(some[:_NAMED])}{more}"


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"
