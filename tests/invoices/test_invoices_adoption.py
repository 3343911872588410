"""Invoices that people or other tools made: found for their deals, linked once somebody lets them go, and followed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from only_reads import only_reading
from scene import DAY, LINE, Scene

from ledgerloop.engine import retries
from ledgerloop.errors import LedgerloopError
from ledgerloop.invoices import adoption, adoption_survey
from ledgerloop.invoices.adoption import Linked
from ledgerloop.invoices.adoption_survey import Survey
from ledgerloop.invoices.poll import CURSOR
from ledgerloop.parts import instead
from ledgerloop.records import Link, Portal
from ledgerloop.store import connections, cursors, intents, journal, lanes, links
from ledgerloop.store.cursors import Cursor

PORTAL = "62515"
SETTINGS = {"adopt": {"invoice_id_property": "tool_id", "invoice_number_property": "tool_no"}}


@pytest.fixture
def scene(staged: Callable[..., Scene]) -> Scene:
    """Give a stage on which other tools have written on deals."""
    scene = staged(SETTINGS)
    scene.add_properties("tool_id", "tool_no")
    return scene


def _house(scene: Scene) -> Portal:
    with scene.built.database.reading() as tx:
        house = connections.only_portal(tx)
    assert house is not None
    return house


def _before(scene: Scene) -> None:
    """Have everything that was won until now be won before the portal was connected."""
    with scene.built.database.transaction() as tx:
        connected = connections.get(tx, "hubspot", PORTAL)
        assert connected is not None
        connections.put(tx, replace(connected, since=scene.built.now() + timedelta(hours=1)))


def _after(scene: Scene) -> None:
    """Have what is won from now on be won since."""
    with scene.built.database.transaction() as tx:
        connected = connections.get(tx, "hubspot", PORTAL)
        assert connected is not None
        connections.put(tx, replace(connected, since=scene.built.now() - timedelta(hours=1)))


def _old(scene: Scene, amount: str = "1000", **values: str) -> str:
    """Sell as it was before this service: won, with an amount, invoiced by nobody here."""
    _before(scene)
    deal = scene.sell([], amount=amount, **values)
    scene.settle()
    return deal


def _survey(scene: Scene, *deals: str, invoice: str = "") -> Survey:
    with instead(scene.built.parts()):
        return adoption_survey.survey(_house(scene), adoption_survey.homes_of(""), deals, invoice)


def _link(scene: Scene, survey: Survey, *deals: str) -> Linked:
    chosen = [survey.named] if survey.named else [one for one in survey.plan.certain if one.deal.id in deals]
    with instead(scene.built.parts()):
        return adoption.link(_house(scene), survey, chosen, "test")


def _adopted(scene: Scene, deal: str) -> None:
    """Link what is certain of a deal, and wait until the deal shows it."""
    linked = _link(scene, _survey(scene, deal), deal)
    assert [deal] == [one.deal.id for one in linked.done], linked.refused
    scene.until_shown("deals", deal, "xero_invoice_id", linked.done[0].invoice.document.id)
    scene.settle()


def _today(scene: Scene) -> str:
    with scene.built.database.reading() as tx:
        return connections.organisations(tx)[0].day(scene.built.now()).isoformat()


def _by_hand(scene: Scene, name: str, net: str = "1000", **values: Any) -> dict[str, Any]:
    customer = scene.customer(name)
    made = scene.invoice_for(customer, net, **{"Date": _today(scene), **values})
    scene.settle()
    return made


def _touched(scene: Scene, deal: str, **values: str) -> None:
    scene.edit("deals", deal, **{"dealname": f"Touched {scene.built.now().isoformat()}", **values})
    scene.settle()


def _all_of(scene: Scene, customer: str) -> list[str]:
    return [one["InvoiceID"] for one in scene.invoices() if one["Contact"]["ContactID"] == customer]


def test_an_invoice_made_by_hand_is_followed_like_our_own(scene: Scene) -> None:
    """Adopted by what another tool wrote, shown, paid, and never made again: not for an edit, not when won again."""
    made = _by_hand(scene, "By Hand Ltd")
    deal = _old(scene, tool_id=f"https://go.xero.com/AccountsReceivable/View.aspx?InvoiceID={made['InvoiceID']}")
    assert not scene.show("deals", deal)["xero_invoice_id"]

    _adopted(scene, deal)

    shown = scene.show("deals", deal)
    assert (made["InvoiceNumber"], "AUTHORISED") == (shown["xero_invoice_number"], shown["xero_invoice_status"])
    assert f"{made['Total']:.2f}" == f"{float(shown['xero_amount_due'] or 0):.2f}"
    assert not shown["xero_sync_message"]
    scene.pay(made["InvoiceID"], made["Total"])
    scene.until_shown("deals", deal, "xero_invoice_status", "PAID")
    _after(scene)
    scene.add_line(deal, LINE[0])
    scene.edit("deals", deal, dealstage="contractsent")
    scene.settle()
    scene.win(deal)
    scene.settle()
    _touched(scene, deal, amount="478.80")
    assert [made["InvoiceID"]] == _all_of(scene, made["Contact"]["ContactID"])
    assert [] == scene.invoices_of(deal)
    assert f"deal {deal}" not in scene.holds()


def test_the_journal_explains(scene: Scene) -> None:
    """The line says who let it go, on what evidence, and what the invoice was."""
    made = _by_hand(scene, "Journal Ltd")
    deal = _old(scene, tool_no=made["InvoiceNumber"])

    _adopted(scene, deal)

    with scene.built.database.reading() as tx:
        entry = next(one for one in journal.recent(tx, 50, f"deal {deal}") if one.decision == "adopt")
    assert f"xero invoice {made['InvoiceID']}" == entry.target
    assert entry.reason.startswith("A person (test) let it go")
    assert "The deal's `tool_no` has its number. It comes to 1000.00 NZD" in entry.reason
    assert entry.answer.startswith(f"{made['InvoiceNumber']} AUTHORISED")


def test_a_linked_customer_an_amount_and_a_day_are_enough(scene: Scene) -> None:
    """Nobody has written anything anywhere: the customer, the amount before tax and the day tell."""
    company = scene.make("companies", name="Facts Alone Ltd")
    made = _by_hand(scene, "Facts Alone Ltd", TaxType="OUTPUT2")
    deal = _old(scene, company=company)
    scene.edit("companies", company, xero_contact_id=made["Contact"]["ContactID"])
    scene.settle()

    survey = _survey(scene)

    (pair,) = [one for one in survey.plan.certain if one.deal.id == deal]
    assert made["InvoiceID"] == pair.invoice.document.id
    assert "“Facts Alone Ltd” is the deal's customer." in pair.agrees
    assert "It is dated on the day on which the deal was won." in pair.agrees
    assert [] == _link(scene, survey, deal).refused
    scene.until_shown("deals", deal, "xero_invoice_id", made["InvoiceID"])
    scene.settle()
    again = _survey(scene).plan
    assert deal not in {one.deal.id for one in (*again.certain, *again.uncertain)} | {one.id for one in again.without}


def test_what_is_not_certain_is_linked_only_as_a_named_pair(scene: Scene) -> None:
    """Another amount is a question with both sides; a person names the pair, and it is followed."""
    made = _by_hand(scene, "Deposit Ltd", "300")
    deal = _old(scene, tool_id=made["InvoiceID"])

    survey = _survey(scene, deal)
    (asked,) = [one for one in survey.plan.uncertain if one.deal.id == deal]
    assert "and the deal says 1000.00." in " ".join(asked.doubts)
    assert [] == _link(scene, survey, deal).done

    named = _survey(scene, deal, invoice=made["InvoiceNumber"].lower())
    assert named.named is not None
    assert not named.named.certain
    assert [deal] == [one.deal.id for one in _link(scene, named).done]
    scene.until_shown("deals", deal, "xero_invoice_number", made["InvoiceNumber"])


def test_its_lines_are_never_edited(scene: Scene) -> None:
    """A draft that somebody else made stays as it is when its deal is edited, and the deal says so until both agree."""
    made = _by_hand(scene, "Draft By Hand Ltd", Status="DRAFT")
    deal = _old(scene, tool_id=made["InvoiceID"])
    _adopted(scene, deal)
    _after(scene)
    scene.forget_calls()

    scene.add_line(deal, LINE[0])
    _touched(scene, deal, amount="478.80")

    said = scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"]
    assert f"Invoice {made['InvoiceNumber']} (DRAFT) was left as it is: it was not made by this service. Change" in said
    line = {"LineItemID": made["LineItems"][0]["LineItemID"], "Description": "Work", "Quantity": 1}
    line |= {"UnitAmount": 478.8, "AccountCode": "200", "TaxType": "NONE"}
    changed = {"InvoiceID": made["InvoiceID"], "LineItems": [line]}
    assert [] == scene.calls("xero", "/Invoices", "POST") + scene.calls("xero", "/Invoices", "PUT")
    scene.on.in_xero("POST", f"/Invoices/{made['InvoiceID']}", {"Invoices": [changed]})
    scene.on.until("the message goes", lambda: not scene.show("deals", deal)["xero_sync_message"] or None)
    _touched(scene, deal, amount="500")
    scene.until_shown("deals", deal, "xero_sync_message")
    assert [] == scene.calls("xero", "/Invoices", "POST") + scene.calls("xero", "/Invoices", "PUT")
    scene.approve(made["InvoiceID"])
    scene.pay(made["InvoiceID"], "478.80")
    scene.until_shown("deals", deal, "xero_invoice_status", "PAID")
    _touched(scene, deal, amount="510")
    said = str(scene.show("deals", deal)["xero_sync_message"])
    assert f"{made['InvoiceNumber']} (PAID) was left as it is: it was not made by this service. Credit it in" in said


def test_who_says_that_it_is_right_is_asked_no_more(scene: Scene) -> None:
    """Doing what the sentence says takes the sentence away, though the two do not come to the same."""
    made = _by_hand(scene, "Right As It Is Ltd")
    deal = _old(scene, tool_id=made["InvoiceID"])
    _adopted(scene, deal)
    _after(scene)
    _touched(scene, deal, amount="900")
    said = scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"]
    assert f"run `ledgerloop retry --deal {deal}`" in said

    with instead(scene.built.parts()):
        retries.retry([deal])

    scene.on.until("the message goes", lambda: not scene.show("deals", deal)["xero_sync_message"] or None)


def test_a_held_deal_is_cured(scene: Scene) -> None:
    """A deal that waits for a person has its invoice meanwhile, made by hand: it is held no more."""
    _after(scene)
    deal = scene.sell([], amount="1000")
    scene.until_shown("deals", deal, "xero_sync_message")
    assert f"deal {deal}" in scene.holds()
    made = _by_hand(scene, "Held Ltd", Reference=f"for {deal}")

    _adopted(scene, deal)

    assert f"deal {deal}" not in scene.holds()
    assert not scene.show("deals", deal)["xero_sync_message"]
    assert made["InvoiceNumber"] == scene.show("deals", deal)["xero_invoice_number"]


def test_a_void_one_and_one_of_another_deal_are_nobodys(scene: Scene) -> None:
    """What is gone, followed or marked for another is linked by nobody, whoever names it; nor what is no invoice."""
    made = _by_hand(scene, "Nobodys Ltd")
    deal, other = _old(scene, tool_id=made["InvoiceID"]), _old(scene)
    _adopted(scene, deal)
    gone = _by_hand(scene, "Gone By Hand Ltd")
    survey = _survey(scene, other, invoice=gone["InvoiceNumber"])
    scene.on.in_xero(
        "POST", f"/Invoices/{gone['InvoiceID']}", {"Invoices": [{"InvoiceID": gone["InvoiceID"], "Status": "VOIDED"}]}
    )
    marked = _by_hand(scene, "Marked Ltd", Status="DRAFT", Reference="HS-99")

    late = _link(scene, survey)

    assert [f"Invoice {gone['InvoiceNumber']} is VOIDED in Xero, so there is nothing to follow."] == [
        why for _, why in late.refused
    ]
    for invoice, why in (
        (made, f"is followed for deal {deal} already."),
        (gone, "is VOIDED in Xero"),
        (marked, "carries the mark of deal 99."),
    ):
        named = _survey(scene, other, invoice=invoice["InvoiceID"]).named
        assert named is not None
        with pytest.raises(LedgerloopError, match=why):
            adoption.check(named)
    for wrong, why in ((deal, "has invoice .* already"), ("nope", "no deal's id"), (scene.sell(won=False), "not won")):
        with pytest.raises(LedgerloopError, match=why):
            _survey(scene, wrong)
    with pytest.raises(LedgerloopError, match="has a sales invoice “INV-NONE”"):
        _survey(scene, other, invoice="INV-NONE")
    assert [] == [one for one in _survey(scene).plan.certain if one.deal.id == other]


def test_what_has_changed_since_it_was_shown(scene: Scene) -> None:
    """Between the plan and the yes the invoice became another: nothing is linked, and it says so."""
    made = _by_hand(scene, "Changing Ltd", Status="DRAFT")
    deal = _old(scene, tool_id=made["InvoiceID"])
    survey = _survey(scene)
    line = {"Description": "Work", "Quantity": 1, "UnitAmount": 7, "AccountCode": "200"}
    changed = {"InvoiceID": made["InvoiceID"], "LineItems": [line]}
    scene.on.in_xero("POST", f"/Invoices/{made['InvoiceID']}", {"Invoices": [changed]})

    linked = _link(scene, survey, deal)

    assert ([], 1) == (linked.done, len(linked.refused))
    assert "has changed since it was shown" in linked.refused[0][1]
    with scene.built.database.reading() as tx:
        assert {} == intents.get(tx, PORTAL, [deal])


def test_linked_twice_is_linked_once(scene: Scene) -> None:
    """Two people let the same pair go, and two deals the same invoice: the first counts, the others are told."""
    made = _by_hand(scene, "Twice Ltd")
    deal, other = _old(scene, tool_id=made["InvoiceID"]), _old(scene)
    survey = _survey(scene)
    rival = _survey(scene, other, invoice=made["InvoiceID"])
    assert [deal] == [one.deal.id for one in _link(scene, survey, deal).done]

    assert [f"Invoice {made['InvoiceNumber']} is followed for deal {deal} already."] == [
        why for _, why in _link(scene, rival).refused
    ]
    assert [deal] == [one.deal.id for one in _link(scene, survey, deal).done]  # said again, it is so again
    scene.settle()
    assert 1 == sum(decision == "adopt" for decision, _ in scene.journal(f"deal {deal}"))


def test_a_property_that_hubspot_lacks(staged: Callable[..., Scene]) -> None:
    """A name that is mistyped in the settings is a sentence, and not an empty plan."""
    scene = staged({"adopt": {"invoice_number_property": "tool_nr"}})

    with pytest.raises(LedgerloopError, match="HubSpot has no property `tool_nr` of deals: correct `adopt"):
        _survey(scene)


def test_the_plan_is_cheap_and_writes_nothing(scene: Scene) -> None:
    """Two calls to Xero where nothing changed, and one for forty sums before tax; no write at either vendor or here."""
    company = scene.make("companies", name="Cheap Ltd")
    customer = scene.customer("Cheap Ltd")
    _before(scene)
    for amount in range(2001, 2006):
        scene.invoice_for(customer, str(amount), Date=_today(scene), LineAmountTypes="Exclusive")
        scene.sell([], amount=str(amount), company=company)
    scene.edit("companies", company, xero_contact_id=customer)
    scene.settle()
    scene.forget_calls()

    with instead(only_reading(scene.built.parts())):
        survey = adoption_survey.survey(_house(scene), adoption_survey.homes_of(""), (), "")

    assert 5 <= len([one for one in survey.plan.certain if one.invoice.customer == "Cheap Ltd"])
    assert len(scene.calls("xero")) <= 3
    assert [] == scene.writes()


def test_while_the_service_invoices_that_very_deal(scene: Scene) -> None:
    """The service is about to invoice the deal and is held up; the person's pair is first, and stays the only one."""
    _after(scene)
    company = scene.make("companies", name="Racing Ltd")
    made = _by_hand(scene, "Made By Hand Meanwhile Ltd", "478.80")
    slow = scene.fault("xero", kind="delay", method="GET", path="/Contacts$", delay_ms=DAY, times=1)
    deal = scene.sell(company=company, tool_id=made["InvoiceID"])
    scene.until_met("xero", slow)
    quick = scene.built.parts()
    house = _house(scene)
    with instead(quick):
        survey = adoption_survey.survey(house, adoption_survey.homes_of(""), [deal], made["InvoiceID"])
        assert survey.named is not None
        linked = adoption.link(house, survey, [survey.named], "test")
    scene.mend("xero", slow)

    assert [deal] == [one.deal.id for one in linked.done]
    scene.until_shown("deals", deal, "xero_invoice_id", made["InvoiceID"])
    scene.settle()
    assert [] == scene.invoices_of(deal)
    assert f"deal {deal}" not in scene.holds()


def test_after_a_restore_from_before_the_link(scene: Scene) -> None:
    """The database knows nothing of it any more: no invoice is made, and the deal's own property finds it again."""
    made = _by_hand(scene, "Restored Ltd")
    deal = _old(scene, tool_id=made["InvoiceID"])
    _adopted(scene, deal)
    _after(scene)
    scene.edit("deals", deal, tool_id="")
    scene.settle()
    with scene.built.database.transaction() as tx:
        intents.remove(tx, PORTAL, deal)
        links.remove(tx, Link(scene.on.organisation, made["InvoiceID"], "deal", deal, ""))

    scene.add_line(deal, LINE[0])
    _touched(scene, deal)

    assert [] == scene.invoices_of(deal)
    (pair,) = [one for one in _survey(scene).plan.certain if one.deal.id == deal]
    assert "The deal's `xero_invoice_id` has its id." in pair.agrees
    _adopted(scene, deal)


def test_a_poll_finds_nothing_new(scene: Scene) -> None:
    """A look at everything that changed makes no invoice for an adopted deal, also where its id was cleared."""
    made = _by_hand(scene, "Polled Ltd")
    deal = _old(scene, tool_id=made["InvoiceID"])
    _adopted(scene, deal)
    _after(scene)
    scene.add_line(deal, LINE[0])
    scene.edit("deals", deal, xero_invoice_id="", amount="478.80")
    with scene.built.database.transaction() as tx:
        cursor = cursors.get(tx, PORTAL, CURSOR)
        cursors.put(tx, Cursor(PORTAL, CURSOR, cursor.since, 1, None))
        lanes.wake(tx, "invoicing", PORTAL, scene.built.now())
    scene.settle()

    assert [] == scene.invoices_of(deal)
    assert [made["InvoiceID"]] == _all_of(scene, made["Contact"]["ContactID"])


def test_a_payment_moves_the_deal_and_an_old_one_does_not(staged: Callable[..., Scene]) -> None:
    """With a stage for paid deals: whose invoice was paid before the link stays, whose is paid after it moves."""
    scene = staged({**SETTINGS, "route": {"paid_stage": "contractsent"}})
    scene.add_properties("tool_id", "tool_no")
    paid, open_ = _by_hand(scene, "Paid Ltd"), _by_hand(scene, "Open Ltd")
    scene.pay(paid["InvoiceID"], paid["Total"])
    old, new = _old(scene, tool_id=paid["InvoiceID"]), _old(scene, tool_id=open_["InvoiceID"])

    linked = _link(scene, _survey(scene), old, new)
    assert [old, new] == [one.deal.id for one in linked.done]
    scene.until_shown("deals", old, "xero_invoice_status", "PAID")
    scene.until_shown("deals", new, "xero_invoice_status", "AUTHORISED")
    scene.pay(open_["InvoiceID"], open_["Total"])
    scene.until_shown("deals", new, "xero_invoice_status", "PAID")
    scene.settle()

    stages = [scene.show("deals", deal).get("dealstage") for deal in (old, new)]
    assert ["closedwon", "contractsent"] == stages
