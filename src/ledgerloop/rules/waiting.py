"""Word what a deal waits for that goes on by itself, and until when: nobody needs to do anything. Does no I/O."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal


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


def unanswered(amount: Decimal, currency: str, sent: datetime, until: datetime, *, edited: bool) -> str:
    """Word that an invoice was sent without an answer, and that nothing more is sent while it may still arrive.

    The deal may have been ``edited`` since.
    """
    if edited:
        return (
            f"The invoice of {amount:.2f} {currency} was sent to Xero at {sent:%H:%M:%S} UTC, and the answer was lost."
            " Xero does not show it yet, and this deal has changed since, so nothing more is sent until it can no"
            f" longer arrive, at {until:%H:%M:%S} UTC. If it arrives, it is followed; if not, the deal is decided anew,"
            " by itself."
        )
    return (
        f"The invoice of {amount:.2f} {currency} was sent to Xero at {sent:%H:%M:%S} UTC, and the answer was lost. Xero"
        f" does not show it yet, so nothing more is sent until it can no longer arrive, at {until:%H:%M:%S} UTC. If it"
        " arrives, it is followed; if not, the deal is decided anew, by itself."
    )


def looked_for(amount: Decimal, currency: str, sent: datetime | None, again: datetime) -> str:
    """Word that an invoice was sent without an answer, and when it is looked for again at the latest."""
    at = f" at {sent:%Y-%m-%d %H:%M:%S} UTC" if sent else ""
    return (
        f"The invoice of {amount:.2f} {currency} was sent to Xero{at}, and the answer is not known yet. The service"
        f" that runs looks for it there again by {again:%Y-%m-%d %H:%M:%S} UTC; until then no other is made."
    )
