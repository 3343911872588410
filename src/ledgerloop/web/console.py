"""Show the console, one page, to people who signed in: how things stand, and what waits for them."""

from __future__ import annotations

import asyncio

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.log import logger
from ledgerloop.report.finding import last
from ledgerloop.report.missing import lacks
from ledgerloop.report.naming import title
from ledgerloop.report.overview import look, may_be_new
from ledgerloop.rules.health import came
from ledgerloop.rules.routing import leaves_open
from ledgerloop.setup.connect import undecided_in
from ledgerloop.store import connections, single_values
from ledgerloop.web.door import LARGEST_FORM, Form, carries_token, for_people, form_in, form_of_people, stale, to
from ledgerloop.web.pages import page
from ledgerloop.web.passwords import Attempts, right
from ledgerloop.web.sessions import Session, Sessions
from ledgerloop.web.wire import flood

PAUSE = 0.5
"""Seconds that a wrong password costs, besides those of the hash."""
MOST_WAITING = 8
"""Passwords that wait to be hashed, so that a rightful one waits for a second or two at most, whoever guesses."""
_A_LITTLE_WHILE = 5


def routes(built: Ledgerloop, sessions: Sessions, pause: float = PAUSE) -> list[Route]:
    """Return the routes."""
    console = Console(built, sessions, pause)
    return [
        Route("/", for_people(sessions, console.show)),
        Route("/login", console.ask),
        Route("/login", console.sign_in, methods=["POST"], max_body_size=LARGEST_FORM),
        Route("/logout", form_of_people(sessions, console.sign_out), methods=["POST"], max_body_size=LARGEST_FORM),
    ]


class Console:
    """Sign people in and out, and show them the page."""

    def __init__(self, built: Ledgerloop, sessions: Sessions, pause: float) -> None:
        self._built, self._sessions, self._pause = built, sessions, pause
        self._attempts = Attempts()
        # A hash costs time and memory on purpose: one at a time, however many guess.
        self._one_at_a_time = anyio.CapacityLimiter(1)

    def show(self, request: Request, session: Session) -> Response:
        """Show how things stand."""
        built = self._built
        own = built.pulse()
        with built.database.reading() as tx:
            seen = look(tx, built.now(), own=own, counted=built.receiver.counted())
            organisations, chosen = connections.organisations(tx), connections.chosen(tx)
            examined = last(tx)
            waits = undecided_in(tx, built.parts().routes)
        routes = built.parts().routes
        said = self._sessions.said(request)
        answer = page(
            "console.html",
            seen=seen,
            lacks=lacks(built),
            examined=examined,
            came=came,
            homes=organisations if (len(organisations) > 1 or waits) and leaves_open(routes) else [],
            chosen=chosen,
            custom=built.settings.xero.connection == "custom",
            undecided=waits,
            may_be_new=may_be_new,
            title=title,
            said=said,
            token=session.token,
        )
        self._sessions.unsay(request, answer)
        return answer

    def ask(self, request: Request) -> Response:
        """Ask for the password."""
        session = self._sessions.of(request)
        return to("/") if session.person else self._asking(session)

    async def sign_in(self, request: Request) -> Response:
        """Sign a person in, or let them wait."""
        form = await form_in(request)
        session = await run_in_threadpool(self._sessions.of, request)
        if not carries_token(form, session):
            return stale()
        address = request.client.host if request.client else ""
        known = await run_in_threadpool(self._sessions.known, request)
        who = f"browser {known}" if known else address
        now = self._built.clock.monotonic()
        wait = self._attempts.wait(who, now) or (0 if known else self._attempts.wait_for_all(now))
        if wait:
            said = f"There were too many wrong passwords. Please wait {wait} seconds."
            return await run_in_threadpool(self._asking, session, said, 429, wait)
        if self._one_at_a_time.statistics().tasks_waiting >= MOST_WAITING:
            said = "Many passwords are being tried at this moment. Please try again in a little while."
            return await run_in_threadpool(self._asking, session, said, 429, _A_LITTLE_WHILE)
        # Counted before it is checked: of many guesses sent at once none may slip through while others are hashed.
        self._attempts.failed(who, now)
        fits = await anyio.to_thread.run_sync(self._fits, form.get("password", ""), limiter=self._one_at_a_time)
        if not fits:
            flood.warning("wrong console password", address=address)
            await asyncio.sleep(self._pause)
            return await run_in_threadpool(self._asking, session, "That is not the password.", 401)
        self._attempts.succeeded(who)
        logger.info("signed in", address=address)
        return await run_in_threadpool(self._signed_in, request)

    def sign_out(self, _request: Request, session: Session, _form: Form) -> Response:
        """End the session."""
        answer = to("/login")
        self._sessions.end(answer, session)
        return answer

    def _fits(self, given: str) -> bool:
        with self._built.database.reading() as tx:
            kept = single_values.get(tx, single_values.PASSWORD)
        return right(kept, given)

    def _signed_in(self, request: Request) -> Response:
        answer = to("/")
        self._sessions.recognize(answer, request)
        self._sessions.keep(answer, self._sessions.new(person=True))
        return answer

    def _asking(self, session: Session, said: str = "", status: int = 200, wait: int = 0) -> Response:
        with self._built.database.reading() as tx:
            locked = single_values.get(tx, single_values.PASSWORD) is None
        answer = page("login.html", status, said=said, token=session.token, locked=locked)
        if wait:
            answer.headers["Retry-After"] = str(wait)
        self._sessions.keep(answer, session)
        return answer
