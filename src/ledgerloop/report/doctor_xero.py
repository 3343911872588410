"""Look over the connection to Xero: scopes, organisations, whether their books answer, what their plans allow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ledgerloop import oauth
from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.errors import ConsentNeeded, LedgerloopError, Missing
from ledgerloop.records import Organisation as Known
from ledgerloop.report.doctor_books import look_over_books
from ledgerloop.report.finding import HOW_TO_ANSWER, HOW_TO_CONNECT, Finding, ask_consent, how_to_connect_again
from ledgerloop.rules.days import later
from ledgerloop.rules.reference_data import Books
from ledgerloop.rules.routing import leading_nowhere
from ledgerloop.settings import on_sandbox
from ledgerloop.setup.connect import GRANT, SHORT, undecided_in
from ledgerloop.store import connections, mirror
from ledgerloop.store.connections import Connected
from ledgerloop.xero import scopes
from ledgerloop.xero.models import Organisation

PORTAL_LIST = (
    "Which scopes the app may ask for stands only in Xero's developer portal, which no program can read:"
    " developer.xero.com, My apps, your app, Configuration. Compare that list with the wanted one."
)
MOST_APPROVED = {"STARTER": 20, "IGNITE": 20, "SIMPLE": 10}
"""How many approved sales invoices Xero's small plans allow in a month, whoever makes them."""


def look_over_xero(built: Ledgerloop) -> Iterator[Finding]:
    """Compare the scopes in the access token with those that are asked for, and see whether Xero answers."""
    with built.database.reading() as tx:
        ended, connected = connections.ended(tx, "xero"), connections.all_connected(tx, "xero")
    yield from tell_ended(ended)
    if ended and all(one.ended for one in connected):
        return
    kept = built.shelf.load(GRANT)
    if kept is None:
        yield Finding("missing", f"No Xero organisation is connected: {HOW_TO_CONNECT.format('xero')}")
        if not on_sandbox(built.settings):
            yield Finding("note", PORTAL_LIST, wanted=built.settings.xero.scope_list)
        return
    tokens = oauth.TokenSet.from_json(kept)
    granted = tuple(sorted({*oauth.scopes_of(tokens.access_token), *tokens.scope}))
    wanted = built.settings.xero.scope_list
    missing = tuple(one for one in wanted if one not in granted)
    stopped = scopes.lacks(granted)
    said = "Xero granted every scope that is wanted."
    if stopped:
        said = SHORT
    elif missing:
        said = "Xero did not grant every scope that is wanted, and nothing needs the others."
    yield Finding("missing" if stopped else "note" if missing else "fine", said, wanted, granted, missing)
    yield from (Finding("missing", one.sentence) for one in stopped)
    if built.settings.xero.connection != "custom":
        yield _renewed(tokens, built.now())
    if not on_sandbox(built.settings):
        yield Finding("note", PORTAL_LIST)
    with built.database.reading() as tx:
        known = connections.all_connected(tx, "xero")
        waits = undecided_in(tx, built.parts().routes)
    custom = built.settings.xero.connection == "custom"  # the books tell whether it stands: there is no list of one
    reached = {one.id for one in known} if custom else {one.tenantId for one in built.vendors.list_connections("")}
    if waits:
        cure = "Choose one in the console, or with `ledgerloop connect choose`; or write it at `organisation` of each."
        yield Finding("missing", f"{waits} {cure}")
    facts = [one.facts for one in known if isinstance(one.facts, Known)]
    yield from (Finding("missing", sentence) for sentence in leading_nowhere(built.parts().routes, facts))
    again = how_to_connect_again("xero")
    for one in known:
        if one.ended:
            continue
        if one.off:
            yield Finding("missing", f"{one.why} {HOW_TO_ANSWER}")
        elif one.id not in reached:
            ask_consent(built, ConsentNeeded("Xero", "the organisation is no longer connected to this app"), one.id)
            yield Finding("missing", f"Xero no longer lets us into {one.name}: connect it again. {again}")
        elif one.state != "connected":
            yield Finding("missing", f"{one.name} must be connected again: {one.why.rstrip('.')}. {again}")
        else:
            yield from _answer(built, one)


def _renewed(tokens: oauth.TokenSet, now: datetime) -> Finding:
    """Tell when what Xero granted was renewed last; where nobody has for weeks, no service has run."""
    idle = now - tokens.renewed_at > oauth.IDLE + timedelta(days=1)
    said = (
        f"What Xero granted was renewed last at {tokens.renewed_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC."
        f" Unused it ends after {oauth.UNUSED.days} days."
    )
    return Finding("note" if idle else "fine", said + (" A service that runs renews it in time." if idle else ""))


def tell_ended(some: Sequence[Connected]) -> Iterator[Finding]:
    """Tell what a person has disconnected, which is nothing amiss; what is left to do is among the reasons."""
    for one in some:
        cure = HOW_TO_CONNECT.format(one.vendor)
        saved = "save its token where it was forgotten, and then " if one.vendor == "hubspot" else ""
        yield Finding("note", f"{one.name} is disconnected. To connect it again, {saved}{cure}")


def _answer(built: Ledgerloop, organisation: Connected) -> Iterator[Finding]:
    """See whether Xero's books answer for an organisation: that we are let in does not tell."""
    client = built.vendors.xero(organisation.id)
    try:
        told = client.organisation()
        allowed = Books(organisation.name, organisation=(told,), actions=tuple(client.actions()))
    except Missing:
        allowed = Books(organisation.name, organisation=(told,))
    except ConsentNeeded as error:
        ask_consent(built, error, organisation.id)
        cure = how_to_connect_again("xero")
        yield Finding("missing", f"Xero does not answer for {organisation.name}: {error.sentence}. {cure}")
        return
    except LedgerloopError as error:
        yield Finding("missing", f"Xero does not answer for {organisation.name}: {error.sentence}")
        return
    yield Finding("fine", f"Xero answers for {organisation.name}.")
    yield from _approving(built, organisation, allowed, told)
    if isinstance(organisation.facts, Known):
        yield from look_over_books(built, organisation.facts)


def _approving(built: Ledgerloop, organisation: Connected, allowed: Books, told: Organisation) -> Iterator[Finding]:
    """See whether approved invoices may be made, and how many a small plan has left of this month's."""
    if not allowed.may_approve():
        asked = any(one.terms.status == "AUTHORISED" for one in built.parts().routes)
        yield Finding(
            "missing" if asked else "note",
            f"{organisation.name}'s Xero allows no approved invoice at present, by its plan or by the role of the"
            " person who connected it; drafts are made all the same.",
        )
    most = MOST_APPROVED.get(told.Class.upper())
    if most is not None:
        today = built.now().astimezone(ZoneInfo(told.zone)).date()
        first = today.replace(day=1)
        with built.database.reading() as tx:
            made = mirror.approved_between(tx, organisation.id, first, later(first, 1) - timedelta(days=1))
        yield Finding(
            "note",
            f"{organisation.name}'s plan in Xero ({told.Class}) allows {most} approved sales invoices a month, and"
            f" {made} are dated in this one; drafts are not counted.",
        )
    locked = allowed.locked_until()
    if locked is not None:
        yield Finding(
            "note", f"{organisation.name}'s Xero is locked until {locked}: invoices of those days stay as they are."
        )
