"""Participants trade with each other, stand a lost connection, and take their orders back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from engine.core.commands import LimitKind
from engine.core.phases import Phase
from engine.core.rejects import Reject
from realstack.client import Client, Side
from realstack.settings import MissingSetting, Settings, load
from realstack.sim.participant import ORDINARY, Participant, Tally
from realstack.sim.run import Simulation
from realstack.sim.world import MarketView, World
from tests.contract.client.demo_venue import start_demo_venue
from tests.contract.client.venue_under_test import Venue
from tests.support.waiting import wait_until
from tests.unit.client.test_book import MARKET


@pytest.fixture
async def traded(tmp_path: Path) -> AsyncIterator[tuple[Venue, Settings]]:
    """A venue with the demo's markets and participants."""
    venue, settings = await start_demo_venue(tmp_path / "data")
    yield venue, settings
    assert venue.fatal == []
    await venue.close()


@pytest.mark.slow
async def test_participants_trade_over_a_cut_and_take_their_orders_back(
    traded: tuple[Venue, Settings],
) -> None:
    """Every market trades, nobody is refused for a mistake, and nothing is left working."""
    venue, settings = traded
    simulation = Simulation(settings, seed=7)
    stop, ready = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(simulation.run(stop, ready.set))
    trades = venue.node.venue.counts

    async def traded_enough() -> bool:
        assert not running.done(), running.result()
        return bool(trades()["trades"] >= wanted)

    wanted = 10
    await wait_until(traded_enough)
    venue.proxy.cut()
    wanted = 20
    await wait_until(traded_enough)
    stop.set()
    await running
    assert ready.is_set()
    assert venue.open_orders() == 0
    assert simulation.tally.orders > 60
    assert simulation.tally.fills >= 20  # each trade has two sides; the last may come too late
    assert set(simulation.tally.rejects) <= {code.name for code in ORDINARY}
    venue.node.venue.validate()


@pytest.mark.parametrize(
    ("limit", "phase", "refusal"),
    [
        (LimitKind.ORDER_LOTS, None, Reject.ORDER_LOTS_EXCEEDED),
        (LimitKind.OPEN_ORDERS, None, Reject.OPEN_ORDERS_EXCEEDED),
        (None, None, Reject.KILLED),
        (None, Phase.HALTED, Reject.MARKET_PHASE),
    ],
)
async def test_a_participant_stands_what_the_operator_decides(
    venue: Venue, alice: Client, limit: LimitKind | None, phase: Phase | None, refusal: Reject
) -> None:
    """Limited, stopped or closed, it is refused, counts that, and goes on."""
    random = Random(1)
    view = MarketView(await alice.market(1), anchor_ticks=10_000)
    participant = Participant("a", alice, World(alice, {1: view}, random), random, Tally())
    assert await participant.place(1, Side.BUY, 100, 3) is not None
    async with venue.client("boss") as boss:
        if limit is not None:
            await boss.set_limit(limit, 1, market_id=1)
        elif phase is not None:
            await boss.set_phase(market_id=1, phase=phase)
        else:
            await boss.kill(market_id=1)
    assert await participant.place(1, Side.BUY, 100, 3) is None
    assert {refusal.name: 1} == participant.tally.rejects


async def test_a_venue_without_the_demo_is_refused(venue: Venue, tmp_path: Path) -> None:
    """The participants' keys are those of `realstack up`; without them there is nobody."""
    settings = load({"ENGINE_ADDRESS": venue.address}, data=tmp_path / "elsewhere")
    with pytest.raises(MissingSetting, match="no API key named 'northgate'"):
        await Simulation(settings, seed=1).run(asyncio.Event(), lambda: None)


def test_a_fair_price_wanders_but_does_not_run_away() -> None:
    """It stays positive and near its anchor over a day of steps."""
    view = MarketView(MARKET, anchor_ticks=10_000)
    random = Random(3)
    seen = []
    for _ in range(20_000):
        view.step(random)
        seen.append(view.fair_ticks)
    assert min(seen) > 5_000
    assert max(seen) < 20_000
    assert len(set(seen)) > 50
