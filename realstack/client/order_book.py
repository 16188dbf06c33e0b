"""A copy of a book order by order, in queue order, that proves itself.

Each update carries the number of orders in the book after it and a checksum: a CRC32C over the
first 64 orders of the ten best levels of each side, bids first, each level in queue order; of each
order its id, price and quantity as little-endian 64-bit integers. `marketdata.proto` says the same
in full.
"""

from __future__ import annotations

import struct
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import google_crc32c

from engine.core.commands import Side
from realstack.client.book import CHECKSUM_LEVELS, BookGap, BookMismatch, Level
from realstack.client.records import Market
from realstack.marketdata.v1 import marketdata_pb2

CHECKSUM_ORDERS = 64


@dataclass(frozen=True, slots=True)
class BookOrder:
    """One order as the book shows it: an iceberg its visible tranche, a hidden order never."""

    order_id: int
    side: Side
    price_ticks: int
    quantity_lots: int


class _Queues:
    """One side: orders by price, each level in queue order, the prices in rising order."""

    def __init__(self) -> None:
        self.levels: dict[int, dict[int, int]] = {}
        self.prices: list[int] = []

    def put(self, order_id: int, price_ticks: int, quantity_lots: int) -> None:
        """Put an order at the back of its level, or change its quantity in its place."""
        if price_ticks not in self.levels:
            insort(self.prices, price_ticks)
            self.levels[price_ticks] = {}
        self.levels[price_ticks][order_id] = quantity_lots

    def remove(self, order_id: int, price_ticks: int) -> None:
        """Take an order out."""
        level = self.levels[price_ticks]
        del level[order_id]
        if not level:
            del self.levels[price_ticks]
            del self.prices[bisect_left(self.prices, price_ticks)]

    def best(self, side: Side, depth: int) -> list[int]:
        """Return the best prices; a depth of 0 means all."""
        prices = self.prices if side is Side.SELL else self.prices[::-1]
        return prices[: depth or None]


class LocalOrders:
    """The seen orders of one market as of `book_sequence`, the same numbers as `LocalBook` has.

    Attributes:
        market: The market.
        book_sequence: Dense per market; 0 before the first snapshot.
        sequence: The venue sequence that it reflects.
        time_ns: The venue's time of that sequence.
        resyncs: How often it missed something and asked for it.
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self.book_sequence = 0
        self.sequence = 0
        self.time_ns = 0
        self.resyncs = 0
        self._orders: dict[int, BookOrder] = {}
        self._sides = {Side.BUY: _Queues(), Side.SELL: _Queues()}
        self._parts: list[marketdata_pb2.OrdersSnapshot] = []

    def __len__(self) -> int:
        """Return the number of orders."""
        return len(self._orders)

    def order(self, order_id: int) -> BookOrder | None:
        """Return an order of the book."""
        return self._orders.get(order_id)

    def orders(self, side: Side, depth: int = 0) -> Iterator[BookOrder]:
        """Yield the orders of a side, best price first, each level in queue order.

        Args:
            side: Which side.
            depth: Levels; 0 for all.
        """
        queues = self._sides[side]
        for price in queues.best(side, depth):
            for order_id in queues.levels[price]:
                yield self._orders[order_id]

    def queue(self, side: Side, price_ticks: int) -> list[BookOrder]:
        """Return the orders of one level in queue order."""
        level = self._sides[side].levels.get(price_ticks, {})
        return [self._orders[order_id] for order_id in level]

    def bids(self, depth: int = 0) -> list[Level]:
        """Return the levels of the bids, highest price first; a depth of 0 means all."""
        return self._levels(Side.BUY, depth)

    def asks(self, depth: int = 0) -> list[Level]:
        """Return the levels of the asks, lowest price first; a depth of 0 means all."""
        return self._levels(Side.SELL, depth)

    def _levels(self, side: Side, depth: int) -> list[Level]:
        queues = self._sides[side]
        return [
            Level(price, sum(queues.levels[price].values()), len(queues.levels[price]))
            for price in queues.best(side, depth)
        ]

    def checksum(self) -> int:
        """Return the CRC32C over the first orders of the best levels of each side."""
        words: list[int] = []
        for side, queues in self._sides.items():
            for price in queues.best(side, CHECKSUM_LEVELS):
                for order_id, lots in islice(queues.levels[price].items(), CHECKSUM_ORDERS):
                    words += (order_id, price, lots)
        value: int = google_crc32c.value(struct.pack(f"<{len(words)}q", *words))
        return value

    def replace(self, snapshot: marketdata_pb2.OrdersSnapshot) -> bool:
        """Take a message of a snapshot; tell whether it was the last, so that the book is whole.

        Raises:
            BookGap: The parts do not follow on each other.
            BookMismatch: The checksum or the number of orders does not fit.
        """
        if snapshot.part == 1:
            self._parts = []
        self._parts.append(snapshot)
        if snapshot.part != len(self._parts):
            raise BookGap(f"{self.market.symbol}: a part of the snapshot is missing")
        if snapshot.part < snapshot.parts:
            return False
        self._orders.clear()
        self._sides = {Side.BUY: _Queues(), Side.SELL: _Queues()}
        for part in self._parts:
            for order in _orders_of(part):
                self._put(order)
        self._parts = []
        self._reach(snapshot)
        return True

    def apply(self, increment: marketdata_pb2.OrdersIncrement) -> bool:
        """Apply the changes of one command, or of several; tell whether they were new.

        Changes that end at or before this book are left out: so those that were gathered while a
        snapshot was on its way can be given all.

        Raises:
            BookGap: It does not follow on this book.
            BookMismatch: The checksum or the number of orders does not fit afterwards.
        """
        if increment.book_sequence <= self.book_sequence:
            return False
        if increment.first_book_sequence != self.book_sequence + 1:
            raise BookGap(
                f"{self.market.symbol}: book sequence {increment.first_book_sequence} came "
                f"after {self.book_sequence}"
            )
        self._known(increment.removed_order_ids)
        for order_id in increment.removed_order_ids:
            self._remove(order_id)
        self._known(order.order_id for order in increment.resized)
        for order in increment.resized:
            self._put(_order(order))
        for order in increment.queued:
            if order.order_id in self._orders:
                self._remove(order.order_id)
            self._put(_order(order))
        self._reach(increment)
        return True

    def _known(self, order_ids: Iterable[int]) -> None:
        for order_id in order_ids:
            if order_id not in self._orders:
                raise BookMismatch(f"{self.market.symbol}: order {order_id} is not in the book")

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

    def forget(self) -> None:
        """Ask for a snapshot: this book does not fit."""
        self.book_sequence = 0
        self.resyncs += 1

    def _put(self, order: BookOrder) -> None:
        self._orders[order.order_id] = order
        self._sides[order.side].put(order.order_id, order.price_ticks, order.quantity_lots)

    def _remove(self, order_id: int) -> None:
        order = self._orders.pop(order_id)
        self._sides[order.side].remove(order_id, order.price_ticks)

    def _reach(
        self, message: marketdata_pb2.OrdersSnapshot | marketdata_pb2.OrdersIncrement
    ) -> None:
        self.book_sequence = message.book_sequence
        self.sequence, self.time_ns = message.sequence, message.time_ns
        if len(self) != message.order_count or self.checksum() != message.checksum:
            raise BookMismatch(
                f"{self.market.symbol}: the orders at book sequence {self.book_sequence} do not "
                "fit their checksum"
            )


def _order(order: marketdata_pb2.BookOrder) -> BookOrder:
    return BookOrder(order.order_id, Side(order.side), order.price_ticks, order.quantity_lots)


def _orders_of(part: marketdata_pb2.OrdersSnapshot) -> Iterator[BookOrder]:
    bids = (part.bid_order_ids, part.bid_prices_ticks, part.bid_quantities_lots)
    for order_id, price, lots in zip(*bids, strict=True):
        yield BookOrder(order_id, Side.BUY, price, lots)
    asks = (part.ask_order_ids, part.ask_prices_ticks, part.ask_quantities_lots)
    for order_id, price, lots in zip(*asks, strict=True):
        yield BookOrder(order_id, Side.SELL, price, lots)
