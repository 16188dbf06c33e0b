"""Words and balances as the RPC shows them, in the cases that are rare on a network."""

from __future__ import annotations

import pytest
from solders.account import Account
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.token.state import TokenAccount, TokenAccountState

from settlement.localnet.chain import Chain
from settlement.localnet.clock import SteppedClock
from settlement.localnet.machine import TransactionError
from settlement.localnet.records import token_balances
from settlement.localnet.rpc.dispatch import caller
from settlement.localnet.rpc.errors import RpcError, transaction_error_words
from settlement.localnet.rpc.token_view import parsed_account
from settlement.localnet.settings import LocalnetSettings
from settlement.localnet.store import Store
from settlement.localnet.tokens import TOKEN_2022_PROGRAM_ID, TOKEN_PROGRAM_ID

MINT, OWNER, CLOSER = (Pubkey(bytes([number] * 32)) for number in (1, 2, 3))


def held(program: Pubkey, *, native: int | None = None) -> Account:
    """Make an account with seven atoms."""
    state = TokenAccountState.Initialized
    token = TokenAccount(MINT, OWNER, 7, None, state, native, 0, CLOSER)
    return Account(lamports=1, data=bytes(token), owner=program)


@pytest.mark.parametrize(
    ("err", "words"),
    [
        ("BlockhashNotFound", "Blockhash not found"),
        ("SomethingNew", "SomethingNew"),
        (
            {"InstructionError": [2, {"Custom": 6_001}]},
            "Error processing Instruction 2: custom program error: 0x1771",
        ),
        (
            {"InstructionError": [0, "InvalidAccountData"]},
            "Error processing Instruction 0: invalid account data for instruction",
        ),
        ({"InstructionError": [0, "Rare"]}, "Error processing Instruction 0: Rare"),
        (
            {"InstructionError": [0, {"BorshIoError": "x"}]},
            "Error processing Instruction 0: {'BorshIoError': 'x'}",
        ),
        (
            {"InsufficientFundsForRent": {"account_index": 1}},
            "Transaction results in an account (1) with insufficient funds for rent",
        ),
        ({"DuplicateInstruction": 3}, "{'DuplicateInstruction': 3}"),
    ],
)
def test_errors_are_put_into_the_words_of_a_node(err: TransactionError, words: str) -> None:
    """Clients that look for the words find them; a rare error keeps its name."""
    assert transaction_error_words(err) == words


def test_a_token_account_without_its_mint_has_no_scale() -> None:
    """A mint of Token-2022 may be closed: balances then count atoms, the parsed form is absent."""
    account = held(TOKEN_2022_PROGRAM_ID)
    (balance,) = token_balances([OWNER], [account], lambda key: None)
    amount = balance["uiTokenAmount"]
    assert isinstance(amount, dict)
    assert (amount["amount"], amount["decimals"]) == ("7", 0)
    assert parsed_account(account, lambda key: None) is None


def test_the_balance_of_a_token_account_without_its_mint_is_an_error() -> None:
    """Without a scale there is no balance to tell."""
    chain = Chain(LocalnetSettings(slot_ms=None), clock=SteppedClock(), store=Store(None))
    chain.machine.put_account(OWNER, held(TOKEN_2022_PROGRAM_ID))
    with pytest.raises(RpcError, match="could not find mint"):
        caller(chain)("getTokenAccountBalance", [str(OWNER)])


def test_wrapped_coins_show_their_reserve_and_who_may_close() -> None:
    """The native account has a reserve for rent and a close authority."""
    mint = Account(1, bytes(44) + b"\x09\x01" + bytes(36), TOKEN_PROGRAM_ID)
    parsed = parsed_account(held(TOKEN_PROGRAM_ID, native=2_039_280), lambda key: mint)
    assert parsed is not None
    content = parsed["parsed"]
    assert isinstance(content, dict)
    info = content["info"]
    assert info["isNative"] is True
    assert info["rentExemptReserve"]["amount"] == "2039280"
    assert info["closeAuthority"] == str(CLOSER)


def test_a_mint_in_the_same_transaction_gives_its_scale() -> None:
    """The mint's state in the transaction counts before the one outside of it."""
    mint = Account(1, bytes(44) + b"\x03\x01" + bytes(36), TOKEN_PROGRAM_ID)
    stranger = Keypair().pubkey()
    accounts = [None, held(TOKEN_PROGRAM_ID), mint]
    (balance,) = token_balances([stranger, OWNER, MINT], accounts, lambda key: None)
    amount = balance["uiTokenAmount"]
    assert isinstance(amount, dict)
    assert (balance["accountIndex"], amount["uiAmountString"]) == (1, "0.007")
