"""A deadline that nobody renews, as the private stream of the client tells of it."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from engine.core.rejects import CancelReason, Reject
from realstack.client import Cancelled, Client, DeadlineNear, InvalidInput, Rejected
from tests.contract.client.venue_under_test import Venue
from tests.support.waiting import wait_until

NS_PER_MS = 1_000_000


async def test_the_stream_warns_before_the_orders_are_cancelled(
    venue: Venue, alice: Client, bob: Client
) -> None:
    """First the warning with the end's time, then the cancels with their own reason."""
    await alice.place(market="HARBOR-USDC", side="sell", price_ticks=100, quantity_lots=1, tag=7)
    await alice.set_deadline(100, tag=7)

    async def is_over() -> bool:
        await bob.cancel_all()  # a command of anybody brings the time
        return venue.open_orders() == 0

    await wait_until(is_over)
    told = []
    async with aclosing(alice.executions(from_sequence=1)) as executions:
        async for execution in executions:
            if isinstance(execution.event, DeadlineNear | Cancelled):
                told.append(execution)
            if isinstance(execution.event, Cancelled):
                break
    near, gone = told
    assert isinstance(near.event, DeadlineNear)
    assert 7 == near.event.tag
    assert near.time_ns >= near.event.end_time_ns - 25 * NS_PER_MS
    assert gone.time_ns >= near.event.end_time_ns
    assert isinstance(gone.event, Cancelled)
    assert CancelReason.DEADLINE == gone.event.reason


async def test_a_deadline_that_was_ended_cancels_nothing(venue: Venue, alice: Client) -> None:
    """Zero ends it: nothing is due any more."""
    await alice.set_deadline(60_000)
    assert [(1, 0)] == list(venue.node.venue.deadlines)
    await alice.set_deadline(0)
    assert not venue.node.venue.deadlines


async def test_what_is_out_of_range_is_never_sent(venue: Venue, alice: Client) -> None:
    """The field and the rule are named before anything leaves."""
    for timeout_ms, tag, field in (
        (99, 0, "timeout_ms"),
        (86_400_001, 0, "timeout_ms"),
        (100, 65_536, "tag"),
    ):
        with pytest.raises(InvalidInput) as refusal:
            await alice.set_deadline(timeout_ms, tag=tag)
        assert field == refusal.value.field
    assert not venue.node.venue.deadlines


async def test_an_account_has_eight_deadlines(alice: Client) -> None:
    """The ninth is refused by name; one that exists may still be renewed."""
    for tag in range(8):
        await alice.set_deadline(60_000, tag=tag)
    with pytest.raises(Rejected) as refusal:
        await alice.set_deadline(60_000, tag=8)
    assert Reject.TOO_MANY_DEADLINES == refusal.value.answer.reject_code
    await alice.set_deadline(60_000, tag=7)
