"""A deadline that nobody renews, as the private stream of the client tells of it."""

from __future__ import annotations

from contextlib import aclosing

from engine.core.rejects import CancelReason
from realstack.client import Cancelled, Client, DeadlineNear
from realstack.trading.v1 import trading_pb2, trading_pb2_grpc
from tests.contract.client.venue_under_test import Venue
from tests.support.waiting import wait_until

NS_PER_MS = 1_000_000


async def set_deadline(client: Client, timeout_ms: int, tag: int) -> trading_pb2.Answer:
    """Set a deadline over the contract, with the client's connection."""
    stub = trading_pb2_grpc.TradingServiceStub(client._open_channel())
    request = trading_pb2.SetDeadlineRequest(timeout_ms=timeout_ms, tag=tag)
    response: trading_pb2.SetDeadlineResponse = await client._unary(stub.SetDeadline, request)
    return response.answer


async def test_the_stream_warns_before_the_orders_are_cancelled(
    venue: Venue, alice: Client, bob: Client
) -> None:
    """First the warning with the end's time, then the cancels with their own reason."""
    await alice.place(market="HARBOR-USDC", side="sell", price_ticks=100, quantity_lots=1, tag=7)
    answer = await set_deadline(alice, 100, 7)

    async def is_over() -> bool:
        await bob.cancel_all()  # a command of anybody brings the time
        return venue.open_orders() == 0

    await wait_until(is_over)
    told = []
    async with aclosing(alice.executions(from_sequence=1)) as executions:
        async for execution in executions:
            if isinstance(execution.event, DeadlineNear | Cancelled):
                told.append(execution.event)
            if isinstance(execution.event, Cancelled):
                break
    near, gone = told
    assert DeadlineNear(7, answer.time_ns + 100 * NS_PER_MS) == near
    assert isinstance(gone, Cancelled)
    assert CancelReason.DEADLINE == gone.reason
