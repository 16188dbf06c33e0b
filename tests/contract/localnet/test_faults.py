"""Failures of a real cluster, shown when asked for."""

from __future__ import annotations

import pytest
from solana.exceptions import SolanaRpcException
from solana.rpc.commitment import Confirmed, Finalized, Processed
from solana.rpc.core import RPCException
from solana.rpc.jsonrpc import SolanaJsonRpcError
from solders.keypair import Keypair
from solders.rpc.errors import NodeUnhealthyMessage
from solders.signature import Signature
from solders.transaction_status import TransactionConfirmationStatus as Status
from solders.transaction_status import TransactionErrorFieldless

from tests.contract.localnet.actor import COIN_LAMPORTS, Actor, create_token_pair
from tests.contract.localnet.conftest import FINALIZED_DEPTH_SLOTS
from tests.contract.localnet.test_sending import balance, preflight_failure


async def set_fault(actor: Actor, name: str, **options: int | str) -> object:
    """Switch a fault on."""
    return await actor.call("localnet_setFault", name, options)


async def landed(actor: Actor, signature: Signature) -> bool:
    """Tell whether a signature has a status."""
    return await actor.status(signature, search_history=True) is not None


async def test_a_dropped_transaction_is_answered_and_never_lands(actor: Actor) -> None:
    """Only the counted ones are dropped, and the same bytes land when sent again."""
    await set_fault(actor, "drop", count=1)
    signed = await actor.sign(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    signature = await actor.send_signed(signed)
    await actor.advance()
    assert not await landed(actor, signature)
    assert await actor.send_signed(signed) == signature
    assert await landed(actor, signature)


async def test_a_fault_can_be_kept_to_the_transactions_of_one_key(actor: Actor) -> None:
    """Others on the same network are not struck and do not use the fault up."""
    victim = Actor(actor.client, Keypair())
    await actor.fund(victim.address)
    await set_fault(actor, "drop", count=1, address=str(victim.address))
    spared = await actor.send(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    struck = await victim.send(victim.pay(Keypair().pubkey(), COIN_LAMPORTS))
    assert (await landed(actor, spared), await landed(actor, struck)) == (True, False)


async def test_a_delayed_transaction_lands_some_slots_later(actor: Actor) -> None:
    """Until then its status is null."""
    await set_fault(actor, "delay", count=1, slots=3)
    signature = await actor.send(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    seen = []
    for _ in range(4):
        seen.append(await landed(actor, signature))
        await actor.advance()
    assert seen == [False, False, False, True]


async def test_a_delay_beyond_the_blockhash_is_a_loss(actor: Actor) -> None:
    """What comes after the last valid height never lands."""
    await set_fault(actor, "delay", count=1, slots=151)
    signature = await actor.send(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    await actor.advance(160)
    assert not await landed(actor, signature)


async def test_a_duplicated_transaction_has_one_effect(actor: Actor) -> None:
    """The cluster gets the bytes twice and takes them once."""
    to = Keypair().pubkey()
    await set_fault(actor, "duplicate")
    await actor.send(actor.pay(to, COIN_LAMPORTS))
    assert await balance(actor, to) == COIN_LAMPORTS


async def test_a_lost_answer_leaves_the_outcome_to_the_status(actor: Actor) -> None:
    """The call fails although the transaction landed."""
    await set_fault(actor, "lost-answer", count=1)
    signed = await actor.sign(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    with pytest.raises(SolanaRpcException):
        await actor.send_signed(signed)
    assert await landed(actor, signed.signatures[0])


async def test_a_lagging_node_answers_from_the_past_until_it_is_told_to_catch_up(
    actor: Actor,
) -> None:
    """Slots, balances and statuses are those of n slots ago, though the cluster went on."""
    pair = await create_token_pair(actor)
    await actor.advance(FINALIZED_DEPTH_SLOTS)
    lag_slots = 10
    await set_fault(actor, "lagging-node", slots=lag_slots)
    started = (await actor.client.get_slot(Processed)).value
    await actor.advance(1)
    signature = await actor.send(actor.move(pair.mint, pair.own, pair.other, 1))
    assert (await actor.client.get_slot(Processed)).value == started
    assert await actor.status(signature, search_history=True) is None
    assert await actor.atoms(pair.other) == 0
    await actor.advance(lag_slots)
    status = await actor.status(signature)
    assert status is not None
    assert status.confirmation_status == Status.Processed
    assert await actor.atoms(pair.other) == 1
    assert await actor.atoms(pair.other, Finalized) == 0
    await actor.call("localnet_clearFaults", "lagging-node")
    status = await actor.status(signature)
    assert status is not None
    assert status.confirmation_status == Status.Finalized
    assert (await actor.client.get_slot(Processed)).value == started + 1 + lag_slots


async def test_a_node_far_behind_is_unhealthy_and_refuses_preflight(actor: Actor) -> None:
    """Beyond 128 slots the node says with -32005 how far behind it is."""
    await set_fault(actor, "lagging-node", slots=500)
    await actor.advance(200)
    with pytest.raises(RPCException) as caught:
        await actor.client.is_connected()
    unhealthy = caught.value.args[0]
    assert isinstance(unhealthy, NodeUnhealthyMessage)
    assert unhealthy.data.num_slots_behind == 200
    signed = await actor.sign(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    with pytest.raises(RPCException, match="behind"):
        await actor.send_signed(signed)


async def test_a_node_500_slots_behind_finds_nothing_that_is_newer(actor: Actor) -> None:
    """A height of a lagging node proves nothing about expiry."""
    signed = await actor.sign(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    height = (await actor.client.get_block_height(Finalized)).value
    await set_fault(actor, "lagging-node", slots=500)
    await actor.advance()
    signature = await actor.send_signed(signed, skip_preflight=True)
    await actor.advance(200)
    assert not await landed(actor, signature)
    assert (await actor.client.get_block_height(Finalized)).value == height
    await actor.call("localnet_clearFaults")
    assert await landed(actor, signature)


async def test_a_rolled_back_slot_undoes_its_transactions(actor: Actor) -> None:
    """Processed, then gone: balance, status and history are as if it had never been."""
    pair = await create_token_pair(actor)
    await actor.advance()
    signed = await actor.sign(actor.move(pair.mint, pair.own, pair.other, 7))
    signature = await actor.send_signed(signed)
    assert await actor.atoms(pair.other) == 7
    undone = await set_fault(actor, "rolled-back-slot")
    assert undone == {"undone": [str(signature)]}
    assert await actor.atoms(pair.other) == 0
    assert not await landed(actor, signature)
    await actor.advance(FINALIZED_DEPTH_SLOTS)
    history = await actor.client.get_signatures_for_address(pair.other)
    assert signature not in [entry.signature for entry in history.value]


async def test_the_bytes_of_a_rolled_back_transaction_can_land_again(actor: Actor) -> None:
    """Its blockhash lives on if its block does."""
    pair = await create_token_pair(actor)
    blockhash = await actor.blockhash()
    await actor.advance()
    signed = await actor.sign(actor.move(pair.mint, pair.own, pair.other, 7), blockhash=blockhash)
    await actor.send_signed(signed)
    await set_fault(actor, "rolled-back-slot")
    await actor.send_signed(signed)
    assert await actor.atoms(pair.other) == 7


async def test_a_blockhash_of_a_rolled_back_block_is_dead(actor: Actor) -> None:
    """What was signed on the lost fork can never land on the living one."""
    signed = await actor.sign(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    await set_fault(actor, "rolled-back-slot")
    with pytest.raises(RPCException) as caught:
        await actor.send_signed(signed)
    assert preflight_failure(caught)[1] == TransactionErrorFieldless.BlockhashNotFound


async def test_several_blocks_roll_back_to_the_state_before_all_of_them(actor: Actor) -> None:
    """Accounts made and changed over several slots return to what they were; slots stay empty."""
    pair = await create_token_pair(actor)
    await actor.advance()
    kept = (await actor.client.get_block_height(Processed)).value - 1
    newcomers = [Keypair().pubkey() for _ in range(3)]
    for atoms, newcomer in enumerate(newcomers, 1):
        await actor.send(actor.move(pair.mint, pair.own, pair.other, atoms))
        await actor.send(actor.pay(newcomer, COIN_LAMPORTS))
        await actor.advance()
    slot = (await actor.client.get_slot(Processed)).value
    await set_fault(actor, "rolled-back-slot", slots=4)
    assert await actor.atoms(pair.other) == 0
    assert [await balance(actor, newcomer) for newcomer in newcomers] == [0, 0, 0]
    assert (await actor.client.get_slot(Processed)).value == slot + 1
    assert (await actor.client.get_block_height(Processed)).value == kept + 1


async def test_a_finalized_block_cannot_be_rolled_back(actor: Actor) -> None:
    """Finality is not a fault that this network has."""
    with pytest.raises(SolanaJsonRpcError, match="finalized"):
        await set_fault(actor, "rolled-back-slot", slots=FINALIZED_DEPTH_SLOTS + 1)


async def test_a_rate_limit_answers_429_until_it_is_over(actor: Actor) -> None:
    """Every public method is refused for the counted calls; the control methods are not."""
    await set_fault(actor, "rate-limit", count=2)
    for _ in range(2):
        with pytest.raises(SolanaRpcException) as caught:
            await actor.client.get_slot()
        assert "429" in str(caught.value.__cause__)
    assert (await actor.client.get_slot()).value
    await set_fault(actor, "rate-limit", forSlots=2)
    await actor.advance()
    with pytest.raises(SolanaRpcException):
        await actor.client.get_slot()
    await actor.advance()
    assert (await actor.client.get_slot()).value


async def test_a_wrong_genesis_is_another_hash_until_cleared(actor: Actor) -> None:
    """A worker that asks sees a chain it does not know."""
    right = (await actor.client.get_genesis_hash()).value
    await set_fault(actor, "wrong-genesis")
    assert (await actor.client.get_genesis_hash()).value != right
    await actor.call("localnet_clearFaults")
    assert (await actor.client.get_genesis_hash()).value == right


async def test_an_expired_blockhash_is_handed_out_and_does_not_work(actor: Actor) -> None:
    """A transaction signed with it is refused, and the next hash is good again."""
    await set_fault(actor, "expired-blockhash", count=1)
    with pytest.raises(RPCException) as caught:
        await actor.send(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    assert preflight_failure(caught)[1] == TransactionErrorFieldless.BlockhashNotFound
    signature = await actor.send(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    assert await landed(actor, signature)


async def test_the_faults_that_are_on_can_be_listed_and_cleared(actor: Actor) -> None:
    """A newer fault of a name replaces the older one."""
    await set_fault(actor, "drop", count=1)
    await set_fault(actor, "drop", count=5, forSlots=3)
    newest = (await actor.client.get_slot(Processed)).value
    drop = {"name": "drop", "slots": 1, "count": 5, "lastSlot": newest + 2, "address": None}
    assert (await actor.call("localnet_status"))["faults"] == [drop]
    assert await actor.call("localnet_clearFaults") == {"active": []}


async def test_confirmed_reads_never_show_a_slot_that_rolls_back_while_open(actor: Actor) -> None:
    """Only processed reads can be fooled by the loss of the open block."""
    pair = await create_token_pair(actor)
    await actor.advance()
    await actor.send(actor.move(pair.mint, pair.own, pair.other, 7))
    assert await actor.atoms(pair.other, Confirmed) == 0
    await set_fault(actor, "rolled-back-slot")
    assert await actor.atoms(pair.other, Confirmed) == 0
