"""A market's book for everybody: followed once, checked, and sent as frames of merged changes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import structlog

from gateway import convert
from gateway.encoding import json_text
from gateway.engine_client import EngineClient
from gateway.feeds.channel import Channel, Frame
from gateway.feeds.link import LagMeter, LinkState
from gateway.feeds.pacer import Pacer
from gateway.feeds.ticker import TickerFeed
from gateway.limits import BOOK_FRAME_SECONDS
from gateway.schemas.market import Book
from gateway.times import time_text
from realstack.client import LocalBook, Market
from realstack.client.book import BookGap
from realstack.client.connection import follow
from realstack.client.feeds import update
from realstack.marketdata.v1 import marketdata_pb2

log = structlog.get_logger()

Side = dict[int, tuple[int, int]]  # price in ticks -> quantity in lots, number of orders


class BookFeed:
    """Follows one book and publishes it.

    A frame covers book sequences `first` to `last`; the next begins at `last + 1`. The book applies
    each change at once, subscribers get what has gathered: so a new subscriber makes the feed
    send what is pending first, and its snapshot then fits between two frames.
    """

    def __init__(
        self,
        engine: EngineClient,
        market: Market,
        link: LinkState,
        lag: LagMeter,
        last_price_ticks: Callable[[], int],
    ) -> None:
        self.market = market
        self.resyncs = 0
        self.channel = Channel("book", opening=self._opening, market=market.symbol)
        self._engine = engine
        self._link = link
        self._lag = lag
        self._book = LocalBook(market)
        self._last_price_ticks = last_price_ticks
        self._bids: Side = {}
        self._asks: Side = {}
        self._sent = 0  # the last book sequence that a frame covered
        self._pacer = Pacer(self._flush, BOOK_FRAME_SECONDS)
        self.ticker = TickerFeed(market, self._book, last_price_ticks)

    @property
    def as_of_sequence(self) -> int:
        """The venue sequence that the book reflects."""
        return self._book.sequence

    async def run(self) -> None:
        """Follow until cancelled, through restarts of the engine.

        Raises:
            ClientError: The engine refuses the book for good.
        """
        try:
            while True:
                async with aclosing(follow(self._begin)) as messages:
                    async for message in messages:
                        if not self._take(message):
                            break
        finally:
            self._pacer.close()
            self.ticker.close()

    def snapshot(self) -> Book | None:
        """Return the book as it is now, or nothing before the first snapshot."""
        if self._book.sequence == 0 and self._book.book_sequence == 0:
            return None
        return convert.local_book(self.market, self._book, self._last_price_ticks())

    def _begin(self) -> Any:
        request = marketdata_pb2.StreamBookRequest(
            market_id=self.market.market_id, after_book_sequence=self._book.book_sequence
        )
        return self._engine.market_data.StreamBook(
            request, metadata=self._engine.metadata, wait_for_ready=True
        )

    def _take(self, message: marketdata_pb2.StreamBookResponse) -> bool:
        """Apply a message; tell whether the stream can go on."""
        self._link.heard()
        try:
            changed = update(self._book, message)
        except BookGap as gap:
            log.warning("book begun anew", market=self.market.symbol, detail=str(gap))
            self.resyncs += 1
            self._book.forget()
            return False
        if message.HasField("snapshot"):
            self._publish_anew()
        elif changed:
            self._gather(message.increment)
        if changed:
            self.ticker.look()
        return True

    def _gather(self, increment: marketdata_pb2.BookIncrement) -> None:
        self._lag.note(increment.time_ns)
        for level in increment.bids:
            self._bids[level.price_ticks] = (level.quantity_lots, level.order_count)
        for level in increment.asks:
            self._asks[level.price_ticks] = (level.quantity_lots, level.order_count)
        self._pacer.changed()

    def _publish_anew(self) -> None:
        """Give every subscriber the whole book: what was pending is in it."""
        self._bids.clear()
        self._asks.clear()
        frames = self._snapshot_frames()
        self._sent = self._book.book_sequence
        for frame in frames:
            self.channel.publish(frame)

    def _flush(self) -> None:
        """Publish the changes that have gathered as one frame."""
        book = self._book
        if book.book_sequence == self._sent:
            return
        changes = {
            "type": "book_update",
            "channel": "book",
            "market": self.market.symbol,
            "first_book_sequence": self._sent + 1,
            "book_sequence": book.book_sequence,
            "as_of_seq": book.sequence,
            "time": time_text(book.time_ns),
            "bids": self._levels(self._bids),
            "asks": self._levels(self._asks),
            "checksum": book.checksum(),
        }
        frame = Frame(json_text(changes), self._sent + 1, book.book_sequence)
        self._bids.clear()
        self._asks.clear()
        self._sent = book.book_sequence
        self.channel.publish(frame)

    def _levels(self, side: Side) -> list[Any]:
        return [convert.level(self.market, price, *row) for price, row in side.items()]

    def _opening(self) -> list[Frame]:
        self._pacer.now()
        return self._snapshot_frames()

    def _snapshot_frames(self) -> list[Frame]:
        book = self.snapshot()
        if book is None:
            return []
        return [snapshot_frame(book)]


def snapshot_frame(book: Book) -> Frame:
    """Return a whole book as a frame."""
    message = {
        "type": "book_snapshot",
        "channel": "book",
        "market": book.market,
        "book_sequence": book.book_sequence,
        "as_of_seq": book.as_of_seq,
        "time": book.time,
        "bids": book.bids,
        "asks": book.asks,
        "checksum": book.checksum,
        "last_price": book.last_price,
    }
    return Frame(json_text(message), book.book_sequence, book.book_sequence)
