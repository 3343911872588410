"""Read the days that HubSpot's properties tell. Does no I/O."""

from __future__ import annotations

from datetime import UTC, date, datetime


def day_from_property(text: str) -> date | None:
    """Read a day, as text or as HubSpot's milliseconds; None where it is neither."""
    try:
        if text.isdecimal():
            return datetime.fromtimestamp(int(text) / 1000, UTC).date()
        return date.fromisoformat(text[:10])
    except (ValueError, OverflowError, OSError):
        return None
