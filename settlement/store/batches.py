"""Making batches: out of queued fills, and out of windows and batches that failed.

A window is a set of fills that were netted together; its batches, each one transaction, settle its
accounts. Window ids and batch ids are dense from 1.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from engine.core.invariants import check
from services._base.database import Connection, Pool
from settlement.accounts import CLEARING_ACCOUNT_ID
from settlement.fills import Fill, fills_sha256
from settlement.netting import Transfer
from settlement.states import State, Step, after
from settlement.store.fills import of_windows
from settlement.windows import Part, Window


@dataclass(frozen=True, slots=True)
class Parent:
    """A batch that failed and is over: what it was to settle is settled in another way.

    Attributes:
        payment_id: Its payment.
        batch_id: Its number.
        window_id: Its window.
        failures: How often it, or the batch that it was split from, failed on chain.
        fills: Those of the window.
        part: The accounts and transfers of the batch.
    """

    payment_id: int
    batch_id: int
    window_id: int
    failures: int
    fills: tuple[Fill, ...]
    part: Part


class BatchStore:
    """Windows and their batches."""

    def __init__(self, pool: Pool) -> None:
        """Work on a pool whose schema is up to date."""
        self._pool = pool

    @asynccontextmanager
    async def making(self) -> AsyncIterator[Connection]:
        """Hold the right to make batches for the length of a transaction: one worker at a time."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('settlement batch'))")
            yield connection


@dataclass(frozen=True, slots=True)
class UnderWay:
    """How many batches are not over.

    Attributes:
        waiting: Made, and never signed.
        unconfirmed: These, and all that is signed and not seen confirmed.
    """

    waiting: int
    unconfirmed: int


async def under_way(connection: Connection) -> UnderWay:
    """Count the batches that are not over."""
    row = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE state = 'NETTED') AS waiting, count(*) AS unconfirmed"
        " FROM settlement.payments WHERE kind = 'BATCH'"
        " AND state IN ('NETTED', 'SIGNED', 'IN_FLIGHT', 'EXPIRED')"
    )
    return UnderWay(int(row["waiting"]), int(row["unconfirmed"])) if row else UnderWay(0, 0)


async def float_atoms(connection: Connection) -> dict[int, int]:
    """Return the clearing float by asset, less what parked batches have not brought."""
    rows = await connection.fetch(
        "SELECT asset_id, sum(atoms) AS atoms FROM ("
        " SELECT asset_id, amount_atoms AS atoms FROM settlement.deposits WHERE state = 'FLOAT'"
        " UNION ALL SELECT asset_id, -amount_atoms FROM settlement.transfers"
        " JOIN settlement.payments USING (payment_id)"
        " WHERE state = 'PARKED' AND to_account_id = $1) found GROUP BY asset_id",
        CLEARING_ACCOUNT_ID,
    )
    return {row["asset_id"]: int(row["atoms"]) for row in rows}


async def last_batch_id(connection: Connection) -> int:
    """Return the number of the last batch, 0 when there is none."""
    return int(await connection.fetchval("SELECT max(batch_id) FROM settlement.batches") or 0)


async def create(
    connection: Connection, windows: Sequence[Window], *, now_ns: int, parent: Parent | None = None
) -> list[int]:
    """Create windows with their batches, within `BatchStore.making`; return the batches' ids.

    Args:
        connection: Holds the right.
        windows: Of fills that are in no window, or in that of the parent.
        now_ns: The time.
        parent: A batch whose window is given up; its fills are netted anew.
    """
    last = await connection.fetchval("SELECT max(window_id) FROM settlement.windows")
    made: list[int] = []
    for window_id, window in enumerate(windows, (last or 0) + 1):
        await connection.execute(
            "INSERT INTO settlement.windows (window_id, parent_window_id) VALUES ($1, $2)",
            window_id,
            None if parent is None else parent.window_id,
        )
        await _add_fills(connection, window_id, window.fills, parent)
        for part in window.parts:
            made.append(
                await _create_batch(connection, window_id, window.fills, part, now_ns, parent)
            )
    return made


async def create_parts(
    connection: Connection, parts: Sequence[Part], *, now_ns: int, parent: Parent
) -> list[int]:
    """Settle the accounts of a failed batch by new ones of the same window; return their ids."""
    await connection.execute(
        "UPDATE settlement.batch_accounts SET is_current = false WHERE batch_id = $1",
        parent.batch_id,
    )
    return [
        await _create_batch(connection, parent.window_id, parent.fills, part, now_ns, parent)
        for part in parts
    ]


async def _create_batch(
    connection: Connection,
    window_id: int,
    fills: Sequence[Fill],
    part: Part,
    now_ns: int,
    parent: Parent | None,
) -> int:
    batch_id = await last_batch_id(connection) + 1
    payment_id = await _create_payment(connection, batch_id, fills, part, now_ns, parent)
    await connection.execute(
        "INSERT INTO settlement.batches (batch_id, payment_id, parent_batch_id, window_id)"
        " VALUES ($1, $2, $3, $4)",
        batch_id,
        payment_id,
        None if parent is None else parent.batch_id,
        window_id,
    )
    await connection.executemany(
        "INSERT INTO settlement.batch_accounts (batch_id, window_id, account_id)"
        " VALUES ($1, $2, $3)",
        [(batch_id, window_id, account_id) for account_id in part.accounts],
    )
    await _add_transfers(connection, payment_id, part.transfers)
    return batch_id


async def _create_payment(
    connection: Connection,
    batch_id: int,
    fills: Sequence[Fill],
    part: Part,
    now_ns: int,
    parent: Parent | None,
) -> int:
    state = after(State.QUEUED, Step.NETTED)
    if not part.transfers:
        state = after(state, Step.NOTHING_TO_MOVE)
    payment_id = await connection.fetchval(
        "INSERT INTO settlement.payments"
        " (kind, state, order_key, receipt_number, failures, updated_time_ns, fills_sha256)"
        " VALUES ('BATCH', $1, $2, $3, $4, $5, $6) RETURNING payment_id",
        state,
        fills[0].trade_id,
        batch_id,
        0 if parent is None else parent.failures,
        now_ns,
        fills_sha256(fills),
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
    connection: Connection, window_id: int, fills: Sequence[Fill], parent: Parent | None
) -> None:
    trade_ids = [fill.trade_id for fill in fills]
    moved = await connection.fetch(
        "UPDATE settlement.fills SET window_id = $1"
        " WHERE trade_id = ANY($2) AND window_id IS NOT DISTINCT FROM $3 RETURNING trade_id",
        window_id,
        trade_ids,
        None if parent is None else parent.window_id,
    )
    check(len(moved) == len(trade_ids), "a fill is in one window at a time")
    await connection.executemany(
        "INSERT INTO settlement.window_fills (window_id, trade_id) VALUES ($1, $2)",
        [(window_id, trade_id) for trade_id in trade_ids],
    )


async def parent_of(connection: Connection, payment_id: int) -> Parent:
    """Return a batch that failed, with what it was to settle."""
    row = await connection.fetchrow(
        "SELECT batch_id, window_id, failures FROM settlement.payments JOIN settlement.batches"
        " USING (payment_id) WHERE payment_id = $1",
        payment_id,
    )
    check(row is not None, f"payment {payment_id} is a batch")
    if row is None:
        raise LookupError(payment_id)
    batch_id, window_id = row["batch_id"], row["window_id"]
    fills = await of_windows(connection, [window_id])
    accounts = await connection.fetch(
        "SELECT account_id FROM settlement.batch_accounts WHERE batch_id = $1 ORDER BY account_id",
        batch_id,
    )
    moves = await connection.fetch(
        "SELECT asset_id, from_account_id, to_account_id, amount_atoms FROM settlement.transfers"
        " WHERE payment_id = $1 ORDER BY position",
        payment_id,
    )
    part = Part(
        tuple(each["account_id"] for each in accounts), tuple(Transfer(*each) for each in moves)
    )
    of_window = tuple(fills.get(window_id, ()))
    return Parent(payment_id, batch_id, window_id, row["failures"], of_window, part)
