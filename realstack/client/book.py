"""A copy of a book that is kept up from the market data stream and proves itself.

Each update carries the checksum of the book after it: a CRC32C over the ten best levels of each
side, bids first, the price and quantity of a level as little-endian 64-bit integers.
"""

from __future__ import annotations

import struct
from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass

import google_crc32c

from engine.core.commands import Side
from realstack.client.records import Market
from realstack.marketdata.v1 import marketdata_pb2

CHECKSUM_LEVELS = 10


class BookGap(Exception):
    """An update does not follow on the one before, or its checksum does not fit."""


@dataclass(frozen=True, slots=True)
class Level:
    """All working orders of a side at one price."""

    price_ticks: int
    quantity_lots: int
    order_count: int


class _Levels:
    """One side: levels by price, the prices in rising order."""

    def __init__(self, levels: Iterable[marketdata_pb2.Level] = ()) -> None:
        self._levels: dict[int, Level] = {}
        self._prices: list[int] = []
        for level in levels:
            self.change(level)

    def change(self, level: marketdata_pb2.Level) -> None:
        """Set a level to its new quantity; a quantity of zero removes it."""
        price = level.price_ticks
        known = price in self._levels
        if level.quantity_lots == 0:
            if known:
                del self._levels[price]
                del self._prices[bisect_left(self._prices, price)]
            return
        if not known:
            insort(self._prices, price)
        self._levels[price] = Level(price, level.quantity_lots, level.order_count)

    def best(self, side: Side, depth: int) -> list[Level]:
        """Return the best levels; a depth of 0 means all."""
        count = depth or len(self._prices)
        if side is Side.SELL:
            prices = self._prices[:count]
        else:
            prices = self._prices[: -count - 1 : -1] if count else []
        return [self._levels[price] for price in prices]


class LocalBook:
    """The levels of one market as of `book_sequence`.

    Attributes:
        market: The market.
        book_sequence: Dense per market; 0 before the first snapshot.
        sequence: The venue sequence that it reflects.
        time_ns: The venue's time of that sequence.
        resyncs: How often it had to be begun anew after the first time.
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self.book_sequence = 0
        self.sequence = 0
        self.time_ns = 0
        self.resyncs = 0
        self._bids = _Levels()
        self._asks = _Levels()

    def bids(self, depth: int = 0) -> list[Level]:
        """Return the bids, highest price first; a depth of 0 means all."""
        return self._bids.best(Side.BUY, depth)

    def asks(self, depth: int = 0) -> list[Level]:
        """Return the asks, lowest price first; a depth of 0 means all."""
        return self._asks.best(Side.SELL, depth)

    def best_bid(self) -> Level | None:
        """Return the highest bid."""
        return next(iter(self.bids(1)), None)

    def best_ask(self) -> Level | None:
        """Return the lowest ask."""
        return next(iter(self.asks(1)), None)

    def checksum(self) -> int:
        """Return the CRC32C of the ten best levels of each side."""
        levels = self.bids(CHECKSUM_LEVELS) + self.asks(CHECKSUM_LEVELS)
        words = [word for level in levels for word in (level.price_ticks, level.quantity_lots)]
        value: int = google_crc32c.value(struct.pack(f"<{len(words)}q", *words))
        return value

    def replace(self, snapshot: marketdata_pb2.BookSnapshot) -> None:
        """Become the snapshot.

        Raises:
            BookGap: Its checksum does not fit its levels.
        """
        self._bids, self._asks = _Levels(snapshot.bids), _Levels(snapshot.asks)
        self._reach(snapshot.book_sequence, snapshot.sequence, snapshot.time_ns)
        self._check(snapshot.checksum)

    def apply(self, increment: marketdata_pb2.BookIncrement) -> None:
        """Apply the changes of one command, or of several when they were conflated.

        Raises:
            BookGap: It does not follow on this book, or the checksum does not fit afterwards.
        """
        if increment.first_book_sequence != self.book_sequence + 1:
            raise BookGap(
                f"{self.market.symbol}: book sequence {increment.first_book_sequence} came "
                f"after {self.book_sequence}"
            )
        for level in increment.bids:
            self._bids.change(level)
        for level in increment.asks:
            self._asks.change(level)
        self._reach(increment.book_sequence, increment.sequence, increment.time_ns)
        self._check(increment.checksum)

    def forget(self) -> None:
        """Ask for a snapshot: this book does not fit."""
        self.book_sequence = 0
        self.resyncs += 1

    def stand_at(self, heartbeat: marketdata_pb2.BookHeartbeat) -> None:
        """Compare with a heartbeat.

        Raises:
            BookGap: The venue's book has gone on without this one.
        """
        if heartbeat.book_sequence != self.book_sequence:
            raise BookGap(
                f"{self.market.symbol}: the venue is at book sequence {heartbeat.book_sequence}, "
                f"this book at {self.book_sequence}"
            )
        self.sequence = max(self.sequence, heartbeat.sequence)

    def _reach(self, book_sequence: int, sequence: int, time_ns: int) -> None:
        self.book_sequence, self.sequence, self.time_ns = book_sequence, sequence, time_ns

    def _check(self, checksum: int) -> None:
        if self.checksum() != checksum:
            raise BookGap(
                f"{self.market.symbol}: the checksum at book sequence {self.book_sequence} "
                "does not fit"
            )
