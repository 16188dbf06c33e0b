"""PostgreSQL for every part that keeps state there: a connection pool, and migrations as SQL files.

A part owns one schema and one folder of files `NNNN_what_it_does.sql`, numbered from 1 without a
gap. Each runs once, in a transaction of its own, with the schema first on the search path; its
hash is kept, so that a file that was changed after it ran is refused instead of silently ignored.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import asyncpg

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
# What queries run on: a connection, or one lent by the pool.
Connection: TypeAlias = (
    "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
)

CONNECTIONS_MAX = 10
COMMAND_TIMEOUT_SECONDS = 60
_SCHEMA_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}\Z")
_FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql\Z")


class MigrationError(Exception):
    """The schema cannot be brought to what this program needs; the message says why."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, name, text and hash."""

    number: int
    name: str
    sql: str
    sha256: str


async def open_pool(url: str, *, connections_max: int = CONNECTIONS_MAX) -> Pool:
    """Open a pool of connections to the database at `url`.

    Args:
        url: `postgresql://...`, a Unix socket as `?host=/folder`.
        connections_max: How many connections at most.

    Raises:
        OSError, asyncpg.PostgresError: When the database cannot be reached or refuses us.
    """
    pool = await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=connections_max,
        command_timeout=COMMAND_TIMEOUT_SECONDS,
        server_settings={"application_name": "realstack", "timezone": "UTC"},
    )
    return pool


def read_migrations(folder: Path) -> list[Migration]:
    """Read the migration files of `folder` in order.

    Raises:
        MigrationError: When a name does not fit or the numbers are not 1, 2, 3, ...
    """
    found: list[Migration] = []
    for path in sorted(folder.glob("*.sql")):
        match = _FILE_NAME.match(path.name)
        if match is None:
            raise MigrationError(f"{path.name}: a migration is named NNNN_what_it_does.sql")
        sql = path.read_text(encoding="utf-8")
        sha256 = hashlib.sha256(sql.encode()).hexdigest()
        found.append(Migration(int(match[1]), path.name, sql, sha256))
    numbers = [migration.number for migration in found]
    if not found or numbers != list(range(1, len(found) + 1)):
        raise MigrationError(f"{folder}: migrations are numbered from 1 without a gap: {numbers}")
    return found


def pending(migrations: list[Migration], done: list[tuple[int, str]]) -> list[Migration]:
    """Return what is still to run, given (number, hash) of what ran.

    Raises:
        MigrationError: When a file changed after it ran, or the database is ahead of this program.
    """
    if len(done) > len(migrations):
        raise MigrationError(
            f"the database is at migration {len(done)}, this program knows {len(migrations)}: "
            "run a program that is at least as new"
        )
    for (number, sha256), migration in zip(done, migrations, strict=False):
        if (number, sha256) != (migration.number, migration.sha256):
            raise MigrationError(f"{migration.name} was changed after it ran: add a new file")
    return migrations[len(done) :]


async def migrate(pool: Pool, schema: str, folder: Path) -> int:
    """Bring `schema` to the newest migration of `folder` and return its number.

    Several processes may call it at once: a lock in the database lets one work at a time.

    Raises:
        MigrationError: When the schema's name or the files do not fit, or the database does not.
        asyncpg.PostgresError: When a statement fails; its file has then changed nothing.
    """
    if _SCHEMA_NAME.match(schema) is None:
        raise MigrationError(f"schema {schema!r}: a schema is named [a-z][a-z0-9_]*, at most 31")
    migrations = read_migrations(folder)
    lock_id = int.from_bytes(hashlib.sha256(schema.encode()).digest()[:8], "big", signed=True)
    async with pool.acquire() as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", lock_id)
        try:
            # The name was checked above: an identifier cannot be a parameter.
            await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            await connection.execute(
                f"CREATE TABLE IF NOT EXISTS {schema}.schema_migrations (number int PRIMARY KEY,"
                " name text NOT NULL, sha256 text NOT NULL,"
                " applied_at timestamptz NOT NULL DEFAULT now())"
            )
            query = f"SELECT number, sha256 FROM {schema}.schema_migrations ORDER BY number"  # noqa: S608
            done = [(row["number"], row["sha256"]) for row in await connection.fetch(query)]
            for migration in pending(migrations, done):
                await _run(connection, schema, migration)
        finally:
            await connection.execute("SELECT pg_advisory_unlock($1)", lock_id)
    return migrations[-1].number


async def _run(
    connection: Connection,
    schema: str,
    migration: Migration,
) -> None:
    async with connection.transaction():
        await connection.execute(f"SET LOCAL search_path TO {schema}")
        await connection.execute(migration.sql)
        await connection.execute(
            "INSERT INTO schema_migrations (number, name, sha256) VALUES ($1, $2, $3)",
            migration.number,
            migration.name,
            migration.sha256,
        )
