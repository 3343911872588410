"""Approving invoices in the console: who may, by which form, and what then goes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from web_scene import Visit, token_in

from ledgerloop.records import Intent, Portal
from ledgerloop.store import connections, intents, journal, lanes
from ledgerloop.store.connections import Connected

PORTAL = Portal("62515", "HubSpot 62515", "NZD", "UTC")


@pytest.fixture
def asking(visit: Visit) -> Visit:
    """Give a console in which deal 7 waits for approval and the brake has stopped deal 8."""
    now = visit.clock.now()
    with visit.built.database.transaction() as tx:
        connections.put(tx, Connected("hubspot", PORTAL.id, PORTAL.name, "hubspot", PORTAL, now))
        for deal, asks in (("7", "The invoice of 5.00 NZD waits for approval."), ("8", "")):
            kept = Intent(PORTAL.id, deal, "org", "c", "{}", "h", "k", f"HS-{deal}", "u", created_at=now, asks=asks)
            intents.put(tx, [kept])
        journal.hold(tx, PORTAL.id, "deal 7", ["The invoice of 5.00 NZD waits for approval."], (), now)
        journal.hold(tx, PORTAL.id, "deal 9", ["The deal has no line items."], (), now)
        journal.hold(tx, PORTAL.id, "brake 62515", ["1 invoices wait."], (), now)
    return visit


def test_only_what_waits_for_approval_has_a_button(asking: Visit) -> None:
    """A hold that a person ends by approving has a button; one that needs something else has none."""
    page = asking.console()

    assert ['value="deal 7"', 'value="brake 62515"'] == [
        word for word in ('value="deal 7"', 'value="deal 9"', 'value="brake 62515"') if word in page
    ]


@pytest.mark.parametrize(
    ("subject", "approved", "said"),
    [
        ("deal 7", {"7"}, "Approved: one invoice."),
        ("brake 62515", {"8"}, "Approved: one invoice."),
        ("deal 9", set(), "None of that waits for approval any more."),
        ("brake elsewhere", set(), "None of that waits for approval any more."),
        ("", set(), "None of that waits for approval any more."),
    ],
)
def test_approve(asking: Visit, subject: str, approved: set[str], said: str) -> None:
    """What is approved may leave, its hold goes, its lane is woken, and the page says so."""
    page = asking.console()

    answer = asking.browser.post("/approve", data=_form(page, subject))

    assert (303, "/") == (answer.status_code, answer.headers["location"])
    assert said in asking.console()
    with asking.built.database.reading() as tx:
        found = {deal for deal, one in intents.get(tx, PORTAL.id, ["7", "8"]).items() if one.approved_at}
        woken = {(one.flow, one.lane) for one in lanes.all_lanes(tx) if one.wanted}
        held = {one.subject for one in journal.holds(tx)}
    assert approved == found
    assert woken == ({("invoicing", PORTAL.id)} if approved else set())
    assert ("deal 7" in held) is ("7" not in approved)


@pytest.mark.parametrize("subject", ["deal 7", "brake 62515"])
def test_what_changed_since_the_page_was_shown_is_not_approved(asking: Visit, subject: str) -> None:
    """An old page approves no new figure: it says so, and what it shows then may be approved."""
    old = asking.console()
    with asking.built.database.transaction() as tx:
        for one in intents.get(tx, PORTAL.id, ["7", "8"]).values():
            intents.put(tx, [replace(one, payload_hash="another")])

    asking.browser.post("/approve", data=_form(old, subject))

    page = asking.console()
    assert "has changed since it was shown" in page
    with asking.built.database.reading() as tx:
        assert not any(one.approved_at for one in intents.get(tx, PORTAL.id, ["7", "8"]).values())
    asking.browser.post("/approve", data=_form(page, subject))
    assert "Approved: one invoice." in asking.console()


def test_a_form_without_its_token_approves_nothing(asking: Visit) -> None:
    """A page from elsewhere cannot approve in a person's name."""
    asking.console()

    assert 403 == asking.browser.post("/approve", data={"token": "x", "subject": "deal 7"}).status_code

    with asking.built.database.reading() as tx:
        assert not intents.get(tx, PORTAL.id, ["7"])["7"].approved_at


def test_strangers_approve_nothing(asking: Visit) -> None:
    """Nobody approves without having signed in."""
    token = token_in(asking.browser.get("/login").text)

    answer = asking.browser.post("/approve", data={"token": token, "subject": "deal 7"})

    assert (303, "/login") == (answer.status_code, answer.headers["location"])


def _form(page: str, subject: str) -> dict[str, str]:
    """Return what the page's button for a subject sends; what a forger would where it has none."""
    seal = re.search(rf'value="{subject}">\s*<input type="hidden" name="seal" value="([0-9a-f]+)"', page)
    return {"token": token_in(page), "subject": subject, "seal": seal[1] if seal else ""}
