"""Send signed webhooks over many connections, one after the other on each, and count what was accepted.

Runs as a process of its own. Prints one JSON object: the ranges of numbers that were answered 200, how many others,
and how long the answers took. A server that goes away in the middle ends the load; what it had answered until then
still counts.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count, groupby
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import httptools
import uvloop

from bench.figures import percentile
from bench.signing import Webhooks

PATIENCE = 6.0
"""Seconds to wait for the last answers; the vendors themselves wait five."""


@dataclass
class Tally:
    """What came of the webhooks that were sent."""

    accepted: list[int] = field(default_factory=list)
    refused: int = 0
    cut: int = 0
    """Connections that ended before their answer."""
    took: list[float] = field(default_factory=list)


class Lane(asyncio.Protocol):
    """One connection: send, wait for the answer, send the next, until the time is up."""

    def __init__(self, make: Webhooks, numbers: count[int], until: float, tally: Tally) -> None:
        self._make, self._numbers, self._until, self._tally = make, numbers, until, tally
        self._parser = httptools.HttpResponseParser(self)
        self._number, self._sent = 0, 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own kind, which is no subclass
        self._next()

    def data_received(self, data: bytes) -> None:
        """Read on in the answer."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Count the answer and send the next."""
        self._tally.took.append(time.perf_counter() - self._sent)
        if self._parser.get_status_code() == 200:
            self._tally.accepted.append(self._number)
        else:
            self._tally.refused += 1
        self._parser = httptools.HttpResponseParser(self)
        if time.perf_counter() < self._until:
            self._next()
        else:
            self._end()

    def connection_lost(self, error: Exception | None) -> None:
        """Note that the server went away, if it did."""
        if not self.ended.done():
            self._tally.cut += 1
            self._end()

    def _next(self) -> None:
        self._number, self._sent = next(self._numbers), time.perf_counter()
        self._transport.write(self._make.request(self._number))

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
            self._transport.close()


async def load(url: str, seconds: float, connections: int, make: Webhooks, first: int) -> Tally:
    """Send for so many seconds over so many connections."""
    address, loop, tally = urlsplit(url), asyncio.get_running_loop(), Tally()
    numbers, until = count(first), time.perf_counter() + seconds
    lanes: list[Lane] = []
    with contextlib.suppress(ConnectionError):
        for _ in range(connections):
            _, lane = await loop.create_connection(
                lambda: Lane(make, numbers, until, tally), address.hostname or "", address.port or 80
            )
            lanes.append(lane)
    if lanes:
        await asyncio.wait([lane.ended for lane in lanes], timeout=seconds + PATIENCE)
    return tally


def ranges(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Write growing numbers as ranges, from the first to before the last: most of them follow each other."""
    for _, some in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        run = [number for _, number in some]
        yield run[0], run[-1] + 1


def main() -> None:
    """Load as the command line says."""
    reader = argparse.ArgumentParser(prog="python -m bench.loader", description=__doc__)
    reader.add_argument("url")
    reader.add_argument("seconds", type=float)
    reader.add_argument("connections", type=int)
    reader.add_argument("tenant")
    reader.add_argument("invoices", type=Path, help="A file with an invoice's id on each line.")
    reader.add_argument("first", type=int, help="The number of the first event.")
    given = reader.parse_args()
    make = Webhooks(urlsplit(given.url).netloc, given.tenant, given.invoices.read_text().split())
    begun = time.perf_counter()
    tally = uvloop.run(load(given.url, given.seconds, given.connections, make, given.first))
    print(
        json.dumps(
            {
                "accepted": list(ranges(sorted(tally.accepted))),
                "refused": tally.refused,
                "cut": tally.cut,
                "seconds": time.perf_counter() - begun,
                "median_ms": (percentile(tally.took, 0.5) or 0.0) * 1000,
                "p99_ms": (percentile(tally.took, 0.99) or 0.0) * 1000,
            }
        )
    )


if __name__ == "__main__":
    main()
