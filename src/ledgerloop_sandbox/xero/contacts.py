"""Keep contacts: their rules and their calls."""

from collections.abc import Iterable
from typing import Any

from ledgerloop_sandbox.xero.batch import write
from ledgerloop_sandbox.xero.call import ApiCall
from ledgerloop_sandbox.xero.envelope import envelope, page, paged
from ledgerloop_sandbox.xero.errors import Answer, Invalid, not_found
from ledgerloop_sandbox.xero.filters import Getter
from ledgerloop_sandbox.xero.organisation import Change, Organisation
from ledgerloop_sandbox.xero.records import Contact
from ledgerloop_sandbox.xero.selection import selected
from ledgerloop_sandbox.xero.show_contacts import show_contact, show_contact_in_list, show_contact_summary
from ledgerloop_sandbox.xero.wire import Wire, dumps

ADDRESS_FIELDS = {
    "AddressLine1": 500,
    "AddressLine2": 500,
    "AddressLine3": 500,
    "AddressLine4": 500,
    "City": 255,
    "Region": 255,
    "PostalCode": 50,
    "Country": 50,
    "AttentionTo": 255,
}
PHONE_FIELDS = {"PhoneNumber": 50, "PhoneAreaCode": 10, "PhoneCountryCode": 20}
ADDRESS_TYPES, PHONE_TYPES = ("STREET", "POBOX"), ("DDI", "DEFAULT", "FAX", "MOBILE")
NO_ADDRESSES = tuple(
    {"AddressType": kind, "City": "", "Region": "", "PostalCode": "", "Country": ""} for kind in ADDRESS_TYPES
)
NO_PHONES = tuple(
    {"PhoneType": kind, "PhoneNumber": "", "PhoneAreaCode": "", "PhoneCountryCode": ""} for kind in PHONE_TYPES
)
_TEXTS = {  # wire name: (attribute, longest)
    "ContactNumber": ("number", 50),
    "AccountNumber": ("account_number", 50),
    "FirstName": ("first_name", 255),
    "LastName": ("last_name", 255),
    "CompanyNumber": ("company_number", 50),
    "EmailAddress": ("email", 255),
    "TaxNumber": ("tax_number", 50),
    "DefaultCurrency": ("default_currency", 3),
}
_GETTERS: dict[str, Getter] = {
    "ContactID": lambda c: c.id,
    "Name": lambda c: c.name,
    "EmailAddress": lambda c: c.email,
    "ContactNumber": lambda c: c.number,
    "AccountNumber": lambda c: c.account_number,
    "ContactStatus": lambda c: c.status,
    "FirstName": lambda c: c.first_name,
    "LastName": lambda c: c.last_name,
    "IsCustomer": lambda c: c.is_customer,
    "IsSupplier": lambda c: c.is_supplier,
    "UpdatedDateUTC": lambda c: c.updated,
}
_FAST = frozenset({"Name", "EmailAddress", "AccountNumber", "ContactID"})
TERMS = ("DAYSAFTERBILLDATE", "DAYSAFTERBILLMONTH", "OFCURRENTMONTH", "OFFOLLOWINGMONTH")
MOST_PERSONS = 5
IDENTIFY = (
    "The Contact must contain at least 1 of the following elements to identify the contact: "
    "Name, ContactID, ContactNumber"
)


def get_all(call: ApiCall) -> Answer:
    """Answer GET /Contacts."""
    org, wanted = call.organisation, call.listed("IDs")
    start = None if wanted is None else [found for one in wanted if (found := org.contacts.get(one))]
    tests = []
    if not call.flag("includeArchived") and wanted is None:
        tests.append(lambda contact: contact.status != "ARCHIVED")
    if term := call.query.get("searchTerm", "").lower():
        tests.append(lambda contact: _mentions(contact, term))

    def select() -> list[Contact]:
        return selected(call, org.contacts, _GETTERS, tests, fast=_FAST, start=start)

    chosen = call.options["selections"].find(call, "Contacts", select)
    if call.flag("summaryOnly"):
        return page(call, "Contacts", chosen, lambda contact: dumps(show_contact_summary(call, contact)))
    whole = paged(call)
    return page(call, "Contacts", chosen, lambda contact: dumps(show_contact_in_list(call, contact, whole=whole)))


def get_one(call: ApiCall) -> Answer:
    """Answer GET /Contacts/{ContactID} and GET /Contacts/{ContactNumber}."""
    org = call.organisation
    contact = org.contacts.get(call.ids[0]) or org.contacts.get(org.contact_numbers.get(call.ids[0].lower()))
    if contact is None:
        raise not_found()
    return envelope(call, "Contacts", [show_contact(call, contact)])


def put(call: ApiCall) -> Answer:
    """Answer PUT /Contacts: create only."""
    return write(call, "Contacts", "ContactID", _create, show_contact)


def post(call: ApiCall) -> Answer:
    """Answer POST /Contacts: with a ContactID it updates, otherwise it creates."""
    return write(call, "Contacts", "ContactID", _create_or_update, show_contact)


def post_one(call: ApiCall) -> Answer:
    """Answer POST /Contacts/{ContactID}: update one."""
    if call.organisation.contacts.get(call.ids[0]) is None:
        raise not_found()

    def update_this(call: ApiCall, change: Change, given: Wire) -> Contact:
        return _create_or_update(call, change, {**given, "ContactID": call.ids[0]})

    return write(call, "Contacts", "ContactID", update_this, show_contact)


def for_document(call: ApiCall, change: Change, given: Any) -> Contact:
    """Find or create the contact of a document, and let the fields sent with it change the contact.

    What is sent beside the id replaces what the contact has, and ContactPersons that are not sent are dropped.
    """
    if not isinstance(given, dict) or not given:
        raise Invalid("A Contact must be specified for this type of transaction")
    org = call.organisation
    if given.get("ContactID"):
        found = org.contacts.get(str(given["ContactID"]))
        if found is None:
            raise Invalid("The Contact could not be found")
    elif given.get("ContactNumber"):
        found = org.contacts.get(org.contact_numbers.get(str(given["ContactNumber"]).lower()))
    elif given.get("Name"):
        found = org.contacts.get(org.contact_names.get(_tidied(given["Name"]).lower()))
    else:
        raise Invalid(IDENTIFY)
    if found is None:
        return _create(call, change, given)
    if found.status == "ARCHIVED":
        raise Invalid("The contact is archived and cannot be used.")
    more = set(given) - {"ContactID", "ContactNumber", "Name", "HasValidationErrors"}
    if more or ("Name" in given and given["Name"] != found.name):
        return _update(call, change, found, {"ContactPersons": [], **given})
    return found


def use_as(change: Change, contact: Contact, sale: bool) -> None:
    """Mark a contact as customer or supplier: a change that If-Modified-Since does not see."""
    name = "is_customer" if sale else "is_supplier"
    if not getattr(contact, name):
        change.edit(contact)
        setattr(contact, name, True)
        change.quietly(contact)


def _create_or_update(call: ApiCall, change: Change, given: Wire) -> Contact:
    if not given.get("ContactID"):
        return _create(call, change, given)
    found = call.organisation.contacts.get(str(given["ContactID"]))
    if found is None:
        raise Invalid("The Contact could not be found")
    return _update(call, change, found, given)


def _create(call: ApiCall, change: Change, given: Wire) -> Contact:
    org, name = call.organisation, _tidied(given.get("Name"))
    if not name:
        raise Invalid("The Contact Name must be specified.")
    if given.get("ContactID"):
        raise Invalid("The Contact could not be found")
    _require_free(org, given, None)
    contact = Contact(org.new_id(), name, change.now, addresses=NO_ADDRESSES, phones=NO_PHONES)
    _apply(call, contact, given)
    return change.add(org.contacts, contact, "CONTACT")


def _update(call: ApiCall, change: Change, contact: Contact, given: Wire) -> Contact:
    if contact.merged_to is not None:
        raise Invalid("The Contact has been merged into another contact")
    _require_free(call.organisation, given, contact)
    renamed = bool(given.get("Name")) and _tidied(given["Name"]) != contact.name
    change.edit(contact)
    _apply(call, contact, given)
    change.touch(call.organisation.contacts, contact, "CONTACT")
    if renamed:
        for document in call.organisation.documents.get(contact.id, ()):
            document.text = None
    return contact


def _require_free(org: Organisation, given: Wire, own: Contact | None) -> None:
    problems = []
    name, number = _tidied(given.get("Name")), str(given.get("ContactNumber") or "")
    becomes_active = given.get("ContactStatus", own.status if own else "ACTIVE") == "ACTIVE"
    if becomes_active and own is not None and not name:
        name = own.name
    holder = org.contact_names.get(name.lower())
    if becomes_active and holder is not None and (own is None or holder != own.id):
        problems.append(
            f"The contact name {name} is already assigned to another contact. "
            "The contact name must be unique across all active contacts."
        )
    holder = org.contact_numbers.get(number.lower()) if number else None
    if holder is not None and (own is None or holder != own.id):
        problems.append(
            "Another contact has this contact number. Please enter a different contact number."
            if org.contacts.rows[holder].merged_to
            else f"The contact number {number} is already assigned to another contact. "
            "The contact number must be unique across all contacts."
        )
    if problems:
        raise Invalid(*problems)


def _apply(call: ApiCall, contact: Contact, given: Wire) -> None:
    problems = []
    if given.get("Name"):
        contact.name = _tidied(given["Name"])
        if "<" in contact.name or ">" in contact.name:
            problems.append("The Contact Name cannot contain < or >.")
        if len(contact.name) > 255:
            problems.append("The Contact Name cannot be longer than 255 characters.")
    for wire, (attribute, longest) in _TEXTS.items():
        if wire in given and given[wire] is not None:
            text = str(given[wire])
            if len(text) > longest:
                problems.append(f"The {wire} field cannot be longer than {longest} characters.")
            setattr(contact, attribute, text)
    if contact.email and ("@" not in contact.email or not contact.email.isascii()):
        problems.append("Email address must be valid.")
    if contact.default_currency and contact.default_currency not in call.organisation.currencies:
        problems.append(f"Organisation is not subscribed to currency {contact.default_currency}")
    status = given.get("ContactStatus", contact.status)
    if status not in ("ACTIVE", "ARCHIVED"):
        problems.append(f"{status} is not a valid contact status")
    contact.status = status
    if given.get("Addresses") is not None:
        contact.addresses = _entries(given["Addresses"], "AddressType", ADDRESS_FIELDS, NO_ADDRESSES, problems)
        if any(any(letter.isdigit() for letter in entry["Country"]) for entry in contact.addresses):
            problems.append("The Country field may contain letters only")
    if given.get("Phones") is not None:
        contact.phones = _entries(given["Phones"], "PhoneType", PHONE_FIELDS, NO_PHONES, problems)
    if len(given.get("ContactPersons") or ()) > MOST_PERSONS:
        problems.append(f"A contact cannot have more than {MOST_PERSONS} contact persons.")
    if given.get("ContactPersons") is not None:
        contact.persons = tuple(
            {
                "FirstName": str(person.get("FirstName") or ""),
                "LastName": str(person.get("LastName") or ""),
                "EmailAddress": str(person.get("EmailAddress") or ""),
                "IncludeInEmails": bool(person.get("IncludeInEmails", False)),
            }
            for person in given["ContactPersons"]
        )
    if given.get("PaymentTerms") is not None:
        contact.payment_terms = given["PaymentTerms"]
        problems += [
            "The PaymentTerms must have a Day of 0 to 31 and a known Type."
            for terms in given["PaymentTerms"].values()
            if terms.get("Type") not in TERMS or not 0 <= int(terms.get("Day") or 0) <= 31
        ]
    if problems:
        raise Invalid(*problems)


def _entries(
    given: Iterable[Wire], type_name: str, sizes: dict[str, int], empty: tuple[Wire, ...], problems: list[str]
) -> tuple[Wire, ...]:
    """Lay the entries that were sent over an empty one of each type."""
    entries = {entry[type_name]: entry for entry in empty}
    for entry in given:
        kind = entry.get(type_name) or next(iter(entries))
        if kind == "OFFICE" and type_name == "PhoneType":
            entries.setdefault(kind, {**empty[0], type_name: kind})
        if kind not in entries:
            problems.append(f"{kind} is not a valid {type_name}")
            continue
        texts = {name: str(entry[name]) for name in sizes if entry.get(name) is not None}
        problems += [
            f"The {name} field cannot be longer than {sizes[name]} characters."
            for name, text in texts.items()
            if len(text) > sizes[name]
        ]
        entries[kind] = {**entries[kind], **texts}
    return tuple(entries.values())


def _tidied(name: Any) -> str:
    return " ".join(str(name or "").split())


def _mentions(contact: Contact, term: str) -> bool:
    texts = (contact.name, contact.first_name, contact.last_name, contact.number, contact.email)
    return any(term in (text or "").lower() for text in texts)
