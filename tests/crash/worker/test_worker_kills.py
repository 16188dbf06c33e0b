"""The worker dies at each of its steps: nothing settles twice or never."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from settlement.killpoints import STEPS
from tests.crash.worker.worker_kills import Verdict, judge, run_on, scene_on
from tests.integration.settlement.chain_world import BUILDING, DOLLAR
from tests.support.postgres import postgres_server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    """One PostgreSQL for the tests here."""
    with postgres_server() as url:
        yield url


@pytest.mark.timeout(600)
async def test_killed_at_each_step_nothing_settles_twice_or_never(
    postgres_url: str, tmp_path: Path
) -> None:
    """Built, signed, stored, sent, confirmed, marked, credited, finalized: each once."""
    verdict = await run_on(postgres_url, tmp_path, times=len(STEPS), seed=1)
    assert ([], set(STEPS)) == (verdict.faults, set(verdict.kills))
    assert verdict.fills > 0


async def test_the_judge_notices_what_settled_twice(postgres_url: str, tmp_path: Path) -> None:
    """A judge that never finds anything would prove nothing."""
    async with scene_on(postgres_url, tmp_path, seed=1) as scene:
        await scene.fund()
        await scene.worker.start()
        await scene.wait_for_credits()
        await scene.venue.trade(
            buyer=1, seller=2, base=BUILDING, quote=DOLLAR, base_atoms=5, quote_atoms=50
        )
        await scene.worker.kill()
        await scene.settle()
        await scene.world.move_behind_the_back(BUILDING, 2, 1, 5)
        await scene.world.deposit(3, DOLLAR, 1)
        verdict = Verdict()
        await scene.wait_for_finality()
        await judge(scene, verdict)
    assert 3 == len(verdict.faults)
