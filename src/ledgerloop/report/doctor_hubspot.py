"""Look over the connection to HubSpot: the token's scopes, and the properties and stages that are named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.errors import ScopeMissing
from ledgerloop.hubspot import scopes
from ledgerloop.invoices.adoption_survey import traces_lacking
from ledgerloop.portal.other_tools import invoices_brought
from ledgerloop.portal.properties import KINDS, compare, tell
from ledgerloop.report.doctor_xero import tell_ended
from ledgerloop.report.finding import HOW_TO_CONNECT, Finding
from ledgerloop.store import connections

_NAMED = 3
"""Invoices that a finding names."""


def look_over_hubspot(built: Ledgerloop) -> Iterator[Finding]:
    """Compare the token's scopes and the portal's properties with what is needed."""
    with built.database.reading() as tx:
        ended = connections.ended(tx, "hubspot")
    if ended:
        yield from tell_ended(ended)
        return
    client = built.vendors.hubspot()
    granted = tuple(sorted(client.token_info().scopes))
    lacking: list[str] = []
    unfit: list[str] = []
    for kind in KINDS:
        missing, wrong = compare(client, kind, built.settings.properties)
        unfit += wrong
        lacking += [f"{kind} {built.settings.properties.get(one.name, one.name)}" for one in missing]
    yield from (Finding("missing", sentence) for sentence in unfit)
    short = scopes.missing(granted, _answered(built))
    needed = [one for one in short if lacking or one not in scopes.TO_MAKE_PROPERTIES]
    said = "HubSpot's token has every scope that is wanted."
    if short:
        said = "HubSpot's token lacks scopes: add them to the app or key, and then run `ledgerloop connect hubspot`."
    if short and not needed:
        said = "HubSpot's token lacks only scopes for making properties, and all properties are there."
    yield Finding("missing" if needed else "note" if short else "fine", said, scopes.WANTED, granted, short)
    yield from (Finding("missing", scopes.stopped(one)) for one in needed)
    unseen = [one for one in scopes.TO_SEE_BILLING if one not in scopes.plain(granted)]
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
    yield from (_brought(tool, some) for tool, some in sorted(invoices_brought(client).items()))
    yield from (Finding("missing", sentence) for sentence in traces_lacking(client, built.parts().traces))
    with built.database.transaction() as tx:
        connected = connections.only_portal(tx)
        if connected is not None:
            tell(tx, connected.id, unfit, built.now())
    if connected is None:
        yield Finding("missing", f"No HubSpot portal is connected: {HOW_TO_CONNECT.format('hubspot')}")


def _brought(tool: str, invoices: Sequence[str]) -> Finding:
    """Tell of another tool that does what this service does."""
    more = f" and {len(invoices) - _NAMED} more" if len(invoices) > _NAMED else ""
    return Finding(
        "note",
        f"{tool} has brought invoices into HubSpot, such as {', '.join(invoices[:_NAMED])}{more}. A deal to which it"
        " brings one is held, and customers that both of us make or change are changed to and fro. Switch off there"
        " what this service does: in HubSpot under Settings, Integrations, Connected Apps.",
    )


def _answered(built: Ledgerloop) -> tuple[str, ...]:
    """Return the scope for the account's details where HubSpot tells them, whatever the token's list names."""
    try:
        built.vendors.hubspot().account()
    except ScopeMissing:
        return ()
    return (scopes.TO_KNOW_THE_ACCOUNT,)


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
