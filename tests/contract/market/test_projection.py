"""The projection: complete, resumable, written once, and never of two venues."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from services.market.domain import Interval, Trade
from services.market.store import ProjectionError, Store
from tests.contract.market.conftest import Service, running_service
from tests.contract.market.scripted_engine import NOON_NS, ScriptedEngine, trade
from tests.support.waiting import DEADLINE_SECONDS

pytestmark = pytest.mark.slow


async def test_every_trade_is_stored_and_answers_say_up_to_where(
    engine: ScriptedEngine, service: Service
) -> None:
    """Trades come newest first, with the venue sequence that the projection has reached."""
    await engine.add(*[trade(number, second=number) for number in range(1, 8)])
    await service.wait_for_trade(7)
    answer = await service.list_trades()
    assert [row.trade_id for row in answer.trades] == [7, 6, 5, 4, 3, 2, 1]
    assert answer.as_of_sequence == 70
    newest = answer.trades[0]
    assert (newest.price_ticks, newest.quantity_lots, newest.aggressor_side) == (100, 1, 1)
    assert (newest.sequence, newest.time_ns) == (70, NOON_NS + 7 * 10**9)


async def test_the_projection_goes_on_where_it_was_when_the_engine_comes_back(
    engine: ScriptedEngine, service: Service
) -> None:
    """After a restart of the engine no trade is missing and none is stored twice."""
    await engine.add(trade(1), trade(2))
    await service.wait_for_trade(2)
    await engine.stop()
    engine.trades.append(trade(3))
    await engine.start()
    await service.wait_for_trade(3)
    assert [row.trade_id for row in (await service.list_trades()).trades] == [3, 2, 1]
    assert engine.asked_from[-1] == 2
    (candle,) = (await service.list_candles()).candles
    assert (candle.trade_count, candle.first_trade_id, candle.last_trade_id) == (3, 1, 3)


async def test_a_restarted_service_goes_on_from_its_database(
    database_url: str, engine: ScriptedEngine
) -> None:
    """The position is in the same transaction as the trades, so it is never ahead or behind."""
    await engine.add(*[trade(number) for number in range(1, 6)])
    async with running_service(database_url, engine) as first:
        await first.wait_for_trade(5)
    await engine.add(trade(6))
    async with running_service(database_url, engine) as second:
        await second.wait_for_trade(6)
        (candle,) = (await second.list_candles()).candles
    assert candle.trade_count == 6
    assert engine.asked_from == [1, 5]


async def test_a_repeated_batch_changes_nothing(service: Service) -> None:
    """Storing is idempotent by trade id, for trades and for candles."""
    rows = [stored(1), stored(2)]
    store = service.store
    await store.append(rows, as_of_sequence=20, venue_time_ns=NOON_NS)
    before = await contents(store)
    await store.append(rows, as_of_sequence=20, venue_time_ns=NOON_NS)
    assert await contents(store) == before
    await store.append([stored(2), stored(3)], as_of_sequence=30, venue_time_ns=NOON_NS)
    candles, position = await store.list_candles(
        1, Interval.DAY, from_time_ns=0, to_time_ns=0, count=10
    )
    assert [candle.trade_count for candle in candles] == [3]
    assert position.last_trade_id == 3


async def test_a_missing_trade_is_refused_and_nothing_of_its_batch_is_stored(
    service: Service,
) -> None:
    """A hole in the stream is an error, never a hole in the history."""
    await service.store.append([stored(1)], as_of_sequence=10, venue_time_ns=NOON_NS)
    before = await contents(service.store)
    with pytest.raises(ProjectionError, match="trade 2 is missing: the engine went on with 3"):
        await service.store.append([stored(3)], as_of_sequence=30, venue_time_ns=NOON_NS)
    assert await contents(service.store) == before


async def test_a_venue_with_fewer_trades_than_stored_is_another_venue(
    engine: ScriptedEngine, service: Service
) -> None:
    """A database of another venue stops the service instead of mixing two histories."""
    await engine.add(trade(1), trade(2), trade(3))
    await service.wait_for_trade(3)
    await engine.stop()
    engine.trades = [trade(1)]
    await engine.start()
    await expect_failure(service, "belongs to another venue")


async def test_a_venue_whose_last_trade_differs_is_another_venue(
    engine: ScriptedEngine, service: Service
) -> None:
    """The last stored trade is asked for again and must be the same."""
    await engine.add(trade(1), trade(2))
    await service.wait_for_trade(2)
    await engine.stop()
    engine.trades = [trade(1), trade(2, price=101), trade(3)]
    await engine.start()
    await expect_failure(service, "trade 2 of the venue is not the stored one")


async def test_a_refusal_that_does_not_pass_ends_the_service(
    engine: ScriptedEngine, service: Service
) -> None:
    """A wrong key is not waited out: the process ends and says so."""
    await engine.stop()
    engine.refuse_with = grpc.StatusCode.UNAUTHENTICATED
    await engine.start()
    await expect_failure(service, "the engine refuses the trades: UNAUTHENTICATED")


async def test_a_candle_closes_when_a_heartbeat_brings_the_venue_time(
    engine: ScriptedEngine, service: Service
) -> None:
    """Commands that trade nothing move the venue's time on, and candles close with it."""
    await engine.add(trade(1))
    await service.wait_for_trade(1)
    (candle,) = (await service.list_candles()).candles
    assert candle.closed is False
    engine.book_sequence, engine.book_time_ns = 15, NOON_NS + 60 * 10**9
    await engine.heartbeat(15)
    await service.wait_for_sequence(15)
    (candle,) = (await service.list_candles()).candles
    assert candle.closed is True


async def test_a_book_that_is_ahead_of_the_trades_closes_no_candle(
    engine: ScriptedEngine, service: Service
) -> None:
    """A time counts only when all trades before it are known."""
    await engine.add(trade(1))
    await service.wait_for_trade(1)
    engine.book_sequence, engine.book_time_ns = 16, NOON_NS + 60 * 10**9
    await engine.heartbeat(15)
    await service.wait_for_sequence(15)
    (candle,) = (await service.list_candles()).candles
    assert candle.closed is False


def stored(trade_id: int) -> Trade:
    return Trade(
        trade_id=trade_id,
        market_id=1,
        sequence=trade_id * 10,
        time_ns=NOON_NS,
        price_ticks=100,
        quantity_lots=1,
        aggressor_side=1,
    )


async def contents(store: Store) -> list[object]:
    """Return everything that the store tells of market 1."""
    return [
        await store.position(),
        await store.list_trades(1, before_trade_id=1 << 62, count=100),
        await store.list_candles(1, Interval.SECOND, from_time_ns=0, to_time_ns=0, count=100),
    ]


async def expect_failure(service: Service, message: str) -> None:
    """Wait for the projector to stop with a projection error."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        with pytest.raises(ProjectionError, match=message):
            await service.projecting
