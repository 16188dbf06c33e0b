"""What settlement remembers, in the PostgreSQL schema `settlement`.

Every write is idempotent or guarded by the state and the lease that it starts from, so that it can
be repeated after a connection broke between a commit and its answer, and so that of two workers
one wins.
"""

from __future__ import annotations

from pathlib import Path

from services._base.database import Pool, migrate

SCHEMA = "settlement"
MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


class WrongChain(Exception):
    """The database belongs to another chain or authority; nothing may be signed."""


class NeverRun(Exception):
    """No settlement worker has ever run on this database."""


async def prepare(pool: Pool) -> None:
    """Bring the schema up to date."""
    await migrate(pool, SCHEMA, MIGRATIONS)


async def bind_chain(pool: Pool, *, genesis_hash: str, authority: str, market_program: str) -> None:
    """Remember the chain at the first run; refuse any other later.

    Raises:
        WrongChain: The node shows another genesis, or the key is another, than at the first run.
    """
    await pool.execute(
        "INSERT INTO settlement.chain (genesis_hash, authority, market_program)"
        " VALUES ($1, $2, $3) ON CONFLICT (only_row) DO NOTHING",
        genesis_hash,
        authority,
        market_program,
    )
    await check_chain(
        pool, genesis_hash=genesis_hash, authority=authority, market_program=market_program
    )


async def check_chain(
    pool: Pool, *, genesis_hash: str, authority: str, market_program: str
) -> None:
    """Refuse a chain, a key or a program that is not the one of the first run; change nothing.

    Raises:
        NeverRun: There was no first run.
        WrongChain: The node shows another genesis, or the key is another, than at the first run.
    """
    table = await pool.fetchval("SELECT to_regclass('settlement.chain')::text")
    row = table and await pool.fetchrow("SELECT * FROM settlement.chain")
    if not row:
        raise NeverRun("no settlement worker has ever run on this database")
    if row["genesis_hash"] != genesis_hash:
        raise WrongChain(
            f"the node's genesis hash is {genesis_hash}, this database belongs to the chain with"
            f" {row['genesis_hash']}: nothing is signed for a chain that is not known"
        )
    if row["authority"] != authority:
        raise WrongChain(
            f"the settlement key is {authority}, this database belongs to {row['authority']}"
        )
    if row["market_program"] != market_program:
        raise WrongChain(
            f"the market program is {market_program}, this database belongs to"
            f" {row['market_program']}"
        )
