"""A copy of a book that is kept up from the market data stream and proves itself.

`LevelBook` knows nothing of a venue: it takes `BookUpdate`, a form in which any venue's levels can
be told. `LocalBook` is the book of a market of RealStack. Each update of RealStack carries the
checksum of the book after it: a CRC32C over the ten best levels of each side, bids first, the price
and quantity of a level as little-endian 64-bit integers.
"""

from __future__ import annotations

import struct
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import google_crc32c

from engine.core.commands import Side
from realstack.client.records import Market
from realstack.marketdata.v1 import marketdata_pb2

CHECKSUM_LEVELS = 10


class BookGap(Exception):
    """An update does not follow on the one before."""


class BookMismatch(BookGap):
    """A checksum does not fit: the book is wrong, whatever comes next."""


@dataclass(frozen=True, slots=True)
class Level:
    """All working orders of a side at one price."""

    price_ticks: int
    quantity_lots: int
    order_count: int
    """Zero where a venue does not tell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookUpdate:
    """A whole book, or the levels that changed with their new quantity, of any venue.

    Attributes:
        first_book_sequence: The first of the dense sequences that it covers.
        book_sequence: The last of them: where the book is afterwards.
        bids: Levels to set; a quantity of zero removes one.
        asks: As the bids.
        checksum: Of the book afterwards, when the venue tells one.
        sequence: A sequence over the whole venue, when it has one.
        time_ns: The venue's time, or zero.
    """

    first_book_sequence: int
    book_sequence: int
    bids: Sequence[Level] = ()
    asks: Sequence[Level] = ()
    checksum: int | None = None
    sequence: int = 0
    time_ns: int = 0


class _Levels:
    """One side: levels by price, the prices in rising order."""

    def __init__(self, levels: Iterable[Level] = ()) -> None:
        self._levels: dict[int, Level] = {}
        self._prices: list[int] = []
        for level in levels:
            self.change(level)

    def change(self, level: Level) -> None:
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
        self._levels[price] = level

    def best(self, side: Side, depth: int) -> list[Level]:
        """Return the best levels; a depth of 0 means all."""
        count = depth or len(self._prices)
        if side is Side.SELL:
            prices = self._prices[:count]
        else:
            prices = self._prices[: -count - 1 : -1] if count else []
        return [self._levels[price] for price in prices]


class LevelBook:
    """The levels of one book as of `book_sequence`.

    Args:
        name: How errors name it.

    Attributes:
        book_sequence: Dense per book; 0 before the first snapshot.
        sequence: The venue sequence that it reflects.
        time_ns: The venue's time of that sequence.
        resyncs: How often it missed something and asked for it.
    """

    def __init__(self, name: str) -> None:
        self.name = name
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

    def begin(self, whole: BookUpdate) -> None:
        """Become a whole book.

        Raises:
            BookMismatch: Its checksum does not fit its levels.
        """
        self._bids, self._asks = _Levels(whole.bids), _Levels(whole.asks)
        self._reach(whole)

    def step(self, update: BookUpdate) -> bool:
        """Apply changes; tell whether there was anything new in them.

        What ends at or before this book is left out: so changes that were gathered while a snapshot
        was on its way can be given all. One that begins before this book and ends after it applies,
        because a level is told with its whole quantity.

        Raises:
            BookGap: It does not follow on this book, or the checksum does not fit afterwards.
        """
        if update.book_sequence <= self.book_sequence:
            return False
        if update.first_book_sequence > self.book_sequence + 1:
            raise BookGap(
                f"{self.name}: book sequence {update.first_book_sequence} came "
                f"after {self.book_sequence}"
            )
        for level in update.bids:
            self._bids.change(level)
        for level in update.asks:
            self._asks.change(level)
        self._reach(update)
        return True

    def stand(self, book_sequence: int, sequence: int = 0) -> None:
        """Compare with a heartbeat.

        Raises:
            BookGap: The venue's book has gone on without this one.
        """
        if book_sequence != self.book_sequence:
            raise BookGap(
                f"{self.name}: the venue is at book sequence {book_sequence}, "
                f"this book at {self.book_sequence}"
            )
        self.sequence = max(self.sequence, sequence)

    def forget(self) -> None:
        """Ask for a snapshot: this book does not fit."""
        self.book_sequence = 0
        self.resyncs += 1

    def _reach(self, update: BookUpdate) -> None:
        self.book_sequence = update.book_sequence
        self.sequence, self.time_ns = update.sequence, update.time_ns
        if update.checksum is not None and self.checksum() != update.checksum:
            raise BookMismatch(
                f"{self.name}: the checksum at book sequence {self.book_sequence} does not fit"
            )


class LocalBook(LevelBook):
    """The levels of one market of RealStack.

    Attributes:
        market: The market.
    """

    def __init__(self, market: Market) -> None:
        super().__init__(market.symbol)
        self.market = market

    def replace(self, snapshot: marketdata_pb2.BookSnapshot) -> None:
        """Become the snapshot.

        Raises:
            BookMismatch: Its checksum does not fit its levels.
        """
        self.begin(_update(snapshot, snapshot.book_sequence))

    def apply(self, increment: marketdata_pb2.BookIncrement) -> bool:
        """Apply the changes of one command, or of several when they were conflated.

        Raises:
            BookGap: It does not follow on this book, or the checksum does not fit afterwards.
        """
        return self.step(_update(increment, increment.first_book_sequence))

    def stand_at(self, heartbeat: marketdata_pb2.BookHeartbeat) -> None:
        """Compare with a heartbeat.

        Raises:
            BookGap: The venue's book has gone on without this one.
        """
        self.stand(heartbeat.book_sequence, heartbeat.sequence)


def _update(
    message: marketdata_pb2.BookSnapshot | marketdata_pb2.BookIncrement, first_book_sequence: int
) -> BookUpdate:
    return BookUpdate(
        first_book_sequence=first_book_sequence,
        book_sequence=message.book_sequence,
        bids=[_level(level) for level in message.bids],
        asks=[_level(level) for level in message.asks],
        checksum=message.checksum,
        sequence=message.sequence,
        time_ns=message.time_ns,
    )


def _level(level: marketdata_pb2.Level) -> Level:
    return Level(level.price_ticks, level.quantity_lots, level.order_count)
