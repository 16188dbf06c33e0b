"""Transactions as they are found again."""

from __future__ import annotations

import base64

import pytest
from solana.rpc.commitment import Confirmed, Processed
from solana.rpc.core import RPCException
from solana.rpc.jsonrpc import SolanaJsonRpcError
from solders.keypair import Keypair
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from solders.transaction_status import (
    EncodedTransactionWithStatusMeta,
    TransactionConfirmationStatus,
    UiTransactionStatusMeta,
)
from spl.token import instructions, models
from spl.token.constants import ACCOUNT_LEN, TOKEN_PROGRAM_ID

from tests.contract.localnet.actor import COIN_LAMPORTS, DECIMALS, Actor, create_token_pair
from tests.contract.localnet.conftest import FINALIZED_DEPTH_SLOTS


async def meta_of(actor: Actor, signature: Signature) -> UiTransactionStatusMeta:
    """Read the meta of a confirmed transaction."""
    answer = await actor.client.get_transaction(signature, commitment=Confirmed)
    assert answer.value is not None
    found = answer.value.transaction
    assert isinstance(found, EncodedTransactionWithStatusMeta)
    assert found.meta is not None
    return found.meta


async def test_a_transaction_shows_the_token_balances_before_and_after(actor: Actor) -> None:
    """Each token account in it has its mint, owner, program and exact amounts."""
    pair = await create_token_pair(actor)
    signature = await actor.send(actor.move(pair.mint, pair.own, pair.other, 123))
    await actor.advance()
    meta = await meta_of(actor, signature)
    keys = (await actor.sign(actor.move(pair.mint, pair.own, pair.other, 123))).message.account_keys
    before = {keys[each.account_index]: each for each in meta.pre_token_balances or []}
    after = {keys[each.account_index]: each for each in meta.post_token_balances or []}
    amounts = {
        key: (before[key].ui_token_amount.amount, after[key].ui_token_amount.amount)
        for key in after
    }
    assert amounts == {pair.own: ("1000000", "999877"), pair.other: ("0", "123")}
    assert after[pair.other].mint == pair.mint
    assert after[pair.other].owner == pair.other_owner
    assert after[pair.other].program_id == TOKEN_PROGRAM_ID
    assert after[pair.other].ui_token_amount.decimals == DECIMALS
    assert meta.fee == 5_000
    assert meta.pre_balances[0] - meta.post_balances[0] == 5_000
    assert meta.log_messages
    assert meta.compute_units_consumed


async def test_a_new_token_account_has_no_balance_before(actor: Actor) -> None:
    """An account made by the transaction appears only on the side after it."""
    mint = await actor.create_mint()
    signature = await actor.send(
        instructions.create_associated_token_account(actor.address, actor.address, mint)
    )
    await actor.advance()
    meta = await meta_of(actor, signature)
    assert meta.pre_token_balances == []
    assert [each.ui_token_amount.amount for each in meta.post_token_balances or []] == ["0"]
    assert meta.inner_instructions


async def test_a_failed_transaction_keeps_its_error_and_logs(actor: Actor) -> None:
    """What failed on chain is found with the reason."""
    pair = await create_token_pair(actor)
    signature = await actor.send(
        actor.move(pair.mint, pair.own, pair.other, 2_000_000), skip_preflight=True
    )
    await actor.advance()
    meta = await meta_of(actor, signature)
    assert "InstructionErrorCustom(1)" in str(meta.err)
    assert any("failed" in line for line in meta.log_messages or [])
    assert meta.pre_token_balances == meta.post_token_balances


async def test_a_transaction_is_found_from_confirmed_on(actor: Actor) -> None:
    """Null until the commitment asked for has reached it; processed cannot be asked for."""
    signature = await actor.send(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    assert (await actor.client.get_transaction(signature, commitment=Confirmed)).value is None
    await actor.advance()
    assert (await actor.client.get_transaction(signature, commitment=Confirmed)).value
    assert (await actor.client.get_transaction(signature)).value is None
    await actor.advance(FINALIZED_DEPTH_SLOTS - 1)
    assert (await actor.client.get_transaction(signature)).value
    with pytest.raises(RPCException, match="confirmed"):
        await actor.client.get_transaction(signature, commitment=Processed)
    assert (await actor.client.get_transaction(Signature.new_unique())).value is None


async def test_the_bytes_of_a_transaction_come_back_as_sent(actor: Actor) -> None:
    """Base 64 and base 58 are the wire bytes; json names the same keys and signatures."""
    signed = await actor.sign(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    signature = str(await actor.send_signed(signed))
    await actor.advance()
    options = {"commitment": "confirmed", "encoding": "base64"}
    text, encoding = (await actor.call("getTransaction", signature, options))["transaction"]
    assert encoding == "base64"
    assert VersionedTransaction.from_bytes(base64.b64decode(text)) == signed
    as_json = await actor.call("getTransaction", signature, {"commitment": "confirmed"})
    assert as_json["transaction"]["signatures"] == [signature]
    keys = [str(key) for key in signed.message.account_keys]
    assert as_json["transaction"]["message"]["accountKeys"] == keys
    assert as_json["meta"]["status"] == {"Ok": None}
    base58_answer = await actor.client.get_transaction(signed.signatures[0], "base58", Confirmed)
    assert base58_answer.value is not None


async def test_a_parsed_transfer_names_its_accounts_and_amount(actor: Actor) -> None:
    """The parsed form of a checked transfer has source, mint, destination, authority, amount."""
    pair = await create_token_pair(actor)
    signature = await actor.send(actor.move(pair.mint, pair.own, pair.other, 5))
    await actor.advance()
    options = {"commitment": "confirmed", "encoding": "jsonParsed"}
    answer = await actor.call("getTransaction", str(signature), options)
    (step,) = answer["transaction"]["message"]["instructions"]
    assert step["program"] == "spl-token"
    assert step["parsed"] == {
        "type": "transferChecked",
        "info": {
            "source": str(pair.own),
            "mint": str(pair.mint),
            "destination": str(pair.other),
            "authority": str(actor.address),
            "tokenAmount": {
                "amount": "5",
                "decimals": DECIMALS,
                "uiAmount": 0.000005,
                "uiAmountString": "0.000005",
            },
        },
    }
    assert (await actor.client.get_transaction(signature, "jsonParsed", Confirmed)).value


async def test_parsed_inner_instructions_show_what_the_associated_account_program_did(
    actor: Actor,
) -> None:
    """Calls between programs are parsed too, each with its depth."""
    mint = await actor.create_mint()
    signature = await actor.send(
        instructions.create_associated_token_account(actor.address, actor.address, mint)
    )
    await actor.advance()
    options = {"commitment": "confirmed", "encoding": "jsonParsed"}
    answer = await actor.call("getTransaction", str(signature), options)
    (outer,) = answer["transaction"]["message"]["instructions"]
    assert outer["parsed"]["type"] == "create"
    (group,) = answer["meta"]["innerInstructions"]
    kinds = [each.get("parsed", {}).get("type") for each in group["instructions"]]
    assert kinds == [None, "createAccount", "initializeImmutableOwner", "initializeAccount3"]
    assert {each["stackHeight"] for each in group["instructions"]} == {2}


@pytest.mark.parametrize("encoding", ["json", "jsonParsed", "base64", "base58"])
@pytest.mark.parametrize("version", ["legacy", "v0", "v1"])
async def test_every_version_comes_back_in_every_encoding(
    actor: Actor, version: str, encoding: str
) -> None:
    """The client library reads each of them, and the node tells the version."""
    signature = await actor.send_signed(
        await actor.sign(actor.pay(Keypair().pubkey(), COIN_LAMPORTS), version=version)
    )
    await actor.advance()
    answer = await actor.client.get_transaction(
        signature, encoding, Confirmed, max_supported_transaction_version=1
    )
    assert answer.value is not None
    found = answer.value.transaction
    assert isinstance(found, EncodedTransactionWithStatusMeta)
    told = {"v0": 0, "v1": 1}.get(version, found.version)
    assert found.version == told
    assert found.meta is not None
    assert found.meta.err is None


async def test_the_older_form_of_the_call_names_only_the_encoding(actor: Actor) -> None:
    """A bare word in place of the options is the encoding."""
    signature = await actor.send(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    await actor.advance(FINALIZED_DEPTH_SLOTS)
    answer = await actor.call("getTransaction", str(signature), "base64")
    assert answer["transaction"][1] == "base64"


async def test_what_a_program_returned_is_kept(actor: Actor) -> None:
    """Return data is part of the meta."""
    mint = await actor.create_mint()
    size = models.GetAccountDataSizeParams(program_id=TOKEN_PROGRAM_ID, mint=mint)
    signature = await actor.send(instructions.get_account_data_size(size))
    await actor.advance()
    meta = await meta_of(actor, signature)
    assert meta.return_data is not None
    assert int.from_bytes(meta.return_data.data, "little") == ACCOUNT_LEN


async def test_the_history_of_an_address_comes_newest_first_in_pages(actor: Actor) -> None:
    """`limit`, `before` and `until` cut the list without losing or repeating an entry."""
    to = Keypair().pubkey()
    sent = []
    for lamports in range(COIN_LAMPORTS, COIN_LAMPORTS + 7):
        sent.append(await actor.send(actor.pay(to, lamports)))
        await actor.advance(2)
    newest_first = sent[::-1]

    async def page(**bounds: object) -> list[Signature]:
        answer = await actor.client.get_signatures_for_address(
            to,
            commitment=Confirmed,
            **bounds,  # type: ignore[arg-type]
        )
        return [each.signature for each in answer.value]

    assert await page() == newest_first
    assert await page(limit=3) == newest_first[:3]
    assert await page(limit=3, before=newest_first[2]) == newest_first[3:6]
    assert await page(until=sent[4]) == newest_first[:2]
    assert await page(before=newest_first[1], until=newest_first[5]) == newest_first[2:5]
    assert await page(before=Signature.new_unique()) == []
    assert await page(until=Signature.new_unique()) == newest_first


async def test_the_history_shows_only_what_the_commitment_has_reached(actor: Actor) -> None:
    """An indexer at finalized never sees what may still be rolled back."""
    to = Keypair().pubkey()
    signature = await actor.send(actor.pay(to, COIN_LAMPORTS))
    assert (await actor.client.get_signatures_for_address(to, commitment=Confirmed)).value == []
    await actor.advance()
    (entry,) = (await actor.client.get_signatures_for_address(to, commitment=Confirmed)).value
    assert entry.signature == signature
    assert entry.confirmation_status == TransactionConfirmationStatus.Confirmed
    assert entry.err is None
    assert (await actor.client.get_signatures_for_address(to)).value == []
    await actor.advance(FINALIZED_DEPTH_SLOTS - 1)
    (entry,) = (await actor.client.get_signatures_for_address(to)).value
    assert entry.confirmation_status == TransactionConfirmationStatus.Finalized
    assert entry.block_time


async def test_a_page_has_at_least_one_and_at_most_a_thousand_entries(actor: Actor) -> None:
    """A limit out of bounds is refused."""
    for limit in (0, 1_001):
        with pytest.raises(SolanaJsonRpcError, match="limit"):
            await actor.call("getSignaturesForAddress", str(actor.address), {"limit": limit})


async def test_statuses_come_in_the_order_asked(actor: Actor) -> None:
    """Unknown ones are null in their place; more than 256 are refused."""
    first = await actor.send(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    second = await actor.send(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    answer = await actor.client.get_signature_statuses([second, Signature.new_unique(), first])
    assert [status is not None for status in answer.value] == [True, False, True]
    with pytest.raises(RPCException, match="max 256"):
        await actor.client.get_signature_statuses([first] * 257)
