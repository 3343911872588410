"""The console's page about what is set up: what was found last, and a button that looks again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import unescape

import httpx2
import pytest
from web_scene import Visit, token_in

from ledgerloop_sandbox.server import Sandbox, running


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Run both vendors."""
    with running() as both:
        yield both


@pytest.fixture
def visit(sandbox: Sandbox, visiting: Callable[..., Visit]) -> Visit:
    """Give a service that works with the sandbox, and has connected nothing yet."""
    xero = {"login_url": sandbox.xero_url, "identity_url": sandbox.xero_url, "api_url": sandbox.xero_url}
    own = {"public_url": "https://localhost"}  # which is not tried out
    return visiting(service=own, xero=xero, hubspot={"api_url": sandbox.hubspot_url})


def _calls(sandbox: Sandbox) -> int:
    return len(httpx2.get(f"{sandbox.hubspot_url}/_sandbox/calls").json()["calls"])


def test_what_was_found_is_shown_until_somebody_looks_again(visit: Visit, sandbox: Sandbox) -> None:
    """Only the button asks the vendors; what it found stays on the page, and the console leads there."""
    assert "Look over everything" in visit.console()
    assert "Nobody has looked yet" in visit.browser.get("/doctor").text

    token = token_in(visit.browser.get("/doctor").text)
    answer = visit.browser.post("/doctor", data={"token": token})

    assert (303, "/doctor") == (answer.status_code, answer.headers["location"])
    before = _calls(sandbox)
    page = unescape(visit.browser.get("/doctor").text)
    assert "No Xero organisation is connected: run `ledgerloop connect xero`, or use the console." in page
    assert "HubSpot lacks properties, run `ledgerloop provision`" in page
    assert "HubSpot's token has every scope that is wanted." in page
    assert "<dt>Wanted</dt><dd>oauth crm.objects.contacts.read" in page
    assert "things were missing</a> when everything was looked at" in " ".join(visit.console().split())
    assert before == _calls(sandbox)


def test_only_people_look(visit: Visit, sandbox: Sandbox) -> None:
    """A stranger is sent to the sign-in page, and a form from elsewhere is refused; neither costs a call."""
    before = _calls(sandbox)

    assert "/login" == visit.browser.get("/doctor").headers["location"]
    assert "/login" == visit.browser.post("/doctor", data={"token": "x"}).headers["location"]
    visit.console()
    assert 403 == visit.browser.post("/doctor", data={"token": "x"}).status_code

    assert before == _calls(sandbox)
    assert "Nobody has looked yet" in visit.browser.get("/doctor").text
