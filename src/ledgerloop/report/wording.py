"""Write moments, spans and events for people. Light, because commands that only look load it too."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from ledgerloop.records import Entry, Event


def moment(at: datetime) -> str:
    """Write a moment for people."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def day(at: datetime) -> str:
    """Write the day of a moment for people."""
    return f"{at.astimezone(UTC):%-d %B %Y}"


def age(span: timedelta) -> str:
    """Write how long something has lasted, in its largest unit."""
    seconds = max(0, int(span.total_seconds()))
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a second"


def events_told(entry: Entry, events: Mapping[int, Event], most: int = 20) -> list[str]:
    """Say which events led to a line of the journal: by number, and what they told where the inbox still has them."""
    told = [_event_told(one, events.get(one)) for one in entry.events[:most]]
    left = len(entry.events) - len(told) + entry.more_events
    return [*told, f"and {left} more"] if left else told


def _event_told(number: int, event: Event | None) -> str:
    return " ".join([str(number), *([event.category, event.kind, event.resource] if event else [])])
