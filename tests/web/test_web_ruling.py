"""Answering in the console who is who: which questions have buttons, who may press them, and what is kept."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import insert, select
from web_scene import Visit, token_in

from ledgerloop.records import Choice, Customer, Organisation, Portal
from ledgerloop.store import connections, journal, lanes, links, mirror, pending_customers, rulings
from ledgerloop.store.connections import Connected
from ledgerloop.store.tables import link, ruling

HOME = Organisation("org-1", "Kiwi Demo Ltd", "NZD", "Pacific/Auckland")
PORTAL = Portal("62515", "HubSpot 62515", "NZD", "UTC")
NEW = "None of these: make a new one"


@pytest.fixture
def asking(visit: Visit) -> Visit:
    """Give a console that asks about a company, about a contact, about nothing to choose, and about an earlier link."""
    now = visit.clock.now()
    with visit.built.database.transaction() as tx:
        connections.put(tx, Connected("xero", HOME.id, HOME.name, "xero", HOME, now))
        connections.put(tx, Connected("hubspot", PORTAL.id, PORTAL.name, "hubspot", PORTAL, now))
        names = {"c1": "Rata Roofing", "c2": "Plumb Right", "c3": "Nothing Ltd", "c4": "Earlier Ltd"}
        mirror.store_customers(tx, [Customer(HOME.id, key, name) for key, name in names.items()], touch=False)
        company = Choice("company", "512", "“Rata <b>Roofing</b>” (512) with the same name")
        contact = Choice("contact", "77", "“Clients” (77)")
        journal.hold(tx, HOME.id, "customer c1", ["Which company?"], ["512"], now, choices=[company])
        journal.hold(tx, HOME.id, "customer c2", ["Whose contact?"], ["77"], now, choices=[contact])
        journal.hold(tx, HOME.id, "customer c3", ["Archived."], ["9"], now)
        row = {"organisation": HOME.id, "kind": "company", "xero_id": "c4", "hubspot_id": "99", "how": "name"}
        tx.execute(insert(link).values(**row, made_at=now, asks="An earlier release linked it. Is it?"))
    return visit


def _buttons(page: str) -> list[tuple[str, str]]:
    """Return subject and choice of every button that answers a question."""
    forms = re.findall(r'<form method="post" action="/link">(.*?)</form>', page, re.DOTALL)
    fields = [dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)) for form in forms]
    return [(one["subject"], one["choice"]) for one in fields]


def _press(visit: Visit, subject: str, choice: str, lane: str = HOME.id, token: str | None = None) -> str:
    given = token_in(visit.console()) if token is None else token
    form = {"token": given, "lane": lane, "subject": subject, "choice": choice}
    answer = visit.browser.post("/link", data=form)
    assert (303, "/") == (answer.status_code, answer.headers["location"])
    return visit.console()


def test_questions_with_candidates_have_buttons(asking: Visit) -> None:
    """Each candidate has a button; a new one is offered for companies, for a contact's email is one contact's only."""
    page = asking.console()

    assert [
        ("customer c1", "company 512"),
        ("customer c1", "new"),
        ("customer c2", "contact 77"),
        ("customer c4", "company 99"),
        ("customer c4", "end company"),
    ] == _buttons(page)
    assert 1 == page.count(NEW)
    assert "Links to look at" in page
    assert "linked by name since 22 November 2026" in page
    assert "<b>Roofing" not in page


def test_a_new_one_is_kept(asking: Visit) -> None:
    """The answer is kept, the customer is looked at again, its lane woken, and the journal says who spoke."""
    page = _press(asking, "customer c1", "new")

    assert "“Rata Roofing” is none of the HubSpot companies that there are" in page
    with asking.built.database.reading() as tx:
        assert {"customer c1 company": ""} == rulings.get(tx, HOME.id, ["customer c1 company"])
        assert ["c1"] == pending_customers.every(tx, HOME.id)
        assert [("standing", HOME.id)] == [(one.flow, one.lane) for one in lanes.all_lanes(tx) if one.wanted]
        assert "A person (console) said" in journal.recent(tx, 1, "customer c1")[0].reason


def test_a_link_is_ended(asking: Visit) -> None:
    """A link of an earlier release ends by its button, and the record is not found for that customer again."""
    page = _press(asking, "customer c4", "end company")

    assert "“Earlier Ltd” is no longer the HubSpot company 99" in page
    assert "Links to look at" not in page
    with asking.built.database.reading() as tx:
        assert [] == links.listed(tx, HOME.id)
        assert {"c4": {("company", "99")}} == rulings.ended(tx, HOME.id, ["c4"])


@pytest.mark.parametrize(
    ("subject", "choice", "lane"),
    [
        ("customer c1", "company 513", HOME.id),
        ("customer c1", "company 512", "elsewhere"),
        ("customer c2", "new", HOME.id),
        ("customer c3", "new", HOME.id),
        ("customer c1", "end company", HOME.id),
        ("customer c4", "end contact", HOME.id),
        ("deal 9", "new", PORTAL.id),
        ("", "", ""),
    ],
)
def test_what_is_not_asked_is_not_answered(asking: Visit, subject: str, choice: str, lane: str) -> None:
    """Only what a question offers, and as long as it is asked: an old page or a forged form changes nothing."""
    page = _press(asking, subject, choice, lane)

    assert "That is not asked any more, or not in this way." in page
    with asking.built.database.reading() as tx:
        assert [] == tx.execute(select(ruling.c.subject)).all()


def test_a_form_without_its_token_answers_nothing(asking: Visit) -> None:
    """A page from elsewhere cannot answer in a person's name, nor can a stranger."""
    asking.console()
    form = {"token": "x", "lane": HOME.id, "subject": "customer c1", "choice": "new"}

    assert 403 == asking.browser.post("/link", data=form).status_code
    stranger = asking.new_browser()
    form["token"] = token_in(stranger.get("/login").text)
    answer = stranger.post("/link", data=form)
    assert (303, "/login") == (answer.status_code, answer.headers["location"])

    with asking.built.database.reading() as tx:
        assert [] == tx.execute(select(ruling.c.subject)).all()
