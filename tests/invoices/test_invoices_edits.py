"""A deal that changes after its invoice was made: the draft follows, what is approved stays, and the deal says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from polls import poll_from_the_start
from scene import LINE, OBJECTS, Scene

from ledgerloop.engine import retries
from ledgerloop.invoices import held_deals
from ledgerloop.parts import instead
from ledgerloop.store import cursors, journal, lanes

KEPT = ("LineItemID", "Description", "Quantity", "UnitAmount", "AccountCode", "TaxType")
TWO = (*LINE, {"name": "Support", "quantity": "1", "price": "100"})


def test_a_draft_follows_its_deal(scene: Scene) -> None:
    """An edited line changes the draft in place: the same invoice, the same line ids, and a new line beside them."""
    deal = scene.sell(TWO)
    before = _made(scene, deal)

    _edit_line(scene, deal, "Seats", quantity="20")
    scene.add_line(deal, {"name": "Travel", "quantity": "1", "price": "55.50"})

    after = scene.on.until("the draft follows", lambda: _with_total(scene, deal, 953.5))
    assert before["InvoiceID"] == after["InvoiceID"]
    ids = {line["Description"]: line["LineItemID"] for line in after["LineItems"]}
    assert {line["Description"]: line["LineItemID"] for line in before["LineItems"]}.items() <= ids.items()
    assert (before["Date"], before["Reference"]) == (after["Date"], after["Reference"])
    scene.settle()
    scene.forget_calls()
    scene.edit("deals", deal, dealname="A name is no edit of the invoice")
    scene.settle()
    assert [] == scene.calls("xero", method="POST")
    assert [] == scene.writes()
    assert 1 == len(scene.invoices_of(deal))


def test_an_approved_invoice_is_never_touched(scene: Scene) -> None:
    """After approval an edit is only told, on the deal; when the edit is undone, so is the message."""
    deal = scene.sell()
    invoice = _made(scene, deal)
    scene.approve(invoice["InvoiceID"])
    scene.until_shown("deals", deal, "xero_invoice_status", "AUTHORISED")
    scene.settle()
    scene.forget_calls()

    _edit_line(scene, deal, "Seats", quantity="20")

    shown = scene.until_shown("deals", deal, "xero_sync_message")
    assert "was left as it is: it is no longer a draft" in shown["xero_sync_message"]
    assert [] == scene.calls("xero", method="POST")
    _edit_line(scene, deal, "Seats", quantity="12")
    scene.on.until("the message goes", lambda: not scene.show("deals", deal)["xero_sync_message"] or None)
    assert 478.8 == scene.invoices_of(deal)[0]["SubTotal"]


def test_what_people_changed_in_xero_is_not_overwritten(scene: Scene) -> None:
    """A draft whose lines finance has changed stays as finance wrote it, and the deal says so."""
    deal = scene.sell()
    invoice = _made(scene, deal)
    line = {**invoice["LineItems"][0], "Description": "Seats, as agreed by phone"}
    body = {"InvoiceID": invoice["InvoiceID"], "LineItems": [line]}
    scene.on.in_xero("POST", f"/Invoices/{invoice['InvoiceID']}", {"Invoices": [body]})

    _edit_line(scene, deal, "Seats", quantity="20")

    shown = scene.until_shown("deals", deal, "xero_sync_message")
    assert "somebody has changed its lines in Xero" in shown["xero_sync_message"]
    assert "as agreed by phone" in scene.invoices_of(deal)[0]["LineItems"][0]["Description"]


@pytest.mark.parametrize(
    ("by_finance", "differs", "changed"),
    [
        pytest.param(
            {"CurrencyCode": "USD"},
            "The deal says 478.80 NZD, and invoice {} comes to 478.80 USD",
            "its currency",
            id="currency",
        ),
        pytest.param(
            {"LineAmountTypes": "Inclusive"},
            "The deal says 478.80 NZD, and invoice {} comes to 416.35 before tax",
            "whether its prices include tax",
            id="tax",
        ),
    ],
)
def test_what_gives_prices_another_meaning_is_a_change_by_hand(
    scene: Scene, by_finance: dict[str, str], differs: str, changed: str
) -> None:
    """A draft in another currency, or with tax in its prices, by finance's hand is told at once and not written to."""
    deal = scene.sell()
    invoice = _made(scene, deal)
    scene.settle()
    body = {"InvoiceID": invoice["InvoiceID"], **by_finance}
    scene.on.in_xero("POST", f"/Invoices/{invoice['InvoiceID']}", {"Invoices": [body]})

    shown = scene.until_shown("deals", deal, "xero_sync_message", seconds=30)
    assert shown["xero_sync_message"].startswith(differs.format(invoice["InvoiceNumber"]))
    _edit_line(scene, deal, "Seats", quantity="20")

    scene.on.until(
        "it is told",
        lambda: f"somebody has changed {changed} in Xero" in scene.show("deals", deal)["xero_sync_message"] or None,
        30,
    )
    (stands,) = scene.invoices_of(deal)
    assert [(12, 39.9)] == [(line["Quantity"], line["UnitAmount"]) for line in stands["LineItems"]]


def test_a_tax_that_finance_corrected_is_not_overwritten(scene: Scene) -> None:
    """A draft whose tax type finance has changed stays, though nobody had sent one, and the deal says so."""
    deal = scene.sell()
    invoice = _made(scene, deal)
    _edit_line(scene, deal, "Seats", quantity="13")
    scene.on.until("the draft follows", lambda: _with_total(scene, deal, 518.7), 20)
    line = {**scene.invoices_of(deal)[0]["LineItems"][0], "TaxType": "ZERORATED"}
    body = {"InvoiceID": invoice["InvoiceID"], "LineItems": [line]}
    scene.on.in_xero("POST", f"/Invoices/{invoice['InvoiceID']}", {"Invoices": [body]})

    _edit_line(scene, deal, "Seats", quantity="20")

    shown = scene.until_shown("deals", deal, "xero_sync_message", seconds=20)
    assert "somebody has changed its lines in Xero" in shown["xero_sync_message"]
    assert [("ZERORATED", 518.7)] == [
        (one["TaxType"], one["LineAmount"]) for one in scene.invoices_of(deal)[0]["LineItems"]
    ]


def test_a_lost_deal_says_that_its_invoice_stands(scene: Scene) -> None:
    """A deal that is lost after winning keeps its invoice and says so; won again, it says nothing more."""
    deal = scene.sell()
    invoice = _made(scene, deal)

    scene.edit("deals", deal, dealstage="closedlost")
    shown = scene.until_shown("deals", deal, "xero_sync_message")
    assert f"lost after invoice {invoice['InvoiceNumber']} was made. Delete it in Xero" in shown["xero_sync_message"]
    scene.win(deal)

    scene.on.until("the message goes", lambda: not scene.show("deals", deal)["xero_sync_message"] or None)
    assert 1 == len(scene.invoices_of(deal))


def test_an_edit_of_a_deal_that_is_open_again_waits_for_it_to_be_won(scene: Scene) -> None:
    """The deal says how its invoice stands and what lets it follow; won again, the draft follows."""
    deal = scene.sell()
    _made(scene, deal)
    scene.settle()

    scene.edit("deals", deal, dealstage="contractsent")
    _edit_line(scene, deal, "Seats", quantity="20")
    said = _until_told(scene, deal, "the deal is not won")
    assert "(DRAFT) was left as it is: the deal is not won. Win it again, and the draft follows it." in said
    scene.win(deal)

    scene.on.until("the draft follows", lambda: _with_total(scene, deal, 798.0), 30)


def test_edits_may_be_held_and_are_found_without_webhooks(staged: Callable[..., Scene]) -> None:
    """Where the route holds edits, the draft stays, a person is asked, and `ledgerloop retry` says that it is settled.

    Without webhooks the poll finds the edit.
    """
    scene = staged({"route": {"edits": "hold"}})
    deal = scene.sell()
    _made(scene, deal)
    scene.settle()
    scene.silence("hubspot")

    _edit_line(scene, deal, "Seats", quantity="20")
    scene.edit("deals", deal, amount="798.00")  # HubSpot adds up a deal's line items itself
    poll_from_the_start(scene)

    shown = scene.until_shown("deals", deal, "xero_sync_message", seconds=20)
    assert f"`ledgerloop retry --deal {deal}`" in shown["xero_sync_message"]
    assert f"deal {deal}" in scene.holds()
    _six_hours_later(scene)
    assert f"deal {deal}" in scene.holds()
    assert scene.show("deals", deal)["xero_sync_message"]
    _retry(scene, deal)
    scene.on.until("the message goes", lambda: not scene.show("deals", deal)["xero_sync_message"] or None)
    assert f"deal {deal}" not in scene.holds()
    assert 478.8 == scene.invoices_of(deal)[0]["SubTotal"]


def test_what_a_deal_says_of_which_no_invoice_can_be_made(scene: Scene) -> None:
    """While its edit is held nobody knows what it comes to, so what it came to before is told no longer."""
    deal = scene.sell()
    made = _made(scene, deal)
    scene.approve(made["InvoiceID"])
    scene.until_shown("deals", deal, "xero_invoice_status", "AUTHORISED")
    _edit_line(scene, deal, "Seats", quantity="20")
    _until_told(scene, deal, "The deal says 798.00 NZD")
    scene.settle()

    _edit_line(scene, deal, "Seats", price="")
    scene.on.until("it is held", lambda: scene.holds().get(f"deal {deal}"))
    scene.settle()

    assert "798.00" not in _message(scene, deal)
    _edit_line(scene, deal, "Seats", price="40")
    _until_told(scene, deal, "The deal says 800.00 NZD")
    scene.settle()
    assert {} == scene.holds()


def test_a_refused_edit_is_held_and_tried_again(scene: Scene) -> None:
    """An update that Xero refused waits for a person with Xero's words; trying again changes the draft after all."""
    deal = scene.sell()
    _made(scene, deal)
    scene.settle()
    refusal = {"Type": "ValidationException", "Message": "A validation exception occurred", "ErrorNumber": 10}
    scene.fault("xero", kind="status", status=400, body=refusal, method="POST", path="/Invoices$")

    _edit_line(scene, deal, "Seats", quantity="20")
    shown = scene.until_shown("deals", deal, "xero_sync_message", seconds=20)
    assert "Xero would not change it" in shown["xero_sync_message"]
    assert "The deal says 798.00 NZD, and invoice" in shown["xero_sync_message"]
    assert f"deal {deal}" in scene.holds()
    scene.settle()
    scene.mend("xero")
    _retry(scene, deal)

    scene.on.until("the draft follows", lambda: _with_total(scene, deal, 798.0), 20)
    scene.on.until("the message goes", lambda: not scene.show("deals", deal)["xero_sync_message"] or None)
    assert f"deal {deal}" not in scene.holds()


def test_what_a_deal_says_is_told_as_it_is_now_though_its_draft_stays(scene: Scene) -> None:
    """A hand-changed draft into which finance carries an edit differs no more, and a person says that it is right."""
    deal = scene.sell(
        ({"name": "Setup", "quantity": "1", "price": "10"}, {"name": "Seats", "quantity": "2", "price": "20"})
    )
    invoice = _made(scene, deal)
    scene.settle()
    setup, seats = ({name: line[name] for name in KEPT} for line in invoice["LineItems"])
    setup = {**setup, "Description": "Setup, as agreed by phone"}
    _put_lines(scene, invoice, [setup, seats])

    _edit_line(scene, deal, "Seats", quantity="5")
    said = _until_told(scene, deal, "somebody has changed its lines in Xero")
    assert said.startswith(
        f"The deal says 110.00 NZD, and invoice {invoice['InvoiceNumber']} comes to 50.00 before tax"
    )
    _put_lines(scene, invoice, [setup, {**seats, "Quantity": 5}])
    scene.on.until("it differs no more", lambda: "The deal says" not in _message(scene, deal) or None, 30)
    assert "somebody has changed its lines in Xero" in _message(scene, deal)
    scene.approve(invoice["InvoiceID"])
    said = _until_told(scene, deal, "it is no longer a draft")
    assert f"Or run `ledgerloop retry --deal {deal}` if it is right as it stands" in said
    scene.settle()
    _retry(scene, deal)

    scene.on.until("nothing more is told", lambda: not _message(scene, deal) or None, 30)
    _edit_line(scene, deal, "Seats", quantity="6")
    _until_told(scene, deal, "The deal says 130.00 NZD")
    _edit_line(scene, deal, "Seats", quantity="5")
    scene.on.until("an edit that is undone takes all with it", lambda: not _message(scene, deal) or None, 30)


def test_an_edit_stays_told_until_a_person_says_that_the_invoice_is_right(scene: Scene) -> None:
    """Trying again what was not told yet tells it; trying again what was told says that it is right."""
    deal = scene.sell()
    scene.approve(_made(scene, deal)["InvoiceID"])
    scene.until_shown("deals", deal, "xero_invoice_status", "AUTHORISED")
    scene.settle()
    scene.silence("hubspot")
    _edit_line(scene, deal, "Seats", quantity="20")
    _retry(scene, deal)
    _until_told(scene, deal, "it is no longer a draft")
    scene.settle()

    _retry(scene, deal)

    scene.on.until("nothing is told any more", lambda: not _message(scene, deal) or None, 30)
    assert 478.8 == scene.invoices_of(deal)[0]["SubTotal"]
    scene.settle()
    _correct(scene, scene.invoices_of(deal)[0], Quantity=13)
    _until_told(scene, deal, "comes to 518.70")


def test_an_edit_that_finance_carried_over_is_told_no_longer(scene: Scene) -> None:
    """Once the approved invoice says what the deal says, nobody need be told that it was left as it is."""
    deal = scene.sell()
    invoice = _made(scene, deal)
    scene.approve(invoice["InvoiceID"])
    scene.until_shown("deals", deal, "xero_invoice_status", "AUTHORISED")
    _edit_line(scene, deal, "Seats", quantity="20")
    scene.until_shown("deals", deal, "xero_sync_message")
    scene.settle()

    _correct(scene, invoice, Quantity=20)

    scene.on.until("the message goes", lambda: not scene.show("deals", deal)["xero_sync_message"] or None, 20)
    assert 798.0 == scene.invoices_of(deal)[0]["SubTotal"]


def test_an_edit_that_finance_credited_is_told_no_longer(scene: Scene) -> None:
    """A credit note over what the deal says less carries the edit over; half of it does not."""
    deal = scene.sell()
    invoice = _made(scene, deal)
    scene.approve(invoice["InvoiceID"])
    scene.until_shown("deals", deal, "xero_invoice_status", "AUTHORISED")
    _edit_line(scene, deal, "Seats", quantity="10")
    assert "Change it in Xero." in _until_told(scene, deal, "The deal says 399.00 NZD")
    scene.settle()

    _credit(scene, invoice, 39.9)
    assert "less 45.89 with tax by credit notes" in _until_told(scene, deal, "by credit notes")
    _credit(scene, invoice, 39.9)

    scene.on.until("the message goes", lambda: not _message(scene, deal) or None, 20)
    _edit_line(scene, deal, "Seats", quantity="9")
    assert "The deal says 359.10 NZD" in _until_told(scene, deal, "The deal was changed")


def test_a_lost_deal_whose_invoice_is_credited_in_full_says_nothing(scene: Scene) -> None:
    """Nothing of it stands then, so there is nothing to do."""
    deal = scene.sell()
    invoice = _made(scene, deal)
    scene.approve(invoice["InvoiceID"])
    scene.until_shown("deals", deal, "xero_invoice_status", "AUTHORISED")
    scene.edit("deals", deal, dealstage="closedlost")
    _until_told(scene, deal, "The deal was lost")
    scene.settle()

    _credit(scene, invoice, 478.8)

    scene.on.until("the message goes", lambda: not _message(scene, deal) or None, 20)


def test_a_lost_deal_whose_invoice_is_paid(scene: Scene) -> None:
    """What is credited and sent back stays paid in Xero, so a person says that it is right; an edit is told anew."""
    deal = scene.sell()
    invoice = _made(scene, deal)
    scene.approve(invoice["InvoiceID"])
    scene.pay(invoice["InvoiceID"], invoice["Total"])
    scene.until_shown("deals", deal, "xero_invoice_status", "PAID")
    scene.edit("deals", deal, dealstage="closedlost")
    said = _until_told(scene, deal, "The deal was lost")
    assert f"Credit it in Xero if it shall not stand. Or run `ledgerloop retry --deal {deal}` if it is right" in said
    scene.settle()

    _retry(scene, deal)

    scene.on.until("the message goes", lambda: not _message(scene, deal) or None)
    scene.edit("deals", deal, dealname="Looked at once more")
    scene.settle()
    assert not _message(scene, deal)
    _edit_line(scene, deal, "Seats", quantity="20")
    _until_told(scene, deal, "The deal was lost")


def test_a_difference_that_finance_put_right_is_told_no_longer(scene: Scene) -> None:
    """What is told of an invoice is worked out from what stands, with every pull; nobody touches the deal."""
    deal = scene.sell(amount="500.00")
    invoice = _made(scene, deal)
    shown = scene.until_shown("deals", deal, "xero_sync_message")
    assert "The deal says 500.00 NZD" in shown["xero_sync_message"]
    scene.settle()

    _correct(scene, invoice, UnitAmount=50, Quantity=10)

    scene.on.until("the message goes", lambda: not scene.show("deals", deal)["xero_sync_message"] or None, 20)
    _correct(scene, invoice, UnitAmount=49, Quantity=10)
    shown = scene.until_shown("deals", deal, "xero_sync_message", seconds=20)
    assert "comes to 490.00" in shown["xero_sync_message"]


def test_a_retry_says_nothing_of_what_is_told_after_it(scene: Scene) -> None:
    """It counts once, though its turn fails over another deal and is repeated: nobody has read what comes later."""
    deal = scene.sell()
    invoice = _made(scene, deal)
    scene.settle()
    _correct(scene, invoice, UnitAmount=40)
    _until_told(scene, deal, "comes to 480.00")
    scene.settle()
    scene.fault("xero", kind="status", status=503, method="PUT", path="/Invoices")
    scene.sell()
    scene.on.until("it is tried", lambda: _requests(scene) > 1 or None)

    _retry(scene, deal)
    scene.on.until("nothing is told any more", lambda: not _message(scene, deal) or None, 60)
    _correct(scene, invoice, UnitAmount=41)
    _until_told(scene, deal, "comes to 492.00")

    again = _requests(scene) + 3
    scene.on.until("it is tried again", lambda: _requests(scene) > again or None)
    assert "comes to 492.00" in _message(scene, deal)


def test_a_difference_stays_told_until_a_person_says_that_the_invoice_is_right(scene: Scene) -> None:
    """Finance may be right without an edit of the deal: the sentence says how to say so; another difference is told."""
    deal = scene.sell()
    invoice = _made(scene, deal)
    scene.settle()
    _correct(scene, invoice, UnitAmount=40)
    said = _until_told(scene, deal, "comes to 480.00")
    assert said == (
        f"The deal says 478.80 NZD, and invoice {invoice['InvoiceNumber']} comes to 480.00 before tax. Compare the two."
        f" Or run `ledgerloop retry --deal {deal}` if it is right as it stands."
    )
    scene.settle()

    _retry(scene, deal)

    scene.on.until("nothing is told any more", lambda: not _message(scene, deal) or None, 30)
    assert [f"Told until then: {said.split(' Or run')[0]}"] == [
        why[why.index("Told") :] for why in scene.reasons(f"deal {deal}", "skip")
    ]
    scene.settle()
    scene.approve(invoice["InvoiceID"])
    scene.until_shown("deals", deal, "xero_invoice_status", "AUTHORISED")
    scene.settle()
    assert "" == _message(scene, deal)
    _correct(scene, invoice, UnitAmount=41)
    _until_told(scene, deal, "comes to 492.00")
    _correct(scene, invoice)
    scene.on.until("it differs no more", lambda: not _message(scene, deal) or None, 30)
    scene.settle()
    _correct(scene, invoice, UnitAmount=40)
    _until_told(scene, deal, "comes to 480.00")


def test_what_is_held_is_tried_again_before_a_difference_is_called_right(scene: Scene) -> None:
    """Who has a held deal tried again, perhaps with all others, has said nothing of its invoice yet."""
    deal = scene.sell(amount="500.00")
    _until_told(scene, deal, "The deal says 500.00 NZD")
    scene.settle()
    with scene.built.database.transaction() as tx:
        journal.hold(tx, "62515", f"hubspot deal {deal}", ("HubSpot has no such stage.",), (), scene.built.now())

    _retry(scene, deal)
    scene.on.until("it is tried again", lambda: not scene.holds() or None)
    scene.settle()

    assert "The deal says 500.00 NZD" in _message(scene, deal)
    _retry(scene, deal)
    scene.on.until("it is called right", lambda: not _message(scene, deal) or None, 30)


def test_an_invoice_that_is_gone_is_not_called_right(scene: Scene) -> None:
    """Who tries such a deal again wants another invoice; nobody has said that the old one was right."""
    deal = scene.sell(amount="500.00")
    _until_told(scene, deal, "The deal says 500.00 NZD")
    scene.settle()
    (invoice,) = scene.invoices_of(deal)
    body = {"InvoiceID": invoice["InvoiceID"], "Status": "DELETED"}
    scene.on.in_xero("POST", f"/Invoices/{invoice['InvoiceID']}", {"Invoices": [body]})
    _until_told(scene, deal, "was deleted in Xero")
    scene.settle()

    _retry(scene, deal)
    scene.settle()

    assert [] == scene.reasons(f"deal {deal}", "skip")


def _message(scene: Scene, deal: str) -> str:
    return scene.show("deals", deal)["xero_sync_message"] or ""


def _until_told(scene: Scene, deal: str, text: str) -> str:
    return scene.on.until(text, lambda: said if text in (said := _message(scene, deal)) else None, 30)


def _credit(scene: Scene, invoice: dict[str, Any], net: float, tax: str = "OUTPUT2") -> None:
    """Make a credit note over so much before tax, and allocate it to an invoice, as finance does."""
    line = {"Description": "Less", "Quantity": 1, "UnitAmount": net, "AccountCode": "200", "TaxType": tax}
    note = {"Type": "ACCRECCREDIT", "Status": "AUTHORISED", "Date": "2026-12-01", "LineItems": [line]}
    note["Contact"] = {"ContactID": invoice["Contact"]["ContactID"]}
    [made] = scene.on.in_xero("PUT", "/CreditNotes", {"CreditNotes": [note]})["CreditNotes"]
    part = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": made["Total"], "Date": "2026-12-01"}
    scene.on.in_xero("PUT", f"/CreditNotes/{made['CreditNoteID']}/Allocations", {"Allocations": [part]})


def _put_lines(scene: Scene, invoice: dict[str, Any], lines: list[dict[str, Any]]) -> None:
    """Write an invoice's lines in Xero as finance does."""
    body = {"InvoiceID": invoice["InvoiceID"], "LineItems": lines}
    scene.on.in_xero("POST", f"/Invoices/{invoice['InvoiceID']}", {"Invoices": [body]})


def _correct(scene: Scene, invoice: dict[str, Any], **values: Any) -> None:
    """Change an invoice's one line in Xero as finance does."""
    kept = {name: invoice["LineItems"][0][name] for name in ("LineItemID", "Description", "AccountCode", "TaxType")}
    line = {**kept, "Quantity": 12, "UnitAmount": 39.9, **values}
    body = {"InvoiceID": invoice["InvoiceID"], "LineItems": [line]}
    scene.on.in_xero("POST", f"/Invoices/{invoice['InvoiceID']}", {"Invoices": [body]})


def _made(scene: Scene, deal: str) -> dict[str, Any]:
    scene.until_shown("deals", deal, "xero_invoice_id")
    return scene.invoices_of(deal)[0]


def _with_total(scene: Scene, deal: str, total: float) -> dict[str, Any] | None:
    invoice = scene.invoices_of(deal)[0]
    return invoice if invoice["SubTotal"] == total else None


def _edit_line(scene: Scene, deal: str, name: str, **values: str) -> None:
    query = {"properties": "name", "associations": "line_items"}
    tied = scene.on.at_hubspot("GET", f"{OBJECTS}/deals/{deal}", query=query)["associations"]
    for one in next(iter(tied.values()))["results"]:
        item = scene.on.at_hubspot("GET", f"{OBJECTS}/line_items/{one['id']}", query={"properties": "name"})
        if item["properties"]["name"] == name:
            scene.edit("line_items", one["id"], **values)


def _requests(scene: Scene) -> int:
    """Count the requests by which invoices were to be made."""
    return len(scene.calls("xero", method="PUT", path="/Invoices"))


def _retry(scene: Scene, deal: str) -> None:
    with instead(scene.built.parts()):
        retries.retry([deal])


def _six_hours_later(scene: Scene) -> None:
    """Have what is held be looked at again, as it is by itself."""
    with scene.built.database.transaction() as tx:
        long_ago = scene.built.now() - held_deals.EVERY
        cursors.put(tx, cursors.Cursor("62515", held_deals.CURSOR, None, 1, long_ago))
        lanes.wake(tx, "invoicing", "62515", scene.built.now())
    scene.built.parts().nudge()
    scene.on.until("it is looked at", lambda: _looked(scene, long_ago) or None)
    scene.settle()


def _looked(scene: Scene, before: datetime) -> bool:
    with scene.built.database.reading() as tx:
        last = cursors.get(tx, "62515", held_deals.CURSOR).highest
        return last is not None and last > before
