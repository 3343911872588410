"""Edits after an invoice was made: what counts as one, what is changed of the draft, and what stays."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from rules_samples import HOME, PORTAL, TODAY, item, record

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Receivable
from ledgerloop.rules.edits import (
    UNSEEN,
    as_sent,
    asked_by_routes,
    basis_of,
    changed_by_hand,
    changed_payload,
    difference,
    edit_told,
    elsewhere,
    gone_first,
    lines_as_text,
    lost_told,
    merged_told,
    not_changed,
    not_won,
    payload_from,
    put_right,
    stands_already,
    update_of,
    with_line_ids,
)
from ledgerloop.rules.invoices import Draft, invoice_from_deal, payload_of
from ledgerloop.rules.remarks import or_right
from ledgerloop.rules.routing import Conditions, Route, Terms
from ledgerloop.xero.models import Invoice, LineItem

ITEMS = [item("1", name="Seats", quantity="12", price="39.90"), item("2", name="Setup", price="250")]


def drafted(items: list[Record], terms: Terms | None = None, **properties: str | None) -> Draft:
    """Return the invoice of deal 512 as it would be made."""
    draft = invoice_from_deal(record("512", **properties), items, terms or Terms(), HOME, PORTAL, TODAY)
    assert isinstance(draft, Draft)
    return draft


def in_xero(**first: Any) -> Invoice:
    """Return the invoice as Xero shows it; the first line may have been changed by hand."""
    seats = {"LineItemID": "a", "Description": "Seats", "Quantity": "12.0000", "UnitAmount": "39.9000"}
    setup = {"LineItemID": "b", "Description": "Setup", "Quantity": "1", "UnitAmount": "250", "LineAmount": "250.00"}
    lines = [{**seats, "LineAmount": "478.80", "AccountCode": "200", **first}, {**setup, "AccountCode": "200"}]
    head = {"Type": "ACCREC", "Status": "DRAFT", "CurrencyCode": "NZD", "LineAmountTypes": "Exclusive"}
    return Invoice.model_validate({"InvoiceID": "i1", **head, "LineItems": lines})


@pytest.mark.parametrize(
    ("items", "properties", "edited"),
    [
        pytest.param(ITEMS, {}, False, id="nothing"),
        pytest.param(ITEMS[::-1], {}, False, id="the order in which HubSpot tells the lines"),
        pytest.param(ITEMS, {"dealname": "Other", "dealstage": "9"}, False, id="the name, the stage"),
        pytest.param(ITEMS, {"xero_amount_due": "5"}, False, id="what we write ourselves"),
        pytest.param(ITEMS[:1], {}, True, id="a line that is gone"),
        pytest.param([*ITEMS, item("3")], {}, True, id="a line that came"),
        pytest.param([item("1", name="Seats", quantity="13", price="39.90"), ITEMS[1]], {}, True, id="a quantity"),
        pytest.param(ITEMS, {"amount": "700"}, True, id="the deal's amount"),
        pytest.param(ITEMS, {"deal_currency_code": "USD"}, True, id="the currency"),
        pytest.param(ITEMS, {"due": "2026-12-31"}, True, id="a property that the route asks for"),
    ],
)
def test_what_counts_as_an_edit(items: list[Record], properties: dict[str, str], edited: bool) -> None:
    """An edit is another answer to what the invoice asks; what the invoice does not ask is none."""
    terms = Terms(due_date_property="due")
    before = basis_of(record("512", dealname="Fleet"), ITEMS, terms)

    assert (basis_of(record("512", **({"dealname": "Fleet"} | properties)), items, terms) != before) is edited


def test_who_pays_and_the_way_to_the_route_count() -> None:
    """Another payer is an edit, and so is another value of what any route asks for, whichever it has now."""
    terms = Terms(account_code="260")
    routes = [Route(terms=terms, conditions=Conditions(pipeline="p", properties=(("kind", "hardware"),))), Route()]
    owned = Route(terms=terms, conditions=Conditions(owner="kim@acme.nz"))
    asked = asked_by_routes(routes)
    deal = record("512", dealname="Fleet", kind="hardware")

    before = basis_of(deal, ITEMS, terms, "company 7", asked)

    assert ["kind", "pipeline"] == asked
    assert ["hubspot_owner_id"] == asked_by_routes([owned])
    assert before != basis_of(deal, ITEMS, terms, "company 8", asked)
    assert before != basis_of(record("512", dealname="Fleet", kind="software"), ITEMS, terms, "company 7", asked)
    assert before == basis_of(record("512", dealname="Other", kind="hardware"), ITEMS, terms, "company 7", asked)


def test_only_what_differs_is_changed() -> None:
    """Lines that differ are sent, and nothing else; the payload that is kept is the invoice as it then stands."""
    payload = payload_of(drafted(ITEMS), "c1")
    after = drafted([item("1", name="Seats", quantity="20", price="39.90"), ITEMS[1]])

    changes = difference(payload, after, "c1")

    assert list(changes) == ["LineItems"]
    assert changed_payload(payload, changes) == payload_of(after, "c1")
    body = update_of(payload, in_xero(), changes)
    assert {name: body[name] for name in ("InvoiceID", "Type", "Status")} == {
        "InvoiceID": "i1",
        "Type": "ACCREC",
        "Status": "DRAFT",
    }
    assert [(line["LineItemID"], line["Quantity"]) for line in body["LineItems"]] == [
        ("a", Decimal(20)),
        ("b", Decimal(1)),
    ]


@pytest.mark.parametrize(
    ("first", "changes", "stands"),
    [
        pytest.param({"Quantity": "20", "LineAmount": "798"}, {}, True, id="the lines as they are to be"),
        pytest.param({}, {}, False, id="the lines as they were"),
        pytest.param({"Quantity": "20", "LineAmount": "798", "TaxType": "NONE"}, {}, False, id="with another tax"),
        pytest.param({"Quantity": "20", "LineAmount": "798", "ItemCode": "X"}, {}, False, id="with an item"),
        pytest.param(
            {"Quantity": "20", "LineAmount": "798"}, {"DueDate": "2026-12-31"}, False, id="but for the due date"
        ),
    ],
)
def test_a_change_that_stands_already(first: dict[str, str], changes: dict[str, str], stands: bool) -> None:
    """Whoever made the change in Xero: where the invoice says what the deal says, there is nothing to change."""
    terms = Terms(tax_type="OUTPUT2")
    payload = payload_of(drafted(ITEMS, terms), "c1")
    after = drafted([item("1", name="Seats", quantity="20", price="39.90"), ITEMS[1]], terms)
    wanted = difference(payload, after, "c1") | changes
    invoice = in_xero(**({"TaxType": "OUTPUT2"} | first))
    setup = invoice.LineItems[1].model_copy(update={"TaxType": "OUTPUT2"})
    invoice = invoice.model_copy(update={"LineItems": [invoice.LineItems[0], setup]})

    assert stands_already(payload, wanted, invoice) is stands


@pytest.mark.parametrize(
    ("changes", "shown", "stands"),
    [
        pytest.param({"DueDate": "2026-12-31"}, {"DueDate": date(2026, 12, 31)}, True, id="the due date"),
        pytest.param({"DueDate": "2026-12-31"}, {"DueDate": date(2026, 12, 30)}, False, id="another due date"),
        pytest.param({"DueDate": "2026-12-31"}, {}, False, id="no due date"),
        pytest.param({"CurrencyCode": "USD"}, {"CurrencyCode": "USD"}, True, id="the currency"),
        pytest.param({"CurrencyCode": "USD"}, {"CurrencyCode": "NZD"}, False, id="another currency"),
        pytest.param({"LineAmountTypes": "Inclusive"}, {"LineAmountTypes": "Inclusive"}, True, id="how tax is meant"),
        pytest.param(
            {"LineAmountTypes": "Inclusive"}, {"LineAmountTypes": "Exclusive"}, False, id="tax meant otherwise"
        ),
    ],
)
def test_a_change_of_the_head_that_stands_already(changes: dict[str, str], shown: dict[str, Any], stands: bool) -> None:
    """Due date, currency and the meaning of tax are compared too; a tax type that was not sent is left to Xero."""
    payload = payload_of(drafted(ITEMS), "c1")
    invoice = in_xero(TaxType="OUTPUT2").model_copy(update=shown)

    assert stands_already(payload, changes, invoice) is stands


def test_what_is_kept_as_sent_is_the_same_text_again() -> None:
    """Payloads are compared and hashed as text: nothing changed is the same text, letters of any language included."""
    payload = payload_of(drafted([item("1", name="Café 茶", quantity="1", price="2")]), "c1")

    assert "Café 茶" in payload
    assert changed_payload(payload, {}) == payload


def test_marks_status_and_customer_stay() -> None:
    """Whatever the settings have become meanwhile: reference, number, theme, date, status and customer stay."""
    payload = payload_of(drafted(ITEMS), "c1")
    other = replace(Terms(), status="AUTHORISED", reference="{marker} x", number="N{deal}")

    assert difference(payload, drafted(ITEMS, other), "c1") == {}


def test_a_new_due_date_is_a_change() -> None:
    """The due date follows the deal's own property."""
    terms = Terms(due_date_property="due")
    payload = payload_of(drafted(ITEMS, terms), "c1")

    assert difference(payload, drafted(ITEMS, terms, due="2026-12-31"), "c1") == {"DueDate": "2026-12-31"}


@pytest.mark.parametrize(
    ("first", "same"),
    [
        pytest.param({}, True, id="as it was sent"),
        pytest.param({"Description": " Seats "}, True, id="space does not count"),
        pytest.param({"TaxType": "OUTPUT2", "TaxAmount": "71.82"}, True, id="what Xero fills in does not count"),
        pytest.param({"Quantity": "11", "LineAmount": "438.90"}, False, id="a quantity"),
        pytest.param({"Description": "Seats, as agreed"}, False, id="a description"),
        pytest.param({"AccountCode": "260"}, False, id="an account"),
        pytest.param({"AccountCode": ""}, False, id="an account that is gone"),
        pytest.param({"LineAmount": "470.00"}, False, id="a discount"),
    ],
)
def test_lines_whose_answer_was_lost(first: dict[str, str], same: bool) -> None:
    """Where nobody has seen what Xero answered, lines are nobody's change if they are those that were sent."""
    payload = payload_of(drafted(ITEMS), "c1")

    assert as_sent(payload, in_xero(**first)) is same
    assert changed_by_hand(payload, in_xero(**first), "") == ("" if same else "its lines")


@pytest.mark.parametrize(
    ("sent", "returned"),
    [
        pytest.param({"price": "0"}, {"UnitAmount": "0", "LineAmount": "0", "AccountCode": ""}, id="a line of 0.00"),
        pytest.param({"name": "Seats 🚀 now"}, {"Description": "Seats  now"}, id="a letter beyond U+FFFF"),
        pytest.param({"name": "x" * 4000 + "y"}, {"Description": "x" * 4000}, id="a text of more than 4,000"),
    ],
)
def test_what_xero_tidies_is_nobodys_edit(sent: dict[str, str], returned: dict[str, str]) -> None:
    """What Xero makes of what it is sent is no change by hand, whether its answer was seen or lost; a change of it is.

    What was returned decides alone: it need not be like what was sent.
    """
    one = item("1", **({"name": "Seats", "quantity": "12", "price": "39.90"} | sent))
    payload, invoice = payload_of(drafted([one, ITEMS[1]]), "c1"), in_xero(**returned)

    assert as_sent(payload, invoice)
    assert not changed_by_hand(payload, invoice, lines_as_text(invoice))
    assert changed_by_hand(payload, in_xero(**(returned | {"AccountCode": "260"})), lines_as_text(invoice))
    assert not changed_by_hand(payload_of(drafted(ITEMS[1:]), "c1"), invoice, lines_as_text(invoice))


@pytest.mark.parametrize(
    "first", [{}, {"DiscountRate": "10", "LineAmount": "430.92"}, {"Tracking": [{"Name": "Region", "Option": "East"}]}]
)
def test_an_invoice_that_was_found_is_anybodys(first: dict[str, Any]) -> None:
    """It is kept as if it had been sent just so; since nobody saw it made, its lines are left alone."""
    invoice = in_xero(**first)
    payload = payload_from(invoice)

    assert as_sent(payload, invoice)
    assert not as_sent(payload, in_xero(Quantity="11", LineAmount="438.90"))
    assert changed_by_hand(payload, invoice, UNSEEN)
    assert [] == [name for name in ("Quantity", "UnitAmount") if name not in json.loads(payload)["LineItems"][0]]


def test_an_invoice_that_was_found_is_kept_whole() -> None:
    """Everything is kept of it that a request would have said, under the names of a request."""
    line = {"ItemCode": "SUPPORT", "TaxType": "OUTPUT2", "Tracking": [{"Name": "Region", "Option": "Île"}]}
    head = {"DueDate": date(2026, 12, 31), "Reference": "HS-512", "CurrencyCode": "NZD", "Status": "AUTHORISED"}
    first, second = json.loads(payload := payload_from(in_xero(**line).model_copy(update=head)))["LineItems"]
    body = {name: value for name, value in json.loads(payload).items() if name in (*head, "Type")}

    assert body == {**head, "DueDate": "2026-12-31", "Type": "ACCREC"}
    assert first == {
        "Description": "Seats",
        "AccountCode": "200",
        "Quantity": "12.0000",
        "UnitAmount": "39.9000",
        **line,
    }
    assert not {"ItemCode", "TaxType", "Tracking"} & second.keys()
    assert "Île" in payload


@pytest.mark.parametrize(("sent", "returned"), [("12.00004", "12"), ("12.00005", "12.0001"), ("11.99995", "12")])
def test_a_quantity_that_xero_shortened_was_sent(sent: str, returned: str) -> None:
    """An invoice that was sent before with more decimals than Xero keeps is as it was sent; halves go up."""
    payload = payload_of(drafted(ITEMS), "c1").replace('"Quantity": "12"', f'"Quantity": "{sent}"')

    assert f'"{sent}"' in payload
    assert as_sent(payload, in_xero(Quantity=returned))


@pytest.mark.parametrize(
    ("first", "by_hand"),
    [
        pytest.param({}, False, id="as Xero returned it"),
        pytest.param({"UnitAmount": "39.90", "TaxAmount": "0.01"}, False, id="decimals and what follows do not count"),
        pytest.param({"Quantity": "11", "LineAmount": "438.90"}, True, id="a quantity"),
        pytest.param({"Description": "Seats, as agreed"}, True, id="a description"),
        pytest.param({"AccountCode": "260"}, True, id="an account"),
        pytest.param({"LineAmount": "470.00"}, True, id="a discount"),
        pytest.param({"TaxType": "ZERORATED"}, True, id="a tax type"),
        pytest.param({"ItemCode": "SEAT"}, True, id="an item"),
        pytest.param({"Tracking": [{"Name": "Region", "Option": "South"}]}, True, id="tracking"),
    ],
)
def test_lines_that_people_changed_in_xero(first: dict[str, Any], by_hand: bool) -> None:
    """What finance changed on a draft is never overwritten, tax types, items and tracking that nobody sent included."""
    returned = {"TaxType": "OUTPUT2", "Tracking": [{"Name": "Region", "Option": "North"}]}
    stood = lines_as_text(in_xero(**returned))

    changed = changed_by_hand(payload_of(drafted(ITEMS), "c1"), in_xero(**(returned | first)), stood)
    assert changed == ("its lines" if by_hand else "")


@pytest.mark.parametrize(
    ("shown", "changed"),
    [
        pytest.param({}, "", id="as it was made"),
        pytest.param({"CurrencyCode": "USD"}, "its currency", id="the currency"),
        pytest.param({"LineAmountTypes": "Inclusive"}, "whether its prices include tax", id="how tax is meant"),
        pytest.param({"LineItems": []}, "its lines", id="the lines"),
        pytest.param({"CurrencyCode": "USD", "LineItems": []}, "its currency and its lines", id="both"),
        pytest.param({"DueDate": date(2026, 12, 31), "Reference": "PO 7"}, "", id="what lines do not depend on"),
        pytest.param({"CurrencyCode": "", "LineAmountTypes": ""}, "", id="not told"),
    ],
)
@pytest.mark.parametrize("known", ["as Xero answered", "lines alone", "lines and no more told", "answer lost"])
def test_what_people_changed_in_xero(known: str, shown: dict[str, Any], changed: str) -> None:
    """Lines mean another thing in another currency or with tax in their prices, so changing these is changing them.

    What Xero has not told of itself, or an earlier release has not kept, is as it was sent.
    """
    untold = in_xero().model_copy(update={"CurrencyCode": "", "LineAmountTypes": ""})
    stood = {
        "as Xero answered": lines_as_text(in_xero()),
        "lines alone": json.dumps(json.loads(lines_as_text(in_xero()))["lines"]),
        "lines and no more told": lines_as_text(untold),
        "answer lost": "",
    }[known]
    payload = payload_of(drafted(ITEMS), "c1")

    assert changed_by_hand(payload, in_xero().model_copy(update=shown), stood) == changed
    assert as_sent(payload, in_xero().model_copy(update=shown)) is not bool(changed)


def test_what_xero_answered_stands_above_what_was_sent() -> None:
    """Whatever Xero has made of currency and tax, it is nobody's change while it stands as it was answered."""
    answered = in_xero().model_copy(update={"CurrencyCode": "AUD", "LineAmountTypes": "NoTax"})
    payload = payload_of(drafted(ITEMS), "c1")

    assert "" == changed_by_hand(payload, answered, lines_as_text(answered))
    assert "its currency and whether its prices include tax" == changed_by_hand(
        payload, in_xero(), lines_as_text(answered)
    )


def test_a_discount_that_was_sent_is_no_change_by_hand() -> None:
    """A line's amount is compared after its discount, as Xero shows it."""
    items = [item("1", name="Seats", quantity="3", price="10", hs_discount_percentage="50")]
    line = LineItem(
        Description="Seats", Quantity=Decimal(3), UnitAmount=Decimal(10), LineAmount=Decimal(15), AccountCode="200"
    )

    assert as_sent(payload_of(drafted(items), "c1"), Invoice(LineItems=[line]))


def test_a_tidied_line_keeps_its_id() -> None:
    """A line is found again by its description as Xero keeps it, so that it is changed and not made anew."""
    standing = [LineItem(LineItemID="1", Description="Seats  now")]

    assert with_line_ids([{"Description": "Seats 🚀 now"}], Invoice(LineItems=standing))[0]["LineItemID"] == "1"


def test_equal_lines_get_an_id_each() -> None:
    """Two lines alike stand for two lines; one that is new has no id, and one that is gone is not sent."""
    lines = [{"Description": text} for text in ("A", "A", "C")]
    standing = [LineItem(LineItemID=id_, Description=text) for id_, text in (("1", "A"), ("2", "B"), ("3", "A"))]

    named = with_line_ids(lines, Invoice(LineItems=standing))

    assert [line.get("LineItemID") for line in named] == ["1", "3", None]


def test_the_payload_that_is_kept_is_text() -> None:
    """What is kept after a change can be read and changed again."""
    payload = payload_of(drafted(ITEMS), "c1")

    assert json.loads(changed_payload(payload, {})) == json.loads(payload)


def standing(status: str, number: str = "INV-1", paid: str = "0", credited: str = "0") -> Receivable:
    """Return an invoice as our copy has it."""
    money = {"paid": Decimal(paid), "credited": Decimal(credited)}
    return Receivable("o", "i", "invoice", "c", status, "NZD", Decimal(100), number=number, **money)


@pytest.mark.parametrize(
    ("stands", "cure"),
    [
        pytest.param(standing("DRAFT"), "Delete", id="Xero voids no draft"),
        pytest.param(standing("SUBMITTED"), "Delete", id="nor one that waits for approval"),
        pytest.param(standing("AUTHORISED"), "Void", id="approved"),
        pytest.param(standing("AUTHORISED", paid="40"), "Credit", id="Xero voids none of which something is paid"),
        pytest.param(standing("AUTHORISED", credited="40"), "Credit", id="or credited"),
        pytest.param(standing("PAID", paid="100"), "Credit", id="paid"),
        pytest.param(None, "Delete or void", id="not in our copy"),
    ],
)
def test_how_an_invoice_is_done_away_with(stands: Receivable | None, cure: str) -> None:
    """What a deal advises is what Xero allows for an invoice as it stands."""
    other = standing("AUTHORISED", "INV-2")

    assert lost_told("5", "INV-1", stands) == (
        f"The deal was lost after invoice INV-1 was made. {cure} it in Xero if it shall not stand. {or_right('5')}"
    )
    gone = {"Credit": "take its payments and credits off in Xero and void it there"}
    assert gone_first(stands) == gone.get(cure, f"{cure.lower()} it in Xero")
    assert f"it again, or {cure.lower()} it in Xero" in not_won(stands) or cure == "Delete"
    anew = elsewhere("7", "Aussie Demo Pty", stands).partition(" now. ")[2]
    assert anew.startswith(f"{cure} this one in Xero")
    put = "Credit it in Xero." if cure == "Credit" else "Change it in Xero."
    assert put_right(stands) == put
    assert not_changed("5", "It is approved.", stands) == f"It is approved. {put} {or_right('5')}"
    assert ("--new" in anew, "adopt --deal 7 --invoice" in anew) == (cure != "Credit", cure == "Credit")
    if cure == "Credit":
        credited = elsewhere("7", "Aussie Demo Pty", stands, credited=True).partition(" now. ")[2]
        assert credited.startswith("This one is credited in full, so make one there by hand, and run `ledgerloop adopt")
    assert "the deal's route leads to Aussie Demo Pty. " in elsewhere("7", "Aussie Demo Pty", stands, found=True)
    assert f" {cure} INV-1 or void INV-2 in Xero, whichever shall not stand," in merged_told(
        "7", ("INV-1", stands), ("INV-2", other)
    )


def test_one_that_is_credited_in_full_is_not_to_be_put_right() -> None:
    """It bills nothing any more, so the deal names what has another take its place; prepayments credit nothing."""
    credited, prepaid = standing("PAID", credited="100"), standing("PAID", credited="100")

    told = not_changed("5", "It is approved.", replace(credited, credit_notes=Decimal(100)))

    assert told == (
        "it is credited in full. If another was typed in its place, run `ledgerloop adopt --deal 5 --invoice` with the"
        f" number of that one. {or_right('5')}"
    )
    assert not_changed("5", "It is approved.", prepaid) == f"It is approved. Credit it in Xero. {or_right('5')}"


def test_an_invoice_is_told_in_words_that_xero_has() -> None:
    """Its status in Xero stands behind its number, and nothing where that is not known."""
    assert "Invoice INV-1 (PAID) was left as it is: why." in edit_told("INV-1", "PAID", "why.")
    assert "Invoice INV-1 was left as it is: why." in edit_told("INV-1", "", "why.")
