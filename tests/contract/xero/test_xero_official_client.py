"""Let Xero's own Python client run whole scenarios against the sandbox: an independent reading of the contract."""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from xero_app import CLIENT, SCOPES, App
from xero_python.accounting import (
    Account,
    AccountingApi,
    Address,
    Allocation,
    Allocations,
    Contact,
    Contacts,
    CreditNote,
    CreditNotes,
    HistoryRecord,
    HistoryRecords,
    Invoice,
    Invoices,
    LineAmountTypes,
    LineItem,
    Payment,
    PaymentDelete,
    Payments,
    RequestEmpty,
)
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token, TokenApi
from xero_python.exceptions import AccountingBadRequestException, HTTPStatusException
from xero_python.identity import IdentityApi


class Official:
    """Hold the official client, pointed at the sandbox."""

    def __init__(self, app: App) -> None:
        self.tokens: dict[str, Any] = {**app.tokens, "scope": SCOPES.split()}
        self.tokens["expires_at"] = None
        configuration = Configuration(oauth2_token=OAuth2Token(client_id=CLIENT[0], client_secret=CLIENT[1]))
        url = app.sandbox.xero_url
        self.client = ApiClient(configuration, oauth2_token_getter=lambda: self.tokens, oauth2_token_saver=self._save)
        self.accounting = AccountingApi(self.client, base_url=f"{url}/api.xro/2.0")
        self.identity = IdentityApi(self.client, base_url=url)

    def _save(self, tokens: dict[str, Any]) -> None:
        self.tokens = tokens


@pytest.fixture
def official(app: App) -> Iterator[Official]:
    """Return the official client; where it refreshes is an attribute of its class."""
    kept = TokenApi.refresh_token_url, TokenApi.revoke_token_url
    TokenApi.refresh_token_url = f"{app.sandbox.xero_url}/connect/token"
    TokenApi.revoke_token_url = f"{app.sandbox.xero_url}/connect/revocation"
    yield Official(app)
    TokenApi.refresh_token_url, TokenApi.revoke_token_url = kept


def sale(contact_id: str, amount: str = "100", **more: Any) -> Invoice:
    """Return an approved sales invoice as the official client makes it."""
    return Invoice(
        type="ACCREC",
        contact=Contact(contact_id=contact_id),
        date=datetime.date(2026, 11, 22),
        due_date=datetime.date(2030, 12, 22),
        line_amount_types=LineAmountTypes.EXCLUSIVE,
        status="AUTHORISED",
        line_items=[
            LineItem(
                description="Work", quantity=1.0, unit_amount=Decimal(amount), account_code="200", tax_type="OUTPUT2"
            )
        ],
        **more,
    )


def test_official_client_lists_connections_and_reference_data(app: App, official: Official) -> None:
    """Every reference call is made and every answer parsed into the client's models."""
    connections = official.identity.get_connections()
    api, tenant = official.accounting, app.tenant

    assert app.tenants == [one.tenant_id for one in connections]
    organisation = api.get_organisations(tenant).organisations[0]
    assert (organisation.name, organisation.country_code.value) == ("Kiwi Demo Ltd", "NZ")
    assert "ROUNDING" in [one.system_account for one in api.get_accounts(tenant).accounts]
    assert {"OUTPUT2", "NONE", "ZERORATED"} <= {one.tax_type for one in api.get_tax_rates(tenant).tax_rates}
    assert [one.code.value for one in api.get_currencies(tenant).currencies] == ["NZD", "USD"]
    assert api.get_branding_themes(tenant).branding_themes
    assert api.get_items(tenant).items
    assert api.get_tracking_categories(tenant).tracking_categories[0].options


def test_official_client_from_contact_to_paid_invoice(app: App, official: Official) -> None:
    """Create a contact and an invoice, pay it in two parts, delete one, and read everything back."""
    api, tenant = official.accounting, app.tenant
    contact = api.create_contacts(
        tenant,
        Contacts(
            contacts=[
                Contact(
                    name="Official Ltd",
                    email_address="o@official.example",
                    contact_number="hs-9",
                    addresses=[Address(address_type="STREET", city="Otaki")],
                )
            ]
        ),
        idempotency_key="official-1",
    ).contacts[0]
    invoice = api.create_invoices(
        tenant,
        Invoices(invoices=[sale(contact.contact_id, url="https://app.example/deal/1", reference="deal 1")]),
        summarize_errors=False,
        unitdp=4,
    ).invoices[0]

    def pay(amount: float) -> Any:
        body = Payment(invoice=Invoice(invoice_id=invoice.invoice_id), account=Account(code="090"), amount=amount)
        return api.create_payments(tenant, Payments(payments=[body])).payments[0]

    assert (Decimal(115), "AUTHORISED", "OK") == (invoice.total, invoice.status, invoice.status_attribute_string)
    pay(15)
    second = pay(100)
    paid = api.get_invoice(tenant, invoice.invoice_id).invoices[0]
    assert ("PAID", Decimal(0), 2) == (paid.status, paid.amount_due, len(paid.payments))
    assert paid.contact.email_address == "o@official.example"
    assert paid.reference == "deal 1"
    assert api.get_payment(tenant, second.payment_id).payments[0].invoice.status == "PAID"
    api.delete_payment(tenant, second.payment_id, PaymentDelete(status="DELETED"))
    assert Decimal(100) == api.get_invoice(tenant, invoice.invoice_id).invoices[0].amount_due
    found = api.get_contact_by_contact_number(tenant, "hs-9").contacts[0]
    assert Decimal(100) == found.balances.accounts_receivable.outstanding


def test_official_client_pages_filters_and_looks_up_by_ids(app: App, official: Official) -> None:
    """Paging, IDs joined by %2C, where, order, If-Modified-Since as the client sends them."""
    api, tenant = official.accounting, app.tenant
    everything = api.get_invoices(tenant, page=1, page_size=5, order="UpdatedDateUTC DESC", unitdp=4)
    ids = [one.invoice_id for one in everything.invoices[:3]]
    app.clock.shift(120)
    since = app.clock.now() - datetime.timedelta(seconds=60)
    made = api.create_contacts(tenant, Contacts(contacts=[Contact(name="Fresh")])).contacts[0]

    assert (everything.pagination.page, everything.pagination.page_size) == (1, 5)
    assert set(ids) == {one.invoice_id for one in api.get_invoices(tenant, i_ds=ids).invoices}
    assert {"PAID"} == {one.status for one in api.get_invoices(tenant, statuses=["PAID"]).invoices}
    assert [one.name for one in api.get_contacts(tenant, where='Name=="Fresh"').contacts] == ["Fresh"]
    assert [made.contact_id] == [one.contact_id for one in api.get_contacts(tenant, since).contacts]
    assert api.get_contacts(tenant, include_archived=True, summary_only=True, search_term="old mill").contacts


def test_official_client_credits(app: App, official: Official) -> None:
    """Credit notes are made and allocated; prepayments and overpayments are read."""
    api, tenant = official.accounting, app.tenant
    contact = api.create_contacts(tenant, Contacts(contacts=[Contact(name="Creditable")])).contacts[0]
    invoice = api.create_invoices(tenant, Invoices(invoices=[sale(contact.contact_id)])).invoices[0]
    note = CreditNote(
        type="ACCRECCREDIT",
        contact=Contact(contact_id=contact.contact_id),
        status="AUTHORISED",
        line_items=[LineItem(description="Back", quantity=1.0, unit_amount=20.0, account_code="200")],
    )
    made = api.create_credit_notes(tenant, CreditNotes(credit_notes=[note])).credit_notes[0]
    part = Allocation(amount=10.0, date=datetime.date(2026, 11, 22), invoice=Invoice(invoice_id=invoice.invoice_id))
    api.create_credit_note_allocation(tenant, made.credit_note_id, Allocations(allocations=[part]))

    assert Decimal(13) == api.get_credit_note(tenant, made.credit_note_id).credit_notes[0].remaining_credit
    assert Decimal(10) == api.get_invoice(tenant, invoice.invoice_id).invoices[0].amount_credited
    assert api.get_prepayments(tenant, page=1).prepayments[0].remaining_credit == Decimal(115)
    assert api.get_overpayments(tenant, page=1).overpayments[0].remaining_credit == Decimal(40)


def test_official_client_stock_and_rounding(app: App, official: Official) -> None:
    """Stock is read and sold beyond with leave, and a rounded total is sent and read back."""
    api, tenant = official.accounting, app.tenant
    app.steer(f"organisations/{tenant}", {"Stock": {"SUPPORT": 1}, "Rounding": True})
    contact = api.create_contacts(tenant, Contacts(contacts=[Contact(name="Stocked")])).contacts[0]
    body = sale(contact.contact_id)
    body.line_items = [LineItem(description="Hours", quantity=2.0, unit_amount=50.0, item_code="SUPPORT")]
    body.sub_total, body.total_tax, body.total = 100.0, 15.0, 115.05
    with pytest.raises(AccountingBadRequestException):
        api.create_invoices(tenant, Invoices(invoices=[body]))
    made = api.create_invoices(tenant, Invoices(invoices=[body]), allow_backorders=True).invoices[0]
    item = next(one for one in api.get_items(tenant).items if one.code == "SUPPORT")

    assert (made.total, made.rounding_amount) == (Decimal("115.05"), Decimal("0.05"))
    assert (item.quantity_on_hand, item.quantity_available) == (Decimal(0), Decimal(-1))
    assert item.is_tracked_as_inventory is True


def test_official_client_email_online_invoice_and_history(app: App, official: Official) -> None:
    """The sub-resources of an invoice."""
    api, tenant = official.accounting, app.tenant
    body = Contacts(contacts=[Contact(name="Mailed", email_address="m@mail.example")])
    contact = api.create_contacts(tenant, body).contacts[0]
    invoice = api.create_invoices(tenant, Invoices(invoices=[sale(contact.contact_id)])).invoices[0]
    api.email_invoice(tenant, invoice.invoice_id, RequestEmpty())
    note = HistoryRecords(history_records=[HistoryRecord(details="From a deal")])
    api.create_invoice_history(tenant, invoice.invoice_id, note)

    assert api.get_invoice(tenant, invoice.invoice_id).invoices[0].sent_to_contact is True
    assert api.get_online_invoice(tenant, invoice.invoice_id).online_invoices[0].online_invoice_url
    records = api.get_invoice_history(tenant, invoice.invoice_id).history_records
    assert [one.changes for one in records] == ["Emailed", "Note"]


def test_official_client_sees_validation_errors(app: App, official: Official) -> None:
    """A 400 becomes the client's own exception, with the messages of the elements."""
    api, tenant = official.accounting, app.tenant
    with pytest.raises(AccountingBadRequestException) as caught:
        api.create_contacts(tenant, Contacts(contacts=[Contact(name="Kauri Cafe")]))

    assert caught.value.error_data["ErrorNumber"] == 10
    assert (
        "already assigned to another contact"
        in caught.value.error_data["Elements"][0]["ValidationErrors"][0]["Message"]
    )


def test_official_client_refreshes_and_revokes(app: App, official: Official) -> None:
    """An expired token is refreshed by the client's own code; revoking ends the connection."""
    app.clock.shift(1801)
    with pytest.raises(HTTPStatusException):
        official.accounting.get_currencies(app.tenant)
    official.tokens["expires_at"] = 1.0
    old = official.tokens["refresh_token"]

    assert official.accounting.get_currencies(app.tenant).currencies
    assert old != official.tokens["refresh_token"]
    assert official.client.revoke_oauth2_token()
    assert app.refresh(old).json() == {"error": "invalid_grant"}


def test_official_client_repeats_a_put_after_a_dropped_connection(app: App, official: Official) -> None:
    """Its HTTP library takes PUT for harmless: without an Idempotency-Key one create makes several invoices."""
    api, tenant = official.accounting, app.tenant
    contact = api.create_contacts(tenant, Contacts(contacts=[Contact(name="Repeated")])).contacts[0]
    app.fault("reset_after", method="PUT", path="/Invoices$")
    api.create_invoices(tenant, Invoices(invoices=[sale(contact.contact_id)]))
    app.fault("reset_after", method="PUT", path="/Invoices$")
    api.create_invoices(tenant, Invoices(invoices=[sale(contact.contact_id, "7")]), idempotency_key="once")
    totals = [one.total for one in api.get_invoices(tenant, contact_i_ds=[contact.contact_id]).invoices]

    assert [Decimal(115), Decimal(115), Decimal("8.05")] == totals
