"""Making batches out of queued fills, and out of batches that failed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from engine.core.invariants import check
from services._base.database import Connection, Pool
from settlement.batcher import Batch
from settlement.fills import Fill, fills_sha256
from settlement.netting import Transfer
from settlement.states import State, Step, after
from settlement.store.fills import of_batches


@dataclass(frozen=True, slots=True)
class Parent:
    """A batch that failed, is over, and is made anew out of its fills."""

    payment_id: int
    batch_id: int
    failures: int
    fills: tuple[Fill, ...]


class BatchStore:
    """Batches, dense from 1."""

    def __init__(self, pool: Pool) -> None:
        """Work on a pool whose schema is up to date."""
        self._pool = pool

    @asynccontextmanager
    async def making(self) -> AsyncIterator[Connection]:
        """Hold the right to make batches for the length of a transaction: one worker at a time."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('settlement batch'))")
            yield connection


async def waiting_to_be_sent(connection: Connection) -> int:
    """Return how many batches were made and not signed yet."""
    count = await connection.fetchval(
        "SELECT count(*) FROM settlement.payments WHERE kind = 'BATCH' AND state = 'NETTED'"
    )
    return int(count)


async def create(
    connection: Connection, batches: Sequence[Batch], *, now_ns: int, parent: Parent | None = None
) -> list[int]:
    """Create batches with their payments, within `BatchStore.making`; return their ids."""
    last = await connection.fetchval("SELECT max(batch_id) FROM settlement.batches")
    first = (last or 0) + 1
    for batch_id, batch in enumerate(batches, first):
        payment_id = await _create_payment(connection, batch_id, batch, now_ns, parent)
        await connection.execute(
            "INSERT INTO settlement.batches (batch_id, payment_id, parent_batch_id)"
            " VALUES ($1, $2, $3)",
            batch_id,
            payment_id,
            None if parent is None else parent.batch_id,
        )
        await _add_transfers(connection, payment_id, batch.transfers)
        await _add_fills(connection, batch_id, batch, parent)
    return list(range(first, first + len(batches)))


async def _create_payment(
    connection: Connection, batch_id: int, batch: Batch, now_ns: int, parent: Parent | None
) -> int:
    state = after(State.QUEUED, Step.NETTED)
    if not batch.transfers:
        state = after(state, Step.NOTHING_TO_MOVE)
    payment_id = await connection.fetchval(
        "INSERT INTO settlement.payments"
        " (kind, state, order_key, receipt_number, failures, updated_time_ns, fills_sha256)"
        " VALUES ('BATCH', $1, $2, $3, $4, $5, $6) RETURNING payment_id",
        state,
        batch.order_key,
        batch_id,
        0 if parent is None else parent.failures,
        now_ns,
        fills_sha256(batch.fills),
    )
    return int(payment_id)


async def _add_transfers(
    connection: Connection, payment_id: int, transfers: Sequence[Transfer]
) -> None:
    await connection.executemany(
        "INSERT INTO settlement.transfers"
        " (payment_id, position, asset_id, from_account_id, to_account_id, amount_atoms)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        [
            (
                payment_id,
                position,
                each.asset_id,
                each.from_account_id,
                each.to_account_id,
                each.amount_atoms,
            )
            for position, each in enumerate(transfers)
        ],
    )


async def _add_fills(
    connection: Connection, batch_id: int, batch: Batch, parent: Parent | None
) -> None:
    trade_ids = [fill.trade_id for fill in batch.fills]
    moved = await connection.fetch(
        "UPDATE settlement.fills SET batch_id = $1"
        " WHERE trade_id = ANY($2) AND batch_id IS NOT DISTINCT FROM $3 RETURNING trade_id",
        batch_id,
        trade_ids,
        None if parent is None else parent.batch_id,
    )
    check(len(moved) == len(trade_ids), "a fill is in one batch at a time")
    await connection.executemany(
        "INSERT INTO settlement.batch_fills (batch_id, trade_id) VALUES ($1, $2)",
        [(batch_id, trade_id) for trade_id in trade_ids],
    )


async def parent_of(connection: Connection, payment_id: int) -> Parent:
    """Return a batch that failed, with the fills that are to be settled in another way."""
    row = await connection.fetchrow(
        "SELECT batch_id, failures FROM settlement.payments JOIN settlement.batches"
        " USING (payment_id) WHERE payment_id = $1",
        payment_id,
    )
    check(row is not None, f"payment {payment_id} is a batch")
    if row is None:
        raise LookupError(payment_id)
    fills = await of_batches(connection, [row["batch_id"]])
    batch_id = row["batch_id"]
    return Parent(payment_id, batch_id, row["failures"], tuple(fills.get(batch_id, ())))
