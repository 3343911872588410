"""Name what holds and the journal are about as people call it: ``customer 5f3c…`` and ``deal 123`` have names.

Names come from our own database and nobody is asked, so a record's name is what its vendor last said of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.records import LinkKind
from ledgerloop.store import (
    connections,
    contact_persons,
    former_links,
    intents,
    journal,
    last_compared,
    links,
    mirror,
)

SpokenOf = tuple[str, str]
"""A lane, and what it speaks of."""

_WORDS = {
    "hubspot deal": "Deal",
    "hubspot contact": "HubSpot contact",
    "hubspot company": "HubSpot company",
    "xero contact": "Xero contact",
    "balance": "Balance of",
    "notes": "Notes of",
    "properties": "Properties of",
}
_KNOWN_BY_NUMBER = ("deal", "hubspot deal", "hubspot contact", "hubspot company")
"""What people find by the number at the end of its address in HubSpot, so that it is said beside the name."""
_CALLED: Mapping[LinkKind, tuple[str, ...]] = {"contact": ("person", "email"), "company": ("name",)}
"""What a record is called by, in the words in which it was compared."""


def title(subject: str, name: str) -> str:
    """Say what a subject is about, by its name where that is known."""
    kind, _, key = subject.rpartition(" ")
    words = _WORDS.get(kind, kind.capitalize())
    if name and kind in _KNOWN_BY_NUMBER:
        return f"{words} {key} “{name}”"
    return f"{words} {name or key}".strip()


def names_of(tx: Connection, spoken_of: Iterable[SpokenOf]) -> dict[SpokenOf, str]:
    """Look up the names of what is spoken of, as far as they are known."""
    keys: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for lane, subject in spoken_of:
        kind, _, key = subject.rpartition(" ")
        keys[lane, kind].add(key)
    return {
        (lane, f"{kind} {key}".strip()): name
        for (lane, kind), some in keys.items()
        for key, name in _names(tx, lane, kind, sorted(some)).items()
        if name
    }


def in_organisation(tx: Connection, organisation: str) -> str:
    """Say in which organisation an invoice is, where there are several: numbers count anew in each."""
    names = {one.id: one.name for one in connections.known_organisations(tx)}
    return f" in {names[organisation]}" if len(names) > 1 and organisation in names else ""


def _names(tx: Connection, lane: str, kind: str, keys: list[str]) -> dict[str, str]:
    match kind:
        case "customer" | "xero contact" | "balance":
            return _customers(tx, lane, keys)
        case "deal" | "hubspot deal":
            return _deals(tx, keys)
        case "hubspot contact":
            return {one.hubspot_id: one.email for one in contact_persons.of_records(tx, keys)} | _records(
                tx, "contact", keys
            )
        case "hubspot company":
            return _records(tx, "company", keys)
        case "invoice":
            where = in_organisation(tx, lane)
            return {key: f"{one.number or key}{where}" for key, one in mirror.receivables(tx, lane, keys).items()}
        case _:
            return {one.id: one.name for one in connections.all_connected(tx) if one.id in keys}


def _customers(tx: Connection, lane: str, ids: list[str]) -> dict[str, str]:
    """Name customers of the lane's organisation, else of any: a portal's lane makes and links those of all of them."""
    found = {key: one.name for key, one in mirror.customers(tx, lane, ids).items()}
    for organisation in connections.known_organisations(tx) if len(found) < len(ids) else ():
        left = [one for one in ids if one not in found]
        found |= {key: one.name for key, one in mirror.customers(tx, organisation.id, left).items()}
    return found


def _deals(tx: Connection, ids: list[str]) -> dict[str, str]:
    """Name deals as they were called when they were looked at last beside their invoice, else when they were held."""
    found: dict[str, str] = {}
    for portal in connections.all_connected(tx, "hubspot"):
        found |= {deal: one.deal_name for deal, one in intents.get(tx, portal.id, ids).items() if one.deal_name}
    nameless = [one for one in ids if one not in found]
    called = journal.latest_value(tx, [subjects.deal(one) for one in nameless], "dealname")
    return found | {one: called[subjects.deal(one)] for one in nameless if subjects.deal(one) in called}


def _records(tx: Connection, kind: LinkKind, ids: list[str]) -> dict[str, str]:
    """Name customers' records by what HubSpot last said of them, else by the customer, also where it lost them."""
    found: dict[str, str] = {}
    for loss in former_links.of_records(tx, kind, ids):
        losers = mirror.customers(tx, loss.organisation, [loss.xero_id]).values()
        found[loss.hubspot_id] = next((one.name for one in losers), "")
    for link in reversed(links.of_records(tx, kind, ids)):  # a record of several organisations shows the first of them
        said = last_compared.get(tx, link.organisation, kind, [link.xero_id]).get(link.xero_id)
        names = [said.hubspot.get(unit, "") for unit in _CALLED[kind]] if said else []
        names += [one.name for one in mirror.customers(tx, link.organisation, [link.xero_id]).values()]
        found[link.hubspot_id] = next((" ".join(name.split()) for name in names if name), "")
    return found
