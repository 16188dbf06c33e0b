"""Slots, heights, blockhashes and what the node says of itself."""

from __future__ import annotations

import pytest
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Commitment, Confirmed, Finalized, Processed
from solana.rpc.jsonrpc import SolanaJsonRpcError
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import MessageV0

from settlement.localnet import LocalnetServer, LocalnetSettings
from settlement.localnet.blocks import SLOT_FIRST
from tests.contract.localnet.actor import COIN_LAMPORTS, Actor
from tests.contract.localnet.conftest import FINALIZED_DEPTH_SLOTS


async def slot(actor: Actor, commitment: Commitment) -> int:
    """Read the slot at a commitment."""
    return (await actor.client.get_slot(commitment)).value


async def height(actor: Actor, commitment: Commitment) -> int:
    """Read the height at a commitment."""
    return (await actor.client.get_block_height(commitment)).value


async def test_each_commitment_has_its_own_slot_and_height(actor: Actor) -> None:
    """Confirmed lies one slot behind processed, finalized the configured depth."""
    newest = await slot(actor, Processed)
    assert newest - await slot(actor, Confirmed) == 1
    assert newest - await slot(actor, Finalized) == FINALIZED_DEPTH_SLOTS
    assert await height(actor, Processed) - await height(actor, Finalized) == FINALIZED_DEPTH_SLOTS


async def test_heights_and_slots_are_far_apart(actor: Actor) -> None:
    """Code that takes a height for a slot cannot work by luck."""
    assert await slot(actor, Processed) - await height(actor, Processed) == SLOT_FIRST


async def test_every_slot_brings_a_new_blockhash(actor: Actor) -> None:
    """No two slots share a hash."""
    seen = []
    for _ in range(50):
        seen.append(await actor.blockhash())
        await actor.advance()
    assert len(set(seen)) == 50


async def test_the_last_valid_height_is_150_above_the_block_of_the_hash(actor: Actor) -> None:
    """At every commitment the answer goes with that commitment's block."""
    for commitment in (Processed, Confirmed, Finalized):
        latest = (await actor.client.get_latest_blockhash(commitment)).value
        assert latest.last_valid_block_height == await height(actor, commitment) + 150


async def test_a_blockhash_is_valid_until_its_last_height_and_only_where_it_is_known(
    actor: Actor,
) -> None:
    """A hash is known at a commitment once that commitment has reached its block."""
    newest = await actor.blockhash()

    async def valid(blockhash: Hash = newest) -> tuple[bool, bool]:
        answers = [
            await actor.call("isBlockhashValid", str(blockhash), {"commitment": commitment})
            for commitment in (Processed, Finalized)
        ]
        return answers[0]["value"], answers[1]["value"]

    assert await valid() == (True, False)
    await actor.advance(150)
    assert await valid() == (True, True)
    await actor.advance(1)
    assert await valid() == (False, True)
    assert await valid(Hash.new_unique()) == (False, False)


async def test_finalized_is_the_commitment_when_none_is_named(actor: Actor) -> None:
    """As on a real node, silence means finalized."""
    assert await actor.call("getSlot") == await slot(actor, Finalized)
    assert await actor.call("getBlockHeight") == await height(actor, Finalized)


async def test_a_read_can_demand_a_lowest_slot(actor: Actor) -> None:
    """A node that has not reached the slot says so with its own code and its slot."""
    newest = await slot(actor, Processed)
    options = {"commitment": "processed", "minContextSlot": newest}
    assert await actor.call("getSlot", options) == newest
    with pytest.raises(SolanaJsonRpcError) as caught:
        await actor.call("getSlot", {**options, "minContextSlot": newest + 1})
    assert caught.value.code == -32016
    assert caught.value.data == {"contextSlot": newest}


async def test_the_node_is_healthy_and_names_its_version(actor: Actor) -> None:
    """Health is ok and the version is one that clients can read."""
    assert await actor.client.is_connected()
    assert (await actor.client.get_version()).value.solana_core


async def test_two_networks_have_different_genesis_hashes(actor: Actor) -> None:
    """The genesis hash is made by chance, so no two chains are taken for each other."""
    settings = LocalnetSettings(port=0, slot_ms=None)
    async with LocalnetServer(settings) as other, AsyncClient(other.url) as client:
        ours = (await actor.client.get_genesis_hash()).value
        theirs = (await client.get_genesis_hash()).value
    assert ours != theirs


async def test_the_epoch_agrees_with_the_slot(actor: Actor) -> None:
    """Epochs have 432,000 slots."""
    info = (await actor.client.get_epoch_info(Processed)).value
    assert info.absolute_slot == await slot(actor, Processed)
    assert info.epoch * info.slots_in_epoch + info.slot_index == info.absolute_slot
    assert info.block_height == await height(actor, Processed)
    assert info.transaction_count == 1
    assert (await actor.client.get_transaction_count(Processed)).value == 1


async def test_recent_fees_are_none_because_blocks_are_never_full(actor: Actor) -> None:
    """The answer has the recent slots with fees of zero."""
    fees = (await actor.client.get_recent_prioritization_fees()).value
    assert {fee.prioritization_fee for fee in fees} == {0}
    assert fees[-1].slot == await slot(actor, Processed)


async def test_rent_is_that_of_the_machine(actor: Actor) -> None:
    """A token account of 165 bytes costs the machine's rent; an absurd size is refused."""
    answer = await actor.client.get_minimum_balance_for_rent_exemption(165)
    assert answer.value == 2_039_280
    with pytest.raises(SolanaJsonRpcError, match="data length"):
        await actor.call("getMinimumBalanceForRentExemption", 2**40)


async def test_the_fee_of_a_message_counts_its_signatures(actor: Actor) -> None:
    """Each signature costs 5,000 lamports; with an unknown blockhash there is no answer."""
    step = actor.pay(Keypair().pubkey(), COIN_LAMPORTS)
    message = MessageV0.try_compile(actor.address, [step], [], await actor.blockhash())
    assert (await actor.client.get_fee_for_message(message, Processed)).value == 5_000
    stale = MessageV0.try_compile(actor.address, [step], [], Hash.new_unique())
    assert (await actor.client.get_fee_for_message(stale, Processed)).value is None


async def test_slots_pass_by_themselves_on_a_network_with_a_clock(
    fast_client: AsyncClient,
) -> None:
    """With a slot length the chain moves without being asked."""
    first = (await fast_client.get_slot(Processed)).value
    while (await fast_client.get_slot(Processed)).value < first + 3:
        pass


async def test_slots_cannot_be_moved_by_nothing_or_by_too_many(actor: Actor) -> None:
    """The number of slots has bounds and the error names them."""
    for slots in (0, -1, 10**9, "1", 1.5, True):
        with pytest.raises(SolanaJsonRpcError, match="slots: must be") as caught:
            await actor.call("localnet_advanceSlots", slots)
        assert caught.value.code == -32602
