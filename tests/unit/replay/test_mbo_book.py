"""The book that market-by-order records tell, by its own rules."""

from __future__ import annotations

from engine.core.commands import Side
from realstack.replay.mbo import Record, RecordKind
from realstack.replay.mbo_book import RecordedBook
from realstack.replay.port import BookLevel

BUY, SELL = Side.BUY, Side.SELL


def record(kind: RecordKind, order_id: int, lots: int = 1, price: int = 100) -> Record:
    """Make a record of the buying side."""
    return Record(1, kind, order_id, BUY, price, lots, is_snapshot=False, is_last=True)


def queue_after(*records: Record) -> dict[int, list[tuple[int, int]]]:
    """Return the queues of the bids by price: order ids and lots, first in the queue first."""
    queues = RecordedBook(records).queues
    return {price: list(queue.items()) for (_, price), queue in queues.items()}


THREE = tuple(record(RecordKind.ADD, order_id, 10) for order_id in (1, 2, 3))


def test_orders_queue_in_the_order_of_their_arrival() -> None:
    """A new order goes to the back of its level."""
    assert {100: [(1, 10), (2, 10), (3, 10)]} == queue_after(*THREE)


def test_a_modify_to_less_keeps_its_place() -> None:
    """Less or the same quantity at the same price does not lose priority."""
    expected = {100: [(1, 4), (2, 10), (3, 10)]}
    assert expected == queue_after(*THREE, record(RecordKind.MODIFY, 1, 4))


def test_a_modify_to_more_goes_to_the_back() -> None:
    """More quantity loses priority."""
    expected = {100: [(2, 10), (3, 10), (1, 11)]}
    assert expected == queue_after(*THREE, record(RecordKind.MODIFY, 1, 11))


def test_a_modify_to_another_price_goes_to_the_back_there() -> None:
    """Another price loses priority, also when it comes back."""
    away = record(RecordKind.MODIFY, 1, 10, 101)
    assert {100: [(2, 10), (3, 10)], 101: [(1, 10)]} == queue_after(*THREE, away)
    back = record(RecordKind.MODIFY, 1, 10)
    assert {100: [(2, 10), (3, 10), (1, 10)]} == queue_after(*THREE, away, back)


def test_a_cancel_takes_its_size_off_the_order() -> None:
    """Nothing left: the order is gone; the level goes with its last order."""
    reduced = (*THREE, record(RecordKind.CANCEL, 2, 3))
    assert {100: [(1, 10), (2, 7), (3, 10)]} == queue_after(*reduced)
    assert {100: [(1, 10), (3, 10)]} == queue_after(*reduced, record(RecordKind.CANCEL, 2, 7))


def test_trades_and_fills_change_nothing() -> None:
    """What they mean for the book comes as a cancel or modify of its own."""
    traded = record(RecordKind.TRADE, 9, 10), record(RecordKind.FILL, 1, 10)
    assert queue_after(*THREE) == queue_after(*THREE, *traded)


def test_clearing_empties_the_book() -> None:
    """Both sides and all orders."""
    book = RecordedBook((*THREE, record(RecordKind.CLEAR, 0)))
    assert (0, {}) == (len(book), book.queues)


def test_levels_are_listed_best_first_with_their_orders() -> None:
    """Bids fall; each level has the sum and the number of its orders."""
    book = RecordedBook((*THREE, record(RecordKind.ADD, 4, 5, 102)))
    assert [BookLevel(102, 5, 1), BookLevel(100, 30, 3)] == book.levels(BUY)
    assert [] == book.levels(SELL)
