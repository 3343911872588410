"""An invoice once it is decided: its marks, the text that is kept and sent, and what the deal shows of it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_samples import CALM, HOME, PORTAL, TODAY, day, invoice, item, record

from ledgerloop.decimal_json import dumps, loads
from ledgerloop.records import Receivable
from ledgerloop.rules.invoice_markers import deal_url, marker_in, marker_of
from ledgerloop.rules.invoices import (
    Draft,
    body_of,
    hash_of,
    invoice_from_deal,
    invoice_url,
    payload_of,
    properties_from_invoice,
)
from ledgerloop.rules.properties import DEAL_WORDS, properties_on
from ledgerloop.rules.routing import Terms


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
        assert body_of(payload_of(Draft({"LineItems": []}, Decimal(0)), "c1"))["Contact"] == {"ContactID": "c1"}

    def test_numbers_are_sent_as_numbers(self) -> None:
        """On disk numbers are text; on the wire they are JSON numbers, and never passed through a float."""
        lines = [item(price="0.1"), item("2", quantity="3", price="1.10", discount="0.3")]
        draft = invoice_from_deal(record("512"), lines, Terms(), HOME, PORTAL, TODAY)
        assert isinstance(draft, Draft)

        sent = dumps(body_of(payload_of(draft, "c1")))

        assert '"UnitAmount":0.1}' in sent
        assert '"DiscountAmount":0.90,' in sent
        assert [line["Quantity"] for line in loads(sent)["LineItems"]] == [1, 3]


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
            "xero_online_invoice_url": "",
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
