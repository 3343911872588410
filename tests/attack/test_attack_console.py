"""The console against those who guess, who stand behind a proxy or say so, and who send people elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from attacked import Attacked
from starlette.testclient import TestClient
from web_scene import GOOD_PASSWORD, Visit, furnish, token_in

from ledgerloop.errors import SettingsError
from ledgerloop.web.pages import HEADERS
from ledgerloop.web.passwords import EACH_OF_ALL, FREE, FREE_OF_ALL, Attempts

Visiting = Callable[..., Visit]
EVIL = {"host": "evil.example.com", "x-forwarded-host": "evil.example.com"}


@pytest.fixture
def visiting(sqlite_url: str, tmp_path: Path) -> Iterator[Visiting]:
    """Give a function that sets up a service with settings of the test's own, and closes it after the test."""
    open_: list[Visit] = []

    def begin(**sections: dict[str, object]) -> Visit:
        visit = Visit(furnish(tmp_path, sqlite_url, sections))
        open_.append(visit)
        return visit

    yield begin
    for one in open_:
        one.close()


def _from(visit: Visit, peer: str) -> TestClient:
    """Open a browser, or a proxy, at an address."""
    return TestClient(visit.app, base_url="https://sync.example.com", follow_redirects=False, client=(peer, 40_000))


def _guess(browser: TestClient, forwarded: str = "", password: str = "wrong password") -> int:
    token = token_in(browser.get("/login").text)
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    form = {"token": token, "password": password}
    return int(browser.post("/login", data=form, headers=headers).status_code)


def test_a_stranger_chooses_no_address(visiting: Visiting) -> None:
    """X-Forwarded-For from whoever is no proxy of ours counts for nothing."""
    visit = visiting()
    stranger = _from(visit, "203.0.113.9")

    statuses = [_guess(stranger, f"198.51.100.{number}") for number in range(FREE + 2)]

    assert [401] * FREE + [429] * 2 == statuses


def test_a_proxy_that_the_setting_names_is_believed(visiting: Visiting) -> None:
    """Behind a proxy in another container one guesser makes only his own address wait; the last one it adds counts."""
    visit = visiting(service={"trusted_proxies": ["172.16.0.0/12"]})
    proxy = _from(visit, "172.18.0.2")
    for number in range(FREE):
        assert 401 == _guess(proxy, f"10.9.8.{number}, 203.0.113.9")

    assert 429 == _guess(proxy, "203.0.113.9", GOOD_PASSWORD)
    assert 303 == _guess(proxy, "198.51.100.7", GOOD_PASSWORD)


def test_no_proxy_may_be_trusted(visiting: Visiting) -> None:
    """With an empty setting nobody is believed, this machine included."""
    visit = visiting(service={"trusted_proxies": []})
    local = _from(visit, "127.0.0.1")

    assert [401] * FREE + [429] == [_guess(local, f"203.0.113.{number}") for number in range(FREE + 1)]


def test_what_is_no_network_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    """A setting that names no address says so."""
    with pytest.raises(SettingsError, match="no address and no network"):
        furnish(tmp_path, sqlite_url, {"service": {"trusted_proxies": ["proxy.example.com"]}})


def test_many_addresses_are_one_guesser(visiting: Visiting) -> None:
    """Who has many addresses is stopped over all; a browser in which somebody signed in before is let in."""
    visit = visiting()
    known, other, proxy = _from(visit, "198.51.100.1"), _from(visit, "198.51.100.1"), _from(visit, "127.0.0.1")
    assert 303 == _guess(known, password=GOOD_PASSWORD)
    known.post("/logout", data={"token": token_in(known.get("/").text)})

    statuses = [_guess(proxy, f"203.0.{number // 250}.{number % 250}") for number in range(FREE_OF_ALL + 5)]

    assert [401] * FREE_OF_ALL + [429] * 5 == statuses
    assert 429 == _guess(other, password=GOOD_PASSWORD)
    assert 303 == _guess(known, password=GOOD_PASSWORD)
    visit.clock.passes(seconds=EACH_OF_ALL)
    assert 303 == _guess(other, password=GOOD_PASSWORD)


def test_guesses_over_all_are_forgotten_though_the_clock_was_put_back(visiting: Visiting) -> None:
    """Where the clock was ahead while they came, they count no longer than others do."""
    visit = visiting()
    visit.clock.is_put(hours=3)
    proxy, other = _from(visit, "127.0.0.1"), _from(visit, "198.51.100.1")
    for number in range(FREE_OF_ALL):
        assert 401 == _guess(proxy, f"203.0.113.{number}")
    visit.clock.is_put(hours=-3)

    assert 429 == _guess(other, password=GOOD_PASSWORD)
    visit.clock.passes(seconds=EACH_OF_ALL)
    assert 303 == _guess(other, password=GOOD_PASSWORD)


def test_a_known_browser_is_counted_by_itself(visiting: Visiting) -> None:
    """A known browser guesses no more than others, and others at its address do not make it wait."""
    visit = visiting()
    known, stranger = _from(visit, "198.51.100.1"), _from(visit, "198.51.100.1")
    assert 303 == _guess(known, password=GOOD_PASSWORD)
    known.post("/logout", data={"token": token_in(known.get("/").text)})

    assert [401] * FREE + [429] == [_guess(stranger) for _ in range(FREE + 1)]
    assert [401] * FREE + [429] == [_guess(known) for _ in range(FREE + 1)]


def test_the_count_of_all_goes_down_with_time() -> None:
    """Wrong passwords over all are forgotten one by one."""
    now = 100.0
    attempts = Attempts()
    for number in range(FREE_OF_ALL):
        assert 0 == attempts.wait_for_all(now)
        attempts.failed(str(number), now)

    assert EACH_OF_ALL == attempts.wait_for_all(now)
    assert 0 == attempts.wait_for_all(now + EACH_OF_ALL)


def test_cookies_are_of_this_host_alone(visiting: Visiting) -> None:
    """Over https each cookie is bound to the host: `__Host-`, Secure, for the whole of it, and of no domain."""
    visit = visiting()
    browser = _from(visit, "198.51.100.1")
    answers = [browser.get("/login")]
    form = {"token": token_in(answers[0].text), "password": GOOD_PASSWORD}
    answers.append(browser.post("/login", data=form))

    cookies = [cookie for answer in answers for cookie in answer.headers.get_list("set-cookie")]
    assert len(cookies) == 3
    for cookie in cookies:
        assert cookie.startswith("__Host-ledgerloop_")
        assert all(part in cookie for part in ("; Secure", "; Path=/", "; HttpOnly", "; SameSite=lax"))
        assert "domain" not in cookie.lower()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", path) for path in ("/", "/login", "/login/", "/static", "/static/", "/nowhere", "/health/")),
        *(("GET", path) for path in ("/health", "/static/style.css", "/connect/xero", "/connect/xero/callback")),
        *(("POST", path) for path in ("/", "/login", "/logout", "/approve", "/connect/hubspot", "/health")),
        *(("DELETE", path) for path in ("/", "/static/style.css")),
    ],
)
def test_every_answer_carries_its_headers(visiting: Visiting, method: str, path: str) -> None:
    """Pages, redirects, refusals and files alike; and no redirect leads where the request's Host says."""
    visit = visiting()

    answer = visit.browser.request(method, path, headers=EVIL)

    for name, value in HEADERS.items():
        if name != "Cache-Control" or not path.startswith("/static/"):
            assert value == answer.headers.get(name), name
    location = answer.headers.get("location", "/")
    assert location.startswith("/")
    assert not location.startswith("//")


def test_webhooks_carry_nothing(visiting: Visiting) -> None:
    """Xero wants answers without a body and without cookies; a page's headers are no use to it."""
    visit = visiting()
    answer = visit.from_xero(b"", "wrong")
    assert 401 == answer.status_code
    assert {"content-length"} == set(answer.headers)


def test_an_environment_variable_makes_nobody_a_proxy(
    attacked: Callable[..., Attacked], sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's own FORWARDED_ALLOW_IPS counts for nothing: the setting alone says who is believed."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    service = attacked(sqlite_url, service={"trusted_proxies": []})
    with httpx2.Client(base_url=service.url, timeout=90.0) as browser:
        statuses = []
        for number in range(FREE + 1):
            form = {"token": token_in(browser.get("/login").text), "password": "a wrong password"}
            headers = {"x-forwarded-for": f"203.0.113.{number}"}
            statuses.append(browser.post("/login", data=form, headers=headers).status_code)
    assert [401] * FREE + [429] == statuses
