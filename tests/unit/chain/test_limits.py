"""A transaction is measured as it will be sent, in each version."""

from __future__ import annotations

from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message, MessageV0, MessageV1
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from realstack.chain.limits import Size, measure

PAYER = Keypair.from_seed(bytes(32))
PROGRAM = Pubkey.from_bytes(bytes([9]) * 32)


def instruction(accounts: int) -> Instruction:
    addresses = [Pubkey.from_bytes(number.to_bytes(32, "big")) for number in range(1, accounts + 1)]
    metas = [AccountMeta(address, is_signer=False, is_writable=True) for address in addresses]
    return Instruction(PROGRAM, b"\0", metas)


def signed(message: Message | MessageV0 | MessageV1) -> VersionedTransaction:
    return VersionedTransaction(message, [PAYER])


def test_locks_are_counted_through_lookup_tables() -> None:
    """An account that a table stands for is locked like any other, and takes a byte, not 32."""
    step = instruction(20)
    legacy = measure(signed(Message.new_with_blockhash([step], PAYER.pubkey(), Hash.default())))
    table = AddressLookupTableAccount(
        Pubkey.from_bytes(bytes([8]) * 32), [meta.pubkey for meta in step.accounts]
    )
    message = MessageV0.try_compile(PAYER.pubkey(), [step], [table], Hash.default())
    through_table = measure(signed(message))
    assert legacy.account_locks == through_table.account_locks == 22
    assert legacy.transaction_bytes > through_table.transaction_bytes + 20 * 29


def test_each_version_has_its_own_number_of_bytes() -> None:
    """40 accounts are too many bytes for a packet, and fit version 1."""
    step = instruction(40)
    legacy = measure(signed(Message.new_with_blockhash([step], PAYER.pubkey(), Hash.default())))
    assert [f"bytes: {legacy.transaction_bytes} of 1232"] == legacy.exceeded()
    message = MessageV1.try_compile(PAYER.pubkey(), [step], Hash.default())
    assert [] == measure(signed(message)).exceeded()


def test_every_limit_that_is_exceeded_is_named() -> None:
    """All of them, so that a packer need not try one after the other."""
    size = Size(1_233, 1_232, 65, instruction_trace=65, compute_units=1_400_001)
    assert 4 == len(size.exceeded())
    assert [] == Size(1_232, 1_232, 64, instruction_trace=64, compute_units=1_400_000).exceeded()
