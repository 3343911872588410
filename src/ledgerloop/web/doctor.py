"""Show what the doctor found last, look again when a person asks, and once when the service starts."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.log import logger
from ledgerloop.report.doctor import examine, examine_at_start
from ledgerloop.report.finding import last
from ledgerloop.web.door import LARGEST_FORM, Form, for_people, form_of_people, to
from ledgerloop.web.pages import page
from ledgerloop.web.sessions import Session, Sessions

DOCTOR = "/doctor"


def routes(built: Ledgerloop, sessions: Sessions) -> list[Route]:
    """Return the routes."""
    desk = Examining(built)
    return [
        Route(DOCTOR, for_people(sessions, desk.show)),
        Route(DOCTOR, form_of_people(sessions, desk.look_again), methods=["POST"], max_body_size=LARGEST_FORM),
    ]


class Examining:
    """Show and renew what was found. Only a form asks the vendors: a page that is opened costs no call."""

    def __init__(self, built: Ledgerloop) -> None:
        self._built = built

    def show(self, _request: Request, session: Session) -> Response:
        """Show what was found last."""
        with self._built.database.reading() as tx:
            found = last(tx)
        return page("doctor.html", examined=found, token=session.token)

    def look_again(self, _request: Request, _session: Session, _form: Form) -> Response:
        """Look at everything, which asks both vendors."""
        examine(self._built)
        return to(DOCTOR)


async def look_once(built: Ledgerloop) -> None:
    """Look at the service's start, beside its work: what goes wrong with that stops nothing."""
    try:
        await asyncio.to_thread(examine_at_start, built)
    except Exception as problem:
        logger.warning("not looked over at the start", why=str(problem))
