"""The end of a run: settle what is left, compare ledger and chain from outside, sum up."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from realstack.units import amount_text
from realstack.up.figures import Figures, Meter
from realstack.up.instruments import Instruments
from realstack.up.plans import CLI
from realstack.up.screen import Screen

SETTLE_SECONDS_MAX = 60.0
RECONCILE_SECONDS_MAX = 120.0
POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the reconciler says: its last line, whether ledger and chain are equal, and details."""

    text: str
    equal: bool
    lines: tuple[str, ...]


async def settle(meter: Meter, screen: Screen, hurry: asyncio.Event) -> bool:
    """Wait until every fill is final on chain, for a bounded time; tell whether it is so."""
    hurried = asyncio.create_task(hurry.wait())
    try:
        async with asyncio.timeout(SETTLE_SECONDS_MAX):
            while not hurry.is_set():
                figures = await meter.read()
                screen.live(f"settling what is left: {figures.line()}")
                if meter.is_settled():
                    return True
                await asyncio.wait((hurried,), timeout=POLL_SECONDS)
    except TimeoutError:
        pending = meter.figures().fills_pending
        screen.line(f"{pending} fills are not final after {SETTLE_SECONDS_MAX:.0f} s")
    finally:
        hurried.cancel()
    return False


async def reconcile(data: Path, environment: Mapping[str, str]) -> Verdict:
    """Run the reconciler as a process of its own: it reads the chain over RPC."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *CLI,
        "reconcile",
        "--data",
        str(data),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(RECONCILE_SECONDS_MAX):
            out, err = await child.communicate()
    except TimeoutError:
        child.kill()
        await child.wait()
        return Verdict(f"the reconciler did not end in {RECONCILE_SECONDS_MAX:.0f} s", False, ())
    lines = out.decode("utf-8", "backslashreplace").splitlines()
    if not lines:
        lines = err.decode("utf-8", "backslashreplace").splitlines()[-5:] or ["it said nothing"]
        lines.append(f"the reconciler ended with status {child.returncode}")
    return Verdict(lines[-1], child.returncode == 0, tuple(lines[:-1]))


def summary(figures: Figures, meter: Meter, instruments: Instruments) -> list[str]:
    """Return what the run did, in lines."""
    moved = meter.settlement.moved
    assets = {asset.asset_id: asset for asset in instruments.assets}
    tokens = ", ".join(
        f"{amount_text(atoms, assets[asset_id].decimals)} {assets[asset_id].symbol}"
        for asset_id, atoms in sorted(moved.atoms.items())
        if asset_id in assets
    )
    lines = [
        f"ran {figures.seconds} s to venue sequence {figures.sequence}",
        f"orders        {figures.orders:>12,}",
        f"fills         {figures.fills:>12,}",
        f"batches       {figures.batches:>12,}   {moved.fills:,} fills settled",
        f"tokens moved  {figures.transfers:>12,}   transfers: {tokens or 'none'}",
    ]
    if moved.parked:
        lines.append(f"parked        {moved.parked:>12,}   batches wait for a person")
    return lines


def facts(figures: Figures, meter: Meter, verdict: Verdict) -> dict[str, object]:
    """Return what the run did, for programs."""
    moved = meter.settlement.moved
    return {
        "ok": verdict.equal,
        "verdict": verdict.text,
        "seconds": figures.seconds,
        "sequence": figures.sequence,
        "orders": figures.orders,
        "fills": figures.fills,
        "batches": figures.batches,
        "tokens_moved": figures.transfers,
        "fills_settled": moved.fills,
        "batches_parked": moved.parked,
        "atoms_moved": {str(asset_id): atoms for asset_id, atoms in sorted(moved.atoms.items())},
        "sim": json.loads(json.dumps(meter.sim)),
    }
