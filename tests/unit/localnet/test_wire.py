"""Bytes that come in as transactions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.hash import Hash
from solders.instruction import AccountMeta, CompiledInstruction, Instruction
from solders.keypair import Keypair
from solders.message import Message, MessageHeader, MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from settlement.localnet.wire import (
    TRANSACTION_BYTES_MAX,
    TransactionRefused,
    read_transaction,
    writable_flags,
)

PAYER = Keypair.from_seed(bytes(32))
PROGRAM = Pubkey(bytes([9] * 32))


def wire(message: Message | MessageV0) -> bytes:
    """Sign a message of the payer."""
    return bytes(VersionedTransaction(message, [PAYER]))


def a_message(data: bytes = b"", metas: tuple[AccountMeta, ...] = ()) -> Message:
    """Make a legacy message with one instruction."""
    step = Instruction(PROGRAM, data, list(metas))
    return Message.new_with_blockhash([step], PAYER.pubkey(), Hash.default())


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Whatever comes in, there is an answer; never a panic, never another error."""
    try:
        signed = read_transaction(data)
    except TransactionRefused:
        return
    assert bytes(signed.transaction) == data


@given(st.integers(0, 200), st.integers(0, 255))
def test_any_changed_byte_is_read_or_refused_and_never_stays_valid(
    position: int, value: int
) -> None:
    """A transaction with one byte changed has a signature that does not fit."""
    data = bytearray(wire(a_message(b"data")))
    position %= len(data)
    if data[position] == value:
        return
    data[position] = value
    try:
        signed = read_transaction(bytes(data))
    except TransactionRefused:
        return
    assert not signed.signatures_valid


def test_the_byte_limit_is_the_last_length_that_passes() -> None:
    """1,232 bytes are read, 1,233 are not."""
    overhead = len(wire(a_message(b"x" * 1_000))) - 1_000
    largest = wire(a_message(b"x" * (TRANSACTION_BYTES_MAX - overhead)))
    assert len(largest) == TRANSACTION_BYTES_MAX
    assert read_transaction(largest).version == "legacy"
    with pytest.raises(TransactionRefused, match="too large"):
        read_transaction(wire(a_message(b"x" * (TRANSACTION_BYTES_MAX - overhead + 1))))


def test_one_key_twice_is_refused() -> None:
    """A transaction that loads an account twice is not sane."""
    header = MessageHeader(1, 0, 1)
    step = CompiledInstruction(2, b"", b"")
    keys = [PAYER.pubkey(), PROGRAM, PROGRAM]
    message = Message.new_with_compiled_instructions(1, 0, 1, keys, Hash.default(), [step])
    assert message.header == header
    with pytest.raises(TransactionRefused, match="loaded twice"):
        read_transaction(wire(message))


def test_an_index_beyond_the_keys_is_refused() -> None:
    """An instruction may name only keys that are there."""
    step = CompiledInstruction(7, b"", b"")
    message = Message.new_with_compiled_instructions(
        1, 0, 1, [PAYER.pubkey(), PROGRAM], Hash.default(), [step]
    )
    data = bytes(VersionedTransaction.populate(message, [Signature.default()]))
    with pytest.raises(TransactionRefused, match="sanitize"):
        read_transaction(data)


def test_the_header_says_which_keys_are_writable() -> None:
    """Signers and others are each writable first, read-only last."""
    signer, reader, writer = (Pubkey(bytes([number] * 32)) for number in (2, 3, 4))
    metas = (
        AccountMeta(signer, True, False),
        AccountMeta(reader, False, False),
        AccountMeta(writer, False, True),
    )
    message = a_message(metas=metas)
    flags = dict(zip(message.account_keys, writable_flags(message), strict=True))
    assert flags == {
        PAYER.pubkey(): True,
        signer: False,
        reader: False,
        writer: True,
        PROGRAM: False,
    }
