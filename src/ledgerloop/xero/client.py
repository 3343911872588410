"""Call Xero's Accounting API for one organisation: about twenty calls, each named for what it brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from ledgerloop.errors import Invalid, Missing, Transient, UnknownOutcome
from ledgerloop.http import Api
from ledgerloop.vendor_errors import Answer
from ledgerloop.xero.models import (
    Account,
    Connection,
    Contact,
    CreditNote,
    Invoice,
    Model,
    Organisation,
    Overpayment,
    Payment,
    Prepayment,
    TaxRate,
)
from ledgerloop.xero.reading import Outcome as Outcome
from ledgerloop.xero.reading import Page as Page
from ledgerloop.xero.reading import elements_in, outcome_from, pagination_in, record_from, records_in
from ledgerloop.xero.reference import Action, BrandingTheme, Currency, Item, TrackingCategory

ACCOUNTING = "/api.xro/2.0"
MOST_IDS = 40
"""The address may hold about 52 ids; beyond that Xero answers 404."""
MOST_A_PAGE = 1000
MOST_WRITES = 50

T = TypeVar("T", bound=Model)


class XeroClient:
    """Speak for one organisation. The Api's lane is its tenant id."""

    def __init__(self, api: Api, named: bool = True) -> None:
        """Take the Api; every call carries its lane as ``xero-tenant-id``, where the organisation is to be ``named``.

        The token of a custom connection is that of one organisation, which needs no naming.
        """
        self._api, self._named = api, named
        self._tenant = {**({"xero-tenant-id": api.lane} if named else {}), "Accept": "application/json"}

    @property
    def api(self) -> Api:
        """Return the Api that this client calls."""
        return self._api

    def as_backfill(self) -> XeroClient:
        """Return the same client whose calls stand behind live work."""
        return XeroClient(self._api.as_backfill(), self._named)

    def reading_only(self) -> XeroClient:
        """Return the same client which raises NotSent for whatever is no read."""
        return XeroClient(self._api.reading_only(), self._named)

    # --- reference data -------------------------------------------------------------------------------------------

    def organisation(self) -> Organisation:
        """Fetch the organisation itself."""
        return self._one("/Organisation", "Organisations", Organisation)

    def actions(self) -> list[Action]:
        """Fetch what may be done in the organisation."""
        return self._all("/Organisation/Actions", "Actions", Action)

    def accounts(self) -> list[Account]:
        """Fetch the chart of accounts."""
        return self._all("/Accounts", "Accounts", Account)

    def tax_rates(self) -> list[TaxRate]:
        """Fetch the tax rates."""
        return self._all("/TaxRates", "TaxRates", TaxRate)

    def currencies(self) -> list[Currency]:
        """Fetch the currencies that the organisation has."""
        return self._all("/Currencies", "Currencies", Currency)

    def items(self) -> list[Item]:
        """Fetch the items."""
        return self._all("/Items", "Items", Item)

    def branding_themes(self) -> list[BrandingTheme]:
        """Fetch the branding themes."""
        return self._all("/BrandingThemes", "BrandingThemes", BrandingTheme)

    def tracking_categories(self) -> list[TrackingCategory]:
        """Fetch the tracking categories with their options."""
        return self._all("/TrackingCategories", "TrackingCategories", TrackingCategory)

    # --- contacts -------------------------------------------------------------------------------------------------

    def contacts(
        self,
        changed_since: datetime | None = None,
        page: int = 1,
        page_size: int = MOST_A_PAGE,
        include_archived: bool = True,
    ) -> Page[Contact]:
        """Fetch a page of contacts; paging is also what brings Balances and MergedToContactID."""
        params = {"includeArchived": "true"} if include_archived else {}
        return self._page("/Contacts", "Contacts", Contact, changed_since, page, page_size, params)

    def contacts_by_id(self, ids: Sequence[str]) -> list[Contact]:
        """Fetch up to 40 contacts by id, archived ones too. Ids that are not there are absent."""
        return self._by_ids("/Contacts", "Contacts", Contact, ids, {"includeArchived": "true"})

    def create_contacts(self, contacts: Sequence[Mapping[str, Any]], key: str) -> list[Outcome[Contact]]:
        """Create contacts with PUT, which never updates; the outcomes are in the order of the contacts."""
        return self._write("PUT", "/Contacts", "Contacts", Contact, contacts, key)

    def update_contacts(self, contacts: Sequence[Mapping[str, Any]], key: str = "") -> list[Outcome[Contact]]:
        """Change contacts, each by its ContactID: without one Xero might create."""
        return self._write("POST", "/Contacts", "Contacts", Contact, _each_with("ContactID", contacts), key)

    # --- invoices -------------------------------------------------------------------------------------------------

    def invoices(
        self,
        changed_since: datetime | None = None,
        page: int = 1,
        page_size: int = MOST_A_PAGE,
        statuses: Sequence[str] | None = None,
        summary_only: bool = False,
        created_by_my_app: bool = False,
        sales_only: bool = False,
        contact: str = "",
    ) -> Page[Invoice]:
        """Fetch a page of invoices with their payments; paging is also what brings line items."""
        params = {"unitdp": "4"}
        if statuses:
            params["Statuses"] = ",".join(statuses)
        if summary_only:
            params["summaryOnly"] = "true"
        if created_by_my_app:
            params["createdByMyApp"] = "true"
        if sales_only:
            params["where"] = 'Type=="ACCREC"'
        if contact:
            params["ContactIDs"] = contact
        return self._page("/Invoices", "Invoices", Invoice, changed_since, page, page_size, params)

    def invoices_by_id(self, ids: Sequence[str]) -> list[Invoice]:
        """Fetch up to 40 invoices by id. Ids that are not there are absent."""
        return self._by_ids("/Invoices", "Invoices", Invoice, ids, {"unitdp": "4"})

    def create_invoices(self, payload: Sequence[Mapping[str, Any]], key: str) -> list[Outcome[Invoice]]:
        """Create invoices with PUT: a POST with a number that exists would change that other invoice."""
        return self._write("PUT", "/Invoices", "Invoices", Invoice, payload, key)

    def update_invoices(self, payload: Sequence[Mapping[str, Any]], key: str = "") -> list[Outcome[Invoice]]:
        """Change invoices, each by its InvoiceID. Lines that are not sent are removed."""
        return self._write("POST", "/Invoices", "Invoices", Invoice, _each_with("InvoiceID", payload), key)

    def online_invoice(self, invoice_id: str) -> str:
        """Fetch the address at which the customer sees the invoice; empty if it has none."""
        answer = self._api.call(
            "GET", f"{ACCOUNTING}/Invoices/{{InvoiceID}}/OnlineInvoice", ids={"InvoiceID": invoice_id},
            headers=self._tenant,
        )  # fmt: skip
        links = elements_in(answer, "OnlineInvoices")
        return str(links[0].get("OnlineInvoiceUrl") or "") if links else ""

    def email_invoice(self, invoice_id: str, key: str) -> None:
        """Ask Xero to email the invoice to its contact. Not repeated by itself, or they would get it twice."""
        path = f"{ACCOUNTING}/Invoices/{{InvoiceID}}/Email"
        headers = {**self._tenant, "Idempotency-Key": key}
        self._api.call("POST", path, ids={"InvoiceID": invoice_id}, body={}, headers=headers, empty=True)

    # --- credits and payments -------------------------------------------------------------------------------------

    def credit_notes(
        self, changed_since: datetime | None = None, page: int = 1, page_size: int = MOST_A_PAGE, contact: str = ""
    ) -> Page[CreditNote]:
        """Fetch a page of credit notes, of all contacts or of one."""
        return self._page("/CreditNotes", "CreditNotes", CreditNote, changed_since, page, page_size, _of(contact))

    def prepayments(
        self, changed_since: datetime | None = None, page: int = 1, page_size: int = MOST_A_PAGE, contact: str = ""
    ) -> Page[Prepayment]:
        """Fetch a page of prepayments, of all contacts or of one."""
        return self._page("/Prepayments", "Prepayments", Prepayment, changed_since, page, page_size, _of(contact))

    def overpayments(
        self, changed_since: datetime | None = None, page: int = 1, page_size: int = MOST_A_PAGE, contact: str = ""
    ) -> Page[Overpayment]:
        """Fetch a page of overpayments, of all contacts or of one."""
        return self._page("/Overpayments", "Overpayments", Overpayment, changed_since, page, page_size, _of(contact))

    def payments(
        self, changed_since: datetime | None = None, page: int = 1, page_size: int = MOST_A_PAGE
    ) -> Page[Payment]:
        """Fetch a page of payments; they come inside their invoices too."""
        return self._page("/Payments", "Payments", Payment, changed_since, page, page_size)

    def payment(self, payment_id: str) -> Payment:
        """Fetch one payment."""
        return self._one("/Payments/{PaymentID}", "Payments", Payment, {"PaymentID": payment_id})

    # --- how ------------------------------------------------------------------------------------------------------

    def _get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        ids: Mapping[str, str] | None = None,
    ) -> Answer:
        return self._api.call(
            "GET", ACCOUNTING + path, ids=ids, params=params, headers={**self._tenant, **(headers or {})}
        )

    def _all(self, path: str, key: str, model: type[T]) -> list[T]:
        return records_in(self._get(path), key, model)

    def _one(self, path: str, key: str, model: type[T], ids: Mapping[str, str] | None = None) -> T:
        answer = self._get(path, ids=ids)
        if not (records := records_in(answer, key, model)):
            raise Missing(f"Xero GET {path}: the answer holds no record", answer.status)
        return records[0]

    def _page(
        self,
        path: str,
        key: str,
        model: type[T],
        changed_since: datetime | None,
        page: int,
        page_size: int,
        params: Mapping[str, str] | None = None,
    ) -> Page[T]:
        headers = {"If-Modified-Since": if_modified_since(changed_since)} if changed_since else {}
        # By id: records that change while a run of pages is read keep their place, so none slips to a page read before.
        order = {"order": f"{model.__name__}ID ASC"}
        answer = self._get(path, {**(params or {}), **order, "page": str(page), "pageSize": str(page_size)}, headers)
        items = tuple(records_in(answer, key, model))
        told = pagination_in(answer)
        if told is None:  # without Xero's word, a full page may have a successor
            return Page(items, page, page + (len(items) >= page_size), len(items))
        return Page(items, page, told.pageCount, told.itemCount)

    def _by_ids(self, path: str, key: str, model: type[T], ids: Sequence[str], params: Mapping[str, str]) -> list[T]:
        wanted = list(dict.fromkeys(ids))
        if len(wanted) > MOST_IDS:
            raise ValueError(f"ask for at most {MOST_IDS} ids at once, not {len(wanted)}")
        if not wanted:
            return []
        params = {**params, "IDs": ",".join(wanted), "page": "1", "pageSize": str(MOST_IDS)}
        try:
            return records_in(self._get(path, params), key, model)
        except Missing as error:  # ids that are not there are absent from a 200; a 404 is about the address
            raise Invalid(f"Xero GET {path}: the address with {len(wanted)} ids was too long", error.status) from None

    def _write(
        self, method: str, path: str, key: str, model: type[T], elements: Sequence[Mapping[str, Any]], once: str
    ) -> list[Outcome[T]]:
        """Write a batch whose elements succeed or fail one by one. An update by id may be repeated, a create not."""
        if len(elements) > MOST_WRITES:
            raise ValueError(f"write at most {MOST_WRITES} at once, not {len(elements)}")
        if not elements:
            return []
        answer = self._api.call(
            method,
            ACCOUNTING + path,
            params={"summarizeErrors": "false"} | ({"unitdp": "4"} if model is Invoice else {}),
            body={key: elements},
            headers={**self._tenant, **({"Idempotency-Key": once} if once else {})},
            repeatable=method == "POST",
        )
        given = elements_in(answer, key)
        if len(given) != len(elements):
            raise UnknownOutcome(f"Xero {method} {path}: {len(given)} answers for {len(elements)} elements", 200)
        try:
            return [outcome_from(one, model, f"{method} {path}") for one in given]
        except Transient as error:  # it was written, but what was written cannot be read
            raise UnknownOutcome(error.message, 200) from None


def connections(api: Api, auth_event_id: str = "") -> list[Connection]:
    """List the organisations that the token's user ever connected to the app, or those of one consent."""
    params = {"authEventId": auth_event_id} if auth_event_id else None
    answer = api.call("GET", "/connections", params=params)
    if not isinstance(answer.data, list):
        raise Transient("Xero GET /connections: the answer is no list", answer.status)
    return [record_from(one, Connection, "GET /connections") for one in answer.data if isinstance(one, dict)]


def disconnect(api: Api, connection_id: str) -> None:
    """Take the app out of an organisation; ``connection_id`` is the connection's own id."""
    api.call("DELETE", "/connections/{id}", ids={"id": connection_id}, repeatable=True, empty=True)


def if_modified_since(moment: datetime) -> str:
    """Write a moment as Xero wants it: UTC, to the second, without a zone."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _of(contact: str) -> Mapping[str, str]:
    """Ask for one contact's records; only invoices have a parameter for it."""
    return {"where": f'Contact.ContactID==Guid("{contact}")'} if contact else {}


def _each_with(name: str, elements: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    if not all(element.get(name) for element in elements):
        raise ValueError(f"every element of an update needs its {name}")
    return elements
