"""Keep invoices: their life and their calls."""

from typing import Any

from ledgerloop_sandbox.xero import plans, rounding, stock
from ledgerloop_sandbox.xero.batch import write
from ledgerloop_sandbox.xero.call import ApiCall
from ledgerloop_sandbox.xero.contacts import use_as
from ledgerloop_sandbox.xero.documents import (
    HAS_PAYMENT,
    apply_head,
    apply_lines,
    check_lock,
    require_approvable,
)
from ledgerloop_sandbox.xero.envelope import envelope, page, paged
from ledgerloop_sandbox.xero.errors import Answer, Invalid, not_found, validation
from ledgerloop_sandbox.xero.filters import Getter
from ledgerloop_sandbox.xero.history import note
from ledgerloop_sandbox.xero.organisation import Change, Organisation
from ledgerloop_sandbox.xero.records import BILL, SALE, ZERO, Invoice
from ledgerloop_sandbox.xero.selection import selected
from ledgerloop_sandbox.xero.show_invoices import invoice_text, show_invoice, show_invoice_in_list, show_summary
from ledgerloop_sandbox.xero.wire import Wire, dumps, read_day, tidied

FIRST_STATUSES = ("DRAFT", "SUBMITTED", "AUTHORISED")
_NEXT = {  # which statuses a status may be set to
    "DRAFT": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "SUBMITTED": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "AUTHORISED": {"AUTHORISED", "VOIDED"},
    "PAID": {"PAID"},
}
_FAST = frozenset(
    {
        "Status",
        "Contact.ContactID",
        "Contact.Name",
        "Contact.ContactNumber",
        "Reference",
        "Date",
        "Type",
        "AmountDue",
        "AmountPaid",
        "DueDate",
        "InvoiceID",
        "InvoiceNumber",
    }
)
_CANNOT_VOID = (
    "The status VOIDED cannot be applied to the invoice because it has payments or credit notes allocated to it."
)
_BLIND = frozenset({"DueDate", "SentToContact"})
_SETTLED_EDITS = _BLIND | {"Reference", "Url", "ExpectedPaymentDate", "PlannedPaymentDate", "BrandingThemeID"}


def get_all(call: ApiCall) -> Answer:
    """Answer GET /Invoices."""
    org = call.organisation

    def select() -> list[Invoice]:
        return selected(
            call,
            org.invoices,
            _getters(org),
            list(_tests(call)),
            fast=_FAST,
            most=500_000,
            start=_start(call),
        )

    chosen = call.options["selections"].find(call, "Invoices", select)
    if call.flag("summaryOnly"):
        return page(call, "Invoices", chosen, lambda invoice: dumps(show_summary(call, invoice)))
    if not paged(call):
        return page(call, "Invoices", chosen, lambda invoice: dumps(show_invoice_in_list(call, invoice, lines=False)))
    return page(call, "Invoices", chosen, lambda invoice: invoice_text(call, invoice))


def get_one(call: ApiCall) -> Answer:
    """Answer GET /Invoices/{InvoiceID or InvoiceNumber}."""
    return envelope(call, "Invoices", [show_invoice(call, _the(call))])


def put(call: ApiCall) -> Answer:
    """Answer PUT /Invoices: create only."""
    return write(call, "Invoices", "InvoiceID", _create, show_invoice)


def post(call: ApiCall) -> Answer:
    """Answer POST /Invoices: update by InvoiceID or by an existing ACCREC number, otherwise create."""
    return write(call, "Invoices", "InvoiceID", _create_or_update, show_invoice)


def post_one(call: ApiCall) -> Answer:
    """Answer POST /Invoices/{InvoiceID}: update one."""
    invoice = _the(call)

    def update_this(call: ApiCall, change: Change, given: Wire) -> Invoice:
        return _update(call, change, invoice, given)

    return write(call, "Invoices", "InvoiceID", update_this, show_invoice)


def email(call: ApiCall) -> Answer:
    """Answer POST /Invoices/{InvoiceID}/Email: 204, and the invoice counts as sent. Its history has each email."""
    invoice, org = _the(call), call.organisation
    contact = org.contacts.rows[invoice.contact_id]
    if invoice.type != SALE or invoice.status not in ("SUBMITTED", "AUTHORISED", "PAID") or not contact.email:
        return validation([{"InvoiceID": invoice.id, "ValidationErrors": [{"Message": "Invoice cannot be emailed"}]}])
    change = Change(org, call.now)
    _finish(change, org, invoice, {"SentToContact": True})
    call.happened += change.keep()
    note(call, invoice.id, "Emailed", f"This invoice has been sent to {contact.email}")
    return Answer(204, b"")


def online(call: ApiCall) -> Answer:
    """Answer GET /Invoices/{InvoiceID}/OnlineInvoice."""
    invoice = _the(call)
    if invoice.type != SALE or invoice.status in ("DRAFT", "SUBMITTED", "DELETED"):
        raise not_found()
    return envelope(call, "OnlineInvoices", [{"OnlineInvoiceUrl": f"https://in.xero.com/{invoice.id[:8]}"}])


def _the(call: ApiCall) -> Invoice:
    org = call.organisation
    invoice = org.invoices.get(call.ids[0]) or org.invoices.get(org.sales_numbers.get(call.ids[0].lower()))
    if invoice is None:
        raise not_found()
    return invoice


def _start(call: ApiCall) -> list[Invoice] | None:
    org = call.organisation
    if (ids := call.listed("IDs")) is not None:
        return [found for one in ids if (found := org.invoices.get(one))]
    if (contacts := call.listed("ContactIDs")) is not None:
        found_all = [d for one in contacts for d in org.documents.get(one.lower(), ()) if isinstance(d, Invoice)]
        return sorted(found_all, key=lambda invoice: invoice.updated)
    return None


def _tests(call: ApiCall) -> Any:
    if (statuses := call.listed("Statuses")) is not None:
        yield lambda invoice: invoice.status in statuses
    if (numbers := call.listed("InvoiceNumbers")) is not None:
        yield lambda invoice: invoice.number in numbers
    if call.flag("createdByMyApp"):
        yield lambda invoice: invoice.client_id == call.client_id
    if term := call.query.get("searchTerm", "").lower():
        yield lambda invoice: term in invoice.number.lower() or term in invoice.reference.lower()


def _getters(org: Organisation) -> dict[str, Getter]:
    return {
        "InvoiceID": lambda i: i.id,
        "InvoiceNumber": lambda i: i.number,
        "Type": lambda i: i.type,
        "Status": lambda i: i.status,
        "Reference": lambda i: i.reference,
        "Date": lambda i: i.date,
        "DueDate": lambda i: i.due_date,
        "AmountDue": lambda i: i.amount_due,
        "AmountPaid": lambda i: i.amount_paid,
        "AmountCredited": lambda i: i.amount_credited,
        "Total": lambda i: i.total,
        "CurrencyCode": lambda i: i.currency,
        "SentToContact": lambda i: i.sent_to_contact,
        "FullyPaidOnDate": lambda i: i.fully_paid_on,
        "UpdatedDateUTC": lambda i: i.updated,
        "Contact.ContactID": lambda i: i.contact_id,
        "Contact.Name": lambda i: org.contacts.rows[i.contact_id].name,
        "Contact.ContactNumber": lambda i: org.contacts.rows[i.contact_id].number,
    }


def _create_or_update(call: ApiCall, change: Change, given: Wire) -> Invoice:
    org = call.organisation
    if given.get("InvoiceID"):
        invoice = org.invoices.get(str(given["InvoiceID"]))
        if invoice is None:
            raise Invalid("The document with the supplied id was not found for this endpoint.")
        return _update(call, change, invoice, given)
    number = str(given.get("InvoiceNumber") or "").lower()
    if number and given.get("Type", SALE) == SALE and number in org.sales_numbers:
        return _update(call, change, org.invoices.rows[org.sales_numbers[number]], given)
    return _create(call, change, given)


def _create(call: ApiCall, change: Change, given: Wire) -> Invoice:
    org = call.organisation
    problems: list[str] = []
    kind, status = given.get("Type"), given.get("Status") or "DRAFT"
    if kind not in (SALE, BILL):
        raise Invalid("Invoice type must be specified" if kind is None else f"{kind} is not a valid invoice type")
    if status not in FIRST_STATUSES:
        problems.append("Invoice not of valid status for creation")
    invoice = Invoice(
        id=org.new_id(),
        type=kind,
        number="",
        contact_id="",
        date=org.today(call.now),
        line_amount_types="Exclusive",
        currency=org.base_currency,
        status=status,
        updated=change.now,
        client_id=call.client_id,
    )
    _apply(call, change, invoice, given, problems)
    if invoice.status == "AUTHORISED" and plans.limit_reached(org, invoice):
        problems.append(plans.REACHED)
    if problems:
        raise Invalid(*problems)
    if kind == SALE and not invoice.number:
        invoice.number = org.number("INV")
    use_as(change, org.contacts.rows[invoice.contact_id], kind == SALE)
    return change.add(org.invoices, invoice, "INVOICE")


def _update(call: ApiCall, change: Change, invoice: Invoice, given: Wire) -> Invoice:
    org = call.organisation
    status = given.get("Status") or invoice.status
    if status not in _NEXT.get(invoice.status, ()):
        raise Invalid("Invoice not of valid status for modification")
    if given.get("Type", invoice.type) != invoice.type:
        raise Invalid("The invoice type cannot be changed")
    settled = bool(invoice.amount_paid or invoice.amount_credited)
    if settled and status == "VOIDED":
        raise Invalid(_CANNOT_VOID, HAS_PAYMENT)
    if settled and _alters(invoice, given):
        raise Invalid(HAS_PAYMENT)
    if settled:
        given = {name: value for name, value in given.items() if name in _SETTLED_EDITS}
    problems: list[str] = []
    check_lock(org, invoice.date, problems)
    approving = status == "AUTHORISED" and invoice.status != status
    change.edit(invoice)
    invoice.status = status
    try:
        _apply(call, change, invoice, given, problems)
    finally:
        _finish(change, org, invoice, given)
    if approving and plans.limit_reached(org, invoice):
        problems.append(plans.REACHED)
    if problems:
        raise Invalid(*dict.fromkeys(problems))
    return invoice


def _finish(change: Change, org: Organisation, invoice: Invoice, given: Wire) -> None:
    """End an edit; on a partly paid invoice some changes are not seen by If-Modified-Since."""
    change.edit(invoice)
    if "SentToContact" in given:
        invoice.sent_to_contact = bool(given["SentToContact"])
    partly = bool(invoice.amount_paid or invoice.amount_credited)
    if partly and given and set(given) <= _BLIND:
        change.quietly(invoice)
        change.tell("INVOICE", "UPDATE", invoice)
    else:
        change.touch(org.invoices, invoice, "INVOICE")


def _alters(invoice: Invoice, given: Wire) -> bool:
    contact = given.get("Contact") or {}
    return (
        given.get("LineItems") is not None
        or contact.get("ContactID", invoice.contact_id) != invoice.contact_id
        or given.get("CurrencyCode", invoice.currency) != invoice.currency
        or given.get("LineAmountTypes", invoice.line_amount_types) != invoice.line_amount_types
        or ("Date" in given and read_day(given["Date"]) != invoice.date)
    )


def _apply(call: ApiCall, change: Change, invoice: Invoice, given: Wire, problems: list[str]) -> None:
    org = call.organisation
    apply_head(call, change, invoice, given, problems)
    number = given.get("InvoiceNumber")
    if number is not None:
        invoice.number = str(number)
        holder = org.sales_numbers.get(invoice.number.lower())
        if invoice.type == SALE and invoice.number and holder not in (None, invoice.id):
            problems.append("Invoice # must be unique.")
        if len(invoice.number) > 255:
            problems.append("The InvoiceNumber field cannot be longer than 255 characters.")
    if given.get("Reference") is not None and invoice.type == SALE:
        invoice.reference = tidied(given["Reference"])
    if given.get("Url") is not None:
        invoice.url = str(given["Url"])
        if not invoice.url.startswith(("http://", "https://")):
            problems.append("Url must be an absolute URL")
        if "xero" in invoice.url.lower():
            problems.append("Url must not contain the word xero")
    if given.get("SentToContact") is not None:
        invoice.sent_to_contact = bool(given["SentToContact"])
        if invoice.sent_to_contact and invoice.status not in ("AUTHORISED", "PAID"):
            problems.append("SentToContact can only be set on approved invoices")
    for name, attribute in (
        ("DueDate", "due_date"),
        ("ExpectedPaymentDate", "expected_payment_date"),
        ("PlannedPaymentDate", "planned_payment_date"),
    ):
        if given.get(name) is not None:
            try:
                setattr(invoice, attribute, read_day(given[name]))
            except ValueError:
                problems.append(f"{name} is not a valid date")
    apply_lines(call, change, invoice, given, problems)
    rounding.apply(org, invoice, given, problems)
    if invoice.status == "AUTHORISED":
        require_approvable(org, invoice, problems)
        if invoice.type == SALE and not call.flag("allowBackorders"):
            stock.require(org, invoice, problems)
        if invoice.due_date is None:
            problems.append("The document DueDate field must be specified.")
    invoice.amount_due = invoice.total - invoice.amount_paid - invoice.amount_credited
    if invoice.status in ("VOIDED", "DELETED"):
        invoice.amount_due = ZERO
    if invoice.status == "AUTHORISED" and not invoice.total and call.options.get("zero_invoices_paid"):
        invoice.status, invoice.fully_paid_on = "PAID", invoice.date
