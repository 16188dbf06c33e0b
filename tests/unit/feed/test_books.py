"""A book made from the feed alone is the venue's book, whatever way a reader takes."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.feed.books import BookFeed
from engine.feed.limits import FeedLimits
from engine.feed.market_book import Increment, MarketBook
from tests.model.source import MARKETS as UNCROSSED
from tests.unit.feed.drive import MARKETS, Drive
from tests.unit.feed.reader import BookReader

EVERYBODY: Callable[[int], bool] = lambda market_id: True  # noqa: E731
NOBODY: Callable[[int], bool] = lambda market_id: False  # noqa: E731


def apply(reader: BookReader, increment: Increment) -> None:
    """Give a reader one increment and hold its checksum against the reader's own."""
    reader.change(
        increment.first_book_sequence, increment.book_sequence, increment.bids, increment.asks
    )
    assert increment.checksum == reader.checksum()


def follow(reader: BookReader, book: MarketBook) -> None:
    """Bring a reader to the head the way a stream does."""
    while book.work():
        pass
    while reader.book_sequence < book.applied:
        increment = book.after(reader.book_sequence)
        if increment is None:
            start(reader, book)
            return
        apply(reader, increment)


def start(reader: BookReader, book: MarketBook) -> None:
    """Give a reader a snapshot and hold its checksum against the reader's own."""
    snapshot = book.snapshot()
    reader.start(snapshot.book_sequence, snapshot.bids, snapshot.asks)
    assert snapshot.checksum == reader.checksum()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 4])
def test_a_reader_of_every_increment_holds_the_venues_book_after_every_command(seed: int) -> None:
    """One increment a command and market that changed it, and checksums; crossed only in calls."""
    drive, feed = Drive(seed), BookFeed(FeedLimits(), EVERYBODY)
    feed.consume(drive.opening)
    readers = {market_id: BookReader() for market_id in MARKETS}
    for events in drive.events(1_200):
        for market_id in feed.consume(events):
            book, reader = feed.market(market_id), readers[market_id]
            before = reader.book_sequence
            follow(reader, book)
            assert reader.book_sequence == before + 1
            assert reader.levels() == drive.levels(market_id)
            if market_id in UNCROSSED and reader.bids and reader.asks:
                assert max(reader.bids) < min(reader.asks)
            assert book.last_price_ticks == drive.venue.markets_by_id[market_id].last_price_ticks
    for market_id, reader in readers.items():
        assert reader.book_sequence > (50 if market_id in UNCROSSED else 5)


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [1, 7, 200])
def test_readers_that_come_late_and_leave_again_hold_the_venues_book(at_once: int) -> None:
    """Singles, merged increments and snapshots all lead to the same book, at any lag."""
    limits = FeedLimits(
        increments_max=8, increments_per_turn=4, backlog_max=32, book_rows_max=1 << 12
    )
    drive, chance = Drive(at_once), random.Random(at_once)
    feed = BookFeed(limits, lambda market_id: chance.random() < 0.5)
    feed.consume(drive.opening)
    readers = [(market_id, BookReader()) for market_id in MARKETS for _ in range(3)]
    for events in drive.events(1_000, at_once):
        feed.consume(events)
        for market_id, reader in readers:
            if chance.random() < 0.2:
                follow(reader, feed.market(market_id))
                assert reader.levels() == drive.levels(market_id)


@pytest.mark.slow
def test_a_merged_increment_from_any_kept_sequence_leads_to_the_book() -> None:
    """Resuming works from every book sequence whose changes are kept, in one step."""
    drive, feed = Drive(5), BookFeed(FeedLimits(increments_max=1), EVERYBODY)
    history: dict[int, BookReader] = {}
    live = BookReader()
    feed.consume(drive.opening)
    for events in drive.events(400):
        if 1 in feed.consume(events):
            follow(live, feed.market(1))
            copy = BookReader()
            copy.start(live.book_sequence, *live.levels())
            history[live.book_sequence] = copy
    head = feed.market(1).head
    for sequence, reader in history.items():
        if sequence < head:
            increment = feed.market(1).after(sequence)
            assert increment is not None
            assert (increment.first_book_sequence, increment.book_sequence) == (sequence + 1, head)
            apply(reader, increment)
            assert reader.levels() == live.levels()


@pytest.mark.slow
def test_a_reader_from_before_what_is_kept_is_told_to_take_a_snapshot() -> None:
    """Changes are bounded; past the bound the answer is a snapshot, never a gap."""
    limits = FeedLimits(increments_max=1, book_rows_max=1 << 8)
    drive, feed = Drive(6), BookFeed(limits, EVERYBODY)
    feed.consume(drive.opening)
    first = BookReader()
    for events in drive.events(36_000, 400):
        feed.consume(events)
        feed.market(1).settle()
    book = feed.market(1)
    assert book.after(0) is None
    follow(first, book)
    assert first.levels() == drive.levels(1)


@settings(max_examples=20)
@given(seed=st.integers(0, 1 << 32), cuts=st.lists(st.integers(1, 40), min_size=1, max_size=6))
@pytest.mark.slow
def test_the_numbering_does_not_depend_on_how_events_are_cut_into_calls(
    seed: int, cuts: list[int]
) -> None:
    """Book sequences are a function of the event stream, so a replay restores them."""
    drive = Drive(seed)
    whole, parts = BookFeed(FeedLimits(), NOBODY), BookFeed(FeedLimits(), NOBODY)
    for feed in (whole, parts):
        feed.consume(drive.opening)
    for cut in cuts:
        for events in drive.events(cut, cut):
            whole.consume(events)
            for sequence in dict.fromkeys(events["sequence"].tolist()):
                parts.consume(events[events["sequence"] == sequence])
    for market_id in MARKETS:
        one, other = whole.market(market_id), parts.market(market_id)
        assert one.head == other.head
        assert one.snapshot() == other.snapshot()
        assert (one.snapshot().bids, one.snapshot().asks) == drive.levels(market_id)
