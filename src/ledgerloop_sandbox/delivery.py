"""Deliver webhooks: post them, wait at most 5 seconds, retry on the vendor's schedule, remember every attempt.

What is posted, how it is signed and which answers count as received is the vendor's half's to say.
"""

import asyncio
import functools
import ipaddress
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2

from ledgerloop_sandbox.clock import Clock
from ledgerloop_sandbox.faults import Faults

# Connections are dropped before a receiver's own 5 seconds are over: a delivery must not meet one that just closed.
_LIMITS = httpx2.Limits(max_connections=200, keepalive_expiry=2.0)


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Read the authorities that certificates are checked against, once for both vendors: it takes 30 ms."""
    return httpx2.create_ssl_context(trust_env=False)


def require_loopback(url: str) -> str:
    """Return the address unchanged, or refuse it: the sandbox posts to this machine and nowhere else."""
    host = urlsplit(url).hostname or ""
    if host != "localhost":
        try:
            loopback = ipaddress.ip_address(host).is_loopback
        except ValueError:
            loopback = False
        if not loopback:
            raise ValueError(f"the sandbox delivers to loopback addresses only, not to {host or url!r}")
    return url


@dataclass(frozen=True, slots=True)
class Parcel:
    """Describe one webhook request, before it is signed.

    `headers` is called for each attempt, because some signatures contain the time.
    `verdict` returns what was wrong with an answer, or nothing.
    `wanted` is asked before each attempt: what is no longer wanted is dropped.
    `failed` is told of each attempt that was wrong, and `gaps` are the waits between them, instead of the vendor's.
    """

    url: str
    body: bytes
    headers: Callable[[int], Mapping[str, str]]
    verdict: Callable[[httpx2.Response], str | None]
    events: int
    wanted: Callable[[], bool] = lambda: True
    settled: Callable[[bool], None] = lambda delivered: None
    failed: Callable[[], None] = lambda: None
    gaps: Sequence[float] | None = None


class Delivery:
    """Post parcels from asyncio tasks of the running event loop."""

    def __init__(self, clock: Clock, faults: Faults, gaps: Sequence[float], *, limit_seconds: float = 5.0) -> None:
        self.clock = clock
        self.faults = faults
        self.gaps = tuple(gaps)
        self.limit_seconds = limit_seconds
        self.attempts: list[dict[str, Any]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: Parcel | None = None
        self._client: httpx2.AsyncClient | None = None

    @property
    def pending(self) -> int:
        """Return how many parcels are on their way or wait for a retry."""
        return len(self._tasks) + (self._held is not None)

    def send(self, parcel: Parcel) -> None:
        """Start to deliver a parcel, subject to the webhook faults."""
        fault = self.faults.take_for_webhook(parcel.url)
        kind = fault.kind if fault else None
        if kind == "drop":
            self._note(parcel, 0, None, "dropped by a fault", 0.0)
            return
        if kind == "reorder" and self._held is None:
            self._held = parcel  # it leaves after the next one, or at last by itself
            asyncio.get_running_loop().call_later(1.0, self._release)
            return
        self._start(parcel)
        if kind == "double":
            self._start(parcel)
        self._release()

    async def attempt(self, parcel: Parcel, number: int = 0) -> str | None:
        """Post a parcel once; return what was wrong, or nothing."""
        if self._client is None:
            self._client = httpx2.AsyncClient(
                trust_env=False, follow_redirects=False, limits=_LIMITS, verify=_trusted()
            )
        loop = asyncio.get_running_loop()
        began = loop.time()
        status: int | None = None
        try:
            async with asyncio.timeout(self.limit_seconds):
                answer = await self._client.post(parcel.url, content=parcel.body, headers=dict(parcel.headers(number)))
            status, problem = answer.status_code, parcel.verdict(answer)
        except TimeoutError:
            problem = f"no answer within {self.limit_seconds:g} seconds"
        except httpx2.HTTPError as error:
            problem = f"no answer: {type(error).__name__}"
        self._note(parcel, number, status, problem, (loop.time() - began) * 1000)
        return problem

    async def forget(self) -> None:
        """Cancel all retries and close the connections."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._held = None
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    def _start(self, parcel: Parcel, after: float = 0.0) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(parcel, after))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, parcel: Parcel, after: float) -> None:
        if after:
            await asyncio.sleep(after)
        due = self.clock.seconds()
        for number, gap in enumerate((0.0, *(self.gaps if parcel.gaps is None else parcel.gaps))):
            due += gap  # counted from the first attempt, so that a shift of the clock makes all of them due
            if (left := due - self.clock.seconds()) > 0:
                await self.clock.sleep(left)
            if not parcel.wanted():
                return
            if await self.attempt(parcel, number) is None:
                parcel.settled(True)
                return
            parcel.failed()
        parcel.settled(False)

    def _release(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            self._start(held, after=0.05)

    def _note(self, parcel: Parcel, number: int, status: int | None, problem: str | None, milliseconds: float) -> None:
        self.attempts.append(
            {
                "at": self.clock.now().isoformat(),
                "url": parcel.url,
                "attempt": number,
                "events": parcel.events,
                "status": status,
                "problem": problem,
                "milliseconds": round(milliseconds, 3),
                "body": parcel.body.decode(),
            }
        )
