"""Remember every call that a vendor's half received, cheaply enough for hundreds of thousands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """Describe one call as the vendor saw it."""

    at: datetime
    vendor: str
    method: str
    path: str
    query: str
    status: int
    milliseconds: float
    organisation: str | None
    bytes_in: int
    bytes_out: int
    fault: str | None


class CallLog:
    """Hold the calls of one half in the order in which they were answered."""

    def __init__(self) -> None:
        self._calls: list[Call] = []

    def append(self, call: Call) -> None:
        """Add one call."""
        self._calls.append(call)

    def count(self) -> int:
        """Return how many calls there were since the last clear."""
        return len(self._calls)

    def clear(self) -> None:
        """Forget all calls."""
        self._calls = []

    def as_json(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the calls from number `since` on, ready for JSON.

        A status of 0 means that the connection was reset and the caller saw no status at all.
        """
        return [
            {
                "number": number,
                "at": call.at.isoformat(),
                "vendor": call.vendor,
                "method": call.method,
                "path": call.path,
                "query": call.query,
                "status": call.status,
                "milliseconds": round(call.milliseconds, 3),
                "organisation": call.organisation,
                "bytes_in": call.bytes_in,
                "bytes_out": call.bytes_out,
                "fault": call.fault,
            }
            for number, call in enumerate(self._calls[since:], since)
        ]
