"""Tell a monitor whether the service does its work: 200 when it does, 503 when someone should look. Names nobody.

What counts is the event, or the lane, that has waited longest. A lane that rests for a stated reason, such as a spent
quota or a consent that has ended, is reported and is no alarm: restarting would not help it.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ledgerloop.log import logger
from ledgerloop.rules.clocks import agree
from ledgerloop.web.overview import Overview, look
from ledgerloop.wiring import Ledgerloop

BOUND = timedelta(minutes=5)
_DEGRADED = ("needs_consent", "parked", "webhooks_silent", "clock_off_seconds")
PATIENCE = 3.0
"""Seconds to wait for the database."""


def routes(built: Ledgerloop, bound: timedelta = BOUND) -> list[Route]:
    """Return the route, with the age at which a waiting event is an alarm."""

    async def health(_request: Request) -> JSONResponse:
        try:
            seen = await asyncio.wait_for(asyncio.to_thread(_look, built), PATIENCE)
        except Exception as error:  # whatever it is, the database did not answer
            logger.error("database does not answer", why=repr(error))
            return _answer({}, ["the database does not answer"])
        problems = [] if built.receiver.alive else ["webhooks are not being received"]
        if seen.late(bound):
            problems.append(f"an event has waited for more than {int(bound.total_seconds())} seconds")
        elif seen.behind(bound):  # its events may be done, and what they changed not shown yet
            problems.append(f"a turn has been due for more than {int(bound.total_seconds())} seconds")
        off = built.vendors.clock_off()
        wrong = off is not None and not agree(off)
        return _answer(
            _facts(seen) | {"clock_off_seconds": round(off.total_seconds()) if off and wrong else 0}, problems
        )

    return [Route("/health", health)]


def _look(built: Ledgerloop) -> Overview:
    with built.database.reading() as tx:
        return look(tx, built.now(), lines=0)


def _facts(seen: Overview) -> dict[str, Any]:
    return {
        "waiting": seen.waiting,
        "oldest_waiting_seconds": round(seen.oldest.total_seconds(), 1),
        "parked": [
            {"flow": one.flow, "lane": one.lane, "until": one.until.isoformat(timespec="seconds")}
            for one in seen.parked
        ],
        "webhooks_silent": [
            {"organisation": key, "since": since.isoformat(timespec="seconds")} for key, since in seen.silent.items()
        ],
        "needs_consent": [{"vendor": one.vendor, "id": one.id} for one in seen.unconsented],
        "holds": len(seen.holds),
        "unreadable": len(seen.unreadable),
    }


def _answer(facts: dict[str, Any], problems: list[str]) -> JSONResponse:
    status = "failing" if problems else "degraded" if any(facts.get(name) for name in _DEGRADED) else "ok"
    body = {"status": status, "problems": problems, **facts}
    return JSONResponse(body, 503 if problems else 200, headers={"Cache-Control": "no-store"})
