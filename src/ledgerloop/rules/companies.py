"""Choose a customer's company among those that HubSpot has, by name and email domain together. Does no I/O.

A name alone is no identity, and neither is a domain: two firms may be called alike, and several may share an address.
Free mail says nothing about a company (HubSpot's companies are not unique by name or domain).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Customer, Hold
from ledgerloop.rules import doubts
from ledgerloop.rules.matching import Found, email_domain, name_key

Fit = Literal["same", "name", "other"]


def fit(customer: Customer, company: Record) -> Fit:
    """Say how well a company fits: the ``same``, alike by ``name`` and nothing against it, or an ``other``.

    A company that HubSpot made by itself from the domain is called like the domain, and is the same.
    """
    domain, theirs = email_domain(customer.email_key), domain_of(company)
    name = name_key(company.properties.get("name"))
    alike = bool(name) and name == customer.name_key
    if domain and theirs == domain:
        return "same" if alike or name in ("", name_key(domain)) else "other"
    return "name" if alike and not (domain and theirs) else "other"


def choose(customer: Customer, companies: Sequence[Record]) -> Found | Hold | None:
    """Take the one company that fits; hold where several do, or where nothing but the name says so."""
    same = [one for one in companies if fit(customer, one) == "same"]
    if len(same) == 1:
        return Found(same[0].id, "name and domain")
    if same:
        listed = [f"{one.properties.get('name') or domain_of(one)} ({one.id})" for one in same]
        return Hold((doubts.several_companies(customer, listed),), tuple(one.id for one in same))
    alike = [one for one in companies if fit(customer, one) == "name"]
    if alike:
        return Hold((doubts.name_alone(customer, [one.id for one in alike]),), tuple(one.id for one in alike))
    return None


def domain_of(company: Record) -> str:
    """Return a company's domain as it is compared."""
    return (company.properties.get("domain") or "").strip().lower().removeprefix("www.")
