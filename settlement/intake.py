"""Intake: fills and withdrawals of the venue, stored in order, resumed where they were left."""

from __future__ import annotations

from collections.abc import Callable

from settlement.clock import Clock
from settlement.store.fills import FillStore
from settlement.store.withdrawals import WithdrawalStore
from settlement.venue import Venue


class Intake:
    """Follows the venue's streams into the database."""

    def __init__(
        self,
        *,
        venue: Venue,
        fills: FillStore,
        withdrawals: WithdrawalStore,
        clock: Clock,
        tell: Callable[[], None],
    ) -> None:
        """Take the parts.

        Args:
            venue: Whom to follow.
            fills: Where fills go.
            withdrawals: Where withdrawals go.
            clock: For the time of receipt.
            tell: Called when something new was stored.
        """
        self._venue = venue
        self._fills = fills
        self._withdrawals = withdrawals
        self._clock = clock
        self._tell = tell

    async def follow_fills(self) -> None:
        """Store fills from the last one on, until the stream breaks.

        Raises:
            VenueUnavailable: The stream broke; call again.
            VenueRefused: The venue has fewer trades than are stored here: it is another venue, or
                one that lost some.
        """
        start = await self._fills.last_trade_id() + 1
        async for message in self._venue.follow_fills(start):
            if message.fills:
                await self._fills.add(message.fills, received_time_ns=self._clock.now_ns())
                self._tell()

    async def follow_withdrawals(self) -> None:
        """Store steps of withdrawals from the last one on, until the stream breaks.

        Raises:
            VenueUnavailable: The stream broke; call again.
            VenueRefused: The venue is behind what is stored here.
        """
        start = await self._withdrawals.cursor()
        async for steps, as_of_sequence in self._venue.follow_withdrawals(start):
            await self._withdrawals.take(steps, as_of_sequence=as_of_sequence)
            if steps:
                self._tell()
