"""Word what a deal waits for that goes on by itself, and until when: nobody needs to do anything. Does no I/O."""

from __future__ import annotations

from datetime import datetime


def put_back(*, unread: bool, until: datetime | None) -> str:
    """Word that no invoice is made for a deal since the database was put back.

    Not while Xero is ``unread``, nor before the moment ``until`` which something that left before may still arrive.
    """
    if not unread:
        return (
            "Ledgerloop's database was put back, emptied or moved. Xero was read since; what left before may still"
            f" arrive there until {until:%H:%M:%S} UTC, so no invoice is made before. This deal waits, and goes on by"
            " itself."
        )
    if until is None:
        return (
            "Ledgerloop's database was put back, emptied or moved, so no invoice is made until Xero was read once. This"
            " deal waits, and goes on by itself."
        )
    return (
        "Ledgerloop's database was put back, emptied or moved, so no invoice is made until Xero was read once, and none"
        f" before {until:%H:%M:%S} UTC. This deal waits, and goes on by itself."
    )
