"""A line of an invoice: what is sent, what it comes to, and every sentence about what is wrong with a line item."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_samples import CALM, TODAY, record, watched

from ledgerloop.rules.invoice_lines import Line, line_from_item, position_of
from ledgerloop.rules.invoices import LINE_PROPERTIES
from ledgerloop.rules.reference_data import Books
from ledgerloop.rules.routing import Terms
from ledgerloop.xero.reference import Item
from ledgerloop_sandbox.xero.lines import cents, line_amount, unit


def line(**properties: str | None) -> Line:
    """Make the line of a line item called Widget, of which one costs 10, unless told otherwise."""
    values: dict[str, str | None] = {"name": "Widget", "quantity": "1", "price": "10"}
    return line_from_item(record(**(values | properties)), 1, "NZD", TODAY, Terms())


def in_xero(made: Line) -> Decimal:
    """Return what the sandbox, which knows nothing of our rules, makes of the line.

    A quantity keeps four decimals there and a discount's rate two, as Xero keeps them.
    """
    body = made.body
    price, quantity, rate = unit(body["UnitAmount"], 4), unit(body["Quantity"], 4), body.get("DiscountRate")
    return line_amount(quantity, price, None if rate is None else cents(rate), body.get("DiscountAmount"))


@pytest.mark.parametrize(
    ("properties", "numbers", "amount"),
    [
        pytest.param({"quantity": "3", "price": "19.99"}, {}, "59.97", id="quantity times price"),
        pytest.param({"quantity": "2.5", "price": "10"}, {}, "25.00", id="a quantity may be a fraction"),
        pytest.param({"quantity": "0"}, {}, "0.00", id="a quantity of zero comes to nothing"),
        pytest.param({"price": "0"}, {}, "0.00", id="a price of zero is allowed"),
        pytest.param({"price": " 10.00 "}, {}, "10.00", id="spaces around a number do not matter"),
        pytest.param({"price": "1.0E3"}, {}, "1000.00", id="an exponent is read as what it stands for"),
        pytest.param({"quantity": "1000", "price": "0.0375"}, {}, "37.50", id="a price may have four decimals"),
        pytest.param({"price": "10.000000"}, {}, "10.00", id="zeros behind the fourth decimal are no decimals"),
        pytest.param({"quantity": "1", "price": "0.0050"}, {}, "0.01", id="half a cent is a cent"),
        pytest.param({"quantity": "1", "price": "0.0049"}, {}, "0.00", id="less than half a cent is nothing"),
        pytest.param(
            {"quantity": "2", "price": "50", "hs_discount_percentage": "10"},
            {"DiscountRate": "10"},
            "90.00",
            id="a percentage is taken off the whole line",
        ),
        pytest.param(
            {"price": "99", "hs_discount_percentage": "33.3"},
            {"DiscountRate": "33.3"},
            "66.03",
            id="a percentage may be a fraction",
        ),
        pytest.param({"hs_discount_percentage": "100"}, {"DiscountRate": "100"}, "0.00", id="100 % makes it free"),
        pytest.param({"hs_discount_percentage": "0", "discount": "0"}, {}, "10.00", id="a discount of zero is none"),
        pytest.param({"hs_discount_percentage": "", "discount": None}, {}, "10.00", id="an empty discount is none"),
        pytest.param(
            {"quantity": "3", "price": "19.99", "discount": "0.99"},
            {"DiscountAmount": "2.97"},
            "57.00",
            id="a discount is for each unit, and sent for the line",
        ),
        pytest.param(
            {"quantity": "3", "price": "1.00", "discount": "0.3333"},
            {"DiscountAmount": "1.00"},
            "2.00",
            id="a discount in fractions of a cent makes the line that HubSpot shows, to the cent",
        ),
        pytest.param(
            {"quantity": "1", "price": "1.0049", "discount": "0.0051"},
            {"DiscountAmount": "0.00"},
            "1.00",
            id="a discount below a cent does not cost the customer a cent",
        ),
        pytest.param({"discount": "10"}, {"DiscountRate": "100"}, "0.00", id="a discount of the whole price is 100 %"),
        pytest.param(
            {"price": "1.0050", "discount": "1.005"},
            {"DiscountRate": "100"},
            "0.00",
            id="a free line is free also where its price has half a cent",
        ),
        pytest.param(
            {"price": "100000", "hs_discount_percentage": "12.3456"},
            {"DiscountAmount": "12345.60"},
            "87654.40",
            id="a percentage with more than two decimals goes as an amount",
        ),
        pytest.param(
            {"price": "10000", "hs_discount_percentage": "33.333"},
            {"DiscountAmount": "3333.30"},
            "6666.70",
            id="a third goes as an amount",
        ),
        pytest.param(
            {"hs_discount_percentage": "33.330000"},
            {"DiscountRate": "33.330000"},
            "6.67",
            id="zeros behind the second decimal of a percentage are no decimals",
        ),
        pytest.param(
            {"price": "1.00", "hs_discount_percentage": "99.999"},
            {"DiscountRate": "100"},
            "0.00",
            id="a percentage that leaves less than half a cent is 100 %",
        ),
        pytest.param({"quantity": "2.3333", "price": "90"}, {}, "210.00", id="a quantity may have four decimals"),
    ],
)
def test_numbers(properties: dict[str, str | None], numbers: dict[str, str], amount: str) -> None:
    """A line carries quantity, price and discount as they are, and comes to what Xero will make of them."""
    made = line(**properties)

    discounts = {name: str(value) for name, value in made.body.items() if name.startswith("Discount")}
    assert not made.problems
    assert discounts == numbers
    assert str(made.amount) == amount == str(in_xero(made))


@pytest.mark.parametrize(
    ("properties", "amount", "arithmetic"),
    [
        pytest.param(
            {"quantity": "2.33333", "price": "90"}, "210.00", "2.33333 × 90", id="a quantity of five decimals"
        ),
        pytest.param({"quantity": "1000", "price": "0.00125"}, "1.25", "1000 × 0.00125", id="a price of five decimals"),
        pytest.param(
            {"quantity": "2.33333", "price": "90", "hs_discount_percentage": "33.333"},
            "140.00",
            "2.33333 × 90 less 33.333 %",
            id="with a percentage",
        ),
        pytest.param(
            {"quantity": "3", "price": "1.23456", "discount": "0.2"},
            "3.10",
            "3 × 1.23456 less 0.2 each",
            id="with a discount for each",
        ),
        pytest.param(
            {"quantity": "3", "price": "1.23456", "hs_total_discount": "0.70"},
            "3.00",
            "3 × 1.23456 less 0.7 in all",
            id="with a discount for the line",
        ),
        pytest.param({"price": "0.00005"}, "0.00", "1 × 0.00005", id="what comes to nothing stays for nothing"),
    ],
)
def test_more_decimals_than_xero_keeps(properties: dict[str, str], amount: str, arithmetic: str) -> None:
    """A line whose quantity or price Xero would round is one piece at HubSpot's amount, and says how it comes to it."""
    made = line(**properties)

    assert not made.problems
    assert {name: str(value) for name, value in made.body.items() if name != "AccountCode"} == {
        "Description": f"Widget – {arithmetic}",
        "Quantity": "1",
        "UnitAmount": amount,
    }
    assert str(made.amount) == amount == str(in_xero(made))


@pytest.mark.parametrize("price", ["0.0049", "0.00005"])
def test_a_line_below_half_a_cent_on_an_approved_invoice(price: str) -> None:
    """Xero answers such a line with a sentence that misleads, so it is known before it is sent; a draft may have it."""
    item = record(name="Widget", quantity="1", price=price)

    [problem] = line_from_item(item, 1, "NZD", TODAY, Terms(status="AUTHORISED")).problems

    assert problem == (
        f"Line 1 (“Widget”) comes to {price}, less than half a cent, and Xero approves no such line. Take it off, or"
        " give it a price of 0."
    )
    assert not line_from_item(item, 1, "NZD", TODAY, Terms()).problems
    free = record(name="Widget", quantity="1", price="0")
    assert not line_from_item(free, 1, "NZD", TODAY, Terms(status="AUTHORISED")).problems


def test_one_piece_moves_no_stock() -> None:
    """A line that is one piece for its amount names no item: Xero would count one off its stock, whatever was sold."""
    books = Books(items=(Item(Code="OIL"),))

    def item_of(quantity: str) -> str | None:
        values = record(name="Oil", quantity=quantity, price="10", hs_sku="OIL")
        return line_from_item(values, 1, "NZD", TODAY, Terms(), books).body.get("ItemCode")

    assert (item_of("2.5"), item_of("2.33333")) == ("OIL", None)


def test_the_arithmetic_outlives_a_long_text() -> None:
    """Xero cuts a description at 4,000 characters, so the text gives way to the arithmetic behind it."""
    made = line(description="x" * 5000, quantity="2.33333")

    assert len(made.body["Description"]) == 4000
    assert made.body["Description"].endswith("x – 2.33333 × 10")


TIERS = {
    "hs_tier_ranges": '[{"start":1,"end":10},{"start":11}]',
    "hs_tier_prices": '[{"index":0,"price":20},{"index":1,"price":10.50}]',
}
SHORT = {"hs_tier_ranges": "10; 50", "hs_tier_prices": "20;10.50;8"}
BOTH_CURRENCIES = (
    '[{"index":0,"price":1,"currency":"USD"},{"index":0,"price":20,"currency":"NZD"},'
    '{"index":1,"price":10.5,"currency":"NZD"}]'
)


@pytest.mark.parametrize(
    ("model", "more", "said"),
    [
        ("graduated", TIERS, "12 at graduated prices: 1 to 10 at 20, from 11 at 10.5"),
        ("volume", TIERS, "12 at prices by volume: 1 to 10 at 20, from 11 at 10.5"),
        (
            "stairstep",
            TIERS | {"hs_tier_prices": BOTH_CURRENCIES},
            "12 at stairstep prices: 1 to 10 at 20, from 11 at 10.5",
        ),
        ("graduated", SHORT, "12 at graduated prices: 1 to 10 at 20, 11 to 50 at 10.5, from 51 at 8"),
        ("volume", {"hs_tier_ranges": "", "hs_tier_prices": "20"}, "12 at prices by volume: from 1 at 20"),
        ("graduated", SHORT | {"hs_tier_prices": "20;10"}, "12 at graduated prices"),
        ("graduated", SHORT | {"hs_tier_ranges": "10;many"}, "12 at graduated prices"),
        ("graduated", {}, "12 at graduated prices"),
        (
            "graduated",
            TIERS | {"hs_discount_percentage": "12.3456"},
            "12 at graduated prices: 1 to 10 at 20, from 11 at 10.5, less 12.3456 %",
        ),
        (
            "graduated",
            TIERS | {"discount": "1.50"},
            "12 at graduated prices: 1 to 10 at 20, from 11 at 10.5, less 1.5 each",
        ),
        ("volume", {"hs_total_discount": "5"}, "12 at prices by volume, less 5 in all"),
        ("graduated", TIERS | {"hs_tier_prices": "{"}, "12 at graduated prices"),
        ("graduated", TIERS | {"hs_tier_prices": '[{"index":0,"price":20}]'}, "12 at graduated prices"),
        ("graduated", TIERS | {"hs_tier_ranges": '[{"start":null},7]'}, "12 at graduated prices"),
    ],
)
def test_tiered_prices(model: str, more: dict[str, str], said: str) -> None:
    """A line whose price does not multiply out is one piece at HubSpot's net, with its tiers in words."""
    made = line(quantity="12", price="20", amount="220.00", hs_pricing_model=model, **more)

    assert not made.problems
    assert (made.body["Description"], str(made.body["Quantity"])) == (f"Widget – {said}", "1")
    assert str(made.body["UnitAmount"]) == str(made.amount) == str(in_xero(made)) == "220.00"
    assert made.exact == 220


def test_tiers_that_multiply_out() -> None:
    """Where price × quantity is what HubSpot says, tiered prices are a line like any other."""
    made = line(quantity="12", price="20", amount="240", hs_pricing_model="graduated")

    assert (made.body["Quantity"], made.body["UnitAmount"]) == (Decimal(12), Decimal(20))


def test_tiers_without_a_price_for_each() -> None:
    """The tiers have the prices, so the line needs none of its own."""
    made = line(quantity="12", price=None, amount="220", discount="1", hs_pricing_model="graduated")

    assert (str(made.amount), made.problems) == ("220.00", ())


@pytest.mark.parametrize("net", ["30", "29.995", "30.009", "", "n/a", None, "-5"])
def test_hubspots_net_agrees(net: str | None) -> None:
    """HubSpot's own net is compared to the cent; where it tells none, price × quantity counts."""
    made = line(quantity="3", amount=net)

    assert not made.problems
    assert (made.body["Quantity"], str(made.amount)) == (Decimal(3), "30.00")


PROBLEMS = [
    pytest.param(
        {"quantity": "25", "amount": "220"},
        [
            "Line 1 (“Widget”) comes to 250.00 by its quantity, price and discount, and to 220.00 as HubSpot's own net"
            " price. Put right which of them is wrong."
        ],
        id="HubSpot's own net is another",
    ),
    pytest.param(
        {"hs_pricing_model": "volume"},
        [
            "Line 1 (“Widget”) has prices by volume, and HubSpot tells no net price of it. Choose its product or its"
            " quantity again."
        ],
        id="tiers of which nobody knows what they come to",
    ),
    pytest.param(
        {"name": " ", "description": None},
        ["Line 1 has neither a name nor a description, and Xero wants one. Give it a name."],
        id="a line needs a name or a description",
    ),
    pytest.param(
        {"quantity": None}, ["Line 1 (“Widget”) has no quantity. Fill it in."], id="a missing quantity is not guessed"
    ),
    pytest.param(
        {"price": ""},
        ["Line 1 (“Widget”) has no unit price. Fill it in; 0 is allowed."],
        id="a missing price is not guessed",
    ),
    pytest.param(
        {"quantity": "-1"},
        ["Line 1 (“Widget”) has “-1” as its quantity, which is not a number of zero or more. Correct it."],
        id="a negative quantity",
    ),
    pytest.param(
        {"price": "-0.01"},
        ["Line 1 (“Widget”) has “-0.01” as its unit price, which is not a number of zero or more. Correct it."],
        id="a negative price",
    ),
    pytest.param(
        {"price": "1,000.00"},
        ["Line 1 (“Widget”) has “1,000.00” as its unit price, which is not a number of zero or more. Correct it."],
        id="a price with a thousands separator",
    ),
    pytest.param(
        {"price": "NaN"},
        ["Line 1 (“Widget”) has “NaN” as its unit price, which is not a number of zero or more. Correct it."],
        id="not a number",
    ),
    pytest.param(
        {"price": "sNaN"},
        ["Line 1 (“Widget”) has “sNaN” as its unit price, which is not a number of zero or more. Correct it."],
        id="not even a number that can be compared",
    ),
    pytest.param(
        {"quantity": "Infinity"},
        ["Line 1 (“Widget”) has “Infinity” as its quantity, which is not a number of zero or more. Correct it."],
        id="infinitely many",
    ),
    pytest.param(
        {"price": "1e400"},
        ["Line 1 (“Widget”) has “1e400” as its unit price, which is too large to be true. Correct it."],
        id="a price beyond all measure",
    ),
    pytest.param(
        {"quantity": "10000000000"},
        ["Line 1 (“Widget”) has “10000000000” as its quantity, which is too large to be true. Correct it."],
        id="ten thousand million pieces",
    ),
    pytest.param(
        {"hs_discount_percentage": "100.01"},
        ["Line 1 (“Widget”) has a discount of 100.01 %. It must lie between 0 and 100."],
        id="a discount of more than everything",
    ),
    pytest.param(
        {"hs_discount_percentage": "a lot"},
        [
            "Line 1 (“Widget”) has “a lot” as its discount percentage, which is not a number of zero or more."
            " Correct it."
        ],
        id="a percentage in words",
    ),
    pytest.param(
        {"discount": "-5"},
        ["Line 1 (“Widget”) has “-5” as its discount, which is not a number of zero or more. Correct it."],
        id="a negative discount",
    ),
    pytest.param(
        {"discount": "10.01"},
        ["Line 1 (“Widget”) has a discount of 10.01 on a unit price of 10. Lower the discount."],
        id="a discount above the price",
    ),
    pytest.param(
        {"discount": "1", "hs_discount_percentage": "5"},
        ["Line 1 (“Widget”) has a discount of 5 % and one of 1 a unit. Keep one of the two."],
        id="two discounts, of which nobody says which counts",
    ),
    pytest.param(
        {"hs_line_item_currency_code": "usd"},
        ["Line 1 (“Widget”) is in USD, and the deal is in NZD. Make them the same."],
        id="a line in another currency than its deal",
    ),
    pytest.param(
        {
            "name": "",
            "description": "",
            "hs_line_item_currency_code": "AUD",
            "quantity": "x",
            "price": "1.2",
            "discount": "2",
            "hs_discount_percentage": "101",
        },
        [
            "Line 1 has neither a name nor a description, and Xero wants one. Give it a name.",
            "Line 1 is in AUD, and the deal is in NZD. Make them the same.",
            "Line 1 has “x” as its quantity, which is not a number of zero or more. Correct it.",
            "Line 1 has a discount of 101 %. It must lie between 0 and 100.",
            "Line 1 has a discount of 101 % and one of 2 a unit. Keep one of the two.",
        ],
        id="everything that is wrong is told at once",
    ),
    pytest.param(
        {"price": "?", "discount": "5"},
        ["Line 1 (“Widget”) has “?” as its unit price, which is not a number of zero or more. Correct it."],
        id="a number that cannot be read is no reason for a second sentence",
    ),
]


@pytest.mark.parametrize(("properties", "sentences"), PROBLEMS)
def test_problems(properties: dict[str, str | None], sentences: list[str]) -> None:
    """A line that cannot be invoiced as it stands says to the deal's owner what is wrong and what to do."""
    made = line(**properties)

    assert list(made.problems) == sentences
    assert made.amount == 0
    assert not made.body


@pytest.mark.parametrize(
    ("name", "about", "description"),
    [
        pytest.param("Widget", None, "Widget", id="the name"),
        pytest.param("", "Blue, with screws", "Blue, with screws", id="the description where there is no name"),
        pytest.param(" Widget ", "\nBlue\n", "Widget – Blue", id="both, without the space around them"),
    ],
)
def test_description(name: str, about: str | None, description: str) -> None:
    """The customer reads the item's name and description."""
    assert line(name=name, description=about).body["Description"] == description


def test_terms() -> None:
    """Account and tax type come from the route; without a tax type Xero takes the account's own."""
    item = record(name="Widget", quantity="1", price="10")

    with_tax = line_from_item(item, 1, "NZD", TODAY, Terms(account_code="260", tax_type="OUTPUT2"))
    without = line_from_item(item, 1, "NZD", TODAY, Terms(account_code="260"))

    assert (with_tax.body["AccountCode"], with_tax.body["TaxType"]) == ("260", "OUTPUT2")
    assert "TaxType" not in without.body


@pytest.mark.parametrize(
    ("items", "order"),
    [
        pytest.param([("7", "2"), ("9", "1"), ("8", "0")], ["8", "9", "7"], id="by position, not by id"),
        pytest.param([("10", None), ("9", None), ("11", "5")], ["11", "9", "10"], id="without a position by age"),
        pytest.param([("2", "²"), ("1", "x"), ("3", "-1")], ["1", "2", "3"], id="what is no number is no position"),
    ],
)
def test_position(items: list[tuple[str, str | None]], order: list[str]) -> None:
    """Lines come in the order in which the deal's owner sees them."""
    records = [record(id_, hs_position_on_quote=place) for id_, place in items]

    assert [item.id for item in sorted(records, key=position_of)] == order


NUMBERS = st.integers(0, 10**9).flatmap(
    lambda digits: st.integers(0, 6).map(lambda places: Decimal(digits).scaleb(-places))
)


@CALM
@given(quantity=NUMBERS, price=NUMBERS, share=st.integers(0, 1_000_000), percent=st.booleans())
def test_a_line_comes_to_what_both_vendors_make_of_it(
    quantity: Decimal, price: Decimal, share: int, percent: bool
) -> None:
    """HubSpot's amount rounded half up to the cent is what Xero's own formula makes of what is sent."""
    part = Decimal(share).scaleb(-6)
    if percent:
        discount = {"hs_discount_percentage": str(part * 100)}
        exact = Fraction(quantity) * Fraction(price) * (1 - Fraction(part))
    else:
        per_unit = (price * part).quantize(Decimal("0.000001"))
        discount = {"discount": str(min(per_unit, price))}
        exact = Fraction(quantity) * (Fraction(price) - Fraction(min(per_unit, price)))

    made = line(quantity=str(quantity), price=str(price), **discount)

    assert not made.problems
    assert in_xero(made) == made.amount
    assert Fraction(made.amount) == Fraction(math.floor(exact * 100 + Fraction(1, 2)), 100)


ODD = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.floats().map(str),
    st.integers().map(str),
    st.from_regex(r"-?[0-9]{1,4}(\.[0-9]{1,6})?([eE][+-]?[0-9]{1,9})?", fullmatch=True),
)


@CALM
@given(st.fixed_dictionaries(dict.fromkeys(("quantity", "price", "discount", "hs_discount_percentage"), ODD)))
def test_no_text_is_too_odd(properties: dict[str, str | None]) -> None:
    """Whatever stands in a number's place, the answer is a line whose amount is money, or sentences; never a crash."""
    made = line(**properties)

    assert made.amount >= 0
    assert bool(made.body) != bool(made.problems)
    assert all(sentence.startswith("Line 1 (“Widget”) ") and sentence.endswith(".") for sentence in made.problems)


def test_no_property_is_read_that_is_not_asked_for() -> None:
    """HubSpot answers with the properties that were named, so what the rule looks at must be on that list."""
    item, asked = watched()

    line_from_item(item, 1, "NZD", TODAY, Terms())
    position_of(item)

    assert asked <= set(LINE_PROPERTIES)
