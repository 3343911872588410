"""Let a person end a connection: a page says what ends with it, and its button does it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.log import logger
from ledgerloop.records import Vendor
from ledgerloop.setup.disconnect import disconnect, survey
from ledgerloop.store import connections
from ledgerloop.store.connections import Connected
from ledgerloop.web.door import LARGEST_FORM, Form, for_people, form_of_people, to
from ledgerloop.web.pages import page, problem
from ledgerloop.web.sessions import Session, Sessions

DISCONNECT = "/disconnect"


def routes(built: Ledgerloop, sessions: Sessions) -> list[Route]:
    """Return the routes."""
    desk = Disconnecting(built, sessions)
    return [
        Route(DISCONNECT, for_people(sessions, desk.ask)),
        Route(DISCONNECT, form_of_people(sessions, desk.end), methods=["POST"], max_body_size=LARGEST_FORM),
    ]


class Disconnecting:
    """Show what ends with a connection, and end it."""

    def __init__(self, built: Ledgerloop, sessions: Sessions) -> None:
        self._built, self._sessions = built, sessions

    def ask(self, request: Request, session: Session) -> Response:
        """Say what ends, and ask."""
        built, query = self._built, request.query_params
        found = self._found(query.get("vendor", ""), query.get("id", ""))
        if found is None:
            return _unknown()
        if found.ended and not found.why:
            return to("/")
        with built.database.reading() as tx:
            leaving = survey(tx, found, built.parts().routes, built.settings.hubspot.token)
        sentences = [found.why] if found.ended else leaving.sentences
        return page("disconnect.html", one=found, sentences=sentences, token=session.token)

    def end(self, _request: Request, _session: Session, form: Form) -> Response:
        """End it, and say what was done and what was not."""
        built = self._built
        found = self._found(form.get("vendor", ""), form.get("id", ""))
        if found is None:
            return _unknown()
        said = disconnect(built.desk, found, built.parts().routes, built.settings.hubspot.token, "in the console")
        logger.info("disconnected", vendor=found.vendor, id=found.id)
        answer = to("/")
        self._sessions.say(answer, " ".join(said))
        return answer

    def _found(self, vendor: str, key: str) -> Connected | None:
        vendors: dict[str, Vendor] = {"xero": "xero", "hubspot": "hubspot"}
        if vendor not in vendors or not key.isprintable():
            return None
        with self._built.database.reading() as tx:
            return connections.get(tx, vendors[vendor], key)


def _unknown() -> Response:
    return problem("There is no such connection", "Nothing of that name is connected, so nothing was changed.", 404)
