"""The transactions of settlement: instructions, size, signature.

Each begins with a receipt: an empty account at an address made from the payment's name. It can be
made only once, so a second transaction of the same payment fails as a whole, whatever a node told
us, and two payments that move the same tokens never have the same bytes.

    receipt            create_account_with_seed(authority, "rs:b:<batch id>"), no data
    then, for a batch       one transferChecked a transfer
    then, for a withdrawal  the wallet's token account if it is missing, and one transferChecked
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from solders.hash import Hash
from solders.instruction import Instruction
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import ID as SYSTEM_PROGRAM
from solders.system_program import CreateAccountWithSeedParams, create_account_with_seed
from solders.transaction import VersionedTransaction

from engine.core.invariants import check
from settlement.accounts import Custody, create_wallet_token_account, move, withdrawal
from settlement.netting import Transfer
from settlement.registry import Asset
from settlement.signer import Signer

TRANSACTION_BYTES_MAX = 1_232  # legacy and version 0: what one packet carries
ACCOUNT_LOCKS_MAX = 64  # in every version
INSTRUCTION_TRACE_MAX = 64  # top level and inner; transferChecked has no inner ones

RECEIPT_INDEX = 0  # the receipt is the first instruction

_KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_RECEIPT_SEED_BYTES = 17
# Program index, two account indexes, lengths, and the data of create_account_with_seed.
_RECEIPT_BYTES = 1 + 1 + 2 + 1 + (4 + 32 + 8 + _RECEIPT_SEED_BYTES + 8 + 8 + 32)
# Program index, four account indexes, lengths, and the data of transferChecked.
_TRANSFER_BYTES = 1 + 1 + 4 + 1 + 10
# Lengths of signatures, keys and instructions (below 128: one byte each), header, blockhash.
_FRAME_BYTES = 1 + _SIGNATURE_BYTES + 3 + 1 + 32 + 1


@dataclass(frozen=True, slots=True)
class Size:
    """What a transaction takes of each limit."""

    transaction_bytes: int
    account_locks: int
    instructions: int

    @property
    def fits(self) -> bool:
        """Tell whether one transaction can carry it."""
        return (
            self.transaction_bytes <= TRANSACTION_BYTES_MAX
            and self.account_locks <= ACCOUNT_LOCKS_MAX
            and self.instructions <= INSTRUCTION_TRACE_MAX
        )


def batch_size(transfers: Iterable[Transfer], programs: int = 1) -> Size:
    """Work out the size of a batch's transaction without building it.

    Args:
        transfers: What the batch moves.
        programs: How many token programs its assets use.
    """
    count = 0
    custody: set[tuple[int, int]] = set()
    mints: set[int] = set()
    for transfer in transfers:
        count += 1
        mints.add(transfer.asset_id)
        custody.add((transfer.asset_id, transfer.from_account_id))
        custody.add((transfer.asset_id, transfer.to_account_id))
    keys = 3 + programs + len(custody) + len(mints)  # authority, receipt, system program
    length = _FRAME_BYTES + keys * _KEY_BYTES + _RECEIPT_BYTES + count * _TRANSFER_BYTES
    return Size(length, keys, 1 + count)


def batch_receipt_seed(batch_id: int) -> str:
    """Return the seed of a batch's receipt; always of one length, so that sizes are exact."""
    return f"rs:b:{batch_id:012d}"


def withdrawal_receipt_seed(withdrawal_id: int) -> str:
    """Return the seed of a withdrawal's receipt."""
    return f"rs:w:{withdrawal_id}"


def receipt_address(authority: Pubkey, seed: str) -> Pubkey:
    """Return the address of a receipt."""
    return Pubkey.create_with_seed(authority, seed, SYSTEM_PROGRAM)


def receipt(authority: Pubkey, seed: str, rent_lamports: int) -> Instruction:
    """Build the instruction that makes the receipt, and fails if it was made before."""
    return create_account_with_seed(
        CreateAccountWithSeedParams(
            from_pubkey=authority,
            to_pubkey=receipt_address(authority, seed),
            base=authority,
            seed=seed,
            lamports=rent_lamports,
            space=0,
            owner=SYSTEM_PROGRAM,
        )
    )


def batch_instructions(
    custody: Custody, assets: dict[int, Asset], transfers: Sequence[Transfer]
) -> list[Instruction]:
    """Build the transfers of a batch, between custody accounts."""
    return [
        move(
            asset=assets[transfer.asset_id],
            source=custody.address(transfer.from_account_id, assets[transfer.asset_id]),
            destination=custody.address(transfer.to_account_id, assets[transfer.asset_id]),
            owner=custody.authority,
            amount_atoms=transfer.amount_atoms,
        )
        for transfer in transfers
    ]


def withdrawal_instructions(
    custody: Custody, asset: Asset, *, account_id: int, wallet: Pubkey, amount_atoms: int
) -> list[Instruction]:
    """Build a withdrawal; the wallet's token account is made when it is missing."""
    authority = custody.authority
    return [
        create_wallet_token_account(payer=authority, wallet=wallet, asset=asset),
        withdrawal(
            authority=authority,
            wallet=wallet,
            account_id=account_id,
            asset=asset,
            amount_atoms=amount_atoms,
        ),
    ]


def compile_message(
    authority: Pubkey, instructions: Sequence[Instruction], blockhash: Hash
) -> Message:
    """Lay out the message that will be signed.

    Raises:
        BrokenInvariant: When it is beyond a limit: whoever made the payment had to see to that.
    """
    message = Message.new_with_blockhash(instructions, authority, blockhash)
    size = Size(
        1 + _SIGNATURE_BYTES + len(bytes(message)), len(message.account_keys), len(instructions)
    )
    check(message.header.num_required_signatures == 1, "settlement signs alone")
    check(size.fits, f"a transaction fits its limits: {size}")
    return message


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """Bytes that may be broadcast, and what to know them by."""

    signature: Signature
    payload_sha256: bytes
    transaction_bytes: bytes


def sign(message: Message, signer: Signer) -> SignedTransaction:
    """Sign a message; the payload hash is that of the message."""
    payload = bytes(message)
    signature = signer.sign(payload)
    transaction = bytes(VersionedTransaction.populate(message, [signature]))
    check(len(transaction) <= TRANSACTION_BYTES_MAX, "a transaction fits a packet")
    return SignedTransaction(signature, hashlib.sha256(payload).digest(), transaction)


def unsigned(message: Message) -> VersionedTransaction:
    """Wrap a message for a simulation."""
    return VersionedTransaction.populate(message, [Signature.default()])
