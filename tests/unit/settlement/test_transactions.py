"""Sizes are exact, and a transaction is what its payment says."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import MessageV1, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction
from spl.token.constants import TOKEN_2022_PROGRAM_ID

from engine.core.invariants import BrokenInvariant
from realstack.chain.limits import (
    ACCOUNT_LOCKS_MAX,
    COMPUTE_UNITS_MAX,
    INSTRUCTION_TRACE_MAX,
    TRANSACTION_V1_BYTES_MAX,
)
from realstack.chain.market import Batch, Market
from settlement.accounts import CLEARING_ACCOUNT_ID, Custody, UnknownOwner
from settlement.fills import Fill
from settlement.netting import Transfer, net, transfers
from settlement.registry import Asset
from settlement.transactions import (
    SignerMissing,
    batch_size,
    compile_message,
    deltas_of,
    is_clearing,
    settlement_instruction,
    sign,
    unsigned,
    withdrawal_instructions,
)
from settlement.windows import legs_of, part_of
from tests.unit.settlement.makers import StillRegistry, fills

AUTHORITY = Keypair.from_seed(bytes(32))
WALLET = Keypair.from_seed(bytes([1] * 32))
BLOCKHASH = Hash(bytes([7] * 32))
ASSETS = {
    asset_id: Asset(asset_id, f"A{asset_id}", 6, Pubkey(bytes([asset_id] * 32)))
    for asset_id in range(1, 10)
}
CUSTODY = Custody(StillRegistry(range(1, 300)), AUTHORITY.pubkey())


class MemorySigner:
    """Signs with a key that the test knows."""

    def __init__(self, key: Keypair) -> None:
        self.address = key.pubkey()
        self.sign = key.sign_message


SIGNERS = {key.pubkey(): MemorySigner(key) for key in (AUTHORITY, WALLET)}


def message(
    moved: list[Transfer], batch_id: int = 1, assets: dict[int, Asset] = ASSETS
) -> MessageV1:
    """Lay out the transaction of a batch."""
    batch = Batch(batch_id, bytes(32), 1_000, deltas_of(CUSTODY, assets, moved))
    return compile_message(
        AUTHORITY.pubkey(),
        [settlement_instruction(CUSTODY, batch, clearing=is_clearing(moved))],
        BLOCKHASH,
        units=200_000,
    )


def real_size(moved: list[Transfer], assets: dict[int, Asset] = ASSETS) -> tuple[int, int]:
    """Build the transaction and measure bytes and locks."""
    made = message(moved, 10**12 - 1, assets)
    return len(sign(made, SIGNERS).transaction_bytes), len(made.account_keys)


@pytest.mark.slow
@given(fills(accounts=6, assets=3, count_max=6))
def test_the_size_worked_out_is_the_size_of_the_real_transaction(made: list[Fill]) -> None:
    """The packer's arithmetic is exact to the byte."""
    whole = transfers(net(made))
    legs = legs_of(net(made))
    for moved in (whole, list(part_of(legs, legs).transfers), list(part_of([1], legs).transfers)):
        expected = batch_size(moved)
        if moved and expected.fits:
            assert (expected.transaction_bytes, expected.account_locks) == real_size(moved)


def test_two_token_programs_take_one_key_more() -> None:
    """A batch may move assets of both token programs."""
    assets = ASSETS | {2: replace(ASSETS[2], token_program=TOKEN_2022_PROGRAM_ID)}
    moved = [Transfer(1, 1, 2, 5), Transfer(2, 2, 1, 5)]
    expected = batch_size(moved, programs=2)
    assert (expected.transaction_bytes, expected.account_locks) == real_size(moved, assets)


def test_26_participants_with_two_vaults_each_fit_and_28_do_not() -> None:
    """Locks are the wall: payer, programs, receipt and mints count too, and clearing vaults."""
    pairs = [
        Transfer(asset, 2 * index + 1, 2 * index + 2, 1) for index in range(14) for asset in (1, 2)
    ]
    assert batch_size(pairs[:26]).fits
    assert 61 == batch_size(pairs[:26]).account_locks
    assert 65 == batch_size(pairs).account_locks
    assert not batch_size(pairs).fits
    cleared = [
        Transfer(asset, CLEARING_ACCOUNT_ID, account, 1)
        for account in range(28)
        for asset in (1, 2)
    ]
    assert (26, 63) == (
        batch_size(cleared[:52]).participants,
        batch_size(cleared[:52]).account_locks,
    )
    assert batch_size(cleared[:52]).fits
    assert not batch_size(cleared).fits


def test_a_message_beyond_a_limit_is_never_signed() -> None:
    """Whoever made the payment had to see to its size; LiteSVM does not look at it."""
    pairs = [Transfer(1, 100 + index, 200 + index, 1) for index in range(40)]
    with pytest.raises(BrokenInvariant, match="fits its limits"):
        message(pairs)


def test_each_limit_alone_bounds_a_batch() -> None:
    """Bytes, locks, trace and compute."""
    full = replace(
        batch_size([Transfer(1, 1, 2, 5)]),
        transaction_bytes=TRANSACTION_V1_BYTES_MAX,
        account_locks=ACCOUNT_LOCKS_MAX,
        instruction_trace=INSTRUCTION_TRACE_MAX,
        compute_units=COMPUTE_UNITS_MAX,
    )
    assert full.fits
    assert not replace(full, transaction_bytes=TRANSACTION_V1_BYTES_MAX + 1).fits
    assert not replace(full, account_locks=ACCOUNT_LOCKS_MAX + 1).fits
    assert not replace(full, instruction_trace=INSTRUCTION_TRACE_MAX + 1).fits
    assert not replace(full, compute_units=COMPUTE_UNITS_MAX + 1).fits


def test_two_payments_that_move_the_same_are_two_transactions() -> None:
    """Otherwise the chain would take the second for the first and run it never."""
    moved = [Transfer(1, 1, 2, 5)]
    signatures = {sign(message(moved, each), SIGNERS).signature for each in (1, 2)}
    assert 2 == len(signatures)


def test_batches_and_withdrawals_never_share_a_receipt() -> None:
    """Their numbers overlap, their receipts do not."""
    assert Market().receipt(0, 7) != Market().receipt(1, 7)


def test_an_account_without_a_wallet_has_no_vault() -> None:
    """It could not have deposited; nothing is guessed."""
    with pytest.raises(UnknownOwner, match="account 999"):
        CUSTODY.address(999, ASSETS[1])


def withdrawal() -> MessageV1:
    """Lay out a withdrawal to the wallet that owns the vault."""
    steps = withdrawal_instructions(
        CUSTODY,
        ASSETS[1],
        withdrawal_id=3,
        wallet=WALLET.pubkey(),
        amount_atoms=5,
        deadline_slot=9,
    )
    return compile_message(AUTHORITY.pubkey(), steps, BLOCKHASH, units=200_000)


def test_a_withdrawal_needs_its_owners_signature() -> None:
    """Settlement alone cannot pay out: the program asks for both."""
    with pytest.raises(SignerMissing, match=str(WALLET.pubkey())):
        sign(withdrawal(), {AUTHORITY.pubkey(): SIGNERS[AUTHORITY.pubkey()]})


def test_the_signatures_and_hash_are_of_the_bytes_that_are_sent() -> None:
    """What is stored before the broadcast names exactly what is broadcast."""
    made = withdrawal()
    signed = sign(made, SIGNERS)
    sent = VersionedTransaction.from_bytes(signed.transaction_bytes)
    assert signed.signature == sent.signatures[0]
    assert [True, True] == sent.verify_with_results()
    assert hashlib.sha256(to_bytes_versioned(sent.message)).digest() == signed.payload_sha256
    assert len(bytes(unsigned(made))) == len(signed.transaction_bytes)
