"""Lists of trades and candles: pages, ranges and refusals."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from realstack.market.v1 import market_pb2 as wire
from tests.contract.market.conftest import Service
from tests.contract.market.scripted_engine import NOON_NS, ScriptedEngine, trade

pytestmark = pytest.mark.slow

MINUTE_NS = 60 * 10**9


async def test_pages_of_trades_join_without_a_gap_or_a_repeat(
    engine: ScriptedEngine, service: Service
) -> None:
    """Following the tokens gives every trade of the market once, also while new ones come."""
    await engine.add(*[trade(n, market_id=1 + n % 2) for n in range(1, 12)])
    await service.wait_for_trade(11)
    first = await service.list_trades(market_id=1, page_size=2)
    await engine.add(trade(12))
    await service.wait_for_trade(12)
    seen = [row.trade_id for row in first.trades]
    token = first.next_page_token
    while token:
        answer = await service.list_trades(market_id=1, page_size=2, page_token=token)
        seen += [row.trade_id for row in answer.trades]
        token = answer.next_page_token
    assert seen == [10, 8, 6, 4, 2]


async def test_a_last_page_has_no_token(engine: ScriptedEngine, service: Service) -> None:
    """A token promises at least one more row."""
    await engine.add(trade(1), trade(2))
    await service.wait_for_trade(2)
    assert (await service.list_trades(page_size=2)).next_page_token == ""
    assert (await service.list_trades(page_size=1)).next_page_token != ""


async def test_a_market_without_trades_has_empty_lists(service: Service) -> None:
    """Nothing traded is an answer, not an error."""
    assert list((await service.list_trades(market_id=9)).trades) == []
    assert list((await service.list_candles(market_id=9)).candles) == []


async def test_candles_of_a_range_come_oldest_first_from_its_beginning(
    engine: ScriptedEngine, service: Service
) -> None:
    """A range holds what opens at or after its beginning and before its end."""
    await engine.add(*[trade(n, second=60 * n, price=100 + n) for n in range(1, 7)])
    await service.wait_for_trade(6)
    answer = await service.list_candles(
        from_time_ns=NOON_NS + 2 * MINUTE_NS, to_time_ns=NOON_NS + 5 * MINUTE_NS
    )
    opens = [(candle.open_time_ns - NOON_NS) // MINUTE_NS for candle in answer.candles]
    assert opens == [2, 3, 4]
    answer = await service.list_candles(from_time_ns=NOON_NS, page_size=2)
    assert [candle.open_ticks for candle in answer.candles] == [101, 102]


async def test_without_a_beginning_the_latest_candles_come(
    engine: ScriptedEngine, service: Service
) -> None:
    """A chart asks for the latest candles and gets them oldest first."""
    await engine.add(*[trade(n, second=60 * n, price=100 + n) for n in range(1, 7)])
    await service.wait_for_trade(6)
    answer = await service.list_candles(page_size=2)
    assert [candle.close_ticks for candle in answer.candles] == [105, 106]
    answer = await service.list_candles(page_size=2, to_time_ns=NOON_NS + 4 * MINUTE_NS)
    assert [candle.close_ticks for candle in answer.candles] == [102, 103]


async def test_a_candle_says_which_trades_it_holds_and_whether_it_is_closed(
    engine: ScriptedEngine, service: Service
) -> None:
    """Open, high, low, close, volume, count, range of trade ids; the last one is open."""
    prices = [(1, 5, 100), (2, 10, 120), (3, 15, 90), (4, 61, 95)]
    await engine.add(*[trade(n, second=s, price=p, lots=n) for n, s, p in prices])
    await service.wait_for_trade(4)
    minute, last = (await service.list_candles()).candles
    assert minute == wire.Candle(
        open_time_ns=NOON_NS,
        open_ticks=100,
        high_ticks=120,
        low_ticks=90,
        close_ticks=90,
        volume_lots=6,
        trade_count=3,
        first_trade_id=1,
        last_trade_id=3,
        closed=True,
        first_sequence=10,
        last_sequence=30,
        revision=4,
    )
    assert (last.closed, last.revision) == (False, 1)


async def test_gaps_are_filled_when_that_is_asked(engine: ScriptedEngine, service: Service) -> None:
    """Minutes 0 and 3 traded: asked for, minutes 1 and 2 are flat at the close of minute 0."""
    await engine.add(trade(1, second=0, price=100), trade(2, second=180, price=90))
    await service.wait_for_trade(2)
    asked: tuple[dict[str, int], ...] = (
        {"from_time_ns": NOON_NS},
        {},
        {"from_time_ns": NOON_NS + MINUTE_NS},
    )
    closes = []
    for times in asked:
        answer = await service.list_candles(fill_gaps=True, page_size=3, **times)
        assert all(each.closed for each in answer.candles if not each.trade_count)
        closes.append([(each.close_ticks, each.trade_count) for each in answer.candles])
    assert closes == [
        [(100, 1), (100, 0), (100, 0)],
        [(100, 0), (100, 0), (90, 1)],
        [(100, 0), (100, 0), (90, 1)],
    ]
    assert len((await service.list_candles()).candles) == 2


BAD = [
    ("ListTrades", wire.ListTradesRequest(), "market_id"),
    ("ListTrades", wire.ListTradesRequest(market_id=1_025), "market_id"),
    ("ListTrades", wire.ListTradesRequest(market_id=1, page_size=1_001), "page_size"),
    ("ListTrades", wire.ListTradesRequest(market_id=1, page_token="x"), "page_token"),
    ("ListCandles", wire.ListCandlesRequest(interval=wire.INTERVAL_1M), "market_id"),
    ("ListCandles", wire.ListCandlesRequest(market_id=1), "interval"),
    ("ListCandles", wire.ListCandlesRequest(market_id=1, interval=9), "interval"),  # type: ignore[arg-type]
    (
        "ListCandles",
        wire.ListCandlesRequest(
            market_id=1, interval=wire.INTERVAL_1M, from_time_ns=2, to_time_ns=1
        ),
        "to_time_ns",
    ),
    (
        "ListCandles",
        wire.ListCandlesRequest(market_id=1, interval=wire.INTERVAL_1M, page_size=1_001),
        "page_size",
    ),
]


@pytest.mark.parametrize(("method", "request_message", "field"), BAD)
async def test_a_bad_request_is_refused_with_its_field_and_rule(
    service: Service, method: str, request_message: object, field: str
) -> None:
    """INVALID_ARGUMENT with the reason, the field and the rule as details."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await getattr(service.stub, method)(request_message, metadata=(("x-api-key", KEY),))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    info, bad = details(caught.value)
    assert (info.reason, info.domain) == ("INVALID_FIELD", "realstack")
    assert [violation.field for violation in bad.field_violations] == [field]
    assert all(violation.description for violation in bad.field_violations)


async def test_a_token_of_another_market_is_refused(
    engine: ScriptedEngine, service: Service
) -> None:
    """A token goes on in its own list only."""
    await engine.add(trade(1), trade(2))
    await service.wait_for_trade(2)
    token = (await service.list_trades(page_size=1)).next_page_token
    with pytest.raises(grpc.aio.AioRpcError, match="another list"):
        await service.list_trades(market_id=2, page_token=token)


@pytest.mark.parametrize("metadata", [(), (("x-api-key", "wrong"),), (("x-api-key", ""),)])
async def test_a_call_without_a_valid_key_is_refused(
    service: Service, metadata: tuple[tuple[str, str], ...]
) -> None:
    """No key and a wrong key get the same answer."""
    request = wire.ListTradesRequest(market_id=1)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await service.stub.ListTrades(request, metadata=metadata)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert caught.value.details() == "x-api-key: a valid API key is needed"


async def test_health_tells_whether_the_projection_is_current(
    engine: ScriptedEngine, service: Service
) -> None:
    """Health needs no key: serving once the projection has all trades that the engine has."""
    await engine.add(trade(1))
    await service.wait_for_trade(1)
    stub: Any = health_pb2_grpc.HealthStub(service.channel)  # its types know no async channel
    request = health_pb2.HealthCheckRequest(service="realstack.market.v1.MarketService")
    watch = stub.Watch(request, timeout=10)
    serving = health_pb2.HealthCheckResponse.SERVING
    async for answer in watch:
        if answer.status == serving:
            break
    assert (await stub.Check(request)).status == serving
    watch.cancel()


KEY = "the key of this test"


def details(
    error: grpc.aio.AioRpcError,
) -> tuple[error_details_pb2.ErrorInfo, error_details_pb2.BadRequest]:
    """Return the two details that a refusal carries."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert status is not None
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(bad)
    return info, bad
