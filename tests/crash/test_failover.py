"""A leader killed or stopped under load: its standby leads, and every promise is kept."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from realstack.client import Client
from tests.crash import failover
from tests.crash.engine_kills import define
from tests.crash.engine_process import make_keys
from tests.crash.load import MARKET
from tests.crash.pair_process import PairProcess


@pytest.mark.slow
async def test_17_three_failovers_under_load_lose_double_and_change_nothing(
    tmp_path: Path,
) -> None:
    """Each kill makes the other node lead; resent commands get their first answers."""
    verdict = await failover.run(tmp_path, times=3, seed=7)
    assert [] == verdict.faults
    assert 3 == verdict.kills
    assert verdict.acknowledged > 3 * failover.ACKS_BETWEEN_KILLS_MIN // 2


@pytest.mark.slow
async def test_18_a_leader_that_was_stopped_and_wakes_up_tells_nothing_and_ends(
    tmp_path: Path,
) -> None:
    """SIGSTOP, another leader, SIGCONT: the old one finds a later epoch in the lease."""
    keys = make_keys(tmp_path / "keys.json", failover.MEMBERS)
    pair = PairProcess(tmp_path, keys)
    try:
        await asyncio.to_thread(pair.start)
        await define(pair.address, keys)
        zombie = pair.leader()
        zombie.signal(signal.SIGSTOP)
        other = pair.other(zombie)
        await asyncio.to_thread(pair.until, lambda: other.leads, "a new leader")
        async with Client(other.address, api_key=keys["member-1"]) as client:
            answer = await client.place(
                market=MARKET, side="buy", price_ticks=1_000, quantity_lots=1, client_id=77
            )
            zombie.signal(signal.SIGCONT)
            assert 70 == await asyncio.to_thread(zombie.wait)
            assert [answer.order_id] == [o.order.order_id for o in await client.open_orders()]
        assert "FENCED" in str(zombie.logged()[-1])
        zombie.start()
        await asyncio.to_thread(pair.until, lambda: other.is_paired, "a pair")
        assert "following engine" in zombie.says()
    finally:
        pair.stop()


def test_the_percentile_is_a_sample_that_was_seen() -> None:
    """Of 200 the 99th is the 198th; of none it is 0."""
    assert 198 == failover.percentile(list(range(1, 201)), 99)
    assert 3 == failover.percentile([3], 50)
    assert 0 == failover.percentile([], 99)
