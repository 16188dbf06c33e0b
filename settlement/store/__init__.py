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


async def prepare(pool: Pool) -> None:
    """Bring the schema up to date."""
    await migrate(pool, SCHEMA, MIGRATIONS)


async def bind_chain(pool: Pool, *, genesis_hash: str, authority: str) -> None:
    """Remember the chain at the first run; refuse any other later.

    Raises:
        WrongChain: The node shows another genesis, or the key is another, than at the first run.
    """
    await pool.execute(
        "INSERT INTO settlement.chain (genesis_hash, authority) VALUES ($1, $2)"
        " ON CONFLICT (only_row) DO NOTHING",
        genesis_hash,
        authority,
    )
    row = await pool.fetchrow("SELECT genesis_hash, authority FROM settlement.chain")
    known = (row["genesis_hash"], row["authority"]) if row is not None else ("", "")
    if known[0] != genesis_hash:
        raise WrongChain(
            f"the node's genesis hash is {genesis_hash}, this database belongs to the chain with"
            f" {known[0]}: nothing is signed for a chain that is not known"
        )
    if known[1] != authority:
        raise WrongChain(f"the settlement key is {authority}, this database belongs to {known[1]}")
