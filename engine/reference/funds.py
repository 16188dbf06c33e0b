"""Deposits and withdrawals: what settlement and members do to balances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.core.commands import CommandKind
from engine.core.limits import ASSET_TOTAL_ATOMS_MAX
from engine.core.rejects import Reject
from engine.reference.command import Command
from engine.reference.event import Events
from engine.reference.state import Withdrawal

if TYPE_CHECKING:
    from engine.reference.venue import ReferenceVenue


def deposit(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Credit a deposit to the free balance."""
    asset = venue.assets_by_id[command.asset_id]
    if asset.deposited + command.amount_atoms > ASSET_TOTAL_ATOMS_MAX:
        return Reject.BALANCE_TOO_LARGE
    asset.deposited += command.amount_atoms
    venue.ledger.credit(command.account_id, command.asset_id, command.amount_atoms)
    _answer(venue, events, command.account_id, command.asset_id, command.amount_atoms, 0)
    return Reject.NONE


def hold(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Hold free funds for a withdrawal, under an id from the venue's order ids."""
    if venue.ledger.balance(command.account_id, command.asset_id).free < command.amount_atoms:
        return Reject.INSUFFICIENT_FUNDS
    withdrawal = Withdrawal(
        venue.take_order_id(), command.account_id, command.asset_id, command.amount_atoms
    )
    venue.ledger.hold(command.account_id, command.asset_id, command.amount_atoms)
    venue.withdrawals[withdrawal.withdrawal_id] = withdrawal
    _answer_withdrawal(venue, events, withdrawal)
    return Reject.NONE


def release(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Give a withdrawal's funds back."""
    withdrawal = _open_withdrawal(venue, command)
    if withdrawal is None:
        return Reject.UNKNOWN_WITHDRAWAL
    del venue.withdrawals[withdrawal.withdrawal_id]
    venue.ledger.release(withdrawal.account_id, withdrawal.asset_id, withdrawal.amount_atoms)
    _answer_withdrawal(venue, events, withdrawal)
    return Reject.NONE


def finalize(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Take a withdrawal's funds out of the ledger: they left on chain."""
    withdrawal = _open_withdrawal(venue, command)
    if withdrawal is None:
        return Reject.UNKNOWN_WITHDRAWAL
    del venue.withdrawals[withdrawal.withdrawal_id]
    venue.assets_by_id[withdrawal.asset_id].withdrawn += withdrawal.amount_atoms
    venue.ledger.finalize(withdrawal.account_id, withdrawal.asset_id, withdrawal.amount_atoms)
    _answer_withdrawal(venue, events, withdrawal)
    return Reject.NONE


def _open_withdrawal(venue: ReferenceVenue, command: Command) -> Withdrawal | None:
    withdrawal = venue.withdrawals.get(command.order_id)
    if withdrawal is None or withdrawal.account_id != command.account_id:
        return None
    return withdrawal


def _answer_withdrawal(venue: ReferenceVenue, events: Events, withdrawal: Withdrawal) -> None:
    _answer(
        venue,
        events,
        withdrawal.account_id,
        withdrawal.asset_id,
        withdrawal.amount_atoms,
        withdrawal.withdrawal_id,
    )


def _answer(
    venue: ReferenceVenue,
    events: Events,
    account_id: int,
    asset_id: int,
    amount_atoms: int,
    withdrawal_id: int,
) -> None:
    events.balance(
        account_id,
        asset_id,
        venue.ledger.balance(account_id, asset_id),
        quantity_lots=amount_atoms,
        order_id=withdrawal_id,
    )


MOVERS = {
    CommandKind.DEPOSIT: deposit,
    CommandKind.WITHDRAW_HOLD: hold,
    CommandKind.WITHDRAW_RELEASE: release,
    CommandKind.WITHDRAW_FINALIZE: finalize,
}
