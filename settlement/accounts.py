"""Custody: the vaults of the market program, each at an address made from its owner and its mint.

A participant's vaults belong to its wallet. Account 0 is the venue's own, for fees: its vaults
belong to the program's config. The clearing vaults stand between those who give and those who get;
they belong to the address that every vault obeys, and end each settlement where they began.
"""

from __future__ import annotations

from solders.instruction import Instruction
from solders.pubkey import Pubkey
from spl.token.instructions import (
    create_idempotent_associated_token_account,
    get_associated_token_address,
)

from realstack.chain.market import Market, Token
from settlement.fills import FEE_ACCOUNT_ID
from settlement.registry import Asset, RegistryFile

CLEARING_ACCOUNT_ID = (1 << 31) - 1
"""Stands for the clearing vaults; beyond every participant's account id."""


class UnknownOwner(Exception):
    """An account has no wallet, and so no vaults."""


def token_of(asset: Asset) -> Token:
    """Return an asset's mint as the market program's builders take it."""
    return Token(asset.mint, asset.token_program)


def wallet_token_address(wallet: Pubkey, asset: Asset) -> Pubkey:
    """Return the associated token account of a wallet."""
    return get_associated_token_address(wallet, asset.mint, asset.token_program)


def create_wallet_token_account(*, payer: Pubkey, wallet: Pubkey, asset: Asset) -> Instruction:
    """Build the instruction that makes a wallet's token account, or does nothing if it is there."""
    return create_idempotent_associated_token_account(
        payer, wallet, asset.mint, asset.token_program
    )


class Custody:
    """The vaults of one market program as account ids and assets, each worked out once."""

    def __init__(self, registry: RegistryFile, authority: Pubkey) -> None:
        """Begin with none worked out.

        Args:
            registry: Names the program, and the wallets of accounts.
            authority: The settlement authority.
        """
        self.authority = authority
        self.market = Market(registry.current.market_program)
        self._registry = registry
        self._known: dict[tuple[Pubkey, Pubkey], Pubkey] = {}

    def owner(self, account_id: int) -> Pubkey:
        """Return whose vaults an account's are.

        Raises:
            UnknownOwner: The instruments file names no wallet for it, even when read again.
        """
        if account_id == FEE_ACCOUNT_ID:
            return self.market.config
        if account_id == CLEARING_ACCOUNT_ID:
            return self.market.authority
        wallet = self._registry.current.wallets.get(account_id)
        if wallet is None and self._registry.refresh():
            wallet = self._registry.current.wallets.get(account_id)
        if wallet is None:
            raise UnknownOwner(f"account {account_id}: the instruments file names no wallet")
        return wallet

    def address(self, account_id: int, asset: Asset) -> Pubkey:
        """Return the vault of an account and asset.

        Raises:
            UnknownOwner: The account has no wallet.
        """
        key = (self.owner(account_id), asset.mint)
        if key not in self._known:
            self._known[key] = self.market.vault(*key)[0]
        return self._known[key]
