"""Take a person's approval: of one deal's invoice, or of the invoices that the brake has stopped."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.invoices import release
from ledgerloop.log import logger
from ledgerloop.web.door import LARGEST_FORM, Form, form_of_people, to
from ledgerloop.web.sessions import Session, Sessions

APPROVE = "/approve"


def routes(built: Ledgerloop, sessions: Sessions) -> list[Route]:
    """Return the route."""
    desk = Approving(built, sessions)
    return [
        Route(APPROVE, form_of_people(sessions, desk.approve), methods=["POST"], max_body_size=LARGEST_FORM),
    ]


class Approving:
    """Let go what a person says may go."""

    def __init__(self, built: Ledgerloop, sessions: Sessions) -> None:
        self._built, self._sessions = built, sessions

    def approve(self, _request: Request, _session: Session, form: Form) -> Response:
        """Approve what a hold asks for. What no longer waits, or is not what the page showed, is approved no more."""
        kind, _, key = form.get("subject", "").partition(" ")
        now, database, seal = self._built.now(), self._built.database, form.get("seal", "")
        approved: list[str] = []
        answer = to("/")
        try:
            if kind == "deal":
                approved = release.approve_everywhere(database, now, [key], seal)
            elif kind == "brake":
                approved = release.approve(database, key, now, seal=seal)
        except release.Changed as changed:
            self._sessions.say(answer, changed.sentence)
            return answer
        logger.info("invoices approved", deals=approved)
        self._built.engine.nudge()
        count = "one invoice" if len(approved) == 1 else f"{len(approved)} invoices"
        self._sessions.say(answer, f"Approved: {count}." if approved else "None of that waits for approval any more.")
        return answer
