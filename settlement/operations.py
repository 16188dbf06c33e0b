"""What a person does about settlement: look, explain, try a parked batch again, park one.

    realstack settlement status
    realstack settlement explain TRADE
    realstack settlement retry BATCH
    realstack settlement park BATCH --reason TEXT

It works on the database alone, under the guards that the workers use: a worker that holds the batch
at the same moment finds it moved on, and leaves it. The last line on stdout is the verdict.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg

from realstack.settings import MissingSetting
from services._base.database import open_pool
from services._base.settings import add_setting, read_settings
from settlement.batcher import Fits, pack_all
from settlement.clock import SystemClock
from settlement.netting import Transfer
from settlement.registry import RegistryFile, RegistryInvalid
from settlement.store.operations import OperationRefused, OperationStore
from settlement.transactions import batch_size

Lines = tuple[list[str], str, dict[str, object]]
"""Lines for people, the verdict, and the same for programs."""


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(
        prog="realstack settlement",
        description="Look at settlement, explain a trade, retry or park a batch.",
    )
    made.add_argument("--data", type=Path, metavar="DIR", help="the venue's folder")
    add_setting(made, "--database-url", "database_url", "PostgreSQL")
    made.add_argument("--json", action="store_true", help="the last line is one JSON object")
    what = made.add_subparsers(dest="what", required=True)
    what.add_parser("status", help="states of batches and withdrawals, exits, last comparison")
    explain = what.add_parser("explain", help="what became of a trade, down to the transaction")
    explain.add_argument("number", type=_number, metavar="TRADE")
    retry = what.add_parser("retry", help="settle the fills of a parked batch anew")
    retry.add_argument("number", type=_number, metavar="BATCH")
    park = what.add_parser("park", help="leave a batch that is not signed to a person")
    park.add_argument("number", type=_number, metavar="BATCH")
    park.add_argument("--reason", default="parked by hand")
    return made


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) < 1 << 63:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)


def fits_by(registry: RegistryFile) -> Fits:
    """Return what tells whether transfers of listed assets fit one transaction."""

    def fits(transfers: Sequence[Transfer]) -> bool:
        assets = registry.current.assets
        programs = {assets[each.asset_id].token_program for each in transfers}
        return batch_size(transfers, programs=len(programs)).fits

    return fits


async def run(options: argparse.Namespace) -> Lines:
    """Carry out what was asked for.

    Raises:
        MissingSetting, RegistryInvalid: Something of the venue is not known.
        OperationRefused: It may not be done; nothing was.
    """
    settings = read_settings(options)
    registry = RegistryFile(settings.data / "instruments.json")
    async with AsyncExitStack() as stack:
        pool = await open_pool(settings.need("database_url"), connections_max=2)
        stack.push_async_callback(pool.close)
        store = OperationStore(pool)
        if options.what == "status":
            return await _status(store)
        if options.what == "explain":
            return await _explain(store, options.number)
        now_ns = SystemClock().now_ns()
        if options.what == "retry":
            made = await store.retry(
                options.number, lambda fills: pack_all(fills, fits_by(registry)), now_ns=now_ns
            )
            facts: dict[str, object] = {"batch": options.number, "made": made}
            return [], f"batch {options.number} is made anew as {made}", facts
        await store.park(options.number, options.reason, now_ns=now_ns)
        return [], f"batch {options.number} is parked", {"batch": options.number}


async def _status(store: OperationStore) -> Lines:
    found = await store.status()
    lines = [f"{name:<28}{count:>10,}" for name, count in found.counts.items()]
    lines += [f"parked: batch {number}: {reason}" for number, reason in found.parked.items()]
    parked, pending = len(found.parked), found.fills_open
    verdict = f"{pending:,} fills are not final, {parked} batches are parked"
    return lines, verdict, {**found.counts, "fills_open": pending, "parked": found.parked}


async def _explain(store: OperationStore, trade_id: int) -> Lines:
    found = await store.explain(trade_id)
    return found.lines, found.verdict, {"trade": trade_id, "state": found.state}


def main(argv: Sequence[str] | None = None) -> int:
    """Print the outcome; 0: done, 1: refused, or it cannot be done now."""
    options = parser().parse_args(argv)
    try:
        lines, verdict, facts = asyncio.run(run(options))
    except (
        MissingSetting,
        RegistryInvalid,
        OperationRefused,
        asyncpg.PostgresError,
        OSError,
    ) as error:
        return _tell(options, [], str(error), {"ok": False, "error": str(error)}, 1)
    return _tell(options, lines, verdict, {"ok": True, **facts}, 0)


def _tell(
    options: argparse.Namespace,
    lines: Sequence[str],
    verdict: str,
    facts: dict[str, object],
    status: int,
) -> int:
    write: Callable[[str], int] = sys.stderr.write if options.json else sys.stdout.write
    for line in lines:
        write(f"{line}\n")
    last = json.dumps({"command": "settlement", **facts}) if options.json else verdict
    sys.stdout.write(f"{last}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
