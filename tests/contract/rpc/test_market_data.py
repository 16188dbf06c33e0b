"""Public market data: instruments, books that can be kept up, trades."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from engine.core.commands import Side
from engine.feed.limits import NS_PER_SECOND, FeedLimits
from realstack.admin.v1 import admin_pb2
from realstack.common.v1 import common_pb2
from realstack.marketdata.v1 import marketdata_pb2 as pb
from realstack.trading.v1 import trading_pb2
from tests.contract.rpc.engine_under_test import (
    DOLLAR,
    GOLD,
    GOLD_DOLLAR,
    SENT_NS,
    SMALL_WINDOW,
    Client,
    Engine,
    new_id,
    refusal,
    start_engine,
)
from tests.unit.feed.drive import Levels, plain
from tests.unit.feed.reader import BookReader


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


def triples(levels: Any) -> list[tuple[int, int, int]]:
    """Give levels as price, quantity, orders."""
    return [(each.price_ticks, each.quantity_lots, each.order_count) for each in levels]


def take(reader: BookReader, update: pb.StreamBookResponse) -> str:
    """Give a reader one message and hold its checksum against the reader's own book."""
    kind = update.WhichOneof("update")
    if kind == "snapshot":
        book = update.snapshot
        reader.start(book.book_sequence, triples(book.bids), triples(book.asks))
        assert book.checksum == reader.checksum()
    elif kind == "increment":
        step = update.increment
        reader.change(
            step.first_book_sequence,
            step.book_sequence,
            triples(step.bids),
            triples(step.asks),
        )
        assert step.checksum == reader.checksum()
        if step.first_book_sequence < step.book_sequence:
            return "merged"
    else:
        assert update.heartbeat.book_sequence == reader.book_sequence
    return str(kind)


async def read_to(call: Any, reader: BookReader, book_sequence: int) -> list[str]:
    """Read a stream up to a book sequence and give the kinds of its messages."""
    kinds: list[str] = []
    while reader.book_sequence < book_sequence or not kinds:
        kinds.append(take(reader, await call.read()))
    return kinds


def book_stream(client: Client, after: int = 0, market_id: int = GOLD_DOLLAR) -> Any:
    """Follow a book."""
    request = pb.StreamBookRequest(market_id=market_id, after_book_sequence=after)
    return client.stream(client.market_data.StreamBook, request)


def venue_levels(engine: Engine) -> tuple[Levels, Levels]:
    """Give the venue's own levels."""
    bids, asks = (engine.node.venue.levels(GOLD_DOLLAR, side) for side in (Side.BUY, Side.SELL))
    return plain(bids), plain(asks)


async def trade_at_random(engine: Engine, commands: int, seed: int = 1) -> None:
    """Send random orders of both members around a price, in batches."""
    chance = random.Random(seed)
    for name in ("alice", "bob") * (commands // 32):
        rows = 16
        ids = [new_id() for _ in range(rows)]
        batch = trading_pb2.CommandBatch(
            kind=b"\1" * rows,
            client_id_low=[each.low for each in ids],
            client_id_high=[each.high for each in ids],
            sent_time_ns=[SENT_NS] * rows,
            market_id=[GOLD_DOLLAR] * rows,
            side=bytes(chance.choice((1, 2)) for _ in range(rows)),
            order_type=b"\1" * rows,
            time_in_force=b"\1" * rows,
            price_ticks=[100 + chance.randrange(-15, 16) for _ in range(rows)],
            quantity_lots=[chance.randrange(1, 9) for _ in range(rows)],
        )
        call = engine.client(name).trade()
        await call.write(trading_pb2.TradeRequest(batch=batch))
        await call.done_writing()
        async for _ in call:
            pass


async def test_instruments_say_tick_and_lot_in_exact_decimals(engine: Engine) -> None:
    """One tick here is one cent for ten thousandths: 1 USD for 1 GOLD."""
    bob = engine.client("bob")
    listed = await bob.call(bob.market_data.ListInstruments, pb.ListInstrumentsRequest())
    assert [(each.asset_id, each.symbol, each.decimals) for each in listed.assets] == [
        (GOLD, "GOLD", 3),
        (DOLLAR, "USD", 2),
    ]
    assert list(listed.markets) == [
        pb.Market(
            market_id=GOLD_DOLLAR,
            symbol="GOLD-USD",
            base_asset_id=GOLD,
            quote_asset_id=DOLLAR,
            quote_atoms_per_tick_lot=1,
            base_atoms_per_lot=10,
            maker_fee_ppm=1_000,
            taker_fee_ppm=2_000,
            tick_size="1",
            lot_size="0.01",
            phase=common_pb2.PHASE_OPEN,
            allocation=common_pb2.ALLOCATION_FIFO,
        )
    ]
    assert listed.as_of_sequence == engine.node.durable_sequence


async def test_a_book_read_once_is_the_venues_book(engine: Engine) -> None:
    """A member's own order is in the book that it reads after the answer."""
    bob, reader = engine.client("bob"), BookReader()
    answer = await bob.place(price_ticks=77, quantity_lots=6)
    await bob.place(price_ticks=70)
    request = pb.GetBookRequest(market_id=GOLD_DOLLAR)
    book = (await bob.call(bob.market_data.GetBook, request)).book
    take(reader, pb.StreamBookResponse(snapshot=book))
    assert reader.levels() == venue_levels(engine)
    assert (77, 6, 1) in reader.levels()[0]
    assert (book.book_sequence, book.sequence) == (2, answer.sequence + 1)
    request = pb.GetBookRequest(market_id=GOLD_DOLLAR, depth=1)
    top = (await bob.call(bob.market_data.GetBook, request)).book
    assert (triples(top.bids), top.checksum) == ([(77, 6, 1)], book.checksum)


@pytest.mark.slow
async def test_a_reader_that_keeps_up_holds_the_venues_book_with_every_checksum(
    engine: Engine,
) -> None:
    """A snapshot, then increments without a gap; each checksum fits the reader's own book."""
    call, reader = book_stream(engine.client("bob")), BookReader()
    assert take(reader, await call.read()) == "snapshot"
    for seed in range(4):
        await trade_at_random(engine, 64, seed)
        await read_to(call, reader, engine.node.feeds.books.market(GOLD_DOLLAR).head)
        assert reader.levels() == venue_levels(engine)
    call.cancel()


async def test_each_command_that_changes_the_book_is_one_increment(engine: Engine) -> None:
    """Increments name the command, and what it did not change is not in them."""
    bob, alice, reader = engine.client("bob"), engine.client("alice"), BookReader()
    call = book_stream(bob)
    take(reader, await call.read())
    await bob.place(price_ticks=90, quantity_lots=2)
    await bob.place(price_ticks=80, quantity_lots=0)  # refused: no increment
    answer = await alice.place(side=common_pb2.SIDE_SELL, price_ticks=90, quantity_lots=5)
    updates = []
    while reader.book_sequence < 2:
        update = await call.read()
        if take(reader, update) == "increment":
            updates.append(update.increment)
    call.cancel()
    assert [each.first_book_sequence for each in updates] == [1, 2]
    assert [each.book_sequence for each in updates] == [1, 2]
    assert updates[1].sequence == answer.sequence
    assert updates[1].time_ns == answer.time_ns
    assert triples(updates[1].bids) == [(90, 0, 0)]
    assert triples(updates[1].asks) == [(90, 3, 1)]


@pytest.mark.slow
async def test_a_reader_resumes_from_any_book_sequence(engine: Engine) -> None:
    """Increments follow at plus one, single or merged, and lead to the venue's book."""
    bob, states = engine.client("bob"), {}
    call, live = book_stream(bob), BookReader()
    take(live, await call.read())
    for price in range(1, 60):
        await bob.place(price_ticks=price)
        await read_to(call, live, price)
        states[live.book_sequence] = live.levels()
    call.cancel()
    for sequence, levels in states.items():
        reader = BookReader()
        reader.start(sequence, *levels)
        resumed = book_stream(bob, after=sequence)
        kinds = await read_to(resumed, reader, 59)
        assert "snapshot" not in kinds
        assert reader.levels() == venue_levels(engine)
        resumed.cancel()


async def test_a_reader_from_another_history_gets_a_snapshot(engine: Engine) -> None:
    """A book sequence that the market has not reached cannot be resumed from."""
    reader = BookReader()
    call = book_stream(engine.client("bob"), after=10**9)
    assert take(reader, await call.read()) == "snapshot"
    call.cancel()


async def test_a_silent_book_beats_with_its_last_sequence(engine: Engine) -> None:
    """A heartbeat says how far the book is, so that a lost message is seen."""
    await engine.client("alice").place()
    reader, call = BookReader(), book_stream(engine.client("bob"))
    kinds = [take(reader, await call.read()) for _ in range(4)]
    assert kinds == ["snapshot", "heartbeat", "heartbeat", "heartbeat"]
    call.cancel()


@pytest.mark.slow
async def test_a_slow_book_reader_is_conflated_and_stays_right(engine: Engine) -> None:
    """It is not cut: it gets fewer, merged increments, without a gap between them."""
    slow = Client(engine.front.port, "bob", SMALL_WINDOW)
    call, reader = book_stream(slow), BookReader()
    take(reader, await call.read())
    kinds = []
    for seed in range(4):
        await trade_at_random(engine, 1_024, seed)
        kinds.append(take(reader, await call.read()))
    kinds += await read_to(call, reader, engine.node.feeds.books.market(GOLD_DOLLAR).head)
    assert "merged" in kinds
    assert reader.levels() == venue_levels(engine)
    call.cancel()
    await slow.channel.close()


@pytest.mark.parametrize("rpc", ["GetBook", "StreamBook", "StreamTrades"])
async def test_an_unknown_market_is_named(engine: Engine, rpc: str) -> None:
    """There is no book of a market that is not defined."""
    bob = engine.client("bob")
    requests: dict[str, Any] = {
        "GetBook": pb.GetBookRequest(market_id=9),
        "StreamBook": pb.StreamBookRequest(market_id=9),
        "StreamTrades": pb.StreamTradesRequest(market_id=9),
    }
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        call = getattr(bob.market_data, rpc)(requests[rpc], metadata=bob.metadata, timeout=10)
        await (call if rpc == "GetBook" else call.read())
    told = refusal(caught.value)
    assert (told.code, told.reason) == (grpc.StatusCode.NOT_FOUND, "UNKNOWN_MARKET")
    assert told.fields == ["market_id"]


async def test_trades_resume_from_any_trade_of_one_market_or_all(engine: Engine) -> None:
    """Trade ids are dense over the venue; a market's stream leaves the others out."""
    alice, bob, boss = engine.client("alice"), engine.client("bob"), engine.client("boss")
    request = admin_pb2.DefineMarketRequest(
        market_id=2,
        symbol="USD-GOLD",
        base_asset_id=DOLLAR,
        quote_asset_id=GOLD,
        quote_atoms_per_tick_lot=1,
        base_atoms_per_lot=1,
    )
    await boss.call(boss.admin.DefineMarket, request)
    for market_id in (1, 2, 1, 2, 2):
        await alice.place(side=common_pb2.SIDE_SELL, market_id=market_id)
        await bob.place(market_id=market_id)
    wanted = {0: [1, 2, 3, 4, 5], 1: [1, 3], 2: [2, 4, 5]}
    for market_id, trade_ids in wanted.items():
        for start in range(1, 6):
            expected = [trade_id for trade_id in trade_ids if trade_id >= start]
            wanted_from = pb.StreamTradesRequest(market_id=market_id, from_trade_id=start)
            call = bob.stream(bob.market_data.StreamTrades, wanted_from)
            message = await call.read()
            assert [each.trade_id for each in message.trades] == expected
            assert message.last_trade_id == 5
            call.cancel()


async def test_trades_from_beyond_the_last_are_refused(engine: Engine) -> None:
    """The venue has not made that trade."""
    bob = engine.client("bob")
    call = bob.stream(bob.market_data.StreamTrades, pb.StreamTradesRequest(from_trade_id=2))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call.read()
    assert refusal(caught.value).reason == "AHEAD_OF_STREAM"


async def test_a_stream_of_new_trades_beats_and_goes_on(engine: Engine) -> None:
    """Zero asks for what happens from now on."""
    alice, bob = engine.client("alice"), engine.client("bob")
    call = bob.stream(bob.market_data.StreamTrades, pb.StreamTradesRequest())
    first = await call.read()
    assert (list(first.trades), first.last_trade_id) == ([], 0)
    await alice.place(side=common_pb2.SIDE_SELL)
    await bob.place()
    while not (message := await call.read()).trades:
        pass
    assert message.trades[0].aggressor_side == common_pb2.SIDE_BUY
    call.cancel()
