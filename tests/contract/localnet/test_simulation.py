"""Transactions that are tried and not sent."""

from __future__ import annotations

import base64

import pytest
from solana.rpc.commitment import Finalized, Processed
from solana.rpc.jsonrpc import SolanaJsonRpcError
from solders.hash import Hash
from solders.keypair import Keypair
from solders.transaction import VersionedTransaction

from tests.contract.localnet.actor import COIN_LAMPORTS, Actor, create_token_pair
from tests.contract.localnet.conftest import FINALIZED_DEPTH_SLOTS


async def test_a_simulation_shows_the_accounts_afterwards_and_changes_nothing(
    actor: Actor,
) -> None:
    """Logs, compute and the wanted accounts come back; the chain stays as it was."""
    pair = await create_token_pair(actor)
    signed = await actor.sign(actor.move(pair.mint, pair.own, pair.other, 9))
    answer = await actor.client.simulate_transaction(
        signed, True, Processed, accounts_addresses=[pair.other, Keypair().pubkey()]
    )
    assert answer.value.err is None
    assert answer.value.units_consumed
    assert answer.value.logs
    shown, nobody = answer.value.accounts or []
    assert shown is not None
    assert int.from_bytes(shown.data[64:72], "little") == 9
    assert nobody is None
    assert await actor.atoms(pair.other) == 0


async def test_a_simulation_that_fails_is_an_answer_with_the_error(actor: Actor) -> None:
    """A failing simulation is a result, not an RPC error."""
    pair = await create_token_pair(actor)
    signed = await actor.sign(actor.move(pair.mint, pair.own, pair.other, 2_000_000))
    answer = await actor.client.simulate_transaction(signed, commitment=Processed)
    assert "InstructionErrorCustom(1)" in str(answer.value.err)


async def test_a_simulation_runs_on_the_state_of_its_commitment(actor: Actor) -> None:
    """At finalized the tokens that arrived a moment ago are not there, and the newest state is
    untouched afterwards."""
    pair = await create_token_pair(actor)
    await actor.advance(FINALIZED_DEPTH_SLOTS)
    await actor.send(actor.move(pair.mint, pair.own, pair.other, 900_000))
    signed = await actor.sign(
        actor.move(pair.mint, pair.own, pair.other, 500_000),
        blockhash=await actor.blockhash(Finalized),
    )
    at_finalized = await actor.client.simulate_transaction(signed, commitment=Finalized)
    at_processed = await actor.client.simulate_transaction(signed, commitment=Processed)
    assert at_finalized.value.err is None
    assert at_processed.value.err is not None
    assert await actor.atoms(pair.other) == 900_000


async def test_an_unsigned_transaction_can_be_simulated_unless_checked(actor: Actor) -> None:
    """Signatures count only when the caller wants them checked."""
    signed = await actor.sign(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    false = VersionedTransaction.populate(signed.message, [Keypair().sign_message(b"else")])
    answer = await actor.client.simulate_transaction(false, False, Processed)
    assert answer.value.err is None
    text = base64.b64encode(bytes(false)).decode()
    options = {"encoding": "base64", "sigVerify": True}
    with pytest.raises(SolanaJsonRpcError) as caught:
        await actor.call("simulateTransaction", text, options)
    assert caught.value.code == -32003
    with pytest.raises(SolanaJsonRpcError, match="replaceRecentBlockhash"):
        await actor.call("simulateTransaction", text, {**options, "replaceRecentBlockhash": True})


async def test_a_stale_blockhash_fails_a_simulation_unless_replaced(actor: Actor) -> None:
    """The replacement that was used is part of the answer."""
    signed = await actor.sign(
        actor.pay(Keypair().pubkey(), COIN_LAMPORTS), blockhash=Hash.new_unique()
    )
    plain = await actor.client.simulate_transaction(signed, commitment=Processed)
    assert "BlockhashNotFound" in str(plain.value.err)
    text = base64.b64encode(bytes(signed)).decode()
    answer = await actor.call(
        "simulateTransaction",
        text,
        {
            "encoding": "base64",
            "commitment": "processed",
            "replaceRecentBlockhash": True,
            "innerInstructions": True,
        },
    )
    assert answer["value"]["err"] is None
    assert answer["value"]["innerInstructions"] == []
    replacement = answer["value"]["replacementBlockhash"]
    assert replacement["blockhash"] == str(await actor.blockhash())


async def test_accounts_to_show_must_be_addresses(actor: Actor) -> None:
    """A malformed list is refused."""
    signed = await actor.sign(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    text = base64.b64encode(bytes(signed)).decode()
    for accounts in (7, {"addresses": 7}, {"addresses": ["x"]}):
        options = {"encoding": "base64", "commitment": "processed", "accounts": accounts}
        with pytest.raises(SolanaJsonRpcError, match="accounts"):
            await actor.call("simulateTransaction", text, options)
