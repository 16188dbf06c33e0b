"""Time passes for the core without commands: one tick when something is due, and none before."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np

from engine.core.commands import COMMAND, CommandKind, TimeInForce
from engine.core.events import EVENT, EventKind
from engine.core.limits import NEVER_NS
from engine.core.rejects import CancelReason
from engine.node import Node, NodeOptions
from engine.ports.clock import SystemClock
from engine.reference.venue import ReferenceVenue
from engine.sequencer import Answer, Batch, Busy, Closed, CommandArray, NotTaken, Receiver
from engine.ticker import Ticker
from tests.support.journal import SEGMENT, Endings
from tests.support.simulated_disk import SimulatedDisk
from tests.unit.engine_shell.hand import START_NS, HandClock
from tests.unit.engine_shell.test_node import market_day

MILLISECOND = 1_000_000
WAIT_SECONDS = 10


class Queue:
    """What a ticker submits to, and how it answers."""

    def __init__(self) -> None:
        self.due_ns = NEVER_NS
        self.ticks: list[CommandArray] = []
        self.errors: list[NotTaken] = []
        self.came = asyncio.Event()

    def submit(self, commands: CommandArray, receiver: Receiver) -> None:
        self.ticks.append(commands)
        self.came.set()
        if self.errors:
            raise self.errors.pop(0)
        self.receiver = receiver


async def turns(count: int = 3) -> None:
    """Let the loop run what is ready."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_something_that_is_due_is_ticked_once_until_the_tick_is_released() -> None:
    """A second look while the tick is on its way sends none; after its release the next may go."""
    queue, clock = Queue(), HandClock()
    ticker = Ticker(lambda: queue.due_ns, queue.submit, clock)
    queue.due_ns = START_NS
    ticker.look()
    await asyncio.wait_for(queue.came.wait(), WAIT_SECONDS)
    ticker.look()
    await turns()
    assert [CommandKind.TICK] == [int(tick["kind"][0]) for tick in queue.ticks]
    queue.due_ns = START_NS - 1
    queue.came.clear()
    queue.receiver.released(Answer(1, 1, np.empty(0, EVENT)))
    await asyncio.wait_for(queue.came.wait(), WAIT_SECONDS)
    assert 2 == len(queue.ticks)
    ticker.close()


async def test_nothing_is_ticked_before_its_time_or_after_the_end() -> None:
    """A timer waits for what is not due, and a closed ticker waits for nothing."""
    queue, clock = Queue(), HandClock()
    ticker = Ticker(lambda: queue.due_ns, queue.submit, clock)
    queue.due_ns = START_NS + 3_600_000 * MILLISECOND
    ticker.look()
    await turns()
    ticker.close()
    queue.due_ns = START_NS
    ticker.look()
    await turns()
    assert [] == queue.ticks


async def test_a_halted_or_closed_sequencer_is_left_alone() -> None:
    """After a refusal for good there is nothing more to send."""
    queue, clock = Queue(), HandClock()
    queue.errors = [Closed("closed")]
    ticker = Ticker(lambda: queue.due_ns, queue.submit, clock)
    queue.due_ns = START_NS
    ticker.look()
    await asyncio.wait_for(queue.came.wait(), WAIT_SECONDS)
    ticker.look()
    await turns()
    assert 1 == len(queue.ticks)


async def test_a_full_queue_is_tried_again_later() -> None:
    """Busy is no end: the ticker waits with a timer."""
    queue, clock = Queue(), HandClock()
    queue.errors = [Busy("full")]
    ticker = Ticker(lambda: queue.due_ns, queue.submit, clock)
    queue.due_ns = START_NS
    ticker.look()
    await asyncio.wait_for(queue.came.wait(), WAIT_SECONDS)
    queue.came.clear()
    await asyncio.wait_for(queue.came.wait(), WAIT_SECONDS)
    assert 2 == len(queue.ticks)
    ticker.close()


async def test_an_order_expires_at_its_time_although_nobody_sends_a_command() -> None:
    """The node ticks by itself: the cancel is released, and the venue has no open order."""
    disks: dict[Path, SimulatedDisk] = {}
    node = await Node.open(
        Path("data"),
        venue_factory=ReferenceVenue,
        options=NodeOptions(segment_bytes=SEGMENT),
        open_folder=lambda path: disks.setdefault(path, SimulatedDisk()),
        end=Endings(),
    )
    expired = asyncio.Event()

    def heard(batch: Batch) -> None:
        events = batch.events
        cancelled = events[events["kind"] == EventKind.CANCELLED]
        if (cancelled["code"] == CancelReason.EXPIRED).any():
            expired.set()

    node.subscribe_released(heard)
    try:
        await node.execute(market_day(0)[:9])
        order = np.zeros(1, COMMAND)
        now_ns = SystemClock().now_ns()
        for name, value in {
            "kind": CommandKind.PLACE,
            "client_id_low": 7,
            "sent_time_ns": now_ns,
            "account_id": 1,
            "market_id": 1,
            "side": 1,
            "order_type": 1,
            "time_in_force": TimeInForce.GTD,
            "self_trade_prevention": 2,
            "price_ticks": 5,
            "quantity_lots": 5,
            "expire_time_ns": now_ns + 50 * MILLISECOND,
        }.items():
            order[name] = value
        answer = await node.execute(order)
        assert EventKind.ACCEPTED == answer.events["kind"][0]
        await asyncio.wait_for(expired.wait(), WAIT_SECONDS)
        assert 0 == node.venue.counts()["open_orders"]
        assert NEVER_NS == node.venue.next_due_ns()
    finally:
        await node.close()
