"""A plain socket that goes on sending whatever the other side thinks of it, for a bounded time."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterable
from types import TracebackType

READ_BYTES = 1 << 16


class Wire:
    """One TCP connection.

    Attributes:
        received: What came back, its first megabyte.
        is_open: Whether the other side has not closed it.
    """

    def __init__(self, address: str, *, connect_seconds: float = 10.0) -> None:
        """Connect.

        Args:
            address: HOST:PORT.
            connect_seconds: How long to try.
        """
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), connect_seconds)
        self._socket.setblocking(False)
        self.received = bytearray()
        self.is_open = True

    def __enter__(self) -> Wire:
        """Use it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self._socket.close()

    def push(self, data: bytes | Iterable[bytes], *, seconds: float = 5.0) -> bool:
        """Send, reading what comes back meanwhile; return whether all was taken.

        It ends when everything is sent, the other side closes, or the time is over.
        """
        deadline = time.monotonic() + seconds
        for part in (data,) if isinstance(data, bytes) else data:
            rest = memoryview(part)
            while rest:
                if not self.is_open or time.monotonic() > deadline:
                    return False
                rest = rest[self._exchange(rest, deadline) :]
        return True

    def push_deaf(self, data: bytes, *, seconds: float = 5.0) -> None:
        """Send without ever reading, until all is sent, nothing is taken, or the time is over."""
        deadline = time.monotonic() + seconds
        rest = memoryview(data)
        while rest and time.monotonic() < deadline:
            _, writable, _ = select.select([], [self._socket], [], deadline - time.monotonic())
            try:
                rest = rest[self._socket.send(rest) if writable else 0 :]
            except ConnectionError:
                self.is_open = False
                return

    def read(self, *, seconds: float = 5.0) -> bytes:
        """Read until the other side closes or the time is over; return all that ever came."""
        deadline = time.monotonic() + seconds
        while self.is_open and time.monotonic() < deadline:
            self._exchange(memoryview(b""), deadline)
        return bytes(self.received)

    def read_until(self, wanted: bytes, *, seconds: float = 5.0) -> bytes:
        """Read until something wanted has come, or as `read`."""
        return self.read_until_told(lambda received: wanted in received, seconds=seconds)

    def read_until_told(self, is_told: Callable[[bytes], object], *, seconds: float = 5.0) -> bytes:
        """Read until what came says what is wanted, or as `read`."""
        deadline = time.monotonic() + seconds
        while self.is_open and not is_told(bytes(self.received)) and time.monotonic() < deadline:
            self._exchange(memoryview(b""), deadline)
        return bytes(self.received)

    def _exchange(self, data: memoryview, deadline: float) -> int:
        """Wait until something can be read or sent, do so, and return how much was sent."""
        wait = max(0.0, deadline - time.monotonic())
        wants_to_write = [self._socket] if data else []
        readable, writable, _ = select.select([self._socket], wants_to_write, [], wait)
        try:
            if readable:
                came = self._socket.recv(READ_BYTES)
                self.is_open = came != b""
                if len(self.received) < 1 << 20:
                    self.received += came
            if writable and self.is_open:
                return self._socket.send(data)
        except (ConnectionError, BlockingIOError) as error:
            self.is_open = isinstance(error, BlockingIOError)
        return 0
