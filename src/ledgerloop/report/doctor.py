"""Compare what is set up with what is needed: the service, its database, settings, both vendors, the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.engine import epoch
from ledgerloop.errors import ConsentNeeded, LedgerloopError
from ledgerloop.log import logger
from ledgerloop.report.doctor_address import look_over_address
from ledgerloop.report.doctor_hubspot import look_over_hubspot
from ledgerloop.report.doctor_xero import look_over_xero
from ledgerloop.report.finding import Examined, Finding, ask_consent, how_to_connect_again, keep, last
from ledgerloop.report.missing import lacks
from ledgerloop.report.overview import look
from ledgerloop.rules.clocks import agree
from ledgerloop.rules.health import came
from ledgerloop.settings import on_sandbox
from ledgerloop.store import connections, epochs
from ledgerloop.store.commits import tried

FRESH = timedelta(hours=1)
"""How old a look may be at the service's start: one that starts again and again must not use up the vendors' quotas."""


def examine(built: Ledgerloop) -> list[Finding]:
    """Look at everything that a person may have to set right, the vendors among it, and remember what was found.

    What stops a look is a finding. A connection that a vendor has ended waits for a person from then on.
    """
    settings = [*_settings(built)]
    vendors = [*_tried(look_over_xero, built, settings), *_tried(look_over_hubspot, built, settings)]
    address = _tried(look_over_address, built, settings)
    findings = [*_service(built), *settings, *address, *_database(built), *vendors, *_clock(built)]
    with suppress(Exception), built.database.transaction() as tx:  # where nothing can be written a finding says so
        keep(tx, findings, built.now())
    return findings


def examine_at_start(built: Ledgerloop) -> Examined | None:
    """Look as ``examine`` does where something is connected and nobody has looked for an hour; log what is missing."""
    with built.database.reading() as tx:
        connected = connections.all_connected(tx, "xero") or connections.all_connected(tx, "hubspot")
        known = last(tx)
    if not connected:
        return None
    if known is None or not timedelta(0) <= built.now() - known.at < FRESH:
        known = Examined(built.now(), tuple(examine(built)))
    for one in known.missing:
        logger.warning("something is missing", what=one.sentence)
    return known


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


def _tried(
    look: Callable[[Ledgerloop], Iterator[Finding]], built: Ledgerloop, told: Sequence[Finding]
) -> Iterator[Finding]:
    """Turn what stops a look into a finding with what to do, unless it was ``told`` of already."""
    try:
        yield from look(built)
    except ConsentNeeded as error:
        ask_consent(built, error)
        yield Finding("missing", f"{error.sentence}. {how_to_connect_again(error.vendor)}")
    except LedgerloopError as error:
        if not any(error.sentence in one.sentence for one in told):
            yield Finding("missing", error.sentence)


def _clock(built: Ledgerloop) -> Iterator[Finding]:
    """Compare our clock with the vendors', now that they have answered."""
    off = built.vendors.clock_off()
    if off is not None and not agree(off):
        where = "behind" if off > timedelta(0) else "ahead of"
        said = f"This machine's clock is {abs(off.total_seconds()):.0f} seconds {where} the vendors': set it right."
        yield Finding("missing", f"{said} Until then nothing old is forgotten.")
