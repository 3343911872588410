"""Put the service together: settings in, parts out. The only place that knows which part is made of which.

Nothing is started here but the database's schema: ``Ledgerloop.start`` and ``stop`` do that.
"""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2

from ledgerloop import oauth
from ledgerloop.clock import Clock
from ledgerloop.engine.dispatcher import Engine, Flows
from ledgerloop.engine.ingest import Receiver
from ledgerloop.flows.invoicing import invoicing
from ledgerloop.flows.schedule import wake_due
from ledgerloop.flows.standing import standing
from ledgerloop.http import Api, Call, open_client
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.dialect import HubSpotDialect
from ledgerloop.hubspot.dialect import governor as hubspot_governor
from ledgerloop.invoices import held_deals
from ledgerloop.ledger import duplicate_invoices
from ledgerloop.parts import Brake, Parts, Traces, equip
from ledgerloop.portal import properties
from ledgerloop.records import Outage, Pulse
from ledgerloop.rules.clocks import agree
from ledgerloop.rules.identity.profiles import Numbered
from ledgerloop.secret_stores import SecretStores, open_stores
from ledgerloop.secrets.chosen import Chosen
from ledgerloop.secrets.keyed import Keyed
from ledgerloop.secrets.lookup import Lookup
from ledgerloop.secrets.sealed import locked, stamp, trouble
from ledgerloop.secrets.shelf import SESSION_KEY, Shelf
from ledgerloop.settings import Settings
from ledgerloop.settings.routes import routes_from
from ledgerloop.setup.connect import GRANT, Desk
from ledgerloop.setup.idle_consent import IdleConsent
from ledgerloop.setup.own_portal import OwnPortal
from ledgerloop.store.db import Database
from ledgerloop.store.sealed_secrets import DatabaseCells
from ledgerloop.store.witness import Witness, witness_of
from ledgerloop.vendor_errors import moment_told
from ledgerloop.xero.client import XeroClient, connections, disconnect
from ledgerloop.xero.dialect import XeroDialect
from ledgerloop.xero.dialect import governor as xero_governor
from ledgerloop.xero.models import Connection

CALLBACK = "/connect/xero/callback"
XERO_WEBHOOKS = "/webhooks/xero"
HUBSPOT_WEBHOOKS = "/webhooks/hubspot"

FLOWS: Flows = {"standing": standing, "invoicing": invoicing}
"""What the engine runs."""


@dataclass(frozen=True)
class Vendors:
    """The clients of both vendors, sharing connections, quotas and tokens."""

    xero: Callable[[str], XeroClient]
    hubspot: Callable[[], HubSpotClient]
    portal_of: Callable[[str], str]
    """Asks HubSpot whose portal a token belongs to."""
    list_connections: Callable[[str], Sequence[Connection]]
    leave: Callable[[str], None]
    """Ends one of those connections, by its own id."""
    xero_by: Callable[[str, str], XeroClient]
    """Gives what calls for an organisation by an access token, the first argument, that is not kept yet."""
    connections_by: Callable[[str, str], Sequence[Connection]]
    """Lists by such a token the connections of one consent."""
    figures: Callable[[str], Mapping[str, Any]]
    """Tells how many calls were made since the start, and which quotas of an organisation and the portal are left."""
    look_again: Callable[[str, datetime], None]
    """Lets the next call find out what is left for an organisation; once for each moment at which it is asked."""
    keep_consent: Callable[[], None]
    """Renews Xero's tokens where nobody has needed them for weeks."""
    renewed_at: Callable[[], datetime | None]
    """Tells when Xero's tokens were renewed last, as far as it was looked at since the start."""
    hurry: Callable[[], None]
    """Lets no call wait for a quota from now on, because the service ends."""
    close: Callable[[], None]
    clock_off: Callable[[], timedelta | None] = lambda: None
    """Tells by how much the vendors' clocks are ahead of ours, by the one that is nearer; none before one answered."""
    hubspot_ahead: Callable[[], timedelta | None] = lambda: None
    """Tells by how much HubSpot's clock is ahead of ours; none before it answered."""


@dataclass(frozen=True)
class Ledgerloop:
    """The service, put together."""

    settings: Settings
    database: Database
    stores: SecretStores
    vendors: Vendors
    desk: Desk
    engine: Engine
    receiver: Receiver
    clock: Clock
    witness: Witness
    idle_consent: IdleConsent
    begun: datetime
    worker: str

    def now(self) -> datetime:
        """Tell the moment."""
        return self.clock.now()

    @property
    def secrets(self) -> Chosen:
        """The store of secrets that is chosen."""
        return self.stores.secrets

    @property
    def shelf(self) -> Shelf:
        """The same, with a lock for each secret."""
        return self.stores.shelf

    @property
    def lookup(self) -> Lookup:
        """What reads the secrets that settings refer to."""
        return self.stores.lookup

    def parts(self) -> Parts:
        """Return what the flows work with, for those who rehearse one without an engine."""
        return _parts(self)

    def pulse(self) -> Pulse:
        """Tell how the service does, as far as only itself knows."""
        return Pulse(
            worker=self.worker,
            at=self.now(),
            receiving=self.receiver.alive,
            outage=self.outage,
            unopened=_unopened(self.stores.cells, self.settings),
            clock_off=self.vendors.clock_off(),
            key=trouble(Path(self.settings.service.key_file)),
            store=self.stores.keeper.trouble,
            landed=self.stores.elsewhere.waiting() if self.stores.elsewhere else (),
        )

    @property
    def outage(self) -> Outage | None:
        """Since when it cannot write, or start turns, and why."""
        return self.receiver.commits.outage or self.engine.outage

    def start(self) -> None:
        """Equip the flows, go on with what a crash interrupted, and begin to receive."""
        equip(self.parts())
        held_deals.begin()
        duplicate_invoices.begin()
        self.stores.keeper.start()
        self.idle_consent.start()
        self.receiver.start()
        self.engine.launch()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Run the engine alone, without the web, while the block lasts."""
        equip(self.parts())
        self.engine.launch()
        try:
            yield
        finally:
            self.vendors.hurry()
            self.engine.close()
            equip(None)

    def stop(self) -> None:
        """Stop receiving, let running turns end, and close what is open."""
        self.stores.keeper.stop()
        self.idle_consent.stop()
        self.receiver.stop()
        self.vendors.hurry()
        self.engine.close()
        equip(None)
        self.vendors.close()
        self.database.close()


def build(
    settings: Settings,
    *,
    worker: str = "one",
    clock: Clock | None = None,
    observe: Callable[[Call], None] = lambda call: None,
) -> Ledgerloop:
    """Make all parts of the service. ``worker`` names this process among those that share a database.

    All of them go by the one ``clock``, the machine's where none is given.
    """
    clock = clock or Clock()
    database = Database(settings.service.database)
    database.migrate()
    stores = open_stores(settings, database, GRANT, clock)
    stores.secrets.check()
    provider = _provider(settings, stores.lookup)
    own_portal = OwnPortal(
        database, Keyed(stores.own).digest, lambda token: vendors.portal_of(token), str(settings.file)
    )
    vendors = _vendors(settings, provider, stores, own_portal, clock, observe)
    engine = Engine(database, clock, FLOWS, wake_due, worker, vendors.clock_off)
    desk = Desk(
        database,
        provider,
        stores.shelf,
        vendors.connections_by,
        vendors.xero_by,
        vendors.hubspot,
        lambda: vendors.list_connections(""),
        vendors.leave,
        own_portal.vouch,
        clock,
        engine.nudge,
        settings.properties,
        vendors.hubspot_ahead,
    )
    receiver = Receiver(database, clock, engine.nudge, worker, lambda: built.pulse(), lambda: _grounds(built))
    witness = witness_of(database.url, Path(settings.service.key_file))
    built = Ledgerloop(
        settings,
        database,
        stores,
        vendors,
        desk,
        engine,
        receiver,
        clock,
        witness,
        IdleConsent(vendors.keep_consent, clock),
        clock.now(),
        worker,
    )
    return built


def _grounds(built: Ledgerloop) -> tuple[object, ...]:
    """Return what is another wherever the service's pulse may be, without asking the database."""
    off, written = built.vendors.clock_off(), built.engine.stirs
    return (
        stamp(Path(built.settings.service.key_file)),
        built.outage,
        off is None or agree(off),
        built.stores.keeper.trouble,
        written,
    )


def _unopened(cells: DatabaseCells, settings: Settings) -> tuple[str, ...]:
    """Name the secrets that the key file does not open. That of the console's sessions is made anew by itself."""
    return tuple(name for name in locked(cells, Path(settings.service.key_file)) if name != SESSION_KEY)


def _provider(settings: Settings, lookup: Lookup) -> oauth.Provider:
    xero = settings.xero
    return oauth.Provider(
        vendor="Xero",
        authorize_url=f"{xero.login_url}/identity/connect/authorize",
        token_url=f"{xero.identity_url}/connect/token",
        revoke_url=f"{xero.identity_url}/connect/revocation",
        client_id=xero.client_id,
        client_secret=lambda: lookup.read(xero.client_secret, "xero.client_secret"),
        redirect_uri=settings.service.address + CALLBACK,
        scopes=xero.scope_list,
        custom=xero.connection == "custom",
    )


def _vendors(
    settings: Settings,
    provider: oauth.Provider,
    stores: SecretStores,
    own_portal: OwnPortal,
    clock: Clock,
    observe: Callable[[Call], None],
) -> Vendors:
    to_xero, to_hubspot = open_client(), open_client()
    xero_limits, hubspot_limits = xero_governor(clock, settings.xero.daily_limit), hubspot_governor(clock)
    tokens = oauth.Tokens(provider, stores.shelf, GRANT, clock=clock)
    calls: Counter[str] = Counter()

    ahead: dict[str, timedelta] = {}

    def counted(call: Call) -> None:
        calls[call.vendor] += 1
        if told := moment_told(call.date):
            ahead[call.vendor] = told - clock.now()
        observe(call)

    def figures(organisation: str) -> Mapping[str, Any]:
        left = {"xero": xero_limits.left(organisation), "hubspot": hubspot_limits.left("")}
        return {"calls": dict(calls), "left": left}

    survivors: dict[tuple[str, str], str] = {}
    looked: dict[str, datetime] = {}

    def look_again(organisation: str, asked: datetime) -> None:
        if looked.get(organisation) != asked:
            looked[organisation] = asked
            xero_limits.look_again(organisation)
            hubspot_limits.look_again("")  # the portal's, in which the organisation is shown

    def xero_api(lane: str, token: Callable[[str], str] = tokens) -> Api:
        return Api(
            to_xero,
            settings.xero.api_url,
            XeroDialect(),
            token=token,
            governor=xero_limits,
            clock=clock,
            lane=lane,
            observe=counted,
            replaced=tokens.replaced if token is tokens else lambda used: False,
        )

    def hubspot_token(refused: str) -> str:
        return own_portal.insist(stores.lookup.read(settings.hubspot.token, "hubspot.token", unlike=refused))

    def hubspot(token: Callable[[str], str] = hubspot_token) -> HubSpotClient:
        api = Api(
            to_hubspot,
            settings.hubspot.api_url,
            HubSpotDialect(),
            token=token,
            governor=hubspot_limits,
            clock=clock,
            observe=counted,
        )
        return HubSpotClient(api, settings.hubspot.version, survivors)

    def hurry() -> None:
        xero_limits.hurry()
        hubspot_limits.hurry()

    def close() -> None:
        _close(to_xero, to_hubspot)

    return Vendors(
        xero=lambda tenant: XeroClient(xero_api(tenant), not provider.custom),
        hubspot=hubspot,
        portal_of=lambda token: hubspot(lambda _refused: token).account().portal_id,
        list_connections=lambda event: connections(xero_api(""), event),
        xero_by=lambda token, tenant: XeroClient(xero_api(tenant, lambda _refused: token), not provider.custom),
        leave=lambda connection: disconnect(xero_api(""), connection),
        connections_by=lambda token, event: connections(xero_api("", lambda _refused: token), event),
        figures=figures,
        look_again=look_again,
        keep_consent=tokens.keep_alive,
        renewed_at=lambda: tokens.renewed_at,
        hurry=hurry,
        close=close,
        clock_off=lambda: min(ahead.values(), key=abs, default=None),
        hubspot_ahead=lambda: ahead.get("hubspot"),
    )


def _close(*clients: httpx2.Client) -> None:
    for client in clients:
        client.close()


def _parts(built: Ledgerloop) -> Parts:
    settings = built.settings
    return Parts(
        database=built.database,
        xero=built.vendors.xero,
        hubspot=built.vendors.hubspot,
        clock=built.clock,
        new_key=lambda: uuid.uuid4().hex,
        nudge=built.engine.nudge,
        random=random.random,
        digest=Keyed(built.stores.own).digest,
        routes=routes_from(settings.route, settings.routes, settings.tax),
        most_invoices=settings.brake.invoices,
        most_amount=Decimal(settings.brake.amount) or None,
        names=settings.properties,
        owners=settings.fields.owners,
        private_people=settings.standing.private == "contact",
        to_xero=settings.fields.to_xero,
        numbered=Numbered(settings.fields.tax_number_property, settings.fields.company_number_property),
        write_number=settings.fields.number,
        poll_every=timedelta(seconds=settings.standing.poll_seconds),
        catch_up_every=timedelta(minutes=settings.standing.catch_up_minutes),
        verify_every=_verify_every(settings),
        show_all=settings.standing.show == "all",
        notes=settings.standing.notes,
        brake=Brake(settings.brake.create, settings.brake.update),
        traces=Traces(settings.adopt.invoice_id_property, settings.adopt.invoice_number_property, settings.adopt.days),
        figures=built.vendors.figures,
        look_again=built.vendors.look_again,
        explain_refusal=lambda: properties.look_again(though_right=True),
        witness=built.witness,
        begun=built.begun,
        stopping=lambda: built.engine.stopping,
    )


def _verify_every(settings: Settings) -> timedelta | None:
    """Spread the calls that verifying may make in a day evenly over it."""
    calls = settings.xero.daily_limit * settings.standing.verify_percent / 100
    return timedelta(days=1) / calls if calls else None
