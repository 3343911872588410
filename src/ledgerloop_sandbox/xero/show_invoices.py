"""Show invoices in Xero's wire form: leaner in lists and summaries, whole in a single fetch."""

from ledgerloop_sandbox.xero import rounding
from ledgerloop_sandbox.xero.call import ApiCall
from ledgerloop_sandbox.xero.records import SALE, Invoice
from ledgerloop_sandbox.xero.show_contacts import show_contact
from ledgerloop_sandbox.xero.show_documents import show_applied, show_customer, show_payments, show_tail
from ledgerloop_sandbox.xero.wire import Wire, day, day_string, dumps

_SETTLEMENTS = ("Payments", "CreditNotes", "Prepayments", "Overpayments")


def invoice_text(call: ApiCall, invoice: Invoice) -> str:
    """Return the list form as JSON, and keep it until something changes."""
    if call.unitdp == 2 and invoice.text is not None:
        return invoice.text
    shown = show_invoice_in_list(call, invoice, lines=True)
    for line in shown["LineItems"]:
        line.pop("DiscountAmount", None)  # lists have the rate alone: Xero-OpenAPI issue 592
    text = dumps(shown)
    if call.unitdp == 2:
        invoice.text = text
    return text


def show_summary(call: ApiCall, invoice: Invoice) -> Wire:
    """Return the invoice as summaryOnly has it: without what is heavy to work out."""
    shown = show_invoice_in_list(call, invoice, lines=False)
    del shown["LineItems"]
    if not call.options["payments_in_summary"]:
        for name in _SETTLEMENTS:
            del shown[name]
    if not call.options["url_in_summary"]:
        shown.pop("Url", None)
    return shown


def show_invoice(call: ApiCall, invoice: Invoice) -> Wire:
    """Return the invoice as a single fetch has it: with its lines and the whole contact."""
    shown = show_invoice_in_list(call, invoice, lines=True)
    shown["Contact"] = show_contact(call, call.organisation.contacts.rows[invoice.contact_id])
    if invoice.url:
        shown["Url"] = invoice.url
    return shown | rounding.shown(call.organisation, invoice)


def show_invoice_in_list(call: ApiCall, invoice: Invoice, *, lines: bool) -> Wire:
    """Return the invoice as a list has it: its contact is an id and a name."""
    org = call.organisation
    shown: Wire = {"Type": invoice.type, "InvoiceID": invoice.id, "InvoiceNumber": invoice.number}
    if invoice.type == SALE:
        shown["Reference"] = invoice.reference
    shown["Payments"] = show_payments(org, invoice)
    shown |= show_applied(org, invoice)
    shown["AmountDue"] = invoice.amount_due
    shown["AmountPaid"] = invoice.amount_paid
    shown["AmountCredited"] = invoice.amount_credited
    shown["SentToContact"] = invoice.sent_to_contact
    shown["CurrencyRate"] = invoice.rate
    if invoice.total_discount is not None:
        shown["TotalDiscount"] = invoice.total_discount
    shown["IsDiscounted"] = invoice.total_discount is not None
    shown["HasErrors"] = False
    shown["HasAttachments"] = False
    if invoice.branding_theme_id:
        shown["BrandingThemeID"] = invoice.branding_theme_id
    if invoice.url and call.options["url_in_lists"]:
        shown["Url"] = invoice.url
    shown["Contact"] = show_customer(org, invoice)
    shown["DateString"] = day_string(invoice.date)
    shown["Date"] = day(invoice.date)
    if invoice.due_date:
        shown["DueDateString"] = day_string(invoice.due_date)
        shown["DueDate"] = day(invoice.due_date)
    if invoice.expected_payment_date:
        shown["ExpectedPaymentDate"] = day(invoice.expected_payment_date)
    if invoice.planned_payment_date:
        shown["PlannedPaymentDate"] = day(invoice.planned_payment_date)
    return shown | show_tail(call, invoice, lines=lines)
