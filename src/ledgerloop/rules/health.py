"""Decide how well the service does, ok, degraded or failing, with every reason in a sentence. Does no I/O.

Failing is what somebody should look at now. Degraded is what waits for a stated reason, and a restart would not help.
The health check, the console, ``status`` and ``doctor`` all show what is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from ledgerloop.errors import Braked, ConsentNeeded, RateLimited
from ledgerloop.records import Pulse, Signed, Vendor
from ledgerloop.rules.clocks import agree, far

State = Literal["ok", "degraded", "failing"]

BOUND = timedelta(minutes=5)
"""How long an event or a turn may wait, and a lane may fail, before somebody should look."""
SILENT = timedelta(seconds=90)
"""How long nothing may be heard of a service that runs; it says something three times as often."""

_STATED = frozenset(one.__name__ for one in (RateLimited, Braked, ConsentNeeded))
"""The errors after which a lane rests for as long as it must; if somebody is to do something, they are told."""
_VENDORS: dict[Vendor, str] = {"xero": "Xero", "hubspot": "HubSpot"}
_CURES: dict[Vendor, str] = {
    "xero": "Save the webhooks key of the app's page at Xero anew with `ledgerloop secret set`, and press Send ‘Intent"
    " to receive’ there.",
    "hubspot": "Save the client secret of the app at HubSpot anew with `ledgerloop secret set`, and compare"
    " `service.public_url` with the address that HubSpot calls.",
}

_SWITCHED_OFF = "Xero switches a failing webhook off: look at developer.xero.com, My apps, your app, Webhooks."


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the service does not do well."""

    state: State
    sign: str
    """One word for programs."""
    sentence: str
    """Names organisations and portals by what the caller knows them by, and no customer."""
    why: str = ""
    """What a vendor or our own code said, which may name anybody."""

    @property
    def whole(self) -> str:
        """The sentence with its why, for people who may read both."""
        said = self.sentence[0].upper() + self.sentence[1:]
        return f"{said}: {self.why}" if self.why else f"{said.rstrip('.')}."


@dataclass(frozen=True, slots=True)
class Struggling:
    """A lane whose last turn was no success, or that rests."""

    flow: str
    lane: str
    since: datetime
    tries: int
    """How many turns in a row were no success; none where it only rests."""
    problem: str
    """The name of the error that ended the last one."""
    why: str
    until: datetime | None
    """Until when it rests; none while it tries again."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What there is to see of the service at one moment."""

    now: datetime
    answers: bool = True
    """Whether the database does."""
    trouble: str = ""
    """What is wrong with the database, where it is known, and what to do."""
    unwritable: str = ""
    """Why nothing could be written to it a moment ago, where somebody else than the service tried."""
    pulses: Sequence[Pulse] = ()
    put_back: str = ""
    """Why the database is not trusted at present."""
    until: datetime | None = None
    """Before when no invoice is made because of that; None while the books are still to be read."""
    late: bool = False
    """Whether an event has waited for longer than the bound and its lane has no reason."""
    behind: bool = False
    """Whether a turn has been due for longer than the bound."""
    lanes: Sequence[Struggling] = ()
    unconsented: Sequence[str] = ()
    """The organisations and portals that must be connected again."""
    untold: Sequence[tuple[str, str]] = ()
    """The organisations and portals that were disconnected here alone, and what is left to do."""
    silent: Sequence[tuple[str, datetime]] = ()
    """The organisations whose webhooks tell nothing though things changed, and since when."""
    signed: Sequence[Signed] = ()


def judge(signs: Signs, name: Callable[[str], str] = str) -> tuple[Reason, ...]:
    """List every reason why the service does not do well, the gravest first; none where all is well."""
    found = [*_service(signs), *_work(signs, name), *_vendors(signs, name)]
    return tuple(sorted(found, key=lambda one: one.state != "failing"))


def alike(one: Pulse, other: Pulse) -> bool:
    """Tell whether two say the same, whenever they said it; by how much a clock is off is never twice the same."""
    right, was_right = (each.clock_off is None or agree(each.clock_off) for each in (one, other))
    return right == was_right and replace(one, at=other.at, clock_off=other.clock_off) == other


def state_of(reasons: Sequence[Reason]) -> State:
    """Tell the state that the reasons make: that of the gravest."""
    return reasons[0].state if reasons else "ok"


def _service(signs: Signs) -> Iterator[Reason]:
    """Look at the service itself: its database, its threads, its key, its clock."""
    if not signs.answers:
        yield Reason("failing", "database", signs.trouble or "the database does not answer")
    if signs.unwritable and not any(one.outage for one in signs.pulses):
        yield Reason("failing", "outage", signs.unwritable)
    alive = [one for one in signs.pulses if not far(one.at, SILENT, signs.now)]
    for one in signs.pulses:
        if one not in alive:
            state: State = "degraded" if alive else "failing"
            what = f"nothing was heard of the service `{one.worker}` since {_moment(one.at)}"
            yield Reason(state, "unheard", f"{what}: it was killed, or cannot write to its database")
            continue
        if not one.receiving:
            yield Reason("failing", "receiver", "webhooks are not being received")
        if one.outage is not None:
            yield Reason("failing", "outage", f"since {_moment(one.outage.since)} {one.outage.why}")
        if one.key:
            yield Reason("failing", "unopened", f"the key file cannot be used: {one.key}")
        elif one.unopened:
            names = ", ".join(f"`{secret}`" for secret in one.unopened)
            cure = "bring back the line that sealed them, or save them anew"
            yield Reason("failing", "unopened", f"the key file does not open {names}: {cure}")
        if one.store or one.landed:
            said = "the secret store cannot be used; what needs a secret from there waits"
            if one.landed:
                said += f"; kept here, sealed, until it can: {', '.join(f'`{name}`' for name in one.landed)}"
            yield Reason("failing", "store", said, one.store)
        if one.clock_off is not None and not agree(one.clock_off):
            where = "behind" if one.clock_off > timedelta(0) else "ahead of"
            seconds = abs(one.clock_off.total_seconds())
            yield Reason("degraded", "clock", f"this machine's clock is {seconds:.0f} seconds {where} the vendors'")


def _work(signs: Signs, name: Callable[[str], str]) -> Iterator[Reason]:
    """Look at what waits, and at the lanes."""
    bound = int(BOUND.total_seconds())
    if signs.late:
        yield Reason("failing", "late", f"an event has waited for more than {bound} seconds")
    elif signs.behind:  # its events may be done, and what they changed not shown yet
        yield Reason("failing", "behind", f"a turn has been due for more than {bound} seconds")
    if signs.put_back:
        said = "nothing is made before the books were read"
        if signs.until is not None:
            said = f"no invoice is made before {_moment(signs.until)}, for one that left before may still arrive"
        yield Reason("degraded", "put_back", f"the database was put back, and {said}", signs.put_back)
    for one in signs.lanes:
        if signs.put_back and one.why.startswith(signs.put_back):
            continue  # it tries again now and then, and goes on when that is over
        if one.problem == ConsentNeeded.__name__ and signs.unconsented:
            continue
        stated = bool(one.problem in _STATED or not one.tries or signs.put_back)
        state: State = "failing" if not stated and far(one.since, BOUND, signs.now) else "degraded"
        who = f"{one.flow} of {name(one.lane)}"
        if stated:
            said = f"{who} rests until {_moment(one.until)}" if one.until else f"{who} tries again after a rest"
        else:
            times = "once" if one.tries == 1 else f"{one.tries} times in a row"
            said = f"{who} has failed {times} since {_moment(one.since)}"
        yield Reason(state, "lane", said, one.why)


def _vendors(signs: Signs, name: Callable[[str], str]) -> Iterator[Reason]:
    """Look at what lets us in at the vendors, and at what they tell us."""
    for one in signs.unconsented:
        yield Reason("degraded", "consent", f"{name(one)} must be connected again")
    for one, why in signs.untold:
        yield Reason("degraded", "untold", f"{name(one)} is disconnected, but that is not all done yet", why)
    for lane, since in signs.silent:
        said = f"no webhook has told of the changes in {name(lane)} since {_moment(since)}, and a catch-up found them"
        yield Reason("degraded", "silent", f"{said}. {_SWITCHED_OFF}")
    for signed in signs.signed:
        if signed.refused:
            yield Reason("degraded", "refused", f"{_refused(signed)}. {_CURES[signed.vendor]}")


def came(signed: Signed) -> str:
    """Say how the signatures of a vendor's webhooks were."""
    counts = f"{signed.refused} refused since, {signed.ever} ever"
    return f"Webhooks of {_VENDORS[signed.vendor]}: {_last_right(signed)}; {counts}."


def _refused(signed: Signed) -> str:
    many = "1 webhook" if signed.refused == 1 else f"{signed.refused} webhooks"
    was = "was" if signed.refused == 1 else "were"
    since = f" since {_moment(signed.refused_since)}" if signed.refused_since else ""
    return f"{many} of {_VENDORS[signed.vendor]} {was} refused{since} ({signed.why}), and {_last_right(signed)}"


def _last_right(signed: Signed) -> str:
    return f"the last right one came at {_moment(signed.right_at)}" if signed.right_at else "no right one ever came"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
