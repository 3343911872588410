"""Run both halves of the sandbox on two loopback ports, in one background thread."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator

import uvicorn

from ledgerloop_sandbox.clock import Clock
from ledgerloop_sandbox.control import mounted
from ledgerloop_sandbox.edge import Protocol
from ledgerloop_sandbox.hubspot.app import HubSpotSandbox
from ledgerloop_sandbox.vendor import Vendor
from ledgerloop_sandbox.xero.app import XeroSandbox

SERVICE_URL = "http://127.0.0.1:8080"


class Sandbox:
    """Hold both halves, their sockets and their shared clock."""

    def __init__(
        self,
        xero_port: int = 0,
        hubspot_port: int = 0,
        *,
        seed: int = 1,
        time_scale: float = 1.0,
        latency_ms: float = 0,
        data: str = "demo",
        service_url: str | None = None,
    ) -> None:
        self.clock = Clock(time_scale)
        self._sockets = [_listening(xero_port), _listening(hubspot_port)]
        self.xero_url, self.hubspot_url = (f"http://127.0.0.1:{sock.getsockname()[1]}" for sock in self._sockets)
        service_url = service_url or SERVICE_URL
        self.xero = XeroSandbox(
            self.xero_url, self.clock, seed=seed, latency_ms=latency_ms, data=data, service_url=service_url
        )
        self.hubspot = HubSpotSandbox(
            self.hubspot_url, self.clock, seed=seed, latency_ms=latency_ms, data=data, service_url=service_url
        )

    @contextlib.contextmanager
    def still(self) -> Iterator[None]:
        """Answer nobody while the block lasts, for whoever reads or changes in another thread what the sandbox holds.

        The block must not call the sandbox: it would wait for itself.
        """
        reached, over = threading.Event(), threading.Event()

        def wait() -> None:
            reached.set()
            over.wait()

        self._loop.call_soon_threadsafe(wait)
        reached.wait()
        try:
            yield
        finally:
            over.set()

    async def serve(self, started: threading.Event, stop: asyncio.Event) -> None:
        """Answer on both ports until told to stop."""
        self._loop = asyncio.get_running_loop()
        vendors: list[Vendor] = [self.xero, self.hubspot]
        servers = [uvicorn.Server(_config(vendor)) for vendor in vendors]
        tasks = [
            asyncio.create_task(server.serve(sockets=[sock]))
            for server, sock in zip(servers, self._sockets, strict=True)
        ]
        while not all(server.started for server in servers):
            await asyncio.sleep(0.005)
        started.set()
        await stop.wait()
        for vendor in vendors:
            await vendor.delivery.forget()
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*tasks)


@contextlib.contextmanager
def running(
    xero_port: int = 0,
    hubspot_port: int = 0,
    *,
    seed: int = 1,
    time_scale: float = 1.0,
    latency_ms: float = 0,
    data: str = "demo",
    service_url: str | None = None,
) -> Iterator[Sandbox]:
    """Run the sandbox while the block lasts; port 0 picks a free one."""
    sandbox = Sandbox(
        xero_port,
        hubspot_port,
        seed=seed,
        time_scale=time_scale,
        latency_ms=latency_ms,
        data=data,
        service_url=service_url,
    )
    started = threading.Event()
    stoppers: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def main() -> None:
        stop = asyncio.Event()
        stoppers.append((asyncio.get_running_loop(), stop))
        await sandbox.serve(started, stop)

    def run() -> None:
        with asyncio.Runner(loop_factory=uvicorn.Config("", log_config=None).get_loop_factory()) as runner:
            runner.run(main())

    thread = threading.Thread(target=run, name="ledgerloop-sandbox", daemon=True)
    thread.start()
    try:
        while not started.wait(0.05):
            if not thread.is_alive():
                raise RuntimeError("the sandbox did not start")
        yield sandbox
    finally:
        for loop, stop in stoppers:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                loop.call_soon_threadsafe(stop.set)
        thread.join(10)


def _listening(port: int) -> socket.socket:
    # With its protocol named, the event loop switches Nagle's delay of 40 ms off for each connection.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen(512)
    return sock


def _config(vendor: Vendor) -> uvicorn.Config:
    return uvicorn.Config(
        mounted(vendor),
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
