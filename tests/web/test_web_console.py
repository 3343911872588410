"""The console: who may see it, how long, by which forms; and what it shows."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from web_scene import GOOD_PASSWORD, Visit, keep_secrets, token_in, xero_body, xero_event

from ledgerloop.records import Customer, Entry, Event, Intent, Organisation, Portal, Rest, Signed
from ledgerloop.secrets.sealed import new_key_file
from ledgerloop.store import connections, inbox, intents, journal, lanes, mirror, signatures, single_values
from ledgerloop.store.connections import Connected
from ledgerloop.web.pages import HEADERS
from ledgerloop.web.passwords import FREE, hash_of

EVIL = '<script>alert("x")</script>'


def _connect(visit: Visit, name: str = "Kiwi Demo Ltd") -> None:
    home = Organisation("org-1", name, "NZD", "Pacific/Auckland")
    portal = Portal("62515", "HubSpot 62515", "NZD", "UTC")
    with visit.built.database.transaction() as tx:
        connections.put(tx, Connected("xero", home.id, name, "xero", home, visit.clock.now()))
        connections.put(tx, Connected("hubspot", portal.id, portal.name, "hubspot", portal, visit.clock.now()))


# --- signing in ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/connect/xero"])
def test_strangers_are_sent_to_sign_in(visit: Visit, path: str) -> None:
    """Nobody sees anything before signing in."""
    answer = visit.browser.get(path)

    assert (303, "/login", b"") == (answer.status_code, answer.headers["location"], answer.content)


@pytest.mark.parametrize("path", ["/logout", "/connect/hubspot"])
def test_forms_of_strangers_do_nothing(visit: Visit, path: str) -> None:
    """A form without a session, even with the token of the sign-in page, leads to signing in."""
    token = token_in(visit.browser.get("/login").text)

    answer = visit.browser.post(path, data={"token": token})

    assert (303, "/login") == (answer.status_code, answer.headers["location"])


def test_sign_in_and_out(visit: Visit) -> None:
    """The password opens the console, by a cookie that scripts and other sites cannot use; signing out ends it."""
    answer = visit.sign_in()
    cookie = answer.headers["set-cookie"]

    assert (303, "/") == (answer.status_code, answer.headers["location"])
    for word in ("HttpOnly", "SameSite=lax", "Secure", "Path=/", f"Max-Age={12 * 3600}"):
        assert word in cookie
    page = visit.browser.get("/")
    assert 200 == page.status_code
    assert 303 == visit.browser.get("/login").status_code
    assert 303 == visit.browser.post("/logout", data={"token": token_in(page.text)}).status_code
    assert 303 == visit.browser.get("/").status_code


def test_signing_out_ends_the_session_for_good(visit: Visit) -> None:
    """A cookie that somebody kept opens nothing once its session has signed out; another session goes on."""
    visit.sign_in()
    kept = visit.browser.cookies["__Host-ledgerloop_session"]
    other = visit.new_browser()
    first, visit.browser = visit.browser, other
    visit.sign_in()

    first.post("/logout", data={"token": token_in(first.get("/").text)})

    thief = visit.new_browser()
    thief.cookies.set("__Host-ledgerloop_session", kept)
    assert 303 == thief.get("/").status_code
    assert 200 == other.get("/").status_code


def test_cookie_over_http_is_not_secure(visiting: Callable[..., Visit]) -> None:
    """Where the service is reached by http, on this machine, a Secure cookie would never come back."""
    visit = visiting(service={"public_url": ""})

    assert "secure" not in visit.browser.get("/login").headers["set-cookie"].lower()


def test_wrong_password(visit: Visit) -> None:
    """A wrong password opens nothing and says no more than that."""
    answer = visit.sign_in("a wrong password")

    assert 401 == answer.status_code
    assert "That is not the password." in answer.text
    assert 303 == visit.browser.get("/").status_code


def test_no_password_set(visit: Visit) -> None:
    """Where no password was set nothing opens the console, and the page says which command sets one."""
    token = token_in(visit.browser.get("/login").text)
    with visit.built.database.transaction() as tx:
        tx.exec_driver_sql(f"DELETE FROM value WHERE name = '{single_values.PASSWORD.name}'")

    page = visit.browser.get("/login")
    assert "<code>ledgerloop password</code>" in page.text
    assert "<form" not in page.text
    for password in ("", GOOD_PASSWORD):
        assert visit.browser.post("/login", data={"token": token, "password": password}).status_code in (401, 403)
    assert 303 == visit.browser.get("/").status_code


def test_lock_out(visit: Visit) -> None:
    """After five wrong passwords even the right one must wait; each further wrong one doubles the wait."""
    for _ in range(FREE):
        assert 401 == visit.sign_in("a wrong password").status_code

    locked = visit.sign_in()
    assert (429, "30") == (locked.status_code, locked.headers["retry-after"])
    assert "Please wait 30 seconds." in locked.text
    visit.clock.passes(seconds=31)
    assert 401 == visit.sign_in("a wrong password").status_code
    visit.clock.passes(seconds=31)
    assert 429 == visit.sign_in().status_code
    visit.clock.passes(seconds=30)
    assert 303 == visit.sign_in().status_code


def test_a_clock_that_is_put_right_locks_nobody_out(visit: Visit) -> None:
    """Whatever is done to the machine's clock, who guessed waits for as long as was said and no longer."""
    visit.clock.is_put(hours=3)
    for _ in range(FREE):
        assert 401 == visit.sign_in("a wrong password").status_code
    visit.clock.is_put(hours=-3)

    assert "30" == visit.sign_in().headers["retry-after"]
    visit.clock.passes(seconds=30)
    assert 303 == visit.sign_in().status_code


def test_guesses_sent_at_once_are_counted_before_they_are_checked(visit: Visit) -> None:
    """However many guesses come together, no more are checked than one after the other would be."""
    token, cookies = token_in(visit.browser.get("/login").text), dict(visit.browser.cookies)

    async def guess() -> list[int]:
        over = httpx2.ASGITransport(app=visit.app)
        async with httpx2.AsyncClient(transport=over, base_url="https://sync.example.com", cookies=cookies) as browser:
            form = {"token": token, "password": "a wrong password"}
            answers = await asyncio.gather(*(browser.post("/login", data=form) for _ in range(20)))
        return [one.status_code for one in answers]

    statuses = asyncio.run(guess())
    assert [401] * FREE + [429] * (20 - FREE) == sorted(statuses)


def test_lock_out_is_over_after_success(visit: Visit) -> None:
    """The right password in time ends the count."""
    for _ in range(FREE - 1):
        visit.sign_in("a wrong password")
    assert 303 == visit.sign_in().status_code

    visit.browser = visit.new_browser()
    assert 401 == visit.sign_in("a wrong password").status_code
    assert 303 == visit.sign_in().status_code


def test_forms_need_their_token(visit: Visit) -> None:
    """A form without its session's token is refused, with another session's token too, and nothing happens."""
    other = token_in(visit.new_browser().get("/login").text)
    visit.browser.get("/login")
    for token in ({}, {"token": ""}, {"token": other}):
        assert 403 == visit.browser.post("/login", data={**token, "password": GOOD_PASSWORD}).status_code
    visit.console()

    for path in ("/logout", "/connect/hubspot"):
        for token in ({}, {"token": other}):
            refused = visit.browser.post(path, data=token)
            assert 403 == refused.status_code
            assert "came from elsewhere" in refused.text
    assert 200 == visit.browser.get("/").status_code


def test_session_ends(visit: Visit) -> None:
    """A session ends after twelve hours."""
    visit.console()

    visit.clock.passes(hours=11, minutes=59)
    assert 200 == visit.browser.get("/").status_code
    visit.clock.passes(minutes=2)
    assert 303 == visit.browser.get("/").status_code


def test_forged_cookies_are_nobodys(visit: Visit) -> None:
    """A cookie that was changed, cut, or signed for another purpose is as good as none."""
    visit.console()
    good = visit.browser.cookies["__Host-ledgerloop_session"]
    body, _, signature = good.partition(".")
    for bad in (
        body,
        f"{body}.",
        f"{body[:-4]}AAAA.{signature}",
        f".{signature}",
        f"{body}.{'0' * 64}",
        "é.é",
        "x" * 3000,
    ):
        visit.browser.cookies.clear()
        answer = visit.browser.get("/", headers={"cookie": f"__Host-ledgerloop_session={bad}".encode()})

        assert 303 == answer.status_code
    assert 303 == visit.browser.get("/", headers={"cookie": f"__Host-ledgerloop_said={good}"}).status_code


def test_strangers_cookie_is_not_taken_over(visit: Visit) -> None:
    """Signing in begins a new session, with another token than the sign-in page had."""
    before = token_in(visit.browser.get("/login").text)

    assert before != token_in(visit.console())


def test_new_password_ends_sessions(visit: Visit) -> None:
    """A new password ends every session that was begun with the old one."""
    visit.console()
    with visit.built.database.transaction() as tx:
        single_values.put(tx, single_values.PASSWORD, hash_of("another password"))

    assert 303 == visit.browser.get("/").status_code


def test_sessions_outlive_a_restart(visit: Visit) -> None:
    """The key is kept, sealed: another process on the same database knows the session."""
    visit.console()
    again = Visit(visit.built.settings)
    again.browser.cookies.update(dict(visit.browser.cookies))
    with visit.built.database.reading() as tx:
        sealed = tx.exec_driver_sql("SELECT sealed FROM secret WHERE name = 'console_session_key'").scalar()

    assert 200 == again.browser.get("/").status_code
    assert sealed
    again.close()


def test_new_sealing_key_ends_sessions_only(visit: Visit) -> None:
    """Where another key seals now, and the secrets were saved anew, old sessions are over and people can sign in."""
    visit.console()
    key = Path(visit.built.settings.service.key_file)
    key.unlink()
    new_key_file(key)
    keep_secrets(visit.built.settings)
    again = Visit(visit.built.settings)
    again.browser.cookies.update(dict(visit.browser.cookies))

    assert 303 == again.browser.get("/").status_code
    assert 303 == again.sign_in().status_code
    assert 200 == again.browser.get("/").status_code
    again.close()


# --- the page -----------------------------------------------------------------------------------------------------


def test_pages_carry_their_headers(visit: Visit) -> None:
    """Every page forbids scripts, frames, caches and referrers, and loads nothing from elsewhere."""
    visit.console()

    for path in ("/", "/connect/xero/callback", "/no/such/page"):
        answer = visit.browser.get(path)
        assert HEADERS == {name: answer.headers.get(name) for name in HEADERS}
        assert [] == [one for one in re.findall(r'(?:src|href)="(.*?)"', answer.text) if not one.startswith(("/", "#"))]
        assert "<script" not in answer.text
        assert " style=" not in answer.text
    for file in re.findall(r'"(/static/.*?)"', visit.browser.get("/login").text):
        assert 200 == visit.browser.get(file).status_code


def test_empty_console(visit: Visit) -> None:
    """Before anything is connected, the page says how to begin."""
    page = visit.console()

    for words in ("Let us connect the two", "Nothing is connected yet", "Connect Xero", "Connect HubSpot"):
        assert words in page


def test_console_shows_how_things_stand(visit: Visit) -> None:
    """One page: connections with their state, lanes that rest and why, events waiting and how long, unreadable ones."""
    _connect(visit)
    visit.from_xero(xero_body(xero_event(tenantId="org-1")))
    visit.from_xero(b"no JSON at all")
    visit.clock.passes(minutes=3)
    with visit.built.database.transaction() as tx:
        lanes.park(
            tx,
            "standing",
            "org-1",
            Rest(None, visit.clock.now() + timedelta(hours=2)),
            "Xero's calls of the day are spent.",
        )
        connections.mark_one(tx, "xero", "org-1", "needs_consent", "the refresh token is no longer accepted")

    page = visit.console()

    for words in (
        "Kiwi Demo Ltd must be connected again",
        "the refresh token is no longer accepted",
        "HubSpot 62515",
        "since <time",
        "Standing of Kiwi Demo Ltd rests until 2026-11-22 11:03:00 UTC: Xero&#39;s calls of the day are spent.",
        "3 minutes",
        "the webhook&#39;s body is not JSON",
        "no JSON at all",
    ):
        assert words in page


def test_console_shows_holds_with_their_links(visit: Visit) -> None:
    """A hold shows every reason and candidate, and leads to its HubSpot record."""
    _connect(visit)
    with visit.built.database.transaction() as tx:
        journal.hold(
            tx, "62515", "deal 123", ["It has no line items.", "It has no contact."], ["c-1"], visit.clock.now()
        )
        journal.hold(tx, "org-1", "hubspot company 77", ["HubSpot would not update it."], [], visit.clock.now())
        mirror.store_customers(tx, [Customer("org-1", "c-9", "Kauri Cafe")])
        journal.hold(tx, "org-1", "customer c-9", ["Two contacts fit."], [], visit.clock.now())
        journal.hold(tx, "org-1", "brake org-1", ["That is much."], [], visit.clock.now())

    page = visit.console()

    assert "4 things need you" in page
    for words in (
        "It has no line items.",
        "It has no contact.",
        "Candidates: c-1",
        'href="https://app.hubspot.com/contacts/62515/record/0-3/123"',
        'href="https://app.hubspot.com/contacts/62515/record/0-2/77"',
        "Customer Kauri Cafe",
        "Brake Kiwi Demo Ltd",
        'href="https://go.xero.com/',
    ):
        assert words in page


def test_console_shows_what_deals_tell(visit: Visit) -> None:
    """A deal that differs from its invoice is listed with its link, and the headline does not call that in step."""
    _connect(visit)
    intent = Intent("62515", "124", "org-1", "7", "{}", "h", "k", "HS-124", "u", "made", "i", "INV-7")
    with visit.built.database.transaction() as tx:
        intents.put(tx, [replace(intent, note="10, not 12.", deal_name="Small <b>sale</b>")])

    page = visit.console()

    for words in (
        "In step, and one deal differs from its invoice",
        "Told on deals",
        'href="https://app.hubspot.com/contacts/62515/record/0-3/124"',
        "Deal 124 “Small &lt;b&gt;sale&lt;/b&gt;”",
        "invoice INV-7",
        "10, not 12. Or run `ledgerloop retry --deal 124` if it is right as it stands.",
    ):
        assert words in page


def test_what_is_amiss_is_not_called_in_step(visit: Visit) -> None:
    """Where webhooks are refused, or a lane fails and does not rest, the headline says how many things are amiss."""
    _connect(visit)
    refused = Signed("hubspot", None, 3, visit.clock.now(), visit.clock.now(), "the signature is not right", 3)
    with visit.built.database.transaction() as tx:
        signatures.add(tx, [refused])

    assert "One thing is amiss" in visit.console()

    with visit.built.database.transaction() as tx:
        signatures.add(tx, [replace(refused, vendor="xero")])

    page = visit.console()
    assert "2 things are amiss" in page
    assert "All is in step" not in page


def test_console_shows_what_was_written(visit: Visit) -> None:
    """The last writes show their values and reasons; what was merely skipped is left out."""
    _connect(visit)
    line = Entry(
        at=visit.clock.now(), lane="org-1", turn=1, subject="customer c-1", decision="update", rule="r",
        reason="It was paid.", target="hubspot contact 512",
        values={"xero_invoice_status": "PAID", "xero_sync_message": ""}, answer="written", events=(1, 99),
        more_events=230,
    )  # fmt: skip
    skipped = Entry(
        at=visit.clock.now(),
        lane="62515",
        turn=1,
        subject="deal 5",
        decision="skip",
        rule="r",
        reason="The deal is not won.",
    )
    buyer = replace(line, lane="62515", decision="create", target="xero contact c-1", events=(), more_events=0)
    with visit.built.database.transaction() as tx:
        mirror.store_customers(tx, [Customer("org-1", "c-1", "Kauri Cafe")])
        event = Event("xero", "k", "org-1", "INVOICE", "UPDATE", "inv-1", visit.clock.now(), "{}", "done")
        inbox.keep(tx, [event], visit.clock.now())
        journal.add(tx, [line, skipped, buyer])

    page = visit.console()

    assert 2 == page.count("Customer Kauri Cafe")
    assert "Answer: written" in page
    for words in ("232 events", "<li>1 INVOICE UPDATE inv-1</li>", "<li>99</li>", "<li>and 230 more</li>"):
        assert words in page
    for words in ("All is in step", "It was paid.", "xero_invoice_status", "PAID", "(cleared)", "record/0-1/512"):
        assert words in page
    assert "The deal is not won." not in page


def test_console_escapes_what_others_wrote(visit: Visit) -> None:
    """Whatever comes from a vendor is shown as text."""
    _connect(visit, EVIL)
    visit.from_xero(EVIL.encode())
    entry = Entry(
        at=visit.clock.now(), lane=EVIL, turn=1, subject=EVIL, decision="update", rule=EVIL, reason=EVIL, target=EVIL,
        values={EVIL: EVIL}, answer=EVIL,
    )  # fmt: skip
    with visit.built.database.transaction() as tx:
        journal.hold(tx, EVIL, f"deal {EVIL}", [EVIL], [EVIL], visit.clock.now())
        journal.hold(tx, "62515", 'deal "onmouseover=alert(1)', [EVIL], [], visit.clock.now())
        journal.add(tx, [entry])
        lanes.park(tx, "standing", "org-1", Rest(None, visit.clock.now() + timedelta(hours=1)), EVIL)

    page = visit.console()

    assert "<script" not in page
    assert 'record/0-3/"' not in page
    assert page.count("&lt;script&gt;") >= 8
