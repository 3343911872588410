"""Ask a person what newly connected organisations are for, before anything is read or held for them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.errors import LedgerloopError
from ledgerloop.log import logger
from ledgerloop.setup import purpose
from ledgerloop.store import connections
from ledgerloop.web.door import LARGEST_FORM, Form, for_people, form_of_people, to
from ledgerloop.web.pages import page, problem
from ledgerloop.web.sessions import Session, Sessions

PURPOSE = "/connect/purpose"
SHOW = "/connect/show"
HIDE = "/connect/hide"


def routes(built: Ledgerloop, sessions: Sessions) -> list[Route]:
    """Return the routes."""
    desk = Asking(built, sessions)
    return [
        Route(PURPOSE, for_people(sessions, desk.ask)),
        Route(PURPOSE, form_of_people(sessions, desk.answer), methods=["POST"], max_body_size=LARGEST_FORM),
        Route(HIDE, for_people(sessions, desk.ask_to_hide)),
        Route(HIDE, form_of_people(sessions, desk.hide), methods=["POST"], max_body_size=LARGEST_FORM),
        Route(SHOW, form_of_people(sessions, desk.show), methods=["POST"], max_body_size=LARGEST_FORM),
    ]


class Asking:
    """Show what is asked, and take the answer."""

    def __init__(self, built: Ledgerloop, sessions: Sessions) -> None:
        self._built, self._sessions = built, sessions

    def ask(self, _request: Request, session: Session) -> Response:
        """Ask, where anything waits for an answer."""
        built = self._built
        with built.database.reading() as tx:
            asked = purpose.asked(tx, built.parts().routes)
        return page("purpose.html", asked=asked, token=session.token) if asked.questions else to("/")

    def answer(self, _request: Request, _session: Session, form: Form) -> Response:
        """Let the organisations begin as the person said; an unticked box is not sent."""
        built = self._built
        with built.database.reading() as tx:
            waiting = [one.id for one in connections.unanswered(tx)]
        hidden = [one for one in waiting if f"shown {one}" not in form]
        try:
            begun = purpose.answer(built.desk, hidden, form.get("home", ""))
        except LedgerloopError as error:
            return problem("Nothing was changed", error.sentence)
        logger.info("organisations begun", organisations=[one.id for one in begun], hidden=hidden)
        answer = to("/")
        self._sessions.say(answer, f"{', '.join(one.name for one in begun)}: as you said.")
        return answer

    def show(self, _request: Request, _session: Session, form: Form) -> Response:
        """Have an organisation's customers shown that was hidden."""
        try:
            organisation = purpose.show(self._built.desk, form.get("organisation", ""))
        except LedgerloopError as error:
            return problem("Nothing was changed", error.sentence)
        logger.info("organisation shown", organisation=organisation.id)
        answer = to("/")
        self._sessions.say(answer, f"The customers of {organisation.name} are shown when something happens to them.")
        return answer

    def ask_to_hide(self, request: Request, session: Session) -> Response:
        """Say what goes with an organisation's customers being shown, and ask."""
        try:
            with self._built.database.reading() as tx:
                found = purpose.hiding(tx, request.query_params.get("organisation", ""))
        except LedgerloopError as error:
            return problem("Nothing was changed", error.sentence)
        return page("hide.html", found=found, token=session.token)

    def hide(self, _request: Request, _session: Session, form: Form) -> Response:
        """Have an organisation's customers shown no more."""
        try:
            organisation = purpose.hide(self._built.desk, form.get("organisation", ""))
        except LedgerloopError as error:
            return problem("Nothing was changed", error.sentence)
        logger.info("organisation hidden", organisation=organisation.id)
        answer = to("/")
        self._sessions.say(answer, f"The customers of {organisation.name} are not shown any more.")
        return answer
