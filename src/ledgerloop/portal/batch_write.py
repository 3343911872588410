"""Write batches to HubSpot so that what it refuses costs one field, else one record, never the batch. Called in a step.

A value is refused by its code, such as INVALID_EMAIL, and never by HubSpot's text, which may be translated. What
names a property that the portal lacks is sent again once the properties have been provisioned.
All contacts are made here and all their addresses changed here, and only after it was asked who was erased.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ledgerloop.errors import Refused
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.dialect import REQUIRED
from ledgerloop.hubspot.models import BatchError, BatchResult, New, Record
from ledgerloop.parts import parts
from ledgerloop.portal import erasures
from ledgerloop.portal.properties import provision, survey
from ledgerloop.rules.ownership import ADDRESS, PERSON
from ledgerloop.rules.properties import PROPERTIES

Values = Mapping[str, str]

UNKNOWN, TAKEN = "PROPERTY_DOESNT_EXIST", "CONFLICTING_UNIQUE_VALUE"
INVALID_EMAIL = "INVALID_EMAIL"
ERASED = "ERASED"
"""Our own code, for an address that was deleted for privacy and is not sent."""
_ERASED_SAID = "it was deleted in HubSpot for privacy."
CONTACTS = "contacts"
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

    @property
    def waits(self) -> bool:
        """Tell whether a person must do something before the value can be written, so that it is tried again."""
        return bool(self.holder) or self.code == ERASED


@dataclass(frozen=True, slots=True)
class Asked:
    """Which rows must not be sent as they are, because their address was erased. Only ``ask`` knows."""

    erased: frozenset[str]


@dataclass(slots=True)
class Sent:
    """What became of the rows, by their keys."""

    records: dict[str, Record] = field(default_factory=dict)
    dropped: dict[str, list[Dropped]] = field(default_factory=dict)
    failed: dict[str, BatchError] = field(default_factory=dict)


def ask(client: HubSpotClient, kind: str, rows: Mapping[str, Values]) -> Asked:
    """Ask who of these was erased, before they are written: by the thread whose step it is, which has the database."""
    return Asked(frozenset(erasures.refused(client, rows)) if kind == CONTACTS else frozenset())


def create(
    client: HubSpotClient, kind: str, rows: Mapping[str, Values], asked: Asked, needed: frozenset[str] = frozenset()
) -> Sent:
    """Create up to a hundred records, each with one of the ``needed`` values at least.

    One that exists already, or whose Xero id is taken, fails with its error.
    """

    def send(some: Mapping[str, Values]) -> BatchResult:
        return client.create_batch(kind, [New(key, values) for key, values in some.items()])

    def droppable(row: Values, error: BatchError) -> list[Dropped]:
        return _whole(row, _droppable_on_create(needed or _NEEDED[kind], row, error), (ADDRESS,))

    erased = asked.erased & rows.keys()
    sent = _send(client, kind, send, {key: row for key, row in rows.items() if key not in erased}, droppable)
    sent.failed |= {key: BatchError(_ERASED_SAID, ERASED) for key in erased}
    return sent


def update(client: HubSpotClient, kind: str, rows: Mapping[str, Values], asked: Asked) -> Sent:
    """Change up to a hundred records by their ids, which are the keys."""

    def send(some: Mapping[str, Values]) -> BatchResult:
        return client.update_batch(kind, list(some.items()))

    def droppable(row: Values, error: BatchError) -> list[Dropped]:
        return _whole(row, _droppable_on_update(row, error), (ADDRESS, PERSON))

    erased = asked.erased & rows.keys()
    barred = {key: _whole(rows[key], [Dropped("email", ERASED, _ERASED_SAID)], (PERSON,)) for key in erased}
    left = {key: _without(row, barred.get(key, ())) for key, row in rows.items()}
    sent = _send(client, kind, send, {key: row for key, row in left.items() if row}, droppable)
    for key, dropped in barred.items():
        sent.dropped[key] = [*dropped, *sent.dropped.get(key, ())]
    return sent


def made_told(record: Record) -> str:
    """Say what HubSpot answered when it made a record."""
    at = f" at {record.created_at:%Y-%m-%d %H:%M:%S} UTC" if record.created_at else ""
    return f"{record.id} created{at}"


def id_name() -> str:
    """Return the name of the property that carries the Xero contact id."""
    return parts().names.get("xero_contact_id", "xero_contact_id")


def is_ours(name: str) -> bool:
    """Tell whether a property is one of those that Ledgerloop defines, under the portal's name for it."""
    names = parts().names
    return any(names.get(one.name, one.name) == name for one in PROPERTIES)


def said(error: BatchError) -> str:
    """Return what HubSpot said, with the sentences about single properties that its message leaves out."""
    return " ".join(dict.fromkeys((error.message, *(one for _, _, one in error.problems if one not in error.message))))


def lacking(error: BatchError) -> list[str]:
    """Name the properties that a rule of the account requires and nobody has given."""
    return list(dict.fromkeys(name for name, code, _ in error.problems if code in REQUIRED and name))


def _send(
    client: HubSpotClient,
    kind: str,
    send: Callable[[Mapping[str, Values]], BatchResult],
    rows: Mapping[str, Values],
    droppable: Callable[[Values, BatchError], list[Dropped]],
) -> Sent:
    sent, waiting, provisioned = Sent(), {key: dict(values) for key, values in rows.items()}, False
    for _ in range(_ROUNDS):
        if not waiting:
            break
        result = send(waiting)
        errors = _with_holders(client, kind, waiting, _by_key(result))
        sent.records |= {key: one for key, one in result.by_trace().items() if key in waiting}
        again: dict[str, dict[str, str]] = {}
        unknown = sorted({name for error in errors.values() for name in _unknown(error)})
        if unknown:
            if provisioned:
                raise Refused(f"HubSpot lacks the properties {', '.join(unknown)}: `ledgerloop doctor` says more.", 400)
            provision(client, survey(client), parts().names, parts().clock.sleep)
            provisioned = True
        for key, error in errors.items():
            if key not in waiting:
                continue
            dropped = droppable(waiting[key], error)
            rest = _without(waiting[key], dropped)
            if _unknown(error):
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


def _whole(row: Values, dropped: Sequence[Dropped], wholes: Sequence[Sequence[str]]) -> list[Dropped]:
    """Leave what belongs together out as a whole where a part of it is refused: half of it would be wrong."""
    out = list(dropped)
    for whole in wholes:
        part = next((one for one in out if one.name in whole), None)
        if part is not None:
            names = {one.name for one in out}
            out += [replace(part, name=name) for name in whole if name in row and name not in names]
    return out


def _with_holders(
    client: HubSpotClient, kind: str, rows: Mapping[str, Values], errors: Mapping[str, BatchError]
) -> dict[str, BatchError]:
    """Find who holds an email where HubSpot says only that somebody does (409)."""
    silent = {
        key: email.lower()
        for key, error in errors.items()
        if kind == CONTACTS and error.category == "CONFLICT" and not error.existing_id
        if (email := rows.get(key, {}).get("email"))
    }
    holders = client.read(CONTACTS, list(silent.values()), (), "email") if silent else {}
    found = {key: holders[email].id for key, email in silent.items() if email in holders}
    return {key: replace(error, existing_id=found.get(key, error.existing_id)) for key, error in errors.items()}


def _without(row: Values, dropped: Sequence[Dropped]) -> dict[str, str]:
    names = {one.name for one in dropped}
    return {name: value for name, value in row.items() if name not in names}


def _by_key(result: BatchResult) -> dict[str, BatchError]:
    return {key: error for error in result.errors for key in (*error.ids, *error.trace_ids)}


def _unknown(error: BatchError) -> list[str]:
    return [name for name, code, _ in error.problems if code == UNKNOWN and is_ours(name)]


def _droppable_on_create(needed: frozenset[str], row: Values, error: BatchError) -> list[Dropped]:
    """Name the values without which the record may be made. Its Xero id is none of them: it says who has it already.

    Nor is an email that is refused for anything but its form: HubSpot may know that the person wants to be forgotten.
    """
    refused = [one for one in _refused(row, error) if one.code != TAKEN]
    if error.existing_id or any(one.name == "email" and one.code != INVALID_EMAIL for one in refused):
        return []
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
