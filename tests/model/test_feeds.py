"""Books made from the L2 and L3 messages alone are the venue's after every random command."""

from __future__ import annotations

import pytest

from engine.core.venue import Venue
from engine.feed.limits import FeedLimits
from engine.reference.venue import ReferenceVenue
from tests.model.feeds import Client, Mirror, run
from tests.model.source import CommandSource


@pytest.mark.slow
def test_books_of_the_compiled_core_are_those_of_its_feeds() -> None:
    """L2 and L3 after each command: levels, queue order, checksums, never crossed."""
    assert run(Venue(), commands=12_000, seed=11) > 5_000


@pytest.mark.slow
def test_books_of_the_reference_are_those_of_its_feeds() -> None:
    """The same on the executable specification."""
    assert run(ReferenceVenue(), commands=1_500, seed=12) > 500


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
def test_books_are_equal_after_each_of_a_million_commands() -> None:
    """The same, a million times."""
    assert run(Venue(), commands=1_000_000, seed=13) > 500_000


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [3, 50, 400])
def test_orders_of_readers_that_fall_behind_are_the_venues(at_once: int) -> None:
    """Single and merged increments and whole books all lead to the same queues, at any lag."""
    limits = FeedLimits(
        increments_max=8, increments_per_turn=4, backlog_max=32, book_rows_max=1 << 12
    )
    venue, source = Venue(), CommandSource(at_once)
    mirror = Mirror(venue, limits)
    mirror.consume(venue.apply(source.opening()))
    late = Client(1)
    book = mirror.feeds.books.market(1)
    for turn in range(4_000 // at_once):
        events = venue.apply(source.take(at_once))
        source.learn(events)
        mirror.consume(events)
        if turn % 5 == 0:
            late.follow(mirror.feeds, book)
            late.compare(venue, 1)
    assert late.orders.book_sequence > 0


def test_a_book_of_orders_begins_from_the_venue_at_any_sequence() -> None:
    """The first reader comes late: the venue's orders and the changes after them make the book."""
    venue, source = Venue(), CommandSource(5)
    mirror = Mirror(venue)
    mirror.feeds.on_events(venue.apply(source.opening()))

    def go_on() -> None:
        for _ in range(20):
            events = venue.apply(source.take(10))
            source.learn(events)
            mirror.feeds.on_events(events)

    go_on()
    sequence, orders = venue.sequence_last, venue.orders(0, 1)
    go_on()
    book = mirror.feeds.books.market(1)
    book.orders.readers += 1
    assert book.orders.begin(sequence, orders)
    client = Client(1)
    client.follow(mirror.feeds, book)
    client.compare(venue, 1)
    book.orders.leave()
    assert not book.orders.is_live
