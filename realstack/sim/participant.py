"""What every participant does: send, learn of its fills, and stand what the venue says."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from random import Random

from engine.core.rejects import Reject
from realstack.client import (
    Answer,
    Client,
    Execution,
    Filled,
    NotSent,
    OutcomeUnknown,
    Rejected,
    Side,
    Unavailable,
)
from realstack.sim.world import World

FUNDS_SECONDS_MAX = 120.0
POLL_SECONDS = 0.2
SEND_SECONDS_MAX = 60.0  # an engine that starts again is away for seconds

# What a careful participant still gets: it acts on a book that others change meanwhile, and the
# operator may limit, stop or close what it trades.
ORDINARY = frozenset(
    (
        Reject.UNKNOWN_ORDER,
        Reject.INSUFFICIENT_FUNDS,
        Reject.POST_ONLY_WOULD_CROSS,
        Reject.SELF_TRADE,
        Reject.FILL_OR_KILL_NOT_FILLABLE,
        Reject.MARKET_PHASE,
        Reject.NO_LAST_PRICE,
        Reject.KILLED,
        Reject.ORDER_LOTS_EXCEEDED,
        Reject.ORDER_VALUE_EXCEEDED,
        Reject.PRICE_OUTSIDE_COLLAR,
        Reject.OPEN_ORDERS_EXCEEDED,
        Reject.HOLDING_EXCEEDED,
        Reject.RATE_EXCEEDED,
    )
)


@dataclass(slots=True)
class Tally:
    """What all participants did together."""

    orders: int = 0
    cancels: int = 0
    replaces: int = 0
    fills: int = 0
    rejects: Counter[str] = field(default_factory=Counter)

    def facts(self) -> dict[str, object]:
        """Return the counts for a report."""
        return {
            "orders": self.orders,
            "cancels": self.cancels,
            "replaces": self.replaces,
            "fills": self.fills,
            "rejects": sum(self.rejects.values()),
            "rejects_by_code": dict(self.rejects),
        }


class NoFunds(Exception):
    """A participant's deposit did not arrive."""


class Participant:
    """One account that trades.

    Attributes:
        position: Lots bought less lots sold since the start, by market.
    """

    def __init__(self, name: str, client: Client, world: World, random: Random, tally: Tally):
        self.name = name
        self.client = client
        self.world = world
        self.random = random
        self.tally = tally
        self.position: Counter[int] = Counter()

    async def act(self) -> None:
        """Trade, for ever. Each kind of participant does it in its own way."""
        raise NotImplementedError

    def executed(self, execution: Execution) -> None:
        """Learn of an execution of the account; called for every one, in order."""

    async def prepare(self) -> None:
        """Take back what an earlier run left, and wait for the deposits.

        Raises:
            NoFunds: They do not arrive.
        """
        await self.client.cancel_all(timeout_seconds=SEND_SECONDS_MAX)
        wanted = {view.market.quote.asset_id for view in self.world.views.values()}
        wanted |= {view.market.base.asset_id for view in self.world.views.values()}
        try:
            async with asyncio.timeout(FUNDS_SECONDS_MAX):
                while True:
                    funded = {each.asset_id for each in await self.client.balances()}
                    if wanted <= funded:
                        return
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise NoFunds(f"{self.name}: no deposit after {FUNDS_SECONDS_MAX:.0f} s") from None

    async def run(self) -> None:
        """Trade and follow the own executions until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self.act())

    async def wind_down(self) -> None:
        """Take back every working order."""
        answer = await self.client.cancel_all(timeout_seconds=SEND_SECONDS_MAX)
        self.tally.cancels += answer.cancelled_count

    async def _follow(self) -> None:
        async with aclosing(self.client.executions()) as executions:
            async for execution in executions:
                event = execution.event
                if isinstance(event, Filled):
                    sign = 1 if event.order.side is Side.BUY else -1
                    self.position[event.order.market_id] += sign * event.quantity_lots
                    self.tally.fills += 1
                self.executed(execution)

    async def send(self, call: Callable[[], Awaitable[Answer]]) -> Answer | None:
        """Send a command; nothing comes back when the venue refused it for an ordinary reason.

        Raises:
            Rejected: It was refused for a reason that a correct participant never gives.
        """
        try:
            return await call()
        except Rejected as refused:
            self.tally.rejects[refused.code.name] += 1
            if refused.code not in ORDINARY:
                raise
        except NotSent:
            return None
        except OutcomeUnknown as error:
            request = error.request
            return await self.send(
                lambda: self.client.resolve(request, timeout_seconds=SEND_SECONDS_MAX)
            )
        except Unavailable:
            await asyncio.sleep(POLL_SECONDS)
        return None

    async def place(
        self,
        market_id: int,
        side: Side,
        price_ticks: int | None,
        quantity_lots: int,
        *,
        post_only: bool = False,
        time_in_force: str | None = None,
    ) -> Answer | None:
        """Place an order; without a price a market order."""
        self.tally.orders += 1
        return await self.send(
            lambda: self.client.place(
                market=market_id,
                side=side,
                price_ticks=price_ticks,
                quantity_lots=quantity_lots,
                post_only=post_only,
                time_in_force=time_in_force,
            )
        )

    async def cancel(self, order_id: int) -> Answer | None:
        """Cancel an order."""
        self.tally.cancels += 1
        return await self.send(lambda: self.client.cancel(order_id=order_id))

    async def replace(self, order_id: int, price_ticks: int, quantity_lots: int) -> Answer | None:
        """Give an order a new price and total quantity."""
        self.tally.replaces += 1
        return await self.send(
            lambda: self.client.replace(
                order_id=order_id, price_ticks=price_ticks, quantity_lots=quantity_lots
            )
        )
