"""Make the HubSpot properties that are missing, and ask a person about those that are wrong. May be repeated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.errors import Conflict, LedgerloopError
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.log import logger
from ledgerloop.parts import parts
from ledgerloop.records import LinkKind
from ledgerloop.rules.properties import GROUP, GROUP_LABEL, Present, Property, differences
from ledgerloop.store import connections, journal, lanes

KINDS: dict[LinkKind, str] = {"contact": "contacts", "company": "companies", "deal": "deals"}
_TRIES, _PAUSE = 10, 0.5
"""A new property is readable after 250 to 700 ms."""


@dataclass(slots=True)
class Provisioned:
    """What was made, and what a person must put right."""

    made: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def provision(
    client: HubSpotClient,
    there: Mapping[LinkKind, Sequence[Present]],
    names: Mapping[str, str],
    sleep: Callable[[float], None],
) -> Provisioned:
    """Make the groups and the properties that are not ``there``, and wait until HubSpot shows them."""
    done = Provisioned()
    refused: list[str] = []
    found = {kind: differences(kind, present_, names) for kind, present_ in there.items()}
    made_on = [kind for kind, (missing, _) in found.items() if missing]
    for kind in made_on:
        plural, missing = KINDS[kind], found[kind][0]
        _make_group(client, plural)
        made, said = client.create_properties(
            plural, [one.definition(kind, names.get(one.name, one.name)) for one in missing]
        )
        done.made += [f"{kind} {name}" for name in made]
        refused += [f"HubSpot refused a property of {plural}: {sentence}" for sentence in dict.fromkeys(said)]
    for _ in range(_TRIES):
        if made_on:
            sleep(_PAUSE)
        # What is wrong is told as it shows at the end: what a person has just made is not readable at first.
        found |= {kind: compare(client, kind, names) for kind in made_on if found[kind][0]}
        done.wrong = [*refused, *(sentence for _, wrong in found.values() for sentence in wrong)]
        if refused or not any(missing for missing, _ in found.values()):
            return done
    done.wrong.append("HubSpot does not show the new properties yet. Try again in a minute.")
    return done


def survey(client: HubSpotClient) -> dict[LinkKind, list[Present]]:
    """Return the properties that a portal has on every kind of record."""
    return {kind: present(client, kind) for kind in KINDS}


def compare(client: HubSpotClient, kind: LinkKind, names: Mapping[str, str]) -> tuple[list[Property], list[str]]:
    """Return the properties a portal lacks on one kind of record, and sentences about the wrong ones."""
    return differences(kind, present(client, kind), names)


def present(client: HubSpotClient, kind: LinkKind) -> list[Present]:
    """Return the properties that a portal has on one kind of record."""
    return [
        Present(
            one.name,
            one.type,
            one.field_type,
            one.has_unique_value,
            tuple(option.value for option in one.options),
            one.hubspot_defined,
        )
        for one in client.properties(KINDS[kind])
        if not one.archived
    ]


def tell(tx: Connection, portal: str, wrong: Sequence[str], now: datetime) -> None:
    """Hold the portal for a person while its properties are wrong; let all go on once they are right."""
    subject = subjects.properties(portal)
    if wrong:
        journal.hold(tx, portal, subject, (*wrong, "Then run `ledgerloop doctor`, which looks again."), (), now)
    elif journal.held(tx, subject) is not None:
        journal.clear(tx, [subject], now)
        for one in lanes.parked(tx):
            lanes.unpark(tx, one.flow, one.lane)


def look_again(*, though_right: bool) -> list[str]:
    """Look whether the portal's properties are wrong, hold it if so, and return the sentences.

    Where nothing was wrong before, it is looked at only if that is asked.
    """
    at = parts()
    with at.database.reading() as tx:
        portal = connections.only_portal(tx)
        held = portal is not None and journal.held(tx, subjects.properties(portal.id)) is not None
    if portal is None or not (held or though_right):
        return []
    try:
        wrong = [one for kind in KINDS for one in compare(at.hubspot(), kind, at.names)[1]]
    except LedgerloopError as problem:
        logger.warning("properties not looked at", why=problem.sentence)
        return []
    with at.database.transaction() as tx:
        tell(tx, portal.id, wrong, at.now())
    return wrong


def _make_group(client: HubSpotClient, plural: str) -> None:
    try:
        client.create_group(plural, GROUP, GROUP_LABEL)
    except Conflict:
        return
