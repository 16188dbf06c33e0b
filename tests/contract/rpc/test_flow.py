"""The thin way through: place, fill, and everybody learns of it."""

from __future__ import annotations

from realstack.common.v1 import common_pb2
from realstack.marketdata.v1 import marketdata_pb2
from realstack.settlement.v1 import settlement_pb2
from realstack.trading.v1 import trading_pb2
from tests.contract.rpc.engine_under_test import DOLLAR, GOLD, GOLD_DOLLAR, Engine

ACCEPTED = trading_pb2.ANSWER_STATUS_ACCEPTED


async def test_a_trade_reaches_both_members_the_public_and_settlement(engine: Engine) -> None:
    """One fill has one trade id on both private streams, the trades and the fills."""
    alice, bob, worker = engine.client("alice"), engine.client("bob"), engine.client("worker")
    resting = await alice.place(side=common_pb2.SIDE_SELL, price_ticks=105, quantity_lots=5)
    arriving = await bob.place(price_ticks=110, quantity_lots=3)
    assert (resting.status, arriving.status) == (ACCEPTED, ACCEPTED)
    assert (arriving.filled_lots, arriving.leaves_lots) == (3, 0)

    executions = alice.stream(
        alice.trading.StreamExecutions,
        trading_pb2.StreamExecutionsRequest(from_execution_sequence=1),
    )
    events = (await executions.read()).executions
    assert [event.WhichOneof("event") for event in events] == [
        "balance",
        "balance",
        "accepted",
        "filled",
    ]
    fill = events[-1].filled
    assert (fill.liquidity, fill.price_ticks, fill.quantity_lots) == (
        trading_pb2.LIQUIDITY_MAKER,
        105,
        3,
    )
    assert (fill.order.order_id, fill.order.side, fill.order.leaves_lots) == (
        resting.order_id,
        common_pb2.SIDE_SELL,
        2,
    )

    fills = worker.stream(
        worker.settlement.StreamFills, settlement_pb2.StreamFillsRequest(from_trade_id=1)
    )
    settled = (await fills.read()).fills[0]
    assert settled == settlement_pb2.Fill(
        trade_id=fill.trade_id,
        sequence=arriving.sequence,
        time_ns=arriving.time_ns,
        market_id=GOLD_DOLLAR,
        base_asset_id=GOLD,
        quote_asset_id=DOLLAR,
        buyer_account_id=2,
        seller_account_id=1,
        base_atoms=30,
        quote_atoms=315,
        buyer_fee_atoms=1,
        seller_fee_atoms=1,
        price_ticks=105,
        quantity_lots=3,
        aggressor_side=common_pb2.SIDE_BUY,
    )

    trades = bob.stream(
        bob.market_data.StreamTrades, marketdata_pb2.StreamTradesRequest(from_trade_id=1)
    )
    trade = (await trades.read()).trades[0]
    assert (trade.trade_id, trade.price_ticks, trade.quantity_lots) == (1, 105, 3)
    for stream in (executions, fills, trades):
        stream.cancel()
