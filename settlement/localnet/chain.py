"""The chain: what lands, when it settles, and what each commitment shows.

Transactions run at once in the open block. When the slot ends, the block is written to disk and the
next one opens on top of it. A node that starts again treats everything on disk as finalized.
"""

from __future__ import annotations

import os
from typing import Protocol

from solders.account import Account
from solders.hash import Hash
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import ID as SYSTEM_PROGRAM_ID

from settlement.localnet import lookup
from settlement.localnet.accounts import AccountHistory
from settlement.localnet.blocks import (
    BLOCKS_KEPT_MIN,
    Block,
    BlockLine,
    Commitment,
    first_block,
    next_block,
)
from settlement.localnet.clock import SlotClock
from settlement.localnet.faults import FaultName, Faults
from settlement.localnet.machine import Machine, MachinePanicked, Outcome
from settlement.localnet.records import TransactionRecord, build_meta
from settlement.localnet.settings import LocalnetSettings
from settlement.localnet.store import StatusRow, Store, StoreRefused
from settlement.localnet.wire import SignedTransaction

FAUCET_LAMPORTS = 500_000_000 * 10**9
STATUS_CACHE_SLOTS = 300
"""How far back a node finds a signature's status when it does not search its history."""


class RollbackRefused(ValueError):
    """The slots asked for cannot be rolled back; the message gives the rule."""


class ChainListener(Protocol):
    """Someone who wants to hear of each landing and each slot."""

    def transaction_landed(self, record: TransactionRecord) -> None:
        """Hear of a transaction that landed in the open block."""
        ...

    def slot_opened(self, block: Block) -> None:
        """Hear of a new open block."""
        ...

    def slots_rolled_back(self, last_kept_slot: int) -> None:
        """Hear that everything after a slot never happened."""
        ...


class Chain:
    """One chain with its machine, its history and its database."""

    def __init__(self, settings: LocalnetSettings, *, clock: SlotClock, store: Store) -> None:
        """Continue the chain in `store`, or start a new one there."""
        self.settings = settings
        self.faults = Faults()
        self.machine = Machine(settings.programs)
        self.store = store
        self._clock = clock
        self._listeners: list[ChainListener] = []
        self._delayed: list[tuple[int, SignedTransaction]] = []
        self._dirty: dict[Pubkey, None] = {}
        self.genesis_hash, self.faucet = _identity(store)
        self.history = AccountHistory(self.machine.account)
        self._line = self._start()
        # Nothing at or below this slot can change any more.
        self._floor_slot = self._line.open_block.slot
        self.store.begin()
        self._open_next()

    def _start(self) -> BlockLine:
        blocks = self.store.blocks()
        if blocks:
            for address, account in lookup.programs_last(self.store.accounts()):
                self.machine.put_account(address, account)
            return BlockLine(blocks)
        genesis = first_block(genesis=self.genesis_hash, unix_time_s=self._clock.unix_time_s())
        account = Account(lamports=FAUCET_LAMPORTS, data=b"", owner=SYSTEM_PROGRAM_ID)
        self.machine.put_account(self.faucet.pubkey(), account)
        self.store.begin()
        self.store.save_accounts([(self.faucet.pubkey(), account)])
        self.store.save_block(genesis, oldest_kept_slot=0)
        self.store.commit()
        return BlockLine([genesis])

    def listen(self, listener: ChainListener) -> None:
        """Tell `listener` of everything from now on."""
        self._listeners.append(listener)

    # Slots.

    @property
    def open_block(self) -> Block:
        """The block that takes transactions now."""
        return self._line.open_block

    def advance_slots(self, slots: int) -> None:
        """End the open slot and `slots` - 1 empty ones after it, durably, and open the next."""
        for remaining in range(slots, 0, -1):
            oldest_slot = self._line.oldest_block.slot
            self.store.save_accounts((key, self.machine.account(key)) for key in self._dirty)
            self.store.save_block(self.open_block, oldest_kept_slot=oldest_slot)
            self._dirty.clear()
            self._clock.slots_passed(1)
            # What is told of the slots between goes out when this returns, after the commit.
            if remaining == 1:
                self.store.commit()
                self.store.begin()
            self._open_next()

    def _open_next(self, slot: int | None = None) -> None:
        parent = self._line.open_block
        block = next_block(
            parent,
            slot=parent.slot + 1 if slot is None else slot,
            genesis=self.genesis_hash,
            unix_time_s=self._clock.unix_time_s(),
        )
        self._line.append(block)
        self._line.forget_older(self._blocks_kept)
        self.machine.open_slot(block, self._line.recent(BLOCKS_KEPT_MIN))
        self.faults.slot_opened(block.slot)
        self.history.forget_until(self.bank(Commitment.FINALIZED).slot)
        for listener in self._listeners:
            listener.slot_opened(block)
        self._land_delayed(block.slot)

    @property
    def _blocks_kept(self) -> int:
        fault = self.faults.find(FaultName.LAGGING_NODE)
        lag_slots = fault.slots if fault is not None else 0
        return max(BLOCKS_KEPT_MIN, self.settings.finalized_depth_slots + lag_slots + 1)

    def roll_back(self, slots: int) -> list[Signature]:
        """Undo the newest `slots` blocks, the open one included; name the transactions undone.

        Raises:
            RollbackRefused: `slots` is below 1 or would undo something finalized.
        """
        newest = self.open_block
        last_kept = self._line.at_or_before(newest.slot - slots)
        if slots < 1:
            raise RollbackRefused("slots: must be at least 1")
        if newest.slot - slots < self._finalized_slot():
            raise RollbackRefused("slots: a finalized block cannot be rolled back")
        restored = self.history.cut_after(last_kept.slot)
        for address, account in restored.items():
            self.machine.put_account(address, account)
        undone = self.store.cut_after(last_kept.slot)
        self.store.save_accounts(restored.items())
        self.store.commit()
        self._dirty.clear()
        self._line.cut_after(last_kept.slot)
        for listener in self._listeners:
            listener.slots_rolled_back(last_kept.slot)
        self._clock.slots_passed(1)
        self.store.begin()
        self._open_next(newest.slot + 1)
        return undone

    # What each commitment shows.

    def bank(self, commitment: Commitment) -> Block:
        """Find the block whose end state answers a question at `commitment`."""
        head_slot = self._visible_slot()
        if commitment is Commitment.PROCESSED:
            return self._line.at_or_before(head_slot)
        depth_slots = (
            self.settings.confirmed_depth_slots
            if commitment is Commitment.CONFIRMED
            else self.settings.finalized_depth_slots
        )
        floor_slot = min(self._floor_slot, head_slot)
        return self._line.at_or_before(max(floor_slot, head_slot - depth_slots))

    def _finalized_slot(self) -> int:
        depth_slots = self.settings.finalized_depth_slots
        return max(self._floor_slot, self.open_block.slot - depth_slots)

    def _visible_slot(self) -> int:
        newest_slot = self.open_block.slot
        fault = self.faults.find(FaultName.LAGGING_NODE)
        if fault is None:
            return newest_slot
        return max(min(fault.set_slot, newest_slot), newest_slot - fault.slots)

    @property
    def slots_behind(self) -> int:
        """How far the node's view is behind the cluster."""
        return self.open_block.slot - self._visible_slot()

    def account(self, address: Pubkey, bank: Block) -> Account | None:
        """Read an account as of the end of `bank`."""
        return self.history.as_of(address, bank.slot)

    def accounts_of_program(self, program: Pubkey, bank: Block) -> list[tuple[Pubkey, Account]]:
        """List the accounts that `program` owned at the end of `bank`."""
        changed = set(self.history.changed_after(bank.slot))
        found = [
            entry for entry in self.machine.accounts_of_program(program) if entry[0] not in changed
        ]
        for address in changed:
            account = self.account(address, bank)
            if account is not None and account.owner == program:
                found.append((address, account))
        return found

    def commitment_of(self, slot: int) -> Commitment:
        """Tell how settled a slot is that this node has seen."""
        for commitment in (Commitment.FINALIZED, Commitment.CONFIRMED):
            if slot <= self.bank(commitment).slot:
                return commitment
        return Commitment.PROCESSED

    def status(self, signature: Signature, *, search_history: bool) -> StatusRow | None:
        """Find where a signature landed, as far as this node has seen."""
        row = self.store.status(signature)
        if row is None or row.slot > self._visible_slot():
            return None
        if not search_history and row.slot < self._visible_slot() - STATUS_CACHE_SLOTS:
            return None
        return row

    def recent_blocks(self, count: int) -> list[Block]:
        """List the newest blocks, oldest first, the open one last."""
        return self._line.recent(count)

    def is_blockhash_valid(self, blockhash: Hash, bank: Block) -> bool:
        """Tell whether a transaction naming `blockhash` could land on top of `bank`."""
        return self._line.is_blockhash_valid(blockhash, seen_from=bank)

    # Landing.

    def submit(self, signed: SignedTransaction) -> None:
        """Hand a transaction to the cluster, which lands it or lets it fall without a word."""
        keys = signed.message.account_keys
        if self.faults.strike(FaultName.DROP, keys) is not None:
            return
        delay = self.faults.strike(FaultName.DELAY, keys)
        if delay is not None:
            self._delayed.append((self.open_block.slot + delay.slots, signed))
            return
        self.land(signed)
        if self.faults.strike(FaultName.DUPLICATE, keys) is not None:
            self.land(signed)

    def _land_delayed(self, slot: int) -> None:
        due = [signed for due_slot, signed in self._delayed if due_slot <= slot]
        self._delayed = [entry for entry in self._delayed if entry[0] > slot]
        for signed in due:
            self.land(signed)

    def land(self, signed: SignedTransaction) -> TransactionRecord | None:
        """Run a transaction in the open block; None if the cluster does not take it."""
        if not signed.signatures_valid or self.refusal(signed, self.open_block) is not None:
            return None
        keys, loaded = lookup.all_keys(signed.message, self.machine.account)
        before = [self.machine.account(key) for key in keys]
        outcome = self._execute(signed, keys, before)
        if outcome is None:
            return None
        after = [self.machine.account(key) for key in keys]
        changed = [index for index in range(len(keys)) if before[index] != after[index]]
        # A failure that did not even pay the fee never enters a block.
        if outcome.err is not None and 0 not in changed:
            return None
        for index in changed:
            self.history.note(keys[index], self.open_block.slot, before[index])
            self._dirty[keys[index]] = None
        record = TransactionRecord(
            signature=signed.signature,
            slot=self.open_block.slot,
            unix_time_s=self.open_block.unix_time_s,
            version=signed.version,
            wire=signed.wire,
            err=outcome.err,
            meta=build_meta(
                outcome,
                keys=keys,
                before=before,
                after=after,
                loaded=loaded,
                read_account=self.machine.account,
            ),
            keys=tuple(keys),
            changed=tuple(keys[index] for index in changed),
        )
        self.store.save_transaction(record)
        for listener in self._listeners:
            listener.transaction_landed(record)
        return record

    def _execute(
        self, signed: SignedTransaction, keys: list[Pubkey], before: list[Account | None]
    ) -> Outcome | None:
        try:
            return self.machine.execute(signed.transaction)
        except MachinePanicked:
            # Nobody knows how far it came, so every account it could reach is put back.
            for key, account in zip(keys, before, strict=True):
                if self.machine.account(key) != account:
                    self.machine.put_account(key, account)
            return None

    def refusal(self, signed: SignedTransaction, bank: Block) -> str | None:
        """Name the error for which `bank` takes no such transaction; None if it may run."""
        if not self.is_blockhash_valid(signed.blockhash, bank):
            return "BlockhashNotFound"
        row = self.store.status(signed.signature)
        if row is not None and row.slot <= bank.slot:
            return "AlreadyProcessed"
        return None

    def simulate(self, signed: SignedTransaction, bank: Block) -> Outcome:
        """Run a transaction on the state of `bank` and keep nothing.

        Raises:
            MachinePanicked: The machine gave up.
        """
        keys, _ = lookup.all_keys(signed.message, lambda key: self.account(key, bank))
        newer = {
            key: self.machine.account(key)
            for key in keys
            if self.history.differs_after(key, bank.slot)
        }
        for key in newer:
            self.machine.put_account(key, self.account(key, bank))
        try:
            return self.machine.simulate(signed.transaction)
        finally:
            for key, account in newer.items():
                self.machine.put_account(key, account)

    def close(self) -> None:
        """End the open slot, so that nothing that landed is lost, and close the database."""
        self.advance_slots(1)
        self.store.close()


def _identity(store: Store) -> tuple[Hash, Keypair]:
    """Read the chain's genesis hash and faucet key, or make them by chance."""
    genesis = store.meta("genesis_hash")
    if genesis is None:
        genesis = os.urandom(32)
        store.begin()
        store.set_meta("genesis_hash", genesis)
        store.set_meta("faucet", os.urandom(32))
        store.commit()
    seed = store.meta("faucet")
    if seed is None:
        raise StoreRefused("the chain's database has a genesis hash but no faucet key")
    return Hash(genesis), Keypair.from_seed(seed)
