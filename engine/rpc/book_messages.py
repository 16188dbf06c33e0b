"""Books to messages. An increment is encoded once and sent to all its readers."""

from __future__ import annotations

from collections.abc import Iterable

from engine.feed.feeds import Feeds
from engine.feed.levels import Level
from engine.feed.market_book import Increment, MarketBook
from realstack.marketdata.v1 import marketdata_pb2 as pb


def _levels(levels: Iterable[Level]) -> list[pb.Level]:
    return [
        pb.Level(price_ticks=price, quantity_lots=quantity, order_count=count)
        for price, quantity, count in levels
    ]


def increment_wire(increment: Increment) -> bytes:
    """Give the encoded stream message of an increment."""
    if increment.wire is None:
        increment.wire = pb.StreamBookResponse(
            increment=pb.BookIncrement(
                market_id=increment.market_id,
                book_sequence=increment.book_sequence,
                sequence=increment.sequence,
                time_ns=increment.time_ns,
                bids=_levels(increment.bids),
                asks=_levels(increment.asks),
                checksum=increment.checksum,
                first_book_sequence=increment.first_book_sequence,
            )
        ).SerializeToString()
    return increment.wire


def snapshot_message(feeds: Feeds, book: MarketBook, depth: int | None = None) -> pb.BookSnapshot:
    """Make the snapshot of a book as of the last released sequence."""
    snapshot = book.snapshot(depth)
    return pb.BookSnapshot(
        market_id=snapshot.market_id,
        book_sequence=snapshot.book_sequence,
        sequence=feeds.sequence,
        time_ns=feeds.time_ns,
        bids=_levels(snapshot.bids),
        asks=_levels(snapshot.asks),
        checksum=snapshot.checksum,
        last_price_ticks=snapshot.last_price_ticks,
    )


def heartbeat_wire(feeds: Feeds, book: MarketBook) -> bytes:
    """Encode the message that says a book is unchanged."""
    return pb.StreamBookResponse(
        heartbeat=pb.BookHeartbeat(book_sequence=book.head, sequence=feeds.sequence)
    ).SerializeToString()


def top_message(feeds: Feeds, book: MarketBook) -> pb.TopOfBook:
    """Make the message of the best prices of a book that is at its head."""
    bids, asks = (_levels(levels) for levels in book.top()[:2])
    return pb.TopOfBook(
        market_id=book.market_id,
        book_sequence=book.applied,
        sequence=feeds.sequence,
        time_ns=feeds.time_ns,
        bid=bids[0] if bids else None,
        ask=asks[0] if asks else None,
        last_price_ticks=book.last_price_ticks,
    )


def top_heartbeat_wire(feeds: Feeds, book: MarketBook) -> bytes:
    """Encode the message that says the best prices are unchanged."""
    return pb.StreamTopResponse(
        heartbeat=pb.BookHeartbeat(book_sequence=book.head, sequence=feeds.sequence)
    ).SerializeToString()
