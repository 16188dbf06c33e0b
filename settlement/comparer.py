"""Comparing: does the chain hold what the ledger says?

The order of the reads makes a moving venue comparable:

    1. chain     finalized balances, each with its slot X
    2. ledger    every balance at sequence S, with the last trade
    3. database  in one snapshot: whatever is on chain at X was stored before it was sent, and
                 whatever is in the ledger at S was stored before the venue was told
    4. chain     the statuses of payments not known to be final, as of X or later
    5. venue     fills up to S that the database does not have yet
    6. chain     only where an account differs: deposits that were not in the database yet
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from settlement.accounts import Custody
from settlement.chain import (
    ADDRESSES_PER_CALL,
    STATUSES_PER_CALL,
    Chain,
    ChainUnavailable,
    Level,
)
from settlement.clock import seconds
from settlement.fills import Fill
from settlement.indexer import DepositReader, vaults_of
from settlement.ordering import Vault
from settlement.reconciliation import (
    ChainBalance,
    Comparison,
    Crossing,
    Difference,
    LedgerAt,
    PaidFill,
    compare,
)
from settlement.registry import RegistryFile
from settlement.store.deposits import DepositStore
from settlement.store.reconciliations import Facts, ReconciliationStore, StoredFill
from settlement.venue import Ledger, Venue, VenueUnavailable

RETRY_MS = 250

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of the chain first: balances, and the slots that they are of."""

    balances: dict[Vault, ChainBalance]
    lowest_slot: int
    highest_slot: int


class Comparer:
    """Compares; changes nothing."""

    def __init__(
        self,
        *,
        chain: Chain,
        venue: Venue,
        store: ReconciliationStore,
        deposits: DepositStore,
        custody: Custody,
        registry: RegistryFile,
    ) -> None:
        """Take the parts; nothing is read yet."""
        self._chain = chain
        self._venue = venue
        self._store = store
        self._reader = DepositReader(chain, deposits, custody.market.program_id)
        self._custody = custody
        self._registry = registry

    async def compare(self) -> Comparison:
        """Compare once.

        Raises:
            ChainUnavailable, VenueUnavailable: One of them cannot tell now.
        """
        self._registry.refresh()
        chain = await self._read_chain()
        ledger = await self._venue.ledger()
        facts = await self._store.facts(
            slot=chain.lowest_slot, sequence=ledger.sequence, last_trade_id=ledger.last_trade_id
        )
        landed = await self._landed(facts, chain.highest_slot)
        fills = [PaidFill(each.fill, _landed_slots(each, landed)) for each in facts.fills]
        fills += [PaidFill(each, {}) for each in await self._fills_to_come(facts, ledger)]
        withdrawals = self._withdrawals(facts, landed)
        at = LedgerAt(ledger.sequence, ledger.last_trade_id, ledger.atoms)
        found = compare(at, chain.balances, fills, [*facts.deposits, *withdrawals])
        if found.differences:
            deposits = await self._deposits_again(found.differences, chain, ledger)
            found = compare(at, chain.balances, fills, [*deposits, *withdrawals])
        return _with_totals(found, ledger)

    async def compare_until_equal(self, window_ms: int) -> Comparison:
        """Compare, and again while there are differences, until the window is over.

        Raises:
            ChainUnavailable, VenueUnavailable: One of them cannot tell, all through the window.
        """
        return await within(window_ms, self.compare, lambda found: not found.differences)

    async def _read_chain(self) -> _Read:
        slot_min = await self._store.slot_min()
        vaults = vaults_of(self._custody, self._registry.current)
        addresses = list(vaults)
        balances: dict[Vault, ChainBalance] = {}
        slots = [slot_min]
        for start in range(0, len(addresses), ADDRESSES_PER_CALL):
            answer = await self._chain.token_balances(addresses[start : start + ADDRESSES_PER_CALL])
            if answer.slot < slot_min:
                raise ChainUnavailable(f"the node is at slot {answer.slot}, behind {slot_min}")
            slots.append(answer.slot)
            for address, atoms in answer.atoms.items():
                balances[vaults[address]] = ChainBalance(atoms or 0, answer.slot)
        return _Read(balances, min(slots[1:] or slots), max(slots))

    async def _landed(self, facts: Facts, slot: int) -> dict[int, int]:
        """Return where payments landed that are final and not noted so, by payment id."""
        found: dict[int, int] = {}
        for start in range(0, len(facts.open_payments), STATUSES_PER_CALL):
            payments = facts.open_payments[start : start + STATUSES_PER_CALL]
            answer = await self._chain.statuses([each.signature for each in payments], history=True)
            if answer.slot < slot:
                raise ChainUnavailable(f"the node went back from slot {slot} to {answer.slot}")
            for payment, status in zip(payments, answer.found, strict=True):
                if status is not None and status.level is Level.FINALIZED and not status.failure:
                    found[payment.payment_id] = status.slot
        return found

    async def _fills_to_come(self, facts: Facts, ledger: Ledger) -> list[Fill]:
        """Return fills that the ledger has and the database has not."""
        found: list[Fill] = []
        last = facts.last_trade_id
        if last >= ledger.last_trade_id:
            return found
        async for message in self._venue.follow_fills(last + 1):
            found += message.fills
            if message.last_trade_id >= ledger.last_trade_id and (
                not message.fills or found[-1].trade_id >= ledger.last_trade_id
            ):
                break
        return [each for each in found if each.trade_id <= ledger.last_trade_id]

    def _withdrawals(self, facts: Facts, landed: dict[int, int]) -> list[Crossing]:
        return [
            replace(
                each.crossing,
                landed_slot=_landed_slot(each.crossing.landed_slot, each.payment_id, landed),
            )
            for each in facts.withdrawals
        ]

    async def _deposits_again(
        self, differences: Sequence[Difference], chain: _Read, ledger: Ledger
    ) -> list[Crossing]:
        """Return all deposits, those into the accounts that differ read from the chain as well.

        The database's deposits and how far it has read are of one moment: what it stores while
        this reads the chain is in neither and so found here.
        """
        custody = vaults_of(self._custody, self._registry.current)
        differing = {(each.account_id, each.asset_id) for each in differences}
        addresses = [address for address, vault in custody.items() if vault in differing]
        known = await self._store.deposits_again(
            addresses, slot=chain.lowest_slot, sequence=ledger.sequence
        )
        found = list(known.deposits)
        for address in addresses:
            sightings = await self._reader.sightings(address, known.cursors.get(address))
            seen = await self._reader.read(address, custody[address], sightings, custody)
            found += [
                Crossing((each.account_id, each.asset_id), each.amount_atoms, each.slot, None)
                for each in seen.deposits
            ]
        return found


async def within(
    window_ms: int, ask: Callable[[], Awaitable[Answer]], is_good: Callable[[Answer], bool]
) -> Answer:
    """Ask until the answer is good, or the window is over; then whatever the answer is.

    Raises:
        ChainUnavailable, VenueUnavailable: There was no answer when the window was over.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds(window_ms)
    while True:
        try:
            answer = await ask()
        except (ChainUnavailable, VenueUnavailable):
            if loop.time() >= deadline:
                raise
        else:
            if is_good(answer) or loop.time() >= deadline:
                return answer
        await asyncio.sleep(seconds(RETRY_MS))


def _landed_slots(stored: StoredFill, landed: dict[int, int]) -> dict[int, int]:
    found = {
        account_id: _landed_slot(slot, payment_id, landed)
        for account_id, (payment_id, slot) in stored.payments.items()
    }
    return {account_id: slot for account_id, slot in found.items() if slot is not None}


def _landed_slot(known: int | None, payment_id: int | None, landed: dict[int, int]) -> int | None:
    if known is not None or payment_id is None:
        return known
    return landed.get(payment_id)


def _with_totals(comparison: Comparison, ledger: Ledger) -> Comparison:
    """Add what the ledger itself gets wrong: an asset's balances must be its credits less exits."""
    sums: dict[int, int] = {asset_id: 0 for asset_id in ledger.deposited_atoms}
    for (_, asset_id), atoms in ledger.atoms.items():
        sums[asset_id] = sums.get(asset_id, 0) + atoms
    wrong = [
        Difference(
            0, asset_id, ledger.deposited_atoms[asset_id] - ledger.withdrawn_atoms[asset_id], atoms
        )
        for asset_id, atoms in sorted(sums.items())
        if atoms
        != ledger.deposited_atoms.get(asset_id, 0) - ledger.withdrawn_atoms.get(asset_id, 0)
    ]
    return replace(comparison, differences=(*comparison.differences, *wrong))
