"""Turn what a vendor answered into data, or into one of our errors. Does no I/O.

What a refusal says is worded differently by each vendor, so each vendor's package has a :class:`Dialect` that reads it.
What follows from a status is decided here, in one table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

from ledgerloop.errors import (
    Conflict,
    ConsentNeeded,
    Invalid,
    LedgerloopError,
    Missing,
    RateLimited,
    Refused,
    ScopeMissing,
    Transient,
    UnknownOutcome,
)
from ledgerloop.rate_limiter import Reading

BODY_KEPT = 2000
"""How much of a refusal's body is kept for the operator."""

LONGEST_WAIT = 86_400.0
"""The longest window of both vendors' quotas is a day."""


_LONGEST_FIGURE = 9
"""Digits. No quota of either vendor has more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``data`` is decoded JSON, or None where the body is empty or no JSON."""

    status: int
    headers: Mapping[str, str]
    data: Any = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a vendor says in a refusal, in no vendor's words."""

    sentence: str
    problems: tuple[tuple[str, str, str], ...] = ()
    scopes: tuple[str, ...] = ()
    scope_missing: bool = False
    existing_id: str = ""
    request_id: str = ""
    consent: str = ""
    """Why a person must connect again, if this refusal means that."""


class Dialect(Protocol):
    """Read one vendor's answers."""

    vendor: str
    """For those who count: xero or hubspot."""
    name: str
    """For sentences: Xero or HubSpot."""

    def reads(self, method: str, path: str) -> bool:
        """Tell whether a call, by its method and the template of its path, is known to read and to change nothing."""

    def scopes(self, method: str, path: str) -> tuple[str, ...]:
        """Return the scopes of which any one opens a call, where the vendor's refusals do not name them."""

    def to_grant(self) -> str:
        """Say what a person does to have a scope granted."""

    def refusal(self, answer: Answer) -> Refusal:
        """Say what a refusal says, whatever its body is."""

    def reading(self, answer: Answer, kind: str) -> Reading:
        """Say what an answer tells about quotas; a 429 always gets a wait."""


_REFUSED: Mapping[int, type[Refused]] = {
    400: Invalid,
    404: Missing,
    409: Conflict,
    410: Missing,
    413: Invalid,
    414: Invalid,
    422: Invalid,
}
_PARKED = frozenset({429, 477})
"""Not carried out, and may be sent again after a stated time. 477: HubSpot moves the account between data centres."""
_LOCKED = 423
"""Not carried out, because other writes hold the record for some 2 seconds."""
_LOST = frozenset({408, 425})
"""Besides every 5xx: it is not known whether the call was carried out."""


def locked(status: int) -> bool:
    """Tell whether the call was turned away by a short lock and may simply be sent again."""
    return status == _LOCKED


def parked(status: int) -> bool:
    """Tell whether the call was turned away until a stated moment."""
    return status in _PARKED


def lost(status: int) -> bool:
    """Tell whether the status leaves open if the call was carried out."""
    return status in _LOST or status >= 500


def failure(name: str, call: str, what: str, repeatable: bool, status: int | None = None) -> LedgerloopError:
    """Name a call whose answer was lost: a read heals with time, a write must be looked for before it is sent again."""
    kind = Transient if repeatable else UnknownOutcome
    return kind(f"{name} {call}: {what}", status)


def error_from(dialect: Dialect, call: str, answer: Answer, reading: Reading, repeatable: bool) -> LedgerloopError:
    """Return the error that an answer outside 2xx means. ``call`` is the method and the path of what was called."""
    status, refusal = answer.status, dialect.refusal(answer)
    sentence = without_emails(refusal.sentence) or "no reason given"
    message = f"{dialect.name} {call}: {status}, {sentence}"
    if refusal.consent:
        return ConsentNeeded(dialect.name, refusal.consent)
    if parked(status) or (lost(status) and repeatable and reading.wait is not None):
        return RateLimited(message, reading.wait or 60.0, reading.spent)
    if locked(status):
        return Transient(message, status)
    if lost(status):
        return failure(dialect.name, call, f"{status}, {sentence}", repeatable, status)
    body, request_id = without_emails(answer.text[:BODY_KEPT]), refusal.request_id
    if status in (401, 403) and (refusal.scopes or refusal.scope_missing):
        scopes = refusal.scopes or dialect.scopes(*call.split(" ", 1))
        needed = f"; any one of these scopes would do: {', '.join(scopes)}. {dialect.to_grant()}" if scopes else ""
        return ScopeMissing(message + needed, status, body, request_id, scopes)
    if status == 401:
        return ConsentNeeded(dialect.name, f"its API refuses the credential ({sentence})")
    kind = _REFUSED.get(status, Refused)
    if kind is Invalid:
        problems = tuple((field, code, without_emails(said)) for field, code, said in refusal.problems)
        return Invalid(message, status, body, request_id, problems)
    if kind is Conflict:
        return Conflict(message, status, body, request_id, refusal.existing_id)
    return kind(message, status, body, request_id)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that Retry-After asks for; where it is a date, as seen from the answer's own Date.

    More than the longest window of any quota explains is not believed: it would park a lane for months.
    """
    said = headers.get("Retry-After", "").strip()
    if said.replace(".", "", 1).isdecimal():
        return min(float(said), LONGEST_WAIT)
    try:
        wait = (parsedate_to_datetime(said) - parsedate_to_datetime(headers.get("Date", ""))).total_seconds()
        return min(max(0.0, wait), LONGEST_WAIT)
    except (ValueError, TypeError, OverflowError):
        return None


def figure(headers: Mapping[str, str], name: str) -> int | None:
    """Return the count that a header tells; none where it tells none that could be one."""
    said = headers.get(name, "").strip()
    return int(said) if said.isdecimal() and len(said) <= _LONGEST_FIGURE else None


def moment_told(date: str) -> datetime | None:
    """Return the moment that a Date header tells; none where it tells none."""
    try:
        told = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        return None
    return told if told.tzinfo else None


_EMAIL = re.compile(r"[^\s\"'<>@:;,(\[{\\]+@[^\s\"'<>@:;,)\]}\\]*")


def without_emails(text: str) -> str:
    """Blot out email addresses: errors are stored and logged, and addresses have no business there."""
    return _EMAIL.sub("[email]", text)
