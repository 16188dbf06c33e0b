"""A reader of book streams that shares nothing with the feed: its own book and its own CRC32C."""

from __future__ import annotations

from collections.abc import Iterable

_POLYNOMIAL = 0x82F63B78  # CRC32C, bits reversed
_LEVELS = 10


def crc32c(data: bytes) -> int:
    """Give the CRC32C, one bit at a time as its definition says."""
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (_POLYNOMIAL if register & 1 else 0)
    return register ^ 0xFFFFFFFF


class BookReader:
    """Prices to (quantity, orders) a side, changed by snapshots and increments."""

    def __init__(self) -> None:
        self.book_sequence = 0
        self.bids: dict[int, tuple[int, int]] = {}
        self.asks: dict[int, tuple[int, int]] = {}

    def start(
        self,
        book_sequence: int,
        bids: Iterable[tuple[int, int, int]],
        asks: Iterable[tuple[int, int, int]],
    ) -> None:
        """Take a snapshot."""
        self.book_sequence = book_sequence
        self.bids = {price: (quantity, count) for price, quantity, count in bids}
        self.asks = {price: (quantity, count) for price, quantity, count in asks}

    def change(
        self,
        first: int,
        last: int,
        bids: Iterable[tuple[int, int, int]],
        asks: Iterable[tuple[int, int, int]],
    ) -> None:
        """Apply an increment that follows what is held."""
        assert first == self.book_sequence + 1
        assert first <= last
        self.book_sequence = last
        for side, levels in ((self.bids, bids), (self.asks, asks)):
            for price, quantity, count in levels:
                if quantity == 0:
                    assert count == 0
                    side.pop(price, None)
                else:
                    side[price] = (quantity, count)

    def levels(self) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]:
        """Give bids and asks, best first."""
        bids = [(price, *level) for price, level in sorted(self.bids.items(), reverse=True)]
        asks = [(price, *level) for price, level in sorted(self.asks.items())]
        return bids, asks

    def checksum(self) -> int:
        """Give the checksum as the contract states it."""
        bids, asks = self.levels()
        data = b"".join(
            price.to_bytes(8, "little", signed=True) + quantity.to_bytes(8, "little", signed=True)
            for price, quantity, _ in (*bids[:_LEVELS], *asks[:_LEVELS])
        )
        return crc32c(data)
