"""Token accounts and mints as the token programs lay them out.

Both token programs share the first bytes: a mint has 82, an account 165. With Token-2022, extension
data follows after a type byte at offset 165 (1: mint, 2: account).

    account: mint 0..32 | owner 32..64 | amount u64 64..72 | delegate option 72..108 | state 108
             | native option u64 109..121 | delegated amount u64 121..129 | close authority option
    mint:    mint authority option 0..36 | supply u64 36..44 | decimals 44 | initialized 45
             | freeze authority option 46..82
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

from solders.account import Account
from solders.pubkey import Pubkey

TOKEN_PROGRAM_ID = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
TOKEN_2022_PROGRAM_ID = Pubkey.from_string("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")
TOKEN_PROGRAM_NAMES = {TOKEN_PROGRAM_ID: "spl-token", TOKEN_2022_PROGRAM_ID: "spl-token-2022"}

MINT_BYTES = 82
ACCOUNT_BYTES = 165
MULTISIG_BYTES = 355
TYPE_OFFSET = 165
TYPE_MINT = 1
TYPE_ACCOUNT = 2


class TokenAccountState(IntEnum):
    """Life of a token account."""

    UNINITIALIZED = 0
    INITIALIZED = 1
    FROZEN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAccount:
    """The fields of a token account; amounts are in the mint's smallest unit."""

    mint: Pubkey
    owner: Pubkey
    amount_atoms: int
    delegate: Pubkey | None
    state: TokenAccountState
    native_reserve_lamports: int | None
    delegated_atoms: int
    close_authority: Pubkey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mint:
    """The fields of a mint."""

    mint_authority: Pubkey | None
    supply_atoms: int
    decimals: int
    is_initialized: bool
    freeze_authority: Pubkey | None


def read_token_account(account: Account) -> TokenAccount | None:
    """Read a token account; None if this is not an initialized one of a token program."""
    data = account.data
    if account.owner not in TOKEN_PROGRAM_NAMES or not _has_type(data, ACCOUNT_BYTES, TYPE_ACCOUNT):
        return None
    if data[108] not in (TokenAccountState.INITIALIZED, TokenAccountState.FROZEN):
        return None
    return TokenAccount(
        mint=Pubkey(data[0:32]),
        owner=Pubkey(data[32:64]),
        amount_atoms=_u64(data, 64),
        delegate=_optional_key(data, 72),
        state=TokenAccountState(data[108]),
        native_reserve_lamports=_u64(data, 113) if data[109] else None,
        delegated_atoms=_u64(data, 121),
        close_authority=_optional_key(data, 129),
    )


def read_mint(account: Account) -> Mint | None:
    """Read a mint; None if this is not an initialized one of a token program."""
    data = account.data
    if account.owner not in TOKEN_PROGRAM_NAMES or not _has_type(data, MINT_BYTES, TYPE_MINT):
        return None
    if data[45] != 1:
        return None
    return Mint(
        mint_authority=_optional_key(data, 0),
        supply_atoms=_u64(data, 36),
        decimals=data[44],
        is_initialized=True,
        freeze_authority=_optional_key(data, 46),
    )


def ui_amount(amount_atoms: int, decimals: int) -> dict[str, object]:
    """Write an amount as the RPC does: exact text, and a number for people."""
    exact = Decimal(amount_atoms).scaleb(-decimals)
    text = f"{exact:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return {
        "uiAmount": exact,
        "decimals": decimals,
        "amount": str(amount_atoms),
        "uiAmountString": text,
    }


def _has_type(data: bytes, plain_bytes: int, type_byte: int) -> bool:
    if len(data) == plain_bytes:
        return True
    # A multisig account is longer too, but carries no type byte.
    return (
        len(data) > TYPE_OFFSET and len(data) != MULTISIG_BYTES and data[TYPE_OFFSET] == type_byte
    )


def _u64(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 8], "little")


def _optional_key(data: bytes, offset: int) -> Pubkey | None:
    if not any(data[offset : offset + 4]):
        return None
    return Pubkey(data[offset + 4 : offset + 36])
