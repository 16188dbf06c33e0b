"""A TCP proxy that a test can cut, or make swallow what the server says."""

from __future__ import annotations

import asyncio
from contextlib import suppress

CHUNK_BYTES = 1 << 16


class Proxy:
    """Forwards connections to a port until told otherwise.

    Attributes:
        port: Where clients connect.
        swallowing: Whether what the server sends is thrown away: commands run, answers are lost.
        refusing: Whether new connections are closed at once.
        cuts: How many connections were cut.
    """

    def __init__(self) -> None:
        self.port = 0
        self.target_port = 0
        self.swallowing = False
        self.refusing = False
        self.cuts = 0
        self._server: asyncio.Server | None = None
        self._links: dict[asyncio.Task[None], tuple[asyncio.StreamWriter, ...]] = {}

    async def start(self, target_port: int) -> None:
        """Listen on a free port."""
        self.target_port = target_port
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Cut everything and stop listening."""
        self.cut()
        if self._server is not None:
            self._server.close()
        await asyncio.gather(*self._links, return_exceptions=True)

    def cut(self) -> None:
        """Break every connection at once, as when a cable is pulled and a host resets."""
        for writers in self._links.values():
            self.cuts += 1
            for writer in writers:
                writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        task = asyncio.current_task()
        assert task is not None
        self._links[task] = (writer, back_writer)
        forward = asyncio.create_task(self._pump(reader, back_writer, from_server=False))
        backward = asyncio.create_task(self._pump(back_reader, writer, from_server=True))
        try:
            await asyncio.wait((forward, backward), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in (forward, backward):
                pump.cancel()
            await asyncio.gather(forward, backward, return_exceptions=True)
            for end in (writer, back_writer):
                end.transport.abort()
            del self._links[task]

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, from_server: bool
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(CHUNK_BYTES):
                if from_server and self.swallowing:
                    continue
                writer.write(data)
                await writer.drain()
