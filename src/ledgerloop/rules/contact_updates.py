"""Carry what people changed on a HubSpot record into the customer's Xero contact. Does no I/O.

Xero takes the lists of addresses and phones as a whole, so what stands in the others is sent along. A name and an email
are never emptied: Xero needs the one, and invoices go to the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ledgerloop.hubspot.models import Record
from ledgerloop.records import LinkKind
from ledgerloop.rules.customers import address_in_xero
from ledgerloop.rules.identity.addresses import email_key, email_problem
from ledgerloop.xero.models import Address, Contact, Phone

_ADDRESS_LINES = ("AddressLine1", "AddressLine2", "AddressLine3", "AddressLine4", "City", "Region", "PostalCode")
_WITH_COMPANY = frozenset({"email", "person"})
"""What a contact says for its customer where a company speaks for the rest."""


def speaks_for(kind: LinkKind, *, has_company: bool) -> frozenset[str]:
    """Return what a record says for its customer: the company of the firm, the contact of the person."""
    if kind == "company":
        return frozenset({"name", "phone", "address"})
    return _WITH_COMPANY if has_company else _WITH_COMPANY | {"phone", "address"}


def changes_from_record(units: Sequence[str], record: Record, contact: Contact) -> tuple[dict[str, Any], list[str]]:
    """Return what is to change in the Xero contact, and sentences about what cannot be carried."""
    given = {name: (value or "").strip() for name, value in record.properties.items()}
    body: dict[str, Any] = {}
    problems: list[str] = []
    for unit in units:
        match unit:
            case "name" if given.get("name"):
                body["Name"] = given["name"][:255].rstrip()
            case "person":
                body |= {"FirstName": _cut(given, "firstname"), "LastName": _cut(given, "lastname")}
            case "email" if given.get("email"):
                key = email_key(given["email"])
                if key:
                    body["EmailAddress"] = key
                else:
                    problems.append(email_problem(given["email"]))
            case "phone":
                body["Phones"] = _phones(given.get("phone", ""), contact.Phones)
            case "address":
                body["Addresses"] = _addresses(given, contact.Addresses)
            case _:
                pass
    return body, problems


def _phones(number: str, phones: Sequence[Phone]) -> list[dict[str, str]]:
    """Put the number into the phone that HubSpot shows, whole, since only people know where a country code ends."""
    others = [one.model_dump() for one in phones if one.PhoneType != "DEFAULT"]
    new = {"PhoneType": "DEFAULT", "PhoneCountryCode": "", "PhoneAreaCode": "", "PhoneNumber": number[:50].rstrip()}
    return [*others, new]


def _addresses(given: Mapping[str, str], addresses: Sequence[Address]) -> list[dict[str, str]]:
    """Put the address where it was read from: the postal one, or the street's where that alone was filled."""
    filled = {one.AddressType for one in addresses if any(text.strip() for name, text in one if name != "AddressType")}
    kind = "STREET" if "STREET" in filled and "POBOX" not in filled else "POBOX"
    others = [one.model_dump() for one in addresses if one.AddressType != kind]
    empty = dict.fromkeys((*_ADDRESS_LINES, "Country"), "")
    return [*others, {"AddressType": kind, **empty, **address_in_xero(given)}]


def _cut(given: Mapping[str, str], name: str) -> str:
    return given.get(name, "")[:255].rstrip()
