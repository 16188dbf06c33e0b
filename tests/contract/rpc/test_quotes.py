"""Mass quotes over gRPC: one call, one answer, and its place among other commands of a stream."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from engine.core.limits import GROUP_ENTRIES_MAX
from engine.core.rejects import Reject
from realstack.common.v1 import common_pb2
from realstack.trading.v1 import trading_pb2 as pb
from tests.contract.rpc.engine_under_test import (
    GOLD_DOLLAR,
    SENT_NS,
    Engine,
    new_id,
    order,
    refusal,
)

LEVEL = {"bid_price_ticks": 99, "bid_lots": 5, "ask_price_ticks": 101, "ask_lots": 6}


def quote(*levels: dict[str, int], **fields: Any) -> pb.MassQuote:
    """Make a quote of levels."""
    values = {
        "client_id": new_id(),
        "sent_time_ns": SENT_NS,
        "market_id": GOLD_DOLLAR,
        "levels": [pb.QuoteLevel(**level) for level in levels],
    }
    return pb.MassQuote(**{**values, **fields})


async def quoted(engine: Engine, message: pb.MassQuote) -> pb.Answer:
    """Send a quote of Alice's and give its answer."""
    alice = engine.client("alice")
    response = await alice.call(alice.trading.MassQuote, pb.MassQuoteRequest(quote=message))
    answer: pb.Answer = response.answer
    return answer


async def test_a_quote_has_one_answer_that_counts(engine: Engine) -> None:
    """What arrived, what kept its place, what was cancelled; the same again is a duplicate."""
    first = quote(LEVEL, {"bid_price_ticks": 98, "bid_lots": 1})
    answer = await quoted(engine, first)
    assert (answer.status, answer.client_id) == (pb.ANSWER_STATUS_ACCEPTED, first.client_id)
    assert (answer.placed_count, answer.kept_count, answer.cancelled_count) == (3, 0, 0)
    answer = await quoted(engine, quote(LEVEL))
    assert (answer.placed_count, answer.kept_count, answer.cancelled_count) == (0, 2, 1)
    assert (await quoted(engine, first)).status == pb.ANSWER_STATUS_DUPLICATE


async def test_a_quote_keeps_its_place_among_the_commands_of_a_stream(engine: Engine) -> None:
    """Its entries are sequenced with it: the next command comes after all of them."""
    call = engine.client("alice").trade()
    for request in (
        pb.TradeRequest(place=order(price_ticks=90)),
        pb.TradeRequest(mass_quote=quote(LEVEL, {"bid_price_ticks": 98, "bid_lots": 1})),
        pb.TradeRequest(place=order(price_ticks=89)),
        pb.TradeRequest(mass_quote=quote()),
        pb.TradeRequest(place=order(price_ticks=88)),
    ):
        await call.write(request)
    await call.done_writing()
    answers = [response.answer async for response in call]
    first = answers[0].sequence
    assert [answer.sequence - first for answer in answers] == [0, 1, 4, 5, 6]
    assert [answer.placed_count for answer in answers] == [0, 3, 0, 0, 0]
    assert [answer.cancelled_count for answer in answers] == [0, 0, 0, 3, 0]


async def test_quotes_and_orders_that_arrive_together_get_their_own_answers(
    engine: Engine,
) -> None:
    """One submission holds commands of many calls, some with entries and some without."""
    streams = [engine.client(name).trade() for name in ("alice", "bob")]
    for _ in range(20):
        for stream in streams:
            await stream.write(pb.TradeRequest(mass_quote=quote(LEVEL)))
            await stream.write(pb.TradeRequest(place=order(price_ticks=1)))
    for stream in streams:
        await stream.done_writing()
        responses = [response.answer async for response in stream]
        assert [bool(each.order_id) for each in responses] == [False, True] * 20
        assert {each.status for each in responses} == {pb.ANSWER_STATUS_ACCEPTED}


async def test_a_refused_quote_says_why_and_places_nothing(engine: Engine) -> None:
    """A level that is wrong refuses them all."""
    crossing = {**LEVEL, "bid_price_ticks": 101}
    answer = await quoted(engine, quote(crossing))
    assert int(answer.reject_code) == Reject.QUOTE_CROSSES_ITSELF
    assert answer.detail.startswith("bid_price_ticks: ")
    assert len(engine.node.venue.orders(1, 0)) == 0


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"client_id": common_pb2.ClientId()}, "quote.client_id"),
        ({"sent_time_ns": 0}, "quote.sent_time_ns"),
        ({"self_trade_prevention": 77}, "quote.self_trade_prevention"),
        ({"levels": [pb.QuoteLevel()] * (GROUP_ENTRIES_MAX + 1)}, "quote.levels"),
    ],
)
async def test_a_malformed_quote_is_refused_at_the_edge(
    engine: Engine, fields: dict[str, Any], field: str
) -> None:
    """Nothing of it is sequenced."""
    before = engine.node.applied_sequence
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await quoted(engine, quote(LEVEL, **fields))
    assert refusal(caught.value).fields == [field]
    assert engine.node.applied_sequence == before
