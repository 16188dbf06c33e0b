"""One market's book: price levels in order, orders of a level in their queue."""

from __future__ import annotations

from collections.abc import Iterator

from sortedcontainers import SortedDict

from engine.core.commands import Side
from engine.core.invariants import check
from engine.reference.state import Order


def opposite(side: Side) -> Side:
    """Give the other side."""
    return Side.SELL if side == Side.BUY else Side.BUY


def reaches(side: Side, limit_ticks: int, price_ticks: int) -> bool:
    """Tell whether an order of `side` with this limit trades at `price_ticks`."""
    return price_ticks <= limit_ticks if side == Side.BUY else price_ticks >= limit_ticks


def _place_in_queue(order: Order) -> tuple[bool, int]:
    return order.is_hidden, order.priority_sequence


class Book:
    """Bids and asks; a level's queue is its seen orders by priority, then its hidden ones."""

    def __init__(self) -> None:
        self._sides: dict[Side, SortedDict[int, dict[int, Order]]] = {
            side: SortedDict() for side in Side
        }

    @staticmethod
    def _key(side: Side, price_ticks: int) -> int:
        return -price_ticks if side == Side.BUY else price_ticks  # best first

    def rest(self, order: Order, priority: int) -> None:
        """Put an order at the back of its level, or of its level's hidden orders."""
        check(order.leaves_lots > 0, "a resting order has leaves")
        order.priority_sequence = priority
        key = self._key(order.side, order.price_ticks)
        self._sides[order.side].setdefault(key, {})[order.order_id] = order

    def remove(self, order: Order) -> None:
        """Take an order out; a level that becomes empty vanishes."""
        key = self._key(order.side, order.price_ticks)
        level = self._sides[order.side][key]
        del level[order.order_id]
        if not level:
            del self._sides[order.side][key]

    def best_price(self, side: Side) -> int | None:
        """Give the best price of a side, or None when it is empty."""
        levels = self._sides[side]
        return abs(levels.peekitem(0)[0]) if levels else None

    def levels(self, side: Side) -> Iterator[tuple[int, list[Order]]]:
        """Walk (price, orders in queue order), best first."""
        for key, level in self._sides[side].items():
            yield abs(key), sorted(level.values(), key=_place_in_queue)

    def reachable(self, side: Side, limit_ticks: int | None) -> Iterator[Order]:
        """Walk the resting orders that an incoming order of `side` would meet, in its order."""
        for price, orders in self.levels(opposite(side)):
            if limit_ticks is not None and not reaches(side, limit_ticks, price):
                return
            yield from orders
