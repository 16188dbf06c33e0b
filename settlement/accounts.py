"""Custody: where each participant's tokens lie, and the instructions that make and move them.

A custody account is a token account that the settlement authority owns, at an address made from
the authority, the account id and the asset id: anyone can work it out, nothing has to be stored.
Account 0 is the venue's own, for fees.
"""

from __future__ import annotations

from solders.instruction import Instruction
from solders.pubkey import Pubkey
from solders.system_program import (
    CreateAccountWithSeedParams,
    create_account_with_seed,
)
from spl.token.instructions import (
    create_idempotent_associated_token_account,
    get_associated_token_address,
    initialize_account3,
    transfer_checked,
)
from spl.token.models import InitializeAccount3Params, TransferCheckedParams

from settlement.registry import Asset

TOKEN_ACCOUNT_BYTES = 165


def custody_seed(account_id: int, asset_id: int) -> str:
    """Return the seed of a custody account, at most 32 bytes."""
    return f"rs:{account_id}:{asset_id}"


def custody_address(authority: Pubkey, account_id: int, asset: Asset) -> Pubkey:
    """Return the address of a participant's custody account of an asset; 0: the fee account."""
    seed = custody_seed(account_id, asset.asset_id)
    return Pubkey.create_with_seed(authority, seed, asset.token_program)


def create_custody(
    *, payer: Pubkey, authority: Pubkey, account_id: int, asset: Asset, rent_lamports: int
) -> list[Instruction]:
    """Build the instructions that make a custody account.

    Args:
        payer: Pays the rent; signs.
        authority: The settlement authority; signs, and will own the account.
        account_id: The participant, or 0 for the fee account.
        asset: Its asset.
        rent_lamports: What the node asks for an account of `TOKEN_ACCOUNT_BYTES`.
    """
    address = custody_address(authority, account_id, asset)
    create = create_account_with_seed(
        CreateAccountWithSeedParams(
            from_pubkey=payer,
            to_pubkey=address,
            base=authority,
            seed=custody_seed(account_id, asset.asset_id),
            lamports=rent_lamports,
            space=TOKEN_ACCOUNT_BYTES,
            owner=asset.token_program,
        )
    )
    initialize = initialize_account3(
        InitializeAccount3Params(
            program_id=asset.token_program, account=address, mint=asset.mint, owner=authority
        )
    )
    return [create, initialize]


def wallet_token_address(wallet: Pubkey, asset: Asset) -> Pubkey:
    """Return the associated token account of a wallet."""
    return get_associated_token_address(wallet, asset.mint, asset.token_program)


def create_wallet_token_account(*, payer: Pubkey, wallet: Pubkey, asset: Asset) -> Instruction:
    """Build the instruction that makes a wallet's token account, or does nothing if it is there."""
    return create_idempotent_associated_token_account(
        payer, wallet, asset.mint, asset.token_program
    )


def move(
    *, asset: Asset, source: Pubkey, destination: Pubkey, owner: Pubkey, amount_atoms: int
) -> Instruction:
    """Build a transfer that names mint and decimals, so that a wrong one fails; `owner` signs."""
    return transfer_checked(
        TransferCheckedParams(
            program_id=asset.token_program,
            source=source,
            mint=asset.mint,
            dest=destination,
            owner=owner,
            amount=amount_atoms,
            decimals=asset.decimals,
        )
    )


def deposit(
    *, authority: Pubkey, wallet: Pubkey, account_id: int, asset: Asset, amount_atoms: int
) -> Instruction:
    """Build a deposit: from the wallet's token account to the participant's custody account."""
    return move(
        asset=asset,
        source=wallet_token_address(wallet, asset),
        destination=custody_address(authority, account_id, asset),
        owner=wallet,
        amount_atoms=amount_atoms,
    )


def withdrawal(
    *, authority: Pubkey, wallet: Pubkey, account_id: int, asset: Asset, amount_atoms: int
) -> Instruction:
    """Build a withdrawal: from the participant's custody account to the wallet's token account."""
    return move(
        asset=asset,
        source=custody_address(authority, account_id, asset),
        destination=wallet_token_address(wallet, asset),
        owner=authority,
        amount_atoms=amount_atoms,
    )


class Custody:
    """Custody addresses of one authority, each worked out once."""

    def __init__(self, authority: Pubkey) -> None:
        """Begin with none worked out."""
        self.authority = authority
        self._known: dict[tuple[int, Asset], Pubkey] = {}

    def address(self, account_id: int, asset: Asset) -> Pubkey:
        """Return the custody address of an account and asset."""
        key = (account_id, asset)
        if key not in self._known:
            self._known[key] = custody_address(self.authority, account_id, asset)
        return self._known[key]
