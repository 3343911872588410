"""Put what is known of a firm or person side by side, whichever system it comes from. Does no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Customer
from ledgerloop.rules.identity.addresses import domain_key, email_domain, email_key, emails_in, mailbox
from ledgerloop.rules.identity.names import keys as name_keys
from ledgerloop.rules.identity.numbers import lookups, number_key, phone_key
from ledgerloop.rules.identity.places import country_code

ADDITIONAL_EMAILS = "hs_additional_emails"
ADDITIONAL_DOMAINS = "hs_additional_domains"
WORKS_AT = "associatedcompanyid"
"""A contact's primary company, which HubSpot keeps by itself."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """Name the HubSpot company properties that carry a tax number and a company number; empty where none does."""

    tax: str = ""
    company: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Return those that are set."""
        return tuple(name for name in (self.tax, self.company) if name)


UNNUMBERED = Numbered()


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a firm or person, as it is compared."""

    name: str = ""
    emails: frozenset[str] = frozenset()
    """The mailboxes of its people."""
    domains: frozenset[str] = frozenset()
    """The registrable domains that are its own."""
    hints: frozenset[str] = frozenset()
    """The domains of its people's addresses, where it says none of its own: they may agree, and contradict nothing."""
    phone: str = ""
    tax_number: str = ""
    company_number: str = ""
    beside: frozenset[str] = frozenset()
    """Which of the mailboxes and domains are those of further people only: they agree beside a name, and not alone."""
    country: str = ""
    """Its code; empty where it is not said, or in words that nobody knows."""
    city: str = ""


def profile_of_customer(customer: Customer, country: str = "") -> Profile:
    """Return what a Xero contact says of itself. ``country`` is the organisation's, for telephone numbers."""
    emails, own = emails_of(customer), emails_in(customer.email)
    further = [email for email in emails if email not in own]
    beside = _domains(further) - _domains(own)
    return Profile(
        customer.name,
        frozenset(map(mailbox, emails)),
        _domains(emails),
        frozenset(),
        phone_key(customer.phone, country),
        number_key(customer.tax_number),
        number_key(customer.company_number),
        # Who has no domain of its own may be known by the very address of one of its people.
        beside | (frozenset(map(mailbox, further)) if _domains(own) else frozenset()),
        country_code(customer.country),
        customer.city,
    )


def profile_of_company(
    company: Record, people: Iterable[Record] = (), *, numbered: Numbered = UNNUMBERED, country: str = ""
) -> Profile:
    """Return what HubSpot says of a company, and of the people that are known to belong to it."""
    values = company.properties
    emails = [email for one in people for email in emails_of_contact(one)]
    return Profile(
        (values.get("name") or "").strip(),
        frozenset(map(mailbox, emails)),
        domains_of(company),
        frozenset() if domains_of(company) else _domains(emails),
        phone_key(values.get("phone"), country),
        number_key(values.get(numbered.tax) if numbered.tax else ""),
        number_key(values.get(numbered.company) if numbered.company else ""),
        country=country_code(values.get("country")),
        city=(values.get("city") or "").strip(),
    )


def emails_of(customer: Customer) -> tuple[str, ...]:
    """Return the keys of all of a customer's addresses, its further people's included, its own first."""
    texts = (customer.email, *(person.email for person in customer.persons))
    return tuple(dict.fromkeys(key for text in texts for key in emails_in(text)))


def emails_of_contact(contact: Record) -> tuple[str, ...]:
    """Return the keys of all of a HubSpot contact's addresses, its first one first."""
    further = (contact.properties.get(ADDITIONAL_EMAILS) or "").split(";")
    found = (email_key(text) for text in (contact.properties.get("email"), *further))
    return tuple(dict.fromkeys(key for key in found if key))


def domains_of(company: Record) -> frozenset[str]:
    """Return the registrable domains that stand at a company, the additional ones included."""
    further = (company.properties.get(ADDITIONAL_DOMAINS) or "").split(";")
    return frozenset(key for text in (company.properties.get("domain"), *further) if (key := domain_key(text)))


def person_name(contact: Record) -> str:
    """Return the name of a HubSpot contact."""
    given = ((contact.properties.get(name) or "").strip() for name in ("firstname", "lastname"))
    return " ".join(text for text in given if text)


def further_keys(
    name: str, emails: Sequence[str] = (), domains: Iterable[str] = (), numbers: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return the keys that a record is looked for by, each with its kind in front: “domain acme.co.nz”."""
    found = [f"name {key}" for key in name_keys(name)]
    found += [f"email {mailbox(email)}" for email in emails]
    found += [f"domain {domain}" for domain in sorted(domains)]
    found += [f"number {each}" for number in numbers for each in lookups(number)]
    return tuple(dict.fromkeys(each[:255] for each in found))


def keys_of_customer(customer: Customer) -> tuple[str, ...]:
    """Return the keys that a customer is looked for by."""
    numbers = (number_key(customer.tax_number), number_key(customer.company_number))
    emails = emails_of(customer)
    return further_keys(customer.name, emails, _domains(emails), numbers)


def keys_of_company(company: Record, numbered: Numbered = UNNUMBERED) -> tuple[str, ...]:
    """Return the keys that a HubSpot company is looked for by."""
    numbers = (number_key(company.properties.get(name)) for name in numbered.names)
    return further_keys(company.properties.get("name") or "", (), domains_of(company), numbers)


def _domains(emails: Iterable[str]) -> frozenset[str]:
    return frozenset(domain for email in emails if (domain := email_domain(email)))
