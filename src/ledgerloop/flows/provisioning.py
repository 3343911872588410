"""Make the HubSpot properties that are missing, and report those that are wrong. May be repeated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ledgerloop.errors import Conflict
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.records import LinkKind
from ledgerloop.rules.properties import GROUP, GROUP_LABEL, Property, differences

KINDS: dict[LinkKind, str] = {"contact": "contacts", "company": "companies", "deal": "deals"}
_TRIES, _PAUSE = 20, 0.25
"""A new property is readable after 250 to 700 ms."""


@dataclass(slots=True)
class Provisioned:
    """What was made, and what a person must put right."""

    made: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def provision(client: HubSpotClient, names: Mapping[str, str], sleep: Callable[[float], None]) -> Provisioned:
    """Compare, make the group and the missing properties, and wait until HubSpot shows them."""
    done = Provisioned()
    for kind, plural in KINDS.items():
        missing, wrong = compare(client, kind, names)
        done.wrong += wrong
        if missing:
            _make_group(client, plural)
        for wanted in missing:
            name = names.get(wanted.name, wanted.name)
            try:
                client.create_property(plural, wanted.definition(kind, name))
            except Conflict:
                continue  # made meanwhile, or restored from the archive; the check below looks at it again
            done.made.append(f"{kind} {name}")
    for _ in range(_TRIES):
        if not any(compare(client, kind, names)[0] for kind in KINDS):
            return done
        sleep(_PAUSE)
    done.wrong.append("HubSpot does not show the new properties yet. Try again in a minute.")
    return done


def compare(client: HubSpotClient, kind: LinkKind, names: Mapping[str, str]) -> tuple[list[Property], list[str]]:
    """Return the properties a portal lacks on one kind of record, and sentences about the wrong ones."""
    present = [
        (one.name, one.type, one.field_type, one.has_unique_value)
        for one in client.properties(KINDS[kind])
        if not one.archived
    ]
    return differences(kind, present, names)


def _make_group(client: HubSpotClient, plural: str) -> None:
    try:
        client.create_group(plural, GROUP, GROUP_LABEL)
    except Conflict:
        return
