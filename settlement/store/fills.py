"""Fills that came from the venue, and how far they came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg

from engine.core.invariants import check
from services._base.database import Connection, Pool
from settlement.fills import Fill

_COLUMNS = (
    "trade_id",
    "sequence",
    "time_ns",
    "market_id",
    "base_asset_id",
    "quote_asset_id",
    "buyer_account_id",
    "seller_account_id",
    "base_atoms",
    "quote_atoms",
    "buyer_fee_atoms",
    "seller_fee_atoms",
)


def fill_of(row: asyncpg.Record) -> Fill:
    """Read a fill from a row that has all its columns."""
    return Fill(**{name: row[name] for name in _COLUMNS})


class FillStore:
    """Fills by trade id, without a gap."""

    def __init__(self, pool: Pool) -> None:
        """Work on a pool whose schema is up to date."""
        self._pool = pool

    async def last_trade_id(self) -> int:
        """Return the last trade id stored, 0 when there is none."""
        last = await self._pool.fetchval("SELECT COALESCE(max(trade_id), 0) FROM settlement.fills")
        return int(last)

    async def add(self, fills: Sequence[Fill], *, received_time_ns: int) -> int:
        """Store fills, those that are known already left alone; return how many were new.

        Raises:
            BrokenInvariant: When the fills leave a gap behind those stored, or a trade id that is
                stored comes with other content.
        """
        if not fills:
            return 0
        ids = [fill.trade_id for fill in fills]
        check(ids == list(range(ids[0], ids[0] + len(ids))), "fills come in order of trade id")
        async with self._pool.acquire() as connection, connection.transaction():
            # One writer at a time: two workers that follow one stream must not leave a gap.
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('settlement fills'))")
            stored = await self._stored(connection, ids)
            for fill in fills:
                known = stored.get(fill.trade_id, fill)
                check(known == fill, f"trade {fill.trade_id} always has the same content")
            new = [fill for fill in fills if fill.trade_id not in stored]
            last = await connection.fetchval("SELECT max(trade_id) FROM settlement.fills")
            check(not new or new[0].trade_id == (last or 0) + 1, "fills leave no gap")
            await connection.copy_records_to_table(
                "fills",
                schema_name="settlement",
                columns=[*_COLUMNS, "received_time_ns"],
                records=(_record(fill, received_time_ns) for fill in new),
            )
        return len(new)

    async def _stored(self, connection: Connection, ids: Sequence[int]) -> dict[int, Fill]:
        rows = await connection.fetch(
            "SELECT * FROM settlement.fills WHERE trade_id BETWEEN $1 AND $2", ids[0], ids[-1]
        )
        return {row["trade_id"]: fill_of(row) for row in rows}

    async def count_queued(self) -> int:
        """Return how many fills are in no window yet."""
        count = await self._pool.fetchval(
            "SELECT count(*) FROM settlement.fills WHERE window_id IS NULL"
        )
        return int(count)


def _record(fill: Fill, received_time_ns: int) -> tuple[Any, ...]:
    return (*(getattr(fill, name) for name in _COLUMNS), received_time_ns)


async def queued(connection: Connection, limit: int) -> tuple[list[Fill], int]:
    """Return the first fills in no window, and when the oldest of them was received."""
    rows = await connection.fetch(
        "SELECT * FROM settlement.fills WHERE window_id IS NULL ORDER BY trade_id LIMIT $1", limit
    )
    oldest = rows[0]["received_time_ns"] if rows else 0
    return [fill_of(row) for row in rows], oldest


async def of_windows(connection: Connection, window_ids: Iterable[int]) -> dict[int, list[Fill]]:
    """Return the fills that belong to windows now, by window, in trade order."""
    rows = await connection.fetch(
        "SELECT * FROM settlement.fills WHERE window_id = ANY($1) ORDER BY trade_id",
        list(window_ids),
    )
    found: dict[int, list[Fill]] = {}
    for row in rows:
        found.setdefault(row["window_id"], []).append(fill_of(row))
    return found
