"""Forced exits: the owner asks the chain, the venue follows.

1. requested  the exit account is there, final: the account's orders are cancelled and all that
              is free is held, again and again, so that nothing can be sold any more
2. settling   what was sold before is settled from the vault as ever, while the delay runs
3. paid       the program pays the whole vault, with no one's leave; seen final, the held funds
              are removed from the ledger
4. closed     the owner ends the exit; what was held and not paid is free again
"""

from __future__ import annotations

import structlog

from settlement.accounts import Custody
from settlement.chain import ADDRESSES_PER_CALL, Chain
from settlement.clock import Clock
from settlement.indexer import Indexer
from settlement.registry import RegistryFile
from settlement.store.exits import ExitStore
from settlement.venue import Venue, client_id_of

log = structlog.get_logger()


class Exits:
    """One worker's passes over forced exits."""

    def __init__(
        self,
        *,
        chain: Chain,
        store: ExitStore,
        custody: Custody,
        registry: RegistryFile,
        venue: Venue,
        indexer: Indexer,
        clock: Clock,
    ) -> None:
        """Take the parts; nothing is done yet."""
        self._chain = chain
        self._store = store
        self._custody = custody
        self._registry = registry
        self._venue = venue
        self._indexer = indexer
        self._clock = clock
        self._told: set[str] = set()

    async def follow(self) -> None:
        """Look who is leaving, hold what they have, and end what the program has paid.

        Raises:
            ChainUnavailable, VenueUnavailable: One of them cannot tell now; the next pass goes on.
        """
        leaving, slot = await self._leaving()
        for account_id in await self._store.set_leaving(leaving, now_ns=self._clock.now_ns()):
            log.info("exit_requested", account_id=account_id)
        if leaving:
            await self._hold(leaving)
        # What was paid is read before anything is released: a closed exit may have paid.
        await self._indexer.scan_accounts(await self._store.watched(), slot_min=slot)
        for payout in await self._store.match():
            if payout.signature not in self._told:
                self._told.add(payout.signature)
                log.error("exit_is_not_what_is_held", payout=str(payout))
        await self._store.release_closed()

    async def _leaving(self) -> tuple[set[int], int]:
        """Return the accounts whose exit account is there, final, and as of which slot."""
        self._registry.refresh()
        wallets = self._registry.current.wallets
        addresses = {
            self._custody.market.exit_address(wallet): account_id
            for account_id, wallet in wallets.items()
            if wallet is not None
        }
        asked = list(addresses)
        found: set[int] = set()
        slot = 0
        for start in range(0, len(asked), ADDRESSES_PER_CALL):
            answer = await self._chain.token_balances(asked[start : start + ADDRESSES_PER_CALL])
            found |= {addresses[each] for each, held in answer.atoms.items() if held is not None}
            slot = max(slot, answer.slot)
        return found, slot

    async def _hold(self, leaving: set[int]) -> None:
        """Have the venue cancel the orders and hold all that is free, where there is any."""
        ledger = await self._venue.ledger()
        usable = {account_id for (account_id, _), atoms in ledger.usable_atoms.items() if atoms}
        for account_id in sorted(leaving & usable):
            now_ns = self._clock.now_ns()
            ids = await self._venue.hold_all(
                account_id=account_id,
                client_id=client_id_of("exit", str(account_id), str(ledger.sequence)),
                sent_time_ns=now_ns,
            )
            await self._store.add_holds(ids)
