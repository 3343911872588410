"""Tell a monitor how the service does: 200 when all is well, 503 when someone should look. Names nobody.

What is well and what is not is decided in ``rules.health``. The status code of what is degraded is a setting.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ledgerloop.log import logger
from ledgerloop.records import Pulse
from ledgerloop.rules.clocks import agree
from ledgerloop.rules.health import BOUND as BOUND
from ledgerloop.rules.health import Reason, Signs, judge, state_of
from ledgerloop.web.overview import Overview, look
from ledgerloop.wiring import Ledgerloop

PATIENCE = 3.0
"""Seconds to wait for the database."""


def routes(built: Ledgerloop) -> list[Route]:
    """Return the route."""
    codes = {"ok": 200, "degraded": built.settings.service.degraded_status, "failing": 503}

    async def health(_request: Request) -> JSONResponse:
        try:
            own, seen = await asyncio.wait_for(asyncio.to_thread(_look, built), PATIENCE)
        except Exception as error:  # whatever it is, the database did not answer
            logger.error("database does not answer", why=repr(error))
            alone = Pulse(built.worker, built.now(), built.receiver.alive, built.outage)
            return answer({}, judge(Signs(built.now(), answers=False, pulses=[alone])))
        return answer(_facts(own, seen), judge(seen.signs))

    def answer(facts: dict[str, Any], reasons: tuple[Reason, ...]) -> JSONResponse:
        state = state_of(reasons)
        body = {"status": state, "problems": [one.sentence for one in reasons], **facts}
        return JSONResponse(body, codes[state], headers={"Cache-Control": "no-store"})

    return [Route("/health", health)]


def _look(built: Ledgerloop) -> tuple[Pulse, Overview]:
    own = built.pulse()
    with built.database.reading() as tx:
        return own, look(tx, built.now(), lines=0, own=own, counted=built.receiver.counted())


def _facts(own: Pulse, seen: Overview) -> dict[str, Any]:
    off = own.clock_off
    return {
        "waiting": seen.waiting,
        "oldest_waiting_seconds": round(seen.oldest.total_seconds(), 1),
        "parked": [
            {"flow": one.flow, "lane": one.lane, "until": one.until.isoformat(timespec="seconds")}
            for one in seen.parked
        ],
        "struggling": [
            {"flow": one.flow, "lane": one.lane, "since": one.since.isoformat(timespec="seconds"), "tries": one.tries}
            for one in seen.struggling
        ],
        "webhooks_silent": [
            {"organisation": key, "since": since.isoformat(timespec="seconds")} for key, since in seen.silent.items()
        ],
        "webhooks": {
            one.vendor: {
                "last_right": one.right_at.isoformat(timespec="seconds") if one.right_at else None,
                "refused": one.refused,
                "refused_ever": one.ever,
            }
            for one in seen.signed
        },
        "needs_consent": [{"vendor": one.vendor, "id": one.id} for one in seen.unconsented],
        "unopened": list(own.unopened),
        "holds": len(seen.holds),
        "unreadable": len(seen.unreadable),
        "clock_off_seconds": 0 if off is None or agree(off) else round(off.total_seconds()),
    }
