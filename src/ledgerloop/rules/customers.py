"""Carry a customer between the two vendors' words: Xero contacts, HubSpot contacts and companies. Does no I/O."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Customer, Hold, Organisation, Payment, Person, Receivable
from ledgerloop.rules.identity.addresses import email_key, email_problem
from ledgerloop.rules.identity.profiles import keys_of_customer
from ledgerloop.rules.invoice_markers import marker_in
from ledgerloop.rules.standing import Standing
from ledgerloop.rules.totals import credited
from ledgerloop.xero.models import Address, Contact, ContactPerson, CreditNote, Invoice, Overpayment, Phone, Prepayment

CONTACT_PROPERTIES = (
    "email",
    "firstname",
    "lastname",
    "phone",
    "mobilephone",
    "company",
    "address",
    "city",
    "state",
    "zip",
    "country",
    "hs_additional_emails",
)
COMPANY_PROPERTIES = (
    "name",
    "domain",
    "phone",
    "address",
    "address2",
    "city",
    "state",
    "zip",
    "country",
    "hs_additional_domains",
)

_NUMBER = "HubSpot"
"""ContactNumber reads “HubSpot company 512”: at most 50 characters, shown in Xero as the Contact Code."""


def number_of(kind: Literal["contact", "company"], hubspot_id: str) -> str:
    """Return the ContactNumber that carries a customer's HubSpot id."""
    return f"{_NUMBER} {kind} {hubspot_id}"


def hubspot_of(number: str) -> tuple[Literal["contact", "company"], str] | None:
    """Return kind and id out of a ContactNumber that we wrote; None for anybody else's."""
    found = re.fullmatch(rf"{_NUMBER} (contact|company) ([0-9]+)", number)
    if found is None:
        return None
    return "contact" if found[1] == "contact" else "company", found[2]


def contact_told(contact: Contact) -> str:
    """Say what Xero answered when it made or changed a contact."""
    return f"{contact.ContactStatus} “{contact.Name}” {contact.ContactNumber}".strip()


def customer_from_contact(organisation: str, contact: Contact) -> Customer:
    """Return what we keep of a Xero contact, whether it is a customer or not."""
    address = _postal(contact.Addresses)
    phone = next((one for one in contact.Phones if one.PhoneType == "DEFAULT" and one.PhoneNumber.strip()), Phone())
    lines = (address.AddressLine1, address.AddressLine2, address.AddressLine3, address.AddressLine4)
    customer = Customer(
        organisation=organisation,
        id=contact.ContactID,
        name=contact.Name.strip(),
        email=contact.EmailAddress.strip(),
        number=contact.ContactNumber.strip(),
        active=contact.ContactStatus == "ACTIVE",
        merged_into=contact.MergedToContactID,
        first_name=contact.FirstName.strip(),
        last_name=contact.LastName.strip(),
        phone=_joined((phone.PhoneCountryCode, phone.PhoneAreaCode, phone.PhoneNumber), " "),
        street=_joined(lines, ", "),
        city=address.City.strip(),
        region=address.Region.strip(),
        postcode=address.PostalCode.strip(),
        country=address.Country.strip(),
        updated_at=contact.UpdatedDateUTC,
        email_key=email_key(contact.EmailAddress),
        persons=tuple(_person(one) for one in contact.ContactPersons if one.EmailAddress.strip()),
        is_customer=contact.IsCustomer,
        is_supplier=contact.IsSupplier,
        tax_number=contact.TaxNumber.strip(),
        company_number=contact.CompanyNumber.strip(),
    )
    return replace(customer, keys=keys_of_customer(customer))


def further_people(customer: Customer) -> dict[str, Person]:
    """Return a customer's further people by email key: each usable email once, and not the customer's own."""
    return {one.email_key: one for one in reversed(customer.persons) if one.email_key not in ("", customer.email_key)}


def contact_from_person(person: Person, customer: Customer) -> dict[str, str]:
    """Return the properties a new HubSpot contact gets from a further person of a customer. It shows no standing."""
    return _filled(
        {
            "email": person.email_key,
            "firstname": person.first_name,
            "lastname": person.last_name,
            "company": customer.name,
        }
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
        credit_notes=credited(invoice),
        number=invoice.InvoiceNumber,
        reference=invoice.Reference,
        url=invoice.Url,
        mark=marker_in(invoice.Reference),
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
    number = number_of("company", company.id) if company else number_of("contact", contact.id if contact else "")
    body = {
        "Name": _cut(name, 255),
        "ContactNumber": number,
        "EmailAddress": email_key(person.get("email")),
        "FirstName": _text(person, "firstname", 255),
        "LastName": _text(person, "lastname", 255),
    }
    address, phones = _billing_address(person, firm), _phones(person, firm)
    return {
        **_filled(body),
        **({"Addresses": [{"AddressType": "POBOX", **address}]} if address else {}),
        **({"Phones": phones} if phones else {}),
    }


def _billing_address(person: Mapping[str, str | None], firm: Mapping[str, str | None]) -> dict[str, str]:
    """Return the contact's address, else the company's: the first that a letter would reach, else what there is.

    It is one record's and never mixed: half of one and half of the other would be nobody's.
    """
    given = [address for organisation in (person, firm) if (address := address_in_xero(organisation))]
    return next((one for one in given if _reachable(one)), given[0] if given else {})


def _reachable(address: Mapping[str, str]) -> bool:
    """Tell whether an address has a street or post box, and a place."""
    street = "AddressLine1" in address or "AddressLine2" in address
    return street and ("City" in address or "PostalCode" in address)


def _phones(person: Mapping[str, str | None], firm: Mapping[str, str | None]) -> list[dict[str, str]]:
    """Return the contact's phone, else the company's, and the mobile: as the phone where there is no other."""
    phone, mobile = _text(person, "phone", 50) or _text(firm, "phone", 50), _text(person, "mobilephone", 50)
    given = {"DEFAULT": phone or mobile, "MOBILE": mobile if phone else ""}
    return [{"PhoneType": kind, "PhoneNumber": number} for kind, number in given.items() if number]


def contact_from_customer(customer: Customer) -> dict[str, str]:
    """Return the properties a new HubSpot contact gets from a customer."""
    return _filled(
        {
            "email": customer.email_key,
            "firstname": customer.first_name,
            "lastname": customer.last_name,
            "company": customer.name,
            "phone": customer.phone,
            **_address_in_hubspot(customer),
        }
    )


def company_from_customer(customer: Customer) -> dict[str, str]:
    """Return the properties a new HubSpot company gets from a customer. No domain: HubSpot would take it for an id."""
    return _filled({"name": customer.name, "phone": customer.phone, **_address_in_hubspot(customer)})


def properties_from_standing(standing: Standing, customer: Customer, organisation: Organisation) -> dict[str, str]:
    """Return what a contact or company shows of its standing. An empty text clears a value.

    The record of a customer that was merged into another shows no figures: what it owed is the survivor's now, and 0.00
    would read as if nothing were owed.
    """
    whose = {"xero_contact_id": customer.id, "xero_contact_url": contact_url(organisation, customer.id)}
    figures = _figures(standing)
    return {**(dict.fromkeys(figures, "") if customer.merged_into else figures), **whose}


def _figures(standing: Standing) -> dict[str, str]:
    return {
        "xero_outstanding_balance": f"{standing.outstanding:.2f}",
        "xero_overdue_balance": f"{standing.overdue:.2f}",
        "xero_available_credit": f"{standing.credit:.2f}",
        "xero_invoice_status": standing.status,
        "xero_last_payment_date": standing.last_payment_on.isoformat() if standing.last_payment_on else "",
        "xero_last_payment_amount": f"{standing.last_payment_amount:.2f}" if standing.last_payment_on else "",
        "xero_oldest_due_date": standing.oldest_due_on.isoformat() if standing.oldest_due_on else "",
        "xero_days_overdue": str(standing.days_overdue),
        "xero_open_invoices": str(standing.open_invoices),
        "xero_lifetime_paid": f"{standing.lifetime_paid:.2f}",
        "xero_balances_by_currency": _by_currency(standing),
        "xero_currency": standing.currency,
    }


def _by_currency(standing: Standing) -> str:
    """Return what is owed in each currency, the base currency first; empty where there are not several."""
    owed = sorted(standing.by_currency.items(), key=lambda one: (one[0] != standing.currency, one[0]))
    return "; ".join(f"{amount:,.2f} {currency}" for currency, amount in owed) if len(owed) > 1 else ""


def contact_url(organisation: Organisation, contact: str) -> str:
    """Return the contact's address in Xero; the short code takes the reader to the right organisation."""
    view = f"/Contacts/View/{contact}"
    if not organisation.short_code:
        return f"https://go.xero.com{view}"
    return f"https://go.xero.com/organisationlogin/default.aspx?shortcode={organisation.short_code}&redirecturl={view}"


def changed(wanted: Mapping[str, str], written: Mapping[str, str]) -> dict[str, str]:
    """Return the part of ``wanted`` that differs from what was last written; amounts are compared as text of one form.

    A value that was never written and is empty now needs no write: the record has none. That is known only of a record
    that we have written to, so another is given all its values: it may show what a lost database once wrote there.
    """
    unwritten = "" if written else None
    return {name: value for name, value in wanted.items() if written.get(name, unwritten) != value}


def _person(person: ContactPerson) -> Person:
    return Person(
        person.FirstName.strip(), person.LastName.strip(), person.EmailAddress.strip(), email_key(person.EmailAddress)
    )


def _postal(addresses: Sequence[Address]) -> Address:
    """Choose the address that invoices go to (POBOX), else the STREET one; Xero lists both, filled or not."""
    for kind in ("POBOX", "STREET"):
        for one in addresses:
            if one.AddressType == kind and any(text.strip() for name, text in one if name != "AddressType"):
                return one
    return Address()


def address_in_xero(organisation: Mapping[str, str | None]) -> dict[str, str]:
    """Return what a HubSpot record has of an address, in Xero's words and no longer than Xero takes."""
    return _filled(
        {
            "AddressLine1": _text(organisation, "address", 500),
            "AddressLine2": _text(organisation, "address2", 500),
            "City": _text(organisation, "city", 255),
            "Region": _text(organisation, "state", 255),
            "PostalCode": _text(organisation, "zip", 50),
            "Country": _cut(_in_letters(_text(organisation, "country")), 50),
        }
    )


def _in_letters(country: str) -> str:
    """Return a country as Xero takes it: the letters A to Z, without accents, dots and what else names have."""
    plain = unicodedata.normalize("NFKD", country).replace(".", "").encode("ascii", "ignore").decode()
    return " ".join(re.sub("[^A-Za-z]", " ", plain).split())


def _address_in_hubspot(customer: Customer) -> dict[str, str]:
    return {
        "address": customer.street,
        "city": customer.city,
        "state": customer.region,
        "zip": customer.postcode,
        "country": customer.country,
    }


def _filled(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _text(values: Mapping[str, str | None], name: str, longest: int = 65_536) -> str:
    return _cut((values.get(name) or "").strip(), longest)


def _cut(text: str, longest: int) -> str:
    return text[:longest].rstrip()


def _joined(parts: Iterable[str | None], by: str) -> str:
    return by.join(part.strip() for part in parts if part and part.strip())
