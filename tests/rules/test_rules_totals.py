"""Totals: what Xero will make of an invoice, to the cent, and what becomes of a difference to the deal."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_samples import CALM, HOME, PORTAL, TODAY, item, record

from ledgerloop.records import Hold, Intent
from ledgerloop.rules.invoices import Draft, invoice_from_deal
from ledgerloop.rules.reference_data import Books
from ledgerloop.rules.routing import Terms
from ledgerloop.rules.totals import (
    Said,
    agrees_by_credit,
    books_passed_over,
    differences_told,
    lines_come_to,
    said_of,
    totals_of,
)
from ledgerloop.xero.models import Account, Invoice, TaxRate
from ledgerloop.xero.reference import Currency
from ledgerloop_sandbox.xero.lines import line_amount, tax_amount, totals, unit
from ledgerloop_sandbox.xero.records import LineItem

RATES = {"NONE": Decimal(0), "LOW": Decimal("12.5"), "OUTPUT2": Decimal(15), "HIGH": Decimal(20)}
BOOKS = Books(
    name=HOME.name,
    accounts=(
        Account(Code="200", Status="ACTIVE", TaxType="OUTPUT2"),
        Account(Code="860", Status="ACTIVE", SystemAccount="ROUNDING"),
    ),
    tax_rates=tuple(
        TaxRate(TaxType=name, EffectiveRate=rate, Status="ACTIVE", CanApplyToRevenue=True)
        for name, rate in RATES.items()
    ),
    currencies=(Currency(Code="USD"), Currency(Code="NZD")),
)
PRICES = st.decimals(0, 5000, places=4)
LINES = st.fixed_dictionaries(
    {"quantity": st.decimals(0, 500, places=3).map(str), "price": PRICES.map(str)},
    optional={"hs_tax_rate": st.sampled_from([str(rate) for rate in RATES.values()])},
)
DISCOUNTS = st.one_of(
    st.just({}),
    st.builds(lambda percent: {"hs_discount_percentage": str(percent)}, st.decimals(0, 100, places=2)),
    st.builds(lambda share: {"share": share}, st.decimals(0, 1, places=3)),
)


def made(lines: list[dict[str, Any]], terms: Terms, **deal: str) -> Draft | Hold:
    """Make the invoice of a deal with these line items."""
    items = [item(str(place), **values) for place, values in enumerate(lines, 1)]
    return invoice_from_deal(record("512", **deal), items, terms, HOME, PORTAL, TODAY, BOOKS)


def in_sandbox(draft: Draft) -> Any:
    """Return the totals that the sandbox, which knows nothing of our rules, makes of the invoice."""
    kind = draft.body["LineAmountTypes"]
    lines = []
    for body in draft.body["LineItems"]:
        price, tax_type = unit(body["UnitAmount"], 4), body.get("TaxType", "OUTPUT2")
        amount = line_amount(body["Quantity"], price, body.get("DiscountRate"), body.get("DiscountAmount"))
        taxed = tax_amount(amount, RATES[tax_type], kind)
        lines.append(LineItem("1", "x", body["Quantity"], price, body["AccountCode"], tax_type, taxed, amount))
    return totals(lines, kind)


@CALM
@given(
    st.lists(st.tuples(LINES, DISCOUNTS), min_size=1, max_size=6),
    st.sampled_from(["Exclusive", "Inclusive", "NoTax"]),
    st.sampled_from(["NZD", "USD"]),
    st.sampled_from(["", "OUTPUT2", "HIGH"]),
    st.sampled_from(["report", "line"]),
    st.integers(-3, 3),
)
def test_totals_are_the_sandboxs(
    lines: list[tuple[dict[str, str], dict[str, Any]]],
    kind: str,
    currency: str,
    tax_type: str,
    rounding: str,
    cents: int,
) -> None:
    """Over lines, discounts, tax types, currencies and line amount types: what is planned is what Xero's rules make.

    A difference of at most a cent a line is closed where the route says so, and then the invoice is what the deal says.
    """
    given_ = []
    for values, discount in lines:
        share = discount.pop("share", None)
        off = {} if share is None else {"discount": str(Decimal(values["price"]) * share)}
        given_.append({**values, **discount, **off})
    terms = Terms(line_amount_types=kind, tax_type=tax_type, rounding=rounding, tax=(("0", "NONE"),))
    plain = made(given_, replace(terms, rounding="report"))  # what the lines come to, without a rounding line
    assert isinstance(plain, Draft)
    said = max(Decimal(0), plain.expected + Decimal(cents) / 100)

    draft = made(given_, terms, deal_currency_code=currency, amount=str(said))

    assert isinstance(draft, Draft)
    sums = in_sandbox(draft)
    ours = totals_of(draft.body, BOOKS)
    assert (ours.net, ours.tax, ours.total) == (sums.sub_total, sums.total_tax, sums.total)
    comparable = sums.total if kind == "Inclusive" else sums.sub_total
    assert draft.expected == comparable
    assert draft.said == said
    if rounding == "line" and abs(plain.expected - said) <= Decimal(len(lines)) / 100:
        assert comparable == said


@pytest.mark.parametrize(
    ("terms", "amount", "closed"),
    [
        pytest.param({}, "0.02", "", id="a route that reports closes nothing"),
        pytest.param({"rounding": "line"}, "0.02", "-0.01", id="a cent too much is taken off"),
        pytest.param({"rounding": "line"}, "0.05", "0.02", id="two cents too few are added"),
        pytest.param({"rounding": "line"}, "0.03", "", id="no difference, no line"),
        pytest.param({"rounding": "line"}, "0.07", "", id="more than a cent a line is not rounding"),
        pytest.param({"rounding": "line"}, "12", "", id="another amount altogether"),
        pytest.param({"rounding": "line"}, "", "-0.01", id="without an amount the lines are added before rounding"),
        pytest.param({"rounding": "line"}, "n/a", "-0.01", id="and so they are where the amount is no number"),
    ],
)
def test_rounding_line(terms: dict[str, Any], amount: str, closed: str) -> None:
    """Three lines of half a cent are three cents in Xero; the line that closes goes to the rounding account."""
    draft = made([{"price": "0.005"}] * 3, replace(Terms(), **terms), amount=amount)

    assert isinstance(draft, Draft)
    last = draft.body["LineItems"][-1]
    if closed:
        assert (str(last["UnitAmount"]), last["AccountCode"], last["TaxType"]) == (closed, "860", "NONE")
    else:
        assert last["Description"] == "Widget"


def test_a_rounding_line_needs_an_account_that_is_there() -> None:
    """Xero leaves out an account that it does not have, so the deal is held, as long as a line is needed."""
    terms = Terms(rounding="line", rounding_account="999")

    held = made([{"price": "0.005"}] * 3, terms, amount="0.02")

    assert isinstance(held, Hold)
    assert held.books
    assert "The rounding line belongs to account 999" in held.sentence
    assert isinstance(made([{"price": "0.005"}] * 3, terms, amount="0.03"), Draft)


@CALM
@given(st.lists(st.tuples(LINES, DISCOUNTS), min_size=1, max_size=6), st.sampled_from(["Exclusive", "Inclusive"]))
def test_what_the_lines_come_to(given_: list[tuple[dict[str, Any], dict[str, Any]]], kind: str) -> None:
    """Without the books it is known what an invoice comes to before tax, or with it where prices include it."""
    draft = made([line for line, _ in given_], Terms(line_amount_types=kind, tax=(("0", "NONE"),)))
    assert isinstance(draft, Draft)
    all_ = totals_of(draft.body, BOOKS)

    assert lines_come_to(draft.body) == (all_.net if kind == "Exclusive" else all_.total)


@pytest.mark.parametrize(
    ("said", "kind", "shown", "sentence"),
    [
        pytest.param("100.00", "Exclusive", {}, "", id="the same"),
        pytest.param("100", "Exclusive", {}, "", id="the same, written otherwise"),
        pytest.param("115.00", "Inclusive", {}, "", id="with tax where prices include it"),
        pytest.param("100.00", "Exclusive", {"CurrencyCode": ""}, "", id="a currency that Xero does not tell"),
        pytest.param("100.00", "NoTax", {"TotalTax": "0", "Total": "100"}, "", id="without tax"),
        pytest.param(
            "100.00",
            "NoTax",
            {},
            "The deal says 100.00 NZD, and invoice INV-1 comes to 115.00 with tax. Compare the two.",
            id="tax that was added",
        ),
        pytest.param(
            "100.00",
            "Exclusive",
            {"CurrencyCode": "USD"},
            "The deal says 100.00 NZD, and invoice INV-1 comes to 100.00 USD before tax. Compare the two.",
            id="another currency",
        ),
        pytest.param(
            "115.00",
            "Exclusive",
            {"LineAmountTypes": "Inclusive"},
            "The deal says 115.00 NZD, and invoice INV-1 comes to 100.00 before tax. Compare the two.",
            id="prices that include tax since",
        ),
        pytest.param(
            "100.01",
            "Exclusive",
            {},
            "The deal says 100.01 NZD, and invoice INV-1 comes to 100.00 before tax. Compare the two.",
            id="a cent before tax",
        ),
        pytest.param(
            "100.00",
            "Inclusive",
            {},
            "The deal says 100.00 NZD, and invoice INV-1 comes to 115.00 with tax. Compare the two.",
            id="with tax",
        ),
    ],
)
def test_difference(said: str, kind: str, shown: dict[str, str], sentence: str) -> None:
    """What stands in Xero is compared with what the deal says, to the cent, and a difference is a sentence.

    The deal alone says in which currency, and how as to tax.
    """
    standing = {"CurrencyCode": "NZD", "LineAmountTypes": kind, "SubTotal": "100", "TotalTax": "15", "Total": "115"}
    invoice = Invoice.model_validate({"InvoiceNumber": "INV-1", **standing, **shown})

    assert differences_told(Said(Decimal(said), "NZD", kind), invoice, None, BOOKS) == ((sentence,) if sentence else ())
    assert differences_told(None, invoice, None, BOOKS) == ()


TWO_RATES = [
    {"LineAmount": "60", "TaxAmount": "9", "TaxType": "OUTPUT2"},
    {"LineAmount": "40", "TaxAmount": "0", "TaxType": "NONE"},
]


@pytest.mark.parametrize(
    ("said", "kind", "shown", "taken_off", "agrees"),
    [
        pytest.param("80", "Exclusive", {}, ["23"], True, id="the net and its tax"),
        pytest.param("80", "Exclusive", {}, ["11.5", "11.5"], True, id="by two notes"),
        pytest.param("80", "Exclusive", {}, ["20"], False, id="without the tax"),
        pytest.param("66.67", "Exclusive", {}, ["38.33"], True, id="rounded"),
        pytest.param("92", "Inclusive", {}, ["23"], True, id="prices with tax"),
        pytest.param("92.01", "Inclusive", {}, ["23"], False, id="a cent off with tax"),
        pytest.param("0", "Exclusive", {}, ["115"], True, id="all of it"),
        pytest.param("5", "Exclusive", {}, ["115"], False, id="all of it, and the deal is worth something"),
        pytest.param("100", "Exclusive", {}, ["23"], False, id="it agrees without them"),
        pytest.param("120", "Exclusive", {}, ["23"], False, id="the deal says more"),
        pytest.param("80", "Exclusive", {"CurrencyCode": "USD"}, ["23"], False, id="another currency"),
        pytest.param("80", "Exclusive", {}, [], False, id="nothing is credited"),
        pytest.param("80", "NoTax", {"TotalTax": "0", "Total": "100"}, ["20"], True, id="without tax"),
        pytest.param(
            "80",
            "Exclusive",
            {"LineItems": TWO_RATES, "TotalTax": "9", "Total": "109"},
            ["23"],
            True,
            id="the taxed line",
        ),
        pytest.param(
            "80", "Exclusive", {"LineItems": TWO_RATES, "TotalTax": "9", "Total": "109"}, ["20"], True, id="the other"
        ),
        pytest.param(
            "80", "Exclusive", {"LineItems": TWO_RATES, "TotalTax": "9", "Total": "109"}, ["25"], False, id="too much"
        ),
    ],
)
def test_credit_notes(said: str, kind: str, shown: dict[str, Any], taken_off: list[str], agrees: bool) -> None:
    """A deal that says what its invoice comes to less its credit notes is told no difference; prepayments are none.

    Neither is one whose invoice is credited in full: that bills nothing any more.
    """
    standing = {"CurrencyCode": "NZD", "LineAmountTypes": kind, "SubTotal": "100", "TotalTax": "15", "Total": "115"}
    notes = [{"CreditNoteID": "c", "AppliedAmount": amount} for amount in taken_off]
    invoice = Invoice.model_validate({"InvoiceNumber": "INV-1", **standing, **shown, "CreditNotes": notes})
    deal = Said(Decimal(said), "NZD", kind)

    assert agrees_by_credit(deal, invoice) is agrees
    told = differences_told(deal, invoice, None, BOOKS)
    assert bool(told) is not (agrees or said == "100" or "115" in taken_off)
    assert not told or not taken_off or f", less {sum(map(Decimal, taken_off)):.2f}" in told[0]
    prepaid = Invoice.model_validate(
        {**standing, **shown, "Prepayments": [{"AppliedAmount": one} for one in taken_off]}
    )
    assert not agrees_by_credit(deal, prepaid)


def test_what_an_intent_says() -> None:
    """Currency and tax are the deal's own; where an earlier release has not kept them, they are as they were sent."""
    sent = json.dumps({"CurrencyCode": "NZD", "LineAmountTypes": "NoTax"})
    intent = Intent(
        "p", "d", "o", "c", sent, "h", "k", "m", "u", said=Decimal(9), said_currency="USD", said_tax="Inclusive"
    )

    assert said_of(intent) == Said(Decimal(9), "USD", "Inclusive")
    assert said_of(replace(intent, said_currency="", said_tax="")) == Said(Decimal(9), "NZD", "NoTax")
    assert said_of(replace(intent, said=None)) is None


SENT = {"Quantity": Decimal(1), "UnitAmount": Decimal("33.33"), "AccountCode": "200", "TaxType": "OUTPUT2"}
FREE = {**SENT, "UnitAmount": Decimal(0)}
STANDS = {"AccountCode": "200", "TaxType": "OUTPUT2"}
NO_TAX_TYPE = {name: value for name, value in SENT.items() if name != "TaxType"}


@pytest.mark.parametrize(
    ("kind", "sent", "made", "tax", "told"),
    [
        pytest.param("Exclusive", [SENT], [STANDS], "5.00", [], id="as it was sent"),
        pytest.param("Inclusive", [SENT], [STANDS], "4.35", [], id="as it was sent, with tax in the prices"),
        pytest.param("Exclusive", [SENT] * 3, [STANDS] * 3, "14.98", [], id="cents of rounding"),
        pytest.param(
            "Exclusive",
            [SENT],
            [{"AccountCode": "", "TaxType": "OUTPUT2"}],
            "5.00",
            ["Invoice INV-1 was sent with account 200 in line 1, and Xero has none there. Put it right in Xero."],
            id="an account that was left out",
        ),
        pytest.param(
            "Exclusive",
            [SENT] * 3,
            [{"AccountCode": "200", "TaxType": "NONE"}, STANDS, {"AccountCode": "200", "TaxType": "NONE"}],
            "5.00",
            [
                "Invoice INV-1 was sent with tax type OUTPUT2 in lines 1, 3, and Xero has NONE there. Put it right in"
                " Xero.",
                "The tax of invoice INV-1 should be 15.00 NZD, and Xero has 5.00. Compare its tax rates.",
            ],
            id="a tax type that was left out, and the tax with it",
        ),
        pytest.param(
            "Exclusive",
            [SENT],
            [STANDS],
            "4.17",
            ["The tax of invoice INV-1 should be 5.00 NZD, and Xero has 4.17. Compare its tax rates."],
            id="a rate that has changed since",
        ),
        pytest.param("Exclusive", [SENT], [STANDS], "5.01", [], id="a cent of tax more"),
        pytest.param(
            "Exclusive", [NO_TAX_TYPE], [{"AccountCode": "200", "TaxType": "NONE"}], "0", [], id="no tax type sent"
        ),
        pytest.param(
            "Exclusive",
            [SENT, NO_TAX_TYPE],
            [STANDS, {"AccountCode": "200", "TaxType": "NONE"}],
            "5.00",
            [],
            id="a line whose tax is the account's own: nobody knows the whole tax",
        ),
        pytest.param(
            "NoTax", [SENT], [{"AccountCode": "200", "TaxType": "NONE"}], "0", [], id="without tax Xero names its own"
        ),
        pytest.param(
            "Exclusive",
            [{**SENT, "TaxType": "STRANGE"}],
            [{"AccountCode": "200", "TaxType": "STRANGE"}],
            "7.00",
            [],
            id="a tax type of which we know no rate",
        ),
        pytest.param("Exclusive", [SENT], [{"AccountCode": "999"}] * 2, "5.00", [], id="other lines altogether"),
        pytest.param("Exclusive", [FREE], [{}], "0", [], id="a line of 0.00, of which Xero keeps neither"),
        pytest.param(
            "Exclusive",
            [FREE],
            [{"AccountCode": "999", "TaxType": "OUTPUT2"}],
            "0",
            ["Invoice INV-1 was sent with account 200 in line 1, and Xero has 999 there. Put it right in Xero."],
            id="a line of 0.00 with another account",
        ),
    ],
)
def test_what_xero_left_out(
    kind: str, sent: list[dict[str, Any]], made: list[dict[str, str]], tax: str, told: list[str]
) -> None:
    """Accounts, tax types and the tax that were sent are compared with what stands; what was not sent is not."""
    body = {"LineAmountTypes": kind, "LineItems": sent}
    invoice = Invoice.model_validate(
        {"InvoiceNumber": "INV-1", "CurrencyCode": "NZD", "TotalTax": tax, "LineItems": made}
    )

    assert differences_told(None, invoice, body, BOOKS) == tuple(told)
    assert not [one for one in differences_told(None, invoice, body, Books()) if "tax of" in one]
    words = {"accounts": "with account", "tax_rates": "with tax type"}
    assert books_passed_over(body, invoice) == {
        book for book, word in words.items() if any(word in one and "has none" in one for one in told)
    }
