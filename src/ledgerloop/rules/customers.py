"""Carry a customer between the two vendors' words: Xero contacts, HubSpot contacts and companies. Does no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Customer, Hold, Organisation, Payment, Receivable
from ledgerloop.rules.matching import email_key, email_problem, name_key
from ledgerloop.rules.standing import Standing
from ledgerloop.xero.models import Contact, CreditNote, Invoice, Overpayment, Prepayment

CONTACT_PROPERTIES = (
    "email",
    "firstname",
    "lastname",
    "phone",
    "company",
    "address",
    "city",
    "state",
    "zip",
    "country",
)
COMPANY_PROPERTIES = ("name", "domain", "phone", "address", "address2", "city", "state", "zip", "country")

_NUMBER = "HubSpot"
"""ContactNumber reads “HubSpot company 512”: at most 50 characters, shown in Xero as the Contact Code."""


def number_of(kind: Literal["contact", "company"], hubspot_id: str) -> str:
    """Return the ContactNumber that carries a customer's HubSpot id."""
    return f"{_NUMBER} {kind} {hubspot_id}"


def hubspot_of(number: str) -> tuple[Literal["contact", "company"], str] | None:
    """Return kind and id out of a ContactNumber that we wrote; None for anybody else's."""
    match number.split():
        case [word, "contact", identifier] if word == _NUMBER and identifier.isdigit():
            return "contact", identifier
        case [word, "company", identifier] if word == _NUMBER and identifier.isdigit():
            return "company", identifier
    return None


def is_customer(contact: Contact) -> bool:
    """Tell whether a Xero contact is our business: a pure supplier is not. Xero sets both flags by itself."""
    return not (contact.IsSupplier and not contact.IsCustomer)


def customer_from_contact(organisation: str, contact: Contact) -> Customer:
    """Return the customer that a Xero contact is. The postal address (POBOX) is where Xero sends invoices."""
    address = next((one for one in contact.Addresses if one.AddressType == "POBOX"), None)
    phone = next((one for one in contact.Phones if one.PhoneType == "DEFAULT"), None)
    lines = (address.AddressLine1, address.AddressLine2, address.AddressLine3, address.AddressLine4) if address else ()
    return Customer(
        organisation=organisation,
        id=contact.ContactID,
        name=contact.Name.strip(),
        email=contact.EmailAddress.strip(),
        number=contact.ContactNumber,
        active=contact.ContactStatus == "ACTIVE",
        merged_into=contact.MergedToContactID,
        first_name=contact.FirstName.strip(),
        last_name=contact.LastName.strip(),
        phone=_joined((phone.PhoneCountryCode, phone.PhoneAreaCode, phone.PhoneNumber), " ") if phone else "",
        street=_joined(lines, ", "),
        city=address.City if address else "",
        region=address.Region if address else "",
        postcode=address.PostalCode if address else "",
        country=address.Country if address else "",
        updated_at=contact.UpdatedDateUTC,
        email_key=email_key(contact.EmailAddress),
        name_key=name_key(contact.Name),
    )


def receivable_from_invoice(organisation: str, invoice: Invoice) -> Receivable | None:
    """Return the receivable that a sales invoice is; None for bills, which are not our business."""
    if invoice.Type != "ACCREC":
        return None
    return Receivable(
        organisation=organisation,
        id=invoice.InvoiceID,
        kind="invoice",
        customer=invoice.Contact.ContactID,
        status=invoice.Status,
        currency=invoice.CurrencyCode,
        total=invoice.Total,
        rate=invoice.CurrencyRate,
        due=invoice.AmountDue,
        paid=invoice.AmountPaid,
        credited=invoice.AmountCredited,
        number=invoice.InvoiceNumber,
        reference=invoice.Reference,
        url=invoice.Url,
        issued_on=invoice.Date,
        due_on=invoice.DueDate,
        paid_on=invoice.FullyPaidOnDate,
        payments=tuple(
            Payment(payment.PaymentID, payment.Date, payment.Amount)
            for payment in invoice.Payments
            if payment.Date is not None and payment.Status != "DELETED"
        ),
        updated_at=invoice.UpdatedDateUTC,
    )


def receivable_from_credit(organisation: str, credit: CreditNote | Prepayment | Overpayment) -> Receivable | None:
    """Return the receivable that a credit note, prepayment or overpayment of a customer is; None for a supplier's."""
    match credit:
        case CreditNote(Type="ACCRECCREDIT"):
            kind, number = "credit_note", credit.CreditNoteNumber
        case Prepayment(Type="RECEIVE-PREPAYMENT" | "ARPREPAYMENT"):
            kind, number = "prepayment", ""
        case Overpayment(Type="RECEIVE-OVERPAYMENT" | "AROVERPAYMENT"):
            kind, number = "overpayment", ""
        case _:
            return None
    return Receivable(
        organisation=organisation,
        id=credit.identifier,
        kind=kind,  # type: ignore[arg-type]
        customer=credit.Contact.ContactID,
        status=credit.Status,
        currency=credit.CurrencyCode,
        total=credit.Total,
        rate=credit.CurrencyRate,
        remaining=credit.RemainingCredit,
        number=number,
        reference=credit.Reference,
        issued_on=credit.Date,
        updated_at=credit.UpdatedDateUTC,
    )


def contact_for_customer(company: Record | None, contact: Record | None) -> dict[str, Any] | Hold:
    """Return the Xero contact to create for a deal's customer, or a hold with every reason at once.

    The company gives the name and, where it has one, the address; the contact gives the person and the email.
    """
    person = contact.properties if contact else {}
    firm = company.properties if company else {}
    reasons: list[str] = []
    if contact is None:
        reasons.append("The deal has no contact, so nobody could receive the invoice. Add the contact to the deal.")
    else:
        problem = email_problem(person.get("email"))
        if problem:
            reasons.append(f"The contact's email cannot be used: {problem}")
        elif not email_key(person.get("email")):
            reasons.append("The contact has no email address. Fill it in.")
    name = (firm.get("name") or "").strip() or _joined((person.get("firstname"), person.get("lastname")), " ")
    name = name or (person.get("email") or "").strip()
    if contact is not None and not name:
        reasons.append("Neither the company nor the contact has a name for the invoice. Fill one in.")
    if reasons:
        return Hold(tuple(reasons))
    home = firm if _text(firm, "address") or _text(firm, "city") else person
    number = number_of("company", company.id) if company else number_of("contact", contact.id if contact else "")
    body: dict[str, Any] = {
        "Name": name[:255],
        "ContactNumber": number,
        "EmailAddress": email_key(person.get("email")),
        "FirstName": _text(person, "firstname"),
        "LastName": _text(person, "lastname"),
    }
    address = {
        "AddressType": "POBOX",
        "AddressLine1": _text(home, "address"),
        "AddressLine2": _text(home, "address2"),
        "City": _text(home, "city"),
        "Region": _text(home, "state"),
        "PostalCode": _text(home, "zip"),
        # Xero takes letters only here.
        "Country": "".join(letter for letter in _text(home, "country") if letter.isalpha() or letter == " "),
    }
    if any(value for name, value in address.items() if name != "AddressType"):
        body["Addresses"] = [{name: value for name, value in address.items() if value}]
    return {name: value for name, value in body.items() if value}


def contact_from_customer(customer: Customer) -> dict[str, str]:
    """Return the properties a new HubSpot contact gets from a customer."""
    return _filled(
        {
            "email": customer.email_key,
            "firstname": customer.first_name,
            "lastname": customer.last_name,
            "company": customer.name,
            "phone": customer.phone,
            **_address(customer),
        }
    )


def company_from_customer(customer: Customer) -> dict[str, str]:
    """Return the properties a new HubSpot company gets from a customer. No domain: HubSpot would take it for an id."""
    return _filled({"name": customer.name, "phone": customer.phone, **_address(customer)})


def properties_from_standing(standing: Standing, customer: Customer, organisation: Organisation) -> dict[str, str]:
    """Return what a contact or company shows of its standing. An empty text clears a value."""
    return {
        "xero_contact_id": customer.id,
        "xero_outstanding_balance": f"{standing.outstanding:.2f}",
        "xero_overdue_balance": f"{standing.overdue:.2f}",
        "xero_available_credit": f"{standing.credit:.2f}",
        "xero_invoice_status": standing.status,
        "xero_last_payment_date": standing.last_payment_on.isoformat() if standing.last_payment_on else "",
        "xero_last_payment_amount": f"{standing.last_payment_amount:.2f}" if standing.last_payment_on else "",
        "xero_oldest_due_date": standing.oldest_due_on.isoformat() if standing.oldest_due_on else "",
        "xero_days_overdue": str(standing.days_overdue),
        "xero_open_invoices": str(standing.open_invoices),
        "xero_currency": standing.currency,
        "xero_contact_url": contact_url(organisation, customer.id),
    }


def contact_url(organisation: Organisation, contact: str) -> str:
    """Return the contact's address in Xero; the short code takes the reader to the right organisation."""
    view = f"/Contacts/View/{contact}"
    if not organisation.short_code:
        return f"https://go.xero.com{view}"
    return f"https://go.xero.com/organisationlogin/default.aspx?shortcode={organisation.short_code}&redirecturl={view}"


def changed(wanted: Mapping[str, str], written: Mapping[str, str]) -> dict[str, str]:
    """Return the part of ``wanted`` that differs from what was last written; amounts are compared as text of one form.

    A value that was never written and is empty now needs no write: the record has none.
    """
    return {name: value for name, value in wanted.items() if written.get(name, "") != value}


def _address(customer: Customer) -> dict[str, str]:
    return {
        "address": customer.street,
        "city": customer.city,
        "state": customer.region,
        "zip": customer.postcode,
        "country": customer.country,
    }


def _filled(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _text(values: Mapping[str, str | None], name: str) -> str:
    return (values.get(name) or "").strip()


def _joined(parts: Iterable[str | None], by: str) -> str:
    return by.join(part.strip() for part in parts if part and part.strip())
