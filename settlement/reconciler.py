"""Reconciliation as a command: `realstack reconcile`, in a process of its own.

The last line on stdout is the verdict, or with --json one object; the exit status agrees with it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict

import asyncpg

from realstack.settings import MissingSetting
from services._base.database import open_pool
from services._base.settings import add_setting, read_api_key, read_settings, server_parser
from settlement.accounts import Custody
from settlement.chain import Chain, ChainUnavailable
from settlement.comparer import Comparer, within
from settlement.reconciliation import Comparison
from settlement.registry import RegistryFile, RegistryInvalid
from settlement.signer import KeypairFile, SignerInvalid
from settlement.store import NeverRun, WrongChain, check_chain
from settlement.store.deposits import DepositStore
from settlement.store.reconciliations import ReconciliationStore
from settlement.venue import NotAllowed, Venue, VenueRefused, VenueUnavailable

NAME = "settlement"
WINDOW_MS_DEFAULT = 10_000


def verdict(comparison: Comparison) -> str:
    """Return the line that a comparison comes to."""
    count = len(comparison.differences)
    what = f"{comparison.accounts} accounts, {comparison.assets} assets"
    if not count:
        return f"ledger equals chain: {what}, 0 differences"
    return f"ledger differs from chain: {what}, {count} difference{'s' if count > 1 else ''}"


def table(comparison: Comparison) -> list[str]:
    """Return the differences as lines of a table; account 0 is the fee account."""
    rows: list[Sequence[str]] = [("account", "asset", "ledger says", "chain has", "difference")]
    for each in comparison.differences:
        gap = each.chain_atoms - each.expected_atoms
        numbers = (each.account_id, each.asset_id, each.expected_atoms, each.chain_atoms)
        rows.append([*(f"{number:,}" for number in numbers), f"{gap:+,}"])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]


def in_flight_line(comparison: Comparison) -> str:
    """Return in words what is on its way between ledger and chain."""
    flight = comparison.in_flight
    return (
        f"at sequence {comparison.sequence}, slot {comparison.slot}: in flight {flight.fills}"
        f" fills, {flight.deposits} deposits, {flight.withdrawals} withdrawals,"
        f" {flight.in_doubt} accounts with an answer outstanding"
    )


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = server_parser(NAME, "Compare the ledger with the chain.")
    made.prog = "realstack reconcile"
    add_setting(made, "--engine", "engine_address", "the engine")
    add_setting(made, "--database-url", "database_url", "PostgreSQL")
    add_setting(made, "--solana-rpc-url", "solana_rpc_url", "the Solana node")
    made.add_argument("--json", action="store_true", help="the last line is one JSON object")
    made.add_argument(
        "--window-ms",
        type=int,
        default=WINDOW_MS_DEFAULT,
        help="a difference must last so long to be one",
    )
    return made


async def run(options: argparse.Namespace) -> Comparison:
    """Compare once from the outside: ledger over gRPC, chain over RPC, and the database.

    Raises:
        MissingSetting, RegistryInvalid, SignerInvalid, WrongChain, NeverRun: It cannot be compared.
        ChainUnavailable, VenueUnavailable, OSError: One of them cannot be reached.
    """
    settings = read_settings(options)
    registry = RegistryFile(settings.data / "instruments.json")
    authority = KeypairFile(settings.secrets / f"{NAME}.json").address
    async with AsyncExitStack() as stack:
        pool = await open_pool(settings.need("database_url"), connections_max=2)
        stack.push_async_callback(pool.close)
        chain = Chain(settings.need("solana_rpc_url"))
        stack.push_async_callback(chain.close)
        venue = Venue(settings.need("engine_address"), read_api_key(options, settings, NAME))
        stack.push_async_callback(venue.close)
        genesis_hash = await within(options.window_ms, chain.genesis_hash, bool)
        custody = Custody(registry, authority)
        await check_chain(
            pool,
            genesis_hash=genesis_hash,
            authority=str(authority),
            market_program=str(custody.market.program_id),
        )
        comparer = Comparer(
            chain=chain,
            venue=venue,
            store=ReconciliationStore(pool),
            deposits=DepositStore(pool),
            custody=custody,
            registry=registry,
        )
        return await comparer.compare_until_equal(options.window_ms)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the comparison and its verdict; 0: equal, 1: not, or it could not be made."""
    options = parser().parse_args(argv)
    try:
        comparison = asyncio.run(run(options))
    except (
        MissingSetting,
        RegistryInvalid,
        SignerInvalid,
        WrongChain,
        NeverRun,
        ChainUnavailable,
        VenueUnavailable,
        VenueRefused,
        NotAllowed,
        asyncpg.PostgresError,
        OSError,
    ) as error:
        sys.stdout.write(f"cannot compare ledger and chain: {error}\n")
        return 1
    lines = [in_flight_line(comparison)]
    if comparison.differences:
        lines += table(comparison)
    lines.append(verdict(comparison))
    if options.json:
        lines.append(json.dumps({"equal": not comparison.differences, **asdict(comparison)}))
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if comparison.differences else 0


if __name__ == "__main__":
    sys.exit(main())
