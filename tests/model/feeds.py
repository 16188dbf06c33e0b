"""Books made from the feeds alone against the venue's own: `./dev feeds --commands N --seed S`.

A client holds an L2 and an L3 book of every market and sees nothing but encoded messages. After
every command its books must be the venue's: levels, orders in queue order, and never crossed while
the market trades (in a call, orders gather without a match).
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import Side
from engine.core.phases import Phase
from engine.feed.feeds import Feeds
from engine.feed.limits import FeedLimits
from engine.feed.market_book import MarketBook
from engine.rpc.book_messages import increment_wire, snapshot_message
from engine.rpc.order_messages import orders_increment_wire, orders_snapshot_messages
from realstack.client.book import LocalBook
from realstack.client.feeds import update, update_orders
from realstack.client.order_book import LocalOrders
from realstack.client.records import Asset, Market
from realstack.marketdata.v1 import marketdata_pb2 as pb
from realstack.units import MarketUnits
from tests.model.source import CommandSource

ALL_EVERY = 1_000
LEVEL = ("price_ticks", "quantity_lots", "order_count")
Levels = list[tuple[int, int, int]]


class Different(Exception):
    """A book made from a feed is not the venue's."""


def a_market(market_id: int) -> Market:
    """Give a market for a local book."""
    return Market(
        market_id=market_id,
        symbol=f"MARKET-{market_id}",
        base=Asset(1, "BASE", 0),
        quote=Asset(2, "QUOTE", 6),
        units=MarketUnits(10_000, 1, 0, 6),
        maker_fee_ppm=0,
        taker_fee_ppm=0,
        last_price_ticks=0,
    )


class Client:
    """The two books of one market, kept up from encoded messages alone."""

    def __init__(self, market_id: int) -> None:
        self.book = LocalBook(a_market(market_id))
        self.orders = LocalOrders(a_market(market_id))

    def follow(self, feeds: Feeds, book: MarketBook) -> int:
        """Take every message that is new; tell how many of L2 there were."""
        while book.work():
            pass
        while book.orders.work():
            pass
        count = 0
        while self.book.book_sequence < book.applied:
            increment = book.after(self.book.book_sequence)
            if increment is None:
                self.book.replace(snapshot_message(feeds, book))
                continue
            update(self.book, pb.StreamBookResponse.FromString(increment_wire(increment)))
            count += 1
        while self.orders.book_sequence < book.orders.applied:
            step = book.orders.after(self.orders.book_sequence)
            if step is None:
                for part in orders_snapshot_messages(feeds, book):
                    update_orders(self.orders, part)
                continue
            wire = orders_increment_wire(book.market_id, step)
            update_orders(self.orders, pb.StreamOrdersResponse.FromString(wire))
        return count

    def compare(self, venue: Any, market_id: int) -> None:
        """Hold both books against the venue's.

        Raises:
            Different: When one is not equal, or crossed.
        """
        orders = venue.orders(0, market_id)
        for side in Side:
            told = self.book.bids() if side is Side.BUY else self.book.asks()
            mine = [(each.price_ticks, each.quantity_lots, each.order_count) for each in told]
            _same("L2", market_id, rows_of(venue.levels(market_id, side), LEVEL), mine)
            queue = self.orders.orders(side)
            mine = [(each.order_id, each.price_ticks, each.quantity_lots) for each in queue]
            _same("L3", market_id, in_queue_order(orders, side), mine)
        bid, ask = self.book.best_bid(), self.book.best_ask()
        phases = {int(row["market_id"]): int(row["phase"]) for row in venue.markets()}
        trades = phases[market_id] in (Phase.OPEN, Phase.POST_ONLY)
        if trades and bid and ask and bid.price_ticks >= ask.price_ticks:
            raise Different(f"market {market_id} is crossed: {bid} {ask}")
        if self.book.book_sequence != self.orders.book_sequence:
            raise Different(f"market {market_id}: L2 and L3 are at different book sequences")


def in_queue_order(orders: NDArray[np.void], side: Side) -> Levels:
    """Give the seen orders of a side as id, price, quantity: best price first, then by priority."""
    seen = orders[(orders["side"] == side) & (orders["visible_lots"] != 0)]
    price = seen["price_ticks"]
    seen = seen[np.lexsort((seen["priority_sequence"], -price if side is Side.BUY else price))]
    return rows_of(seen, ("order_id", "price_ticks", "visible_lots"))


def rows_of(rows: NDArray[np.void], names: tuple[str, str, str]) -> Levels:
    """Give three fields of each record."""
    return list(zip(*(rows[name].tolist() for name in names), strict=True))


def _same(kind: str, market_id: int, expected: Levels, actual: Levels) -> None:
    if expected != actual:
        raise Different(
            f"{kind} of market {market_id}:\n  only the venue {sorted({*expected} - {*actual})}\n"
            f"  only the feed  {sorted({*actual} - {*expected})}"
        )


class Mirror:
    """Feeds of a venue with a client of each market."""

    def __init__(self, venue: Any, limits: FeedLimits | None = None) -> None:
        self.venue = venue
        self.feeds = Feeds(venue.markets, limits)
        self.clients: dict[int, Client] = {}
        self.steps = 0

    def consume(self, events: NDArray[np.void], *, compare: bool = True) -> None:
        """Take in the events of a command and compare the books that it may have changed.

        Args:
            events: What the venue just told.
            compare: Whether the books are compared whole; their checksums are in any case.
        """
        heads = {number: self._book(number).head for number in self.clients}
        self.feeds.on_events(events)
        for market_id in self.venue.markets()["market_id"].tolist():
            if market_id not in self.clients:
                self.clients[market_id] = Client(market_id)
                orders = self._book(market_id).orders
                orders.readers += 1
                if not orders.begin(self.feeds.sequence, self.venue.orders(0, market_id)):
                    raise Different(f"market {market_id} could not be begun")
                for part in orders_snapshot_messages(self.feeds, self._book(market_id)):
                    update_orders(self.clients[market_id].orders, part)
            elif self._book(market_id).head == heads[market_id]:
                continue
            self.steps += self.clients[market_id].follow(self.feeds, self._book(market_id))
            if compare:
                self.clients[market_id].compare(self.venue, market_id)

    def compare_all(self) -> None:
        """Compare every book, also those that did not change."""
        for market_id, client in self.clients.items():
            client.compare(self.venue, market_id)

    def _book(self, market_id: int) -> MarketBook:
        return self.feeds.books.market(market_id)


def run(venue: Any, *, commands: int, seed: int) -> int:
    """Compare after each of so many random commands; give the number of increments.

    Raises:
        Different: At the first command after which a book is not the venue's.
    """
    source, mirror = CommandSource(seed), Mirror(venue)
    mirror.consume(venue.apply(source.opening()))
    started = time.monotonic()
    for done in range(1, commands + 1):
        events = venue.apply(source.take(1))
        source.learn(events)
        try:
            mirror.consume(events)
            if done % ALL_EVERY == 0:
                mirror.compare_all()
        except Exception as error:
            error.add_note(f"after {done} commands, seed {seed}")
            raise
        if done % 50_000 == 0:
            seconds = time.monotonic() - started
            print(f"feeds: {done:,} commands, {seconds:.0f} s", file=sys.stderr, flush=True)
    mirror.compare_all()
    return mirror.steps


def main(argv: list[str] | None = None) -> int:
    """Run from the command line; the last line is the verdict."""
    parser = argparse.ArgumentParser(description="books from the feeds against the venue's")
    parser.add_argument("--commands", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    from engine.core.venue import Venue  # here, so that the text of --help needs no build

    steps = run(Venue(), commands=options.commands, seed=options.seed)
    print(f"equal: {options.commands:,} commands, {steps:,} increments, L2 and L3, none crossed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
