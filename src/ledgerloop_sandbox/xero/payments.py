"""Keep payments: money for invoices and refunds of credits. A payment is made and deleted, never changed."""

from decimal import Decimal
from typing import Any

from ledgerloop_sandbox.xero.batch import write
from ledgerloop_sandbox.xero.call import ApiCall
from ledgerloop_sandbox.xero.documents import check_lock, settle
from ledgerloop_sandbox.xero.envelope import envelope, page
from ledgerloop_sandbox.xero.errors import Answer, Invalid, not_found
from ledgerloop_sandbox.xero.filters import Getter
from ledgerloop_sandbox.xero.lines import cents
from ledgerloop_sandbox.xero.organisation import Change, Organisation
from ledgerloop_sandbox.xero.records import ONE, SALE, Account, Credit, Document, Invoice, Payment
from ledgerloop_sandbox.xero.selection import selected
from ledgerloop_sandbox.xero.show_documents import show_lines, show_payments
from ledgerloop_sandbox.xero.wire import Wire, day, dumps, moment, moment_string, read_day, read_number

EXCEEDS = "Payment amount exceeds the amount outstanding on this document"
_TARGETS = {  # where a payment may name its document: (key, id names)
    "Invoice": ("InvoiceID", "InvoiceNumber"),
    "CreditNote": ("CreditNoteID", "CreditNoteNumber"),
    "Prepayment": ("PrepaymentID", ""),
    "Overpayment": ("OverpaymentID", ""),
}
_TYPES = {
    "ACCREC": "ACCRECPAYMENT",
    "ACCPAY": "ACCPAYPAYMENT",
    "ACCRECCREDIT": "ARCREDITPAYMENT",
    "ACCPAYCREDIT": "APCREDITPAYMENT",
    "RECEIVE-PREPAYMENT": "ARPREPAYMENTPAYMENT",
    "SPEND-PREPAYMENT": "APPREPAYMENTPAYMENT",
    "RECEIVE-OVERPAYMENT": "AROVERPAYMENTPAYMENT",
    "SPEND-OVERPAYMENT": "APOVERPAYMENTPAYMENT",
}
_FAST = frozenset({"PaymentID", "Date", "Status", "Invoice.InvoiceID", "PaymentType", "Reference"})


def get_all(call: ApiCall) -> Answer:
    """Answer GET /Payments."""
    org = call.organisation

    def select() -> list[Payment]:
        return selected(call, org.payments, _getters(org), (), fast=_FAST)

    chosen = call.options["selections"].find(call, "Payments", select)
    return page(call, "Payments", chosen, lambda payment: dumps(show_in_list(call, payment)))


def get_one(call: ApiCall) -> Answer:
    """Answer GET /Payments/{PaymentID}."""
    return envelope(call, "Payments", [show(call, _the(call))])


def put(call: ApiCall) -> Answer:
    """Answer PUT and POST /Payments: both create."""
    return write(call, "Payments", "PaymentID", create, show)


def delete(call: ApiCall) -> Answer:
    """Answer POST /Payments/{PaymentID}: DELETED is the only status that can be sent."""
    payment = _the(call)

    def delete_this(call: ApiCall, change: Change, given: Wire) -> Payment:
        if given.get("Status") != "DELETED":
            raise Invalid("Payments cannot be changed; the only status that can be set is DELETED")
        remove(call, change, payment)
        return payment

    return write(call, "Payments", "PaymentID", delete_this, show)


def remove(call: ApiCall, change: Change, payment: Payment) -> None:
    """Delete a payment: what it paid is open again."""
    if payment.status == "DELETED":
        raise Invalid("The payment is already deleted")
    change.edit(payment)
    payment.status = "DELETED"
    change.touch(call.organisation.payments, payment, "PAYMENT")
    document = call.organisation.document(payment.document_id)
    assert document is not None
    settle(call, change, document, payment.date)


def create(call: ApiCall, change: Change, given: Wire, batch_id: str | None = None) -> Payment:
    """Make a payment and settle its document."""
    org = call.organisation
    document = _target(org, given)
    problems: list[str] = []
    account = account_of(org, given.get("Account"))
    if account is None:
        problems.append("Account could not be found")
    elif account.type != "BANK" and not account.takes_payments:
        problems.append("Account is not enabled for payments")
    if document.status != "AUTHORISED":
        problems.append("Payments can only be made against Authorised documents")
    amount = cents(read_number(given.get("Amount") or 0))
    rest = document.remaining if isinstance(document, Credit) else _due(document)
    if amount <= 0:
        problems.append("Payment amount must be greater than zero")
    elif amount > rest:
        problems.append(EXCEEDS)
    dated = read_day(given["Date"]) if given.get("Date") else org.today(call.now)
    check_lock(org, dated, problems)
    if problems or account is None:
        raise Invalid(*problems)
    rate = read_number(given["CurrencyRate"]) if given.get("CurrencyRate") else document.rate
    payment = Payment(
        id=org.new_id(),
        type=_TYPES[document.type],
        document_id=document.id,
        account_id=account.id,
        date=dated,
        amount=amount,
        updated=change.now,
        rate=rate,
        reference=str(given.get("Reference") or ""),
        is_reconciled=bool(given.get("IsReconciled", False)),
        batch_id=batch_id,
    )
    change.add(org.payments, payment, "PAYMENT")
    change.edit(document)
    document.payments = (*document.payments, payment.id)
    settle(call, change, document, dated)
    return payment


def account_of(org: Organisation, given: Any) -> Account | None:
    """Find an account by its code or id."""
    given = given if isinstance(given, dict) else {}
    by_code = org.accounts.get(str(given.get("Code")))
    return by_code or next((a for a in org.accounts.values() if a.id == given.get("AccountID")), None)


def _target(org: Organisation, given: Wire) -> Document:
    for key, (id_name, number_name) in _TARGETS.items():
        named = given.get(key)
        if not isinstance(named, dict):
            continue
        found: Document | None
        if key == "Invoice":
            number = str(named.get(number_name) or "").lower()
            found = org.document(str(named.get(id_name) or org.sales_numbers.get(number) or ""))
        else:
            table = org.credits[key]
            wanted = named.get(number_name)
            by_number = (credit for credit in table if number_name and wanted and credit.number == wanted)
            found = table.get(named.get(id_name)) or next(by_number, None)
        if found is None:
            raise Invalid("The document with the supplied id was not found for this endpoint.")
        return found
    raise Invalid("A payment needs an Invoice, CreditNote, Prepayment or Overpayment")


def _due(document: Document) -> Decimal:
    assert isinstance(document, Invoice)
    return document.amount_due


def _the(call: ApiCall) -> Payment:
    payment = call.organisation.payments.get(call.ids[0])
    if payment is None:
        raise not_found()
    return payment


def _getters(org: Organisation) -> dict[str, Getter]:
    return {
        "PaymentID": lambda p: p.id,
        "Date": lambda p: p.date,
        "Amount": lambda p: p.amount,
        "Status": lambda p: p.status,
        "PaymentType": lambda p: p.type,
        "Reference": lambda p: p.reference,
        "IsReconciled": lambda p: p.is_reconciled,
        "UpdatedDateUTC": lambda p: p.updated,
        "Invoice.InvoiceID": lambda p: p.document_id,
        "Invoice.InvoiceNumber": lambda p: _document(org, p).number,
        "Invoice.Contact.ContactID": lambda p: _document(org, p).contact_id,
    }


def _document(org: Organisation, payment: Payment) -> Document:
    document = org.document(payment.document_id)
    assert document is not None
    return document


def invoice_type(document: Document) -> str:
    """Return the Type under which a document stands as the `Invoice` of a payment."""
    return {
        "RECEIVE-PREPAYMENT": "ARPREPAYMENT",
        "SPEND-PREPAYMENT": "APPREPAYMENT",
        "RECEIVE-OVERPAYMENT": "AROVERPAYMENT",
        "SPEND-OVERPAYMENT": "APOVERPAYMENT",
    }.get(document.type, document.type)


def show_in_list(call: ApiCall, payment: Payment) -> Wire:
    """Return the payment as a list has it: its Invoice has a Contact of id, number and name, and no email."""
    org = call.organisation
    document = _document(org, payment)
    contact = org.contacts.rows[document.contact_id]
    shown_contact: Wire = {"ContactID": contact.id}
    if contact.number:
        shown_contact["ContactNumber"] = contact.number
    shown_contact |= {
        "Name": contact.name,
        "Addresses": [],
        "Phones": [],
        "ContactGroups": [],
        "ContactPersons": [],
        "HasValidationErrors": False,
    }
    invoice = {
        "Type": invoice_type(document),
        "InvoiceID": document.id,
        "InvoiceNumber": document.number,
        "Payments": [],
        "CreditNotes": [],
        "Prepayments": [],
        "Overpayments": [],
        "IsDiscounted": False,
        "HasErrors": False,
        "Contact": shown_contact,
        "LineItems": [],
        "CurrencyCode": document.currency,
    }
    return {**_head(call, payment), "Invoice": invoice, "HasValidationErrors": False}


def show(call: ApiCall, payment: Payment) -> Wire:
    """Return the payment as a single fetch has it: its Invoice is fuller, its Contact an id and a name."""
    org = call.organisation
    document = _document(org, payment)
    contact = org.contacts.rows[document.contact_id]
    invoice: Wire = {
        "Type": invoice_type(document),
        "InvoiceID": document.id,
        "InvoiceNumber": document.number,
        "Reference": document.reference,
        "Payments": show_payments(org, document),
        "CreditNotes": [],
        "Prepayments": [],
        "Overpayments": [],
        "IsDiscounted": False,
        "HasErrors": False,
        "Contact": {"ContactID": contact.id, "Name": contact.name, "ContactPersons": []},
        "Date": day(document.date),
        "Status": document.status,
        "LineAmountTypes": document.line_amount_types,
        "LineItems": show_lines(call, document),
        "SubTotal": document.sub_total,
        "TotalTax": document.total_tax,
        "Total": document.total,
        "UpdatedDateUTC": moment(document.updated),
        "CurrencyCode": document.currency,
    }
    if isinstance(document, Invoice):
        invoice["AmountDue"] = document.amount_due
        invoice["AmountPaid"] = document.amount_paid
        invoice["AmountCredited"] = document.amount_credited
        if document.type != SALE:
            del invoice["Reference"]
    if document.fully_paid_on:
        invoice["FullyPaidOnDate"] = day(document.fully_paid_on)
    return {**_head(call, payment), "Invoice": invoice, "HasValidationErrors": False}


def batch_sum(call: ApiCall, total: Decimal) -> Wire:
    """Return total and IsReconciled of a batch payment: texts, as in the official example, where it is switched so."""
    if call.options.get("batch_payment_texts"):
        return {"TotalAmount": str(total), "IsReconciled": "false"}
    return {"TotalAmount": total, "IsReconciled": False}


def _head(call: ApiCall, payment: Payment) -> Wire:
    org = call.organisation
    account = next(account for account in org.accounts.values() if account.id == payment.account_id)
    shown: Wire = {
        "PaymentID": payment.id,
        "Date": day(payment.date),
        "BankAmount": payment.amount if payment.rate == ONE else cents(payment.amount / payment.rate),
        "Amount": payment.amount,
        "Reference": payment.reference,
        "CurrencyRate": payment.rate,
        "PaymentType": payment.type,
        "Status": payment.status,
        "UpdatedDateUTC": moment(payment.updated),
        "UpdatedDateUTCString": moment_string(payment.updated),
        "HasAccount": True,
        "IsReconciled": payment.is_reconciled,
        "Account": {"AccountID": account.id, "Code": account.code},
    }
    batch = org.batch_payments.get(payment.batch_id)
    if batch is not None:
        shown["BatchPaymentID"] = batch.id
        total = sum((org.payments.rows[one].amount for one in batch.payment_ids), Decimal(0))
        shown["BatchPayment"] = {
            "Account": {"AccountID": account.id},
            "BatchPaymentID": batch.id,
            "Date": day(batch.date),
            "Type": "RECBATCH" if payment.type == "ACCRECPAYMENT" else "PAYBATCH",
            "Status": batch.status,
            "UpdatedDateUTC": moment(batch.updated),
            **batch_sum(call, total),
        }
    return shown
