"""Token accounts and mints in the `jsonParsed` form."""

from __future__ import annotations

from collections.abc import Callable

from solders.account import Account
from solders.pubkey import Pubkey

from settlement.localnet.tokens import (
    TOKEN_PROGRAM_NAMES,
    Mint,
    TokenAccount,
    TokenAccountState,
    read_mint,
    read_token_account,
    ui_amount,
)

AccountReader = Callable[[Pubkey], Account | None]


def parsed_account(account: Account, read_account: AccountReader) -> dict[str, object] | None:
    """Write the parsed form of a token account or mint; None if it is neither."""
    token = read_token_account(account)
    if token is not None:
        decimals = decimals_of(token.mint, read_account)
        # Without its mint an amount has no scale, and a real node does not parse it either.
        if decimals is None:
            return None
        return _parsed(account, "account", token_account_info(token, decimals))
    mint = read_mint(account)
    if mint is not None:
        return _parsed(account, "mint", mint_info(mint))
    return None


def decimals_of(mint: Pubkey, read_account: AccountReader) -> int | None:
    """Read the decimals of a mint; None if there is no such mint."""
    account = read_account(mint)
    state = read_mint(account) if account is not None else None
    return state.decimals if state is not None else None


def _parsed(account: Account, kind: str, info: dict[str, object]) -> dict[str, object]:
    return {
        "program": TOKEN_PROGRAM_NAMES[account.owner],
        "parsed": {"type": kind, "info": info},
        "space": len(account.data),
    }


def token_account_info(token: TokenAccount, decimals: int) -> dict[str, object]:
    """Write the fields of a token account."""
    info: dict[str, object] = {
        "mint": str(token.mint),
        "owner": str(token.owner),
        "tokenAmount": ui_amount(token.amount_atoms, decimals),
        "state": "frozen" if token.state is TokenAccountState.FROZEN else "initialized",
        "isNative": token.native_reserve_lamports is not None,
    }
    if token.delegate is not None:
        info["delegate"] = str(token.delegate)
        info["delegatedAmount"] = ui_amount(token.delegated_atoms, decimals)
    if token.native_reserve_lamports is not None:
        info["rentExemptReserve"] = ui_amount(token.native_reserve_lamports, decimals)
    if token.close_authority is not None:
        info["closeAuthority"] = str(token.close_authority)
    return info


def mint_info(mint: Mint) -> dict[str, object]:
    """Write the fields of a mint."""
    return {
        "mintAuthority": str(mint.mint_authority) if mint.mint_authority else None,
        "supply": str(mint.supply_atoms),
        "decimals": mint.decimals,
        "isInitialized": mint.is_initialized,
        "freezeAuthority": str(mint.freeze_authority) if mint.freeze_authority else None,
    }
