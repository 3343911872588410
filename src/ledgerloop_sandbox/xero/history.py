"""Keep notes on a record, as its History."""

from typing import Any

from ledgerloop_sandbox.xero.batch import write
from ledgerloop_sandbox.xero.call import ApiCall
from ledgerloop_sandbox.xero.envelope import envelope
from ledgerloop_sandbox.xero.errors import Answer, Invalid, not_found
from ledgerloop_sandbox.xero.organisation import Change
from ledgerloop_sandbox.xero.wire import Wire, moment, moment_string


def get(call: ApiCall) -> Answer:
    """Answer GET …/{id}/History."""
    return envelope(call, "HistoryRecords", call.organisation.history.get(_record_id(call), []))


def put(call: ApiCall) -> Answer:
    """Answer PUT …/{id}/History: add notes."""
    record_id = _record_id(call)

    def add(call: ApiCall, change: Change, given: Wire) -> Wire:
        details = str(given.get("Details") or "")
        if not details or len(details) > 2500:
            raise Invalid("Details must have between 1 and 2500 characters")
        return note(call, record_id, "Note", details)

    return write(call, "HistoryRecords", "HistoryRecordID", add, lambda call, kept: kept)


def note(call: ApiCall, record_id: str, changes: str, details: str) -> Wire:
    """Keep what happened to a record."""
    kept = {
        "Changes": changes,
        "DateUTC": moment(call.now),
        "DateUTCString": moment_string(call.now),
        "User": "System Generated",
        "Details": details,
    }
    call.organisation.history.setdefault(record_id, []).append(kept)
    return kept


def _record_id(call: ApiCall) -> str:
    org, wanted = call.organisation, call.ids[0]
    tables: tuple[Any, ...] = (org.contacts, org.invoices, org.payments, *org.credits.values())
    found = next((record for table in tables if (record := table.get(wanted))), None)
    if found is None:
        raise not_found()
    return str(found.id)
