"""Deposits: what arrives finalized in custody accounts is credited in the venue, each once.

Only finalized transactions are read, each account from the last signature that was read, oldest
first; a signature is passed only in the commit that stores what it brought. Whatever a restart
repeats is the same row, the same client id and the same sent time.

Whose tokens they are is decided by where they arrive: any inflow that does not come from a custody
account belongs to the participant whose account it is, whoever sent it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from solders.pubkey import Pubkey
from solders.signature import Signature

from realstack.chain.market import IDL
from settlement.accounts import CLEARING_ACCOUNT_ID, Custody
from settlement.chain import (
    ADDRESSES_PER_CALL,
    SIGNATURES_PER_PAGE,
    Chain,
    ChainUnavailable,
    Sighting,
)
from settlement.chain_records import ChainTransaction
from settlement.clock import Clock
from settlement.fills import FEE_ACCOUNT_ID
from settlement.inflows import UNEXPLAINED, inflows
from settlement.killpoints import maybe_die
from settlement.ordering import Vault
from settlement.registry import Registry, RegistryFile
from settlement.store.deposits import DepositStore, SeenDeposit
from settlement.store.exits import Payout
from settlement.venue import Venue, VenueRefused, client_id_of

log = structlog.get_logger()

CREDITS_PER_PASS = 256
EXIT = IDL.calls["exit"].discriminator
FULL_SCAN_PASSES = 64  # an account whose balance is as it was is read this seldom


def vaults_of(custody: Custody, registry: Registry) -> dict[Pubkey, Vault]:
    """Return every vault that there may be, by address; those of the venue too."""
    wallets = [account_id for account_id, wallet in registry.wallets.items() if wallet is not None]
    accounts = [FEE_ACCOUNT_ID, CLEARING_ACCOUNT_ID, *wallets]
    return {
        custody.address(account_id, asset): (account_id, asset.asset_id)
        for account_id in accounts
        for asset in registry.assets.values()
    }


def why_not(deposit: SeenDeposit) -> str:
    """Return why a deposit cannot be credited and is for a person; '' if it can."""
    if deposit.instruction.startswith(UNEXPLAINED):
        return "no known instruction explains it"
    if deposit.account_id == FEE_ACCOUNT_ID:
        return "it came into the venue's own account"
    return ""


@dataclass(frozen=True, slots=True)
class Crossings:
    """What came into a vault, and what exits took out of it."""

    deposits: list[SeenDeposit] = field(default_factory=list)
    payouts: list[Payout] = field(default_factory=list)


class DepositReader:
    """Reads what came into custody accounts; stores nothing."""

    def __init__(self, chain: Chain, store: DepositStore, program: Pubkey) -> None:
        """Ask this node, and this store which transactions are settlement's own.

        Args:
            chain: The node.
            store: Knows settlement's own signatures.
            program: The market program.
        """
        self._program = program
        self._chain = chain
        self._store = store

    async def sightings(self, vault: Pubkey, until: Signature | None) -> list[Sighting]:
        """Return the finalized transactions after `until` that name the account, oldest first."""
        found: list[Sighting] = []
        while True:
            before = found[-1].signature if found else None
            page = await self._chain.signatures(vault, until=until, before=before)
            found += page
            if len(page) < SIGNATURES_PER_PAGE:
                return found[::-1]

    async def read(
        self,
        vault: Pubkey,
        owner: Vault,
        sightings: Sequence[Sighting],
        custody: Mapping[Pubkey, Vault],
    ) -> Crossings:
        """Return what the transactions brought in from outside custody, and what exits took out.

        Raises:
            ChainUnavailable: The node lacks one of the transactions; none is skipped.
        """
        own = await self._store.own_signatures([each.signature for each in sightings])
        found = Crossings()
        for sighting in sightings:
            if sighting.failed or sighting.signature in own:
                continue
            transaction = await self._chain.transaction(sighting.signature)
            for inflow in inflows(transaction, vault, custody.keys()):
                place = inflow.instruction
                if place == UNEXPLAINED:
                    place = f"{UNEXPLAINED}{owner[0]}:{owner[1]}"  # one an account
                found.deposits.append(
                    SeenDeposit(
                        signature=str(sighting.signature),
                        instruction=place,
                        account_id=owner[0],
                        asset_id=owner[1],
                        amount_atoms=inflow.amount_atoms,
                        slot=transaction.slot,
                    )
                )
            taken = exit_atoms(transaction, vault, self._program)
            if taken:
                found.payouts.append(
                    Payout(str(sighting.signature), *owner, taken, transaction.slot)
                )
        return found


def exit_atoms(transaction: ChainTransaction, vault: Pubkey, program: Pubkey) -> int:
    """Return how much an exit paid out of a vault; 0 when the transaction has none of it."""
    is_exit = any(
        each.program == program and each.data[:8] == EXIT and vault in each.accounts
        for each in transaction.instructions
    )
    return -transaction.token_deltas.get(vault, 0) if is_exit else 0


class Indexer:
    """Follows the custody accounts of all participants."""

    def __init__(
        self,
        *,
        chain: Chain,
        store: DepositStore,
        custody: Custody,
        registry: RegistryFile,
        venue: Venue,
        clock: Clock,
        refused_again_ns: int,
    ) -> None:
        """Take the parts; nothing is read yet.

        Args:
            chain: The node.
            store: What was seen, and how far accounts were read.
            custody: Addresses.
            registry: Accounts and assets.
            venue: Credits deposits.
            clock: For the time of the first sending.
            refused_again_ns: How long a deposit that the venue could not take yet waits.
        """
        self._refused_again_ns = refused_again_ns
        self._chain = chain
        self._store = store
        self._custody = custody
        self._registry = registry
        self._venue = venue
        self._clock = clock
        self._reader = DepositReader(chain, store, custody.market.program_id)
        self._balances: dict[Pubkey, int | None] = {}
        self._passes = 0
        self._not_before_ns: dict[SeenDeposit, int] = {}
        self.slot_seen = 0
        """The newest finalized slot that was read."""

    async def scan(self) -> int:
        """Read what is new in every custody account; return how many deposits were found.

        An account is read when its balance is not what it was, and now and then regardless.
        """
        self._registry.refresh()
        custody = vaults_of(self._custody, self._registry.current)
        full = self._passes % FULL_SCAN_PASSES == 0
        self._passes += 1
        found = 0
        addresses = list(custody)
        for start in range(0, len(addresses), ADDRESSES_PER_CALL):
            answer = await self._chain.token_balances(addresses[start : start + ADDRESSES_PER_CALL])
            changed = [
                vault
                for vault, atoms in answer.atoms.items()
                if full or vault not in self._balances or self._balances[vault] != atoms
            ]
            cursors = await self._store.cursors(changed)
            for vault in changed:
                found += await self._scan_vault(vault, custody, cursors.get(vault))
                self._balances[vault] = answer.atoms[vault]
            self.slot_seen = max(self.slot_seen, answer.slot)
        return found

    async def scan_accounts(self, account_ids: Collection[int], *, slot_min: int) -> None:
        """Read what is new in every vault of some accounts, whatever their balances.

        Args:
            account_ids: Whose vaults.
            slot_min: The node must have seen this slot, finalized.

        Raises:
            ChainUnavailable: It has not.
        """
        custody = vaults_of(self._custody, self._registry.current)
        mine = [address for address, vault in custody.items() if vault[0] in account_ids]
        for start in range(0, len(mine), ADDRESSES_PER_CALL):
            part = mine[start : start + ADDRESSES_PER_CALL]
            answer = await self._chain.token_balances(part)
            if answer.slot < slot_min:
                raise ChainUnavailable(f"the node is at slot {answer.slot}, behind {slot_min}")
            cursors = await self._store.cursors(part)
            for vault in part:
                await self._scan_vault(vault, custody, cursors.get(vault))

    async def _scan_vault(
        self, vault: Pubkey, custody: Mapping[Pubkey, Vault], cursor: Signature | None
    ) -> int:
        sightings = await self._reader.sightings(vault, cursor)
        if not sightings:
            return 0
        crossings = await self._reader.read(vault, custody[vault], sightings, custody)
        deposits = crossings.deposits
        await self._store.add(
            vault,
            [(each, why_not(each)) for each in deposits],
            newest=sightings[-1].signature,
            payouts=crossings.payouts,
        )
        for deposit in deposits:
            log.info("deposit_seen", account_id=deposit.account_id, signature=deposit.signature)
        return len(deposits)

    async def credit(self) -> int:
        """Have the venue credit what was found; return how many it did.

        Raises:
            VenueUnavailable: The outcome of one is not known; it is sent again in the next pass.
        """
        credited = 0
        for deposit in await self._store.to_credit(CREDITS_PER_PASS):
            now_ns = self._clock.now_ns()
            if now_ns < self._not_before_ns.get(deposit, 0):
                continue
            sent_time_ns = await self._store.first_sent(deposit, now_ns)
            if sent_time_ns is None:
                continue
            try:
                done = await self._venue.credit_deposit(
                    account_id=deposit.account_id,
                    asset_id=deposit.asset_id,
                    amount_atoms=deposit.amount_atoms,
                    client_id=client_id_of(deposit.signature, deposit.instruction),
                    sent_time_ns=sent_time_ns,
                )
            except VenueRefused as error:
                log.warning("deposit_refused", signature=deposit.signature, reason=str(error))
                await self._store.refused(deposit, str(error), again=error.transient)
                self._not_before_ns[deposit] = now_ns + self._refused_again_ns
                continue
            self._not_before_ns.pop(deposit, None)
            maybe_die("credited")
            await self._store.credited(deposit, sequence=done.sequence)
            credited += 1
        return credited
