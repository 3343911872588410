"""Tell who a person is: which Xero contact a buyer without a company is, and whose HubSpot contact an address finds.

Does no I/O. An email address finds a person. It says whose company's only together with a name or a domain that agrees.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Customer
from ledgerloop.rules.identity.addresses import email_domain, mailbox
from ledgerloop.rules.identity.evidence import (
    CONTACT_NUMBER,
    NOTHING_SHARED,
    Ask,
    Different,
    Evidence,
    Same,
    Shared,
    Verdict,
    weigh,
)
from ledgerloop.rules.identity.names import Likeness, compare, has_form, is_label, is_placeholder, parse, same_person
from ledgerloop.rules.identity.numbers import number_key
from ledgerloop.rules.identity.profiles import (
    Profile,
    domains_of,
    emails_of,
    emails_of_contact,
    person_name,
    profile_of_customer,
)

_TITLES = frozenset(
    "mr mrs ms miss mx dr prof professor sir dame rev herr frau hr fr mme mlle monsieur madame sig signor signora sr"
    " sra srta senor senora dra dott dhr mevr ing".split()
)
_TOLD_APART = re.compile(r"\s*\([^()]*\)\s*$")
"""What ``free_names`` puts behind a name to tell it from another."""


def weigh_buyer(
    contact: Record,
    one: Profile,
    customer: Customer,
    shared: Shared = NOTHING_SHARED,
    employer: Profile | None = None,
) -> Verdict:
    """Weigh whether a buyer without a company is a Xero contact.

    The same address is the same person, unless the customer bears quite another name: then a firm's invoice would go to
    whoever answers for it. The same name with another address is another person. Whose ``employer`` in HubSpot is quite
    another firm buys for that one as likely as for the customer, unless the customer is that very person.
    """
    other = profile_of_customer(customer)
    name = person_name(contact)
    email = bool(one.emails & other.emails - shared.emails)
    named = _names_person(name, customer)
    agree = (*(["name"] if named else []), *(["email"] if email else []))
    likeness = Likeness.SAME if named else Likeness.OTHER if name else Likeness.UNKNOWN
    found = Evidence(likeness, agree, () if named or not name else ("name",))
    if email and employer is not None and _is_other_firm(employer, name, customer, other):
        return Ask(replace(found, against=(*found.against, "company")))
    if email:
        firm = any(is_label(customer.name, domain) for domain in one.domains)
        return Same(found) if named or firm or (not name and not has_form(customer.name)) else Ask(found)
    if one.emails & other.emails:  # an address that several share: the name says which of them
        return Same(found) if named else Different(found)
    return Ask(found) if named and not other.emails and not is_placeholder(customer.name) else Different(found)


def _is_other_firm(employer: Profile, name: str, customer: Customer, theirs: Profile) -> bool:
    """Tell whether the company that a buyer is at is quite another firm than a customer, by name and by domain."""
    if _named_like(name, customer.name) or _named_like(employer.name, name) or _names_person(employer.name, customer):
        return False
    if not (employer.name or employer.domains):
        return False
    if any(is_label(customer.name, domain) for domain in employer.domains):
        return False
    verdict = weigh(employer, theirs)
    return isinstance(verdict, Different) and verdict.evidence.likeness < Likeness.ALIKE


def firm_behind(
    customer: Customer,
    own: Record | None,
    contact: Record | None,
    works_at: Record | None,
    there: Iterable[Record] = (),
) -> Record | None:
    """Return the other firm whose address a customer's is; None where it is the customer's own, as far as is known.

    Such a firm is the customer's bookkeepers, or whoever else answers for it, and its people are no place for the
    customer's debts. ``own`` is the customer's company, ``contact`` who has the address in HubSpot and where that one
    ``works_at``; ``there`` are the companies that may have the address's domain. Nobody's address is another firm's
    only where that firm's name is quite another: head office and branch share a domain.
    """
    if works_at is not None:
        return None if contact is None or is_theirs(customer, contact, works_at, own) else works_at
    domain = email_domain(customer.email_key)
    if not domain or _is_of_customer(domain, customer, own):
        return None
    if contact is not None and _named_like(person_name(contact), customer.name):
        return None
    for company in there:
        likeness = compare(company.properties.get("name") or "", customer.name)
        other = likeness is Likeness.OTHER or (contact is not None and likeness < Likeness.VARIANT)
        if other and domain in domains_of(company) and (own is None or company.id != own.id):
            return company
    return None


def is_theirs(customer: Customer, contact: Record, company: Record | None, own: Record | None = None) -> bool:
    """Tell whether a HubSpot contact that has a customer's address is the customer's.

    Who works for a ``company`` that is neither the customer's ``own`` nor called like it is another firm's, unless the
    address is of the customer's domain and not of that firm's, or the person is the customer. That an address is of
    nobody's domain, free mail for instance, makes it nobody's either.
    """
    if company is None or (own is not None and company.id == own.id):
        return True
    if compare(company.properties.get("name") or "", customer.name) >= Likeness.VARIANT:
        return True
    if _named_like(person_name(contact), customer.name):
        return True
    domain = email_domain(customer.email_key)
    return bool(domain) and domain not in domains_of(company) and _is_of_customer(domain, customer, own)


def is_another_person(
    customer: Customer,
    contact: Record,
    company: Record | None,
    own: Record | None = None,
    shared: Shared = NOTHING_SHARED,
) -> bool:
    """Tell whether a HubSpot contact that has a customer's address bears another person's name than its main person.

    An address of the firm's own domain says all the same whose contact it is, and so does a ``company`` that it is at
    and that is the customer's ``own`` or called like it. Free mail does not, nor does an address that several share;
    there the contact may be a member of the family, an earlier holder or an agent. At a firm's mailbox, one of its
    name or of its people's family is no stranger.
    """
    given = [(contact.properties.get(one) or "").strip() for one in ("firstname", "lastname")]
    if not (all(given) and customer.first_name and customer.last_name):
        return False  # half a name, or one that stands for a desk
    if email_domain(customer.email_key) and mailbox(customer.email_key) not in shared.emails:
        return False
    if company is not None and is_theirs(customer, contact, company, own):
        return False
    name, main = " ".join(given), f"{customer.first_name} {customer.last_name}"
    if _names_person(name, customer) or _may_be_one(name, main):
        return False
    if sorted(parse(main).words) == sorted(parse(_TOLD_APART.sub("", customer.name)).words):
        return True  # a private person's debts are nobody else's, of whatever family
    known = {word for text in (main, customer.name) for word in parse(text).words if len(word) > 1}
    mailbox_of_firm = is_label(customer.name, customer.email_key.partition("@")[0].replace(".", ""))
    return not mailbox_of_firm and known.isdisjoint(parse(name).words)


def _may_be_one(one: str, other: str) -> bool:
    """Tell whether two people's names may be one: the words of one among those of the other, by initials as well.

    Names in two scripts cannot be compared, so they may.
    """
    short, long = sorted((parse(one).words, parse(other).words), key=len)
    if _script(one) != _script(other):
        return True
    return all(any(x == y or (1 in (len(x), len(y)) and x[0] == y[0]) for y in long) for x in short)


def _script(name: str) -> str:
    return next((unicodedata.name(letter, "").partition(" ")[0] for letter in name if letter.isalpha()), "")


def _is_of_customer(domain: str, customer: Customer, own: Record | None) -> bool:
    """Tell whether a domain is the customer's: its company's, or the one that is called like it."""
    return is_label(customer.name, domain) or (own is not None and domain in domains_of(own))


def fits_number(customer: Customer, contact: Record) -> Verdict:
    """Weigh a contact that a customer's contact number names: with nothing in common that is stale, and a question."""
    email = bool(set(map(mailbox, emails_of(customer))) & set(map(mailbox, emails_of_contact(contact))))
    name = person_name(contact)
    named = _names_person(name, customer)
    bare = not name or not (customer.first_name or customer.last_name or customer.email_key)
    agree = (CONTACT_NUMBER, *(["name"] if named else []), *(["email"] if email else []))
    found = Evidence(Likeness.SAME if named else Likeness.UNKNOWN, agree, () if named or bare else ("name",))
    return Same(found) if named or email or bare else Ask(found)


def is_private(customer: Customer, *, of_contact: bool = False) -> bool:
    """Tell whether a customer is a person and no firm: it is called as its main person is, with nothing of a firm.

    Titles and initials make no other person of somebody: Mrs Ida Moon and Moon, Ida J.
    ``of_contact`` where it was made for a contact who bought without a company: then the domain of its email says where
    that person works, or nothing, and makes no firm of it.
    """
    numbered = number_key(customer.tax_number) or number_key(customer.company_number)
    if has_form(customer.name) or numbered or (email_domain(customer.email_key) and not of_contact):
        return False
    name = f"{customer.first_name} {customer.last_name}"
    both = bool(customer.first_name and customer.last_name)
    plain = _TOLD_APART.sub("", customer.name)
    return both and _given(name) == _given(plain)


def _given(name: str) -> list[str]:
    """Return the words of a person's name in one order, without titles and initials."""
    words = sorted(parse(name).words)
    bare = [word for word in words if len(word) > 1 and word not in _TITLES]
    return bare if len(bare) > 1 else words  # “Moon” is not J Moon


def _names_person(name: str, customer: Customer) -> bool:
    """Tell whether a person's name is that of a customer, or of its main person."""
    main = f"{customer.first_name} {customer.last_name}".strip()
    return any(_named_like(name, other) for other in (customer.name, main))


def _named_like(name: str, other: str) -> bool:
    if not name or not other or not parse(name).words:
        return False
    return compare(name, other) >= Likeness.VARIANT or same_person([name], other)
