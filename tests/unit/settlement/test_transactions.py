"""Sizes are exact, and a transaction is what its payment says."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.hash import Hash
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction
from spl.token.constants import TOKEN_2022_PROGRAM_ID

from engine.core.invariants import BrokenInvariant
from settlement.accounts import Custody
from settlement.fills import Fill
from settlement.netting import Transfer, net, transfers
from settlement.registry import Asset
from settlement.transactions import (
    ACCOUNT_LOCKS_MAX,
    TRANSACTION_BYTES_MAX,
    Size,
    batch_instructions,
    batch_receipt_seed,
    batch_size,
    compile_message,
    receipt,
    receipt_address,
    sign,
    withdrawal_instructions,
    withdrawal_receipt_seed,
)
from tests.unit.settlement.makers import fills

AUTHORITY = Keypair.from_seed(bytes(32))
ASSETS = {
    asset_id: Asset(asset_id, f"A{asset_id}", 6, Pubkey(bytes([asset_id] * 32)))
    for asset_id in range(1, 10)
}
BLOCKHASH = Hash(bytes([7] * 32))


class MemorySigner:
    """Signs with a key that the test knows."""

    address = AUTHORITY.pubkey()
    sign = AUTHORITY.sign_message


def real_size(moved: list[Transfer], batch_id: int, assets: dict[int, Asset]) -> Size:
    """Build the transaction and measure it."""
    custody = Custody(AUTHORITY.pubkey())
    steps = [receipt(AUTHORITY.pubkey(), batch_receipt_seed(batch_id), 890_880)]
    steps += batch_instructions(custody, assets, moved)
    message = compile_message(AUTHORITY.pubkey(), steps, BLOCKHASH)
    signed = sign(message, MemorySigner())
    return Size(len(signed.transaction_bytes), len(message.account_keys), len(steps))


@pytest.mark.slow
@given(fills(accounts=6, assets=3, count_max=6), st.sampled_from([1, 999, 10**12 - 1]))
def test_the_size_worked_out_is_the_size_of_the_real_transaction(
    made: list[Fill], batch_id: int
) -> None:
    """The packer's arithmetic is exact to the byte."""
    moved = transfers(net(made))
    expected = batch_size(moved, programs=1 if moved else 0)
    if expected.fits:
        assert expected == real_size(moved, batch_id, ASSETS)


def test_two_token_programs_take_one_key_more() -> None:
    """A batch may move assets of both token programs."""
    assets = ASSETS | {2: replace(ASSETS[2], token_program=TOKEN_2022_PROGRAM_ID)}
    moved = [Transfer(1, 1, 2, 5), Transfer(2, 2, 1, 5)]
    assert batch_size(moved, programs=2) == real_size(moved, 1, assets)


def test_ten_distinct_pairs_of_one_mint_fit_and_eleven_do_not() -> None:
    """What a legacy transaction with a receipt carries."""
    pairs = [Transfer(1, 100 + index, 200 + index, 1) for index in range(11)]
    assert batch_size(pairs[:10]).fits
    assert not batch_size(pairs).fits
    assert batch_size(pairs[:10]) == real_size(pairs[:10], 1, ASSETS)


def test_a_message_beyond_a_limit_is_never_signed() -> None:
    """Whoever made the payment had to see to its size; LiteSVM does not look at it."""
    pairs = [Transfer(1, 100 + index, 200 + index, 1) for index in range(11)]
    with pytest.raises(BrokenInvariant, match="fits its limits"):
        real_size(pairs, 1, ASSETS)


def test_locks_and_trace_bound_a_batch_as_bytes_do() -> None:
    """Each limit alone is enough to refuse."""
    full = Size(TRANSACTION_BYTES_MAX, ACCOUNT_LOCKS_MAX, 64)
    assert full.fits
    assert not replace(full, transaction_bytes=TRANSACTION_BYTES_MAX + 1).fits
    assert not replace(full, account_locks=ACCOUNT_LOCKS_MAX + 1).fits
    assert not replace(full, instructions=65).fits


def test_two_payments_that_move_the_same_are_two_transactions() -> None:
    """Otherwise the chain would take the second for the first and run it never."""
    custody = Custody(AUTHORITY.pubkey())
    moved = batch_instructions(custody, ASSETS, [Transfer(1, 1, 2, 5)])
    signatures = {
        sign(
            compile_message(
                AUTHORITY.pubkey(),
                [receipt(AUTHORITY.pubkey(), batch_receipt_seed(batch_id), 1), *moved],
                BLOCKHASH,
            ),
            MemorySigner(),
        ).signature
        for batch_id in (1, 2)
    }
    assert 2 == len(signatures)


def test_batches_and_withdrawals_never_share_a_receipt() -> None:
    """Their numbers overlap, their receipts do not."""
    address = AUTHORITY.pubkey()
    assert receipt_address(address, batch_receipt_seed(7)) != receipt_address(
        address, withdrawal_receipt_seed(7)
    )
    assert len(withdrawal_receipt_seed(2**63 - 1)) <= 32


def test_the_signature_and_hash_are_of_the_bytes_that_are_sent() -> None:
    """What is stored before the broadcast names exactly what is broadcast."""
    steps = withdrawal_instructions(
        Custody(AUTHORITY.pubkey()),
        ASSETS[1],
        account_id=3,
        wallet=Pubkey(bytes([9] * 32)),
        amount_atoms=5,
    )
    message = compile_message(AUTHORITY.pubkey(), steps, BLOCKHASH)
    signed = sign(message, MemorySigner())
    sent = VersionedTransaction.from_bytes(signed.transaction_bytes)
    assert [signed.signature] == sent.signatures
    assert [True] == sent.verify_with_results()
    assert hashlib.sha256(bytes(sent.message)).digest() == signed.payload_sha256
