"""Choose a customer's company among those that HubSpot has, by name and email domain together. Does no I/O.

A name alone is no identity, and neither is a domain: two firms may be called alike, and several may share an address.
Free mail says nothing about a company (HubSpot's companies are not unique by name or domain).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Customer, Hold
from ledgerloop.rules import doubts
from ledgerloop.rules.matching import Found, email_domain, name_key

MOST_TEXT = 2_000
"""HubSpot takes 3,000 characters for a search; this many are left to the values."""

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


def searches(customers: Sequence[Customer]) -> Iterator[list[dict[str, Any]]]:
    """Yield the filter groups that find all companies which may fit: one search, or as few as its size allows.

    HubSpot compares texts without case, and wants the values of IN in lower case.
    """
    domains = sorted({domain for one in customers if (domain := email_domain(one.email_key))})
    names = sorted({one.name.lower() for one in customers if one.name})
    wanted = [("domain", value) for domain in domains for value in (domain, f"www.{domain}")]
    wanted += [("name", name) for name in names]
    some: list[tuple[str, str]] = []
    size = 0
    for one in wanted:
        length = len(json.dumps(one[1]).encode()) + 1
        if some and size + length > MOST_TEXT:
            yield _groups(some)
            some, size = [], 0
        some.append(one)
        size += length
    if some:
        yield _groups(some)


def domain_of(company: Record) -> str:
    """Return a company's domain as it is compared."""
    return (company.properties.get("domain") or "").strip().lower().removeprefix("www.")


def _groups(wanted: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    by_property: dict[str, list[str]] = {}
    for name, value in wanted:
        by_property.setdefault(name, []).append(value)
    return [
        {"filters": [{"propertyName": name, "operator": "IN", "values": values}]}
        for name, values in by_property.items()
    ]
