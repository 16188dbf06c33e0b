"""From a payment to the message that makes it."""

from __future__ import annotations

from solders.hash import Hash
from solders.instruction import Instruction
from solders.message import Message

from settlement.accounts import Custody
from settlement.netting import Transfer
from settlement.payments import Move, Payment
from settlement.registry import Asset, RegistryFile
from settlement.transactions import (
    batch_instructions,
    compile_message,
    receipt,
    withdrawal_instructions,
)


class UnknownAsset(Exception):
    """A payment moves an asset whose mint the instruments file does not tell."""


class Builder:
    """Lays out messages under one authority."""

    def __init__(self, custody: Custody, registry: RegistryFile, *, rent_lamports: int) -> None:
        """Take what all messages share.

        Args:
            custody: Addresses of custody accounts.
            registry: Mints of assets.
            rent_lamports: What the node asks for an account without data: a receipt.
        """
        self._custody = custody
        self._registry = registry
        self._rent_lamports = rent_lamports

    def message(self, payment: Payment, blockhash: Hash) -> Message:
        """Lay out the message of a payment.

        Raises:
            UnknownAsset: When an asset of it has no mint.
        """
        authority = self._custody.authority
        instructions = [receipt(authority, payment.receipt_seed, self._rent_lamports)]
        transfers: list[Transfer] = []
        for move in payment.moves:
            if move.to_account_id is not None:
                transfers.append(
                    Transfer(
                        move.asset_id,
                        move.from_account_id,
                        move.to_account_id,
                        move.amount_atoms,
                    )
                )
            else:
                instructions += self._withdrawal(move)
        assets = {each.asset_id: self.asset(each.asset_id) for each in transfers}
        instructions += batch_instructions(self._custody, assets, transfers)
        return compile_message(authority, instructions, blockhash)

    def _withdrawal(self, move: Move) -> list[Instruction]:
        if move.to_wallet is None:
            raise LookupError("a move goes to a custody account or to a wallet")
        return withdrawal_instructions(
            self._custody,
            self.asset(move.asset_id),
            account_id=move.from_account_id,
            wallet=move.to_wallet,
            amount_atoms=move.amount_atoms,
        )

    def asset(self, asset_id: int) -> Asset:
        """Return an asset with its mint.

        Raises:
            UnknownAsset: The instruments file does not have it, even when read again.
        """
        if asset_id not in self._registry.current.assets:
            self._registry.refresh()
        asset = self._registry.current.assets.get(asset_id)
        if asset is None:
            raise UnknownAsset(f"asset {asset_id}: the instruments file names no mint")
        return asset
