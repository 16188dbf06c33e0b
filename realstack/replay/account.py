"""One account of a replay: its client, and what its private stream tells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from realstack.client import (
    Accepted,
    Answers,
    Cancelled,
    Client,
    Execution,
    Filled,
    Liquidity,
    Reduced,
    Replaced,
)
from realstack.replay.encode import Encoder
from realstack.replay.follower import Follower
from realstack.replay.plan import Action

SEND_SECONDS_MAX = 60.0
ORDER_EVENTS = (Accepted, Cancelled, Filled, Reduced, Replaced)


class Account:
    """Sends for one account, and keeps the executions that nobody has asked for yet."""

    def __init__(self, number: int, client: Client, encoder: Encoder) -> None:
        self.client = client
        self._encoder = encoder
        self._expected = 0
        self._received = 0
        self._untold: list[Execution] = []
        self._taken: dict[int, list[Filled]] = defaultdict(list)  # trades as taker, by sequence
        name = f"execution stream of account {number}"
        self._follower = Follower(name, client.executions(), self._take)

    async def send(self, actions: Sequence[Action]) -> Answers:
        """Send commands in their order and return their outcomes."""
        commands = self._encoder.commands(actions)
        return await self.client.place_batch(commands, timeout_seconds=SEND_SECONDS_MAX)

    async def taken(self, sequence: int, lots: int) -> list[Filled]:
        """Return the trades that one command of this account made, which took so many lots."""
        trades = self._taken[sequence]
        await self._follower.until(
            lambda: sum(trade.quantity_lots for trade in trades) >= lots,
            f"trades of {lots} lots at sequence {sequence}",
        )
        del self._taken[sequence]
        return trades

    def expect(self, executions: int) -> None:
        """Note that so many more executions must come."""
        self._expected += executions

    async def told(self) -> list[Execution]:
        """Return what came since the last call, once everything expected has come."""
        await self._follower.until(
            lambda: self._received >= self._expected, f"{self._expected} executions"
        )
        executions, self._untold = self._untold, []
        return executions

    async def close(self) -> None:
        """Stop reading the stream; the client stays open."""
        await self._follower.close()

    def _take(self, execution: Execution) -> None:
        event = execution.event
        if not isinstance(event, ORDER_EVENTS):
            return
        self._received += 1
        self._untold.append(execution)
        if isinstance(event, Filled) and event.liquidity is Liquidity.TAKER:
            self._taken[execution.sequence].append(event)
