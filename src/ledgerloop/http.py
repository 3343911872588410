"""One request in; data or one of our errors out. Decides what is repeated, after how long, and with which token.

A read, and a write that may be repeated, is tried again after a lost answer. A write that must not be repeated is not:
its caller gets UnknownOutcome and looks before sending again. Nothing here logs; callers count calls by ``observe``.
"""

from __future__ import annotations

import copy
import functools
import random
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

import httpx2

from ledgerloop.clock import Clock
from ledgerloop.decimal_json import dumps, loads
from ledgerloop.errors import LedgerloopError, NotSent
from ledgerloop.rate_limiter import Governor, Priority
from ledgerloop.refusals import Again
from ledgerloop.vendor_errors import Answer, Dialect, error_from, judge, lost

NEVER_LEFT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)
"""Failures after which it is certain that the request did not leave."""


@dataclass(frozen=True, slots=True)
class Call:
    """Describe one call for those who count: ``path`` is the template, ``status`` is 0 where no answer came.

    ``bytes_in`` are the bytes of the answer's body as they travelled, ``bytes_out`` those of ours.
    """

    vendor: str
    lane: str
    method: str
    path: str
    status: int
    seconds: float
    bytes_in: int
    bytes_out: int
    attempt: int
    date: str = ""
    """The vendor's own clock, as the answer's Date header tells it."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Say how often a call is tried in all, and how long computed waits are."""

    attempts: int = 4
    base: float = 1.0
    ceiling: float = 60.0
    lock: float = 2.0
    """HubSpot's locks last 2 seconds."""
    patience: float = 5.0
    """A stated wait up to this is waited for here; a longer one is raised, so that the caller parks the lane."""

    def wait(self, attempt: int, chance: float) -> float:
        """Return full jitter: anything up to the base doubled with each attempt, up to the ceiling."""
        return chance * min(self.ceiling, self.base * 2.0 ** (attempt - 1))


SHORTEST = 12
"""Characters of a token; what is shorter is none, and stands in answers by chance."""
TAKEN_OUT = "[token]"
"""What stands in an answer where a token stood: refusals are kept in the journal, and shown to people."""


@functools.cache
def trusted() -> ssl.SSLContext:
    """Read the authorities that certificates are checked against, once for all connections: it takes 30 ms."""
    return httpx2.create_ssl_context()


def open_client(timeout: float = 30.0, connections: int = 20) -> httpx2.Client:
    """Open the pool of connections that all calls to one vendor share."""
    return httpx2.Client(
        timeout=httpx2.Timeout(timeout, connect=min(timeout, 5.0)),
        limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=connections),
        headers={"Accept": "application/json", "User-Agent": "ledgerloop"},
        follow_redirects=False,
        verify=trusted(),
    )


class Api:
    """Call one vendor's API on behalf of one lane. Safe to share between threads."""

    def __init__(
        self,
        client: httpx2.Client,
        base_url: str,
        dialect: Dialect,
        *,
        token: Callable[[str], str],
        governor: Governor,
        clock: Clock,
        lane: str = "",
        headers: Mapping[str, str] | None = None,
        observe: Callable[[Call], None] = lambda call: None,
        priority: Priority = "live",
        retry: Retry | None = None,
        chance: Callable[[], float] = random.random,
        replaced: Callable[[str], bool] = lambda used: False,
    ) -> None:
        """Take the parts. ``token`` is asked with "" for a token, and with a refused token for another than that.

        ``replaced`` tells whether somebody has put another token in the place of one that was used.
        """
        self._client, self._base_url, self._dialect = client, base_url.rstrip("/"), dialect
        self.token, self._governor, self.lane, self._headers = token, governor, lane, dict(headers or {})
        self._observe, self._priority = observe, priority
        self._retry = Retry() if retry is None else retry
        self.clock, self._chance, self._replaced = clock, chance, replaced
        self._only_reads = False

    def as_backfill(self) -> Self:
        """Return the same API whose calls stand behind live work."""
        other = copy.copy(self)
        other._priority = "backfill"
        return other

    def reading_only(self) -> Self:
        """Return the same API which lets through what its dialect lists as reads, and raises NotSent for all else."""
        other = copy.copy(self)
        other._only_reads = True
        return other

    def call(
        self,
        method: str,
        path: str,
        *,
        ids: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
        kind: str = "",
        empty: bool = False,
    ) -> Answer:
        """Make one call and return a 2xx answer; everything else is raised.

        ``path`` is a template that ``ids`` fill in. ``repeatable`` says that doing it twice is doing it once; a GET
        is. ``kind`` tells the governor which quota counts. ``empty`` says that an answer without a body is right.
        """
        if self._only_reads and not self._dialect.reads(method, path):
            what = f"{self._dialect.name} {method} {path}"
            raise NotSent(f"{what} is not known to be a read, so it was not sent. Please report this.")
        again = method == "GET" if repeatable is None else repeatable
        wire = self._client.build_request(
            method,
            self._base_url + path.format_map({name: quote(value, safe="") for name, value in (ids or {}).items()}),
            params=params,
            content=None if body is None else dumps(body).encode(),
            headers={**self._headers, **({"Content-Type": "application/json"} if body is not None else {})}
            | dict(headers or {}),
        )
        request = _Request(wire, path, kind, again, empty)
        refused, refusal = "", None
        attempt = 0
        while True:
            attempt += 1
            token = self.token(refused)
            if refusal is not None and token == refused:
                raise refusal
            wire.headers["Authorization"] = f"Bearer {token}"
            with self._governor.admit(self.lane, self._priority, kind):
                outcome = self._once(request, token, attempt, renewed=bool(refused))
            if isinstance(outcome, Answer):
                return outcome
            if outcome.again == "renewed" or (outcome.again == "replaced" and self._replaced(token)):
                refused, refusal, attempt = token, outcome.error, attempt - 1
                continue
            wait = self._pause(outcome, again, attempt)
            if wait is None or attempt >= self._retry.attempts:
                raise outcome.error
            self.clock.sleep(wait)

    def _once(self, request: _Request, token: str, attempt: int, *, renewed: bool) -> Answer | _Failed:
        """Send a request once with a token; return the answer, or what is wrong with it or with there being none."""
        began, status, bytes_in, date = self.clock.monotonic(), 0, 0, ""
        said, again = request.said, request.again
        try:
            response = self._client.send(request.wire)
            status, bytes_in = response.status_code, response.num_bytes_downloaded
            date = response.headers.get("Date", "")
            answer = _answer(response, token)
            reading = self._dialect.reading(answer, request.kind)
            self._governor.observe(self.lane, reading, request.kind)
            if request.is_answered(answer):
                return answer
            row = judge(self._dialect, answer, reading, again, renewed)
            return _Failed(error_from(self._dialect, row, said, answer, reading, again), row.again, reading.wait)
        except NEVER_LEFT as error:
            why = f"{self._base_url} ({type(error).__name__})"
            return _Failed(*lost(self._dialect, said, why, again, "unsent"))
        except httpx2.RequestError as error:
            return _Failed(*lost(self._dialect, said, type(error).__name__, again))
        finally:
            seconds, bytes_out = self.clock.monotonic() - began, len(request.wire.content)
            vendor, method, path = self._dialect.vendor, request.wire.method, request.path
            call = Call(vendor, self.lane, method, path, status, seconds, bytes_in, bytes_out, attempt, date)
            self._observe(call)

    def _pause(self, failed: _Failed, again: bool, attempt: int) -> float | None:
        """Return how long to wait before the same call is sent again, or None if it must not be."""
        computed = self._retry.wait(attempt, self._chance())
        match failed.again:
            case "told":
                wait = 60.0 if failed.wait is None else failed.wait
                return wait if wait <= self._retry.patience else None
            case "unlocked":
                return max(computed, self._retry.lock)
            case "unsent":
                return computed
            case "reads" if again:
                return computed
            case _:
                return None


@dataclass(frozen=True, slots=True)
class _Request:
    """Hold what is sent, and what its caller said of it: see :meth:`Api.call`."""

    wire: httpx2.Request
    path: str
    """The template, which names no record."""
    kind: str
    again: bool
    """Whether doing it twice is doing it once."""
    empty: bool

    @property
    def said(self) -> str:
        """Name it for people."""
        return f"{self.wire.method} {self.path}"

    def is_answered(self, answer: Answer) -> bool:
        """Tell whether this is the answer that was asked for."""
        return 200 <= answer.status < 300 and (answer.data is not None or (self.empty and not answer.text.strip()))


@dataclass(frozen=True, slots=True)
class _Failed:
    """Hold why a call failed, when it may be sent again, and the seconds that the vendor told."""

    error: LedgerloopError
    again: Again
    wait: float | None = None


def _answer(response: httpx2.Response, token: str) -> Answer:
    """Read an answer. Where a vendor, or a network in between, repeats the token in it, nobody else does."""
    content, told = response.content, len(token) >= SHORTEST and token.encode() in response.content
    try:
        data = loads(content.replace(token.encode(), TAKEN_OUT.encode()) if told else content)
    except ValueError:
        data = None
    text = "" if data is not None and response.is_success else response.text
    text = text.replace(token, TAKEN_OUT) if told else text
    return Answer(response.status_code, response.headers, data, text)
