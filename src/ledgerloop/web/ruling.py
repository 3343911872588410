"""Take a person's answer to a question about who is who: it is this one, it is none of these, the link is wrong."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ledgerloop import subjects
from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.customers import answers
from ledgerloop.customers.answers import Ruled
from ledgerloop.errors import LedgerloopError
from ledgerloop.invoices import payer_answers
from ledgerloop.log import logger
from ledgerloop.parts import instead
from ledgerloop.records import Organisation
from ledgerloop.report.overview import may_be_new
from ledgerloop.store import connections, journal, links, mirror
from ledgerloop.subjects import Subject
from ledgerloop.web.door import LARGEST_FORM, Form, form_of_people, to
from ledgerloop.web.sessions import Session, Sessions

ANSWER = "/link"
_BY = "console"


class Over(LedgerloopError):
    """Report an answer to a question that nobody asks any more."""


def routes(built: Ledgerloop, sessions: Sessions) -> list[Route]:
    """Return the route."""
    desk = Answering(built, sessions)
    return [Route(ANSWER, form_of_people(sessions, desk.answer), methods=["POST"], max_body_size=LARGEST_FORM)]


class Answering:
    """Keep what a person says, as long as it is still asked."""

    def __init__(self, built: Ledgerloop, sessions: Sessions) -> None:
        self._built, self._sessions = built, sessions

    def answer(self, _request: Request, _session: Session, form: Form) -> Response:
        """Keep one answer, and say what comes of it, or why it cannot be."""
        answer = to("/")
        try:
            with instead(self._built.parts()):
                said = self._rule(form.get("lane", ""), form.get("subject", ""), form.get("choice", "")).sentence
        except LedgerloopError as refused:
            said = refused.sentence
        else:
            logger.info("a person said who is who", subject=form.get("subject", ""), choice=form.get("choice", ""))
        self._sessions.say(answer, said)
        return answer

    def _rule(self, lane: str, subject: str, choice: str) -> Ruled:
        """Do what a button says: “new”, “end company”, or the kind and id of a record."""
        about, _, key = subject.partition(" ")
        kind, _, record = choice.partition(" ")
        organisation = self._home_where_asked(lane, subject, choice)
        if kind == "end":
            return answers.part(organisation, key, ["contact" if record == "contact" else "company"], _BY)
        if about == "deal":
            return (
                payer_answers.new_one_pays(organisation, key, _BY)
                if choice == "new"
                else payer_answers.it_pays(organisation, key, record, _BY)
            )
        if choice == "new":
            return answers.it_is_new(organisation, key, _BY)
        return answers.it_is(organisation, key, "contact" if kind == "contact" else "company", record, _BY)

    def _home_where_asked(self, lane: str, subject: str, choice: str) -> Organisation:
        """Return the organisation whose question it is; Over where this answer is not among those that are asked for.

        A deal is held in the portal's lane, and is about customers of one organisation.
        """
        with self._built.database.reading() as tx:
            organisations = connections.organisations(tx)
            held = journal.held(tx, Subject(subject))
            if held is not None and held.lane == lane:
                named = [f"{one.kind} {one.id}" for one in held.choices]
                customers = [one.id for one in held.choices if one.kind == "customer"]
                for organisation in organisations:
                    asked = organisation.id == lane or bool(mirror.customers(tx, organisation.id, customers))
                    if asked and (choice in named or (choice == "new" and may_be_new(held))):
                        return organisation
            for organisation in organisations:
                for one in links.listed(tx, organisation.id, asked=True) if organisation.id == lane else ():
                    link = one.link
                    known = (f"{link.kind} {link.hubspot_id}", f"end {link.kind}")
                    if subject == subjects.customer(link.xero_id) and choice in known:
                        return organisation
        raise Over("That is not asked any more, or not in this way. Look at it again.")
