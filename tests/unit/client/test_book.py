"""A local book follows snapshots and increments, and knows when it no longer fits."""

from __future__ import annotations

import struct

import google_crc32c
import pytest

from realstack.client.book import BookGap, Level, LocalBook
from realstack.client.feeds import update
from realstack.client.records import Asset, Market
from realstack.marketdata.v1 import marketdata_pb2
from realstack.units import MarketUnits

MARKET = Market(
    market_id=1,
    symbol="HARBOR-USDC",
    base=Asset(1, "HARBOR", 0),
    quote=Asset(2, "USDC", 6),
    units=MarketUnits(10_000, 1, 0, 6),
    maker_fee_ppm=0,
    taker_fee_ppm=0,
    last_price_ticks=0,
)


def checksum(*levels: tuple[int, int]) -> int:
    """Compute the checksum of levels in the order bids, asks, as the contract states it."""
    words = [word for level in levels for word in level]
    value: int = google_crc32c.value(struct.pack(f"<{len(words)}q", *words))
    return value


def level(price: int, quantity: int, count: int = 1) -> marketdata_pb2.Level:
    """Make a level of a message."""
    return marketdata_pb2.Level(price_ticks=price, quantity_lots=quantity, order_count=count)


def snapshot() -> marketdata_pb2.BookSnapshot:
    """Make a book of two bids and two asks at book sequence 7."""
    return marketdata_pb2.BookSnapshot(
        market_id=1,
        book_sequence=7,
        sequence=20,
        bids=[level(100, 5), level(99, 3)],
        asks=[level(101, 4), level(102, 6)],
        checksum=checksum((100, 5), (99, 3), (101, 4), (102, 6)),
    )


def increment(
    first: int, *, bids: list[marketdata_pb2.Level], mark: int
) -> marketdata_pb2.BookIncrement:
    """Make the change of one command."""
    return marketdata_pb2.BookIncrement(
        market_id=1,
        book_sequence=first,
        first_book_sequence=first,
        sequence=21,
        bids=bids,
        checksum=mark,
    )


def followed() -> LocalBook:
    """Make a book that has taken the snapshot."""
    book = LocalBook(MARKET)
    book.replace(snapshot())
    return book


def test_a_snapshot_is_listed_best_first() -> None:
    """Bids fall and asks rise from the best price on."""
    book = followed()
    assert [level.price_ticks for level in book.bids()] == [100, 99]
    assert [level.price_ticks for level in book.asks()] == [101, 102]
    assert (book.best_bid(), book.best_ask()) == (Level(100, 5, 1), Level(101, 4, 1))
    assert [level.price_ticks for level in book.bids(1)] == [100]
    assert (book.book_sequence, book.sequence) == (7, 20)


def test_an_empty_book_has_no_best_price() -> None:
    """Before the first order there is nothing to show, and the checksum is that of no bytes."""
    book = LocalBook(MARKET)
    assert (book.best_bid(), book.bids(), book.asks(5), book.checksum()) == (None, [], [], 0)


def test_an_increment_sets_adds_and_removes_levels() -> None:
    """A level takes its new quantity; zero removes it."""
    book = followed()
    mark = checksum((100, 9), (98, 1), (101, 4), (102, 6))
    book.apply(increment(8, bids=[level(100, 9), level(99, 0), level(98, 1)], mark=mark))
    assert [(at.price_ticks, at.quantity_lots) for at in book.bids()] == [(100, 9), (98, 1)]


def test_removing_a_level_that_is_not_there_changes_nothing() -> None:
    """A conflated increment may remove what this reader never saw."""
    book = followed()
    mark = checksum((100, 5), (99, 3), (101, 4), (102, 6))
    book.apply(increment(8, bids=[level(55, 0)], mark=mark))
    assert [at.price_ticks for at in book.bids()] == [100, 99]


def test_a_gap_is_noticed() -> None:
    """An increment that does not follow on the last one is not applied."""
    with pytest.raises(BookGap, match="book sequence 9 came after 7"):
        followed().apply(increment(9, bids=[], mark=0))


def test_a_checksum_that_does_not_fit_is_noticed() -> None:
    """A book that differs from the venue's is never shown as good."""
    with pytest.raises(BookGap, match="checksum at book sequence 8"):
        followed().apply(increment(8, bids=[level(100, 9)], mark=1))


def test_a_heartbeat_beyond_the_book_is_a_gap() -> None:
    """Silence that hides a change is noticed by the next heartbeat."""
    book = followed()
    book.stand_at(marketdata_pb2.BookHeartbeat(book_sequence=7, sequence=30))
    assert book.sequence == 30
    with pytest.raises(BookGap, match="the venue is at book sequence 8"):
        book.stand_at(marketdata_pb2.BookHeartbeat(book_sequence=8, sequence=31))


def test_only_the_ten_best_levels_count_for_the_checksum() -> None:
    """What lies deeper does not change it."""
    book = LocalBook(MARKET)
    bids = [(price, 1) for price in range(100, 88, -1)]
    message = marketdata_pb2.BookSnapshot(
        book_sequence=1, bids=[level(*at) for at in bids], checksum=checksum(*bids[:10])
    )
    book.replace(message)
    assert len(book.bids()) == 12


def test_a_forgotten_book_asks_for_a_snapshot_and_takes_it() -> None:
    """After a gap the book is begun anew, and counts that it was."""
    book = followed()
    book.forget()
    assert (book.book_sequence, book.resyncs) == (0, 1)
    assert update(book, marketdata_pb2.StreamBookResponse(snapshot=snapshot()))
    assert book.book_sequence == 7


def test_a_heartbeat_is_no_change() -> None:
    """Readers are told of changes only."""
    beat = marketdata_pb2.BookHeartbeat(book_sequence=7, sequence=30)
    assert not update(followed(), marketdata_pb2.StreamBookResponse(heartbeat=beat))
