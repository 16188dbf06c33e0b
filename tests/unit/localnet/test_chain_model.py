"""The chain against a naive twin: whole copies of all balances, one per block."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from settlement.localnet.blocks import Commitment
from settlement.localnet.chain import Chain, RollbackRefused
from settlement.localnet.clock import SteppedClock
from settlement.localnet.settings import LocalnetSettings
from settlement.localnet.store import Store
from settlement.localnet.wire import SignedTransaction, read_transaction

UNIT_LAMPORTS = 10_000_000
FEE_LAMPORTS = 5_000
SETTINGS = LocalnetSettings(slot_ms=None, finalized_depth_slots=3)

Pay = tuple[str, int]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), st.integers(0, 3)),
        st.tuples(st.just("again"), st.integers(0, 10)),
        st.tuples(st.just("advance"), st.integers(1, 3)),
        st.tuples(st.just("roll back"), st.integers(1, 5)),
    ),
    max_size=30,
)


@dataclass
class Twin:
    """Balances of four keys after each block, by slot; the last entry is the open block."""

    chain: Chain
    keys: list[Pubkey]
    slots: list[int] = field(default_factory=list)
    states: list[dict[Pubkey, int]] = field(default_factory=list)
    landed: list[set[bytes]] = field(default_factory=list)
    sent: list[SignedTransaction] = field(default_factory=list)
    serial: int = 0

    def open(self, base: dict[Pubkey, int], base_landed: set[bytes]) -> None:
        """Open a block on top of a state."""
        self.slots.append(self.chain.open_block.slot)
        self.states.append(dict(base))
        self.landed.append(set(base_landed))

    def index_at(self, slot: int) -> int:
        """Find the newest block not later than a slot."""
        return max(index for index, each in enumerate(self.slots) if each <= slot)

    def final_slot(self) -> int:
        """Compute the finalized slot from the rule: the newest slot minus the depth."""
        return max(self.slots[0], self.slots[-1] - SETTINGS.finalized_depth_slots)


def start() -> Twin:
    """Make a chain on which the faucet has paid nothing yet."""
    chain = Chain(SETTINGS, clock=SteppedClock(), store=Store(None))
    keys = [Keypair.from_seed(bytes([number] * 32)).pubkey() for number in range(1, 5)]
    twin = Twin(chain, keys)
    # The block below the open one is the genesis block, which is final.
    twin.open(dict.fromkeys(keys, 0), set())
    twin.slots[0] -= 1
    twin.open(dict.fromkeys(keys, 0), set())
    return twin


def pay(twin: Twin, index: int) -> None:
    """Pay one key from the faucet; every transaction is another one."""
    twin.serial += 1
    lamports = UNIT_LAMPORTS + twin.serial
    to = twin.keys[index]
    step = transfer(
        TransferParams(from_pubkey=twin.chain.faucet.pubkey(), to_pubkey=to, lamports=lamports)
    )
    blockhash = twin.chain.open_block.blockhash
    message = Message.new_with_blockhash([step], twin.chain.faucet.pubkey(), blockhash)
    signed = read_transaction(bytes(VersionedTransaction(message, [twin.chain.faucet])))
    twin.sent.append(signed)
    twin.chain.submit(signed)
    twin.states[-1][to] += lamports
    twin.landed[-1].add(bytes(signed.signature))


def send_again(twin: Twin, back: int) -> None:
    """Send one of the last transactions again: it lands only if it had been rolled back."""
    if not twin.sent:
        return
    signed = twin.sent[-1 - back % len(twin.sent)]
    alive = twin.chain.is_blockhash_valid(signed.blockhash, twin.chain.open_block)
    twin.chain.submit(signed)
    if bytes(signed.signature) in twin.landed[-1] or not alive:
        return
    key = signed.message.account_keys[1]
    lamports = int.from_bytes(bytes(signed.message.instructions[0].data)[4:], "little")
    twin.states[-1][key] += lamports
    twin.landed[-1].add(bytes(signed.signature))


def advance(twin: Twin, slots: int) -> None:
    """End slots one by one in the twin, at once in the chain."""
    first = twin.chain.open_block.slot + 1
    twin.chain.advance_slots(slots)
    for slot in range(first, first + slots):
        twin.open(twin.states[-1], twin.landed[-1])
        twin.slots[-1] = slot


def roll_back(twin: Twin, slots: int) -> None:
    """Drop blocks; a finalized one refuses."""
    newest = twin.slots[-1]
    if newest - slots < twin.final_slot():
        with pytest.raises(RollbackRefused):
            twin.chain.roll_back(slots)
        return
    kept = twin.index_at(newest - slots)
    twin.chain.roll_back(slots)
    for rows in (twin.slots, twin.states, twin.landed):
        del rows[kept + 1 :]
    twin.open(twin.states[-1], twin.landed[-1])


def compare(twin: Twin) -> None:
    """Compare what every commitment shows."""
    depths = {
        Commitment.PROCESSED: 0,
        Commitment.CONFIRMED: SETTINGS.confirmed_depth_slots,
        Commitment.FINALIZED: SETTINGS.finalized_depth_slots,
    }
    for commitment, depth in depths.items():
        bank = twin.chain.bank(commitment)
        index = twin.index_at(max(twin.slots[0], twin.slots[-1] - depth))
        assert bank.slot == twin.slots[index]
        for key, lamports in twin.states[index].items():
            account = twin.chain.account(key, bank)
            assert (account.lamports if account else 0) == lamports
    for signed in twin.sent:
        row = twin.chain.status(signed.signature, search_history=True)
        assert (row is not None) == (bytes(signed.signature) in twin.landed[-1])
    assert twin.chain.store.transaction_count(twin.slots[-1]) == len(twin.landed[-1])


@pytest.mark.slow
@settings(max_examples=60)
@given(STEPS)
def test_every_commitment_shows_what_whole_copies_of_all_blocks_show(steps: list[Pay]) -> None:
    """Payments, repeats, slots and rollbacks in any order leave chain and twin equal."""
    actions = {"pay": pay, "again": send_again, "advance": advance, "roll back": roll_back}
    twin = start()
    for name, number in steps:
        actions[name](twin, number)
        compare(twin)
