"""Worlds hold, the same seed is the same world, and a planted fault is caught."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from tests.simulation import nightly
from tests.simulation.plants import PLANTS, SEEDS_MAX
from tests.simulation.run import Sum, first_broken, lines, live, live_all, quiet

SEEDS = 40


@pytest.fixture(autouse=True)
def no_log() -> Iterator[None]:
    """The engine's warnings are what worlds are made of."""
    quiet()
    yield
    structlog.reset_defaults()


@pytest.mark.slow
def test_no_world_breaks_a_promise() -> None:
    """Durable, one order per id, gap-free, conserved, deterministic, and alive after the storm."""
    total = live_all(range(1, SEEDS + 1), lambda _: None)
    assert [] == total.broken
    assert total.commands > 100 * SEEDS
    assert total.starts > SEEDS
    assert total.snapshots > SEEDS


def test_a_seed_is_one_world() -> None:
    """The same commands, faults, times and state, to the bit."""
    first, second = live(9), live(9)
    assert first == second
    assert first.faults["message lost"] > 0
    assert first.digest != live(10).digest


@pytest.mark.slow
@pytest.mark.parametrize("plant", sorted(PLANTS))
def test_a_planted_fault_is_caught_within_200_seeds(plant: str) -> None:
    """The worlds have teeth, the canary among them."""
    outcome = first_broken(plant, range(1, SEEDS_MAX + 1))
    assert outcome is not None
    print(f"{plant}: seed {outcome.seed}: {outcome.broken}")


def test_a_broken_world_is_told_with_the_line_that_repeats_it() -> None:
    """One line, to be pasted."""
    total = Sum(worlds=1, broken=[(4711, "one order per id: ...")])
    assert "repeat: ./dev sim --seeds 1 --seed 4711" in lines(total)


def test_chunks_add_up_to_one_report() -> None:
    """What was lived before a cut is not lived again."""
    state = {
        "chunks": {
            str(index): vars(Sum(worlds=100, commands=7, starts=2, broken=[(index, "x")]))
            for index in range(3)
        }
    }
    total = nightly.added(state)
    assert (300, 21, 6, 3) == (total.worlds, total.commands, total.starts, len(total.broken))
