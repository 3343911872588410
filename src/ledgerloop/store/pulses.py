"""Pulses: what each service that runs on this database said of itself last, and when."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from ledgerloop.records import Outage, Pulse
from ledgerloop.store import single_values

FORGOTTEN = timedelta(days=1)
"""How long a service that ended without a word is told of."""


def put(tx: Connection, pulse: Pulse) -> None:
    """Keep what a service says, and forget those of which nothing was heard for a day."""
    outage = pulse.outage and {"since": pulse.outage.since.isoformat(), "why": pulse.outage.why}
    said = {
        "at": pulse.at.isoformat(),
        "receiving": pulse.receiving,
        "outage": outage,
        "unopened": pulse.unopened,
        "key": pulse.key,
        "store": pulse.store,
        "landed": pulse.landed,
        "clock_off": None if pulse.clock_off is None else pulse.clock_off.total_seconds(),
    }
    single_values.put(tx, single_values.PULSE.of(pulse.worker), said)
    for other in kept(tx):
        if abs(pulse.at - other.at) > FORGOTTEN:
            forget(tx, other.worker)


def forget(tx: Connection, worker: str) -> None:
    """Forget a service that has ended."""
    single_values.forget(tx, single_values.PULSE.of(worker))


def forget_silent(tx: Connection, since: datetime) -> None:
    """Forget every service that has said nothing since a moment."""
    for one in kept(tx):
        if one.at < since:
            forget(tx, one.worker)


def kept(tx: Connection) -> list[Pulse]:
    """List what the services said last, those included that have ended without a word."""
    return [_pulse(worker, said) for worker, said in sorted(single_values.each(tx, single_values.PULSE).items())]


def _pulse(worker: str, said: dict[str, object]) -> Pulse:
    outage, off, unopened, landed = said["outage"], said["clock_off"], said["unopened"], said.get("landed")
    return Pulse(
        worker=worker,
        at=datetime.fromisoformat(str(said["at"])),
        receiving=bool(said["receiving"]),
        outage=Outage(datetime.fromisoformat(outage["since"]), outage["why"]) if isinstance(outage, dict) else None,
        unopened=tuple(unopened) if isinstance(unopened, list) else (),
        clock_off=timedelta(seconds=off) if isinstance(off, int | float) else None,
        key=str(said.get("key", "")),  # which an earlier release does not say
        store=str(said.get("store", "")),
        landed=tuple(landed) if isinstance(landed, list) else (),
    )
