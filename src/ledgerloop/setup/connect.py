"""Connect a person's organisations and portal: consent, tokens, what we need to know of each, and their lanes woken.

Not durable: a person waits for it, and starts it again if it fails.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from ledgerloop import oauth
from ledgerloop.clock import Clock
from ledgerloop.errors import ConsentNeeded, LedgerloopError, SettingsError
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.portal.properties import Provisioned, provision, survey, tell
from ledgerloop.records import Organisation, Portal
from ledgerloop.rules.properties import hubspots_own
from ledgerloop.rules.routing import Route, undecided
from ledgerloop.setup.own_portal import another_portal
from ledgerloop.store import connections, cursors, lanes
from ledgerloop.store.connections import Connected
from ledgerloop.store.cursors import CAUGHT_UP, POLLED, Cursor
from ledgerloop.store.db import Database
from ledgerloop.xero.client import XeroClient
from ledgerloop.xero.models import Connection as Tenant
from ledgerloop.xero.scopes import TO_READ_BOOKS, lacks, reads_books

GRANT = "xero"
"""The name under which Xero's token set is kept: one for the app and the person, whatever organisations it reaches."""

SHORT = "Xero did not grant every scope that is needed: see that `xero.scopes` has them, and connect again."


@dataclass(frozen=True)
class Desk:
    """What connecting needs from outside."""

    database: Database
    provider: oauth.Provider
    shelf: oauth.Shelf
    list_connections: Callable[[str, str], Sequence[Tenant]]
    """Lists by an access token the connections of one consent, by its authentication event id; all for an empty one."""
    xero: Callable[[str, str], XeroClient]
    """Gives what calls for an organisation by an access token."""
    hubspot: Callable[[], HubSpotClient]
    reached: Callable[[], Sequence[Tenant]]
    """Lists by the tokens that are kept every connection that their person has made to the app."""
    leave: Callable[[str], None]
    """Ends one of those, by the connection's own id."""
    vouch: Callable[[str], None]
    """Takes note that the token by which HubSpot was asked last is that of a portal."""
    clock: Clock
    nudge: Callable[[], None]
    names: Mapping[str, str] = field(default_factory=dict)
    """Property names that the portal uses instead of ours."""
    hubspot_ahead: Callable[[], timedelta | None] = lambda: None
    """Tells by how much HubSpot's clock is ahead of ours; none before it answered."""

    def now(self) -> datetime:
        """Tell the moment."""
        return self.clock.now()


def begin_consent(desk: Desk) -> str:
    """Return the address at which a person consents, and remember what must come back with them."""
    consent = oauth.begin(desk.provider)
    with desk.database.transaction() as tx:
        connections.remember_consent(tx, consent.state, consent.verifier, desk.now())
    return consent.url


def finish_consent(desk: Desk, code: str, state: str) -> list[Organisation]:
    """Exchange the code for tokens, try them, keep them, and connect every organisation the person chose.

    What is new beside others waits until a person has said what it is for.

    The tokens that were kept before stay until the new ones have told of every organisation. Raises ConsentNeeded where
    the state is unknown, used or stale, and where no refresh token came; SettingsError where a scope is lacking.
    """
    with desk.database.transaction() as tx:
        verifier = connections.take_consent(tx, state, desk.now())
    if verifier is None:
        raise ConsentNeeded(
            "Xero", "the answer does not belong to a consent that was begun here in the last ten minutes"
        )
    tokens = oauth.finish(desk.provider, code, verifier, desk.now())
    token = tokens.access_token
    _refuse_short({*oauth.scopes_of(token), *tokens.scope})
    event = str(oauth.claims_of(token).get("authentication_event_id") or "")
    chosen = [one.tenantId for one in desk.list_connections(token, event) if one.tenantType == "ORGANISATION"]
    organisations = [_told(desk.xero(token, tenant), tenant) for tenant in chosen]
    with desk.shelf.lock(GRANT):
        desk.shelf.save(GRANT, tokens.to_json())
    _connect(desk, organisations)
    return organisations


def connect_custom(desk: Desk) -> Organisation:
    """Connect the one organisation of a custom connection: nobody consents, its credentials are enough.

    The tokens that were kept before stay until the new ones have told of the organisation. Raises SettingsError where
    a scope is lacking, or where other organisations are connected by consent: each app has tokens of its own.
    """
    tokens = oauth.obtain(desk.provider, desk.now())
    token = tokens.access_token
    _refuse_short({*oauth.scopes_of(token), *tokens.scope})
    organisation = _told(desk.xero(token, ""), "")
    with desk.database.reading() as tx:
        others = [one.name for one in connections.organisations(tx) if one.id != organisation.id]
    if others:
        raise SettingsError(
            "xero.connection",
            "ledgerloop.toml",
            f"a custom connection is for one organisation, which is {organisation.name}, and {', '.join(others)}"
            f' {"is" if len(others) == 1 else "are"} connected. Disconnect what is not to go on, or write "consent".',
        )
    with desk.shelf.lock(GRANT):
        desk.shelf.save(GRANT, tokens.to_json())
    _connect(desk, [organisation])
    return organisation


def connect_portal(desk: Desk) -> tuple[Portal, Provisioned]:
    """Ask HubSpot whose token it is, make the properties it lacks, and connect that portal.

    Returns also what was made and what a person must put right; what is wrong does not keep the rest from working, and
    is held. Raises SettingsError, with nothing made, where the settings map one of our properties to HubSpot's own.
    """
    client = desk.hubspot()
    account, token = client.account(), client.token_info()
    portal = Portal(
        id=account.portal_id,
        name=f"HubSpot {account.portal_id}",
        currency=account.company_currency or "USD",
        timezone=account.time_zone or "UTC",
        ui_domain=account.ui_domain or "app.hubspot.com",
        app_id=token.app_id,
    )
    with desk.database.reading() as tx:
        _refuse_second(tx, portal.id)
    there = survey(client)
    for kind, present in there.items():
        if theirs := hubspots_own(kind, present, desk.names):
            raise SettingsError("properties", "ledgerloop.toml", theirs[0])
    provisioned = provision(client, there, desk.names, desk.clock.sleep)
    with desk.database.transaction() as tx:
        before = connections.get(tx, "hubspot", portal.id)
        # Deals say by HubSpot's clock when they were won, so that is asked what time it is.
        since = before.since if before else desk.now() + (desk.hubspot_ahead() or timedelta())
        if before is not None and before.ended:
            _look_at_once(tx, portal.id, POLLED)
        connections.put(tx, Connected("hubspot", portal.id, portal.name, "hubspot", portal, since))
        tell(tx, portal.id, provisioned.wrong, desk.now())
        let_go_on(tx, desk.now())
    desk.vouch(portal.id)
    desk.nudge()
    return portal, provisioned


def undecided_in(tx: Connection, routes: Sequence[Route]) -> str:
    """Say that deals wait because nobody has chosen an organisation for them; nothing where none does."""
    organisations = connections.organisations(tx)
    ended = [one for one in connections.known_organisations(tx) if one not in organisations]
    return undecided(routes, organisations, connections.chosen(tx), ended)


def short(desk: Desk) -> list[str]:
    """Say what stops for want of scopes that Xero did not grant; nothing where it granted all that are needed.

    Where Xero does not tell what it granted, the calls do.
    """
    kept = desk.shelf.load(GRANT)
    if kept is None:
        return []
    tokens = oauth.TokenSet.from_json(kept)
    granted = {*oauth.scopes_of(tokens.access_token), *tokens.scope}
    stopped = [one.sentence for one in lacks(granted)] if granted else []
    return [SHORT, *stopped] if stopped else []


def choose(desk: Desk, given: str) -> Organisation:
    """Have deals whose route names no organisation invoiced in this one, by id or name, and try those that wait."""
    with desk.database.transaction() as tx:
        organisations = connections.organisations(tx)
        found = [organisation for organisation in organisations if given in (organisation.id, organisation.name)]
        if len(found) != 1:
            known = (
                ", ".join(f"{organisation.name} ({organisation.id})" for organisation in organisations)
                or "none; run `ledgerloop connect xero`"
            )
            raise LedgerloopError(f"There is no one organisation “{given}”. Connected: {known}.")
        connections.choose(tx, found[0].id)
        for portal in connections.portals(tx):
            lanes.unpark(tx, "invoicing", portal.id)
            lanes.wake(tx, "invoicing", portal.id, desk.now())
    desk.nudge()
    return found[0]


def _refuse_short(granted: Collection[str]) -> None:
    """Refuse a grant that lets us into nobody's books; where Xero does not tell what it granted, the calls do."""
    if granted and not reads_books(granted):
        lacks = TO_READ_BOOKS[0]
        raise SettingsError(
            "xero.scopes",
            "ledgerloop.toml",
            f"Xero did not grant `{lacks}`, without which it tells nothing of an organisation. See that it is among the"
            " scopes there, restart the service if you change them, and connect again.",
        )


def _told(client: XeroClient, tenant: str) -> Organisation:
    """Ask Xero what we need to know of an organisation; its own id is what others call its tenant."""
    told = client.organisation()
    return Organisation(
        id=tenant or told.OrganisationID.lower(),
        name=told.Name,
        base_currency=told.BaseCurrency,
        timezone=told.zone,
        short_code=told.ShortCode,
        country=told.CountryCode,
    )


def _connect(desk: Desk, organisations: Sequence[Organisation]) -> None:
    """Connect them; what is new beside others waits until a person says what it is for."""
    with desk.database.transaction() as tx:
        known = {one.id: one for one in connections.all_connected(tx, "xero")}
        several = len({*(key for key, one in known.items() if not one.ended), *(one.id for one in organisations)}) > 1
        for organisation in organisations:
            before = known.get(organisation.id)
            asked = several and (before is None or before.state == connections.UNANSWERED)
            if before is not None:
                if before.ended:
                    _look_at_once(tx, organisation.id, CAUGHT_UP)
                assert isinstance(before.facts, Organisation)
                organisation = replace(organisation, shown=before.facts.shown)
            connected = Connected(
                "xero", organisation.id, organisation.name, GRANT, organisation, before.since if before else desk.now()
            )
            if asked:
                why = f"Nobody has said yet what {organisation.name} is for, so nothing of it is read."
                connected = replace(connected, state=connections.UNANSWERED, why=why)
            connections.put(tx, connected)
        let_go_on(tx, desk.now())
    desk.nudge()


def _look_at_once(tx: Connection, lane: str, name: str) -> None:
    """Have the next turn look for all that changed while a connection was ended, from where the last look got to."""
    cursor = cursors.get(tx, lane, name)
    cursors.put(tx, Cursor(lane, name, cursor.since))


def let_go_on(tx: Connection, now: datetime) -> None:
    """Wake every connected lane, and let those go on that rest: each of them may have rested for this vendor."""
    for connected in connections.all_connected(tx):
        if connected.off:
            continue
        flow = "standing" if connected.vendor == "xero" else "invoicing"
        lanes.unpark(tx, flow, connected.id)
        lanes.wake(tx, flow, connected.id, now)


def _refuse_second(tx: Connection, portal: str) -> None:
    """Refuse another portal than the one whose records all links and fingerprints name."""
    others = [one for one in connections.all_connected(tx, "hubspot") if one.id != portal]
    if others:
        raise another_portal(portal, others[0])
