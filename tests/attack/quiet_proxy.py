"""A network between two programs that can forget its connections: it forwards nothing more, and closes nothing."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Self


class Network:
    """Forward connections to a port on loopback, from a port of its own, until it forgets them."""

    def __init__(self, to: int) -> None:
        self._to, self.port = to, 0
        self._silent = False
        self._age = 0
        """A connection of an earlier age is forgotten."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._writers: set[asyncio.StreamWriter] = set()
        self._far: set[asyncio.StreamWriter] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(30)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def forget(self) -> None:
        """Forward nothing more, of connections that are open and of those that are opened from now on."""
        self._silent = True
        self._age += 1

    def heal(self) -> None:
        """Forward new connections again. Those from before stay forgotten, and open."""
        self._age += 1
        self._silent = False

    def tell_the_server(self) -> None:
        """Let the server find out which connections were forgotten, as its keepalives would after a while."""
        self._loop.call_soon_threadsafe(lambda: [one.transport.abort() for one in self._far])

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._carry, "127.0.0.1", 0)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        age = self._age
        self._writers.add(writer)
        try:
            if self._silent:
                await self._swallow(reader)
                return
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
            self._far.add(far_writer)
            await asyncio.gather(
                self._forward(reader, far_writer, age), self._forward(far_reader, writer, age), return_exceptions=True
            )
        except OSError:
            writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, age: int) -> None:
        while data := await reader.read(65_536):
            if age == self._age and not self._silent:
                writer.write(data)
        if age == self._age:
            writer.close()

    async def _swallow(self, reader: asyncio.StreamReader) -> None:
        while await reader.read(65_536):
            pass

    async def _end(self) -> None:
        self._server.close()
        for writer in self._writers | self._far:
            writer.transport.abort()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0.05)
