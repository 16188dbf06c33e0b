"""Withdrawals: the venue holds the funds, the chain pays them, the venue removes them.

    1. held     the venue's stream tells of it
    2. paid     when every fill of the account up to the hold is final: one payment, like any other
    3. ended    final on chain: FINALIZE; impossible: RELEASE, and the funds are free again

A fill of another account that is not final (or parked) does not hold it up: what this account has
in custody does not depend on it.
"""

from __future__ import annotations

import structlog

from settlement.clock import Clock
from settlement.killpoints import maybe_die
from settlement.registry import RegistryFile
from settlement.store.withdrawals import Ending, EndStep, Held, WithdrawalStore
from settlement.venue import Done, Venue, VenueRefused, client_id_of

log = structlog.get_logger()

PER_PASS = 64


class Withdrawals:
    """One worker's passes over withdrawals."""

    def __init__(
        self, *, store: WithdrawalStore, registry: RegistryFile, venue: Venue, clock: Clock
    ) -> None:
        """Take the parts; nothing is done yet."""
        self._store = store
        self._registry = registry
        self._venue = venue
        self._clock = clock

    async def pay(self) -> int:
        """Make payments of those that may be paid; return how many."""
        made = 0
        for held in await self._store.ready_to_pay(PER_PASS):
            made += await self._pay(held)
        return made

    async def _pay(self, held: Held) -> bool:
        self._registry.refresh()
        wallet = self._registry.current.wallets.get(held.account_id)
        if wallet is None or held.asset_id not in self._registry.current.assets:
            reason = "the account has no wallet" if wallet is None else "the asset has no mint"
            log.warning("withdrawal_released", withdrawal_id=held.withdrawal_id, reason=reason)
            await self._store.release(held.withdrawal_id, reason)
            return False
        return await self._store.pay(held, wallet, now_ns=self._clock.now_ns())

    async def end(self) -> int:
        """Tell the venue of those that are final or impossible; return how many it ended.

        Raises:
            VenueUnavailable: The outcome of one is not known; it is told again in the next pass.
        """
        await self._store.end_paid()
        ended = 0
        for ending in await self._store.endings(PER_PASS):
            sent_time_ns = await self._store.first_sent(ending.withdrawal_id, self._clock.now_ns())
            try:
                done = await self._tell(ending, sent_time_ns)
            except VenueRefused as error:
                await self._refused(ending, error)
                continue
            maybe_die("finalized")
            await self._store.ended(ending.withdrawal_id, sequence=done.sequence)
            ended += 1
        return ended

    async def _tell(self, ending: Ending, sent_time_ns: int) -> Done:
        client_id = client_id_of("withdrawal", str(ending.withdrawal_id), ending.step)
        if ending.step is EndStep.FINALIZE:
            return await self._venue.finalize_withdrawal(
                withdrawal_id=ending.withdrawal_id,
                account_id=ending.account_id,
                client_id=client_id,
                sent_time_ns=sent_time_ns,
            )
        return await self._venue.release_withdrawal(
            withdrawal_id=ending.withdrawal_id,
            account_id=ending.account_id,
            client_id=client_id,
            sent_time_ns=sent_time_ns,
        )

    async def _refused(self, ending: Ending, error: VenueRefused) -> None:
        log.warning("withdrawal_refused", withdrawal_id=ending.withdrawal_id, reason=str(error))
        if error.transient or error.reason == "ID_TOO_OLD":
            # Too old: the venue no longer knows the id. Sent as new it is still done only once,
            # because an ended withdrawal is no longer there to be ended.
            await self._store.forget_sent(ending.withdrawal_id)
        else:
            await self._store.park(ending.withdrawal_id, str(error))
