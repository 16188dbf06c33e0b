"""So many WebSocket readers of one book, in one process; see `bench.feed`.

    python -m bench.feed_readers PORT SOCKETS SECONDS

One reader keeps the book and proves each frame's checksum. The others note a CRC32 of each frame's
bytes; at the end each one's must be a run of the first one's. It prints a line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import struct
import sys
import zlib
from array import array
from functools import partial
from typing import Any

import google_crc32c
import uvloop

MARKET = "GOLD-USD"
CONNECT_AT_ONCE = 50
GRACE_SECONDS = 2
DEPTH = 10
TICK_DIGITS, LOT_DIGITS = 0, 6


class Reader(asyncio.Protocol):
    """A socket that subscribes to the book and takes what comes."""

    def __init__(self) -> None:
        self.crcs = array("I")
        self.lagged = 0
        self.is_noting = True
        self.is_open = asyncio.get_running_loop().create_future()
        self._unread = b""
        self._has_upgraded = False
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Ask for a WebSocket."""
        self._transport = transport
        transport.write(
            b"GET /v1/ws HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )

    def data_received(self, data: bytes) -> None:
        """Take whole frames."""
        data = self._unread + data if self._unread else data
        if not self._has_upgraded:
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                self._unread = head
                return
            self._has_upgraded = True
            self._subscribe()
        at, end = 0, len(data)
        while end - at >= 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                start += 2
                length = int.from_bytes(data[at + 2 : start], "big")
            elif length == 127:
                start += 8
                length = int.from_bytes(data[at + 2 : start], "big")
            if end < start + length:
                break
            if data[at] == 0x81:
                self.take(data[start : start + length])
            at = start + length
        self._unread = data[at:]

    def _subscribe(self) -> None:
        text = json.dumps({"op": "subscribe", "id": 1, "channel": "book", "market": MARKET})
        self._transport.write(bytes((0x81, 0x80 | len(text))) + bytes(4) + text.encode())

    def take(self, frame: bytes) -> None:
        """Note an update; what comes before the first is the opening."""
        if frame.startswith(b'{"type":"book_update"'):
            if not self.is_noting:
                return
            self.crcs.append(zlib.crc32(frame))
        elif b'"lagged"' in frame[:20]:
            self.lagged += 1
        elif frame.startswith(b'{"type":"book_snapshot"') and not self.is_open.done():
            self.is_open.set_result(None)


class Keeper(Reader):
    """The reader that keeps the book and proves it."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong = 0
        self._sides: dict[str, dict[int, int]] = {"bids": {}, "asks": {}}

    def take(self, frame: bytes) -> None:
        """Apply a frame and compare the checksum."""
        super().take(frame)
        message = json.loads(frame)
        if message["type"] not in {"book_update", "book_snapshot"}:
            return
        if message["type"] == "book_snapshot":
            self._sides = {"bids": {}, "asks": {}}
        for name, side in self._sides.items():
            for price, quantity, _ in message[name]:
                ticks, lots = _steps(price, TICK_DIGITS), _steps(quantity, LOT_DIGITS)
                side[ticks] = lots
                if not lots:
                    del side[ticks]
        self.wrong += self._checksum() != message["checksum"]

    def _checksum(self) -> int:
        bids = sorted(self._sides["bids"].items(), reverse=True)[:DEPTH]
        asks = sorted(self._sides["asks"].items())[:DEPTH]
        words = [word for level in bids + asks for word in level]
        return int(google_crc32c.value(struct.pack(f"<{len(words)}q", *words)))


def _steps(text: str, digits: int) -> int:
    """Give a decimal of the market in ticks or lots, which are its smallest steps."""
    whole, _, part = text.partition(".")
    return int(whole + part.ljust(digits, "0"))


def _same(reader: Reader) -> Reader:
    return reader


async def _run(port: int, sockets: int, seconds: int) -> dict[str, int]:
    loop = asyncio.get_running_loop()
    keeper = Keeper()
    await loop.create_connection(partial(_same, keeper), "127.0.0.1", port)
    await keeper.is_open
    readers = [Reader() for _ in range(sockets)]
    for first in range(0, sockets, CONNECT_AT_ONCE):
        some = readers[first : first + CONNECT_AT_ONCE]
        for reader in some:
            await loop.create_connection(partial(_same, reader), "127.0.0.1", port)
        await asyncio.gather(*(reader.is_open for reader in some))
    starts = [len(reader.crcs) for reader in readers]
    await asyncio.sleep(seconds)
    for reader in readers:
        reader.is_noting = False
    await asyncio.sleep(GRACE_SECONDS)  # for the keeper to prove what the others have seen
    return {
        "frames": sum(map(len, (reader.crcs for reader in readers))) - sum(starts),
        "lagged": sum(reader.lagged > 0 for reader in readers),
        "wrong": keeper.wrong + sum(not _is_run(reader, keeper) for reader in readers),
    }


def _is_run(reader: Reader, keeper: Keeper) -> bool:
    """Tell whether a reader got a run of the keeper's frames, without a gap."""
    first = keeper.crcs.index(reader.crcs[0])
    return keeper.crcs[first : first + len(reader.crcs)] == reader.crcs


def main(words: list[str]) -> int:
    """Read, and print what was seen."""
    port, sockets, seconds = map(int, words)
    print(json.dumps(uvloop.run(_run(port, sockets, seconds))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
