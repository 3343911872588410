"""Let a person connect Xero, by consent at Xero's own page, and HubSpot, by the token that was saved."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ledgerloop.bootstrap import CALLBACK, Ledgerloop
from ledgerloop.errors import ConsentNeeded, LedgerloopError, SettingsError, StoreAway
from ledgerloop.log import logger
from ledgerloop.settings import check_complete
from ledgerloop.setup.connect import (
    begin_consent,
    choose,
    connect_custom,
    connect_portal,
    finish_consent,
    short,
    undecided_in,
)
from ledgerloop.store import connections
from ledgerloop.web.door import LARGEST_FORM, Form, for_people, form_of_people, to
from ledgerloop.web.pages import page, problem
from ledgerloop.web.purpose import PURPOSE
from ledgerloop.web.sessions import Session, Sessions

XERO = "/connect/xero"
HUBSPOT = "/connect/hubspot"
CHOOSE = "/connect/choose"


def routes(built: Ledgerloop, sessions: Sessions) -> list[Route]:
    """Return the routes."""
    desk = Connecting(built, sessions)
    return [
        Route(XERO, for_people(sessions, desk.to_xero)),
        Route(XERO, form_of_people(sessions, desk.custom), methods=["POST"], max_body_size=LARGEST_FORM),
        Route(CALLBACK, desk.from_xero),
        Route(CHOOSE, form_of_people(sessions, desk.choose), methods=["POST"], max_body_size=LARGEST_FORM),
        Route(HUBSPOT, form_of_people(sessions, desk.hubspot), methods=["POST"], max_body_size=LARGEST_FORM),
    ]


class Connecting:
    """Send people to the vendors, and take what they come back with."""

    def __init__(self, built: Ledgerloop, sessions: Sessions) -> None:
        self._built, self._sessions = built, sessions

    def to_xero(self, _request: Request, _session: Session) -> Response:
        """Send the person to Xero's consent page."""
        if self._built.settings.xero.connection == "custom":
            return problem("Xero needs no consent", "A custom connection is connected by the console's button.")
        try:
            return RedirectResponse(consent_address(self._built), 303)
        except SettingsError as error:
            return problem("Xero cannot be connected yet", error.sentence)

    def custom(self, _request: Request, _session: Session, _form: Form) -> Response:
        """Connect the organisation of a custom connection, which needs no consent."""
        try:
            check_complete(self._built.settings)
            organisation = connect_custom(self._built.desk)
        except LedgerloopError as error:
            return problem("Xero was not connected", error.sentence, _status(error))
        logger.info("xero connected", organisations=[organisation.id])
        answer = to("/")
        self._sessions.say(answer, " ".join([f"Xero is connected: {organisation.name}.", *short(self._built.desk)]))
        return answer

    def from_xero(self, request: Request) -> Response:
        """Finish a consent.

        No session is asked for, since ``ledgerloop connect xero`` may have sent the person. The state is what counts:
        it is known to whoever began the consent here, and good once.
        """
        query = request.query_params
        if query.get("error"):
            refused = query["error"] == "access_denied"
            said = "Access was not allowed" if refused else f"Xero answered “{query['error'][:100]}”"
            return problem("Xero was not connected", f"{said}, so nothing was changed. You can try again.")
        if not query.get("code") or not query.get("state"):
            return problem("Xero was not connected", "This address is where Xero sends people back, with a code.")
        try:
            organisations = finish_consent(self._built.desk, query["code"], query["state"])
        except ConsentNeeded as error:
            return problem("Xero was not connected", error.sentence)
        except LedgerloopError as error:
            logger.warning("consent not finished", why=error.sentence)
            status = _status(error)
            return problem("Xero was not connected", f"{error.sentence} Nothing was changed.", status)
        names = ", ".join(one.name for one in organisations) or "no organisation"
        logger.info("xero connected", organisations=[one.id for one in organisations])
        with self._built.database.reading() as tx:
            waits = undecided_in(tx, self._built.parts().routes)
            asked = [one.name for one in connections.unanswered(tx)]
        lacking = short(self._built.desk)
        if not self._sessions.of(request).person:
            return page("connected.html", names=names, waits=waits, asked=asked, lacking=lacking)
        answer = to(PURPOSE if asked else "/")
        self._sessions.say(answer, " ".join([f"Xero is connected: {names}.", *lacking]))
        return answer

    def choose(self, _request: Request, _session: Session, form: Form) -> Response:
        """Have deals whose route names no organisation invoiced in the one that a person chose."""
        try:
            organisation = choose(self._built.desk, form.get("organisation", ""))
        except LedgerloopError as error:
            return problem("That organisation cannot be chosen", error.sentence)
        logger.info("organisation chosen", organisation=organisation.id)
        answer = to("/")
        self._sessions.say(answer, f"Deals whose route names no organisation are invoiced in {organisation.name}.")
        return answer

    def hubspot(self, _request: Request, _session: Session, _form: Form) -> Response:
        """Connect the portal of the saved token, and make the properties that it lacks."""
        try:
            portal, done = connect_portal(self._built.desk)
        except LedgerloopError as error:
            status = _status(error)
            return problem("HubSpot was not connected", error.sentence, status)
        logger.info("hubspot connected", portal=portal.id, made=len(done.made), wrong=len(done.wrong))
        made = f"{len(done.made)} properties were made." if done.made else "All properties are there."
        answer = to("/")
        self._sessions.say(answer, " ".join([f"{portal.name} is connected. {made}", *done.wrong]))
        return answer


def _status(error: LedgerloopError) -> int:
    """Tell what is to be mended here, what comes back by itself, and what a vendor has refused."""
    return 400 if isinstance(error, SettingsError) else 503 if isinstance(error, StoreAway) else 502


def consent_address(built: Ledgerloop) -> str:
    """Return the address at which a person consents; SettingsError where the Xero app is not set up yet."""
    settings = built.settings
    check_complete(settings)
    built.lookup.read(settings.xero.client_secret, "xero.client_secret")
    return begin_consent(built.desk)
