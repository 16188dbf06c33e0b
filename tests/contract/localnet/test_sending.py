"""What happens to a transaction between its sending and its block."""

from __future__ import annotations

import base64

import pytest
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed, Finalized, Processed
from solana.rpc.core import RPCException
from solana.rpc.jsonrpc import SolanaJsonRpcError
from solana.rpc.models import TxOpts
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.rpc.errors import SendTransactionPreflightFailureMessage
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from solders.transaction_status import TransactionConfirmationStatus as Status
from solders.transaction_status import TransactionErrorFieldless
from spl.token.constants import TOKEN_2022_PROGRAM_ID, TOKEN_PROGRAM_ID

from settlement.localnet import base58
from settlement.localnet.wire import TRANSACTION_BYTES_MAX
from tests.contract.localnet.actor import COIN_LAMPORTS, Actor, create_token_pair
from tests.contract.localnet.conftest import FINALIZED_DEPTH_SLOTS

FEE_LAMPORTS = 5_000


def preflight_failure(caught: pytest.ExceptionInfo[RPCException]) -> tuple[str, object, list[str]]:
    """Read the words, the error and the logs that a refused preflight comes with."""
    message = caught.value.args[0]
    assert isinstance(message, SendTransactionPreflightFailureMessage)
    return message.message, message.data.err, list(message.data.logs or [])


async def balance(actor: Actor, address: Pubkey) -> int:
    """Read lamports at once."""
    return (await actor.client.get_balance(address, Processed)).value


async def test_a_transaction_passes_from_processed_over_confirmed_to_finalized(
    actor: Actor,
) -> None:
    """A transaction is confirmed one slot after its own and final after the depth."""
    signature = await actor.send(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    seen = []
    for _ in range(FINALIZED_DEPTH_SLOTS + 1):
        status = await actor.status(signature)
        assert status is not None
        seen.append((status.confirmation_status, status.confirmations))
        await actor.advance()
    assert seen == [
        (Status.Processed, 0),
        (Status.Confirmed, 1),
        (Status.Confirmed, 2),
        (Status.Confirmed, 3),
        (Status.Finalized, None),
    ]


@pytest.mark.parametrize("program", [TOKEN_PROGRAM_ID, TOKEN_2022_PROGRAM_ID], ids=str)
async def test_tokens_move_under_both_token_programs(actor: Actor, program: Pubkey) -> None:
    """A checked transfer moves tokens between accounts and leaves their sum as it was."""
    pair = await create_token_pair(actor, program)
    await actor.send(actor.move(pair.mint, pair.own, pair.other, 250_000, program))
    assert await actor.atoms(pair.own) == 750_000
    assert await actor.atoms(pair.other) == 250_000


async def test_an_actor_with_the_authority_key_can_move_one_atom_by_a_plain_transfer(
    actor: Actor,
) -> None:
    """Nothing but a signature is needed to move tokens behind the venue's back."""
    pair = await create_token_pair(actor)
    await actor.send(actor.move(pair.mint, pair.own, pair.other, 1))
    assert await actor.atoms(pair.other) == 1


@pytest.mark.parametrize("version", ["legacy", "v0", "v1"])
async def test_every_transaction_version_lands(actor: Actor, version: str) -> None:
    """Legacy, version 0 and version 1 transactions all run."""
    to = Keypair().pubkey()
    signed = await actor.sign(actor.pay(to, COIN_LAMPORTS), version=version)
    await actor.send_signed(signed)
    assert await balance(actor, to) == COIN_LAMPORTS


async def test_the_same_bytes_again_are_refused_as_already_processed(actor: Actor) -> None:
    """A second send of a landed transaction fails its preflight and changes nothing."""
    to = Keypair().pubkey()
    signed = await actor.sign(actor.pay(to, COIN_LAMPORTS))
    await actor.send_signed(signed)
    with pytest.raises(RPCException) as caught:
        await actor.send_signed(signed)
    words, err, _ = preflight_failure(caught)
    assert words.endswith("This transaction has already been processed")
    assert err == TransactionErrorFieldless.AlreadyProcessed
    assert await balance(actor, to) == COIN_LAMPORTS


async def test_the_same_bytes_again_without_preflight_answer_the_signature_and_change_nothing(
    actor: Actor,
) -> None:
    """The cluster drops a duplicate silently, however often it comes."""
    to = Keypair().pubkey()
    signed = await actor.sign(actor.pay(to, COIN_LAMPORTS))
    answers = {await actor.send_signed(signed, skip_preflight=True) for _ in range(20)}
    assert answers == {signed.signatures[0]}
    assert await balance(actor, to) == COIN_LAMPORTS


async def test_a_blockhash_lives_for_its_last_valid_height_and_not_one_block_longer(
    actor: Actor,
) -> None:
    """A transaction lands at the last valid height and is refused at the next."""
    latest = (await actor.client.get_latest_blockhash(Processed)).value
    in_time = await actor.sign(
        actor.pay(Keypair().pubkey(), COIN_LAMPORTS), blockhash=latest.blockhash
    )
    too_late = await actor.sign(
        actor.pay(Keypair().pubkey(), COIN_LAMPORTS), blockhash=latest.blockhash
    )
    height = (await actor.client.get_block_height(Processed)).value
    await actor.advance(latest.last_valid_block_height - height)
    assert (await actor.client.get_block_height(Processed)).value == latest.last_valid_block_height
    assert await actor.send_signed(in_time) == in_time.signatures[0]
    await actor.advance()
    with pytest.raises(RPCException) as caught:
        await actor.send_signed(too_late)
    words, err, _ = preflight_failure(caught)
    assert words.endswith("Blockhash not found")
    assert err == TransactionErrorFieldless.BlockhashNotFound


async def test_an_expired_transaction_sent_without_preflight_never_lands(actor: Actor) -> None:
    """The node answers with the signature, and the cluster never takes the transaction."""
    signed = await actor.sign(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    await actor.advance(151)
    signature = await actor.send_signed(signed, skip_preflight=True)
    await actor.advance(FINALIZED_DEPTH_SLOTS)
    assert await actor.status(signature, search_history=True) is None


async def test_preflight_at_finalized_does_not_know_a_newer_blockhash(actor: Actor) -> None:
    """A hash fetched at a lower commitment than preflight looks at is not found there."""
    signed = await actor.sign(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    with pytest.raises(RPCException) as caught:
        await actor.client.send_raw_transaction(
            bytes(signed), TxOpts(preflight_commitment=Finalized)
        )
    assert preflight_failure(caught)[1] == TransactionErrorFieldless.BlockhashNotFound


async def test_preflight_at_finalized_runs_on_the_finalized_state(actor: Actor) -> None:
    """Coins that are not finalized cannot be spent in a preflight at finalized."""
    newcomer = Actor(actor.client, Keypair())
    await newcomer.fund()
    signed = await newcomer.sign(
        newcomer.pay(actor.address, COIN_LAMPORTS), blockhash=await actor.blockhash(Finalized)
    )
    with pytest.raises(RPCException) as caught:
        await actor.client.send_raw_transaction(
            bytes(signed), TxOpts(preflight_commitment=Finalized)
        )
    assert preflight_failure(caught)[1] == TransactionErrorFieldless.AccountNotFound
    assert await newcomer.send_signed(signed) == signed.signatures[0]


async def test_a_failing_transaction_is_stopped_by_preflight_with_its_logs(actor: Actor) -> None:
    """Preflight names the instruction, the program's error and shows what the program wrote."""
    pair = await create_token_pair(actor)
    before = await balance(actor, actor.address)
    with pytest.raises(RPCException) as caught:
        await actor.send(actor.move(pair.mint, pair.own, pair.other, 2_000_000))
    words, err, logs = preflight_failure(caught)
    assert words == (
        "Transaction simulation failed: Error processing Instruction 0: custom program error: 0x1"
    )
    assert "InstructionErrorCustom(1)" in str(err)
    assert any("insufficient funds" in line.lower() or "0x1" in line for line in logs)
    assert await balance(actor, actor.address) == before


async def test_a_failing_transaction_without_preflight_lands_with_its_error_and_pays(
    actor: Actor,
) -> None:
    """It is in a block, it moved nothing, and the fee is gone."""
    pair = await create_token_pair(actor)
    before = await balance(actor, actor.address)
    signature = await actor.send(
        actor.move(pair.mint, pair.own, pair.other, 2_000_000), skip_preflight=True
    )
    status = await actor.status(signature)
    assert status is not None
    assert status.err is not None
    assert await actor.atoms(pair.own) == pair.minted_atoms
    assert await balance(actor, actor.address) == before - FEE_LAMPORTS


async def test_a_payer_without_coins_cannot_send(actor: Actor) -> None:
    """An account that never had a coin pays no fee, with or without preflight."""
    pauper = Actor(actor.client, Keypair())
    signed = await pauper.sign(pauper.pay(actor.address, 1))
    with pytest.raises(RPCException) as caught:
        await pauper.send_signed(signed)
    assert preflight_failure(caught)[1] == TransactionErrorFieldless.AccountNotFound
    signature = await pauper.send_signed(signed, skip_preflight=True)
    assert await actor.status(signature) is None


async def test_a_false_signature_is_refused_and_never_lands(actor: Actor) -> None:
    """Preflight has a code of its own for it; without preflight the cluster drops it."""
    signed = await actor.sign(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    false = VersionedTransaction.populate(signed.message, [Keypair().sign_message(b"else")])
    with pytest.raises(SolanaJsonRpcError) as caught:
        await actor.call(
            "sendTransaction", base64.b64encode(bytes(false)).decode(), {"encoding": "base64"}
        )
    assert caught.value.code == -32003
    signature = await actor.send_signed(false, skip_preflight=True)
    assert await actor.status(signature) is None


async def test_an_oversize_transaction_is_refused_with_the_limit(actor: Actor) -> None:
    """A legacy transaction of more than 1,232 bytes is refused before anything else."""
    memo = Instruction(Pubkey.new_unique(), b"x" * TRANSACTION_BYTES_MAX, [])
    signed = await actor.sign(memo)
    with pytest.raises(SolanaJsonRpcError) as caught:
        await actor.call(
            "sendTransaction", base64.b64encode(bytes(signed)).decode(), {"encoding": "base64"}
        )
    assert caught.value.code == -32602
    assert f"too large: {len(bytes(signed))} bytes" in str(caught.value)
    assert f"/{TRANSACTION_BYTES_MAX})" in str(caught.value)


async def test_a_version_1_transaction_may_have_4096_bytes(actor: Actor) -> None:
    """The larger limit of version 1 holds for it alone."""
    memo = Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")
    signed = await actor.sign(Instruction(memo, b"x" * 3_500, []), version="v1")
    assert TRANSACTION_BYTES_MAX < len(bytes(signed)) <= 4_096
    signature = await actor.send_signed(signed)
    assert await actor.status(signature) is not None
    larger = await actor.sign(Instruction(memo, b"x" * 4_000, []), version="v1")
    with pytest.raises(SolanaJsonRpcError, match="too large"):
        await actor.call(
            "sendTransaction", base64.b64encode(bytes(larger)).decode(), {"encoding": "base64"}
        )


async def test_a_version_1_transaction_names_at_most_64_accounts(actor: Actor) -> None:
    """Version 1 has no lookup tables, so its own shape already holds the limit of locks."""
    metas = [AccountMeta(Keypair().pubkey(), False, True) for _ in range(65)]
    signed = await actor.sign(Instruction(TOKEN_PROGRAM_ID, b"", metas), version="v1")
    with pytest.raises(RPCException, match="sanitize"):
        await actor.send_signed(signed)


@pytest.mark.parametrize(
    ("text", "encoding", "words"),
    [
        ("", "base64", "deserialize"),
        ("AAAA", "base64", "deserialize"),
        ("!!!!", "base64", "base64"),
        ("0OIl", "base58", "base58"),
        ("A" * 10_000, "base64", "too large"),
        (7, "base64", "transaction"),
        ("AAAA", "base85", "encoding"),
    ],
)
async def test_bytes_that_are_no_transaction_are_invalid_params(
    actor: Actor, text: object, encoding: str, words: str
) -> None:
    """The error is -32602 and says what is wrong."""
    with pytest.raises(SolanaJsonRpcError, match=words) as caught:
        await actor.call("sendTransaction", text, {"encoding": encoding})
    assert caught.value.code == -32602


async def test_bytes_left_over_after_a_transaction_are_refused(actor: Actor) -> None:
    """What would be ignored is not accepted: the signature does not cover it."""
    signed = await actor.sign(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    text = base64.b64encode(bytes(signed) + b"more").decode()
    with pytest.raises(SolanaJsonRpcError, match="left over"):
        await actor.call("sendTransaction", text, {"encoding": "base64"})


async def test_base_58_is_the_encoding_when_none_is_named(actor: Actor) -> None:
    """As on a real node, a transaction without a named encoding is read as base 58."""
    signed = await actor.sign(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    answer = await actor.call(
        "sendTransaction", base58.encode(bytes(signed)), {"preflightCommitment": "processed"}
    )
    assert answer == str(signed.signatures[0])


async def test_the_client_librarys_own_confirmation_works(
    fast_client: AsyncClient,
) -> None:
    """`send_transaction` with confirmation returns once the network has confirmed."""
    client = fast_client
    someone = Actor(client, Keypair())
    airdrop = (await client.request_airdrop(someone.address, COIN_LAMPORTS)).value
    await client.confirm_transaction(airdrop, Confirmed, sleep_seconds=0.01)
    assert (await client.get_balance(someone.address, Confirmed)).value == COIN_LAMPORTS


async def test_an_unknown_signature_has_no_status(actor: Actor) -> None:
    """A signature that never landed is answered with null, with and without history."""
    unknown = Signature.new_unique()
    assert await actor.status(unknown) is None
    assert await actor.status(unknown, search_history=True) is None


async def test_an_old_status_is_found_only_by_searching_the_history(actor: Actor) -> None:
    """Beyond the recent slots a node answers null unless it is told to search."""
    signature = await actor.send(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    await actor.advance(301)
    assert await actor.status(signature) is None
    found = await actor.status(signature, search_history=True)
    assert found is not None
    assert found.confirmation_status == Status.Finalized


async def test_an_airdrop_beyond_the_faucet_is_refused(actor: Actor) -> None:
    """The faucet has an end, and says so before anything lands."""
    with pytest.raises(SolanaJsonRpcError, match="airdrop request failed"):
        await actor.call("requestAirdrop", str(actor.address), 2**63)


async def test_two_equal_airdrops_in_one_slot_both_arrive(actor: Actor) -> None:
    """Airdrops never collide as duplicates."""
    to = Keypair().pubkey()
    await actor.fund(to, COIN_LAMPORTS)
    await actor.fund(to, COIN_LAMPORTS)
    assert await balance(actor, to) == 2 * COIN_LAMPORTS


async def test_a_blockhash_of_another_chain_is_not_found(actor: Actor) -> None:
    """Only hashes of this chain's recent blocks count."""
    signed = await actor.sign(actor.pay(Keypair().pubkey(), 1), blockhash=Hash.new_unique())
    with pytest.raises(RPCException) as caught:
        await actor.send_signed(signed)
    assert preflight_failure(caught)[1] == TransactionErrorFieldless.BlockhashNotFound
