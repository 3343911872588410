"""What a second organisation is for is asked before anything of it is read or held, and what is hidden stays hidden."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cli_process import run
from operated import Place, until
from scene import DAY, Scene

from ledgerloop.errors import LedgerloopError
from ledgerloop.oauth import TokenSet
from ledgerloop.secret_stores import open_stores
from ledgerloop.settings import load
from ledgerloop.setup import purpose
from ledgerloop.setup.connect import GRANT
from ledgerloop.store import connections, lanes
from ledgerloop.store.db import Database

KIWI, AUSSIE = "Kiwi Demo Ltd", "Aussie Demo Pty"
ROUTES = [{"currency": "AUD", "organisation": AUSSIE}, {}]


def _allowed(scene: Scene, *names: str) -> tuple[dict[str, str], str]:
    """Allow access to these organisations; return the ids of all, and where the browser is sent."""
    page = scene.on.browser.get("/connect/xero")
    offered = {name: value for value, name in re.findall(r'name="tenant" value="([^"]+)"[^>]*>\s*([^<]+)<', page.text)}
    form = {"tenant": [offered[name] for name in names], "decision": "allow"}
    return offered, scene.on.browser.post(str(page.url), data=form).url.path


def _read(scene: Scene, organisation: str) -> set[str]:
    """Name what was read of an organisation."""
    return {one["path"].rpartition("/")[2] for one in scene.calls("xero") if one["organisation"] == organisation}


def test_nothing_is_read_or_held_before_the_answer(staged: Callable[..., Scene], tmp_path: Path) -> None:
    """The first goes on meanwhile; once a person has answered, deals of its route are invoiced in the second."""
    scene = staged({"routes": ROUTES})
    kiwi = scene.on.organisation
    scene.sell(deal_currency_code="NZD")
    scene.settle()

    offered, path = _allowed(scene, AUSSIE)
    aussie = offered[AUSSIE]
    scene.on.organisation = aussie
    owing = scene.invoice_for(scene.customer("Outback Ltd", "ann@outback.example.com"))
    scene.on.organisation = kiwi
    usual = scene.sell(deal_currency_code="NZD")
    scene.until_shown("deals", usual, "xero_invoice_id")
    scene.settle()
    page = scene.on.browser.get("/").text
    asked = scene.on.browser.get("/connect/purpose").text

    assert "/connect/purpose" == path
    assert {"Organisation"} == _read(scene, aussie)
    assert {} == scene.holds()
    assert f"Nobody has said yet what {AUSSIE} is for, so nothing of it is read." in page
    assert "Deals of [[routes]] 1 are invoiced here." in asked
    assert f'value="{kiwi}" required checked' in asked
    doctor = run(tmp_path, "doctor")
    assert f"Nobody has said yet what {AUSSIE} is for" in doctor.stdout
    assert "ledgerloop connect answer" in doctor.stdout

    answered = run(tmp_path, "connect", "answer", "--hide", AUSSIE)
    assert f"{AUSSIE} begins; its customers are not shown in HubSpot." in answered.stdout
    assert "" == answered.stderr
    with scene.built.database.reading() as tx:
        assert kiwi == connections.chosen(tx)

    far = scene.sell(deal_currency_code="AUD")
    scene.until_shown("deals", far, "xero_invoice_id")
    scene.on.organisation = aussie
    [made] = scene.invoices_of(far)
    scene.approve(made["InvoiceID"])
    scene.pay(made["InvoiceID"], made["Total"])
    scene.until_shown("deals", far, "xero_invoice_status", "PAID")
    scene.settle()
    assert "Contacts" in _read(scene, aussie)
    assert scene.find_contact("ann@outback.example.com") is None
    assert {} == scene.holds()

    page = scene.on.browser.get("/").text
    assert "Its customers are not shown in HubSpot" in page
    token = re.findall(r'name="token" value="([^"]+)"', page)[0]
    after = scene.on.browser.post("/connect/show", data={"token": token, "organisation": aussie}).text
    assert f"The customers of {AUSSIE} are shown when something happens to them." in after
    assert "Its customers are not shown" not in after
    scene.pay(owing["InvoiceID"], 40)
    shown = scene.on.until("what it owes", lambda: scene.find_contact("ann@outback.example.com"))
    assert "60.00" == shown["xero_outstanding_balance"]


def test_both_at_once(staged: Callable[..., Scene]) -> None:
    """A deal that is won while nobody has answered waits without a word, and goes where the answer says."""
    scene = staged({"routes": [{}]}, connected=False)
    offered, path = _allowed(scene, KIWI, AUSSIE)
    page = scene.on.browser.get("/")
    token = re.findall(r'name="token" value="([^"]+)"', page.text)[0]
    scene.on.browser.post("/connect/hubspot", data={"token": token})
    deal = scene.sell(deal_currency_code="AUD")

    def told() -> bool | None:
        with scene.built.database.reading() as tx:
            return any(one.lane == "62515" and one.wanted for one in lanes.all_lanes(tx)) or None

    scene.on.until("its event", told)
    with scene.built.database.reading() as tx:
        assert [] == [one for one in lanes.ready(tx, scene.built.now()) if one.lane == "62515"]
    assert "/connect/purpose" == path
    assert {} == scene.holds()
    assert not scene.show("deals", deal).get("xero_sync_message")
    form = {"token": token, "home": offered[AUSSIE], f"shown {offered[KIWI]}": "on", f"shown {offered[AUSSIE]}": "on"}
    assert "Kiwi Demo Ltd: as you said." in scene.on.browser.post("/connect/purpose", data=form).text
    scene.on.organisation = offered[AUSSIE]
    scene.until_shown("deals", deal, "xero_invoice_id")
    assert 1 == len(scene.invoices_of(deal))
    with scene.built.database.reading() as tx:
        assert [True, True] == [one.shown for one in connections.organisations(tx)]
    assert "/" == scene.on.browser.get("/connect/purpose").url.path


def test_an_answer_that_is_not_meant(scene: Scene) -> None:
    """Where nothing waits, or nobody has such a name, nothing is changed."""
    with pytest.raises(LedgerloopError, match="No organisation waits"):
        purpose.answer(scene.built.desk, [], "")
    offered, _ = _allowed(scene, AUSSIE)

    with pytest.raises(LedgerloopError, match="no one organisation “Kiwi Demo Ltd” here"):
        purpose.answer(scene.built.desk, [KIWI], "")
    with pytest.raises(LedgerloopError, match="no one organisation “nobody” here"):
        purpose.answer(scene.built.desk, [], "nobody")

    with scene.built.database.reading() as tx:
        assert [offered[AUSSIE]] == [one.id for one in connections.unanswered(tx)]
        assert "" == connections.chosen(tx)


def test_choosing_is_an_answer(staged: Callable[..., Scene], tmp_path: Path) -> None:
    """Who only says where deals are invoiced has said enough: all begin, and their customers are shown."""
    scene = staged({"routes": [{}]}, connected=False)
    _allowed(scene, KIWI, AUSSIE)

    assert {KIWI, AUSSIE} == {
        line.partition(" (")[0] for line in run(tmp_path, "connect", "choose").stdout.splitlines()
    }
    chosen = run(tmp_path, "connect", "choose", AUSSIE).stdout

    assert f"{KIWI} begins; its customers are shown in HubSpot." in chosen
    assert f"Deals whose route names no organisation are invoiced in {AUSSIE}." in chosen
    with scene.built.database.reading() as tx:
        assert [] == connections.unanswered(tx)
        assert [True, True] == [one.shown for one in connections.organisations(tx)]


def test_a_hidden_organisation_claims_no_record(staged: Callable[..., Scene]) -> None:
    """What its deals are linked to shows the other organisation, and goes on to do so once it is hidden no more."""
    scene = staged({"routes": ROUTES})
    kiwi = scene.on.organisation
    offered, _ = _allowed(scene, AUSSIE)
    purpose.answer(scene.built.desk, [AUSSIE], KIWI)
    company = scene.make("companies", name="Shared Sheds Ltd", domain="sheds.example.com")
    person = scene.make("contacts", email="desk@sheds.example.com", lastname="Desk")
    deal = scene.sell(company=company, contact=person, deal_currency_code="AUD")
    scene.until_shown("deals", deal, "xero_invoice_id")
    scene.on.organisation = offered[AUSSIE]
    [far] = scene.invoices_of(deal)
    scene.on.organisation = kiwi

    near = scene.customer("Shared Sheds Ltd", "desk@sheds.example.com")
    scene.invoice_for(near)
    scene.until_shown("companies", company, "xero_outstanding_balance", "100.00")
    assert near == scene.show("companies", company)["xero_contact_id"]

    purpose.show(scene.built.desk, AUSSIE)
    scene.on.organisation = offered[AUSSIE]
    scene.approve(far["InvoiceID"])
    scene.until_shown("deals", deal, "xero_invoice_status", "AUTHORISED")
    scene.settle()

    shown = scene.show("companies", company)
    assert (near, "100.00") == (shown["xero_contact_id"], shown["xero_outstanding_balance"])


def test_an_answer_without_options_asks_first(scene: Scene, tmp_path: Path) -> None:
    """Who typed what the doctor names, and no more, learns what it comes to; without a yes nothing begins."""
    _allowed(scene, AUSSIE)

    unasked = run(tmp_path, "connect", "answer")
    with scene.built.database.reading() as tx:
        waiting = [one.name for one in connections.unanswered(tx)]
    agreed = run(tmp_path, "connect", "answer", "--yes")

    assert f"their customers are shown in HubSpot: {AUSSIE}." in unasked.stderr
    assert "Nobody is there to be asked" in unasked.stderr
    assert (1, [AUSSIE]) == (unasked.returncode, waiting)
    assert f"{AUSSIE} begins; its customers are shown in HubSpot." in agreed.stdout


def test_one_that_is_shown_is_hidden_and_shown_again(scene: Scene, tmp_path: Path) -> None:
    """What its customers owe is taken off their records, questions end, deals go on; nothing happens unasked."""
    deal = scene.sell()
    invoice = str(scene.until_shown("deals", deal, "xero_invoice_id")["xero_invoice_id"])
    scene.approve(invoice)
    owing = scene.invoice_for(scene.customer("Outback Ltd", "ann@outback.example.com"))
    scene.until_shown("deals", deal, "xero_invoice_status", "AUTHORISED")
    scene.on.until("what it owes", lambda: scene.find_contact("ann@outback.example.com"))
    scene.make("companies", name="Rata Roofing")
    asked = scene.customer("Rata Roofing")
    scene.invoice_for(asked)
    scene.on.until("a question", lambda: scene.holds().get(f"customer {asked}"))
    scene.settle()
    before = scene.find_contact("ann@outback.example.com") or {}
    assert "100.00" == before["xero_outstanding_balance"]

    unasked = run(tmp_path, "connect", "hide", KIWI)
    page = scene.on.browser.get(f"/connect/hide?organisation={scene.on.organisation}").text
    assert (1, "") == (unasked.returncode, unasked.stdout)
    for sentence in (
        f"What the customers of {KIWI} owe is taken off ",
        "The records stay, and so do notes that were written.",
        "1 question about its customers ends.",
    ):
        assert sentence in unasked.stderr
        assert sentence in page
    with scene.built.database.reading() as tx:
        assert [True] == [one.shown for one in connections.organisations(tx)]
    hidden = run(tmp_path, "connect", "hide", KIWI, "--yes")
    assert f"The customers of {KIWI} are not shown any more." in hidden.stdout
    scene.on.until("taken off", lambda: not _owes(scene) or None)
    scene.settle()
    after = scene.find_contact("ann@outback.example.com") or {}
    assert ({}, before["id"]) == (_xeros(after), after["id"])
    told = scene.reasons(f"customer {before['xero_contact_id']}", "update")
    assert f"A person said that the customers of {KIWI} are not to be shown in HubSpot." == told[-1]
    assert {} == scene.holds()

    scene.forget_calls()
    scene.pay(owing["InvoiceID"], 40)
    scene.pay(invoice, 1)
    scene.until_shown("deals", deal, "xero_amount_paid", "1.00")
    scene.settle()
    assert not _owes(scene)
    assert [] == [one for one in scene.writes() if "/deals" not in one["path"]]

    again = scene.on.browser.get("/").text
    token = re.findall(r'name="token" value="([^"]+)"', again)[0]
    scene.on.browser.post("/connect/show", data={"token": token, "organisation": scene.on.organisation})
    scene.pay(owing["InvoiceID"], 10)
    scene.on.until("shown again", lambda: "50.00" == _owes(scene) or None)
    again_shown = scene.find_contact("ann@outback.example.com") or {}
    assert _xeros(before).keys() <= {*_xeros(again_shown), "xero_last_payment_date"}
    assert (before["id"], before["xero_contact_id"]) == (again_shown["id"], again_shown["xero_contact_id"])
    assert "Hide its customers" in scene.on.browser.get("/").text


def test_what_a_running_turn_shows_is_taken_off_too(scene: Scene) -> None:
    """A turn that had begun before a person hid its organisation makes a record; nothing is left on it either."""
    customer = scene.customer("Outback Ltd", "ann@outback.example.com")
    stuck = scene.fault("hubspot", kind="delay", method="POST", path="/contacts/batch/create", delay_ms=DAY)
    scene.invoice_for(customer)
    scene.until_met("hubspot", stuck)

    purpose.hide(scene.built.desk, KIWI)
    scene.mend("hubspot", stuck)

    scene.settle()
    made = scene.on.until("the record", lambda: scene.find_contact("ann@outback.example.com"))
    assert {} == _xeros(made)
    assert ["create", "create", "update", "update"] == [one for one, _ in scene.journal(f"customer {customer}")]


def _xeros(record: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in record.items() if value and name.startswith("xero_")}


def _owes(scene: Scene) -> str | None:
    return (scene.find_contact("ann@outback.example.com") or {}).get("xero_outstanding_balance")


def test_what_a_hidden_one_had_is_another_s(staged: Callable[..., Scene]) -> None:
    """A customer that had to leave a record to it is shown there at once, and what it shows stays."""
    scene = staged({"routes": ROUTES})
    kiwi = scene.on.organisation
    offered, _ = _allowed(scene, AUSSIE)
    purpose.answer(scene.built.desk, [], KIWI)
    scene.on.organisation = offered[AUSSIE]
    far = scene.customer("Shared Sheds Ltd", "desk@sheds.example.com")
    scene.invoice_for(far, "70.00")
    scene.on.until("the first", lambda: scene.find_contact("desk@sheds.example.com"))
    scene.settle()
    scene.on.organisation = kiwi
    near = scene.customer("Shared Sheds Ltd", "desk@sheds.example.com")
    scene.invoice_for(near, "30.00")
    scene.on.until("a question", lambda: scene.holds().get(f"customer {near}"))

    form = {"token": _token(scene), "organisation": offered[AUSSIE]}
    said = scene.on.browser.post("/connect/hide", data=form).text

    assert f"The customers of {AUSSIE} are not shown any more." in said
    scene.on.until("the other", lambda: _shows(scene, "desk@sheds.example.com", near))
    scene.settle()
    shown = scene.find_contact("desk@sheds.example.com") or {}
    assert (near, "30.00") == (shown["xero_contact_id"], shown["xero_outstanding_balance"])
    assert {} == scene.holds()
    with pytest.raises(LedgerloopError, match="no one organisation “Aussie Demo Pty” here"):
        purpose.hide(scene.built.desk, AUSSIE)
    purpose.hide(scene.built.desk, kiwi)
    with pytest.raises(LedgerloopError, match="no connected organisation whose customers are shown"):
        purpose.hide(scene.built.desk, kiwi)


def _token(scene: Scene) -> str:
    return str(re.findall(r'name="token" value="([^"]+)"', scene.on.browser.get("/").text)[0])


def _shows(scene: Scene, email: str, customer: str) -> bool | None:
    return (scene.find_contact(email) or {}).get("xero_contact_id") == customer or None


def test_a_consent_is_kept_while_nobody_answers(served: Place) -> None:
    """Nothing is read for organisations that wait to be told what they are for; their tokens do not end unused."""
    with served.serving():
        served.consent()
        until(lambda: 2 == len(served.health()["unanswered"]))
        said = run(served.folder, "doctor").stdout  # so that the next start does not look
    settings = load(served.folder / "ledgerloop.toml")
    with closing(Database(settings.service.database)) as database:
        shelf = open_stores(settings, database, GRANT).shelf
        kept = TokenSet.from_json(shelf.load(GRANT) or "")
        idle = replace(kept, expires_at=kept.expires_at - timedelta(days=30))
        shelf.save(GRANT, idle.to_json())

        with served.serving():
            renewed = until(lambda: _changed(shelf.load(GRANT), idle))
            told = until(lambda: served.health()["xero_renewed"])

    assert f"✓ What Xero granted was renewed last at {kept.renewed_at:%Y-%m-%d %H:%M} UTC." in said
    assert kept.refresh_token != renewed.refresh_token
    assert told == renewed.renewed_at.isoformat(timespec="seconds")


def _changed(text: str | None, before: TokenSet) -> TokenSet | None:
    kept = TokenSet.from_json(text or "")
    return kept if kept != before else None
