"""The settlement worker as a process: `realstack serve settlement`.

It knows the chain by its URL alone, and refuses one that its database does not belong to.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import socket
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from engine.keys import KeysInvalid, KeyTable
from realstack.settings import MissingSetting
from services._base.database import MigrationError, Pool, open_pool
from services._base.grpc_server import GrpcServer
from services._base.process import announce, configure_logs, run_until_stopped, stop_event
from services._base.settings import (
    add_setting,
    keys_path,
    read_api_key,
    read_settings,
    server_parser,
)
from settlement.chain import Chain
from settlement.loops import retry
from settlement.passes import Passes, Stores, Timing
from settlement.registry import RegistryFile, RegistryInvalid
from settlement.rpc import SERVICE_NAME, StatusServicer, add_status_servicer
from settlement.signer import KeypairFile, Signer, SignerInvalid, WalletFolder, Wallets
from settlement.store import WrongChain, bind_chain, prepare
from settlement.transactions import RECEIPT_BYTES
from settlement.venue import Venue, VenueRefused

NAME = "settlement"
CONNECTIONS_MAX = 12


def parser() -> argparse.ArgumentParser:
    """Return the command line of this process."""
    defaults = Timing()
    made = server_parser(NAME, "Settles fills on chain, credits deposits, pays withdrawals.")
    add_setting(made, "--engine", "engine_address", "the engine")
    add_setting(made, "--database-url", "database_url", "PostgreSQL")
    add_setting(made, "--solana-rpc-url", "solana_rpc_url", "the Solana node")
    made.add_argument(
        "--keypair", type=Path, metavar="FILE", help="default: DATA/secrets/settlement.json"
    )
    made.add_argument("--poll-ms", type=int, default=defaults.poll)
    made.add_argument("--batch-wait-ms", type=int, default=defaults.batch_wait)
    made.add_argument("--resend-ms", type=int, default=defaults.resend)
    made.add_argument("--reconcile-ms", type=int, default=defaults.reconcile)
    made.add_argument("--difference-window-ms", type=int, default=defaults.difference_window)
    made.add_argument("--lease-ms", type=int, default=defaults.lease)
    made.add_argument("--receipts-kept", type=int, metavar="N", default=defaults.receipts_kept)
    return made


def timing_of(options: argparse.Namespace) -> Timing:
    """Return the timing that the flags ask for."""
    return Timing(
        poll=options.poll_ms,
        batch_wait=options.batch_wait_ms,
        resend=options.resend_ms,
        reconcile=options.reconcile_ms,
        difference_window=options.difference_window_ms,
        lease=options.lease_ms,
        receipts_kept=options.receipts_kept,
    )


async def serve(options: argparse.Namespace) -> None:
    """Serve until a signal asks to stop.

    Raises:
        MissingSetting, SignerInvalid, RegistryInvalid, KeysInvalid: It cannot start.
        WrongChain: The node is of a chain that this database does not belong to.
        VenueRefused: The venue lacks trades that are stored here.
    """
    settings = read_settings(options)
    signer = KeypairFile(options.keypair or settings.secrets / f"{NAME}.json")
    wallets = WalletFolder(settings.secrets)
    registry = RegistryFile(settings.data / "instruments.json")
    keys = KeyTable(keys_path(options, settings))
    api_key = read_api_key(options, settings, NAME)
    timing = timing_of(options)
    owner = f"{socket.gethostname()}:{secrets.token_hex(8)}"
    stopped = stop_event()
    async with AsyncExitStack() as stack:
        pool = await open_pool(settings.need("database_url"), connections_max=CONNECTIONS_MAX)
        stack.push_async_callback(pool.close)
        await prepare(pool)
        chain = Chain(settings.need("solana_rpc_url"))
        stack.push_async_callback(chain.close)
        venue = Venue(settings.need("engine_address"), api_key)
        stack.push_async_callback(venue.close)
        stores = Stores.of(pool, owner=owner, lease_ms=timing.lease)
        server = GrpcServer(
            services=[SERVICE_NAME],
            add=lambda made: add_status_servicer(
                made, StatusServicer(stores.reports, stores.reconciliations)
            ),
            is_known_key=lambda key: keys.find(key) is not None,
        )
        address = await server.start(options.listen)
        stack.push_async_callback(server.stop)

        async def work() -> None:
            passes = await start(pool, chain, venue, stores, registry, signer, wallets, timing)
            await server.set_serving(True)
            announce(NAME, address)
            async with asyncio.TaskGroup() as group:
                for loop in passes.loops():
                    group.create_task(loop)

        await run_until_stopped(stopped, asyncio.create_task(work()))
        await stores.payments.release_all()


async def start(
    pool: Pool,
    chain: Chain,
    venue: Venue,
    stores: Stores,
    registry: RegistryFile,
    signer: Signer,
    wallets: Wallets,
    timing: Timing,
) -> Passes:
    """Make sure of the chain, waiting for its node if need be, and put a worker together.

    Raises:
        WrongChain: It is another chain than at the first run.
    """
    shown: list[tuple[str, int]] = []

    async def ask() -> None:
        shown.append((await chain.genesis_hash(), await chain.rent_lamports(RECEIPT_BYTES)))

    await retry("chain", ask)
    genesis_hash, rent_lamports = shown[-1]
    await bind_chain(
        pool,
        genesis_hash=genesis_hash,
        authority=str(signer.address),
        market_program=str(registry.current.market_program),
    )
    return Passes(
        chain=chain,
        venue=venue,
        stores=stores,
        registry=registry,
        signer=signer,
        wallets=wallets,
        timing=timing,
        genesis_hash=genesis_hash,
        rent_lamports=rent_lamports,
    )


_CANNOT_START = (
    MissingSetting,
    SignerInvalid,
    RegistryInvalid,
    KeysInvalid,
    MigrationError,
    WrongChain,
    VenueRefused,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the process and return its exit status."""
    options = parser().parse_args(argv)
    configure_logs(NAME)
    problems: list[str] = []
    try:
        asyncio.run(serve(options))
    except* _CANNOT_START as group:
        problems += [str(error) for error in leaves(group)]
    for problem in problems:
        sys.stderr.write(f"{NAME}: {problem}\n")
    return 1 if problems else 0


def leaves(group: BaseExceptionGroup[Exception]) -> list[Exception]:
    """Return the exceptions of a group and of the groups in it."""
    found: list[Exception] = []
    for error in group.exceptions:
        found += leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


if __name__ == "__main__":
    sys.exit(main())
