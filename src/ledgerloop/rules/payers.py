"""Choose the Xero customer who pays for a deal among those that fit, or word the doubt. Does no I/O.

An email says who a person is, not for whom that person buys: for a deal with a company it counts only where the name or
the domain agrees. A customer that is another company's already is never taken, and never doubled by its name either.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Customer, Hold, LinkKind
from ledgerloop.rules.companies import domain_of
from ledgerloop.rules.matching import Candidate, Found, email_domain, name_key, one_of


@dataclass(frozen=True, slots=True)
class Fitting:
    """The active customers that fit a deal, by what they were found."""

    number: Sequence[Customer] = ()
    email: Sequence[Customer] = ()
    name: Sequence[Customer] = ()


def choose(
    company: Record | None,
    contact: Record | None,
    fitting: Fitting,
    holders: Mapping[str, str],
    ours: Collection[str] = (),
) -> Found | Hold | None:
    """Take the customer that fits by number, email or name; hold a doubt; None where nobody fits.

    ``holders`` are the HubSpot companies that customers are linked to. ``ours`` are the customers whose company we made
    ourselves, to show them: that says nothing about who else they are not.
    """
    if company is None:
        email = (contact.properties.get("email") or "").strip() if contact else ""
        return _one(fitting.number, "number", "customers in Xero with this contact's number", "contact") or _one(
            fitting.email, "email", f"customers in Xero with the email {email}", "contact"
        )

    def free(some: Sequence[Customer]) -> list[Customer]:
        return [one for one in some if holders.get(one.id, company.id) == company.id]

    name = (company.properties.get("name") or "").strip()
    agreeing = [one for one in free(fitting.email) if agrees(one, company)]
    doubtful = [one for one in fitting.email if one not in agreeing and (one.id in ours or one in free([one]))]
    found = (
        _one(free(fitting.number), "number", "customers in Xero with this company's number", "company")
        or _one(agreeing, "email", "customers in Xero with the contact's email", "company")
        or _one(free(fitting.name), "name", f"customers in Xero called like “{name}”", "company")
    )
    if found is not None or not (doubtful or fitting.name):
        return found
    reasons = [_taken(fitting.name, name, holders)] if fitting.name else [_email_alone(doubtful, name, holders)]
    return Hold(tuple(reasons), tuple(dict.fromkeys(one.id for one in (*doubtful, *fitting.name))))


def agrees(customer: Customer, company: Record) -> bool:
    """Tell whether a customer that was found by an email is the company: called alike, or at home at its domain."""
    name, domain = name_key(company.properties.get("name")), email_domain(customer.email_key)
    return (bool(name) and name == customer.name_key) or (bool(domain) and domain == domain_of(company))


def unknown_id(kind: LinkKind, carried: str, organisation: str) -> Hold:
    """Word that the paying record carries an id that no customer has."""
    return Hold(
        (
            f"The deal's {kind} carries the Xero contact id “{carried}”, and {organisation}'s Xero has no such"
            " customer. Correct the id, or clear it.",
        )
    )


def carried_twice(kind: LinkKind, customer: Customer, holder: str) -> Hold:
    """Word that the paying record carries the id of a customer that is another record's already."""
    return Hold(
        (
            f"The deal's {kind} carries the Xero contact id of “{customer.name}”, which belongs to the HubSpot {kind}"
            f" {holder}. Merge the two in HubSpot, or clear the id.",
        ),
        (customer.id,),
    )


def _one(some: Sequence[Customer], how: str, what: str, where: LinkKind) -> Found | Hold | None:
    return one_of([Candidate(one.id, one.name) for one in some], how, what, where)


def _email_alone(some: Sequence[Customer], name: str, holders: Mapping[str, str]) -> str:
    listed = "; ".join(_listed(one, holders) for one in some)
    return (
        f"The contact's email belongs to another customer in Xero than “{name}”: {listed}. If that one pays, merge its"
        " HubSpot company with the deal's, or write its id into the Xero contact id of the deal's company if it has"
        " none. If not, make the right customer in Xero, called like the deal's company."
    )


def _taken(some: Sequence[Customer], name: str, holders: Mapping[str, str]) -> str:
    listed = "; ".join(_listed(one, holders) for one in some)
    return (
        f"“{name}” is called like a customer in Xero that belongs to another HubSpot company: {listed}. If they are the"
        " same, merge the companies in HubSpot. If not, give the deal's company another name, or make its customer in"
        " Xero, called alike."
    )


def _listed(customer: Customer, holders: Mapping[str, str]) -> str:
    company = f" of the company {holders[customer.id]}" if customer.id in holders else ""
    return f"{customer.name} ({customer.id}){company}"
