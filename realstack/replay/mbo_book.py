"""The book that market-by-order records tell, made from the records alone.

This is what a replay is compared with; it shares nothing with the plan that is sent. Rules:

    A  goes to the back of its level
    C  takes its size off the order, which is gone when nothing is left
    M  to another price or to more goes to the back; otherwise the order keeps its place
    T, F change nothing
    R  empties the book
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.core.commands import Side
from realstack.replay.mbo import Record, RecordKind
from realstack.replay.port import BookLevel, Queues


class RecordedBook:
    """Orders of both sides: of each level a queue of order ids with their sizes."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.queues: Queues = {}
        self._places: dict[int, tuple[Side, int]] = {}
        for record in records:
            self.apply(record)

    def __len__(self) -> int:
        return len(self._places)

    def apply(self, record: Record) -> None:
        """Follow one record."""
        if record.kind is RecordKind.CLEAR:
            self.queues.clear()
            self._places.clear()
        elif record.kind is RecordKind.ADD:
            self._append(record)
        elif record.kind is RecordKind.CANCEL:
            self._resize(record.order_id, -record.quantity_lots)
        elif record.kind is RecordKind.MODIFY:
            self._modify(record)

    def levels(self, side: Side) -> list[BookLevel]:
        """Return the levels of a side, best first."""
        prices = [price for of, price in self.queues if of is side]
        found = []
        for price in sorted(prices, reverse=side is Side.BUY):
            queue = self.queues[side, price]
            found.append(BookLevel(price, sum(queue.values()), len(queue)))
        return found

    def _append(self, record: Record) -> None:
        place = (record.side, record.price_ticks)
        self._places[record.order_id] = place
        self.queues.setdefault(place, {})[record.order_id] = record.quantity_lots

    def _resize(self, order_id: int, change_lots: int) -> None:
        place = self._places.get(order_id)
        if place is None:
            return
        queue = self.queues[place]
        queue[order_id] += change_lots
        if queue[order_id] <= 0:
            self._remove(order_id)

    def _modify(self, record: Record) -> None:
        place = self._places.get(record.order_id)
        if place == (record.side, record.price_ticks):
            queue = self.queues[place]
            if record.quantity_lots <= queue[record.order_id]:
                queue[record.order_id] = record.quantity_lots
                return
        if place is not None:
            self._remove(record.order_id)
        self._append(record)

    def _remove(self, order_id: int) -> None:
        place = self._places.pop(order_id)
        del self.queues[place][order_id]
        if not self.queues[place]:
            del self.queues[place]
