"""The comparison has teeth: a fault planted in a copy of the core is found.

Each fault is a small change of the kind that people make. The copy is compiled anew and compared
with the untouched reference; a broken invariant counts as found too.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMANDS_MAX = 100_000


@dataclass(frozen=True)
class Fault:
    """A text of a module of `engine/core` and what it becomes."""

    right: str
    wrong: str
    module: str = "matching.py"


FAULTS = {
    "the youngest order of a level trades first": Fault(
        "slot = core.levels[side.levels[side.count - 1]].head",
        "slot = core.levels[side.levels[side.count - 1]].tail",
    ),
    "each fill of a taker is rounded up by itself": Fault(
        "fee_atoms(notional, market.taker_fee_ppm, taker.fee_credit_ppm)",
        "fee_atoms(notional, market.taker_fee_ppm, 0)",
    ),
    "a trade takes all that the taker wants": Fault(
        "trade(core, taker, slot, min(taker.leaves_lots, open_lots(core, slot)), command)",
        "trade(core, taker, slot, taker.leaves_lots, command)",
    ),
    "a share below the market's least is given all the same": Fault(
        "if share >= max(taker.market.minimum_allocation_lots, 1):",
        "if share >= 1:",
        "allocation.py",
    ),
    "prevention comes after the shares": Fault(
        "if taker.self_trade_prevention != STP_NONE and not meet_own_group(core, taker, command):",
        "if False and not meet_own_group(core, taker, command):",
        "allocation.py",
    ),
    "an iceberg's new tranche keeps its number in the queue": Fault(
        "    core.next_priority += 1\n    link(core, market, side, price_ticks, slot)",
        "    link(core, market, side, price_ticks, slot)",
        "mixed.py",
    ),
    "a fill or kill counts no reserves": Fault(
        "reserve += core.orders[slot].leaves_lots - open_lots(core, slot)", "reserve += 0"
    ),
    "stops of one trigger price fire the youngest first": Fault(
        "core.orders[after].order_id > order.order_id",
        "core.orders[after].order_id < order.order_id",
        "mixed.py",
    ),
    "a trailing stop moves against its order": Fault(
        "if price_ticks > extra.extreme_ticks:",
        "if price_ticks != extra.extreme_ticks:",
        "stops.py",
    ),
    "an auction prefers the greater surplus": Fault(
        "and size < choice.surplus_lots", "and size > choice.surplus_lots", "auction.py"
    ),
    "an order expires a nanosecond late": Fault(
        "while core.next_due_ns <= command.time_ns",
        "while core.next_due_ns < command.time_ns",
        "phasing.py",
    ),
}


def copy_of_the_core(folder: Path) -> Path:
    """Copy what is needed to compile the core and to compare it."""
    for name in ("engine", "build/cython"):
        shutil.copytree(ROOT / name, folder / name, copy_function=shutil.copy2)
    shutil.copytree(ROOT / "tests" / "model", folder / "tests" / "model")
    for name in ("setup.py", "pyproject.toml", "README.md", "tests/__init__.py"):
        shutil.copy2(ROOT / name, folder / name)
    return folder


def compare(folder: Path) -> subprocess.CompletedProcess[str]:
    """Compile the copy and compare it with the reference."""
    subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return subprocess.run(
        [sys.executable, "-m", "tests.model.compare", "--commands", str(COMMANDS_MAX)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_planted_fault_is_found_within_a_hundred_thousand_commands(
    name: str, tmp_path: Path
) -> None:
    """A core that is wrong in priority, fee or quantity does not pass for the reference."""
    folder = copy_of_the_core(tmp_path)
    fault = FAULTS[name]
    source = folder / "engine" / "core" / fault.module
    text = source.read_text()
    assert 1 == text.count(fault.right)
    source.write_text(text.replace(fault.right, fault.wrong))
    result = compare(folder)
    assert 1 == result.returncode
    assert "differ" in result.stdout or "BrokenInvariant" in result.stderr


@pytest.mark.slow
def test_an_untouched_copy_passes(tmp_path: Path) -> None:
    """What finds the faults is the fault, not the copying."""
    result = compare(copy_of_the_core(tmp_path))
    assert 0 == result.returncode, result.stdout + result.stderr
    assert str(tmp_path) not in result.stdout
