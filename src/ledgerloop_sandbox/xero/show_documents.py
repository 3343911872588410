"""Show what invoices and credits have in common in Xero's wire form: lines, totals, what settled them."""

from ledgerloop_sandbox.xero.call import ApiCall
from ledgerloop_sandbox.xero.lines import unit
from ledgerloop_sandbox.xero.organisation import Organisation
from ledgerloop_sandbox.xero.records import Document, Invoice, LineItem
from ledgerloop_sandbox.xero.show_contacts import show_contact_short
from ledgerloop_sandbox.xero.wire import Wire, day, day_string, moment, moment_string


def show_lines(call: ApiCall, document: Document) -> list[Wire]:
    """Return the lines with as many decimals as the call works with."""
    return [_show_line(line, call.unitdp, call.organisation) for line in document.lines]


def _show_line(line: LineItem, unitdp: int, org: Organisation) -> Wire:
    shown: Wire = {}
    if line.item_code:
        item = org.items[line.item_code]
        shown["ItemCode"] = line.item_code
        shown["Item"] = {"ItemID": item["ItemID"], "Name": item["Name"], "Code": item["Code"]}
    shown["Description"] = line.description
    if line.unit_amount is not None:
        shown["UnitAmount"] = unit(line.unit_amount, unitdp)
    # A line of 0.00 comes back without account and tax, whatever was sent with it.
    coded = bool(line.line_amount)
    if coded:
        shown["TaxType"] = line.tax_type
    shown["TaxAmount"] = line.tax_amount
    shown["LineAmount"] = line.line_amount
    if line.account_code and coded:
        shown["AccountCode"] = line.account_code
        shown["AccountID"] = org.accounts[line.account_code].id
    shown["Tracking"] = line.tracking
    if line.quantity is not None:
        shown["Quantity"] = line.quantity
    if line.discount_rate is not None:
        shown["DiscountRate"] = line.discount_rate
    if line.discount_amount is not None:
        shown["DiscountAmount"] = line.discount_amount
    shown["LineItemID"] = line.id
    shown["ValidationErrors"] = []
    return shown


def show_tail(call: ApiCall, document: Document, *, lines: bool) -> Wire:
    """Return the fields from Status to FullyPaidOnDate, which all documents have."""
    shown: Wire = {
        "Status": document.status,
        "LineAmountTypes": document.line_amount_types,
        "LineItems": show_lines(call, document) if lines else [],
        "SubTotal": document.sub_total,
        "TotalTax": document.total_tax,
        "Total": document.total,
        "UpdatedDateUTC": moment(document.updated),
        "UpdatedDateUTCString": moment_string(document.updated),
        "CurrencyCode": document.currency,
    }
    if document.fully_paid_on is not None:
        shown["FullyPaidOnDate"] = day(document.fully_paid_on)
    return shown


def show_customer(org: Organisation, document: Document) -> Wire:
    """Return the contact in the short form of lists."""
    contact = org.contacts.get(document.contact_id)
    return show_contact_short(contact) if contact else {}


def show_applied(org: Organisation, invoice: Invoice) -> Wire:
    """Return the credits that an invoice was settled with, by their kinds."""
    shown: Wire = {"CreditNotes": [], "Prepayments": [], "Overpayments": []}
    for allocation in invoice.allocations:
        credit = org.credit(allocation.credit_id)
        if credit is not None:
            entry: Wire = {f"{credit.kind}ID": credit.id}
            if credit.number:
                entry["CreditNoteNumber"] = credit.number
            entry |= {
                "ID": credit.id,
                "HasErrors": False,
                "AppliedAmount": allocation.amount,
                "DateString": day_string(allocation.date),
                "Date": day(allocation.date),
                "LineItems": [],
                "Total": credit.total,
            }
            shown[f"{credit.kind}s"].append(entry)
    return shown


def show_payments(org: Organisation, document: Document) -> list[Wire]:
    """Return the payments inside a document; deleted ones are gone."""
    shown = []
    for payment_id in document.payments:
        payment = org.payments.rows[payment_id]
        if payment.status != "DELETED":
            entry: Wire = {"PaymentID": payment.id, "Date": day(payment.date), "Amount": payment.amount}
            if payment.batch_id:
                entry["BatchPaymentID"] = payment.batch_id
            if payment.reference:
                entry["Reference"] = payment.reference
            shown.append({**entry, "CurrencyRate": payment.rate, "HasAccount": False, "HasValidationErrors": False})
    return shown
