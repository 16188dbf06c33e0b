"""The transactions of settlement: instructions of the market program, size, signatures.

Each is of version 1 and has one instruction of the market program that makes a receipt: an account
at an address made from the payment's kind and number. It can be made only once, so a second
transaction of the same payment fails as a whole, whatever a node told us.

    batch       settle_set: its deltas add up to zero for each mint, and givers pay getters; or,
                as part of a window, settle_clearing: what accounts give goes to the clearing
                vaults, what they get comes from there, and the window adds up to zero
    withdrawal  the wallet's token account if it is missing, and withdraw, which its owner signs too
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from solders.hash import Hash
from solders.instruction import Instruction
from solders.message import MessageV1, TransactionConfig, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from engine.core.invariants import check
from realstack.chain.limits import (
    ACCOUNT_LOCKS_MAX,
    COMPUTE_UNITS_MAX,
    INSTRUCTION_TRACE_MAX,
    TRANSACTION_V1_BYTES_MAX,
)
from realstack.chain.market import Batch, Delta
from settlement.accounts import (
    CLEARING_ACCOUNT_ID,
    Custody,
    create_wallet_token_account,
    token_of,
    wallet_token_address,
)
from settlement.netting import Transfer
from settlement.registry import Asset
from settlement.signer import Signer

RECEIPT_BYTES = 90
"""Data of a receipt account, whose rent the payer needs."""

DEADLINE_SLOTS = 300
"""A blockhash dies after 150 blocks; a deadline beyond it only ends what a fork brought back."""

_KEY_BYTES = 32
# Payer, config, vault authority, receipt, system program, market program.
_FIXED_KEYS = 6
# Version, header, mask, blockhash, counts, one limit, one instruction header, one signature.
_FRAME_BYTES = 1 + 3 + 4 + 32 + 2 + 4 + 4 + 64
# Discriminator, batch id, hash, deadline, two lengths; then the six fixed accounts' indexes.
_HEAD_BYTES = 8 + 8 + 32 + 8 + 2 * 4 + 6
_SET_BYTES, _SET_MINT_BYTES = 1, 2  # count of mints; indexes of mint and token program
# Length of the bumps; a clearing vault's bump, indexes of mint, token program, clearing vault.
_CLEARING_BYTES, _CLEARING_MINT_BYTES = 4, 1 + 3
_PARTICIPANT_BYTES = 33
_LEG_BYTES = 10 + 1
_RECEIPT_CALLS = 3  # where lamports were sent ahead of it: fund, allocate, assign
_RECEIPT_UNITS = 60_000  # the search for its address included, whatever its number
_LEG_UNITS = 3_000
WITHDRAWAL_UNITS = 200_000


@dataclass(frozen=True, slots=True)
class Size:
    """What a transaction takes of each limit; trace and compute are bounds from above."""

    transaction_bytes: int
    account_locks: int
    participants: int
    instruction_trace: int
    compute_units: int

    @property
    def fits(self) -> bool:
        """Tell whether one transaction can carry it."""
        return (
            self.transaction_bytes <= TRANSACTION_V1_BYTES_MAX
            and self.account_locks <= ACCOUNT_LOCKS_MAX
            and self.instruction_trace <= INSTRUCTION_TRACE_MAX
            and self.compute_units <= COMPUTE_UNITS_MAX
        )


def batch_size(transfers: Iterable[Transfer], programs: int = 1) -> Size:
    """Work out the size of a batch's transaction without building it.

    Args:
        transfers: What the batch moves; against the clearing vaults, or between participants.
        programs: How many token programs its assets use.
    """
    vaults: set[tuple[int, int]] = set()
    for transfer in transfers:
        vaults.add((transfer.asset_id, transfer.from_account_id))
        vaults.add((transfer.asset_id, transfer.to_account_id))
    mints = len({asset_id for asset_id, _ in vaults})
    legs = [each for each in vaults if each[1] != CLEARING_ACCOUNT_ID]
    participants = len({account_id for _, account_id in legs})
    size = clearing_size if len(legs) < len(vaults) else set_size
    return size(participants, len(legs), mints, programs)


def set_size(participants: int, legs: int, mints: int, programs: int) -> Size:
    """Work out the size of a settlement in the set form from its counts."""
    keys = _FIXED_KEYS + programs + mints + legs
    return _size(participants, legs, keys, _SET_BYTES + mints * _SET_MINT_BYTES)


def clearing_size(participants: int, legs: int, mints: int, programs: int) -> Size:
    """Work out the size of a settlement in the clearing form from its counts."""
    keys = _FIXED_KEYS + programs + 2 * mints + legs
    return _size(participants, legs, keys, _CLEARING_BYTES + mints * _CLEARING_MINT_BYTES)


def _size(participants: int, legs: int, keys: int, form_bytes: int) -> Size:
    data = _HEAD_BYTES + form_bytes + participants * _PARTICIPANT_BYTES + legs * _LEG_BYTES
    return Size(
        transaction_bytes=_FRAME_BYTES + keys * _KEY_BYTES + data,
        account_locks=keys,
        participants=participants,
        instruction_trace=1 + _RECEIPT_CALLS + legs,
        compute_units=_RECEIPT_UNITS + legs * _LEG_UNITS,
    )


def deltas_of(
    custody: Custody, assets: Mapping[int, Asset], transfers: Sequence[Transfer]
) -> list[Delta]:
    """Return what each participant's vault gets or gives by the transfers, in order of vaults."""
    atoms: dict[tuple[int, int], int] = defaultdict(int)
    for transfer in transfers:
        atoms[(transfer.from_account_id, transfer.asset_id)] -= transfer.amount_atoms
        atoms[(transfer.to_account_id, transfer.asset_id)] += transfer.amount_atoms
    return [
        Delta(custody.owner(account_id), token_of(assets[asset_id]), each)
        for (account_id, asset_id), each in atoms.items()
        if each and account_id != CLEARING_ACCOUNT_ID
    ]


def is_clearing(transfers: Iterable[Transfer]) -> bool:
    """Tell whether a batch moves against the clearing vaults: it is one of its window's parts."""
    return any(
        CLEARING_ACCOUNT_ID in (each.from_account_id, each.to_account_id) for each in transfers
    )


def settlement_instruction(custody: Custody, batch: Batch, *, clearing: bool) -> Instruction:
    """Build the settlement of a batch in one of the two forms; the authority pays and signs."""
    form = custody.market.settle_clearing if clearing else custody.market.settle_set
    return form(payer=custody.authority, settlement_authority=custody.authority, batch=batch)


def withdrawal_instructions(
    custody: Custody,
    asset: Asset,
    *,
    withdrawal_id: int,
    wallet: Pubkey,
    amount_atoms: int,
    deadline_slot: int,
) -> list[Instruction]:
    """Build a withdrawal; the wallet's token account is made when it is missing."""
    return [
        create_wallet_token_account(payer=custody.authority, wallet=wallet, asset=asset),
        custody.market.withdraw(
            payer=custody.authority,
            settlement_authority=custody.authority,
            owner=wallet,
            token=token_of(asset),
            destination=wallet_token_address(wallet, asset),
            withdrawal_id=withdrawal_id,
            amount_atoms=amount_atoms,
            deadline_slot=deadline_slot,
        ),
    ]


def compile_message(
    authority: Pubkey, instructions: Sequence[Instruction], blockhash: Hash, *, units: int
) -> MessageV1:
    """Lay out the message that will be signed.

    Args:
        authority: Pays.
        instructions: What it does.
        blockhash: What its life is counted from.
        units: Its limit of compute units.

    Raises:
        BrokenInvariant: When it is beyond a limit: whoever made the payment had to see to that.
    """
    config = TransactionConfig(compute_unit_limit=units)
    message = MessageV1.try_compile(authority, list(instructions), blockhash, config)
    length = len(bytes(unsigned(message)))
    locks = len(message.account_keys)
    check(
        length <= TRANSACTION_V1_BYTES_MAX and locks <= ACCOUNT_LOCKS_MAX,
        f"a transaction fits its limits: {length} bytes, {locks} account locks",
    )
    return message


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """Bytes that may be broadcast, and what to know them by."""

    signature: Signature
    payload_sha256: bytes
    transaction_bytes: bytes
    account_locks: int


class SignerMissing(Exception):
    """A signature is needed that is not to be had here now."""


def required_signers(message: MessageV1) -> list[Pubkey]:
    """Return who must sign, in the order of the signatures."""
    return list(message.account_keys[: message.header.num_required_signatures])


def sign(message: MessageV1, signers: Mapping[Pubkey, Signer]) -> SignedTransaction:
    """Sign a message; the payload hash is that of the message.

    Raises:
        SignerMissing: Someone who must sign is not among the signers.
    """
    payload = to_bytes_versioned(message)
    needed = required_signers(message)
    missing = [address for address in needed if address not in signers]
    if missing:
        raise SignerMissing(f"the signature of {missing[0]} is missing")
    signatures = [signers[address].sign(payload) for address in needed]
    transaction = bytes(VersionedTransaction.populate(message, signatures))
    digest = hashlib.sha256(payload).digest()
    return SignedTransaction(signatures[0], digest, transaction, len(message.account_keys))


def unsigned(message: MessageV1) -> VersionedTransaction:
    """Wrap a message for a simulation."""
    places = message.header.num_required_signatures
    return VersionedTransaction.populate(message, [Signature.default()] * places)
