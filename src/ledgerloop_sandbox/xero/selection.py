"""Select the records of a list call: If-Modified-Since, where, order and the kind's own parameters."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from ledgerloop_sandbox.xero.call import ApiCall
from ledgerloop_sandbox.xero.errors import bad_request
from ledgerloop_sandbox.xero.filters import Getter, order, ordered, reader_of, where
from ledgerloop_sandbox.xero.organisation import Record, Table
from ledgerloop_sandbox.xero.wire import read_moment

R = TypeVar("R", bound=Record)
_TOO_MANY = "Due to the high number of records being processed, this filter cannot be used"
Test = Callable[[R], bool]


def selected(
    call: ApiCall,
    table: Table[R],
    getters: dict[str, Getter],
    tests: Iterable[Test[R]],
    *,
    fast: frozenset[str],
    most: int = 100_000,
    start: list[R] | None = None,
) -> list[R]:
    """Return what a list call asks for; by default in the order of the last change.

    `fast` are the properties that a large organisation can be filtered by; beyond `most` documents others are refused.
    `start` is where an index has already found the candidates.
    """
    reader = reader_of(getters)
    records = table.rows.values() if start is None else start
    if since := modified_since(call):
        changed = table.changed_since(since)
        ids = {record.id for record in changed}
        records = changed if start is None else [record for record in start if record.id in ids]
    tests = list(tests)
    if expression := call.query.get("where"):
        predicate, names = where(expression, reader)
        if len(table) > (call.options["high_volume"] or most) and not names <= {name.lower() for name in fast}:
            raise bad_request("HighVolumeException", _TOO_MANY, 20)
        tests.append(predicate)
    chosen = list(records)
    for test in tests:
        chosen = [record for record in chosen if test(record)]
    if by := call.query.get("order"):
        chosen = ordered(chosen, order(by, reader))
    return chosen


class Selections:
    """Remember the last selection of each kind, so that walking its pages does not select anew."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], tuple[Any, list[Any]]] = {}

    def find(self, call: ApiCall, kind: str, make: Callable[[], list[Any]]) -> list[Any]:
        """Return the remembered selection if nothing has changed since, or make it."""
        query = {name: value for name, value in call.query.items() if name not in ("page", "pageSize")}
        key = (
            call.organisation.edition,
            call.headers.get("if-modified-since"),
            tuple(sorted(query.items())),
            call.client_id,
        )
        slot = (call.organisation.tenant_id, kind)
        if slot not in self._last or self._last[slot][0] != key:
            self._last[slot] = (key, make())
        return self._last[slot][1]


def modified_since(call: ApiCall) -> datetime | None:
    """Return the moment of If-Modified-Since; nothing when it was not sent."""
    text = call.headers.get("if-modified-since")
    if not text:
        return None
    try:
        return read_moment(text)
    except ValueError:
        raise bad_request("ValidationException", "The If-Modified-Since header is not a date", 10) from None
