"""Checklist of the Xero sandbox: stock of tracked items, rounded totals, and what stays taken."""

from decimal import Decimal
from typing import Any

import pytest
from xero_app import App, first, line, messages, sale

TOO_LITTLE = "There is not enough stock of the item 'SUPPORT' on hand."


def _stock(app: App, **quantities: Any) -> None:
    app.steer(f"organisations/{app.tenant}", {"Stock": quantities})


def _item(app: App) -> dict[str, Any]:
    return first(app.get("Items/SUPPORT"))


def _hours(quantity: Any, **more: Any) -> dict[str, Any]:
    return {"LineItems": [line(ItemCode="SUPPORT", Quantity=quantity, **more)]}


def _shown(item: dict[str, Any]) -> list[Any]:
    return [item.get(name) for name in ("QuantityOnHand", "QuantityOnBackOrder", "QuantityAvailable")]


def test_stock_moves_by_approved_documents(app: App) -> None:
    """A draft takes nothing; an approved sale does, a bill brings, and voiding gives back."""
    before = _item(app)
    _stock(app, SUPPORT=5)
    contact = app.contact()
    draft = app.invoice(contact, "DRAFT", **_hours(4))
    after_draft = _shown(_item(app))
    app.post(f"Invoices/{draft['InvoiceID']}", {"Status": "AUTHORISED"})
    after_sale = _shown(_item(app))
    app.invoice(contact, Type="ACCPAY", **_hours(3, AccountCode="429", TaxType="INPUT2"))
    after_bill = _shown(_item(app))
    app.post(f"Invoices/{draft['InvoiceID']}", {"Status": "VOIDED"})

    assert before["IsTrackedAsInventory"] is False
    assert _shown(before) == [None, None, None]
    assert (after_draft, after_sale, after_bill) == ([5, 0, 5], [1, 0, 1], [4, 0, 4])
    assert _shown(_item(app)) == [8, 0, 8]
    assert _item(app)["InventoryAssetAccountCode"] == "630"


def test_stock_does_not_go_below_zero_unless_it_may(app: App) -> None:
    """A sale of more than there is is refused, on creation and on approval, and goes with allowBackorders."""
    _stock(app, SUPPORT=5)
    contact = app.contact()
    two_lines = [line(ItemCode="SUPPORT", Quantity=3), line(ItemCode="SUPPORT", Quantity=3)]
    refused = messages(app.put("Invoices", {"Invoices": [sale(contact, LineItems=two_lines)]}))
    draft = app.invoice(contact, "DRAFT", LineItems=two_lines)
    path, approval = f"Invoices/{draft['InvoiceID']}", {"Status": "AUTHORISED"}
    on_approval = messages(app.post(path, approval))
    left = _shown(_item(app))
    allowed = app.post(path, approval, allowBackorders="true")

    assert (refused, on_approval) == ([TOO_LITTLE], [TOO_LITTLE])
    assert left == [5, 0, 5]
    assert allowed.status_code == 200
    assert _shown(_item(app)) == [0, 1, -1]


@pytest.mark.parametrize("mode", ["refused", "replaced"])
def test_a_tracked_item_has_an_account_of_its_own(app: App, mode: str) -> None:
    """Another account on its sales line is refused, or replaced: reports differ. What is not tracked takes any."""
    app.steer("settings", {"tracked_account": mode})
    contact = app.contact()
    free = app.invoice(contact, **_hours(1, AccountCode="260"))
    _stock(app, SUPPORT=5)
    answer = app.put("Invoices", {"Invoices": [sale(contact, **_hours(1, AccountCode="260"))]})
    plain = app.invoice(contact, **_hours(1, AccountCode=None))

    assert free["LineItems"][0]["AccountCode"] == "260"
    assert plain["LineItems"][0]["AccountCode"] == "200"
    if mode == "refused":
        assert "Account code '260' is not that of the item 'SUPPORT'" in messages(answer)[0]
    else:
        assert first(answer)["LineItems"][0]["AccountCode"] == "200"


def _opt_in(app: App) -> dict[str, Any]:
    app.steer(f"organisations/{app.tenant}", {"Rounding": True})
    return app.contact()


def test_totals_round_where_the_organisation_has_opted_in(app: App) -> None:
    """An approved invoice takes a total up to 0.10 off; a single fetch says so, lists do not, and others ignore it."""
    before = app.invoice(app.contact("Before"), SubTotal=100, TotalTax=15, Total=115.05)
    contact = _opt_in(app)
    rounded = app.invoice(contact, SubTotal=100, TotalTax=15, Total=115.05)
    path = f"Invoices/{rounded['InvoiceID']}"
    named = app.post(path, {"Reference": "The rounding stays"})
    listed = first(app.get("Invoices", IDs=rounded["InvoiceID"], page=1))
    anew = first(app.post(path, {"LineItems": [line()]}))

    assert (before["Total"], "RoundingAmount" in before) == (115, False)
    assert [rounded[name] for name in ("Total", "AmountDue", "RoundingAmount")] == [115.05, 115.05, 0.05]
    assert (first(named)["Total"], app.one(path)["Total"]) == (115.05, 115)
    assert (listed["Total"], "RoundingAmount" in listed) == (115.05, False)
    assert (anew["Total"], anew["RoundingAmount"]) == (115, 0)


@pytest.mark.parametrize(
    ("totals", "said"),
    [
        ({"Total": 115.11}, "The RoundingAmount must be between -0.10 and 0.10"),
        ({"Total": 114.89}, "The RoundingAmount must be between -0.10 and 0.10"),
        ({"SubTotal": 99, "Total": 114}, "The document sub total does not equal the sub total of the lines"),
        ({"Total": 115.05, "RoundingAmount": 0.04}, "The invoice total does not equal the sum of the lines."),
        ({"TotalTax": 14, "Total": 114}, "The invoice total does not equal the sum of the lines."),
    ],
)
def test_totals_that_do_not_add_up_are_refused_after_the_opt_in(app: App, totals: dict[str, Any], said: str) -> None:
    """All three sent on an approved or submitted invoice are checked; without one of them nothing is."""
    contact = _opt_in(app)
    sent = {"SubTotal": 100, "TotalTax": 15, "Total": 115} | totals
    for status in ("SUBMITTED", "AUTHORISED"):
        assert messages(app.put("Invoices", {"Invoices": [sale(contact, status, **sent)]})) == [said]
    del sent["SubTotal"]

    assert app.invoice(contact, **sent)["Total"] == 115


def test_a_draft_is_never_rounded_and_keeps_what_was_entered(app: App) -> None:
    """On a draft the totals are ignored, and EnteredTotal is set there alone."""
    contact = _opt_in(app)
    draft = app.invoice(contact, "DRAFT", SubTotal=1, TotalTax=1, Total=9, EnteredTotal=115.02)
    approved = app.invoice(contact, EnteredTotal=115.02)

    assert (draft["Total"], draft["RoundingAmount"], draft["EnteredTotal"]) == (115, 0, 115.02)
    assert "EnteredTotal" not in approved


@pytest.mark.parametrize(("begin", "end"), [("DRAFT", "DELETED"), ("AUTHORISED", "VOIDED")])
def test_the_number_of_a_deleted_or_voided_invoice_stays_taken(app: App, begin: str, end: str) -> None:
    """Creating with it is refused; posting with it meets that invoice, which nobody may change."""
    contact = app.contact()
    gone = app.invoice(contact, begin, InvoiceNumber="OURS-1")
    assert app.post(f"Invoices/{gone['InvoiceID']}", {"Status": end}).status_code == 200
    again = sale(contact, InvoiceNumber="OURS-1")

    assert messages(app.put("Invoices", {"Invoices": [again]})) == ["Invoice # must be unique."]
    said = messages(app.post("Invoices", {"Invoices": [again]}))
    assert said == ["Invoice not of valid status for modification"]


def test_an_address_of_xeros_own_is_refused(app: App) -> None:
    """An invoice's Url must not contain the word."""
    body = sale(app.contact(), Url="https://go.xero.com/x")

    assert messages(app.put("Invoices", {"Invoices": [body]})) == ["Url must not contain the word xero"]


def test_a_rounding_goes_to_the_tenth_either_way(app: App) -> None:
    """A rounding of exactly 0.10 either way is taken."""
    contact = _opt_in(app)
    for total in (114.90, 115.10):
        made = app.invoice(contact, SubTotal=100, TotalTax=15, Total=total)
        assert abs(Decimal(str(made["RoundingAmount"]))) == Decimal("0.1")
