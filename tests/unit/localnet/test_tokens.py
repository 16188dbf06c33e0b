"""Token accounts and mints read from their bytes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.account import Account
from solders.pubkey import Pubkey
from solders.token.state import Mint as LibraryMint
from solders.token.state import TokenAccount as LibraryAccount
from solders.token.state import TokenAccountState as LibraryState

from settlement.localnet.tokens import (
    TOKEN_2022_PROGRAM_ID,
    TOKEN_PROGRAM_ID,
    TokenAccountState,
    read_mint,
    read_token_account,
    ui_amount,
)

KEYS = st.binary(min_size=32, max_size=32).map(Pubkey)
U64 = st.integers(0, 2**64 - 1)
U8 = st.integers(0, 255)


def held_by(program: Pubkey, data: bytes) -> Account:
    """Put data into an account of a program."""
    return Account(lamports=1, data=data, owner=program)


@given(KEYS, KEYS, U64, st.none() | KEYS, st.booleans(), U64, st.none() | KEYS, st.none() | U64)
def test_an_account_reads_as_the_library_wrote_it(
    mint: Pubkey,
    owner: Pubkey,
    amount: int,
    delegate: Pubkey | None,
    frozen: bool,
    delegated: int,
    close_authority: Pubkey | None,
    native: int | None,
) -> None:
    """Every field comes back, the optional ones too."""
    data = bytes(
        LibraryAccount(
            mint,
            owner,
            amount,
            delegate,
            LibraryState.Frozen if frozen else LibraryState.Initialized,
            native,
            delegated,
            close_authority,
        )
    )
    for program, tail in ((TOKEN_PROGRAM_ID, b""), (TOKEN_2022_PROGRAM_ID, b"\2" + bytes(9))):
        read = read_token_account(held_by(program, data + tail))
        assert read is not None
        assert (read.mint, read.owner, read.amount_atoms) == (mint, owner, amount)
        assert (read.delegate, read.delegated_atoms) == (delegate, delegated)
        assert (read.close_authority, read.native_reserve_lamports) == (close_authority, native)
        assert (read.state is TokenAccountState.FROZEN) == frozen
        assert read_mint(held_by(program, data + tail)) is None


@given(st.none() | KEYS, U64, U8, st.none() | KEYS)
def test_a_mint_reads_as_the_library_wrote_it(
    mint_authority: Pubkey | None, supply: int, decimals: int, freeze_authority: Pubkey | None
) -> None:
    """Authorities, supply and decimals come back."""
    data = bytes(LibraryMint(mint_authority, supply, decimals, True, freeze_authority))
    extended = data + bytes(165 - len(data)) + b"\1" + bytes(9)
    for whole in (data, extended):
        read = read_mint(held_by(TOKEN_2022_PROGRAM_ID, whole))
        assert read is not None
        assert (read.mint_authority, read.supply_atoms) == (mint_authority, supply)
        assert (read.decimals, read.freeze_authority) == (decimals, freeze_authority)
        assert read_token_account(held_by(TOKEN_2022_PROGRAM_ID, whole)) is None


@pytest.mark.parametrize(
    ("program", "data"),
    [
        (TOKEN_PROGRAM_ID, b""),
        (TOKEN_PROGRAM_ID, bytes(82)),
        (TOKEN_PROGRAM_ID, bytes(165)),
        (TOKEN_PROGRAM_ID, b"\1" * 355),
        (TOKEN_PROGRAM_ID, bytes(108) + b"\7" + bytes(56)),
        (TOKEN_2022_PROGRAM_ID, bytes(165) + b"\3" + bytes(10)),
        (Pubkey.default(), bytes(108) + b"\1" + bytes(56)),
    ],
    ids=["empty", "blank mint", "blank account", "multisig", "no state", "no type", "no token"],
)
def test_what_is_no_live_token_account_or_mint_reads_as_none(program: Pubkey, data: bytes) -> None:
    """Uninitialized, foreign or odd data is never taken for tokens."""
    assert read_token_account(held_by(program, data)) is None
    assert read_mint(held_by(program, data)) is None


@pytest.mark.parametrize(
    ("atoms", "decimals", "text"),
    [
        (0, 6, "0"),
        (1, 0, "1"),
        (1, 9, "0.000000001"),
        (1_500_000, 6, "1.5"),
        (100, 2, "1"),
        (120, 0, "120"),
        (2**64 - 1, 9, "18446744073.709551615"),
    ],
)
def test_an_amount_is_written_exactly(atoms: int, decimals: int, text: str) -> None:
    """The text has no needless zeros and the number is exact."""
    written = ui_amount(atoms, decimals)
    assert written["uiAmountString"] == text
    assert written["uiAmount"] == Decimal(text)
    assert (written["amount"], written["decimals"]) == (str(atoms), decimals)
