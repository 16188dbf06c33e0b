"""From a payment to the message that makes it."""

from __future__ import annotations

from solders.hash import Hash
from solders.message import MessageV1

from engine.core.invariants import check
from realstack.chain.market import Batch
from settlement.accounts import Custody
from settlement.netting import Transfer
from settlement.payments import Payment, PaymentKind
from settlement.registry import Asset, RegistryFile
from settlement.transactions import (
    DEADLINE_SLOTS,
    WITHDRAWAL_UNITS,
    batch_size,
    compile_message,
    deltas_of,
    is_clearing,
    settlement_instruction,
    withdrawal_instructions,
)


class UnknownAsset(Exception):
    """A payment moves an asset whose mint the instruments file does not tell."""


class Builder:
    """Lays out messages of one market program."""

    def __init__(self, custody: Custody, registry: RegistryFile) -> None:
        """Take what all messages share.

        Args:
            custody: Addresses of vaults.
            registry: Mints of assets.
        """
        self._custody = custody
        self._registry = registry

    def message(self, payment: Payment, blockhash: Hash, slot: int) -> MessageV1:
        """Lay out the message of a payment.

        Args:
            payment: A batch or a withdrawal.
            blockhash: What its life is counted from.
            slot: Where that was told: the deadline is counted from it.

        Raises:
            UnknownAsset: When an asset of it has no mint.
            UnknownOwner: When an account of it has no wallet.
        """
        if payment.kind is PaymentKind.WITHDRAWAL:
            return self._withdrawal(payment, blockhash, slot)
        transfers = transfers_of(payment)
        assets = {each.asset_id: self.asset(each.asset_id) for each in transfers}
        batch = Batch(
            batch_id=payment.receipt_number,
            fills_hash=payment.fills_sha256,
            deadline_slot=slot + DEADLINE_SLOTS,
            deltas=deltas_of(self._custody, assets, transfers),
        )
        programs = {asset.token_program for asset in assets.values()}
        return compile_message(
            self._custody.authority,
            [settlement_instruction(self._custody, batch, clearing=is_clearing(transfers))],
            blockhash,
            units=batch_size(transfers, len(programs)).compute_units,
        )

    def _withdrawal(self, payment: Payment, blockhash: Hash, slot: int) -> MessageV1:
        (move,) = payment.moves
        if move.to_wallet is None:
            raise LookupError("a withdrawal goes to a wallet")
        owner = self._custody.owner(move.from_account_id)
        check(owner == move.to_wallet, "a withdrawal goes to the wallet that owns the vault")
        instructions = withdrawal_instructions(
            self._custody,
            self.asset(move.asset_id),
            withdrawal_id=payment.receipt_number,
            wallet=move.to_wallet,
            amount_atoms=move.amount_atoms,
            deadline_slot=slot + DEADLINE_SLOTS,
        )
        return compile_message(
            self._custody.authority, instructions, blockhash, units=WITHDRAWAL_UNITS
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


def transfers_of(payment: Payment) -> list[Transfer]:
    """Return the moves of a payment that stay in custody."""
    return [
        Transfer(move.asset_id, move.from_account_id, move.to_account_id, move.amount_atoms)
        for move in payment.moves
        if move.to_account_id is not None
    ]
