"""Write many records in one call, so that a bad row costs itself and nothing else.

Every row carries an ``objectWriteTraceId``: with it HubSpot can let the good rows through (207) and say which were bad.
Where it refuses the whole batch all the same (400), nothing was written, and the batch is sent in halves until the bad
row stands alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ledgerloop.bisect import bisect
from ledgerloop.errors import Conflict, Invalid, Refused, Transient, UnknownOutcome
from ledgerloop.http import Api
from ledgerloop.hubspot.models import BatchError, BatchResult, Record
from ledgerloop.hubspot.reading import errors_in, records_in

MOST_ROWS = 100

Row = Mapping[str, Any]


def write(api: Api, path: str, rows: Sequence[Row], *, repeatable: bool) -> BatchResult:
    """Send the rows, in halves where HubSpot refuses them as one.

    An UnknownOutcome out of a half says that nothing is known of any row: what was asked is looked for, all of it.
    """
    if len(rows) > MOST_ROWS:
        raise ValueError(f"write at most {MOST_ROWS} rows at once, not {len(rows)}")

    def send(some: Sequence[Row]) -> BatchResult:
        answer = api.call("POST", path, body={"inputs": some}, repeatable=repeatable)
        try:
            return BatchResult(_traced(records_in(answer), some), errors_in(answer))
        except Transient as error:  # it was written, but what was written cannot be read
            raise error if repeatable else UnknownOutcome(error.message, answer.status) from None

    result = BatchResult()
    for some, answer in bisect(send, rows, (Invalid, Conflict)):
        result = result.plus(
            BatchResult(errors=(_error_of(some[0], answer),)) if isinstance(answer, Refused) else answer
        )
    return result


def not_answered(asked: Sequence[str], result: BatchResult) -> tuple[BatchError, ...]:
    """Report the ids of an update that came back neither as a record nor in an error.

    HubSpot leaves out, silently, a record that was merged into another. If there is an error that names nobody, it is
    taken for their reason instead.
    """
    heard = {one.id for one in result.results} | {name for one in result.errors for name in (*one.ids, *one.trace_ids)}
    silent = tuple(one for one in asked if one not in heard)
    if not silent:
        return ()
    nameless = next((one for one in result.errors if not one.ids and not one.trace_ids), None)
    if nameless is not None:
        return (BatchError(nameless.message, nameless.category, nameless.codes, nameless.problems, silent),)
    return (BatchError("HubSpot left the record out: it was merged into another one.", "MERGED", ids=silent),)


def _error_of(row: Row, refusal: Refused) -> BatchError:
    problems = refusal.problems if isinstance(refusal, Invalid) else ()
    return BatchError(
        refusal.message,
        "CONFLICT" if isinstance(refusal, Conflict) else "VALIDATION_ERROR",
        tuple(dict.fromkeys(code for _, code, _ in problems if code)),
        problems,
        (str(row["id"]),) if "id" in row else (),
        (str(row["objectWriteTraceId"]),),
        refusal.existing_id if isinstance(refusal, Conflict) else "",
    )


def _traced(records: Sequence[Record], rows: Sequence[Row]) -> tuple[Record, ...]:
    """Give each record the trace of its row where HubSpot did not: by the id, else by the values only it could have."""
    by_id = {str(row["id"]): row["objectWriteTraceId"] for row in rows if "id" in row and "idProperty" not in row}
    taken = {one.object_write_trace_id for one in records}
    open_rows = [row for row in rows if row["objectWriteTraceId"] not in taken]
    traced = []
    for record in records:
        trace = record.object_write_trace_id or by_id.get(record.id, "")
        if not trace:
            alike = [row for row in open_rows if _is_made_of(record, row["properties"])]
            trace = alike[0]["objectWriteTraceId"] if len(alike) == 1 else ""
        traced.append(record.model_copy(update={"object_write_trace_id": trace}))
    return tuple(traced)


def _is_made_of(record: Record, values: Mapping[str, str]) -> bool:
    shown = {name: value for name, value in values.items() if name in record.properties}
    return bool(shown) and all(
        (record.properties[name] or "").lower() == value.lower() for name, value in shown.items()
    )
