"""Turn what a vendor answered into data, or into one of our errors. Does no I/O.

What a refusal says is worded differently by each vendor, so each vendor's package has a :class:`Dialect` that reads it.
What follows from it is decided by the table of refusals.
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
    RateLimited,
    Refused,
    ScopeMissing,
    Transient,
    UnknownOutcome,
)
from ledgerloop.rate_limiter import Reading
from ledgerloop.records import Vendor
from ledgerloop.refusals import Again, Row, row_for

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
    existing_id: str = ""
    request_id: str = ""


class Dialect(Protocol):
    """Read one vendor's answers."""

    vendor: Vendor
    """For those who count, and for the table of refusals."""
    name: str
    """For sentences: Xero or HubSpot."""

    def reads(self, method: str, path: str) -> bool:
        """Tell whether a call, by its method and the template of its path, is known to read and to change nothing."""

    def scopes(self, method: str, path: str) -> tuple[str, ...]:
        """Return the scopes of which any one opens a call, where the vendor's refusals do not name them."""

    def to_grant(self) -> str:
        """Say what a person does to have a scope granted."""

    def codes(self, answer: Answer) -> frozenset[str]:
        """Read out of a refusal what the table of refusals tells apart."""

    def refusal(self, answer: Answer) -> Refusal:
        """Say what a refusal says, whatever its body is."""

    def reading(self, answer: Answer, kind: str) -> Reading:
        """Say what an answer tells about quotas; a 429 always gets a wait."""


def judge(dialect: Dialect, answer: Answer, reading: Reading, repeatable: bool, renewed: bool = False) -> Row:
    """Find what follows from an answer. ``renewed`` says that its call went out with a token that is new."""
    codes = dialect.codes(answer) | {reading.spent}
    if renewed:
        codes |= {"renewed"}
    if repeatable and reading.wait is not None:
        codes |= {"told"}
    if 200 <= answer.status < 300:
        codes |= {"unreadable" if answer.text else "empty"}
    return row_for(dialect.vendor, answer.status, codes)


def lost(dialect: Dialect, call: str, said: str, repeatable: bool, code: str = "") -> tuple[LedgerloopError, Again]:
    """Name a call to which no answer came, and say when it may be sent again; ``unsent`` is one that never left."""
    row = row_for(dialect.vendor, 0, {code})
    kind = row.error_for(repeatable)
    assert issubclass(kind, Transient | UnknownOutcome)
    return kind(row.sentence.format(name=dialect.name, call=call, said=said)), row.again


def error_from(
    dialect: Dialect, row: Row, call: str, answer: Answer, reading: Reading, repeatable: bool
) -> LedgerloopError:
    """Return the error that a row makes of an answer. ``call`` is the method and the path of what was called."""
    refusal = dialect.refusal(answer)
    said = without_emails(refusal.sentence) or "no reason given"
    said = said if row.sentence.endswith("{said}") else said.rstrip(".")
    scopes = refusal.scopes or dialect.scopes(*call.split(" ", 1))
    needed = "; `ledgerloop doctor` says which scope is lacking"
    if scopes:
        needed = f"; any one of these scopes would do: {', '.join(scopes)}. {dialect.to_grant()}"
    message = row.sentence.format(name=dialect.name, call=call, status=answer.status, said=said, scopes=needed)
    status, body, request_id = answer.status, without_emails(answer.text[:BODY_KEPT]), refusal.request_id
    kind = row.error_for(repeatable)
    if kind is ConsentNeeded:
        return ConsentNeeded(dialect.name, message)
    if kind is RateLimited:
        return RateLimited(message, reading.wait or 60.0, reading.spent)
    if issubclass(kind, Transient | UnknownOutcome):
        return kind(message, status)
    if kind is ScopeMissing:
        return ScopeMissing(message, status, body, request_id, scopes)
    if kind is Invalid:
        problems = tuple((field, code, without_emails(told)) for field, code, told in refusal.problems)
        return Invalid(message, status, body, request_id, problems)
    if kind is Conflict:
        return Conflict(message, status, body, request_id, refusal.existing_id)
    assert issubclass(kind, Refused)
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
