"""Version 0 transactions whose accounts come from an address lookup table."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from solana.rpc.commitment import Confirmed, Processed
from solana.rpc.core import RPCException
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM_PROGRAM_ID
from solders.transaction import VersionedTransaction
from solders.transaction_status import EncodedTransactionWithStatusMeta, TransactionErrorFieldless

from settlement.localnet.lookup import TABLE_PROGRAM_ID
from tests.contract.localnet.actor import COIN_LAMPORTS, Actor, create_token_pair
from tests.contract.localnet.test_sending import balance, preflight_failure

ADDRESSES_PER_STEP = 20


async def create_table(actor: Actor, addresses: Sequence[Pubkey]) -> AddressLookupTableAccount:
    """Make a lookup table with these addresses, usable from the next slot on."""
    slot = (await actor.client.get_slot(Confirmed)).value
    seeds = [bytes(actor.address), slot.to_bytes(8, "little")]
    table, bump = Pubkey.find_program_address(seeds, TABLE_PROGRAM_ID)
    metas = [
        AccountMeta(table, False, True),
        AccountMeta(actor.address, True, False),
        AccountMeta(actor.address, True, True),
        AccountMeta(SYSTEM_PROGRAM_ID, False, False),
    ]
    create = (0).to_bytes(4, "little") + slot.to_bytes(8, "little") + bytes([bump])
    await actor.send(Instruction(TABLE_PROGRAM_ID, create, metas))
    for start in range(0, len(addresses), ADDRESSES_PER_STEP):
        part = addresses[start : start + ADDRESSES_PER_STEP]
        extend = (2).to_bytes(4, "little") + len(part).to_bytes(8, "little")
        await actor.send(Instruction(TABLE_PROGRAM_ID, extend + b"".join(map(bytes, part)), metas))
    await actor.advance()
    return AddressLookupTableAccount(table, list(addresses))


async def sign(
    actor: Actor, step: Instruction, table: AddressLookupTableAccount
) -> VersionedTransaction:
    """Sign a version 0 transaction that takes what it can from the table."""
    message = MessageV0.try_compile(actor.address, [step], [table], await actor.blockhash())
    return VersionedTransaction(message, [actor.key])


async def test_a_transfer_to_accounts_of_a_lookup_table_lands(actor: Actor) -> None:
    """The loaded accounts follow the static ones in every list of the answer."""
    pair = await create_token_pair(actor)
    table = await create_table(actor, [pair.own, pair.other, pair.mint])
    signed = await sign(actor, actor.move(pair.mint, pair.own, pair.other, 7), table)
    signature = await actor.send_signed(signed)
    await actor.advance()
    answer = await actor.client.get_transaction(
        signature, commitment=Confirmed, max_supported_transaction_version=0
    )
    assert answer.value is not None
    found = answer.value.transaction
    assert isinstance(found, EncodedTransactionWithStatusMeta)
    assert found.meta is not None
    assert found.version == 0
    loaded = found.meta.loaded_addresses
    assert loaded is not None
    assert set(loaded.writable) == {pair.own, pair.other}
    assert loaded.readonly == [pair.mint]
    keys = signed.message.account_keys + loaded.writable + loaded.readonly
    after = {
        keys[each.account_index]: each.ui_token_amount.amount
        for each in found.meta.post_token_balances or []
    }
    assert after == {pair.own: "999993", pair.other: "7"}
    assert len(found.meta.post_balances) == len(keys)


async def test_loaded_addresses_have_the_transaction_in_their_history(actor: Actor) -> None:
    """An address that only a table brought in still finds the transaction."""
    to = Keypair().pubkey()
    table = await create_table(actor, [to])
    signature = await actor.send_signed(await sign(actor, actor.pay(to, COIN_LAMPORTS), table))
    await actor.advance()
    page = await actor.client.get_signatures_for_address(to, commitment=Confirmed)
    assert [each.signature for each in page.value] == [signature]
    assert await balance(actor, to) == COIN_LAMPORTS


async def test_more_than_64_account_locks_are_refused(actor: Actor) -> None:
    """A transaction locks at most 64 accounts, whatever a table makes room for."""
    strangers = [Keypair().pubkey() for _ in range(64)]
    table = await create_table(actor, strangers)
    metas = [AccountMeta(stranger, False, True) for stranger in strangers]
    signed = await sign(actor, Instruction(SYSTEM_PROGRAM_ID, b"", metas), table)
    with pytest.raises(RPCException) as caught:
        await actor.send_signed(signed)
    assert preflight_failure(caught)[1] == TransactionErrorFieldless.TooManyAccountLocks


async def test_a_table_that_does_not_exist_is_named_in_the_error(actor: Actor) -> None:
    """A version 0 transaction with an unknown table does not run."""
    to = Keypair().pubkey()
    table = AddressLookupTableAccount(Keypair().pubkey(), [to])
    signed = await sign(actor, actor.pay(to, COIN_LAMPORTS), table)
    with pytest.raises(RPCException) as caught:
        await actor.send_signed(signed)
    assert preflight_failure(caught)[1] == TransactionErrorFieldless.AddressLookupTableNotFound


async def test_a_version_0_transaction_needs_a_reader_that_asks_for_it(actor: Actor) -> None:
    """Without a supported version a node refuses to answer, rather than leave something out."""
    signed = await actor.sign(actor.pay(Keypair().pubkey(), COIN_LAMPORTS), version="v0")
    signature = await actor.send_signed(signed)
    await actor.advance()
    with pytest.raises(RPCException, match="version"):
        await actor.client.get_transaction(signature, commitment=Confirmed)
    assert (await actor.client.get_transaction(signature, "base64", Confirmed, 0)).value


async def test_the_table_is_readable_at_once_by_the_client(actor: Actor) -> None:
    """The account data is what the table program wrote."""
    addresses = [Keypair().pubkey() for _ in range(3)]
    table = await create_table(actor, addresses)
    account = (await actor.client.get_account_info(table.key, Processed)).value
    assert account is not None
    assert bytes(account.data[56:]) == b"".join(map(bytes, addresses))
