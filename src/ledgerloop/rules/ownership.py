"""Decide, field by field, whose value stands when Xero and HubSpot say different things of a customer. Does no I/O.

Nothing is done about a difference that was there before: only a change since both sides were last compared, or their
first meeting, moves a value. So a vendor that writes a value its own way causes no writes to and fro.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Customer, LinkKind, Vendor
from ledgerloop.rules.customers import company_from_customer, contact_from_customer

Owner = Literal["xero", "hubspot", "first", "newest"]
Field = Literal["name", "email", "phone", "address"]
Verdict = Literal["leave", "to_hubspot", "to_xero"]
FIELDS: tuple[Field, ...] = ("name", "email", "phone", "address")
Texts = Mapping[str, str]

ADDRESS = ("address", "address2", "city", "state", "zip", "country")
PERSON = ("email", "firstname", "lastname")
"""Who a contact is. A name over another person's email would be nobody."""
UNITS: Mapping[LinkKind, Mapping[str, tuple[Field, tuple[str, ...]]]] = {
    "contact": {
        "email": ("email", ("email",)),
        "person": ("name", ("firstname", "lastname")),
        "company": ("name", ("company",)),
        "phone": ("phone", ("phone",)),
        "address": ("address", tuple(name for name in ADDRESS if name != "address2")),
    },
    "company": {"name": ("name", ("name",)), "phone": ("phone", ("phone",)), "address": ("address", ADDRESS)},
}
"""What moves as one: its field in the settings, and its HubSpot properties. Half an address would be a wrong one."""

SOURCE = ("hs_object_source", "hs_object_source_id")
"""Who made a record: for an app, ``INTEGRATION`` and the app's id."""


class Pair(NamedTuple):
    """What both sides say of one thing."""

    xero: str
    hubspot: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is to be written, by unit, and what both sides will have said once it is."""

    to_hubspot: tuple[str, ...] = ()
    to_xero: tuple[str, ...] = ()
    xero: Texts = field(default_factory=dict)
    hubspot: Texts = field(default_factory=dict)
    first: Mapping[str, Vendor] = field(default_factory=dict)
    replaces: Texts = field(default_factory=dict)
    """What HubSpot says where it is to be overwritten: what it will still say should it refuse."""


def said_by_xero(kind: LinkKind, customer: Customer) -> dict[str, str]:
    """Return what Xero says of a customer, by unit."""
    return _by_unit(kind, properties_of(kind, customer))


def said_by_hubspot(kind: LinkKind, record: Record) -> dict[str, str]:
    """Return what HubSpot says of a customer, by unit."""
    return _by_unit(kind, {name: value or "" for name, value in record.properties.items()})


def properties_of(kind: LinkKind, customer: Customer) -> dict[str, str]:
    """Return a customer as a HubSpot record's properties."""
    return contact_from_customer(customer) if kind == "contact" else company_from_customer(customer)


def values_of(kind: LinkKind, units: tuple[str, ...], customer: Customer) -> dict[str, str]:
    """Return the properties that carry these units to HubSpot; an empty text clears, but never an email.

    What stands may be an email that Xero had before: a customer has none any more, or none that may be sent.
    """
    said = properties_of(kind, customer)
    wanted = [name for unit in units for name in UNITS[kind][unit][1]]
    return {name: said.get(name, "") for name in wanted if name != "email" or said.get(name)}


def must_read(owners: Mapping[str, Owner], kind: LinkKind, xero: Texts, before: Comparison | None) -> bool:
    """Tell whether HubSpot must be read to decide: at the first meeting, and where Xero's change may not simply win."""
    if before is None:
        return True
    for unit, text in xero.items():
        owner = owners[UNITS[kind][unit][0]]
        if text == before.xero.get(unit, ""):
            continue
        if owner == "newest" or (owner == "first" and unit not in before.first):
            return True
    return False


def compare(
    owners: Mapping[str, Owner],
    kind: LinkKind,
    xero: Texts,
    hubspot: Texts,
    before: Comparison | None,
    newer: Mapping[str, Vendor],
    *,
    to_xero: bool = False,
    in_question: bool = False,
) -> Comparison:
    """Settle every unit. ``newer`` tells, by unit, which side changed last, as far as it is known.

    Where another person took over in Xero nothing of the two is mixed: it stays news until the customer has that
    person's own contact, unless what HubSpot says is carried ``to_xero`` and stands. So it does while it is
    ``in_question`` whose the new email is.
    """
    verdicts: dict[str, Verdict] = {}
    first: dict[str, Vendor] = dict(before.first) if before else {}
    now = {unit: Pair(xero.get(unit, ""), hubspot.get(unit, "")) for unit in UNITS[kind]}
    last = {unit: Pair(before.xero.get(unit, ""), before.hubspot.get(unit, "")) for unit in now} if before else {}
    for unit, (named, _) in UNITS[kind].items():
        if unit not in first and (earlier := first_of(now[unit])):
            first[unit] = earlier
        verdict = settle(owners[named], now[unit], last.get(unit), first.get(unit), newer.get(unit))
        if unit == "email" and not now[unit].xero and verdict == "to_hubspot":
            verdict = "leave"  # a contact keeps the address it is known by
        verdicts[unit] = verdict
    open_: Collection[str] = ()
    if kind == "contact":
        took_over = in_question or (another_person(xero, before) and now["email"].xero != now["email"].hubspot)
        if took_over and not (to_xero and verdicts["email"] == "to_xero"):
            open_ = ("email", "person")
            verdicts |= dict.fromkeys(open_, "leave")
        else:
            verdicts |= _as_one_person(verdicts, now, last)
    settled = {
        unit: Pair(pair.xero, pair.xero)
        if verdicts[unit] == "to_hubspot"
        else Pair(last[unit].xero, pair.hubspot)
        if unit in open_
        else pair
        for unit, pair in now.items()
    }
    return Comparison(
        tuple(unit for unit, verdict in verdicts.items() if verdict == "to_hubspot"),
        tuple(unit for unit, verdict in verdicts.items() if verdict == "to_xero"),
        {unit: pair.xero for unit, pair in settled.items()},
        {unit: pair.hubspot for unit, pair in settled.items()},
        first,
        {unit: hubspot.get(unit, "") for unit, verdict in verdicts.items() if verdict == "to_hubspot"},
    )


def another_person(xero: Texts, before: Comparison | None) -> bool:
    """Tell whether Xero has another person than when both sides were last compared: another email and another name.

    Another email under the same name is the same person's new address, and another name with the same email a new name.
    Where the last comparison left something open, what HubSpot says is what was known before.
    """
    if before is None:
        return False
    return _is_another(xero, {unit: before.xero.get(unit) or before.hubspot.get(unit, "") for unit in _WHO})


def same_name(one: str, other: str) -> bool:
    """Tell whether two names may be one person's: the same words, or those of one among those of the other."""
    words, others = _words(one), _words(other)
    return words <= others or others <= words


def same_person(one: Texts, other: Texts) -> bool:
    """Tell whether two contacts are one person's by what they say: the same email, or the same name."""
    names = one.get("person", ""), other.get("person", "")
    return (bool(one.get("email")) and one.get("email") == other.get("email")) or (all(names) and same_name(*names))


def without_email(kind: LinkKind, xero: Texts, before: Comparison | None) -> dict[str, str]:
    """Return what Xero says where it has no email any more, or none that may be sent: of the person that is no news.

    A name without an address may be anybody's, and the contact keeps the address it is known by.
    """
    said = dict(xero)
    if kind == "contact" and before is not None and not said.get("email"):
        known = before.xero.get("email", "")
        said |= {"email": known, **({"person": before.xero.get("person", "")} if known else {})}
    return said


def after_refusal(kind: LinkKind, comparison: Comparison, names: Collection[str], open_: Collection[str]) -> Comparison:
    """Return what both sides say where HubSpot refused the properties of these ``names``: it says what it said before.

    Those in ``open_`` wait for a person, so what Xero says of them stays news, and is tried again.
    """
    refused = {unit: set(mine) & set(names) for unit, (_, mine) in UNITS[kind].items() if set(mine) & set(names)}
    return replace(
        comparison,
        xero={unit: "" if refused.get(unit, set()) & set(open_) else text for unit, text in comparison.xero.items()},
        hubspot={
            unit: comparison.replaces.get(unit, "") if unit in refused else text
            for unit, text in comparison.hubspot.items()
        },
    )


def settle(owner: Owner, now: Pair, before: Pair | None, first: Vendor | None, newer: Vendor | None) -> Verdict:
    """Say where one value goes.

    At the first meeting a value overwrites another, or fills an empty place; an empty place overwrites nothing. Later
    the owner's value stands again whenever either side changed, and one that the owner removed is removed.
    """
    if now.xero == now.hubspot:
        return "leave"
    if before is None and not (now.xero and now.hubspot):
        filled: Vendor = "xero" if now.xero else "hubspot"
        return _from(filled) if owner in (filled, "newest") or (owner == "first" and first == filled) else "leave"
    changed: list[Vendor] = []
    if before is not None:
        changed += ["xero"] if now.xero != before.xero else []
        changed += ["hubspot"] if now.hubspot != before.hubspot else []
        if not changed:
            return "leave"
    if owner == "newest":
        return _from(changed[0] if len(changed) == 1 else newer)
    return _from(first if owner == "first" else owner)


def first_of(now: Pair) -> Vendor | None:
    """Say who has a value; HubSpot where both have: what people wrote there is not to be overwritten unasked."""
    return "hubspot" if now.hubspot else "xero" if now.xero else None


def made_from(side: Vendor, kind: LinkKind, xero: Texts) -> Comparison:
    """Return the comparison of a record that was just made of the other side's values."""
    said = {unit: xero.get(unit, "") for unit in UNITS[kind]}
    return Comparison((), (), said, said, {unit: side for unit, text in said.items() if text})


def made_of(kind: LinkKind, customer: Customer, record: Record) -> Comparison:
    """Return the comparison of a customer that was just made of a deal's records, of which this is one.

    It may have its address and phone from another of them. What either says, HubSpot said first.
    """
    xero, hubspot = said_by_xero(kind, customer), said_by_hubspot(kind, record)
    return Comparison((), (), xero, hubspot, {unit: "hubspot" for unit in UNITS[kind] if xero[unit] or hubspot[unit]})


def made_by_app(kind: LinkKind, record: Record, app_id: str) -> Comparison | None:
    """Return what both sides said when our own app made a record, as the record has it; none of another's record.

    A record whose making we forgot, because its answer was lost, is no reason to take its values for HubSpot's own.
    """
    if not app_id or tuple(record.properties.get(name) for name in SOURCE) != ("INTEGRATION", app_id):
        return None
    return made_from("xero", kind, said_by_hubspot(kind, record))


_WHO = ("email", "person")


def _as_one_person(
    verdicts: Mapping[str, Verdict], now: Mapping[str, Pair], last: Mapping[str, Pair]
) -> dict[str, Verdict]:
    """Let a name and an email of two people never meet on one contact, or on one customer in Xero."""
    email, person = verdicts["email"], verdicts["person"]
    if last and email != person and _is_another(*({unit: pair[unit].hubspot for unit in _WHO} for pair in (now, last))):
        return dict.fromkeys(_WHO, "leave")  # somebody made another person of the contact, and half of it would move
    apart = now["email"].xero != now["email"].hubspot and now["email"].hubspot
    if person == "to_hubspot" and apart and email != "to_hubspot":
        person = "leave"
    renamed = not last or now["person"].xero != last["person"].xero
    if email == "to_hubspot" and person != "to_hubspot" and renamed and not same_name(*now["person"]):
        email = "leave"
    return {"email": email, "person": person}


def _is_another(now: Texts, last: Texts) -> bool:
    emails = now.get("email", ""), last.get("email", "")
    names = now.get("person", ""), last.get("person", "")
    return all(emails) and emails[0] != emails[1] and all(names) and not same_name(*names)


def _words(name: str) -> set[str]:
    plain = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return set("".join(letter if letter.isalnum() else " " for letter in bare).split())


def _from(side: Vendor | None) -> Verdict:
    return "leave" if side is None else "to_hubspot" if side == "xero" else "to_xero"


def _by_unit(kind: LinkKind, properties: Mapping[str, str]) -> dict[str, str]:
    return {unit: _text(names, properties) for unit, (_, names) in UNITS[kind].items()}


def _text(names: tuple[str, ...], properties: Mapping[str, str]) -> str:
    """Join what stands in the properties, the two lines of a street to one; all empty is empty."""
    given = [" ".join(properties.get(name, "").split()) for name in names]
    if "address2" in names:
        given = [", ".join(line for line in given[:2] if line), *given[2:]]
    return "\n".join(given) if any(given) else ""
