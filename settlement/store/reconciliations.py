"""What a comparison needs from the database, as of one moment, and what it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
import msgspec
from solders.pubkey import Pubkey
from solders.signature import Signature

from services._base.database import Connection, Pool
from settlement.fills import Fill
from settlement.reconciliation import Comparison, Crossing, Difference
from settlement.store.deposits import cursors_of
from settlement.store.fills import fill_of


@dataclass(frozen=True, slots=True)
class OpenPayment:
    """A payment that may be final without our having noted it: its newest signature tells."""

    payment_id: int
    signature: Signature


@dataclass(frozen=True, slots=True)
class StoredFill:
    """A fill with the payments that settle it.

    Attributes:
        fill: The fill.
        payments: The payment of each of its accounts, and where that landed, if it is final (0 when
            nothing had to be moved). None: the fill is in no window yet.
    """

    fill: Fill
    payments: dict[int, tuple[int, int | None]]


@dataclass(frozen=True, slots=True)
class StoredWithdrawal:
    """A withdrawal with the payment that pays it."""

    crossing: Crossing
    payment_id: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the database knows of what is between ledger and chain."""

    last_trade_id: int
    fills: list[StoredFill]
    deposits: list[Crossing]
    withdrawals: list[StoredWithdrawal]
    open_payments: list[OpenPayment]


@dataclass(frozen=True, slots=True)
class DepositsAgain:
    """Deposits that are not surely in ledger and chain, and up to where accounts were read."""

    deposits: list[Crossing]
    cursors: dict[Pubkey, Signature]


@dataclass(frozen=True, slots=True)
class Result:
    """A stored comparison."""

    sequence: int
    time_ns: int
    accounts: int
    assets: int
    fills_pending: int
    differences: tuple[Difference, ...]
    differing_since_ns: int | None
    withdrawals_halted: bool


class ReconciliationStore:
    """Facts to compare, and results."""

    def __init__(self, pool: Pool) -> None:
        """Work on a pool whose schema is up to date."""
        self._pool = pool

    async def slot_min(self) -> int:
        """Return a slot that a node must have seen, or what it says is of the past."""
        slot = await self._pool.fetchval(
            "SELECT GREATEST((SELECT max(landed_slot) FROM settlement.payments"
            " WHERE state = 'FINAL'), (SELECT max(slot) FROM settlement.deposits))"
        )
        return int(slot or 0)

    async def facts(self, *, slot: int, sequence: int, last_trade_id: int) -> Facts:
        """Read what is not surely both in the ledger and on chain.

        Args:
            slot: What landed up to here, and is final, is on chain.
            sequence: What was credited or removed up to here is in the ledger.
            last_trade_id: Fills up to here are in the ledger.
        """
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            last = await connection.fetchval("SELECT max(trade_id) FROM settlement.fills")
            return Facts(
                last_trade_id=int(last or 0),
                fills=await _fills(connection, slot, last_trade_id),
                deposits=await _deposits(connection, slot, sequence),
                withdrawals=await _withdrawals(connection, slot, sequence),
                open_payments=await _open_payments(connection),
            )

    async def deposits_again(
        self, vaults: Sequence[Pubkey], *, slot: int, sequence: int
    ) -> DepositsAgain:
        """Read the deposits anew, together with how far custody accounts were read by then."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return DepositsAgain(
                deposits=await _deposits(connection, slot, sequence),
                cursors=await cursors_of(connection, vaults),
            )

    async def add(self, result: Result) -> None:
        """Store a result."""
        await self._pool.execute(
            "INSERT INTO settlement.reconciliations (sequence, time_ns, accounts, assets,"
            " fills_pending, differences, differing_since_ns, withdrawals_halted)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            result.sequence,
            result.time_ns,
            result.accounts,
            result.assets,
            result.fills_pending,
            msgspec.json.encode(result.differences).decode(),
            result.differing_since_ns,
            result.withdrawals_halted,
        )

    async def last(self) -> Result | None:
        """Return the newest result."""
        row = await self._pool.fetchrow(
            "SELECT * FROM settlement.reconciliations ORDER BY reconciliation_id DESC LIMIT 1"
        )
        return None if row is None else _result(row)

    async def withdrawals_halted(self) -> bool:
        """Tell whether a difference has outlived its window."""
        last = await self.last()
        return last is not None and last.withdrawals_halted


def result_of(
    comparison: Comparison, *, now_ns: int, before: Result | None, window_ns: int
) -> Result:
    """Make the result of a comparison: a difference that outlives the window halts withdrawals.

    A comparison without a difference lets them go on.
    """
    since: int | None = None
    if comparison.differences:
        earlier = None if before is None else before.differing_since_ns
        since = now_ns if earlier is None else earlier
    return Result(
        sequence=comparison.sequence,
        time_ns=now_ns,
        accounts=comparison.accounts,
        assets=comparison.assets,
        fills_pending=comparison.in_flight.fills,
        differences=comparison.differences,
        differing_since_ns=since,
        withdrawals_halted=since is not None and now_ns - since >= window_ns,
    )


def _result(row: asyncpg.Record) -> Result:
    differences = msgspec.json.decode(row["differences"], type=list[Difference])
    return Result(
        sequence=row["sequence"],
        time_ns=row["time_ns"],
        accounts=row["accounts"],
        assets=row["assets"],
        fills_pending=row["fills_pending"],
        differences=tuple(differences),
        differing_since_ns=row["differing_since_ns"],
        withdrawals_halted=row["withdrawals_halted"],
    )


async def _fills(connection: Connection, slot: int, last_trade_id: int) -> list[StoredFill]:
    """Return what is not surely on chain: windows whole, for their clearing vaults' sake."""
    rows = await connection.fetch(
        "WITH chosen AS (SELECT window_id FROM settlement.batch_accounts"
        " JOIN settlement.batches USING (batch_id, window_id)"
        " JOIN settlement.payments USING (payment_id)"
        " WHERE is_current AND (state <> 'FINAL' OR landed_slot > $1))"
        " SELECT * FROM settlement.fills WHERE trade_id > $2 OR window_id IS NULL"
        " OR window_id IN (SELECT window_id FROM chosen)",
        slot,
        last_trade_id,
    )
    windows = {row["window_id"] for row in rows if row["window_id"] is not None}
    parts = await connection.fetch(
        "SELECT a.window_id, a.account_id, p.payment_id, p.state, p.landed_slot"
        " FROM settlement.batch_accounts a JOIN settlement.batches b USING (batch_id)"
        " JOIN settlement.payments p USING (payment_id)"
        " WHERE is_current AND a.window_id = ANY($1)",
        list(windows),
    )
    payments: dict[int, dict[int, tuple[int, int | None]]] = {each: {} for each in windows}
    for part in parts:
        found = (part["payment_id"], _landed(part))
        payments[part["window_id"]][part["account_id"]] = found
    return [StoredFill(fill_of(row), payments.get(row["window_id"], {})) for row in rows]


def _landed(row: asyncpg.Record) -> int | None:
    return (row["landed_slot"] or 0) if row["state"] == "FINAL" else None


async def _deposits(connection: Connection, slot: int, sequence: int) -> list[Crossing]:
    rows = await connection.fetch(
        "SELECT * FROM settlement.deposits"
        " WHERE state <> 'CREDITED' OR credited_sequence > $2 OR slot > $1",
        slot,
        sequence,
    )
    return [
        Crossing(
            vault=(row["account_id"], row["asset_id"]),
            atoms=row["amount_atoms"],
            landed_slot=row["slot"],
            sequence=row["credited_sequence"],
            in_doubt=row["state"] == "SENT",
        )
        for row in rows
    ]


async def _withdrawals(connection: Connection, slot: int, sequence: int) -> list[StoredWithdrawal]:
    rows = await connection.fetch(
        "SELECT w.*, p.state AS payment_state, p.landed_slot FROM settlement.withdrawals w"
        " LEFT JOIN settlement.payments p USING (payment_id)"
        # A parked one was paid and not removed, or the reverse: that is a difference.
        " WHERE w.state NOT IN ('DONE', 'PARKED') OR w.done_sequence > $2 OR p.landed_slot > $1"
        " OR w.exit_slot > $1",
        slot,
        sequence,
    )
    return [_withdrawal(row) for row in rows]


def _withdrawal(row: asyncpg.Record) -> StoredWithdrawal:
    landed = row["landed_slot"] if row["payment_state"] == "FINAL" else row["exit_slot"]
    removes = row["step"] == "FINALIZE"
    crossing = Crossing(
        vault=(row["account_id"], row["asset_id"]),
        atoms=-row["amount_atoms"],
        landed_slot=landed,
        sequence=row["done_sequence"] if removes else None,
        in_doubt=removes and row["state"] == "ENDING" and row["sent_time_ns"] is not None,
    )
    return StoredWithdrawal(crossing, row["payment_id"])


async def _open_payments(connection: Connection) -> list[OpenPayment]:
    rows = await connection.fetch(
        "SELECT DISTINCT ON (payment_id) payment_id, signature FROM settlement.payments"
        " JOIN settlement.attempts USING (payment_id)"
        " WHERE state NOT IN ('FINAL', 'FAILED')"
        " ORDER BY payment_id, attempt DESC"
    )
    return [OpenPayment(row["payment_id"], Signature.from_string(row["signature"])) for row in rows]
