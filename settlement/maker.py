"""Making windows: queued fills are netted whole, and each transaction is tried before any is sent.

What fits one transaction is settled in the set form, which needs no float. More is netted whole in
the clearing form, where that takes fewer transactions and the float suffices; else it is packed in
the set form by consecutive fills.

A window's transactions are simulated before the window exists. An account that cannot be settled
(frozen, say) is taken out with all its fills, which go by themselves in the set form and are parked
there; the others are netted anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import count

from settlement.accounts import UnknownOwner
from settlement.batcher import Fits, pack_all
from settlement.builder import Builder
from settlement.fills import FEE_ACCOUNT_ID, Fill, fills_sha256
from settlement.payments import Move, Payment, PaymentKind
from settlement.states import State
from settlement.submitter import Refusal, Submitter
from settlement.transactions import batch_size
from settlement.windows import Part, Window, accounts_of, halves, pack_window, window_of

SIMULATED_AT_ONCE_MAX = 8


class WindowRefused(Exception):
    """A transaction of the window cannot be tried now, and its accounts are not to blame."""


class Maker:
    """Makes windows out of fills; stores nothing."""

    def __init__(self, builder: Builder, submitter: Submitter) -> None:
        """Take the parts.

        Args:
            builder: Lays out transactions.
            submitter: Simulates them.
        """
        self._builder = builder
        self._submitter = submitter

    def fits(self, window: Sequence[Fill]) -> Fits:
        """Return what tells whether one transaction carries transfers of the fills' assets."""
        programs = self._programs(window)
        return lambda transfers: batch_size(transfers, programs).fits

    def _programs(self, fills: Sequence[Fill]) -> int:
        assets = {each.base_asset_id for each in fills} | {each.quote_asset_id for each in fills}
        return len({self._builder.asset(each).token_program for each in assets}) or 1

    async def make(
        self, fills: Sequence[Fill], float_atoms: Mapping[int, int], *, batch_id: int, slot_min: int
    ) -> list[Window]:
        """Net fills and put them into transactions.

        Args:
            fills: In order of trade id; all before them are on chain.
            float_atoms: What the clearing vaults hold, by asset.
            batch_id: A number that no batch has had: the first to be made.
            slot_min: The newest slot that was seen.

        Raises:
            WindowRefused, ChainUnavailable: It cannot be tried now.
        """
        left, apart = list(fills), list[Fill]()
        while left:
            in_sets = [window_of(each) for each in pack_all(left, self.fits(left))]
            window = pack_window(left, float_atoms, self._programs(left))
            if window is None or len(in_sets) <= len(window.parts):
                break
            refused = await self._refused(window, batch_id, slot_min)
            if not refused:
                return [window, *self._apart(apart)]
            if FEE_ACCOUNT_ID in refused:
                break  # every fill is of that account
            apart += [each for each in left if accounts_of([each]) & refused]
            left = [each for each in left if not accounts_of([each]) & refused]
        return self._apart(sorted([*left, *apart], key=lambda each: each.trade_id))

    def _apart(self, fills: Sequence[Fill]) -> list[Window]:
        ordered = sorted(fills, key=lambda each: each.trade_id)
        return [window_of(each) for each in pack_all(ordered, self.fits(ordered))] if fills else []

    async def _refused(self, window: Window, batch_id: int, slot_min: int) -> set[int]:
        """Return the accounts that the chain, as it is now, does not settle."""
        numbers = count(batch_id)
        slot = (await self._submitter.blockhash()).slot
        few = asyncio.Semaphore(SIMULATED_AT_ONCE_MAX)

        async def refused(part: Part) -> set[int]:
            if not part.transfers:
                return set()
            async with few:
                failed = await self._fails(_payment(window, part, next(numbers)), slot, slot_min)
            if not failed:
                return set()
            if len(part.accounts) == 1:
                return set(part.accounts)
            first, second = halves(part)
            found = await refused(first) | await refused(second)
            return found or set(part.accounts)

        found: set[int] = set()
        for each in await asyncio.gather(*map(refused, window.parts), return_exceptions=True):
            if isinstance(each, BaseException):
                raise each
            found |= each
        return found

    async def _fails(self, payment: Payment, slot: int, slot_min: int) -> bool:
        """Tell whether a transaction fails for what it moves, or for an account without vaults."""
        try:
            failure = await self._submitter.try_out(payment, slot=slot, slot_min=slot_min)
        except UnknownOwner:
            return True
        if failure is None:
            return False
        if await self._submitter.blame(payment, failure) is not Refusal.PAYMENT:
            raise WindowRefused(failure.text)
        return True


def _payment(window: Window, part: Part, number: int) -> Payment:
    """Return what would be sent for a part of a window that does not exist yet."""
    moves = (
        Move(each.asset_id, each.from_account_id, each.to_account_id, None, each.amount_atoms)
        for each in part.transfers
    )
    return Payment(
        payment_id=0,
        kind=PaymentKind.BATCH,
        state=State.NETTED,
        order_key=window.fills[0].trade_id,
        receipt_number=number,
        failures=0,
        attempts=0,
        moves=tuple(moves),
        fills_sha256=fills_sha256(window.fills),
    )
