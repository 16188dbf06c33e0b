"""Two nodes of a pair on one loop, with real sockets and disks, and a lease that can be lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from engine.keys import KeyTable
from engine.node import Node, NodeOptions
from engine.ports.clock import SystemClock
from engine.ports.lease import LeaseRecord, LeaseUnknown, Versioned
from engine.replication.pair import Pair, PairOptions
from tests.crash.engine_process import free_port, make_keys
from tests.support.echo_venue import EchoVenue
from tests.support.journal import SEGMENT, Endings

GRANT_NS = 300_000_000
WAIT_SECONDS = 20


class MemoryLease:
    """A lease in memory, which a test may lose."""

    def __init__(self) -> None:
        self.found = Versioned("", None)
        self.is_lost = False
        self.asked = 0

    async def read(self) -> Versioned:
        self.asked += 1
        if self.is_lost:
            raise LeaseUnknown("lost")
        return self.found

    async def replace(self, version: str, record: LeaseRecord) -> bool:
        self.asked += 1
        if self.is_lost:
            raise LeaseUnknown("lost")
        if version != self.found.version:
            return False
        self.found = Versioned(str(int(version or 0) + 1), record)
        return True

    async def close(self) -> None:
        """Nothing is held."""


class OneNode:
    """A node and what it does."""

    def __init__(self, pair: Pair, venue: EchoVenue, endings: Endings) -> None:
        self.pair = pair
        self.venue = venue
        self.endings = endings
        self.follows = asyncio.Event()
        self.is_stopped = False
        self.leading: asyncio.Task[Node[Any]] = asyncio.create_task(
            pair.until_leading(self.follows.set)
        )

    @property
    def leads(self) -> bool:
        """Whether it has become the leader."""
        done = self.leading.done() and not self.leading.cancelled()
        return done and self.leading.exception() is None

    async def node(self) -> Node[Any]:
        """Wait until it leads."""
        async with asyncio.timeout(WAIT_SECONDS):
            return await asyncio.shield(self.leading)

    async def stop(self) -> None:
        """Cut it off and end it, without a word; what it held is told to nobody."""
        if self.is_stopped:
            return
        self.is_stopped = True
        if not self.leading.done():
            self.leading.cancel()
            await asyncio.gather(self.leading, return_exceptions=True)
        await self.pair.close()
        if self.leads:
            await self.pair.abandon()


class TwoNodes:
    """Their folders, addresses and lease."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lease = MemoryLease()
        keys = make_keys(folder / "keys.json", 1)
        self._key = keys["replication"]
        self._ports = {name: f"127.0.0.1:{free_port()}" for name in "ab"}
        self._open: list[OneNode] = []

    def start(
        self, name: str, venue: EchoVenue | None = None, *, is_first: bool = False
    ) -> OneNode:
        """Start a node."""
        venue, endings = venue or EchoVenue(), Endings()
        options = PairOptions(
            name=name,
            listen=self._ports[name],
            peer=self._ports["b" if name == "a" else "a"],
            api_key=self._key,
            is_first=is_first,
            grant_ns=GRANT_NS,
        )
        pair = Pair(
            self.folder / name,
            venue,
            [],
            NodeOptions(segment_bytes=SEGMENT),
            options,
            self.lease,
            KeyTable(self.folder / "keys.json"),
            SystemClock(),
            endings,
        )
        node = OneNode(pair, venue, endings)
        self._open.append(node)
        return node

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not holds():  # noqa: ASYNC110  what is waited for tells nobody
                await asyncio.sleep(0.01)  # tidy: sleep-ok polls with a deadline

    async def until_named(self, name: str) -> None:
        """Wait until the lease names a standby, or none."""
        await self.until(lambda: self.standby == name)

    @property
    def standby(self) -> str | None:
        """Whom the lease names."""
        record = self.lease.found.record
        return record.standby if record else None

    def journal(self, name: str) -> dict[str, bytes]:
        """Give the bytes of a node's journal, without segments that were made ahead."""
        files = sorted((self.folder / name / "journal").glob("*.rsj"))
        return {path.name: data for path in files if any(data := path.read_bytes())}

    async def stop(self) -> None:
        """Stop what runs."""
        for node in self._open:
            await node.stop()


@asynccontextmanager
async def two_nodes(folder: Path) -> AsyncIterator[TwoNodes]:
    """Give folders, addresses and a lease; stop what was started."""
    nodes = TwoNodes(folder)
    try:
        yield nodes
    finally:
        await nodes.stop()
