"""Deposits seen final on chain, and how far each custody account's history was read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from solders.pubkey import Pubkey
from solders.signature import Signature

from services._base.database import Connection, Pool
from settlement.accounts import CLEARING_ACCOUNT_ID
from settlement.store.exits import Payout, add_payouts


@dataclass(frozen=True, slots=True)
class SeenDeposit:
    """An inflow into a custody account."""

    signature: str
    instruction: str
    account_id: int
    asset_id: int
    amount_atoms: int
    slot: int


def cursor_name(vault: Pubkey) -> str:
    """Return the name of a custody account's cursor."""
    return f"vault:{vault}"


class DepositStore:
    """Deposits by signature and instruction."""

    def __init__(self, pool: Pool) -> None:
        """Work on a pool whose schema is up to date."""
        self._pool = pool

    async def cursors(self, vaults: Sequence[Pubkey]) -> dict[Pubkey, Signature]:
        """Return the newest signature that was read of each account; none where nothing was."""
        async with self._pool.acquire() as connection:
            return await cursors_of(connection, vaults)

    async def add(
        self,
        vault: Pubkey,
        deposits: Sequence[tuple[SeenDeposit, str]],
        *,
        newest: Signature,
        payouts: Sequence[Payout] = (),
    ) -> None:
        """Store what came in and how far the account was read, in one commit.

        Args:
            vault: The custody account.
            deposits: Each with the reason why it is parked, or '' if it is to be credited; what
                came into a clearing vault is float, and nobody's to be credited.
            newest: The newest signature read.
            payouts: What exits paid out of it.
        """
        rows = [(each, _first_state(each, reason), reason) for each, reason in deposits]
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.executemany(
                "INSERT INTO settlement.deposits (signature, instruction, account_id, asset_id,"
                " amount_atoms, slot, state, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
                " ON CONFLICT (signature, instruction) DO NOTHING",
                [
                    (
                        each.signature,
                        each.instruction,
                        each.account_id,
                        each.asset_id,
                        each.amount_atoms,
                        each.slot,
                        state,
                        reason,
                    )
                    for each, state, reason in rows
                ],
            )
            await add_payouts(connection, payouts)
            await connection.execute(
                "INSERT INTO settlement.cursors (name, position) VALUES ($1, $2)"
                " ON CONFLICT (name) DO UPDATE SET position = excluded.position",
                cursor_name(vault),
                str(newest),
            )

    async def own_signatures(self, signatures: Sequence[Signature]) -> set[Signature]:
        """Return those that are settlement's own transactions: what they move is no deposit."""
        rows = await self._pool.fetch(
            "SELECT signature FROM settlement.attempts WHERE signature = ANY($1)",
            [str(each) for each in signatures],
        )
        return {Signature.from_string(row["signature"]) for row in rows}

    async def to_credit(self, limit: int) -> list[SeenDeposit]:
        """Return deposits that the venue has not confirmed, oldest first."""
        rows = await self._pool.fetch(
            "SELECT * FROM settlement.deposits WHERE state IN ('SEEN', 'SENT')"
            " ORDER BY slot, signature, instruction LIMIT $1",
            limit,
        )
        return [
            SeenDeposit(
                signature=row["signature"],
                instruction=row["instruction"],
                account_id=row["account_id"],
                asset_id=row["asset_id"],
                amount_atoms=row["amount_atoms"],
                slot=row["slot"],
            )
            for row in rows
        ]

    async def first_sent(self, deposit: SeenDeposit, now_ns: int) -> int | None:
        """Return when the credit was first sent, which is now if it was not sent before.

        None: another worker has had its answer meanwhile.
        """
        sent = await self._pool.fetchval(
            "UPDATE settlement.deposits SET sent_time_ns = COALESCE(sent_time_ns, $3),"
            " state = 'SENT' WHERE signature = $1 AND instruction = $2"
            " AND state IN ('SEEN', 'SENT') RETURNING sent_time_ns",
            deposit.signature,
            deposit.instruction,
            now_ns,
        )
        return None if sent is None else int(sent)

    async def credited(self, deposit: SeenDeposit, *, sequence: int) -> None:
        """Note that the venue has credited a deposit, and at which sequence."""
        await self._pool.execute(
            "UPDATE settlement.deposits SET state = 'CREDITED', credited_sequence = $3,"
            " reason = '' WHERE signature = $1 AND instruction = $2",
            deposit.signature,
            deposit.instruction,
            sequence,
        )

    async def refused(self, deposit: SeenDeposit, reason: str, *, again: bool) -> None:
        """Note that the venue refused: nothing was done, so a later try is a first one."""
        await self._pool.execute(
            "UPDATE settlement.deposits SET state = $3, sent_time_ns = NULL, reason = $4"
            " WHERE signature = $1 AND instruction = $2 AND state = 'SENT'",
            deposit.signature,
            deposit.instruction,
            "SEEN" if again else "PARKED",
            reason,
        )


def _first_state(deposit: SeenDeposit, reason: str) -> str:
    if reason:
        return "PARKED"
    return "FLOAT" if deposit.account_id == CLEARING_ACCOUNT_ID else "SEEN"


async def cursors_of(connection: Connection, vaults: Sequence[Pubkey]) -> dict[Pubkey, Signature]:
    """Return the newest signature that was read of each account; none where nothing was."""
    names = {cursor_name(vault): vault for vault in vaults}
    rows = await connection.fetch(
        "SELECT name, position FROM settlement.cursors WHERE name = ANY($1)", list(names)
    )
    return {names[row["name"]]: Signature.from_string(row["position"]) for row in rows}
