"""A won deal's invoice: how it is made or held, and what its lines add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rules_samples import CALM, HOME, PORTAL, TODAY, item, record, watched

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Hold
from ledgerloop.rules.invoices import (
    DEAL_PROPERTIES,
    Draft,
    invoice_from_deal,
    is_won,
)
from ledgerloop.rules.reference_data import Books
from ledgerloop.rules.routing import Terms
from ledgerloop.xero.models import Organisation
from ledgerloop.xero.reference import Action, BrandingTheme
from ledgerloop_sandbox.xero.lines import line_amount, tax_amount, totals, unit
from ledgerloop_sandbox.xero.records import LineItem

TERMS = Terms(status="AUTHORISED", account_code="200", tax_type="OUTPUT2", line_amount_types="Exclusive", due_days=14)


def made(lines: Sequence[Record], terms: Terms = TERMS, **properties: str | None) -> Draft:
    """Make the invoice of deal 512, which is known to be possible."""
    draft = invoice_from_deal(record("512", **properties), lines, terms, HOME, PORTAL, TODAY)
    assert isinstance(draft, Draft)
    return draft


def reasons(lines: Sequence[Record], **properties: str | None) -> list[str]:
    """Return why deal 512 is held, which it is known to be."""
    hold = invoice_from_deal(record("512", **properties), lines, TERMS, HOME, PORTAL, TODAY)
    assert isinstance(hold, Hold)
    return list(hold.reasons)


class TestInvoice:
    def test_whole(self) -> None:
        """An invoice has its deal's lines in their order, its route's terms, and the deal's two marks."""
        lines = [
            item("12", name="Support", quantity="12", price="99.5", hs_position_on_quote="1"),
            item("11", quantity="2", price="50", hs_discount_percentage="10", hs_position_on_quote="0"),
        ]

        draft = made(lines, deal_currency_code="NZD")

        assert draft.body == {
            "Type": "ACCREC",
            "Status": "AUTHORISED",
            "Date": "2026-11-22",
            "DueDate": "2026-12-06",
            "LineAmountTypes": "Exclusive",
            "CurrencyCode": "NZD",
            "Reference": "HS-512",
            "Url": "https://app-eu1.hubspot.com/contacts/4711/record/0-3/512",
            "LineItems": [
                {
                    "Description": "Widget",
                    "Quantity": Decimal(2),
                    "UnitAmount": Decimal(50),
                    "DiscountRate": Decimal(10),
                    "AccountCode": "200",
                    "TaxType": "OUTPUT2",
                },
                {
                    "Description": "Support",
                    "Quantity": Decimal(12),
                    "UnitAmount": Decimal("99.5"),
                    "AccountCode": "200",
                    "TaxType": "OUTPUT2",
                },
            ],
        }
        assert draft.expected == Decimal("1284.00")

    @pytest.mark.parametrize(
        "currency",
        [
            pytest.param("NZD", id="the deal's currency"),
            pytest.param("nzd", id="in small letters"),
            pytest.param("", id="empty, so the portal's only one"),
            pytest.param(None, id="null, so the portal's only one"),
        ],
    )
    def test_currency(self, currency: str | None) -> None:
        """A deal without a currency is in the portal's (HubSpot leaves it empty where there is one)."""
        assert made([item()], deal_currency_code=currency).body["CurrencyCode"] == "NZD"

    def test_due_at_once(self) -> None:
        """No days until it is due means due on its own date."""
        body = made([item()], replace(TERMS, due_days=0)).body

        assert body["DueDate"] == body["Date"] == "2026-11-22"

    @pytest.mark.parametrize(
        ("amount", "price"),
        [("1234.567", "1234.57"), ("0.005", "0.01"), ("99", "99"), ("100.123456789", "100.12")],
    )
    def test_amount_alone(self, amount: str, price: str) -> None:
        """The amount of a deal without line items is rounded to the cent, as money is, and not held."""
        draft = made([], replace(TERMS, no_lines="amount"), dealname="Fleet", amount=amount)

        [line] = draft.body["LineItems"]
        assert (line["Description"], str(line["UnitAmount"])) == ("Fleet", price)
        assert draft.expected == draft.said == Decimal(price)


class TestHold:
    @pytest.mark.parametrize(
        ("lines", "properties", "sentences"),
        [
            pytest.param(
                [],
                {},
                ["The deal has no line items, so there is nothing to invoice. Add at least one line item."],
                id="a deal without line items",
            ),
            pytest.param(
                [item()],
                {"deal_currency_code": "USD"},
                [
                    "The deal is in USD, and Harbour Supplies Ltd's Xero has no such currency. Add it in Xero, or"
                    " change the deal's currency.",
                ],
                id="a deal in another currency than the organisation's",
            ),
            pytest.param(
                [item("1", price=None), item("2", name="Bolt", quantity="-2"), item("3")],
                {"deal_currency_code": "USD"},
                [
                    "The deal is in USD, and Harbour Supplies Ltd's Xero has no such currency. Add it in Xero, or"
                    " change the deal's currency.",
                    "Line 1 (“Widget”) has no unit price. Fill it in; 0 is allowed.",
                    "Line 2 (“Bolt”) has “-2” as its quantity, which is not a number of zero or more. Correct it.",
                ],
                id="every reason of deal and lines at once",
            ),
            pytest.param(
                [item("2", price="x", hs_position_on_quote="0"), item("1", price="y", hs_position_on_quote="1")],
                {},
                [
                    "Line 1 (“Widget”) has “x” as its unit price, which is not a number of zero or more. Correct it.",
                    "Line 2 (“Widget”) has “y” as its unit price, which is not a number of zero or more. Correct it.",
                ],
                id="lines are counted as the deal's owner sees them",
            ),
        ],
    )
    def test_reasons(self, lines: list[Record], properties: dict[str, str | None], sentences: list[str]) -> None:
        """A deal that cannot be invoiced says everything that is wrong, and what to do about each."""
        assert reasons(lines, **properties) == sentences

    def test_sentence(self) -> None:
        """A field with room for one text gets all reasons."""
        assert Hold(tuple(reasons([item(price=None), item("2", quantity=None)]))).sentence == (
            "Line 1 (“Widget”) has no unit price. Fill it in; 0 is allowed."
            " Line 2 (“Widget”) has no quantity. Fill it in."
        )


def test_a_discount_in_all_up_to_the_whole_line() -> None:
    """A discount of the whole line is measured by what the line comes to before it."""
    assert made([item(quantity="3", price="10", hs_total_discount="20")]).expected == Decimal("10.00")
    assert made([item(quantity="3", price="10", hs_total_discount="30")]).expected == Decimal("0.00")


class TestLook:
    THEMES = Books(HOME.name, branding_themes=(BrandingTheme(BrandingThemeID="t1", Name="Blue"),))

    @pytest.mark.parametrize(
        ("name", "books", "look"),
        [
            pytest.param("Blue", THEMES, "t1", id="one that Xero has"),
            pytest.param("Blue", Books(HOME.name), None, id="where nobody has read which there are"),
            pytest.param("", THEMES, None, id="none that was chosen"),
        ],
    )
    def test_branding_theme(self, name: str, books: Books, look: str | None) -> None:
        """A route's theme is named by its id."""
        terms = replace(TERMS, branding_theme=name)

        draft = invoice_from_deal(record("512"), [item()], terms, HOME, PORTAL, TODAY, books)

        assert isinstance(draft, Draft)
        assert draft.body.get("BrandingThemeID") == look

    def test_a_theme_that_xero_does_not_have(self) -> None:
        """It is said before an invoice is made, and so is a date that is none."""
        terms = replace(TERMS, branding_theme="Red", due_date_property="due")

        held = invoice_from_deal(record("512", due="soon"), [item()], terms, HOME, PORTAL, TODAY, self.THEMES)

        assert isinstance(held, Hold)
        assert "The branding theme “Red” is not in" in held.sentence
        assert "The deal has “soon” as its `due`, which is no date." in held.sentence

    def test_reference_of_the_deals_own(self) -> None:
        """A route's reference and number may name properties of the deal."""
        terms = replace(TERMS, reference="{marker} {po}", number="N-{po}")

        assert made([item()], terms, po="PO 7").body["Reference"] == "HS-512 PO 7"
        assert made([item()], terms, po="PO 7").body["InvoiceNumber"] == "N-PO 7"


class TestOrganisation:
    def test_no_approved_invoice_may_be_made(self) -> None:
        """What plan and role forbid is said before an invoice is sent; a draft is free."""
        books = Books(HOME.name, actions=(Action(Name="CreateApprovedInvoice", Status="NOT-ALLOWED"),))

        held = invoice_from_deal(record("512"), [item()], TERMS, HOME, PORTAL, TODAY, books)

        assert isinstance(held, Hold)
        assert held.books
        assert "allows no approved invoice at present" in held.sentence
        draft = replace(TERMS, status="DRAFT")
        assert isinstance(invoice_from_deal(record("512"), [item()], draft, HOME, PORTAL, TODAY, books), Draft)

    @pytest.mark.parametrize(
        ("locks", "held"),
        [
            ({"PeriodLockDate": "2026-11-22"}, True),
            ({"EndOfYearLockDate": "2026-11-30", "PeriodLockDate": "2026-01-01"}, True),
            ({"PeriodLockDate": "2026-11-21"}, False),
            ({}, False),
        ],
    )
    def test_lock_dates(self, locks: dict[str, str], held: bool) -> None:
        """A date on or before a lock date is refused by Xero, so it is said before."""
        books = Books(HOME.name, organisation=(Organisation.model_validate(locks),))

        made_ = invoice_from_deal(record("512"), [item()], TERMS, HOME, PORTAL, TODAY, books)

        assert isinstance(made_, Hold) is held
        if isinstance(made_, Hold):
            assert "would be dated 2026-11-22, and Harbour Supplies Ltd's Xero is locked until" in made_.sentence


class TestWon:
    @pytest.mark.parametrize(
        ("properties", "won"),
        [
            pytest.param({"hs_is_closed_won": "true", "dealstage": "open"}, True, id="HubSpot's own flag decides"),
            pytest.param({"hs_is_closed_won": "false", "dealstage": "9"}, False, id="also against the stage"),
            pytest.param({"hs_is_closed_won": None, "dealstage": "9"}, True, id="without the flag the stage decides"),
            pytest.param({"hs_is_closed_won": "", "dealstage": "9"}, True, id="an empty flag says nothing"),
            pytest.param({"dealstage": "9"}, True, id="a flag that was not sent says nothing"),
            pytest.param({"dealstage": "closedwon"}, False, id="a stage's name is not trusted"),
            pytest.param({"dealstage": None}, False, id="a deal without a stage is not won"),
            pytest.param({}, False, id="a deal of which nothing is known is not won"),
        ],
    )
    def test_is_won(self, properties: dict[str, str | None], won: bool) -> None:
        """Won is a stage with probability 1.0, in any pipeline and under any label."""
        assert is_won(record("512", **properties), frozenset({"9"})) is won


class TestTotal:
    @CALM
    @given(
        st.lists(
            st.tuples(
                st.decimals(0, 5000, places=3),
                st.decimals(0, 5000, places=4),
                st.none() | st.decimals(0, 100, places=2),
                st.none() | st.decimals(0, 1, places=3),
            ),
            min_size=1,
            max_size=6,
        ),
        st.sampled_from(["Exclusive", "Inclusive", "NoTax"]),
        st.sampled_from([Decimal(0), Decimal("12.5"), Decimal(15), Decimal(20)]),
    )
    @example([(Decimal(1), Decimal("0.0050"), None, None)] * 3, "Exclusive", Decimal(15))
    def test_expected_is_what_xero_adds_up(
        self, lines: list[tuple[Decimal, Decimal, Decimal | None, Decimal | None]], kind: str, tax: Decimal
    ) -> None:
        """Line by line rounded and then added, as Xero does it: the sandbox's total is the one that was expected."""
        items = [
            item(
                str(place),
                quantity=str(quantity),
                price=str(price),
                hs_discount_percentage=None if percent is None else str(percent),
                discount=None if percent or share is None else str(price * share),
            )
            for place, (quantity, price, percent, share) in enumerate(lines)
        ]
        draft = made(items, replace(TERMS, line_amount_types=kind, status="DRAFT"))

        sums = totals([_in_sandbox(body, kind, tax) for body in draft.body["LineItems"]], kind)

        assert draft.expected == (sums.total if kind == "Inclusive" else sums.sub_total)

    def test_each_line_is_rounded_before_they_are_added(self) -> None:
        """Three lines of half a cent are three cents in Xero, not two."""
        lines = [item(str(place), price="0.005") for place in range(3)]

        assert made(lines).expected == Decimal("0.03")


def _in_sandbox(body: dict[str, Any], kind: str, tax: Decimal) -> LineItem:
    price = unit(body["UnitAmount"], 4)
    rate, off = body.get("DiscountRate"), body.get("DiscountAmount")
    amount = line_amount(body["Quantity"], price, rate, off)
    taxed = tax_amount(amount, tax, kind)
    return LineItem("1", "x", body["Quantity"], price, "200", "OUTPUT2", taxed, amount, None, rate, off)


def test_no_property_is_read_that_is_not_asked_for() -> None:
    """HubSpot answers with the properties that were named, so what the rule looks at must be on that list."""
    deal, asked = watched()

    invoice_from_deal(deal, [item()], TERMS, HOME, PORTAL, TODAY)
    is_won(deal, frozenset())

    assert asked <= set(DEAL_PROPERTIES)
