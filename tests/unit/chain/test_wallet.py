"""Transactions for a user's own signature: each signer fills the own place and nothing else."""

from __future__ import annotations

import pytest
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import to_bytes_versioned
from solders.pubkey import Pubkey

from realstack.chain.market import Token
from realstack.chain.merkle import Row, Table
from realstack.chain.token import TOKEN_PROGRAM, Asset, Dividend, Registry
from realstack.chain.wallet import (
    SignatureRefused,
    WalletBuilder,
    Withdrawal,
    missing_signers,
    signers_of,
    unsigned,
    with_signature,
)

OWNER, SETTLER, STRANGER = (Keypair.from_seed(bytes([n]) * 32) for n in (1, 2, 3))
CASH = Token(Pubkey.from_bytes(bytes([9]) * 32), TOKEN_PROGRAM)
WALLET = WalletBuilder(OWNER.pubkey())
RELEASE = Withdrawal(CASH, 250, 1, 1_000, SETTLER.pubkey())


def test_two_sign_one_transaction_in_any_order() -> None:
    """The owner and the settlement authority; what comes out verifies."""
    empty = unsigned(WALLET.withdraw(RELEASE), payer=OWNER.pubkey(), blockhash=Hash.default())
    assert [OWNER.pubkey(), SETTLER.pubkey()] == signers_of(empty) == missing_signers(empty)
    signed = empty
    for key in (SETTLER, OWNER):
        signature = key.sign_message(to_bytes_versioned(signed.message))
        signed = with_signature(signed, key.pubkey(), signature)
    assert missing_signers(signed) == []
    assert [True, True] == signed.verify_with_results()
    assert len(bytes(empty)) == len(bytes(signed))


def test_a_signature_of_another_or_of_something_else_is_refused() -> None:
    """Nobody without a place, nobody else's key, and not over other bytes."""
    empty = unsigned(WALLET.request_exit(), payer=OWNER.pubkey(), blockhash=Hash.default())
    message = to_bytes_versioned(empty.message)
    with pytest.raises(SignatureRefused, match="nothing to sign"):
        with_signature(empty, STRANGER.pubkey(), STRANGER.sign_message(message))
    for wrong in (STRANGER.sign_message(message), OWNER.sign_message(message[:-1])):
        with pytest.raises(SignatureRefused, match="is not"):
            with_signature(empty, OWNER.pubkey(), wrong)


def test_a_transaction_beyond_a_limit_is_not_handed_out() -> None:
    """It could never land, so nobody is asked to sign it."""
    metas = [AccountMeta(Keypair().pubkey(), False, True) for _ in range(64)]
    with pytest.raises(SignatureRefused, match=r"bytes.*account locks"):
        unsigned(
            [Instruction(CASH.mint, b"", metas)], payer=OWNER.pubkey(), blockhash=Hash.default()
        )


def test_what_is_missing_is_made_first() -> None:
    """A vault before a deposit, the wallet's account before a payment; never twice."""
    market = WALLET.market.program_id
    assert 2 == len(WALLET.deposit(CASH, 1, vault_exists=False))
    assert 1 == len(WALLET.deposit(CASH, 1, vault_exists=True))
    opening, pay = WALLET.withdraw(RELEASE)
    assert (b"\1", market) == (bytes(opening.data), pay.program_id)
    assert 4 == len(WALLET.exit(CASH, Token(OWNER.pubkey(), TOKEN_PROGRAM)))
    assert 1 == len(WALLET.close_exit())


def test_a_wallet_claims_only_its_own_row() -> None:
    """Another's would be refused on chain too; here nobody is asked to sign it."""
    asset = Asset(Registry(), CASH.mint, TOKEN_PROGRAM)
    dividend = Dividend(asset, 0, CASH.mint, TOKEN_PROGRAM)
    table = Table(dividend.address, [Row(OWNER.pubkey(), 5), Row(STRANGER.pubkey(), 6)])
    assert 2 == len(WALLET.claim(dividend, table, 0))
    with pytest.raises(ValueError, match="row"):
        WALLET.claim(dividend, table, 1)
