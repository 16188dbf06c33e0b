"""Records of payments: what is to be made exactly once, and the transactions signed for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from solders.pubkey import Pubkey
from solders.signature import Signature

from settlement.accounts import CLEARING_ACCOUNT_ID
from settlement.states import State


class PaymentKind(StrEnum):
    """What a payment is for."""

    BATCH = "BATCH"
    WITHDRAWAL = "WITHDRAWAL"


@dataclass(frozen=True, slots=True)
class Move:
    """Tokens that leave a custody account: to another one, or out to a wallet."""

    asset_id: int
    from_account_id: int
    to_account_id: int | None
    to_wallet: Pubkey | None
    amount_atoms: int


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as claimed by a worker.

    Attributes:
        payment_id: Its number.
        kind: What it is for.
        state: Where it stands.
        order_key: Its place in trade order: the trade id of its first fill; 0 for a withdrawal.
        receipt_number: With the kind it names its receipt on chain: batch id or withdrawal id.
        failures: How often it, or the batch that it was split from, failed on chain.
        attempts: How often it was signed.
        moves: What it moves.
        fills_sha256: Hash of a batch's fills, which its receipt holds.
    """

    payment_id: int
    kind: PaymentKind
    state: State
    order_key: int
    receipt_number: int
    failures: int
    attempts: int
    moves: tuple[Move, ...]
    fills_sha256: bytes = bytes(32)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A transaction that was signed for a payment, stored before its first broadcast.

    Attributes:
        signature: Names the transaction.
        last_valid_block_height: The last height at which it may land.
        payload_sha256: Hash of the message that was signed.
        transaction_bytes: What is broadcast, always the same.
        signed_slot: The slot that the node was at.
        signed_time_ns: When.
        account_locks: Accounts that the transaction names.
        participants: Owners whose vaults it changes, the venue's included.
        compute_units: What its simulation took.
    """

    signature: Signature
    last_valid_block_height: int
    payload_sha256: bytes
    transaction_bytes: bytes
    signed_slot: int
    signed_time_ns: int
    account_locks: int = 0
    participants: int = 0
    compute_units: int = 0


def participants_of(payment: Payment) -> set[int]:
    """Return the accounts whose vaults a payment changes: the fee account's too, no clearing."""
    accounts = {move.from_account_id for move in payment.moves}
    arriving = {each.to_account_id for each in payment.moves if each.to_account_id is not None}
    return (accounts | arriving) - {CLEARING_ACCOUNT_ID}
