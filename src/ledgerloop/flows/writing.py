"""Write batches to HubSpot so that what it refuses costs one field, else one record, never the batch. Called in a step.

A value is refused by its code, such as INVALID_EMAIL, and never by HubSpot's text, which may be translated (S102). What
names a property that the portal lacks is sent again once the properties have been provisioned.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from ledgerloop.errors import Refused
from ledgerloop.flows.parts import parts
from ledgerloop.flows.provisioning import provision
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import BatchError, BatchResult, New, Record
from ledgerloop.rules.ownership import ADDRESS
from ledgerloop.rules.properties import PROPERTIES

Values = Mapping[str, str]

UNKNOWN, TAKEN = "PROPERTY_DOESNT_EXIST", "CONFLICTING_UNIQUE_VALUE"
_ROUNDS = 4
_NEEDED: Mapping[str, frozenset[str]] = {
    "contacts": frozenset({"email", "firstname", "lastname"}),
    "companies": frozenset({"name", "domain"}),
}
"""Without one of these HubSpot makes no record."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A value that was left out because HubSpot refused it; ``holder`` is the record that has it, if it is unique."""

    name: str
    code: str
    said: str
    holder: str = ""


@dataclass(slots=True)
class Sent:
    """What became of the rows, by their keys."""

    records: dict[str, Record] = field(default_factory=dict)
    dropped: dict[str, list[Dropped]] = field(default_factory=dict)
    failed: dict[str, BatchError] = field(default_factory=dict)


def create(client: HubSpotClient, kind: str, rows: Mapping[str, Values], needed: frozenset[str] = frozenset()) -> Sent:
    """Create up to a hundred records, each with one of the ``needed`` values at least.

    One that exists already, or whose Xero id is taken, fails with its error.
    """

    def send(some: Mapping[str, Values]) -> BatchResult:
        return client.create_batch(kind, [New(key, values) for key, values in some.items()])

    return _send(client, send, rows, lambda row, error: _droppable_on_create(needed or _NEEDED[kind], row, error))


def update(client: HubSpotClient, kind: str, rows: Mapping[str, Values]) -> Sent:
    """Change up to a hundred records by their ids, which are the keys."""
    return _send(client, lambda some: client.update_batch(kind, list(some.items())), rows, _droppable_on_update)


def id_name() -> str:
    """Return the name of the property that carries the Xero contact id."""
    return parts().names.get("xero_contact_id", "xero_contact_id")


def is_ours(name: str) -> bool:
    """Tell whether a property is one of those that Ledgerloop defines, under the portal's name for it."""
    names = parts().names
    return any(names.get(one.name, one.name) == name for one in PROPERTIES)


def _send(
    client: HubSpotClient,
    send: Callable[[Mapping[str, Values]], BatchResult],
    rows: Mapping[str, Values],
    droppable: Callable[[Values, BatchError], list[Dropped]],
) -> Sent:
    sent, waiting, provisioned = Sent(), {key: dict(values) for key, values in rows.items()}, False
    for _ in range(_ROUNDS):
        if not waiting:
            break
        result = send(waiting)
        errors = _by_key(result)
        sent.records |= {key: one for key, one in result.by_trace().items() if key in waiting}
        again: dict[str, dict[str, str]] = {}
        lacking = sorted({name for error in errors.values() for name in _lacking(error)})
        if lacking:
            if provisioned:
                raise Refused(f"HubSpot lacks the properties {', '.join(lacking)}: `ledgerloop doctor` says more.", 400)
            provision(client, parts().names, time.sleep)
            provisioned = True
        for key, error in errors.items():
            if key not in waiting:
                continue
            dropped = _with_its_address(waiting[key], droppable(waiting[key], error))
            rest = {name: value for name, value in waiting[key].items() if name not in {one.name for one in dropped}}
            if _lacking(error):
                again[key] = waiting[key]
            elif dropped:
                sent.dropped.setdefault(key, []).extend(dropped)
                if rest:
                    again[key] = rest
            else:
                sent.failed[key] = error
        waiting = again
    for key in waiting:
        sent.failed[key] = BatchError("It refused one value after the other.", "VALIDATION_ERROR")
    return sent


def _with_its_address(row: Values, dropped: list[Dropped]) -> list[Dropped]:
    """Leave an address out as a whole where a part of it is refused: half of one would be a wrong one."""
    part = next((one for one in dropped if one.name in ADDRESS), None)
    if part is None:
        return dropped
    names = {one.name for one in dropped}
    return [*dropped, *(replace(part, name=name) for name in ADDRESS if name in row and name not in names)]


def _by_key(result: BatchResult) -> dict[str, BatchError]:
    return {key: error for error in result.errors for key in (*error.ids, *error.trace_ids)}


def _lacking(error: BatchError) -> list[str]:
    return [name for name, code, _ in error.problems if code == UNKNOWN and is_ours(name)]


def _droppable_on_create(needed: frozenset[str], row: Values, error: BatchError) -> list[Dropped]:
    """Name the values without which the record may be made. Its Xero id is none of them: it says who has it already."""
    if error.existing_id:
        return []
    refused = [one for one in _refused(row, error) if one.code != TAKEN]
    names = {one.name for one in refused}
    return refused if needed & (row.keys() - names) else []


def _droppable_on_update(row: Values, error: BatchError) -> list[Dropped]:
    if error.existing_id and "email" in row:
        return [Dropped("email", error.category, error.message, error.existing_id)]
    return _refused(row, error)


def _refused(row: Values, error: BatchError) -> list[Dropped]:
    found = [Dropped(name, code, said or error.message) for name, code, said in error.problems if name in row]
    if not found and TAKEN in error.codes and id_name() in row:
        found = [Dropped(id_name(), TAKEN, error.message)]
    return found
