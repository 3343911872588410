"""Connecting from the console: Xero by consent at the sandbox's own page, HubSpot by the token that was saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from web_scene import Visit, token_in

from ledgerloop.records import LinkKind
from ledgerloop.rules.properties import properties_on
from ledgerloop.setup.connect import GRANT
from ledgerloop.setup.purpose import answer
from ledgerloop.store import connections
from ledgerloop_sandbox.server import Sandbox, running

ADDRESS = "https://sync.example.com"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Run both vendors."""
    with running(service_url=ADDRESS) as both:
        yield both


@pytest.fixture
def connecting(sandbox: Sandbox, visiting: Callable[..., Visit]) -> Callable[..., Visit]:
    """Give a function that sets up a service which works with the sandbox, both as new."""

    def begin(**more: dict[str, object]) -> Visit:
        for url in (sandbox.xero_url, sandbox.hubspot_url):
            httpx2.post(f"{url}/_sandbox/reset").raise_for_status()
        xero = {"login_url": sandbox.xero_url, "identity_url": sandbox.xero_url, "api_url": sandbox.xero_url}
        return visiting(
            **more
            | {"xero": xero | more.get("xero", {})}
            | {"hubspot": {"api_url": sandbox.hubspot_url} | more.get("hubspot", {})}
        )

    return begin


def _consent(visit: Visit, decision: str = "all", without: str = " ") -> str:
    """Go to Xero from the console, allow or cancel, and return the address that Xero sends the browser back to."""
    visit.console()
    away = visit.browser.get("/connect/xero")
    assert 303 == away.status_code
    asked = parse_qs(urlsplit(away.headers["location"]).query)
    assert (["S256"], [f"{ADDRESS}/connect/xero/callback"]) == (asked["code_challenge_method"], asked["redirect_uri"])
    address = away.headers["location"].replace(f"+{without}", "").replace(f"%20{without}", "")
    back = httpx2.get(f"{address}&sandbox_consent={decision}")
    return str(back.headers["location"])


def _asked(visit: Visit) -> str:
    """Return the page that asks what organisations are for."""
    visit.console()
    return str(visit.browser.get("/connect/purpose").text)


def test_xero_by_consent(connecting: Callable[..., Visit]) -> None:
    """Consent connects every organisation that was chosen, and the console says so, once."""
    visit = connecting()

    back = visit.browser.get(_consent(visit))

    assert (303, "/connect/purpose") == (back.status_code, back.headers["location"])
    asked = visit.browser.get("/connect/purpose").text
    page = visit.console()
    assert "Nothing is read or held for Aussie Demo Pty, Kiwi Demo Ltd before you answer." in asked
    assert "Xero is connected: Kiwi Demo Ltd, Aussie Demo Pty." in page
    assert "Xero is connected:" not in visit.console()
    with visit.built.database.reading() as tx:
        assert ["Aussie Demo Pty", "Kiwi Demo Ltd"] == [one.name for one in connections.all_connected(tx, "xero")]
    assert visit.built.shelf.load(GRANT)


def test_a_consent_that_is_not_enough_changes_nothing(connecting: Callable[..., Visit], sandbox: Sandbox) -> None:
    """A grant that lacks a scope, or that Xero does not answer, is said, and the one that worked is kept."""
    visit = connecting()
    assert 303 == visit.browser.get(_consent(visit)).status_code
    before = visit.built.shelf.load(GRANT)

    lacking = visit.browser.get(_consent(visit, without="accounting.settings.read"))
    fault = {"kind": "status", "status": 403, "path": "/api.xro/2.0/Organisation"}
    httpx2.post(f"{sandbox.xero_url}/_sandbox/faults", json=fault).raise_for_status()
    refused = visit.browser.get(_consent(visit))

    assert (400, 502) == (lacking.status_code, refused.status_code)
    assert "Xero did not grant `accounting.settings.read`" in unescape(lacking.text)
    assert ["Nothing was changed." in one.text for one in (lacking, refused)] == [True, True]
    assert before == visit.built.shelf.load(GRANT)


def test_consent_needs_no_session(connecting: Callable[..., Visit]) -> None:
    """Who began at the command line comes back without a session, and reads that it worked."""
    visit = connecting()
    back = _consent(visit)

    answer = visit.new_browser().get(back)

    assert 200 == answer.status_code
    assert "Ledgerloop may now work with Kiwi Demo Ltd, Aussie Demo Pty." in answer.text


def test_a_consent_that_lacks_what_is_needed(connecting: Callable[..., Visit]) -> None:
    """Who consented to fewer scopes reads which feature stops, with a session and without, as the doctor says it."""
    visit = connecting()

    page = visit.new_browser().get(_consent(visit, without="accounting.payments.read"))
    visit.browser.get(_consent(visit, without="accounting.payments.read"))
    console = visit.console()
    visit.browser.get(_consent(visit))
    whole = visit.console()

    cure = "Xero did not grant every scope that is needed: see that `xero.scopes` has them, and connect again."
    lack = "accounting.transactions no payment is seen, and no credit of a customer's."
    assert [True] * 4 == [words in unescape(one) for one in (page.text, console) for words in (cure, lack)]
    assert cure not in unescape(whole)


def test_two_organisations_are_a_choice(connecting: Callable[..., Visit]) -> None:
    """Where the answer leaves open which deals lead where, the console lets a person choose, and choose again."""
    visit = connecting()
    waits = "and none is chosen in which deals are invoiced, so every won deal of [route] waits."
    away = visit.new_browser().get(_consent(visit))
    answer(visit.built.desk, [], "")
    page = visit.console()
    with visit.built.database.reading() as tx:
        kiwi = next(one.id for one in connections.all_connected(tx, "xero") if one.name == "Kiwi Demo Ltd")

    form = {"token": token_in(page), "organisation": kiwi}
    strange = visit.browser.post("/connect/choose", data={**form, "organisation": "nobody"})
    stranger = visit.new_browser().post("/connect/choose", data=form)
    chosen = visit.browser.post("/connect/choose", data=form)
    after = visit.console()

    assert "Nobody has said yet what Aussie Demo Pty, Kiwi Demo Ltd are for, so nothing is read there." in away.text
    assert waits in page
    assert ("Invoice deals in Kiwi Demo Ltd" in page, "Invoice deals in Aussie Demo Pty" in page) == (True, True)
    assert (400, "/login", 303) == (strange.status_code, stranger.headers["location"], chosen.status_code)
    assert "Deals whose route names no organisation are invoiced in Kiwi Demo Ltd." in after
    assert (waits in after, "Invoice deals in Aussie Demo Pty" in after) == (False, True)


def test_where_routes_name_the_organisation_there_is_no_choice(connecting: Callable[..., Visit]) -> None:
    """Nobody is asked what the settings say."""
    visit = connecting(route={"organisation": "Kiwi Demo Ltd"})

    away = visit.new_browser().get(_consent(visit))
    asked = _asked(visit)
    answer(visit.built.desk, [], "")

    assert "waits" not in away.text
    assert "Deals of [route] are invoiced here." in asked
    assert "No route of the settings names it." in asked
    assert "Deals whose route names no organisation" not in asked
    assert "Invoice deals in" not in visit.console()


def test_consent_counts_once(connecting: Callable[..., Visit]) -> None:
    """A state that was used, or that nobody began here, gets a readable 400."""
    visit = connecting()
    back = _consent(visit)
    assert 303 == visit.browser.get(back).status_code

    for address in (back, f"{ADDRESS}/connect/xero/callback?code=abc&state=unknown"):
        answer = visit.browser.get(address)
        assert 400 == answer.status_code
        assert "Xero was not connected" in answer.text
        assert "begun here in the last ten minutes" in answer.text


def test_stale_consent(connecting: Callable[..., Visit]) -> None:
    """After ten minutes the consent must be begun again."""
    visit = connecting()
    back = _consent(visit)

    visit.clock.passes(minutes=11)

    assert 400 == visit.browser.get(back).status_code
    assert visit.built.shelf.load(GRANT) is None


def test_consent_refused(connecting: Callable[..., Visit]) -> None:
    """Who does not allow access reads that nothing was changed."""
    visit = connecting()

    answer = visit.browser.get(_consent(visit, "none"))

    assert 400 == answer.status_code
    assert "Access was not allowed, so nothing was changed." in answer.text


@pytest.mark.parametrize(
    "query", ["", "?code=abc", "?state=abc", "?error=%3Cscript%3E", "?code=&state=", "?error=server_error&state=x"]
)
def test_odd_callbacks(visit: Visit, query: str) -> None:
    """Whatever else comes to the callback gets a readable 400, with nothing of it as markup."""
    answer = visit.browser.get(f"/connect/xero/callback{query}")

    assert 400 == answer.status_code
    assert "<script" not in answer.text


def test_wrong_client_secret(connecting: Callable[..., Visit]) -> None:
    """Where Xero refuses the app itself, the page names what to check."""
    visit = connecting()
    back = _consent(visit)
    visit.built.secrets.save("xero_client_secret", "wrong")
    again = Visit(visit.built.settings)
    again.clock.at = visit.clock.at

    answer = again.browser.get(back)

    assert 502 == answer.status_code
    assert "compare `xero.client_id` and `xero.scopes` with the app's page there" in unescape(answer.text)
    again.close()


def test_no_client_secret_saved(visiting: Callable[..., Visit]) -> None:
    """Before the app is set up, the page names the setting and the command."""
    visit = visiting(xero={"client_secret": "secret:nobody_saved_this"})
    visit.console()

    answer = visit.browser.get("/connect/xero")

    assert 400 == answer.status_code
    assert "xero.client_secret" in answer.text
    assert "ledgerloop secret set nobody_saved_this" in answer.text


def test_hubspot_by_token(connecting: Callable[..., Visit]) -> None:
    """The button connects the token's portal and makes the properties; pressed again it finds them there."""
    visit = connecting()
    token = token_in(visit.console())

    first = visit.browser.post("/connect/hubspot", data={"token": token})
    page = visit.console()
    visit.browser.post("/connect/hubspot", data={"token": token})

    assert (303, "/") == (first.status_code, first.headers["location"])
    kinds: tuple[LinkKind, ...] = ("contact", "company", "deal")
    made = sum(len(properties_on(kind)) for kind in kinds)
    assert f"HubSpot 62515 is connected. {made} properties were made." in page
    assert "All properties are there." in visit.console()


def test_wrong_hubspot_token(connecting: Callable[..., Visit]) -> None:
    """A token that HubSpot does not know gets a readable page."""
    visit = connecting()
    visit.built.secrets.save("hubspot_token", "pat-na1-wrong")

    answer = visit.browser.post("/connect/hubspot", data={"token": token_in(visit.console())})

    assert 502 == answer.status_code
    assert "HubSpot was not connected" in answer.text
    assert "pat-na1-wrong" not in answer.text


def test_no_hubspot_token_saved(connecting: Callable[..., Visit]) -> None:
    """Before a token was saved, the page names the setting and the command."""
    visit = connecting(hubspot={"token": "secret:nobody_saved_this"})

    answer = visit.browser.post("/connect/hubspot", data={"token": token_in(visit.console())})

    assert 400 == answer.status_code
    assert "ledgerloop secret set nobody_saved_this" in answer.text
