"""Compare what is set up with what is needed, and name what is missing: settings, secrets, scopes, properties."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import typer

from ledgerloop import oauth
from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.cli.opening import FILE, Config, HubSpotUrl, OnSandbox, ServicePort, XeroUrl, on_sandbox, opened
from ledgerloop.cli.show import Json, print_json, say
from ledgerloop.engine import epoch
from ledgerloop.errors import LedgerloopError, Missing, ScopeMissing
from ledgerloop.hubspot import scopes as hubspot_scopes
from ledgerloop.invoices.adoption_survey import traces_lacking
from ledgerloop.portal.properties import KINDS, compare, tell
from ledgerloop.report.missing import lacks
from ledgerloop.report.overview import look
from ledgerloop.rules.clocks import agree
from ledgerloop.rules.days import later
from ledgerloop.rules.health import came
from ledgerloop.rules.reference_data import Books
from ledgerloop.rules.routing import undecided
from ledgerloop.setup.connect import GRANT
from ledgerloop.store import connections, epochs, mirror
from ledgerloop.store.commits import tried
from ledgerloop.store.connections import Connected
from ledgerloop.xero import scopes as xero_scopes
from ledgerloop.xero.models import Organisation

PORTAL_LIST = (
    "Which scopes the app may ask for stands only in Xero's developer portal, which no program can read:"
    " developer.xero.com, My apps, your app, Configuration. Compare that list with the wanted one."
)
MOST_APPROVED = {"STARTER": 20, "IGNITE": 20, "SIMPLE": 10}
"""How many approved sales invoices Xero's small plans allow in a month, whoever makes them."""
_HOW = "run `ledgerloop connect {}`, or use the console."


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: fine, worth knowing, or missing."""

    verdict: Literal["fine", "note", "missing"]
    sentence: str
    wanted: tuple[str, ...] = field(default=())
    granted: tuple[str, ...] = field(default=())
    missing: tuple[str, ...] = field(default=())


def doctor(
    config: Config = FILE,
    sandbox: OnSandbox = False,
    xero_url: XeroUrl = "",
    hubspot_url: HubSpotUrl = "",
    port: ServicePort = None,
    as_json: Json = False,
) -> None:
    """Name what is missing: settings, secrets, scopes, properties. Exit status 1 if anything is."""
    with opened(config, sandbox, xero_url, hubspot_url, port) as built:
        found = [*_settings(built), *_database(built), *_tried(_xero, built), *_tried(_hubspot, built)]
        findings = [*_service(built), *found, *_clock(built)]
    if as_json:
        print_json([asdict(one) for one in findings])
    else:
        for one in findings:
            _print(one)
    if any(one.verdict == "missing" for one in findings):
        raise typer.Exit(1)


def _print(one: Finding) -> None:
    say(f"{ {'fine': '✓', 'note': '·', 'missing': '✗'}[one.verdict] } {one.sentence}")
    for label, scopes in (("wanted", one.wanted), ("granted", one.granted), ("missing", one.missing)):
        if one.wanted:
            say(f"    {label + ':':9}{' '.join(scopes) or 'none'}")


def _service(built: Ledgerloop) -> Iterator[Finding]:
    """See whether anything can be written, and how the service does, as the console and its health check say it."""
    unwritable = tried(built.database, built.now())
    with built.database.reading() as tx:
        seen = replace(look(tx, built.now(), lines=0), unwritable=unwritable)
    for one in seen.reasons:
        if one.sign not in ("put_back", "consent", "clock"):  # these are told of below
            yield Finding("missing" if one.state == "failing" else "note", one.whole)
    if not seen.pulses:
        yield Finding("note", "No service runs on this database.")
    elif seen.state == "ok":
        yield Finding("fine", "The service runs and does well.")
    yield from (Finding("note" if one.refused else "fine", came(one)) for one in seen.signed)


def _database(built: Ledgerloop) -> Iterator[Finding]:
    """See whether the database is the latest, and whether one that is not would be noticed."""
    with built.database.reading() as tx:
        waiting = epochs.waiting(tx)
    waits = waiting.sentence if waiting else ""
    found = waits or epoch.doubt(built.database, built.witness)
    if found:
        yield Finding("note", waits or f"{found} At its start the service reads Xero before it makes anything.")
    elif built.witness.read() is None:
        yield Finding(
            "note",
            f"A restored database would not be noticed yet: {built.witness.file} is written at the service's first"
            " start, and its folder must let it.",
        )
    else:
        yield Finding("fine", "A restored, emptied or copied database would be noticed.")


def _settings(built: Ledgerloop) -> Iterator[Finding]:
    found = lacks(built)
    for one in found:
        yield Finding("missing" if one.needed else "note", f"{one.effect} {one.sentence}")
    if not found:
        yield Finding("fine", "All settings and secrets that are needed are there.")
    address = built.settings.service.address
    if not address.startswith("https://") and not on_sandbox(built.settings):
        yield Finding("note", f"Vendors cannot send webhooks to {address}: write service.public_url, with https.")


def _tried(look: Callable[[Ledgerloop], Iterator[Finding]], built: Ledgerloop) -> Iterator[Finding]:
    """Turn what stops a look into a finding."""
    try:
        yield from look(built)
    except LedgerloopError as error:
        yield Finding("missing", error.sentence)


def _xero(built: Ledgerloop) -> Iterator[Finding]:
    """Compare the scopes in the access token with those that are asked for, and see whether Xero answers."""
    kept = built.shelf.load(GRANT)
    if kept is None:
        yield Finding("missing", f"No Xero organisation is connected: {_HOW.format('xero')}")
        if not on_sandbox(built.settings):
            yield Finding("note", PORTAL_LIST, wanted=built.settings.xero.scope_list)
        return
    tokens = oauth.TokenSet.from_json(kept)
    granted = tuple(sorted({*oauth.scopes_of(tokens.access_token), *tokens.scope}))
    wanted = built.settings.xero.scope_list
    missing = tuple(one for one in wanted if one not in granted)
    stopped = xero_scopes.lacks(granted)
    said = "Xero granted every scope that is wanted."
    if stopped:
        said = "Xero did not grant every scope that is needed: see that `xero.scopes` has them, and connect again."
    elif missing:
        said = "Xero did not grant every scope that is wanted, and nothing needs the others."
    yield Finding("missing" if stopped else "note" if missing else "fine", said, wanted, granted, missing)
    yield from (Finding("missing", one.sentence) for one in stopped)
    if not on_sandbox(built.settings):
        yield Finding("note", PORTAL_LIST)
    reached = {one.tenantId for one in built.vendors.list_connections("")}
    with built.database.reading() as tx:
        known = connections.all_connected(tx, "xero")
        waits = undecided(built.parts().routes, connections.organisations(tx), connections.chosen(tx))
    if waits:
        cure = "Choose one in the console, or with `ledgerloop connect choose`; or write it at `organisation` there."
        yield Finding("missing", f"{waits} {cure}")
    for one in known:
        if one.id not in reached:
            yield Finding("missing", f"Xero no longer lets us into {one.name}: connect it again.")
        elif one.state != "connected":
            yield Finding("missing", f"{one.name} must be connected again: {one.why}")
        else:
            yield from _answer(built, one)


def _answer(built: Ledgerloop, organisation: Connected) -> Iterator[Finding]:
    """See whether Xero's books answer for an organisation: that we are let in does not tell."""
    client = built.vendors.xero(organisation.id)
    try:
        told = client.organisation()
        allowed = Books(organisation.name, organisation=(told,), actions=tuple(client.actions()))
    except Missing:
        allowed = Books(organisation.name, organisation=(told,))
    except LedgerloopError as error:
        yield Finding("missing", f"Xero does not answer for {organisation.name}: {error.sentence}")
        return
    yield Finding("fine", f"Xero answers for {organisation.name}.")
    yield from _approving(built, organisation, allowed, told)


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


def _clock(built: Ledgerloop) -> Iterator[Finding]:
    """Compare our clock with the vendors', now that they have answered."""
    off = built.vendors.clock_off()
    if off is not None and not agree(off):
        where = "behind" if off > timedelta(0) else "ahead of"
        said = f"This machine's clock is {abs(off.total_seconds()):.0f} seconds {where} the vendors': set it right."
        yield Finding("missing", f"{said} Until then nothing old is forgotten.")


def _hubspot(built: Ledgerloop) -> Iterator[Finding]:
    """Compare the token's scopes and the portal's properties with what is needed."""
    client = built.vendors.hubspot()
    granted = tuple(sorted(client.token_info().scopes))
    lacking: list[str] = []
    unfit: list[str] = []
    for kind in KINDS:
        missing, wrong = compare(client, kind, built.settings.properties)
        unfit += wrong
        lacking += [f"{kind} {built.settings.properties.get(one.name, one.name)}" for one in missing]
    yield from (Finding("missing", sentence) for sentence in unfit)
    short = hubspot_scopes.missing(granted, _answered(built))
    needed = [one for one in short if lacking or one not in hubspot_scopes.TO_MAKE_PROPERTIES]
    said = "HubSpot's token has every scope that is wanted."
    if short:
        said = "HubSpot's token lacks scopes: add them to the app or key."
    if short and not needed:
        said = "HubSpot's token lacks only scopes for making properties, and all properties are there."
    yield Finding("missing" if needed else "note" if short else "fine", said, hubspot_scopes.WANTED, granted, short)
    yield from (Finding("missing", hubspot_scopes.stopped(one)) for one in needed)
    unseen = [one for one in hubspot_scopes.TO_SEE_BILLING if one not in hubspot_scopes.plain(granted)]
    if unseen:
        yield Finding(
            "note",
            "HubSpot's token does not let us see whether HubSpot bills deals by itself, so such a deal would be billed"
            f" twice. Allow {' and '.join(unseen)} where HubSpot's own invoices, subscriptions or data sync are used.",
        )
    else:
        yield Finding("fine", "A deal that HubSpot bills by itself is seen before it is invoiced.")
    if lacking:
        yield Finding("missing", f"HubSpot lacks properties, run `ledgerloop provision`: {', '.join(lacking)}.")
    elif not unfit:
        yield Finding("fine", "HubSpot has every property.")
    yield from _stages(built)
    yield from (Finding("missing", sentence) for sentence in traces_lacking(client, built.parts().traces))
    with built.database.transaction() as tx:
        connected = connections.only_portal(tx)
        if connected is not None:
            tell(tx, connected.id, unfit, built.now())
    if connected is None:
        yield Finding("missing", f"No HubSpot portal is connected: {_HOW.format('hubspot')}")


def _answered(built: Ledgerloop) -> tuple[str, ...]:
    """Return the scope for the account's details where HubSpot tells them, whatever the token's list names."""
    try:
        built.vendors.hubspot().account()
    except ScopeMissing:
        return ()
    return (hubspot_scopes.TO_KNOW_THE_ACCOUNT,)


def _stages(built: Ledgerloop) -> Iterator[Finding]:
    """See whether the pipelines and stages that routes name are there."""
    asked: dict[tuple[str, str], None] = {}
    for route in built.parts().routes:
        named = (("paid_stage", route.terms.paid_stage), ("stage", route.conditions.stage))
        asked |= dict.fromkeys((*named, ("pipeline", route.conditions.pipeline)))
    wanted = [(name, value) for name, value in asked if value]
    if not wanted:
        return
    pipelines = built.vendors.hubspot().pipelines("deals")
    stages = {stage.id for line in pipelines for stage in line.stages}
    for name, value in wanted:
        if value not in ({line.id for line in pipelines} if name == "pipeline" else stages):
            yield Finding(
                "missing", f"HubSpot has no “{value}” for deals, which a route has as its `{name}`: correct it."
            )
