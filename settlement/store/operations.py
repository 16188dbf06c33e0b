"""What a person asks of the database about settlement, and the two things that one may do there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import asyncpg

from services._base.database import Pool
from settlement.accounts import CLEARING_ACCOUNT_ID
from settlement.batcher import Batch
from settlement.fills import Fill, legs
from settlement.states import State, Step, after, behind
from settlement.store.batches import BatchStore, create, create_parts, parent_of
from settlement.store.fills import fill_of
from settlement.transactions import is_clearing
from settlement.windows import window_of

_COUNTS = """
SELECT lower(kind || ' ' || state) AS name, count(*) FROM settlement.payments GROUP BY kind, state
UNION ALL
SELECT 'requested withdrawals ' || lower(state), count(*) FROM settlement.withdrawals GROUP BY state
UNION ALL
SELECT 'deposits ' || lower(state), count(*) FROM settlement.deposits GROUP BY state
UNION ALL SELECT 'accounts leaving', count(*) FROM settlement.leaving
ORDER BY 1
"""


class OperationRefused(Exception):
    """It may not be done; the message says why."""


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts by name, and the parked batches with their reasons."""

    counts: dict[str, int]
    parked: dict[int, str]
    fills_open: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """A trade, its batches in order, and where it stands."""

    lines: list[str]
    verdict: str
    state: str


class OperationStore:
    """Overviews, explanations, and the steps that are a person's."""

    def __init__(self, pool: Pool) -> None:
        """Work on a pool whose schema is up to date."""
        self._pool = pool
        self._batches = BatchStore(pool)

    async def status(self) -> Overview:
        """Count payments by kind and state, what is open, and list parked batches."""
        rows = await self._pool.fetch(_COUNTS)
        counts = {row["name"]: row["count"] for row in rows}
        parked = await self._pool.fetch(
            "SELECT batch_id, reason FROM settlement.batches JOIN settlement.payments"
            " USING (payment_id) WHERE state = 'PARKED' ORDER BY batch_id"
        )
        fills_open = await self._pool.fetchval(
            "SELECT (SELECT count(*) FROM settlement.fills WHERE window_id IS NULL)"
            " + (SELECT count(DISTINCT trade_id) FROM settlement.fill_batches"
            " WHERE state <> 'FINAL')"
        )
        reasons = {row["batch_id"]: row["reason"] for row in parked}
        return Overview(counts, reasons, int(fills_open))

    async def explain(self, trade_id: int) -> Explanation:
        """Tell what a trade does, and each batch that it was in, down to the transaction.

        Raises:
            OperationRefused: Settlement has no such trade.
        """
        row = await self._pool.fetchrow(
            "SELECT * FROM settlement.fills WHERE trade_id = $1", trade_id
        )
        if row is None:
            raise OperationRefused(f"trade {trade_id} is not known to settlement (yet)")
        lines = [f"trade {trade_id} at sequence {row['sequence']}"]
        lines += [
            f"  account {leg.account_id:>7}  asset {leg.asset_id:>4}  {leg.atoms:+,} atoms"
            for leg in legs(fill_of(row))
        ]
        batches = await self._pool.fetch(
            "SELECT b.batch_id, p.payment_id, p.state, p.reason, p.landed_slot, p.attempts,"
            " (SELECT count(*) FROM settlement.window_fills f WHERE f.window_id = b.window_id)"
            " AS fills, a.signature, a.participants, a.account_locks, a.compute_units,"
            " length(a.transaction_bytes) AS bytes"
            " FROM settlement.batches b"
            " JOIN settlement.payments p USING (payment_id) LEFT JOIN settlement.attempts a"
            " ON a.payment_id = p.payment_id AND a.attempt = p.attempts"
            " WHERE b.batch_id IN (SELECT o.batch_id FROM settlement.batch_accounts o"
            " JOIN settlement.window_fills USING (window_id)"
            " WHERE trade_id = $1 AND o.account_id IN ($2, $3)) ORDER BY b.batch_id",
            trade_id,
            row["buyer_account_id"],
            row["seller_account_id"],
        )
        for batch in batches:
            lines += await self._batch_lines(
                batch, {row["buyer_account_id"], row["seller_account_id"]}
            )
        states = await self._pool.fetch(
            "SELECT state FROM settlement.fill_batches WHERE trade_id = $1", trade_id
        )
        state = behind(*(State(each["state"]) for each in states)) if states else State.QUEUED
        return Explanation(lines, f"trade {trade_id} is {state}", state.value)

    async def _batch_lines(self, batch: asyncpg.Record, accounts: set[int]) -> list[str]:
        """Tell of a batch: all that it moves, or of a window's what it moves for some accounts."""
        lines = [f"batch {batch['batch_id']} of {batch['fills']} fills: {batch['state']}"]
        if batch["reason"]:
            lines.append(f"  reason       {batch['reason']}")
        if batch["signature"]:
            lines.append(f"  transaction  {batch['signature']} (attempt {batch['attempts']})")
            lines.append(
                f"  takes        {batch['participants']} participants,"
                f" {batch['account_locks']} locks, {batch['bytes']:,} bytes,"
                f" {batch['compute_units']:,} compute units"
            )
        if batch["landed_slot"]:
            lines.append(f"  landed       slot {batch['landed_slot']}")
        moves = await self._pool.fetch(
            "SELECT * FROM settlement.transfers WHERE payment_id = $1 ORDER BY position",
            batch["payment_id"],
        )
        return lines + [
            f"  net          asset {move['asset_id']}: account {_name(move['from_account_id'])} to"
            f" {_name(move['to_account_id'])}, {move['amount_atoms']:,} atoms"
            for move in moves
            if _concerns(move, accounts)
        ]

    async def retry(
        self, batch_id: int, pack: Callable[[Sequence[Fill]], list[Batch]], *, now_ns: int
    ) -> list[int]:
        """Make what a parked batch was to settle into new batches; return their ids.

        The fills of one that is its whole window are netted anew; the accounts of one of several
        keep their nets.

        Raises:
            OperationRefused: It is not parked, or what was signed for it may still be on chain.
        """
        async with self._batches.making() as connection:
            row = await connection.fetchrow(
                "SELECT payment_id, state, attempts, failures FROM settlement.payments"
                " JOIN settlement.batches USING (payment_id) WHERE batch_id = $1 FOR UPDATE OF"
                " payments",
                batch_id,
            )
            if row is None or row["state"] != State.PARKED:
                state = "not known" if row is None else row["state"]
                raise OperationRefused(f"batch {batch_id} is {state}, not parked")
            if row["attempts"] and not row["failures"]:
                raise OperationRefused(
                    f"batch {batch_id} was signed and no failure was seen final: it may have"
                    " settled; look for its receipt on chain"
                )
            parent = await parent_of(connection, row["payment_id"])
            await connection.execute(
                "UPDATE settlement.payments SET state = $2, updated_time_ns = $3,"
                " change = nextval('settlement.payment_changes') WHERE payment_id = $1",
                row["payment_id"],
                after(State.PARKED, Step.TAKEN_UP),
                now_ns,
            )
            if is_clearing(parent.part.transfers):
                return await create_parts(connection, [parent.part], now_ns=now_ns, parent=parent)
            windows = [window_of(each) for each in pack(parent.fills)]
            return await create(connection, windows, now_ns=now_ns, parent=parent)

    async def park(self, batch_id: int, reason: str, *, now_ns: int) -> None:
        """Leave a batch of which nothing is on its way to a person.

        Raises:
            OperationRefused: It is signed, over, or not known.
        """
        done = await self._pool.fetchval(
            "UPDATE settlement.payments p SET state = $2, reason = $3, updated_time_ns = $4,"
            " change = nextval('settlement.payment_changes') FROM settlement.batches b"
            " WHERE b.payment_id = p.payment_id AND b.batch_id = $1"
            " AND p.state = 'NETTED' AND p.attempts = 0 RETURNING p.payment_id",
            batch_id,
            after(State.NETTED, Step.PARKED_BY_HAND),
            reason,
            now_ns,
        )
        if done is None:
            raise OperationRefused(f"batch {batch_id} is not one that nothing was signed for")


def _name(account_id: int) -> str:
    return "clearing" if account_id == CLEARING_ACCOUNT_ID else str(account_id)


def _concerns(move: asyncpg.Record, accounts: set[int]) -> bool:
    pair = {move["from_account_id"], move["to_account_id"]}
    return CLEARING_ACCOUNT_ID not in pair or bool(pair & accounts)
