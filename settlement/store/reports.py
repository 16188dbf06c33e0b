"""What the status service tells: batches with their transfers, and the states of fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from services._base.database import Pool
from settlement.netting import Transfer
from settlement.states import State, behind

_BATCHES = (
    "SELECT b.batch_id, p.payment_id, p.state, p.reason, p.attempts, p.updated_time_ns, p.change,"
    " a.signature, a.last_valid_block_height, length(a.transaction_bytes) AS transaction_bytes,"
    " a.account_locks, a.participants, a.compute_units"
    " FROM settlement.batches b JOIN settlement.payments p USING (payment_id)"
    " LEFT JOIN settlement.attempts a"
    " ON a.payment_id = p.payment_id AND a.attempt = p.attempts"
)


@dataclass(frozen=True, slots=True)
class BatchReport:
    """A batch as others see it; no signature: nothing was signed yet."""

    batch_id: int
    state: State
    trade_ids: tuple[int, ...]
    transfers: tuple[Transfer, ...]
    signature: str
    transaction_bytes: int
    last_valid_block_height: int
    reason: str
    updated_time_ns: int
    attempts: int
    change: int
    participants: int = 0
    account_locks: int = 0
    compute_units: int = 0


@dataclass(frozen=True, slots=True)
class FillReport:
    """The state of a fill: of its buyer's and its seller's batch, that of the one behind."""

    trade_id: int
    state: State
    batch_id: int
    signature: str


class ReportStore:
    """Read-only views."""

    def __init__(self, pool: Pool) -> None:
        """Work on a pool whose schema is up to date."""
        self._pool = pool

    async def batches_before(self, batch_id: int, limit: int) -> list[BatchReport]:
        """Return batches below an id, newest first."""
        rows = await self._pool.fetch(
            _BATCHES + " WHERE b.batch_id < $1 ORDER BY b.batch_id DESC LIMIT $2", batch_id, limit
        )
        return await self._complete(rows)

    async def batches_changed_after(self, change: int, limit: int) -> list[BatchReport]:
        """Return batches whose last change is above a number, in order of change."""
        rows = await self._pool.fetch(
            _BATCHES + " WHERE p.change > $1 ORDER BY p.change LIMIT $2", change, limit
        )
        return await self._complete(rows)

    async def last_change(self) -> int:
        """Return the number of the last change of any payment."""
        change = await self._pool.fetchval("SELECT max(change) FROM settlement.payments")
        return int(change or 0)

    async def _complete(self, rows: Sequence[asyncpg.Record]) -> list[BatchReport]:
        trades = await self._pool.fetch(
            "SELECT a.batch_id, array_agg(DISTINCT f.trade_id ORDER BY f.trade_id) AS trade_ids"
            " FROM settlement.batch_accounts a JOIN settlement.window_fills USING (window_id)"
            " JOIN settlement.fills f USING (trade_id) WHERE a.batch_id = ANY($1)"
            " AND a.account_id IN (f.buyer_account_id, f.seller_account_id) GROUP BY a.batch_id",
            [row["batch_id"] for row in rows],
        )
        moves = await self._pool.fetch(
            "SELECT * FROM settlement.transfers WHERE payment_id = ANY($1)"
            " ORDER BY payment_id, position",
            [row["payment_id"] for row in rows],
        )
        transfers: dict[int, list[Transfer]] = {}
        for move in moves:
            transfers.setdefault(move["payment_id"], []).append(
                Transfer(
                    move["asset_id"],
                    move["from_account_id"],
                    move["to_account_id"],
                    move["amount_atoms"],
                )
            )
        trade_ids = {row["batch_id"]: tuple(row["trade_ids"]) for row in trades}
        return [
            _report(row, trade_ids.get(row["batch_id"], ()), transfers.get(row["payment_id"], []))
            for row in rows
        ]

    async def fill_states(self, trade_ids: Sequence[int]) -> dict[int, FillReport]:
        """Return the states of those fills that are stored, by trade id."""
        rows = await self._pool.fetch(
            "SELECT f.trade_id, b.batch_id, b.state, a.signature FROM settlement.fills f"
            " LEFT JOIN settlement.fill_batches b USING (trade_id)"
            " LEFT JOIN settlement.attempts a"
            " ON a.payment_id = b.payment_id AND a.attempt = b.attempts"
            " WHERE f.trade_id = ANY($1) ORDER BY b.batch_id",
            trade_ids,
        )
        found: dict[int, FillReport] = {}
        for row in rows:
            state = State.QUEUED if row["state"] is None else State(row["state"])
            known = found.get(row["trade_id"])
            if known is None or behind(known.state, state) is not known.state:
                found[row["trade_id"]] = FillReport(
                    row["trade_id"], state, row["batch_id"] or 0, row["signature"] or ""
                )
        return found


def _report(
    row: asyncpg.Record, trade_ids: tuple[int, ...], transfers: Sequence[Transfer]
) -> BatchReport:
    return BatchReport(
        batch_id=row["batch_id"],
        state=State(row["state"]),
        trade_ids=trade_ids,
        transfers=tuple(transfers),
        signature=row["signature"] or "",
        transaction_bytes=row["transaction_bytes"] or 0,
        last_valid_block_height=row["last_valid_block_height"] or 0,
        reason=row["reason"],
        updated_time_ns=row["updated_time_ns"],
        attempts=row["attempts"],
        change=row["change"],
        participants=row["participants"] or 0,
        account_locks=row["account_locks"] or 0,
        compute_units=row["compute_units"] or 0,
    )
