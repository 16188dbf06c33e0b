"""Withdrawals: held in the venue, paid on chain, ended in the venue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from solders.pubkey import Pubkey

from engine.core.invariants import check
from realstack.settlement.v1 import settlement_pb2 as wire
from services._base.database import Connection, Pool
from settlement.states import State, Step, after
from settlement.venue import WithdrawalStep

CURSOR = "withdrawals"


class EndStep(StrEnum):
    """How a withdrawal ends in the venue."""

    FINALIZE = "FINALIZE"
    RELEASE = "RELEASE"


@dataclass(frozen=True, slots=True)
class Held:
    """A withdrawal whose funds the venue holds, to be paid."""

    withdrawal_id: int
    account_id: int
    asset_id: int
    amount_atoms: int
    last_trade_id: int


@dataclass(frozen=True, slots=True)
class Ending:
    """A withdrawal that the venue is to be told about."""

    withdrawal_id: int
    account_id: int
    step: EndStep
    sent_time_ns: int | None


class WithdrawalStore:
    """Withdrawals by their id."""

    def __init__(self, pool: Pool) -> None:
        """Work on a pool whose schema is up to date."""
        self._pool = pool

    async def cursor(self) -> int:
        """Return the venue sequence up to which steps are stored."""
        position = await self._pool.fetchval(
            "SELECT position FROM settlement.cursors WHERE name = $1", CURSOR
        )
        return int(position or 0)

    async def take(self, steps: Sequence[WithdrawalStep], *, as_of_sequence: int) -> None:
        """Store steps of the venue's stream and how far it was read, in one commit."""
        held = [each for each in steps if each.step == wire.WITHDRAWAL_STEP_HELD]
        over = [each for each in steps if each.step != wire.WITHDRAWAL_STEP_HELD]
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.executemany(
                "INSERT INTO settlement.withdrawals (withdrawal_id, account_id, asset_id,"
                " amount_atoms, held_sequence, last_trade_id, state)"
                " VALUES ($1, $2, $3, $4, $5, $6, 'HELD') ON CONFLICT (withdrawal_id) DO NOTHING",
                [
                    (
                        each.withdrawal_id,
                        each.account_id,
                        each.asset_id,
                        each.amount_atoms,
                        each.sequence,
                        each.last_trade_id,
                    )
                    for each in held
                ],
            )
            for each in over:
                await _end(connection, each.withdrawal_id, each.sequence)
            await connection.execute(
                "INSERT INTO settlement.cursors (name, position) VALUES ($1, $2)"
                " ON CONFLICT (name) DO UPDATE SET position = excluded.position"
                " WHERE settlement.cursors.position::bigint < excluded.position::bigint",
                CURSOR,
                str(as_of_sequence),
            )

    async def ended(self, withdrawal_id: int, *, sequence: int) -> None:
        """Note that the venue has ended a withdrawal."""
        async with self._pool.acquire() as connection:
            await _end(connection, withdrawal_id, sequence)

    async def ready_to_pay(self, limit: int) -> list[Held]:
        """Return held withdrawals whose account has no fill left that is not final."""
        rows = await self._pool.fetch(
            "SELECT * FROM settlement.withdrawals w WHERE state = 'HELD'"
            # Who leaves by forced exit is paid by the program.
            " AND account_id NOT IN (SELECT account_id FROM settlement.leaving)"
            " AND withdrawal_id NOT IN (SELECT withdrawal_id FROM settlement.exit_holds)"
            # All fills up to the hold are here ...
            " AND last_trade_id <= (SELECT COALESCE(max(trade_id), 0) FROM settlement.fills)"
            # ... and the account's part in those that are its own is final.
            " AND NOT EXISTS (SELECT 1 FROM settlement.fills f"
            " LEFT JOIN settlement.batch_accounts a ON a.window_id = f.window_id"
            " AND a.account_id = w.account_id AND a.is_current"
            " LEFT JOIN settlement.batches b ON b.batch_id = a.batch_id"
            " LEFT JOIN settlement.payments p ON p.payment_id = b.payment_id"
            " WHERE f.trade_id <= w.last_trade_id"
            " AND (f.buyer_account_id = w.account_id OR f.seller_account_id = w.account_id)"
            " AND (p.state IS NULL OR p.state <> 'FINAL'))"
            " ORDER BY held_sequence LIMIT $1",
            limit,
        )
        return [
            Held(
                row["withdrawal_id"],
                row["account_id"],
                row["asset_id"],
                row["amount_atoms"],
                row["last_trade_id"],
            )
            for row in rows
        ]

    async def pay(self, held: Held, wallet: Pubkey, *, now_ns: int) -> bool:
        """Make the payment of a held withdrawal; False: another worker did."""
        state = after(State.QUEUED, Step.NETTED)
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "SELECT state FROM settlement.withdrawals WHERE withdrawal_id = $1 FOR UPDATE",
                held.withdrawal_id,
            )
            if row is None or row["state"] != "HELD":
                return False
            payment_id = await connection.fetchval(
                "INSERT INTO settlement.payments"
                " (kind, state, order_key, receipt_number, updated_time_ns)"
                " VALUES ('WITHDRAWAL', $1, $2, $3, $4) RETURNING payment_id",
                state,
                held.last_trade_id,
                held.withdrawal_id,
                now_ns,
            )
            await connection.execute(
                "INSERT INTO settlement.transfers"
                " (payment_id, position, asset_id, from_account_id, to_wallet, amount_atoms)"
                " VALUES ($1, 0, $2, $3, $4, $5)",
                payment_id,
                held.asset_id,
                held.account_id,
                str(wallet),
                held.amount_atoms,
            )
            await connection.execute(
                "UPDATE settlement.withdrawals SET state = 'PAYING', payment_id = $2"
                " WHERE withdrawal_id = $1",
                held.withdrawal_id,
                payment_id,
            )
        return True

    async def release(self, withdrawal_id: int, reason: str) -> None:
        """Let a withdrawal that was never paid end by giving the funds back."""
        await self._pool.execute(
            "UPDATE settlement.withdrawals SET state = 'ENDING', step = 'RELEASE', reason = $2"
            " WHERE withdrawal_id = $1 AND state = 'HELD'",
            withdrawal_id,
            reason,
        )

    async def end_paid(self) -> None:
        """Let every withdrawal whose payment is final end by removing the held funds."""
        await self._pool.execute(
            "UPDATE settlement.withdrawals w SET state = 'ENDING', step = 'FINALIZE'"
            " FROM settlement.payments p WHERE p.payment_id = w.payment_id"
            " AND w.state = 'PAYING' AND p.state = 'FINAL'"
        )

    async def endings(self, limit: int) -> list[Ending]:
        """Return the withdrawals that the venue is to be told about."""
        rows = await self._pool.fetch(
            "SELECT withdrawal_id, account_id, step, sent_time_ns FROM settlement.withdrawals"
            " WHERE state = 'ENDING' ORDER BY held_sequence LIMIT $1",
            limit,
        )
        return [
            Ending(
                row["withdrawal_id"], row["account_id"], EndStep(row["step"]), row["sent_time_ns"]
            )
            for row in rows
        ]

    async def first_sent(self, withdrawal_id: int, now_ns: int) -> int:
        """Return when the venue was first told, which is now if it was not told before."""
        sent = await self._pool.fetchval(
            "UPDATE settlement.withdrawals SET sent_time_ns = COALESCE(sent_time_ns, $2)"
            " WHERE withdrawal_id = $1 RETURNING sent_time_ns",
            withdrawal_id,
            now_ns,
        )
        check(sent is not None, f"withdrawal {withdrawal_id} is stored")
        return int(sent)

    async def forget_sent(self, withdrawal_id: int) -> None:
        """Let the next telling be a first one: the venue certainly did nothing before."""
        await self._pool.execute(
            "UPDATE settlement.withdrawals SET sent_time_ns = NULL WHERE withdrawal_id = $1",
            withdrawal_id,
        )

    async def park(self, withdrawal_id: int, reason: str) -> None:
        """Leave a withdrawal to a person."""
        await self._pool.execute(
            "UPDATE settlement.withdrawals SET state = 'PARKED', reason = $2"
            " WHERE withdrawal_id = $1 AND state <> 'DONE'",
            withdrawal_id,
            reason,
        )


async def _end(connection: Connection, withdrawal_id: int, sequence: int) -> None:
    """Note the end of a withdrawal, whoever asked the venue for it.

    One whose payment is under way stays PAYING: somebody released it in the venue although it is
    being paid, which will be parked when its payment is final and the venue refuses to finalize.
    """
    await connection.execute(
        "UPDATE settlement.withdrawals SET done_sequence = $2,"
        " state = CASE WHEN state = 'PAYING' THEN state ELSE 'DONE' END"
        " WHERE withdrawal_id = $1",
        withdrawal_id,
        sequence,
    )


async def release_failed(connection: Connection, payment_id: int, reason: str) -> None:
    """Let a withdrawal whose payment failed for good end by giving the funds back."""
    await connection.execute(
        "UPDATE settlement.withdrawals SET state = 'ENDING', step = 'RELEASE', reason = $2"
        " WHERE payment_id = $1 AND state = 'PAYING'",
        payment_id,
        reason,
    )
