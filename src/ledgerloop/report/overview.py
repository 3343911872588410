"""Gather what an operator wants to see at a glance: connections, what waits and why, and what was written last.

The console, the health check and the commands show the same; this is where they get it. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.invoices import release
from ledgerloop.records import Entry, Event, Organisation, Portal, Pulse, Signed, Vendor
from ledgerloop.report.naming import SpokenOf, names_of, title
from ledgerloop.report.told import Told, told_on_deals
from ledgerloop.report.wording import events_told
from ledgerloop.rules.clocks import far
from ledgerloop.rules.health import BOUND, Reason, Signs, State, Struggling, judge, state_of
from ledgerloop.store import (
    connections,
    epochs,
    inbox,
    intents,
    journal,
    lanes,
    links,
    planned,
    pulses,
    signatures,
    silence,
)
from ledgerloop.store.connections import Connected
from ledgerloop.store.inbox import Backlog
from ledgerloop.store.inbox import Kept as KeptEvent
from ledgerloop.store.journal import Held
from ledgerloop.store.lanes import Lane, Parked
from ledgerloop.store.links import Kept
from ledgerloop.store.planned import Allowance
from ledgerloop.subjects import Subject

_FLOW = {"xero": "standing", "hubspot": "invoicing"}
_TYPES = {"contact": "0-1", "company": "0-2", "deal": "0-3"}


@dataclass(frozen=True)
class Overview:
    """How things stand at one moment."""

    now: datetime
    connected: list[Connected]
    lanes: list[Lane]
    parked: list[Parked]
    backlogs: list[Backlog]
    unreadable: list[KeptEvent]
    holds: list[Held]
    written: list[Entry]
    names: Mapping[SpokenOf, str]
    """What people call that which is spoken of, as far as it is known."""
    silent: Mapping[str, datetime]
    """Since when an organisation's webhooks have told nothing though things changed."""
    led_to: Mapping[int, Event]
    """The events that led to those, by their numbers, as far as the inbox still has them."""
    planned: list[Allowance]
    """Planned work that is not done, with how many customers are left."""
    approvable: Mapping[Subject, str] = field(default_factory=dict)
    """The subjects of holds that a person ends by approving invoices, each with the seal of what is shown."""
    reviewed: list[Kept] = field(default_factory=list)
    """Links of an earlier release about which a person is asked."""

    waits: epochs.Waiting | None = None
    """What is waited for after the database was put back, and why it is not trusted and nothing is made."""
    told: list[Told] = field(default_factory=list)
    """What deals say though their invoices stand."""
    signed: list[Signed] = field(default_factory=list)
    """How the signatures of each vendor's webhooks were."""
    unwritable: str = ""
    """Why nothing could be written a moment ago, where a command tried."""
    pulses: list[Pulse] = field(default_factory=list)
    """What the services that run said of themselves last."""

    @property
    def waiting(self) -> int:
        """How many events wait."""
        return sum(one.count for one in self.backlogs)

    @property
    def oldest(self) -> timedelta:
        """How long the oldest of them has waited."""
        return max((self.now - one.oldest for one in self.backlogs if one.oldest <= self.now), default=timedelta(0))

    @property
    def unconsented(self) -> list[Connected]:
        """The connections that a person must connect again."""
        return [one for one in self.connected if one.state == "needs_consent"]

    @property
    def ended(self) -> list[Connected]:
        """The connections that a person has ended."""
        return [one for one in self.connected if one.ended]

    @property
    def unanswered(self) -> list[Connected]:
        """The organisations of which nobody has said yet what they are for."""
        return [one for one in self.connected if one.state == "unanswered"]

    @property
    def struggling(self) -> list[Struggling]:
        """The lanes that rest, or whose last turn was no success: one stays among them until a turn is one."""
        found = []
        for one in self.lanes:
            until = one.parked_until if one.rests(self.now) else None
            since, why = one.failing_since or one.parked_until or self.now, one.failed_why or one.parked_why
            if one.failures or until:
                found.append(Struggling(one.flow, one.lane, since, one.failures, one.problem, why, until))
        return found

    @property
    def signs(self) -> Signs:
        """What tells how well the service does."""
        return Signs(
            now=self.now,
            unwritable=self.unwritable,
            pulses=self.pulses,
            put_back=self.waits.why if self.waits else "",
            until=self.waits.until if self.waits else None,
            late=bool(self.late(BOUND)),
            behind=bool(self.behind(BOUND)),
            lanes=self.struggling,
            unconsented=[one.id for one in self.unconsented],
            untold=[(one.id, one.why) for one in self.ended if one.why],
            silent=list(self.silent.items()),
            signed=self.signed,
        )

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why the service does not do well, in the words of people who signed in."""
        return judge(self.signs, self.name)

    @property
    def state(self) -> State:
        """How well the service does."""
        return state_of(self.reasons)

    @property
    def headline(self) -> str:
        """Say in a sentence whether anything is asked of the operator."""
        if self.state == "failing":
            return "Something fails, and needs you"
        if not self.connected:
            return "Let us connect the two"
        if off := next((one for one in self.ended if not self.has(one.vendor)), None):
            return f"{off.name} is disconnected"
        if self.waits:
            what = (
                "no invoice is made for some minutes"
                if self.waits.until
                else "nothing is made before the books were read"
            )
            return f"The database was put back, and {what}"
        if self.unanswered:
            return f"Nobody has said yet what {self.unanswered[0].name} is for"
        if self.unconsented:
            return f"{self.unconsented[0].name} must be connected again"
        if self.holds:
            count = len(self.holds)
            return "One thing needs you" if count == 1 else f"{count} things need you"
        if self.silent:
            return f"Webhooks of {self.name(next(iter(self.silent)))} do not come"
        if self.parked:
            return f"{self.name(self.parked[0].lane)} rests for a while"
        if self.reasons:
            return "One thing is amiss" if len(self.reasons) == 1 else f"{len(self.reasons)} things are amiss"
        busy = self.waiting or any(one.wanted or one.begun_at for one in self.lanes)
        return "At work" if busy else self._in_step

    @property
    def _in_step(self) -> str:
        differing = sum(one.differs for one in self.told)
        if not differing:
            return "All is in step"
        many = f"{differing} deals differ from their invoices"
        return f"In step, and {'one deal differs from its invoice' if differing == 1 else many}"

    def has(self, vendor: Vendor) -> bool:
        """Tell whether anything of a vendor is connected."""
        return any(one.vendor == vendor and not one.ended for one in self.connected)

    def late(self, bound: timedelta) -> list[Backlog]:
        """List what has waited for longer than a bound though its lane does not rest for a stated reason.

        A lane that struggles is told of as such. Its events are late where its next try does not come to an end either.
        """
        resting = {(one.flow, one.lane) for one in self.parked}
        begun = {(one.flow, one.lane): one.begun_at or self._rested(one) for one in self.lanes if one.failures}
        late = []
        for one in self.backlogs:
            lane = (_FLOW[one.source], one.lane)
            since = max(filter(None, (one.oldest, begun.get(lane))))
            if far(since, bound, self.now) and lane not in resting:
                late.append(one)
        return late

    def behind(self, bound: timedelta) -> list[Lane]:
        """List the lanes that have wanted a turn for longer than a bound and have none, though they need not rest."""
        return [
            one
            for one in self.lanes
            if one.wanted
            and one.wanted_at is not None
            and one.begun_at is None
            and not one.rests(self.now)
            and far(max(one.wanted_at, self._rested(one) or one.wanted_at), bound, self.now)
        ]

    def _rested(self, lane: Lane) -> datetime | None:
        """Return when a lane's rest was over; none where it did not rest, or its end lies in the future."""
        return lane.parked_until if lane.parked_until and lane.parked_until <= self.now else None

    def name(self, lane: str) -> str:
        """Name an organisation or portal as people know it."""
        return next((one.name for one in self.connected if one.id == lane), lane or "unknown")

    def title(self, lane: str, subject: str) -> str:
        """Say what a subject is about in words that people know."""
        return title(subject, self.names.get((lane, subject), ""))

    def events(self, entry: Entry) -> list[str]:
        """Say which events led to a line of the journal."""
        return events_told(entry, self.led_to)

    def link(self, lane: str, subject: str) -> str:
        """Return the address of what a subject or target names, such as ``deal 123``, at its vendor; else nothing."""
        kind, _, key = subject.removeprefix("hubspot ").partition(" ")
        if not key.replace("-", "").isalnum():
            return ""
        if kind == "customer":
            from ledgerloop.rules.customers import contact_url  # with what it brings, it takes longer than a look

            organisation = next((one.facts for one in self.connected if one.id == lane), None)
            return contact_url(organisation, key) if isinstance(organisation, Organisation) else ""
        portal = next((one.facts for one in self.connected if isinstance(one.facts, Portal)), None)
        if portal is None or kind not in _TYPES:
            return ""
        return f"https://{portal.ui_domain}/contacts/{portal.id}/record/{_TYPES[kind]}/{key}"


def look(
    tx: Connection,
    now: datetime,
    lines: int = 50,
    own: Pulse | None = None,
    counted: Sequence[Signed] = (),
    *,
    told: bool = True,
) -> Overview:
    """Gather it all, with at most so many lines of the journal, and what is ``told`` on deals unless nobody asks.

    A service that looks at itself gives its ``own`` pulse, and what it has ``counted`` and not written yet.
    """
    connected = connections.all_connected(tx)
    off = {one.id for one in connected if one.off}  # of these nothing can be done before a person says so
    if connections.unanswered(tx) and not connections.organisations(tx):
        off |= {portal.id for portal in connections.portals(tx)}
    holds = [one for one in journal.holds(tx) if one.lane not in off]
    reviewed = [
        one for organisation in connections.organisations(tx) for one in links.listed(tx, organisation.id, asked=True)
    ]
    spoken_of = [(one.lane, one.subject) for one in holds]
    spoken_of += [(one.link.organisation, subjects.customer(one.link.xero_id)) for one in reviewed]
    written = [entry for entry in journal.recent(tx, lines * 4) if entry.decision != "skip"][:lines]
    spoken_of += [(one.lane, one.subject) for one in written if subjects.customer_of(one.subject)]
    return Overview(
        now=now,
        connected=connected,
        lanes=[one for one in lanes.all_lanes(tx) if one.lane not in off],
        parked=[one for one in lanes.parked(tx) if one.rests(now) and one.lane not in off],
        backlogs=[one for one in inbox.backlogs(tx) if one.lane not in off],
        unreadable=inbox.recent(tx, 20, "unreadable"),
        holds=holds,
        written=written,
        led_to=inbox.named(tx, {event for one in written for event in one.events}),
        silent=_silent(tx),
        planned=[one for one in planned.under_way(tx) if one.organisation not in off],
        approvable=_approvable(tx),
        names=names_of(tx, spoken_of),
        reviewed=reviewed,
        waits=epochs.waiting(tx),
        told=told_on_deals(tx, {one.subject for one in holds}) if told else [],
        signed=_signed(tx, counted),
        pulses=[*([own] if own else ()), *(one for one in pulses.kept(tx) if own is None or one.worker != own.worker)],
    )


def may_be_new(held: Held) -> bool:
    """Tell whether “none of these” answers a hold: HubSpot keeps one contact for an email, so none is made of those."""
    return bool(held.choices) and all(one.kind != "contact" for one in held.choices)


def _approvable(tx: Connection) -> dict[Subject, str]:
    portals = [portal.id for portal in connections.portals(tx)]
    seals = {
        subjects.deal(one.deal): release.seal_of([one]) for portal in portals for one in intents.unapproved(tx, portal)
    }
    braked = {portal: stopped for portal in portals if (stopped := release.waiting(tx, portal))}
    return seals | {subjects.brake(portal): release.seal_of(stopped) for portal, stopped in braked.items()}


def _signed(tx: Connection, counted: Sequence[Signed]) -> list[Signed]:
    found = {one.vendor: one for one in signatures.counted(tx)}
    for one in counted:
        found[one.vendor] = found[one.vendor].then(one) if one.vendor in found else one
    return [found[vendor] for vendor in sorted(found)]


def _silent(tx: Connection) -> dict[str, datetime]:
    since = {organisation.id: silence.since(tx, organisation.id) for organisation in connections.organisations(tx)}
    return {organisation: at for organisation, at in since.items() if at is not None}
