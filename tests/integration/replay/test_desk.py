"""The desk tells what the venue does, also where no recording would lead it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from engine.core.commands import CommandKind, Side, TimeInForce
from realstack.replay.desk import Desk, MarketInUse
from realstack.replay.plan import Action, NamedFill, OrderName, Origin, Plan
from realstack.replay.port import BookLevel
from realstack.replay.recording import Recording
from realstack.replay.venue import ReplayVenue, private_venue

BUY, SELL = Side.BUY, Side.SELL
PLACE, CANCEL, REPLACE = CommandKind.PLACE, CommandKind.CANCEL, CommandKind.REPLACE
RUN = 77
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def order(number: int) -> OrderName:
    """Name an order that a recording names; 8 and 16 have one account, 9 another."""
    return OrderName(Origin.RECORDED, number)


def taker(number: int) -> OrderName:
    """Name an order that executes."""
    return OrderName(Origin.EXECUTION, number)


def sell(number: int, lots: int, price: int = 100) -> Action:
    """Make a resting sell order."""
    return Action(PLACE, order(number), SELL, price, lots)


def take(number: int, lots: int, price: int = 100) -> Action:
    """Make an order that takes from the sellers."""
    return Action(PLACE, taker(number), BUY, price, lots, TimeInForce.IOC)


@pytest.fixture
async def venue() -> AsyncIterator[ReplayVenue]:
    """Run a private venue with money for every order below."""
    names = [*map(order, range(8, 24)), *map(taker, range(1, 5))]
    money = tuple(Action(PLACE, name, side, 1_000, 1_000) for name in names for side in (BUY, SELL))
    recording = Recording("AAPL", "shares", 100_000, Plan(seeds=(money,)), None)
    context = private_venue(recording, run=RUN, settle=False, core="compiled", note=lambda _: None)
    async with context as running:
        yield running


async def test_fills_queues_and_refusals_are_told(venue: ReplayVenue) -> None:
    """Trades in order with their makers, queues in priority order, refusals with their code."""
    async with Desk(venue.clients, venue.listing.market.market_id, RUN) as desk:
        for action in (sell(8, 5), sell(9, 5), sell(16, 5)):
            await desk.send((action,))
        report = await desk.send((take(1, 7),))
        fills = [NamedFill(taker(1), order(8), 100, 5), NamedFill(taker(1), order(9), 100, 2)]
        assert (fills, []) == (report.fills, report.refusals)
        assert [1, 2] == desk.trade_ids
        assert {(SELL, 100): {9: 3, 16: 5}} == await desk.queues()

        # More than there is: the rest is cancelled, and what came before stays counted.
        report = await desk.send((take(2, 9, 99), take(3, 1)))
        assert [NamedFill(taker(3), order(9), 100, 1)] == report.fills

        # A raise goes to the back; less keeps its place.
        await desk.send((Action(REPLACE, order(9), SELL, 100, 9),))
        await desk.send((Action(REPLACE, order(16), SELL, 100, 4),))
        assert [(16, 4), (9, 6)] == list((await desk.queues())[SELL, 100].items())

        # A recorded order that trades on arrival and rests with what is left.
        report = await desk.send((Action(PLACE, order(17), BUY, 100, 11),))
        assert [4, 6] == [fill.quantity_lots for fill in report.fills]
        assert {(BUY, 100): {17: 1}} == await desk.queues() == await desk.open_queues()
        assert [BookLevel(100, 1, 1)] == await desk.levels(BUY, 0)

        report = await desk.send((Action(CANCEL, order(23), BUY), sell(18, 1, 105)))
        assert ["cancel of recorded 23: UNKNOWN_ORDER"] == report.refusals
        assert [BookLevel(105, 1, 1)] == await desk.levels(SELL, 0)


async def test_a_market_that_holds_orders_is_refused(venue: ReplayVenue) -> None:
    """The book of a replay must be its own."""
    market = venue.listing.market
    await venue.clients[0].place(
        market=market.market_id, side="buy", price_ticks=5, quantity_lots=1
    )
    with pytest.raises(MarketInUse, match="market AAPL-USDC holds orders"):
        async with Desk(venue.clients, market.market_id, RUN):
            pass
