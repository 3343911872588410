"""Tell a monitor how the service does: 200 when all is well, 503 when someone should look. Names nobody.

What is well and what is not is decided in ``rules.health``. The status code of what is degraded is a setting.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.records import Pulse
from ledgerloop.report.overview import Overview, look
from ledgerloop.rules.clocks import agree
from ledgerloop.rules.health import BOUND as BOUND
from ledgerloop.rules.health import Reason, Signs, State, judge, state_of
from ledgerloop.store.troubles import trouble_in
from ledgerloop.web.fresh import Fresh
from ledgerloop.web.threads import alone
from ledgerloop.web.wire import flood

PATIENCE = 3.0
"""Seconds to wait for the database."""
FRESH = 1.0
"""Seconds for which what was seen is told to all who ask, so that nobody makes the service look at itself all day."""


def routes(built: Ledgerloop, fresh: float = FRESH) -> list[Route]:
    """Return the route."""
    codes = {"ok": 200, "degraded": built.settings.service.degraded_status, "failing": 503}
    seen = Fresh(Watch(built), built.clock, fresh)

    async def health(_request: Request) -> JSONResponse:
        told = await seen()
        return JSONResponse(told.body, codes[told.state], headers={"Cache-Control": "no-store"})

    return [Route("/health", health)]


@dataclass(frozen=True, slots=True)
class Told:
    """What a look found."""

    state: State
    body: dict[str, Any]


class Watch:
    """Look at the service, and give up where the database takes too long; the next look goes on waiting for it."""

    def __init__(self, built: Ledgerloop) -> None:
        self._built = built
        self._looking: Future[tuple[Pulse, Overview]] | None = None

    def __call__(self) -> Told:
        """Tell how the service does. One caller at a time."""
        looking = self._looking = self._looking or alone(self._built.clock, self._look, "health")
        try:
            own, seen = looking.result(PATIENCE)
        except Exception as error:  # whatever it is, the database did not answer
            flood.error("database does not answer", why=repr(error))
            built = self._built
            own = Pulse(built.worker, built.now(), built.receiver.alive, built.outage)
            return _told({}, judge(Signs(built.now(), False, trouble_in(error), pulses=[own])))
        finally:
            if looking.done():
                self._looking = None
        return _told(_facts(own, seen, self._built.vendors.renewed_at()), judge(seen.signs))

    def _look(self) -> tuple[Pulse, Overview]:
        built, own = self._built, self._built.pulse()
        with built.database.reading() as tx:
            return own, look(tx, built.now(), lines=0, own=own, counted=built.receiver.counted(), told=False)


def _told(facts: dict[str, Any], reasons: tuple[Reason, ...]) -> Told:
    state = state_of(reasons)
    return Told(state, {"status": state, "problems": [one.sentence for one in reasons], **facts})


def _facts(own: Pulse, seen: Overview, renewed: datetime | None) -> dict[str, Any]:
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
        "xero_renewed": renewed.isoformat(timespec="seconds") if renewed else None,
        "unanswered": [one.id for one in seen.unanswered],
        "disconnected": [{"vendor": one.vendor, "id": one.id, "told": not one.why} for one in seen.ended],
        "unopened": list(own.unopened),
        "holds": len(seen.holds),
        "unreadable": len(seen.unreadable),
        "clock_off_seconds": 0 if off is None or agree(off) else round(off.total_seconds()),
    }
