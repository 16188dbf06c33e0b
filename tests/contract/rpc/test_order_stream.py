"""The streams of single orders and of best prices over gRPC."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from engine.core.commands import Side
from engine.feed.limits import NS_PER_SECOND, FeedLimits
from realstack.client.feeds import update_orders
from realstack.client.order_book import LocalOrders
from realstack.common.v1 import common_pb2
from realstack.marketdata.v1 import marketdata_pb2 as pb
from tests.contract.rpc.engine_under_test import (
    GOLD_DOLLAR,
    SMALL_WINDOW,
    Client,
    Engine,
    refusal,
    start_engine,
)
from tests.contract.rpc.test_market_data import trade_at_random
from tests.model.feeds import a_market, in_queue_order


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    """A front with short heartbeats and a short history of single increments."""
    limits = FeedLimits(heartbeat_ns=NS_PER_SECOND // 50, increments_max=32, backlog_max=256)
    started = await start_engine(tmp_path, limits)
    try:
        await started.define()
        yield started
        assert started.fatal == []
    finally:
        await started.close()


def stream(client: Client, after: int = 0) -> Any:
    """Follow the orders of the book."""
    request = pb.StreamOrdersRequest(market_id=GOLD_DOLLAR, after_book_sequence=after)
    return client.stream(client.market_data.StreamOrders, request)


async def read_to_head(engine: Engine, call: Any, orders: LocalOrders) -> list[str]:
    """Read up to the last change, which has to be durable, and give the kinds of messages."""
    kinds: list[str] = []
    while not kinds or orders.book_sequence < engine.node.feeds.books.market(GOLD_DOLLAR).head:
        message = await call.read()
        update_orders(orders, message)
        kinds.append(str(message.WhichOneof("update")))
    return kinds


def same_as_the_venue(engine: Engine, orders: LocalOrders) -> None:
    """Hold the orders against the venue's, in queue order."""
    rows = engine.node.venue.orders(0, GOLD_DOLLAR)
    for side in Side:
        mine = [(each.order_id, each.price_ticks, each.quantity_lots)
                for each in orders.orders(side)]  # fmt: skip
        assert mine == in_queue_order(rows, side)


@pytest.mark.slow
async def test_a_reader_of_orders_holds_the_venues_queues(engine: Engine) -> None:
    """A snapshot of what is there, then increments, each with its checksum."""
    await trade_at_random(engine, 64)
    call, orders = stream(engine.client("bob")), LocalOrders(a_market(GOLD_DOLLAR))
    assert (await read_to_head(engine, call, orders))[0] == "snapshot"
    same_as_the_venue(engine, orders)
    for seed in range(4):
        await trade_at_random(engine, 64, seed)
        await read_to_head(engine, call, orders)
        same_as_the_venue(engine, orders)
    call.cancel()


@pytest.mark.slow
async def test_a_reader_of_orders_resumes_where_it_was(engine: Engine) -> None:
    """What it missed comes as increments, also when nobody has read in the meantime."""
    bob, orders = engine.client("bob"), LocalOrders(a_market(GOLD_DOLLAR))
    await trade_at_random(engine, 64)
    call = stream(bob)
    await read_to_head(engine, call, orders)
    call.cancel()
    await trade_at_random(engine, 64, 2)
    call = stream(bob, orders.book_sequence)
    assert "snapshot" not in await read_to_head(engine, call, orders)
    same_as_the_venue(engine, orders)
    call.cancel()


@pytest.mark.slow
async def test_a_slow_reader_of_orders_is_conflated_and_stays_right(engine: Engine) -> None:
    """It is not cut: it gets merged increments or the whole book, and ends equal."""
    slow, orders = Client(engine.front.port, "bob", SMALL_WINDOW), LocalOrders(a_market(1))
    call = stream(slow)
    update_orders(orders, await call.read())
    for seed in range(4):
        await trade_at_random(engine, 1_024, seed)
    await read_to_head(engine, call, orders)
    same_as_the_venue(engine, orders)
    call.cancel()
    await slow.channel.close()


async def test_silent_orders_beat_with_their_last_sequence(engine: Engine) -> None:
    """A heartbeat says how far the book is, so that a lost message is seen."""
    await engine.client("alice").place()
    call, orders = stream(engine.client("bob")), LocalOrders(a_market(1))
    for expected in ("snapshot", "heartbeat", "heartbeat"):
        message = await call.read()
        update_orders(orders, message)
        assert message.WhichOneof("update") == expected
    assert (orders.book_sequence, len(orders)) == (1, 1)
    call.cancel()


async def test_the_best_prices_are_told_when_they_change(engine: Engine) -> None:
    """An order behind the best changes nothing; an empty side has no price."""
    alice, bob = engine.client("alice"), engine.client("bob")
    call = bob.stream(bob.market_data.StreamTop, pb.StreamTopRequest(market_id=GOLD_DOLLAR))
    told = []

    async def next_top() -> pb.TopOfBook:
        while True:
            message = await call.read()
            if message.HasField("top"):
                return pb.TopOfBook.FromString(message.top.SerializeToString())

    told.append(await next_top())
    await alice.place(price_ticks=90, quantity_lots=2)
    told.append(await next_top())
    await alice.place(price_ticks=80, quantity_lots=2)
    await bob.place(side=common_pb2.SIDE_SELL, price_ticks=95, quantity_lots=3)
    told.append(await next_top())
    call.cancel()
    found = [
        (each.book_sequence, each.bid.price_ticks, each.ask.price_ticks, each.HasField("ask"))
        for each in told
    ]
    assert found == [(0, 0, 0, False), (1, 90, 0, False), (3, 90, 95, True)]


@pytest.mark.parametrize("rpc", ["StreamOrders", "StreamTop"])
async def test_an_unknown_market_is_named(engine: Engine, rpc: str) -> None:
    """There are no orders of a market that is not defined."""
    bob = engine.client("bob")
    requests: dict[str, Any] = {
        "StreamOrders": pb.StreamOrdersRequest(market_id=9),
        "StreamTop": pb.StreamTopRequest(market_id=9),
    }
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await bob.stream(getattr(bob.market_data, rpc), requests[rpc]).read()
    told = refusal(caught.value)
    assert (told.code, told.fields) == (grpc.StatusCode.NOT_FOUND, ["market_id"])
