"""A won deal's invoice: how it is made or held, found again, kept on disk, and shown on the deal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rules_samples import CALM, HOME, PORTAL, TODAY, day, invoice, record, watched

from ledgerloop.exactjson import dumps, loads
from ledgerloop.hubspot.models import Record
from ledgerloop.records import Hold, Receivable
from ledgerloop.rules.invoices import (
    DEAL_PROPERTIES,
    Draft,
    body_of,
    deal_url,
    hash_of,
    invoice_from_deal,
    invoice_url,
    is_won,
    marker_in,
    marker_of,
    payload_of,
    properties_from_invoice,
)
from ledgerloop.rules.properties import DEAL_WORDS, properties_on
from ledgerloop.rules.routing import Terms
from ledgerloop_sandbox.xero.lines import line_amount, tax_amount, totals, unit
from ledgerloop_sandbox.xero.records import LineItem

TERMS = Terms(status="AUTHORISED", account_code="200", tax_type="OUTPUT2", line_amount_types="Exclusive", due_days=14)


def item(id_: str = "1", /, **properties: str | None) -> Record:
    """Return a line item: one widget for 10, unless told otherwise."""
    values: dict[str, str | None] = {"name": "Widget", "quantity": "1", "price": "10"}
    return record(id_, **(values | properties))


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
                    "The deal is in USD, and Harbour Supplies Ltd invoices in NZD. Change the deal's currency.",
                ],
                id="a deal in another currency than the organisation's",
            ),
            pytest.param(
                [item("1", price=None), item("2", name="Bolt", quantity="-2"), item("3")],
                {"deal_currency_code": "USD"},
                [
                    "The deal is in USD, and Harbour Supplies Ltd invoices in NZD. Change the deal's currency.",
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
        """Won is a stage with probability 1.0, in any pipeline and under any label (S32)."""
        assert is_won(record("512", **properties), frozenset({"9"})) is won


class TestMarker:
    @pytest.mark.parametrize(
        ("reference", "marker"),
        [
            pytest.param("HS-512", "HS-512", id="as it was written"),
            pytest.param("HS-512 PO 77", "HS-512", id="with words behind it"),
            pytest.param("PO 77 HS-512", "HS-512", id="with words before it"),
            pytest.param("PO 77/HS-512, urgent", "HS-512", id="with signs around it"),
            pytest.param("(HS-512)", "HS-512", id="in brackets"),
            pytest.param("HS-code HS-512", "HS-512", id="behind a word that begins alike"),
            pytest.param("HS-5123", "HS-5123", id="another deal's mark is another mark"),
            pytest.param("XHS-512", "", id="inside a word it is no mark"),
            pytest.param("HS-512b", "", id="with a letter behind it, it is no mark"),
            pytest.param("HS-", "", id="without a deal it is no mark"),
            pytest.param("PO 77", "", id="none"),
            pytest.param("", "", id="no reference"),
        ],
    )
    def test_marker_in(self, reference: str, marker: str) -> None:
        """The mark is found again whatever people write around it, and no other deal's is taken for it."""
        assert marker_in(reference) == marker

    @CALM
    @given(st.integers(0, 10**15), st.text().filter(lambda text: "HS-" not in text), st.text())
    def test_round_trip(self, deal: int, before: str, after: str) -> None:
        """A deal's mark is found among any words."""
        marker = marker_of(str(deal))

        assert marker_in(f"{before} {marker} {after}") == marker


NUMBERS = st.builds(lambda digits, places: Decimal(digits).scaleb(-places), st.integers(0, 10**20), st.integers(-9, 9))
LINES = st.fixed_dictionaries(
    {"Description": st.text(max_size=9), "Quantity": NUMBERS, "UnitAmount": NUMBERS, "AccountCode": st.just("007")},
    optional={"DiscountRate": NUMBERS, "DiscountAmount": NUMBERS},
)
BODIES = st.builds(
    lambda reference, lines: {"Type": "ACCREC", "Reference": reference, "LineItems": lines},
    st.text(max_size=9),
    st.lists(LINES, max_size=2),
)


class TestPayload:
    @CALM
    @given(BODIES)
    def test_round_trip(self, body: dict[str, Any]) -> None:
        """What is read from disk is what was meant: every number to its last zero, every text to its last sign."""
        again = body_of(payload_of(Draft(body, Decimal(0)), "c1"))

        assert again == {**body, "Contact": {"ContactID": "c1"}}
        for before, after in zip(body["LineItems"], again["LineItems"], strict=True):
            assert {name: str(value) for name, value in after.items()} == {
                name: str(value) for name, value in before.items()
            }

    @CALM
    @given(BODIES)
    def test_hash(self, body: dict[str, Any]) -> None:
        """The same invoice has the same hash, however its keys are ordered; another customer's has another."""
        turned = {name: body[name] for name in reversed(body)}
        turned["LineItems"] = [dict(reversed(line.items())) for line in body["LineItems"]]

        first = hash_of(payload_of(Draft(body, Decimal(0)), "c1"))

        assert first == hash_of(payload_of(Draft(turned, Decimal(1)), "c1"))
        assert first != hash_of(payload_of(Draft(body, Decimal(0)), "c2"))

    def test_hash_is_the_same_in_every_process(self) -> None:
        """A hash on disk must mean the same after a restart and an upgrade, so it is written down here."""
        assert hash_of(payload_of(Draft({"LineItems": []}, Decimal(0)), "c1")) == (
            "4cf48d71218ab9126d4600cd672d0002daf85799b170ab00e737b74b66005d31"
        )

    def test_only_the_contact_id_is_sent(self) -> None:
        """More of a contact inside an invoice changes that contact and wipes its persons."""
        assert body_of(payload_of(made([item()]), "c1"))["Contact"] == {"ContactID": "c1"}

    def test_numbers_are_sent_as_numbers(self) -> None:
        """On disk numbers are text; on the wire they are JSON numbers, and never passed through a float."""
        lines = [item(price="0.1"), item("2", quantity="3", price="1.10", discount="0.3")]

        sent = dumps(body_of(payload_of(made(lines), "c1")))

        assert '"UnitAmount":0.1}' in sent
        assert '"DiscountAmount":0.90,' in sent
        assert [line["Quantity"] for line in loads(sent)["LineItems"]] == [1, 3]


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
        draft = made(items, replace(TERMS, line_amount_types=kind))

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


class TestLinks:
    def test_deal(self) -> None:
        """The invoice leads back to its deal, in the data centre where the portal lives."""
        assert deal_url(PORTAL, "512") == "https://app-eu1.hubspot.com/contacts/4711/record/0-3/512"

    def test_invoice(self) -> None:
        """The deal leads to its invoice, through the short code into the right organisation (Xero docs: deep links)."""
        assert invoice_url(HOME, "ed25") == (
            "https://go.xero.com/organisationlogin/default.aspx?shortcode=!mBdtL"
            "&redirecturl=/AccountsReceivable/View.aspx?InvoiceID=ed25"
        )

    def test_invoice_without_short_code(self) -> None:
        """Without a short code the link leads into whichever organisation is open."""
        home = replace(HOME, short_code="")

        assert invoice_url(home, "ed25") == "https://go.xero.com/AccountsReceivable/View.aspx?InvoiceID=ed25"


class TestShown:
    def test_whole(self) -> None:
        """A deal shows its invoice's number, word, amounts, days and link, and no message any more."""
        document = replace(invoice("115.00", paid=[(-3, "15.00")], due=10), id="ed25", number="INV-0007")

        assert properties_from_invoice(document, HOME, TODAY) == {
            "xero_invoice_id": "ed25",
            "xero_invoice_number": "INV-0007",
            "xero_invoice_status": "PARTIALLY_PAID",
            "xero_invoice_url": invoice_url(HOME, "ed25"),
            "xero_amount_due": "100.00",
            "xero_amount_paid": "15.00",
            "xero_due_date": "2026-12-02",
            "xero_paid_date": "",
            "xero_sync_message": "",
        }

    @pytest.mark.parametrize(
        ("document", "shown"),
        [
            pytest.param(
                replace(invoice("115.00", paid=[(-3, "115.00")]), paid_on=day(-3)),
                {"xero_invoice_status": "PAID", "xero_amount_due": "0.00", "xero_paid_date": "2026-11-19"},
                id="a paid invoice has the day it was paid",
            ),
            pytest.param(
                invoice("115.00", due=-1),
                {"xero_invoice_status": "OVERDUE", "xero_amount_due": "115.00"},
                id="a late invoice",
            ),
            pytest.param(
                invoice("115.00", status="DRAFT", due=None),
                {"xero_invoice_status": "DRAFT", "xero_amount_due": "115.00", "xero_due_date": ""},
                id="a draft without a due date",
            ),
            pytest.param(
                invoice("115.00", status="VOIDED"),
                {"xero_invoice_status": "VOIDED", "xero_amount_due": "0.00"},
                id="on a voided invoice nothing is still to be paid",
            ),
            pytest.param(
                invoice("115.00", status="DELETED"),
                {"xero_invoice_status": "DELETED", "xero_amount_due": "0.00"},
                id="on a deleted invoice nothing is still to be paid",
            ),
            pytest.param(
                invoice("115.00", status="ON_HOLD"),
                {"xero_invoice_status": "", "xero_amount_due": "115.00"},
                id="a status that Xero has added since is not shown, and costs nothing else",
            ),
        ],
    )
    def test_values(self, document: Receivable, shown: dict[str, str]) -> None:
        """What the deal's owner reads follows from the invoice and the day."""
        properties = properties_from_invoice(document, HOME, TODAY)

        assert properties | shown == properties

    def test_every_property_is_a_property(self) -> None:
        """A deal is shown its invoice under exactly the names on the one list, and in words HubSpot has options for."""
        properties = properties_from_invoice(invoice(), HOME, TODAY)

        assert set(properties) == {each.name for each in properties_on("deal")}
        assert properties["xero_invoice_status"] in DEAL_WORDS


def test_no_property_is_read_that_is_not_asked_for() -> None:
    """HubSpot answers with the properties that were named, so what the rule looks at must be on that list."""
    deal, asked = watched()

    invoice_from_deal(deal, [item()], TERMS, HOME, PORTAL, TODAY)
    is_won(deal, frozenset())

    assert asked <= set(DEAL_PROPERTIES)
