"""All participants together, until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from random import Random

from realstack.client import Client, InvalidNumber, NotSent, OutcomeUnknown, Unavailable
from realstack.settings import MissingSetting, Settings
from realstack.sim.maker import Maker
from realstack.sim.momentum import Momentum
from realstack.sim.participant import Participant, Tally
from realstack.sim.taker import Taker
from realstack.sim.world import MarketView, World
from realstack.up import demo

KINDS: dict[str, type[Participant]] = {"maker": Maker, "taker": Taker, "momentum": Momentum}
CONNECT_SECONDS_MAX = 30.0
CANCEL_SECONDS_MAX = 15.0


class OrdersLeft(Exception):
    """Participants could not take their orders back."""


class Simulation:
    """The participants of the demo against a venue.

    Attributes:
        tally: What they did so far.
    """

    def __init__(self, settings: Settings, *, seed: int) -> None:
        self._settings = settings
        self._seed = seed
        self.tally = Tally()

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Trade until `stop` is set; then every participant takes its working orders back.

        Args:
            stop: Ends the trading.
            ready: Called when everybody has funds and begins.

        Raises:
            MissingSetting: There is no venue, or no key of a participant.
            NoFunds: A deposit did not arrive.
            OrdersLeft: The venue went away before the orders were taken back.
            ClientError: The venue refuses what no participant can do without.
        """
        async with AsyncExitStack() as stack:
            participants, world = await self._assemble(stack)
            await asyncio.gather(*(participant.prepare() for participant in participants))
            ready()
            trading = asyncio.create_task(self._trade(world, participants))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait((trading, stopping), return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            failed = trading.done()
            trading.cancel()
            await asyncio.gather(trading, return_exceptions=True)
            if failed:
                trading.result()
            await take_back(participants)

    async def _trade(self, world: World, participants: list[Participant]) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(world.run())
            for participant in participants:
                group.create_task(participant.run())

    async def _assemble(self, stack: AsyncExitStack) -> tuple[list[Participant], World]:
        """Connect everybody; each has a client, a key and a random number generator of its own."""
        clients = {}
        for account in demo.ACCOUNTS:
            if account.role in KINDS:
                client = self._client(account.key)
                clients[account] = await stack.enter_async_context(client)
        random = Random(self._seed)
        viewer = await stack.enter_async_context(self._client(demo.ACCOUNTS[1].key))
        world = World(viewer, await views_of(viewer), Random(random.random()))
        participants = [
            KINDS[account.role](account.name, client, world, Random(random.random()), self.tally)
            for account, client in clients.items()
        ]
        return participants, world

    def _client(self, key: str) -> Client:
        address = self._settings.need("engine_address")
        return Client(
            address, api_key=self._settings.key_of(key), timeout_seconds=CONNECT_SECONDS_MAX
        )


async def take_back(participants: list[Participant]) -> None:
    """Let every participant take its working orders back.

    Raises:
        OrdersLeft: The venue did not answer in time.
    """
    try:
        async with asyncio.timeout(CANCEL_SECONDS_MAX):
            await asyncio.gather(*(each.wind_down() for each in participants))
    except (TimeoutError, Unavailable, NotSent, OutcomeUnknown) as error:
        raise OrdersLeft("the venue did not answer: orders may still be working") from error


async def views_of(client: Client) -> dict[int, MarketView]:
    """Return the demo's markets as this venue has them.

    Raises:
        MissingSetting: It has none of them.
    """
    instruments = await client.instruments()
    views = {}
    for each in demo.MARKETS:
        market = instruments.find_market(demo.symbol_of(each))
        if market is None:
            continue
        try:
            anchor = market.units.price.parse(each.first_price)
        except InvalidNumber:  # listed anew with another tick: begin where it last traded
            anchor = max(1, market.last_price_ticks)
        views[market.market_id] = MarketView(market, anchor)
    if not views:
        symbols = ", ".join(demo.symbol_of(each) for each in demo.MARKETS)
        raise MissingSetting(f"this venue has none of the markets {symbols}")
    return views
