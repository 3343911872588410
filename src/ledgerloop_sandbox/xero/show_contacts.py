"""Show contacts in Xero's wire form: short inside documents, longer in lists, whole in a single fetch."""

from datetime import date
from decimal import Decimal

from ledgerloop_sandbox.xero.call import ApiCall
from ledgerloop_sandbox.xero.lines import cents
from ledgerloop_sandbox.xero.organisation import Organisation
from ledgerloop_sandbox.xero.records import ONE, ZERO, Contact, Credit, Document, Invoice
from ledgerloop_sandbox.xero.wire import Wire, moment, moment_string


def show_contact_short(contact: Contact) -> Wire:
    """Return the contact as it stands in a document of a list: id and name, and empty lists."""
    return {
        "ContactID": contact.id,
        "Name": contact.name,
        "Addresses": [],
        "Phones": [],
        "ContactGroups": [],
        "ContactPersons": [],
        "HasValidationErrors": False,
    }


def show_contact(call: ApiCall, contact: Contact) -> Wire:
    """Return the contact as a single fetch has it."""
    return show_contact_in_list(call, contact, whole=True)


def show_contact_summary(call: ApiCall, contact: Contact) -> Wire:
    """Return the contact as summaryOnly has it: no balances and terms, no addresses, phones and tax number."""
    shown = show_contact_in_list(call, contact, whole=False)
    return {name: value for name, value in shown.items() if name not in ("Addresses", "Phones", "TaxNumber")}


def show_contact_in_list(call: ApiCall, contact: Contact, *, whole: bool) -> Wire:
    """Return the contact as a list has it; balances, terms and mergers come with paging alone."""
    shown: Wire = {"ContactID": contact.id}
    if contact.number:
        shown["ContactNumber"] = contact.number
    if contact.account_number:
        shown["AccountNumber"] = contact.account_number
    shown["ContactStatus"] = contact.status
    shown["Name"] = contact.name
    for name, value in (
        ("FirstName", contact.first_name),
        ("LastName", contact.last_name),
        ("CompanyNumber", contact.company_number),
    ):
        if value:
            shown[name] = value
    shown["EmailAddress"] = contact.email
    shown["ContactPersons"] = contact.persons
    shown["BankAccountDetails"] = ""
    if contact.tax_number:
        shown["TaxNumber"] = contact.tax_number
    shown["Addresses"] = contact.addresses
    shown["Phones"] = contact.phones
    shown["UpdatedDateUTC"] = moment(contact.updated)
    shown["UpdatedDateUTCString"] = moment_string(contact.updated)
    shown["ContactGroups"] = []
    shown["IsSupplier"] = contact.is_supplier
    shown["IsCustomer"] = contact.is_customer
    if contact.default_currency:
        shown["DefaultCurrency"] = contact.default_currency
    if whole:
        if contact.payment_terms:
            shown["PaymentTerms"] = contact.payment_terms
        if contact.merged_to:
            shown["MergedToContactID"] = contact.merged_to
        shown |= balances(call.organisation, contact, call.organisation.today(call.now))
    shown["HasAttachments"] = False
    shown["HasValidationErrors"] = False
    return shown


def balances(org: Organisation, contact: Contact, today: date) -> Wire:
    """Return what the contact owes and is owed; nothing where there was never a document."""
    documents = org.documents.get(contact.id)
    if not documents:
        return {}
    sides: dict[str, Wire] = {}
    for name, sale in (("AccountsReceivable", True), ("AccountsPayable", False)):
        outstanding = overdue = ZERO
        for document in documents:
            if is_sale(document) == sale and document.status == "AUTHORISED":
                amount = _open(document)
                if document.rate != ONE:
                    amount = cents(amount / document.rate)
                outstanding += amount
                if isinstance(document, Invoice) and document.due_date and document.due_date < today:
                    overdue += amount
        sides[name] = {"Outstanding": outstanding, "Overdue": overdue}
    return {"Balances": sides}


def is_sale(document: Document) -> bool:
    """Tell whether a document is on the receivable side."""
    return document.type in ("ACCREC", "ACCRECCREDIT", "RECEIVE-PREPAYMENT", "RECEIVE-OVERPAYMENT")


def _open(document: Document) -> Decimal:
    if isinstance(document, Credit):
        return -document.remaining
    assert isinstance(document, Invoice)
    return document.amount_due
