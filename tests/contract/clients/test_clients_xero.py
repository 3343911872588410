"""Our Xero client on the sandbox: every call, and what happens when one goes wrong."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ledgerloop.clock import Clock
from ledgerloop.errors import ConsentNeeded, Invalid, Missing, RateLimited, Transient, UnknownOutcome
from ledgerloop.oauth import claims_of, revoke, scopes_of
from ledgerloop.rate_limiter import Governor
from ledgerloop.xero.client import MOST_IDS, XeroClient, connections, disconnect
from ledgerloop.xero.models import Contact, Invoice

BASE = "/api.xro/2.0"
AFTER_THE_WRITE: list[dict[str, Any]] = [
    {"kind": "reset_after"},
    {"kind": "truncate"},
    {"kind": "status", "status": 500, "after": True},
]
ANY_TIME: list[dict[str, Any]] = [
    {"kind": "reset_before"},
    {"kind": "html", "status": 502},
    {"kind": "truncate"},
    {"kind": "status", "status": 503, "body": "The Organisation is offline"},
]


@pytest.fixture
def client(xero: Any) -> XeroClient:
    """Return the client of the demo organisation."""
    made: XeroClient = xero.client
    return made


def by_name(client: XeroClient, name: str) -> Contact:
    """Return the demo contact with that name."""
    (found,) = (one for one in client.contacts().items if one.Name == name)
    return found


def body(contact: str, **more: Any) -> dict[str, Any]:
    """Write an invoice as it is sent."""
    return {
        "Type": "ACCREC",
        "Contact": {"ContactID": contact},
        "Date": date(2026, 11, 20),
        "DueDate": date(2026, 12, 20),
        "LineAmountTypes": "Exclusive",
        "Status": "AUTHORISED",
        "Reference": "HS-1",
        "Url": "https://app.hubspot.com/contacts/62515/deal/1",
        "LineItems": [
            {
                "Description": "Grinder",
                "Quantity": Decimal(2),
                "UnitAmount": Decimal("12.3456"),
                "AccountCode": "200",
                "TaxType": "OUTPUT2",
            }
        ],
        **more,
    }


def key() -> str:
    """Make a new Idempotency-Key."""
    return str(uuid.uuid4())


def repeat(client: XeroClient, times: int) -> None:
    """Make the same call that many times."""
    for _ in range(times):
        client.tax_rates()


class TestConnecting:
    def test_consent_gives_connections_and_scopes(self, xero: Any) -> None:
        """Code, secret and verifier give tokens; the token names its scopes, and connections its organisations."""
        api = xero.api()

        assert {"Kiwi Demo Ltd", "Aussie Demo Pty"} == {one.tenantName for one in connections(api)}
        assert set(xero.provider.scopes) <= set(scopes_of(xero.tokens()))

    def test_connections_of_one_consent(self, xero: Any) -> None:
        """The token names the consent it came from, and the connections of that one can be asked for."""
        event = claims_of(xero.tokens())["authentication_event_id"]

        assert {one.authEventId for one in connections(xero.api(), event)} == {event}
        assert connections(xero.api(), str(uuid.uuid4())) == []

    def test_disconnecting_shows_as_consent_needed(self, xero: Any, client: XeroClient) -> None:
        """An organisation taken out of the app answers 403 though tokens are good: a person must connect again."""
        (mine,) = [one for one in connections(xero.api()) if one.tenantId == xero.organisation]
        disconnect(xero.api(), mine.id)

        with pytest.raises(ConsentNeeded):
            client.organisation()

    def test_expired_token_is_renewed_unseen(self, xero: Any, client: XeroClient) -> None:
        """A 401 leads to one renewal and one repeat, and the caller sees nothing of it."""
        xero.fault(kind="expire_tokens")

        assert client.organisation().Name == "Kiwi Demo Ltd"
        assert [status for _, _, status in xero.seen()] == [401, 200, 200]

    def test_revoked_grant_needs_consent(self, xero: Any, client: XeroClient) -> None:
        """A revoked refresh token is invalid_grant: the only thing that ends a connection."""
        revoke(xero.provider, xero.tokens.granted())
        xero.fault(kind="expire_tokens")

        with pytest.raises(ConsentNeeded):
            client.organisation()

    def test_identity_trouble_ends_nothing(self, xero: Any, client: XeroClient) -> None:
        """While the identity host is down calls are Transient, and go on when it is back."""
        xero.fault(kind="expire_tokens")
        xero.fault(kind="status", status=503, path="/connect/token", times=3)

        with pytest.raises(Transient):
            client.organisation()
        assert client.organisation().Name == "Kiwi Demo Ltd"


class TestReading:
    def test_organisation(self, client: XeroClient) -> None:
        """Currency, zone and short code are what the rest of the program needs."""
        organisation = client.organisation()

        assert (organisation.BaseCurrency, organisation.zone) == ("NZD", "Pacific/Auckland")
        assert organisation.ShortCode

    def test_reference_data(self, client: XeroClient) -> None:
        """Accounts and tax rates are the organisation's own."""
        assert "200" in {one.Code for one in client.accounts()}
        rates = {one.TaxType: one.EffectiveRate for one in client.tax_rates()}
        assert rates["OUTPUT2"] == 15

    def test_more_reference_data(self, client: XeroClient) -> None:
        """Currencies, items, branding themes and tracking options are the organisation's own."""
        assert {"NZD", "USD"} == {one.Code for one in client.currencies()}
        assert {"SUPPORT", "LICENCE"} == {one.Code for one in client.items()}
        assert {"Standard", "Special Projects"} == {one.Name for one in client.branding_themes() if one.BrandingThemeID}
        (region,) = client.tracking_categories()
        assert ("Region", {"North", "South", "Overseas"}) == (region.Name, {one.Name for one in region.Options})

    def test_contacts_in_pages(self, client: XeroClient) -> None:
        """Pages tell how many there are, archived contacts come if asked, balances are Decimal."""
        first, second = client.contacts(page_size=3), client.contacts(page=2, page_size=3)
        names = {one.Name for one in (*first.items, *second.items)}

        assert (first.page_count, first.item_count) == (2, len(names))
        assert "Old Mill Bakery" in names
        assert "Old Mill Bakery" not in {one.Name for one in client.contacts(include_archived=False).items}
        tui = next(one for one in (*first.items, *second.items) if one.Name == "Tui Roofing Ltd")
        assert tui.Balances is not None
        assert isinstance(tui.Balances.AccountsReceivable.Outstanding, Decimal)

    def test_contact_details(self, client: XeroClient) -> None:
        """Persons, addresses and the moment of the last change are read."""
        kauri = by_name(client, "Kauri Cafe")

        assert [one.EmailAddress for one in kauri.ContactPersons] == ["sam@kauri-cafe.example.com"]
        assert next(one.City for one in kauri.Addresses if one.AddressType == "POBOX") == "Nelson"
        assert kauri.UpdatedDateUTC is not None
        assert kauri.UpdatedDateUTC.tzinfo is not None

    def test_awkward_names(self, client: XeroClient) -> None:
        """A name is kept as it was sent, quotes and backslashes included."""
        odd = 'The "Old" \\ Mill & Söhne, 100 %'
        (made,) = client.create_contacts([{"Name": odd, "EmailAddress": "odd@example.com"}], key())

        assert made.record is not None
        assert [one.Name for one in client.contacts_by_id([made.record.ContactID])] == [odd]

    def test_records_by_id(self, client: XeroClient) -> None:
        """Up to 40 ids in one call, unknown ones absent; more is a mistake of ours; none costs no call."""
        ids = [one.ContactID for one in client.contacts().items]
        wanted = [*ids, *(str(uuid.uuid4()) for _ in range(MOST_IDS - len(ids)))]

        assert {one.ContactID for one in client.contacts_by_id(wanted)} == set(ids)
        assert client.invoices_by_id([]) == []
        with pytest.raises(ValueError):
            client.contacts_by_id([*wanted, "one more"])

    @pytest.mark.usefixtures("wrong_on_purpose")
    def test_too_long_an_address_is_not_a_missing_record(self, client: XeroClient) -> None:
        """Xero answers 404 to an address that is too long; that must not read as “no such contact”."""
        with pytest.raises(Invalid, match="too long"):
            client.contacts_by_id(["x" * 80 + str(number) for number in range(MOST_IDS)])

    def test_invoices_bring_payments(self, client: XeroClient) -> None:
        """A page of invoices has the payments inside, amounts as Decimal, dates as days."""
        invoices = client.invoices(sales_only=True).items
        paid = next(one for one in invoices if one.Status == "PAID")

        assert {one.Type for one in invoices} == {"ACCREC"}
        assert [one.Amount for one in paid.Payments] == [Decimal("460")]
        assert (paid.AmountPaid, paid.AmountDue) == (Decimal("460"), 0)
        assert paid.FullyPaidOnDate == paid.Payments[0].Date
        assert paid.LineItems[0].UnitAmount == 400

    def test_invoices_changed_since(self, xero: Any, client: XeroClient) -> None:
        """If-Modified-Since brings what changed and nothing older."""
        kauri = by_name(client, "Kauri Cafe")
        since = datetime.now(UTC) - timedelta(seconds=2)
        assert client.invoices(changed_since=since).items == ()
        (made,) = client.create_invoices([body(kauri.ContactID)], key())

        assert made.record is not None
        assert [one.InvoiceID for one in client.invoices(changed_since=since).items] == [made.record.InvoiceID]

    def test_invoices_filtered(self, client: XeroClient) -> None:
        """Statuses, summaries and our own invoices are asked for by Xero's own parameters."""
        kauri = by_name(client, "Kauri Cafe")
        client.create_invoices([body(kauri.ContactID)], key())

        assert {one.Status for one in client.invoices(statuses=["DRAFT", "VOIDED"]).items} == {"DRAFT", "VOIDED"}
        (mine,) = client.invoices(created_by_my_app=True).items
        assert (mine.Reference, mine.Url) == ("HS-1", "https://app.hubspot.com/contacts/62515/deal/1")
        assert all(one.LineItems == [] for one in client.invoices(summary_only=True).items)

    def test_credits_and_payments(self, client: XeroClient) -> None:
        """Credit notes, prepayments and overpayments tell what remains; a payment names its invoice and contact."""
        (note,) = client.credit_notes().items
        (before,) = client.prepayments().items
        (over,) = client.overpayments().items
        payments = client.payments().items

        assert (note.Type, note.RemainingCredit) == ("ACCRECCREDIT", note.Total - 30)
        assert note.identifier == note.CreditNoteID
        assert before.identifier == before.PrepaymentID
        assert over.identifier == over.OverpaymentID
        one = client.payment(payments[0].PaymentID)
        assert (one.Amount, one.Status) == (payments[0].Amount, "AUTHORISED")
        assert one.Invoice.InvoiceID == payments[0].Invoice.InvoiceID
        assert one.Invoice.Contact.ContactID

    def test_missing_payment(self, client: XeroClient) -> None:
        """What is not there is Missing, though Xero says so in plain text."""
        with pytest.raises(Missing):
            client.payment(str(uuid.uuid4()))

    def test_unknown_enum_loses_nothing(self, xero: Any, client: XeroClient) -> None:
        """A status nobody knows comes through as it is, with all the others."""
        usual = len(client.invoices().items)
        xero.fault(kind="rewrite", path="/Invoices", find='"Status":\\s*"PAID"', put='"Status":"GIFTED"', times=1)
        answer = client.invoices().items

        assert len(answer) == usual
        assert "GIFTED" in {one.Status for one in answer}


class TestWriting:
    def test_creating_invoices(self, client: XeroClient) -> None:
        """An invoice arrives to the fourth decimal and comes back with its id, its totals and its address."""
        kauri = by_name(client, "Kauri Cafe")
        (outcome,) = client.create_invoices([body(kauri.ContactID)], key())
        made = outcome.record

        assert outcome.ok
        assert made is not None
        assert made.LineItems[0].UnitAmount == Decimal("12.3456")
        assert (made.SubTotal, made.TotalTax, made.Total) == (Decimal("24.69"), Decimal("3.70"), Decimal("28.39"))
        assert (made.Status, made.DueDate, made.Contact.ContactID) == (
            "AUTHORISED",
            date(2026, 12, 20),
            kauri.ContactID,
        )
        assert client.online_invoice(made.InvoiceID).startswith("https://")

    @pytest.mark.usefixtures("wrong_on_purpose")
    def test_one_bad_invoice_costs_itself(self, client: XeroClient) -> None:
        """In a batch each invoice has its own outcome, in order; a refused one says why in Xero's words."""
        kauri = by_name(client, "Kauri Cafe")
        batch = [
            body(kauri.ContactID),
            body(kauri.ContactID, DueDate=None),
            body(str(uuid.uuid4())),
            body(kauri.ContactID),
        ]
        outcomes = client.create_invoices(batch, key())

        assert [one.ok for one in outcomes] == [True, False, False, True]
        assert all(one.problems and one.record is None for one in outcomes if not one.ok)
        assert any("DueDate" in sentence for sentence in outcomes[1].problems)

    def test_same_key_makes_one_invoice(self, client: XeroClient) -> None:
        """The same request with the same key answers the same invoice."""
        kauri, once = by_name(client, "Kauri Cafe"), key()
        first = client.create_invoices([body(kauri.ContactID)], once)[0].record
        second = client.create_invoices([body(kauri.ContactID)], once)[0].record

        assert first is not None
        assert second is not None
        assert first.InvoiceID == second.InvoiceID
        with pytest.raises(Invalid):
            client.create_invoices([body(kauri.ContactID, Reference="HS-2")], once)

    def test_updating_needs_an_id(self, client: XeroClient) -> None:
        """An update without id could create or hit another record, so it never leaves."""
        kauri = by_name(client, "Kauri Cafe")
        record = client.create_invoices([body(kauri.ContactID, Status="DRAFT")], key())[0].record
        assert record is not None
        (outcome,) = client.update_invoices([{"InvoiceID": record.InvoiceID, "Reference": "changed"}])

        assert outcome.record is not None
        assert outcome.record.Reference == "changed"
        (number,) = client.update_contacts([{"ContactID": kauri.ContactID, "ContactNumber": "HubSpot company 512"}])
        assert number.record is not None
        assert number.record.ContactNumber == "HubSpot company 512"
        with pytest.raises(ValueError):
            client.update_invoices([{"InvoiceNumber": record.InvoiceNumber}])
        with pytest.raises(ValueError):
            client.update_contacts([{"Name": "Kauri Cafe"}])

    def test_name_clash_is_told(self, client: XeroClient) -> None:
        """A taken name is an outcome with Xero's sentence, and never a second contact."""
        taken, fine = client.create_contacts([{"Name": "kauri cafe"}, {"Name": "Fresh Start"}], key())

        assert (taken.ok, fine.ok) == (False, True)
        assert "already assigned" in taken.problems[0]

    def test_emailing(self, client: XeroClient) -> None:
        """Xero is asked to send an approved invoice, and answers without a body."""
        kauri = by_name(client, "Kauri Cafe")
        record = client.create_invoices([body(kauri.ContactID)], key())[0].record

        assert record is not None
        assert client.email_invoice(record.InvoiceID, "once") is None  # type: ignore[func-returns-value]


class TestTrouble:
    @pytest.mark.parametrize("fault", AFTER_THE_WRITE, ids=lambda fault: str(fault["kind"]))
    def test_lost_create_is_found_again(self, xero: Any, client: XeroClient, fault: dict[str, Any]) -> None:
        """A create whose answer was lost is UnknownOutcome after one request, and the invoice is found by its marks."""
        kauri = by_name(client, "Kauri Cafe")
        since = datetime.now(UTC) - timedelta(seconds=2)
        xero.fault(method="PUT", times=1, **fault)

        with pytest.raises(UnknownOutcome):
            client.create_invoices([body(kauri.ContactID, Reference="HS-77")], key())
        found = client.invoices(changed_since=since, created_by_my_app=True).items
        assert [one.Reference for one in found] == ["HS-77"]
        assert [method for method, _, _ in xero.seen()].count("PUT") == 1

    @pytest.mark.parametrize("fault", ANY_TIME, ids=lambda fault: str(fault["kind"]))
    def test_reads_survive(self, xero: Any, client: XeroClient, fault: dict[str, Any]) -> None:
        """A read that goes wrong twice is right the third time."""
        xero.fault(method="GET", times=2, **fault)

        assert client.organisation().Name == "Kiwi Demo Ltd"

    def test_minute_limit_is_kept(self, xero: Any, client: XeroClient) -> None:
        """A burst goes at once up to the minute's limit; then the lane is parked, and Xero never had to refuse."""
        with pytest.raises(RateLimited) as caught:
            repeat(client, 70)

        assert caught.value.limit == "minute"
        statuses = [status for _, _, status in xero.seen()]
        assert 55 <= len(statuses) <= 60
        assert set(statuses) == {200}

    def test_day_limit_is_heard(self, xero: Any, client: XeroClient) -> None:
        """With the day spent Xero's Retry-After comes through in hours, as it was said."""
        xero.control("POST", "settings", {"day_limit": 3})
        with pytest.raises(RateLimited) as caught:
            repeat(XeroClient(xero.api(xero.organisation, governor=Governor(clock=Clock()))), 5)

        assert caught.value.limit == "day"
        assert caught.value.retry_after > 60

    @pytest.mark.usefixtures("wrong_on_purpose")
    def test_calls_are_told(self, xero: Any, client: XeroClient) -> None:
        """Calls and bytes are told by template, so that nobody counts by address."""
        client.contacts_by_id(["x"])
        client.invoices()

        assert [(one.lane, one.path) for one in xero.calls] == [
            (xero.organisation, f"{BASE}/Contacts"),
            (xero.organisation, f"{BASE}/Invoices"),
        ]
        assert xero.calls[1].bytes_in > 500


def test_models_read_every_demo_invoice(client: XeroClient) -> None:
    """Every invoice of the demo data is read with an id, a contact and a moment of change."""
    for invoice in client.invoices().items:
        assert isinstance(invoice, Invoice)
        assert invoice.InvoiceID
        assert invoice.Contact.ContactID
        assert invoice.UpdatedDateUTC
