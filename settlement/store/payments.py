"""Payments under way: claimed with a lease, moved on step by step, guarded by state and lease."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import asyncpg
from solders.pubkey import Pubkey
from solders.signature import Signature

from services._base.database import Connection, Pool
from settlement.ordering import PendingMove
from settlement.payments import Attempt, Move, Payment, PaymentKind
from settlement.states import State, Step, after

NS_PER_MS = 1_000_000
LEASE_MS = 30_000  # longer than any step takes, or the step is refused and made by another worker


class LeaseLost(Exception):
    """The payment was moved on, or claimed, by another worker: leave it alone."""


class PaymentStore:
    """Payments of one worker."""

    def __init__(self, pool: Pool, owner: str, *, lease_ms: int = LEASE_MS) -> None:
        """Work on a pool whose schema is up to date, under a name that no other worker has."""
        self._pool = pool
        self.owner = owner
        self._lease_ms = lease_ms

    @property
    def lease_ns(self) -> int:
        """How long a claim holds."""
        return self._lease_ms * NS_PER_MS

    async def claim(self, states: Sequence[State], limit: int) -> list[Payment]:
        """Claim open payments in trade order; those that are ours already come first.

        A claim of ours is renewed when half of it is over, not each time: rows that are only
        looked at are not written.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(
                "WITH ours AS (SELECT * FROM settlement.payments"
                " WHERE state = ANY($3) AND state NOT IN ('FINAL', 'FAILED', 'PARKED')"
                " AND lease_owner = $1 AND lease_until >= now() + $2 * interval '0.5 millisecond'"
                " ORDER BY order_key, payment_id LIMIT $4),"
                " claimed AS (UPDATE settlement.payments SET lease_owner = $1,"
                " lease_until = now() + $2 * interval '1 millisecond'"
                " WHERE payment_id IN (SELECT payment_id FROM settlement.payments"
                " WHERE state = ANY($3) AND state NOT IN ('FINAL', 'FAILED', 'PARKED')"
                " AND (lease_until IS NULL OR lease_until < now() OR (lease_owner = $1"
                " AND lease_until < now() + $2 * interval '0.5 millisecond'))"
                " ORDER BY order_key, payment_id"
                " LIMIT $4 - (SELECT count(*) FROM ours) FOR UPDATE SKIP LOCKED) RETURNING *)"
                " SELECT * FROM ours UNION ALL SELECT * FROM claimed",
                self.owner,
                self._lease_ms,
                list(states),
                limit,
            )
            moves = await _moves(connection, [row["payment_id"] for row in rows])
        claimed = [_payment(row, moves.get(row["payment_id"], ())) for row in rows]
        return sorted(claimed, key=lambda each: (each.order_key, each.payment_id))

    async def release_all(self) -> None:
        """Give every claim back, so that another worker need not wait for the leases."""
        await self._pool.execute(
            "UPDATE settlement.payments SET lease_owner = NULL, lease_until = NULL"
            " WHERE lease_owner = $1 AND state NOT IN ('FINAL', 'FAILED', 'PARKED')",
            self.owner,
        )

    async def pending(self) -> list[PendingMove]:
        """Return all moves, anybody's, whose effect is not final."""
        rows = await self._pool.fetch(
            "SELECT payment_id, state, order_key, asset_id, from_account_id, to_account_id,"
            " amount_atoms FROM settlement.payments JOIN settlement.transfers USING (payment_id)"
            " WHERE state NOT IN ('FINAL', 'FAILED', 'PARKED')"
        )
        return [
            PendingMove(
                payment_id=row["payment_id"],
                state=State(row["state"]),
                order_key=row["order_key"],
                asset_id=row["asset_id"],
                from_account_id=row["from_account_id"],
                to_account_id=row["to_account_id"],
                amount_atoms=row["amount_atoms"],
            )
            for row in rows
        ]

    async def store_attempt(self, payment: Payment, attempt: Attempt) -> Payment:
        """Store a signed transaction and make the payment SIGNED, before any broadcast.

        Raises:
            LeaseLost: Another worker has it, or has signed it.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            signed = await self._step(
                connection, payment, Step.SIGNED, now_ns=attempt.signed_time_ns
            )
            await connection.execute(
                "INSERT INTO settlement.attempts (payment_id, attempt, signature,"
                " last_valid_block_height, payload_sha256, transaction_bytes, signed_slot,"
                " signed_time_ns, account_locks, participants, compute_units)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                payment.payment_id,
                payment.attempts + 1,
                str(attempt.signature),
                attempt.last_valid_block_height,
                attempt.payload_sha256,
                attempt.transaction_bytes,
                attempt.signed_slot,
                attempt.signed_time_ns,
                attempt.account_locks,
                attempt.participants,
                attempt.compute_units,
            )
            await connection.execute(
                "UPDATE settlement.payments SET attempts = $2 WHERE payment_id = $1",
                payment.payment_id,
                payment.attempts + 1,
            )
        return replace(signed, attempts=payment.attempts + 1)

    async def live_attempts(self, payments: Sequence[Payment]) -> dict[int, Attempt]:
        """Return the newest attempt of each payment, by payment id; older ones are dead."""
        rows = await self._pool.fetch(
            "SELECT DISTINCT ON (payment_id) * FROM settlement.attempts"
            " WHERE payment_id = ANY($1) ORDER BY payment_id, attempt DESC",
            [payment.payment_id for payment in payments],
        )
        return {row["payment_id"]: _attempt(row) for row in rows}

    async def signatures_of(self, payment: Payment) -> set[Signature]:
        """Return the signatures of all attempts of a payment."""
        rows = await self._pool.fetch(
            "SELECT signature FROM settlement.attempts WHERE payment_id = $1", payment.payment_id
        )
        return {Signature.from_string(row["signature"]) for row in rows}

    async def note(self, payment: Payment, text: str) -> None:
        """Keep what the node said about the newest attempt."""
        await self._pool.execute(
            "UPDATE settlement.attempts SET note = $3 WHERE payment_id = $1 AND attempt = $2",
            payment.payment_id,
            payment.attempts,
            text,
        )

    async def step(
        self,
        payment: Payment,
        step: Step,
        *,
        now_ns: int,
        reason: str = "",
        landed_slot: int | None = None,
    ) -> Payment:
        """Move a payment on by one step of the table and return it in its new state.

        Raises:
            LeaseLost: Another worker has it, or has moved it on.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            return await self._step(
                connection, payment, step, now_ns=now_ns, reason=reason, landed_slot=landed_slot
            )

    async def step_within(
        self, connection: Connection, payment: Payment, step: Step, *, now_ns: int, reason: str
    ) -> Payment:
        """Move a payment on within the transaction of `connection`.

        Raises:
            LeaseLost: Another worker has it, or has moved it on.
        """
        return await self._step(connection, payment, step, now_ns=now_ns, reason=reason)

    async def _step(
        self,
        connection: Connection,
        payment: Payment,
        step: Step,
        *,
        now_ns: int,
        reason: str = "",
        landed_slot: int | None = None,
    ) -> Payment:
        state = after(payment.state, step)
        done = await connection.fetchval(
            "UPDATE settlement.payments SET state = $2, reason = $3, landed_slot = $4,"
            " updated_time_ns = $5, change = nextval('settlement.payment_changes'),"
            " failures = failures + $6"
            " WHERE payment_id = $1 AND state = $7 AND attempts = $8"
            " AND lease_owner = $9 AND lease_until > now() RETURNING payment_id",
            payment.payment_id,
            state,
            reason,
            landed_slot,
            now_ns,
            1 if step is Step.SEEN_FAILED else 0,
            payment.state,
            payment.attempts,
            self.owner,
        )
        if done is None:
            raise LeaseLost(f"payment {payment.payment_id} is no longer {payment.state} and ours")
        failures = payment.failures + (step is Step.SEEN_FAILED)
        return replace(payment, state=state, failures=failures)


async def _moves(connection: Connection, payment_ids: Sequence[int]) -> dict[int, tuple[Move, ...]]:
    rows = await connection.fetch(
        "SELECT * FROM settlement.transfers WHERE payment_id = ANY($1)"
        " ORDER BY payment_id, position",
        list(payment_ids),
    )
    found: dict[int, list[Move]] = {}
    for row in rows:
        found.setdefault(row["payment_id"], []).append(_move(row))
    return {payment_id: tuple(moves) for payment_id, moves in found.items()}


def _move(row: asyncpg.Record) -> Move:
    return Move(
        asset_id=row["asset_id"],
        from_account_id=row["from_account_id"],
        to_account_id=row["to_account_id"],
        to_wallet=None if row["to_wallet"] is None else Pubkey.from_string(row["to_wallet"]),
        amount_atoms=row["amount_atoms"],
    )


def _payment(row: asyncpg.Record, moves: Sequence[Move]) -> Payment:
    return Payment(
        payment_id=row["payment_id"],
        kind=PaymentKind(row["kind"]),
        state=State(row["state"]),
        order_key=row["order_key"],
        receipt_number=row["receipt_number"],
        failures=row["failures"],
        attempts=row["attempts"],
        moves=tuple(moves),
        fills_sha256=row["fills_sha256"] or bytes(32),
    )


def _attempt(row: asyncpg.Record) -> Attempt:
    return Attempt(
        signature=Signature.from_string(row["signature"]),
        last_valid_block_height=row["last_valid_block_height"],
        payload_sha256=row["payload_sha256"],
        transaction_bytes=row["transaction_bytes"],
        signed_slot=row["signed_slot"],
        signed_time_ns=row["signed_time_ns"],
        account_locks=row["account_locks"],
        participants=row["participants"],
        compute_units=row["compute_units"],
    )
