"""Transactions as they come in: bytes read, sizes and shape checked, keys laid out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, cast

from solders.hash import Hash
from solders.message import Message, MessageV0, MessageV1
from solders.signature import Signature
from solders.transaction import VersionedTransaction

TRANSACTION_BYTES_MAX = 1_232
"""Legacy and version 0: what fits into one IPv6 packet of 1,280 bytes."""

TRANSACTION_V1_BYTES_MAX = 4_096

Version = Literal["legacy", 0, 1]
AnyMessage = Message | MessageV0 | MessageV1


class TransactionRefused(ValueError):
    """The bytes are no transaction that the network takes; the message gives the rule."""


@dataclass(frozen=True, kw_only=True)
class SignedTransaction:
    """A transaction that has the right shape; its signatures are not checked yet."""

    wire: bytes
    transaction: VersionedTransaction
    version: Version

    @property
    def signature(self) -> Signature:
        """The first signature, which names the transaction."""
        return self.transaction.signatures[0]

    @property
    def message(self) -> AnyMessage:
        """What was signed."""
        return self.transaction.message

    @property
    def blockhash(self) -> Hash:
        """The recent blockhash that bounds the transaction's life."""
        return self.transaction.message.recent_blockhash

    @cached_property
    def signatures_valid(self) -> bool:
        """Whether every signature fits its key and the message."""
        return all(self.transaction.verify_with_results())


def read_transaction(wire: bytes) -> SignedTransaction:
    """Read one transaction of any version.

    Raises:
        TransactionRefused: Too long, not readable, bytes left over, or not sane.
    """
    if len(wire) > TRANSACTION_V1_BYTES_MAX:
        raise TransactionRefused(too_large(len(wire), TRANSACTION_V1_BYTES_MAX))
    try:
        transaction = VersionedTransaction.from_bytes(wire)
    except ValueError as error:
        raise TransactionRefused(
            f"failed to deserialize solana_transaction::versioned::VersionedTransaction: {error}"
        ) from error
    version = version_of(transaction)
    bytes_max = TRANSACTION_V1_BYTES_MAX if version == 1 else TRANSACTION_BYTES_MAX
    if len(wire) > bytes_max:
        raise TransactionRefused(too_large(len(wire), bytes_max))
    if bytes(transaction) != wire:
        raise TransactionRefused("invalid transaction: bytes left over after the message")
    check_shape(transaction)
    return SignedTransaction(wire=wire, transaction=transaction, version=version)


def too_large(length: int, bytes_max: int) -> str:
    """Word the refusal as a real node does, so that clients recognise it."""
    encoded_max = (bytes_max + 2) // 3 * 4
    return (
        "base64 encoded solana_transaction::versioned::VersionedTransaction too large: "
        f"{length} bytes (max: encoded/raw {encoded_max}/{bytes_max})"
    )


def version_of(transaction: VersionedTransaction) -> Version:
    """Tell the version as the RPC names it."""
    version = transaction.version()
    if isinstance(version, int):
        return cast("Version", version)
    return "legacy"


def check_shape(transaction: VersionedTransaction) -> None:
    """Refuse a transaction whose counts and indexes contradict each other."""
    try:
        transaction.sanitize()
    except Exception as error:
        raise TransactionRefused(
            "invalid transaction: Transaction failed to sanitize accounts offsets correctly"
        ) from error
    keys = transaction.message.account_keys
    if len(set(keys)) != len(keys):
        raise TransactionRefused("invalid transaction: Account loaded twice")


def writable_flags(message: AnyMessage) -> list[bool]:
    """Tell for each static key whether the message locks it for writing."""
    header = message.header
    count = len(message.account_keys)
    signers = header.num_required_signatures
    writable_signers = signers - header.num_readonly_signed_accounts
    writable_end = count - header.num_readonly_unsigned_accounts
    return [
        index < writable_signers if index < signers else index < writable_end
        for index in range(count)
    ]
