"""Show how things stand: connections, what waits, what is held, what came in and what was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Annotated

import typer

from ledgerloop import subjects
from ledgerloop.cli.opening import FILE, Config, Customer, HubSpotUrl, OnSandbox, XeroUrl, looking
from ledgerloop.cli.show import Json, print_entries, print_json, print_table, say
from ledgerloop.records import Entry, Event
from ledgerloop.report.naming import names_of, title
from ledgerloop.report.overview import look
from ledgerloop.report.wording import age, events_told, moment
from ledgerloop.rules.health import came
from ledgerloop.store import connections, inbox
from ledgerloop.store import journal as journal_store
from ledgerloop.store.commits import tried
from ledgerloop.store.connections import Connected
from ledgerloop.store.journal import MOST_EVENTS
from ledgerloop.subjects import Subject

Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many lines to show, newest first.")]
OfSubject = Annotated[str, typer.Option("--subject", help="Only what is about one subject, such as `deal 123`.")]
OfDeal = Annotated[str, typer.Option("--deal", help="Only this deal: its HubSpot id.")]


LONGEST = 40
"""How much of a value the journal's table shows."""


class State(StrEnum):
    """What became of an event."""

    WAITING = "waiting"
    DONE = "done"
    SKIPPED = "skipped"
    UNREADABLE = "unreadable"


InState = Annotated[State | None, typer.Option("--state", help="Only events of this state.")]


def status(
    config: Config = FILE,
    sandbox: OnSandbox = False,
    xero_url: XeroUrl = "",
    hubspot_url: HubSpotUrl = "",
    as_json: Json = False,
) -> None:
    """Show how the service does and why, connections, lanes that rest, and events that wait."""
    with looking(config, sandbox or bool(xero_url or hubspot_url)) as built:
        # What the service said last is from before the disk was full.
        unwritable = tried(built.database, built.now())
        with built.database.reading() as tx:
            seen = replace(look(tx, built.now(), lines=0), unwritable=unwritable)
    if as_json:
        print_json(
            {
                "at": seen.now,
                "state": seen.state,
                "reasons": seen.reasons,
                "services": seen.pulses,
                "webhooks": seen.signed,
                "connections": seen.connected,
                "put_back": seen.waits.sentence if seen.waits else "",
                "parked": seen.parked,
                "webhooks_silent": dict(seen.silent),
                "planned": seen.planned,
                "waiting": seen.backlogs,
                "holds": len(seen.holds),
                "told": len(seen.told),
                "unreadable": len(seen.unreadable),
            }
        )
        return
    say(f"{seen.headline}. State: {seen.state}.\n")
    for reason in seen.reasons:
        say(f"{'✗' if reason.state == 'failing' else '·'} {reason.whole}")
    for signed in seen.signed:
        say(f"· {came(signed)}")
    if not seen.pulses:
        say("· No service runs on this database.")
    say("")
    print_table(
        "Connections",
        ("Vendor", "Name", "Id", "State", "Since"),
        [(one.vendor, one.name, one.id, _state(one), moment(one.since)) for one in seen.connected],
    )
    print_table(
        "Resting",
        ("Flow", "Lane", "Until", "Why"),
        [(one.flow, seen.name(one.lane), moment(one.until), one.why) for one in seen.parked],
    )
    if seen.planned:
        print_table(
            "Planned work",
            ("For", "Asked for by", "Customers left", "Records made", "Changed", "Rests because"),
            [
                (
                    seen.name(one.organisation),
                    "a person" if one.asked else "a new day",
                    f"{one.left} of {one.customers}",
                    str(one.written.created),
                    str(one.written.updated),
                    one.rests_why,
                )
                for one in seen.planned
            ],
        )
    print_table(
        "Waiting events",
        ("From", "For", "Events", "Oldest has waited"),
        [(one.source, seen.name(one.lane), str(one.count), age(seen.now - one.oldest)) for one in seen.backlogs],
    )
    say(
        f"Needs a person: {len(seen.holds)}. Told on deals: {len(seen.told)}."
        f" Unreadable events: {len(seen.unreadable)}."
    )


def holds(
    config: Config = FILE,
    sandbox: OnSandbox = False,
    xero_url: XeroUrl = "",
    hubspot_url: HubSpotUrl = "",
    as_json: Json = False,
) -> None:
    """Show what waits for a person, with every reason, and what deals say though their invoices stand.

    With --json each has a kind: `hold` waits for a person, `told` stands on a deal.
    """
    with looking(config, sandbox or bool(xero_url or hubspot_url)) as built, built.database.reading() as tx:
        seen = look(tx, built.now(), lines=0)
    if as_json:
        print_json(
            [
                *(
                    {
                        "kind": "hold",
                        "link": seen.link(one.lane, one.subject),
                        "name": seen.names.get((one.lane, one.subject), ""),
                        **_fields(one),
                    }
                    for one in seen.holds
                ),
                *(
                    {
                        "kind": "told",
                        "link": seen.link(one.portal, one.subject),
                        "name": one.name,
                        "subject": one.subject,
                        "lane": one.portal,
                        "reasons": [one.sentence],
                        "invoice": one.invoice,
                    }
                    for one in seen.told
                ),
            ]
        )
        return
    print_entries(
        "Needs a person",
        [
            (
                f"{seen.title(one.lane, one.subject)}, for {age(seen.now - one.since)}",
                (" ".join(one.reasons), seen.link(one.lane, one.subject)),
            )
            for one in seen.holds
        ],
    )
    say()
    print_entries(
        "Told on deals",
        [
            (
                ", ".join(filter(None, (title(one.subject, one.name), one.invoice + one.where))),
                (one.sentence, seen.link(one.portal, one.subject)),
            )
            for one in seen.told
        ],
    )


def events(
    config: Config = FILE,
    sandbox: OnSandbox = False,
    xero_url: XeroUrl = "",
    hubspot_url: HubSpotUrl = "",
    state: InState = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """Show the events that came in last, and what became of them."""
    with looking(config, sandbox or bool(xero_url or hubspot_url)) as built, built.database.reading() as tx:
        kept = inbox.recent(tx, limit, state.value if state else None)
    if as_json:
        print_json(kept)
        return
    print_table(
        "Events",
        ("Number", "Received", "From", "Kind", "Record", "State", "Reason"),
        [
            (
                str(one.id),
                moment(one.received_at),
                one.event.source,
                f"{one.event.category} {one.event.kind}".strip(),
                one.event.resource,
                one.event.state,
                one.event.reason,
            )
            for one in kept
        ],
    )


def journal(
    config: Config = FILE,
    sandbox: OnSandbox = False,
    xero_url: XeroUrl = "",
    hubspot_url: HubSpotUrl = "",
    subject: OfSubject = "",
    deal: OfDeal = "",
    customer: Customer = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """Show what was decided and written last, why, what the vendor answered, and which events led to it.

    Long values are whole, and all events are named, with --subject, --deal, --customer or --json.
    """
    with looking(config, sandbox or bool(xero_url or hubspot_url)) as built, built.database.reading() as tx:
        about = [Subject(subject)] if subject else []
        about += [subjects.deal(deal)] if deal else []
        if customer is not None:
            from ledgerloop.customers.named import customers_named  # it loads what the other commands do without

            about += [subjects.customer(one) for one in customers_named(tx, connections.organisations(tx), customer)]
        entries = journal_store.recent(tx, limit, *about)
        names = names_of(tx, [(one.lane, one.subject) for one in entries])
        led_to = inbox.named(tx, {event for one in entries for event in one.events})
    if as_json:
        print_json(entries)
        return
    print_table(
        "Journal",
        ("When", "Subject", "Decision", "Where", "Why", "Values"),
        [
            (
                moment(one.at),
                _titled(one, names),
                one.decision,
                one.target,
                "\n".join([one.reason, *_more(one, led_to, whole=bool(about))]),
                ", ".join(f"{name}={value if about else _short(value)}" for name, value in one.values.items()),
            )
            for one in entries
        ],
    )


def _state(one: Connected) -> str:
    """Say how a connection stands, and why."""
    return f"{one.state}: {one.why}" if one.ended and one.why else one.why or one.state


def _titled(one: Entry, names: Mapping[tuple[str, str], str]) -> str:
    """Say what an entry is about, as it is written after --subject, and its name beside it."""
    name = names.get((one.lane, one.subject), "")
    return f"{one.subject} “{name}”" if name else one.subject


def _more(one: Entry, led_to: Mapping[int, Event], *, whole: bool) -> list[str]:
    """Say what the vendor answered, and which events led to it."""
    told = events_told(one, led_to, MOST_EVENTS if whole else 1)
    answer = one.answer if whole else _short(one.answer)
    return [*([f"Answer: {answer}"] if answer else []), *([f"Events: {', '.join(told)}"] if told else [])]


def _short(value: str) -> str:
    """Cut a value so that a line stays readable: a whole invoice may be one. With subjects or as JSON it is whole."""
    return value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"


def _fields(one: journal_store.Held) -> dict[str, object]:
    return {
        "subject": one.subject,
        "lane": one.lane,
        "reasons": one.reasons,
        "candidates": one.candidates,
        "choices": one.choices,
        "since": one.since,
    }
