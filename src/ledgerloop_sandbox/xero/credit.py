"""Keep credit notes, prepayments and overpayments, and set them off against invoices."""

from collections.abc import Callable
from typing import Any

from ledgerloop_sandbox.xero.batch import write
from ledgerloop_sandbox.xero.call import ApiCall
from ledgerloop_sandbox.xero.contacts import use_as
from ledgerloop_sandbox.xero.documents import (
    HAS_PAYMENT,
    apply_head,
    apply_lines,
    category,
    require_approvable,
    settle,
)
from ledgerloop_sandbox.xero.envelope import envelope, page, paged
from ledgerloop_sandbox.xero.errors import Answer, Invalid, json_answer, not_found
from ledgerloop_sandbox.xero.filters import Getter
from ledgerloop_sandbox.xero.lines import cents
from ledgerloop_sandbox.xero.organisation import Change, Organisation
from ledgerloop_sandbox.xero.records import Allocation, Credit, Invoice
from ledgerloop_sandbox.xero.selection import Test, selected
from ledgerloop_sandbox.xero.show_contacts import show_contact
from ledgerloop_sandbox.xero.show_documents import show_customer, show_payments, show_tail
from ledgerloop_sandbox.xero.wire import Wire, day, day_string, dumps, read_day, read_number

Answering = Callable[[ApiCall], Answer]
_OPPOSITE = {"ACCREC": ("ACCRECCREDIT", "RECEIVE-"), "ACCPAY": ("ACCPAYCREDIT", "SPEND-")}
_NEXT = {
    "DRAFT": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "SUBMITTED": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "AUTHORISED": {"AUTHORISED", "VOIDED"},
}


def get_all(kind: str) -> Answering:
    """Return the answer to GET /CreditNotes, /Prepayments or /Overpayments."""

    def answer(call: ApiCall) -> Answer:
        org = call.organisation
        tests: list[Test[Credit]] = []
        if (references := call.listed("References")) is not None:
            tests.append(lambda credit: credit.reference in references)
        if (numbers := call.listed("InvoiceNumbers")) is not None:
            tests.append(lambda credit: not _invoice_numbers(org, credit).isdisjoint(numbers))
        getters = _getters(org, kind)
        chosen = selected(call, org.credits[kind], getters, tests, fast=frozenset(getters))
        return page(call, f"{kind}s", chosen, lambda credit: dumps(_show(call, credit, lines=paged(call))))

    return answer


def get_one(kind: str) -> Answering:
    """Return the answer to a single fetch of this kind."""

    def answer(call: ApiCall) -> Answer:
        return envelope(call, f"{kind}s", [show(call, _the(call, kind))])

    return answer


def get_allocations(kind: str) -> Answering:
    """Return the answer to GET …/Allocations."""

    def answer(call: ApiCall) -> Answer:
        return envelope(call, "Allocations", [show_allocation(call, one) for one in _the(call, kind).allocations])

    return answer


def put_allocations(kind: str) -> Answering:
    """Return the answer to PUT …/Allocations: set credit off against invoices."""

    def answer(call: ApiCall) -> Answer:
        credit = _the(call, kind)

        def allocate_this(call: ApiCall, change: Change, given: Wire) -> Allocation:
            return allocate(call, change, credit, given)

        return write(call, "Allocations", "AllocationID", allocate_this, show_allocation)

    return answer


def delete_allocation(kind: str) -> Answering:
    """Return the answer to DELETE …/Allocations/{AllocationID}."""

    def answer(call: ApiCall) -> Answer:
        credit = _the(call, kind)
        allocation = next((one for one in credit.allocations if one.id == call.ids[1]), None)
        if allocation is None:
            raise not_found()
        change = Change(call.organisation, call.now)
        invoice = call.organisation.invoices.rows[allocation.invoice_id]
        for document in (credit, invoice):
            change.edit(document)
            document.allocations = tuple(one for one in document.allocations if one is not allocation)
            settle(call, change, document, allocation.date)
        call.happened += change.keep()
        return json_answer(200, {**show_allocation(call, allocation), "IsDeleted": True})

    return answer


def put_credit_notes(call: ApiCall) -> Answer:
    """Answer PUT /CreditNotes: create."""
    return write(call, "CreditNotes", "CreditNoteID", _create_note, show)


def post_credit_notes(call: ApiCall) -> Answer:
    """Answer POST /CreditNotes and POST /CreditNotes/{CreditNoteID}: update by id or number, otherwise create."""
    if call.ids:
        _the(call, "CreditNote")
    return write(call, "CreditNotes", "CreditNoteID", _create_or_update_note, show)


def allocate(call: ApiCall, change: Change, credit: Credit, given: Wire) -> Allocation:
    """Set a part of a credit off against an invoice; both change and both tell."""
    org = call.organisation
    invoice = org.invoices.get(str((given.get("Invoice") or {}).get("InvoiceID")))
    if invoice is None:
        raise Invalid("The document with the supplied id was not found for this endpoint.")
    amount = cents(read_number(given.get("Amount", given.get("AppliedAmount", 0))))
    problems = []
    if not credit.type.startswith(_OPPOSITE[invoice.type]) or credit.contact_id != invoice.contact_id:
        problems.append("The credit and the invoice must be of the same contact and side")
    if credit.status != "AUTHORISED" or invoice.status != "AUTHORISED":
        problems.append("Credit can only be allocated between Authorised documents")
    if amount <= 0 or amount > credit.remaining:
        problems.append("The allocated amount exceeds the remaining credit")
    elif amount > invoice.amount_due:
        problems.append("The allocated amount exceeds the amount outstanding on the invoice")
    if problems:
        raise Invalid(*problems)
    dated = read_day(given["Date"]) if given.get("Date") else org.today(call.now)
    allocation = Allocation(org.new_id(), credit.id, invoice.id, amount, dated)
    for document in (credit, invoice):
        change.edit(document)
        document.allocations = (*document.allocations, allocation)
        settle(call, change, document, dated)
    return allocation


def _create_or_update_note(call: ApiCall, change: Change, given: Wire) -> Credit:
    org = call.organisation
    wanted = call.ids[0] if call.ids else given.get("CreditNoteID")
    number = given.get("CreditNoteNumber")
    if wanted:
        credit = org.credits["CreditNote"].get(str(wanted))
        if credit is None:
            raise Invalid("An existing Credit Note with the specified CreditNoteID could not be found")
        return _update_note(call, change, credit, given)
    taken = next((one for one in org.credits["CreditNote"] if number and one.number == number), None)
    if taken is not None and taken.type == "ACCRECCREDIT":
        return _update_note(call, change, taken, given)
    return _create_note(call, change, given)


def _create_note(call: ApiCall, change: Change, given: Wire) -> Credit:
    org = call.organisation
    kind, status, number = given.get("Type"), given.get("Status") or "DRAFT", given.get("CreditNoteNumber")
    problems: list[str] = []
    if kind not in ("ACCRECCREDIT", "ACCPAYCREDIT"):
        raise Invalid("Credit note type must be specified")
    if status not in ("DRAFT", "SUBMITTED", "AUTHORISED"):
        problems.append("Credit note not of valid status for creation")
    if number and kind == "ACCRECCREDIT" and any(one.number == number for one in org.credits["CreditNote"]):
        problems.append("Credit Note # must be unique.")
    credit = Credit(
        id=org.new_id(),
        type=kind,
        number=str(number or ""),
        contact_id="",
        date=org.today(call.now),
        line_amount_types="Exclusive",
        currency=org.base_currency,
        status=status,
        updated=change.now,
        reference=str(given.get("Reference") or ""),
    )
    _apply(call, change, credit, given, problems)
    if problems:
        raise Invalid(*problems)
    if kind == "ACCRECCREDIT" and not credit.number:
        credit.number = org.number("CN")
    use_as(change, org.contacts.rows[credit.contact_id], kind == "ACCRECCREDIT")
    return change.add(org.credits["CreditNote"], credit, category(credit))


def _update_note(call: ApiCall, change: Change, credit: Credit, given: Wire) -> Credit:
    status = given.get("Status") or credit.status
    if status not in _NEXT.get(credit.status, ()):
        raise Invalid("Credit note not of valid status for modification")
    if credit.remaining != credit.total:
        raise Invalid(HAS_PAYMENT)
    problems: list[str] = []
    change.edit(credit)
    credit.status = status
    if given.get("Reference") is not None:
        credit.reference = str(given["Reference"])
    try:
        _apply(call, change, credit, given, problems)
    finally:
        change.edit(credit)
        change.touch(call.organisation.credits["CreditNote"], credit, category(credit))
    if problems:
        raise Invalid(*problems)
    return credit


def _apply(call: ApiCall, change: Change, credit: Credit, given: Wire, problems: list[str]) -> None:
    apply_head(call, change, credit, given, problems)
    apply_lines(call, change, credit, given, problems)
    if credit.status == "AUTHORISED":
        require_approvable(call.organisation, credit, problems)
    credit.remaining = credit.total


def _the(call: ApiCall, kind: str) -> Credit:
    table = call.organisation.credits[kind]
    found = table.get(call.ids[0])
    if found is None and kind == "CreditNote":
        found = next((credit for credit in table if credit.number == call.ids[0]), None)
    if found is None:
        raise not_found()
    return found


def _invoice_numbers(org: Organisation, credit: Credit) -> set[str]:
    return {org.invoices.rows[one.invoice_id].number for one in credit.allocations}


def _getters(org: Organisation, kind: str) -> dict[str, Getter]:
    return {
        f"{kind}ID": lambda c: c.id,
        "CreditNoteNumber": lambda c: c.number,
        "Type": lambda c: c.type,
        "Status": lambda c: c.status,
        "Date": lambda c: c.date,
        "Reference": lambda c: c.reference,
        "Total": lambda c: c.total,
        "RemainingCredit": lambda c: c.remaining,
        "UpdatedDateUTC": lambda c: c.updated,
        "Contact.ContactID": lambda c: c.contact_id,
        "Contact.Name": lambda c: org.contacts.rows[c.contact_id].name,
    }


def show_allocation(call: ApiCall, allocation: Allocation) -> Wire:
    """Return an allocation with the invoice that it was set off against."""
    invoice: Invoice = call.organisation.invoices.rows[allocation.invoice_id]
    return {
        "AllocationID": allocation.id,
        "Amount": allocation.amount,
        "Date": day(allocation.date),
        "Invoice": {"InvoiceID": invoice.id, "InvoiceNumber": invoice.number, "LineItems": []},
        "IsDeleted": False,
    }


def show(call: ApiCall, credit: Credit) -> Wire:
    """Return the credit as a single fetch has it, with the whole contact."""
    shown = _show(call, credit, lines=True)
    shown["Contact"] = show_contact(call, call.organisation.contacts.rows[credit.contact_id])
    return shown


def _show(call: ApiCall, credit: Credit, *, lines: bool) -> Wire:
    org = call.organisation
    shown: dict[str, Any] = {f"{credit.kind}ID": credit.id, "ID": credit.id}
    if credit.kind == "CreditNote":
        shown["CreditNoteNumber"] = credit.number
    shown["Type"] = credit.type
    shown["Reference"] = credit.reference
    shown["Payments"] = show_payments(org, credit)
    shown["Allocations"] = [show_allocation(call, one) for one in credit.allocations]
    shown["RemainingCredit"] = credit.remaining
    shown["CurrencyRate"] = credit.rate
    shown["HasErrors"] = False
    shown["HasAttachments"] = False
    shown["Contact"] = show_customer(org, credit)
    shown["DateString"] = day_string(credit.date)
    shown["Date"] = day(credit.date)
    return shown | show_tail(call, credit, lines=lines)
