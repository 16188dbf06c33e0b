"""The market service as a process: `realstack serve market`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack

import grpc
from asyncpg import PostgresError

from engine.keys import KeysInvalid, KeyTable
from realstack.settings import MissingSetting
from services._base.database import MigrationError, open_pool
from services._base.grpc_server import GrpcServer
from services._base.process import announce, configure_logs, run_until_stopped, stop_event
from services._base.settings import (
    add_setting,
    keys_path,
    read_api_key,
    read_settings,
    server_parser,
)
from services.market.projector import Projector
from services.market.servicer import SERVICE_NAME, add_market_servicer
from services.market.store import ProjectionError, Store

NAME = "market"
# What ends the process with one line that says why; anything else is a bug and shows where.
CANNOT_GO_ON = (
    KeysInvalid,
    MigrationError,
    MissingSetting,
    OSError,
    PostgresError,
    ProjectionError,
    RuntimeError,  # gRPC: the address is taken
)


def parser() -> argparse.ArgumentParser:
    """Return the command line of this process."""
    made = server_parser(NAME, "Trades and candles, from a projection of the engine's stream.")
    add_setting(made, "--engine", "engine_address", "the engine")
    add_setting(made, "--database-url", "database_url", "PostgreSQL")
    return made


async def serve(options: argparse.Namespace) -> None:
    """Serve until a signal asks to stop.

    Raises:
        MissingSetting: When a setting is missing.
        ProjectionError: When the engine's trades do not continue the stored ones.
    """
    settings = read_settings(options)
    engine = settings.need("engine_address")
    database_url = settings.need("database_url")
    api_key = read_api_key(options, settings, NAME)
    keys = KeyTable(keys_path(options, settings))
    stopped = stop_event()
    async with AsyncExitStack() as stack:
        pool = await open_pool(database_url)
        stack.push_async_callback(pool.close)
        store = Store(pool)
        await store.prepare()
        server = GrpcServer(
            services=[SERVICE_NAME],
            add=lambda server: add_market_servicer(server, store),
            is_known_key=lambda key: keys.find(key) is not None,
        )
        address = await server.start(options.listen)
        stack.push_async_callback(server.stop)
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(engine))
        projector = Projector(store, channel, api_key, tell_serving=server.set_serving)
        projecting = asyncio.create_task(projector.run(), name="projector")
        announce(NAME, address)
        await run_until_stopped(stopped, projecting)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the process and return its exit status."""
    options = parser().parse_args(argv)
    configure_logs(NAME)
    try:
        asyncio.run(serve(options))
    except CANNOT_GO_ON as error:
        sys.stderr.write(f"{NAME}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
