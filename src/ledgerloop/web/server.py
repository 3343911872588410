"""Serve the app on a real socket: in the foreground until a signal comes, or in a thread beside something else."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import sys
import threading  # noqa: TID251 - asks which thread gets the signals, and runs the server in one
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import cast

import uvicorn
from starlette.applications import Starlette

from ledgerloop.errors import LedgerloopError, SettingsError
from ledgerloop.web.wire import Crowd, Guarded, Once, raise_limit

GRACE = 5
"""Seconds that requests under way have to end when the service stops."""
_BACKLOG = 2048


def listening(host: str, port: int, file: str) -> socket.socket:
    """Open the socket to listen on, before anything else is started; SettingsError where it cannot be had."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # With its protocol named, the event loop switches Nagle's delay off for each connection.
        sock = socket.socket(family, kind, socket.IPPROTO_TCP)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(_BACKLOG)
    except OSError as error:
        cure = f"{host}:{port} cannot be listened on ({error.strerror}); stop what uses it, or write another port."
        raise SettingsError("service.port", file, cure) from None
    return sock


@contextmanager
def stoppable() -> Iterator[list[int]]:
    """Remember a signal that asks to stop while the block lasts, so that one which comes during the start counts.

    Raising it there would leave a half-started service that nobody stops.
    """
    asked: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _frame: asked.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def serve(app: Starlette, sock: socket.socket, asked: Sequence[int] = ()) -> None:
    """Serve until SIGINT or SIGTERM, then let requests end, stop the service, and return.

    ``asked`` holds the signals that came before: then it stops at once.
    """
    # What is loaded by now stays. Looking through it for garbage again and again would stop everything for 0.1 s.
    gc.collect()
    gc.freeze()
    raise_limit()
    _Server(_config(app), asked).run(sockets=[sock])


@contextmanager
def running(app: Starlette, sock: socket.socket) -> Iterator[str]:
    """Serve in a thread while the block lasts, and give the address."""
    server = _Server(_config(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, name="web", daemon=True)
    host, port = sock.getsockname()[:2]
    thread.start()
    try:
        while not server.started:
            thread.join(0.005)
            if not thread.is_alive():
                raise LedgerloopError("The service did not start; the log says why.")
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join()


class _Server(uvicorn.Server):
    """Stop quietly: a signal that was asked for is no failure, so it is not raised again after the shutdown."""

    def __init__(self, config: uvicorn.Config, asked: Sequence[int] = ()) -> None:
        super().__init__(config)
        self._asked = asked

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        self.should_exit = self.should_exit or bool(self._asked)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self.force_exit = self.should_exit and number == signal.SIGINT
        self.should_exit = True


def _config(app: Starlette) -> uvicorn.Config:
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    noisy = logging.getLogger("uvicorn.error")
    noisy.filters = [Once()]
    return uvicorn.Config(
        app,
        loop="auto" if sys.platform == "win32" else "uvloop",
        http=cast("type[asyncio.Protocol]", partial(Guarded, crowd=Crowd())),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the app does it, by the setting and not by an environment variable
        timeout_graceful_shutdown=GRACE,
    )
