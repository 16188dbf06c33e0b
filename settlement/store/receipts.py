"""Which receipts of batches are still needed, and which are closed."""

from __future__ import annotations

from services._base.database import Pool

_CURSOR = "receipts of batches"


class ReceiptStore:
    """Receipts by the number of their batch."""

    def __init__(self, pool: Pool) -> None:
        """Work on a pool whose schema is up to date."""
        self._pool = pool

    async def first_not_over(self) -> int:
        """Return the lowest batch that may still be settled, or of which it is not known.

        A batch that was split or taken up anew is over: its fills are in others. A parked one is
        over when nothing that was signed for it can have landed.
        """
        number = await self._pool.fetchval(
            "SELECT COALESCE("
            " (SELECT min(batch_id) FROM settlement.batches JOIN settlement.payments"
            " USING (payment_id) WHERE state NOT IN ('FINAL', 'FAILED')"
            " AND NOT (state = 'PARKED' AND (attempts = 0 OR failures > 0))),"
            " (SELECT max(batch_id) + 1 FROM settlement.batches), 1)"
        )
        return int(number)

    async def first_not_closed(self) -> int:
        """Return the lowest batch whose receipt was not seen closed."""
        position = await self._pool.fetchval(
            "SELECT position FROM settlement.cursors WHERE name = $1", _CURSOR
        )
        return int(position or 1)

    async def closed_up_to(self, batch_id: int) -> None:
        """Note that no batch below a number has a receipt, finally."""
        await self._pool.execute(
            "INSERT INTO settlement.cursors (name, position) VALUES ($1, $2)"
            " ON CONFLICT (name) DO UPDATE SET position = excluded.position"
            " WHERE settlement.cursors.position::bigint < excluded.position::bigint",
            _CURSOR,
            str(batch_id),
        )
