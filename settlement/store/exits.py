"""Forced exits: who is leaving, what is held for that, and what the program paid."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from services._base.database import Connection, Pool


@dataclass(frozen=True, slots=True)
class Payout:
    """A whole vault that the program paid to its owner."""

    signature: str
    account_id: int
    asset_id: int
    amount_atoms: int
    slot: int


class ExitStore:
    """Exits by account."""

    def __init__(self, pool: Pool) -> None:
        """Work on a pool whose schema is up to date."""
        self._pool = pool

    async def set_leaving(self, account_ids: Collection[int], *, now_ns: int) -> list[int]:
        """Remember who has an open exit; return those that are new."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "DELETE FROM settlement.leaving WHERE account_id <> ALL($1)", list(account_ids)
            )
            rows = await connection.fetch(
                "INSERT INTO settlement.leaving (account_id, seen_time_ns)"
                " SELECT account_id, $2 FROM unnest($1::integer[]) AS account_id"
                " ON CONFLICT DO NOTHING RETURNING account_id",
                list(account_ids),
                now_ns,
            )
        return [row["account_id"] for row in rows]

    async def add_holds(self, withdrawal_ids: Sequence[int]) -> None:
        """Note that withdrawals hold what a leaving account had."""
        await self._pool.executemany(
            "INSERT INTO settlement.exit_holds VALUES ($1) ON CONFLICT DO NOTHING",
            [(each,) for each in withdrawal_ids],
        )

    async def watched(self) -> list[int]:
        """Return the accounts that leave, or whose held funds an exit may have paid."""
        rows = await self._pool.fetch(
            "SELECT account_id FROM settlement.leaving UNION"
            " SELECT account_id FROM settlement.withdrawals JOIN settlement.exit_holds"
            " USING (withdrawal_id) WHERE state = 'HELD'"
        )
        return [row["account_id"] for row in rows]

    async def match(self) -> list[Payout]:
        """Let held funds end for which an exit has paid; return the payouts that match nothing.

        A payout has to be what is held of its account and asset: settled to the last fill, the
        vault holds what the ledger says.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(
                "SELECT * FROM settlement.exit_payouts WHERE NOT matched ORDER BY slot FOR UPDATE"
            )
            return [payout for payout in map(_payout, rows) if not await _match(connection, payout)]

    async def release_closed(self) -> None:
        """Give back what is held for exits that their owners have closed without being paid."""
        await self._pool.execute(
            "UPDATE settlement.withdrawals w SET state = 'ENDING', step = 'RELEASE',"
            " reason = 'the exit was closed' FROM settlement.exit_holds h"
            " WHERE h.withdrawal_id = w.withdrawal_id AND w.state = 'HELD'"
            " AND w.account_id NOT IN (SELECT account_id FROM settlement.leaving)"
            " AND NOT EXISTS (SELECT 1 FROM settlement.exit_payouts p WHERE NOT p.matched"
            " AND p.account_id = w.account_id AND p.asset_id = w.asset_id)"
        )


async def add_payouts(connection: Connection, payouts: Sequence[Payout]) -> None:
    """Store what exits paid, within the commit that stores how far the vault was read."""
    await connection.executemany(
        "INSERT INTO settlement.exit_payouts (signature, account_id, asset_id, amount_atoms, slot)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        [
            (each.signature, each.account_id, each.asset_id, each.amount_atoms, each.slot)
            for each in payouts
        ],
    )


async def _match(connection: Connection, payout: Payout) -> bool:
    held = await connection.fetchval(
        "SELECT COALESCE(sum(amount_atoms), 0) FROM settlement.withdrawals"
        " WHERE account_id = $1 AND asset_id = $2 AND state = 'HELD'",
        payout.account_id,
        payout.asset_id,
    )
    if int(held) != payout.amount_atoms:
        return False
    await connection.execute(
        "UPDATE settlement.withdrawals SET state = 'ENDING', step = 'FINALIZE', exit_slot = $3"
        " WHERE account_id = $1 AND asset_id = $2 AND state = 'HELD'",
        payout.account_id,
        payout.asset_id,
        payout.slot,
    )
    await connection.execute(
        "UPDATE settlement.exit_payouts SET matched = true"
        " WHERE signature = $1 AND account_id = $2 AND asset_id = $3",
        payout.signature,
        payout.account_id,
        payout.asset_id,
    )
    return True


def _payout(row: object) -> Payout:
    values = dict(row)  # type: ignore[call-overload]
    del values["matched"]
    return Payout(**values)
