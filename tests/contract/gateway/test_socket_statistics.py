"""Ticker, statistics, auctions and candles: a snapshot in the stream, then what changes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from realstack.admin.v1 import admin_pb2
from realstack.common.v1 import common_pb2
from tests.contract.gateway.client import Rest, Socket
from tests.support.venue import MARKETS, Member, Venue
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("logs")]
MARKET = "CALM-USDC"  # nobody else trades here


@pytest.fixture
def calm(venue: Venue) -> Iterator[int]:
    """A market of these tests alone; its calls end with the test."""
    _, _, base, quote, tick_lot, lot = MARKETS[0]
    venue.admin.define(
        admin_pb2.DefineMarketRequest(
            market_id=77,
            symbol=MARKET,
            base_asset_id=base,
            quote_asset_id=quote,
            quote_atoms_per_tick_lot=tick_lot,
            base_atoms_per_lot=lot,
            allocation=common_pb2.ALLOCATION_PRO_RATA,
            minimum_allocation_lots=2,
        )
    )
    yield 77
    for phase in (common_pb2.PHASE_HALTED, common_pb2.PHASE_OPEN):  # from whatever it was left in
        venue.admin.set_phase(77, phase)


async def subscribe(socket: Socket, channel: str) -> None:
    """Subscribe to a channel of the market, as soon as it is followed."""

    async def is_followed() -> bool:
        answer = await socket.ask(op="subscribe", channel=channel, market=MARKET)
        return bool(answer["type"] == "subscribed")

    await wait_until(is_followed)


async def until(socket: Socket, *types: str, **fields: Any) -> dict[str, Any]:
    """Return the next message of these types whose fields are so."""
    while True:
        message = await socket.next(*types)
        if all(message[name] == value for name, value in fields.items()):
            return message


async def trade(rest: Rest, maker: Member, taker: Member, price: str, quantity: str) -> None:
    """Let two members trade in the market."""
    terms = {"market": MARKET, "price": price, "quantity": quantity}
    await rest.place(maker, side="sell", **terms)
    await rest.place(taker, side="buy", client_id=str(uuid.uuid4()), **terms)


async def test_the_ticker_tells_the_best_prices_and_the_last(
    calm: int, rest: Rest, socket: Socket, alice: Member, bob: Member
) -> None:
    """Whole in each message: bid and ask as levels, null where a side is empty."""
    await subscribe(socket, "ticker")
    await rest.place(alice, market=MARKET, price="90.00", quantity="2")
    ticker = await until(socket, "ticker", "ticker_snapshot", bid=["90.00", "2.000", 1], ask=None)
    assert ticker["channel"] == "ticker"
    await rest.place(alice, market=MARKET, side="sell", price="91.00", quantity="1")
    await until(socket, "ticker", ask=["91.00", "1.000", 1])
    await rest.place(bob, market=MARKET, side="buy", price="91.00", quantity="1")
    await until(socket, "ticker", ask=None, last_price="91.00")
    await rest.call("DELETE", "/v1/orders", alice)


async def test_statistics_of_the_day_are_exact(
    calm: int, rest: Rest, socket: Socket, alice: Member, bob: Member
) -> None:
    """Turnover is the sum of price times quantity; the average says how it is rounded."""
    await subscribe(socket, "statistics")
    before = (await socket.next("statistics_snapshot", "statistics"))["statistics"]
    for price, quantity in (("100.00", "1"), ("103.00", "2")):
        await trade(rest, alice, bob, price, quantity)
    volume = Decimal(before["volume"]) + 3
    while True:
        now = (await socket.next("statistics"))["statistics"]
        if Decimal(now["volume"]) == volume:
            break
    assert Decimal(now["turnover"]) == Decimal(before["turnover"]) + 306
    assert now["trade_count"] == before["trade_count"] + 2
    assert (now["close"], now["high"]) == ("103.00", "103.00")
    vwap = Decimal(now["turnover"]) / volume
    assert abs(Decimal(now["vwap"]) - vwap) <= Decimal("0.0000005")
    assert (await rest.get(f"/v1/statistics/{MARKET}"))["statistics"] == now
    quiet = (await rest.get(f"/v1/statistics/{MARKET}?day=2020-01-01T00:00:00Z"))["statistics"]
    assert (quiet["open"], quiet["vwap"], quiet["trade_count"]) == (None, None, 0)


async def test_a_call_tells_what_it_would_trade_and_what_it_traded(
    calm: int, venue: Venue, rest: Rest, socket: Socket, alice: Member, bob: Member
) -> None:
    """The phase, then the indication as orders come, then the outcome."""
    await subscribe(socket, "auction")
    await until(socket, "auction_snapshot", phase="open")
    venue.admin.set_phase(calm, common_pb2.PHASE_AUCTION, common_pb2.AUCTION_KIND_ON_DEMAND)
    call = await until(socket, "auction", phase="auction")
    assert (call["auction_kind"], call["auction_end_time"], call["auction"]) == (
        "on_demand",
        None,
        None,
    )
    await rest.place(alice, market=MARKET, side="sell", price="99.00", quantity="2")
    await rest.place(bob, market=MARKET, side="buy", price="99.00", quantity="3")
    indication = {"price": "99.00", "volume": "2.000", "surplus": "1.000", "surplus_side": "buy"}
    await until(socket, "auction", auction={**indication, "is_final": False})
    venue.admin.set_phase(calm, common_pb2.PHASE_OPEN)
    await until(socket, "auction", phase="open", auction={**indication, "is_final": True})
    await rest.call("DELETE", "/v1/orders", bob)


async def test_candles_grow_by_each_trade_and_close(
    calm: int, rest: Rest, socket: Socket, alice: Member, bob: Member
) -> None:
    """Revisions rise, and a candle closes when the venue's time has passed it, for good."""
    await trade(rest, alice, bob, "100.00", "1")
    await subscribe(socket, "candles_1s")
    await socket.next("candles_snapshot")
    await trade(rest, alice, bob, "101.00", "2")

    async def is_closed() -> bool:
        await rest.call("DELETE", "/v1/orders", alice)  # the venue's time comes with commands
        return bool((await candles(rest))[-1]["closed"])

    await wait_until(is_closed)
    told: dict[str, dict[str, Any]] = {}
    while not any(each["close"] == "101.00" and each["closed"] for each in told.values()):
        message = await socket.next("candles")
        assert (message["channel"], message["interval"]) == ("candles_1s", "1s")
        for candle in message["candles"]:
            former = told.get(candle["open_time"])
            assert former is None or former["revision"] < candle["revision"]
            assert former is None or not former["closed"]
            told[candle["open_time"]] = candle
    stored = {each["open_time"]: each for each in await candles(rest)}
    assert [stored[open_time] for open_time in told] == list(told.values())


async def candles(rest: Rest) -> list[dict[str, Any]]:
    """Read the latest candles over REST."""
    page: list[dict[str, Any]] = (await rest.get(f"/v1/candles/{MARKET}?interval=1s"))["candles"]
    return page


async def test_how_a_market_shares_out_a_level_is_told(calm: int, rest: Rest) -> None:
    """By name, with the least share as a quantity."""
    markets = (await rest.get("/v1/instruments"))["markets"]
    told = {each["symbol"]: (each["allocation"], each["minimum_allocation"]) for each in markets}
    assert told[MARKET] == ("pro_rata", "0.002")
    assert told["BLDG-USDC"] == ("fifo", None)


async def test_a_channel_of_a_market_needs_one(socket: Socket) -> None:
    """For each of the new ones, as for the book."""
    for channel in ("ticker", "statistics", "auction", "candles_1m"):
        error = await socket.refusal(op="subscribe", channel=channel)
        assert (error["name"], error["field"]) == ("MISSING_FIELD", "market")
    error = await socket.refusal(op="subscribe", channel="candles_2m", market=MARKET)
    assert error["name"] == "UNKNOWN_CHANNEL"
