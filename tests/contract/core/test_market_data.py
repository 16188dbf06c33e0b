"""Scenarios of the market data feeds: gaps and recovery, no crossed book, every change told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from engine.core.commands import SelfTradePrevention, Side, TimeInForce
from engine.core.rejects import Reject
from engine.feed.market_book import MarketBook
from engine.rpc.book_messages import increment_wire, snapshot_message
from engine.rpc.order_messages import orders_increment_wire, orders_snapshot_messages
from realstack.client.book import BookGap, LocalBook
from realstack.client.feeds import update, update_orders
from realstack.client.order_book import LocalOrders
from realstack.marketdata.v1 import marketdata_pb2 as pb
from tests.contract.core.desk import MARKET, Desk, U, V
from tests.model.feeds import Client, Mirror, a_market


class Scene:
    """A desk whose commands are followed by the feeds."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.mirror = Mirror(desk.venue)
        book = self.mirror.feeds.books.market(MARKET)
        book.orders.readers += 1
        assert book.orders.begin(desk.venue.sequence_last, desk.venue.orders(0, MARKET))
        self.book: MarketBook = book
        self.l2: list[pb.StreamBookResponse] = []
        self.l3: list[pb.StreamOrdersResponse] = []

    def told(self, events: Any) -> None:
        """Feed the events of a command and gather its messages."""
        before = self.book.head
        self.mirror.feeds.on_events(events)
        while self.book.work():
            pass
        while self.book.orders.work():
            pass
        if self.book.head > before:
            step, orders = self.book.after(before), self.book.orders.after(before)
            assert step is not None
            assert orders is not None
            self.l2.append(pb.StreamBookResponse.FromString(increment_wire(step)))
            wire = orders_increment_wire(MARKET, orders)
            self.l3.append(pb.StreamOrdersResponse.FromString(wire))

    def equal(self, book: LocalBook, orders: LocalOrders) -> None:
        """Hold the two books of a client against the engine's."""
        client = Client(MARKET)
        client.book, client.orders = book, orders
        client.compare(self.desk.venue, MARKET)


@pytest.fixture
def scene(desk: Desk) -> Scene:
    """A desk with feeds."""
    return Scene(desk)


def client_of(
    l2: Sequence[pb.StreamBookResponse], l3: Sequence[pb.StreamOrdersResponse]
) -> tuple[LocalBook, LocalOrders]:
    """Give the books of a client that took these messages from the first on."""
    book, orders = LocalBook(a_market(MARKET)), LocalOrders(a_market(MARKET))
    for levels, queues in zip(l2, l3, strict=True):
        assert update(book, levels)
        assert update_orders(orders, queues)
    return book, orders


def delta(scene: Scene, number: int) -> None:
    """Rest the order of that number."""
    side = (Side.BUY, Side.SELL)[number % 2]
    price = 100 - number % 7 if side is Side.BUY else 101 + number % 5
    scene.told(scene.desk.place(U, side, 1 + number % 3, price).events)


def hundred(scene: Scene) -> None:
    """Rest orders over 100 commands, each a delta of the book."""
    for number in range(100):
        delta(scene, number)
    assert len(scene.l2) == len(scene.l3) == 100


@pytest.mark.slow
def test_two_lost_deltas_of_a_hundred_are_seen_and_repaired_by_a_snapshot(scene: Scene) -> None:
    """Drop 41 and 42: 43 is refused, a snapshot at 60 and what was gathered make the book."""
    for number in range(60):
        delta(scene, number)
    snapshot = snapshot_message(scene.mirror.feeds, scene.book)
    parts = orders_snapshot_messages(scene.mirror.feeds, scene.book, 7)
    for number in range(60, 100):
        delta(scene, number)
    book, orders = client_of(scene.l2[:40], scene.l3[:40])
    gathered = scene.l2[42:], scene.l3[42:]
    with pytest.raises(BookGap, match="book sequence 43 came after 40"):
        update(book, gathered[0][0])
    with pytest.raises(BookGap, match="book sequence 43 came after 40"):
        update_orders(orders, gathered[1][0])
    assert (book.book_sequence, orders.book_sequence) == (40, 40)
    book.replace(snapshot)
    whole = [update_orders(orders, part) for part in parts]
    assert whole == [False] * 8 + [True]
    assert [update(book, each) for each in gathered[0]] == [False] * 18 + [True] * 40
    assert [update_orders(orders, each) for each in gathered[1]] == [False] * 18 + [True] * 40
    scene.equal(book, orders)


@pytest.mark.slow
def test_two_lost_deltas_are_repaired_by_asking_for_what_came_after(scene: Scene) -> None:
    """Resuming after 40 gives 41 to 100 again; no filler, no number twice, no reset."""
    hundred(scene)
    book, orders = client_of(scene.l2[:40], scene.l3[:40])
    while book.book_sequence < scene.book.head:
        step = scene.book.after(book.book_sequence)
        orders_step = scene.book.orders.after(orders.book_sequence)
        assert step is not None
        assert orders_step is not None
        assert step.first_book_sequence == orders_step.first_book_sequence
        update(book, pb.StreamBookResponse.FromString(increment_wire(step)))
        wire = orders_increment_wire(MARKET, orders_step)
        update_orders(orders, pb.StreamOrdersResponse.FromString(wire))
    assert [each.increment.book_sequence for each in scene.l2] == list(range(1, 101))
    scene.equal(book, orders)


@pytest.mark.slow
def test_a_delta_lost_at_the_end_is_seen_by_the_heartbeat(scene: Scene) -> None:
    """Nothing comes after it, so the last sequence in a heartbeat tells."""
    hundred(scene)
    book, orders = client_of(scene.l2[:99], scene.l3[:99])
    beat = pb.BookHeartbeat(book_sequence=100, sequence=scene.desk.venue.sequence_last)
    with pytest.raises(BookGap, match="the venue is at book sequence 100, this book at 99"):
        book.stand_at(beat)
    with pytest.raises(BookGap, match="the venue is at book sequence 100, this book at 99"):
        orders.stand_at(beat)


def test_a_marketable_limit_is_told_as_its_residual_in_one_message(scene: Scene) -> None:
    """Asks 265.00 to 265.27, a bid at 265.34 comes: one message takes the asks off and adds 581.

    The reported fault showed the bid as a level beside the asks that it was about to take.
    """
    for price in (26_500, 26_510, 26_527):
        scene.told(scene.desk.sell(V, 100, price).events)
    book, orders = client_of(scene.l2, scene.l3)
    bid = scene.desk.buy(U, 881, 26_534)
    assert [lots for lots, _, _ in bid.fills] == [100, 100, 100]
    scene.told(bid.events)
    assert len(scene.l2) == 4
    step = scene.l2[3].increment
    assert [(each.price_ticks, each.quantity_lots) for each in step.bids] == [(26_534, 581)]
    assert [(each.price_ticks, each.quantity_lots) for each in step.asks] == [
        (26_500, 0),
        (26_510, 0),
        (26_527, 0),
    ]
    change = scene.l3[3].increment
    assert len(change.removed_order_ids) == 3
    assert [(each.order_id, each.quantity_lots) for each in change.queued] == [(bid.order_id, 581)]
    update(book, scene.l2[3])
    update_orders(orders, scene.l3[3])
    assert (book.best_ask(), len(orders)) == (None, 1)
    scene.equal(book, orders)


def test_a_fill_or_kill_that_would_cancel_its_own_order_leaves_the_told_book(scene: Scene) -> None:
    """S 3@100 of U, then U's fill-or-kill buy of 5 with cancel maker: killed, the ask stands."""
    ask = scene.desk.sell(U, 3, 100)
    scene.told(ask.events)
    killed = scene.desk.buy(
        U, 5, 100, time_in_force=TimeInForce.FOK, stp=SelfTradePrevention.CANCEL_MAKER
    )
    assert killed.reject is not Reject.NONE
    scene.told(killed.events)
    book, orders = client_of(scene.l2, scene.l3)
    assert [each.order_id for each in orders.queue(Side.SELL, 100)] == [ask.order_id]
    scene.equal(book, orders)


def test_a_maker_that_self_trade_prevention_cancels_is_told(scene: Scene) -> None:
    """U's resting ask goes when U's buy cancels makers: the feed takes it off in that message."""
    scene.told(scene.desk.sell(U, 3, 100).events)
    scene.told(scene.desk.buy(U, 5, 100, stp=SelfTradePrevention.CANCEL_MAKER).events)
    book, orders = client_of(scene.l2, scene.l3)
    assert (len(orders), book.best_ask()) == (1, None)
    scene.equal(book, orders)


def test_hidden_orders_are_never_told_and_icebergs_by_their_tranche(scene: Scene) -> None:
    """Neither a hidden order's id nor an iceberg's reserve is in any message."""
    hidden = scene.desk.sell(V, 50, 100, flags=4)
    iceberg = scene.desk.sell(V, 30, 100, display_lots=10)
    other = scene.desk.sell(U, 5, 100)
    taken = scene.desk.buy(U, 12, 100, stp=SelfTradePrevention.NONE)
    gone = scene.desk.buy(U, 25, 100, stp=SelfTradePrevention.NONE)
    steps = []
    for outcome in (hidden, iceberg, other, taken, gone):
        scene.told(outcome.events)
        steps.append(len(scene.l3))
    assert steps == [0, 1, 2, 3, 4]
    queued = [
        [(each.order_id, each.quantity_lots) for each in message.increment.queued]
        for message in scene.l3
    ]
    assert queued[0] == [(iceberg.order_id, 10)]
    assert queued[1] == [(other.order_id, 5)]
    assert queued[2] == [(iceberg.order_id, 10)]  # the next tranche, behind the other order
    text = str(scene.l3)
    assert f"order_id: {hidden.order_id}\n" not in text
    book, orders = client_of(scene.l2, scene.l3)
    scene.equal(book, orders)
