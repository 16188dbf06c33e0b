"""News over WebSocket, received by the client library."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from solana.rpc.commitment import Confirmed, Finalized, Processed
from solana.rpc.jsonrpc import SolanaJsonRpcError
from solana.rpc.models import MemcmpOpts
from solana.rpc.websocket_api import SolanaWsClient
from solders.keypair import Keypair
from solders.rpc.config import RpcTransactionLogsFilterMentions
from spl.token.constants import TOKEN_PROGRAM_ID
from websockets.asyncio.client import connect

from settlement.localnet import LocalnetServer
from tests.contract.localnet.actor import COIN_LAMPORTS, Actor, create_token_pair
from tests.contract.localnet.conftest import FINALIZED_DEPTH_SLOTS

DEADLINE_SECONDS = 5


@pytest.fixture
async def news(server: LocalnetServer) -> AsyncIterator[SolanaWsClient]:
    """A connection for news."""
    async with SolanaWsClient(server.ws_url) as client:
        yield client


async def receive(client: SolanaWsClient) -> Any:
    """Wait for the next piece of news."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        return await client.recv()


async def nothing_waits(actor: Actor, client: SolanaWsClient) -> bool:
    """Tell whether no news is on its way: a slot's news would come behind it."""
    subscription = await client.slot_subscribe()
    await actor.advance()
    first = await receive(client)
    await client.unsubscribe(subscription)
    return bool(first.subscription == subscription.subscription_id)


async def test_a_signature_is_told_once_at_its_commitment(
    actor: Actor, news: SolanaWsClient
) -> None:
    """The news comes when the commitment is reached, and then the subscription is over."""
    signed = await actor.sign(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    subscribed = [
        await news.signature_subscribe(signature=signed.signatures[0], commitment=commitment)
        for commitment in (Finalized, Confirmed, Processed)
    ]
    await actor.send_signed(signed)
    order = []
    for _ in subscribed:
        told = await receive(news)
        assert told.result.value.err is None
        order.append((told.subscription, (await actor.client.get_slot(Processed)).value))
        await actor.advance(FINALIZED_DEPTH_SLOTS if len(order) == 2 else 1)
    numbers = [each.subscription_id for each in subscribed]
    assert [number for number, _ in order] == numbers[::-1]


async def test_a_signature_that_is_settled_already_is_told_at_once(
    actor: Actor, news: SolanaWsClient
) -> None:
    """Whoever subscribes too late still hears of it."""
    signature = await actor.send(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    await actor.advance(FINALIZED_DEPTH_SLOTS)
    await news.signature_subscribe(signature=signature, commitment=Finalized)
    assert (await receive(news)).result.value.err is None


async def test_a_signature_that_failed_is_told_with_its_error(
    actor: Actor, server: LocalnetServer
) -> None:
    """The error has the form of a real node, which the client library's parser does not read."""
    pair = await create_token_pair(actor)
    signature = await actor.send(
        actor.move(pair.mint, pair.own, pair.other, 2_000_000), skip_preflight=True
    )
    async with connect(server.ws_url) as socket:
        params = [str(signature), {"commitment": "processed"}]
        request = {"jsonrpc": "2.0", "id": 1, "method": "signatureSubscribe", "params": params}
        await socket.send(json.dumps(request))
        assert "result" in json.loads(await socket.recv())
        told = json.loads(await socket.recv())
    assert told["params"]["result"]["value"] == {"err": {"InstructionError": [0, {"Custom": 1}]}}


async def test_an_account_is_told_as_each_commitment_sees_it(
    actor: Actor, news: SolanaWsClient
) -> None:
    """At processed after each transaction; at confirmed once per block, as it was at its end."""
    pair = await create_token_pair(actor)
    await actor.advance(FINALIZED_DEPTH_SLOTS)
    at_once = await news.account_subscribe(
        pubkey=pair.other, commitment=Processed, encoding="base64"
    )
    later = await news.account_subscribe(pubkey=pair.other, commitment=Confirmed, encoding="base64")
    await actor.send(actor.move(pair.mint, pair.own, pair.other, 1))
    await actor.send(actor.move(pair.mint, pair.own, pair.other, 10))
    await actor.advance()
    told = [await receive(news) for _ in range(3)]
    amounts = [
        (each.subscription, int.from_bytes(each.result.value.data[64:72], "little"))
        for each in told
    ]
    assert amounts == [
        (at_once.subscription_id, 1),
        (at_once.subscription_id, 11),
        (later.subscription_id, 11),
    ]


async def test_an_account_that_nothing_changed_is_not_told(
    actor: Actor, news: SolanaWsClient
) -> None:
    """Being named in a transaction is not enough."""
    pair = await create_token_pair(actor)
    await news.account_subscribe(pubkey=pair.mint, commitment=Processed, encoding="base64")
    await actor.send(actor.move(pair.mint, pair.own, pair.other, 1))
    assert await nothing_waits(actor, news)


async def test_logs_are_told_to_those_who_want_all_and_to_those_who_name_a_key(
    actor: Actor, news: SolanaWsClient
) -> None:
    """A mention filter passes only transactions with that key."""
    stranger = Keypair().pubkey()
    every = await news.logs_subscribe(commitment=Processed)
    mentioned = await news.logs_subscribe(
        filter_=RpcTransactionLogsFilterMentions(stranger), commitment=Processed
    )
    first = await actor.send(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    second = await actor.send(actor.pay(stranger, COIN_LAMPORTS))
    told = [await receive(news) for _ in range(3)]
    seen = [(each.subscription, each.result.value.signature) for each in told]
    assert seen == [
        (every.subscription_id, first),
        (every.subscription_id, second),
        (mentioned.subscription_id, second),
    ]
    assert all(each.result.value.logs for each in told)


async def test_accounts_of_a_program_are_told_through_its_filters(
    actor: Actor, news: SolanaWsClient
) -> None:
    """A program subscription tells each changed account that passes."""
    pair = await create_token_pair(actor)
    await news.program_subscribe(
        program_id=TOKEN_PROGRAM_ID,
        commitment=Processed,
        encoding="base64",
        filters=[MemcmpOpts(offset=32, bytes=str(pair.other_owner))],
    )
    await actor.send(actor.move(pair.mint, pair.own, pair.other, 3))
    told = await receive(news)
    assert told.result.value.pubkey == pair.other


async def test_slots_and_roots_are_told_in_order(actor: Actor, news: SolanaWsClient) -> None:
    """Each slot names its parent and the newest finalized slot; a root is told when it moves."""
    slots = await news.slot_subscribe()
    newest = await actor.advance(2)
    told = [(await receive(news)).result for _ in range(2)]
    assert [(each.slot, each.parent, each.root) for each in told] == [
        (newest - 1, newest - 2, newest - 1 - FINALIZED_DEPTH_SLOTS),
        (newest, newest - 1, newest - FINALIZED_DEPTH_SLOTS),
    ]
    await news.unsubscribe(slots)
    await news.root_subscribe()
    await actor.advance()
    assert (await receive(news)).result == newest + 1 - FINALIZED_DEPTH_SLOTS


async def test_an_ended_subscription_tells_nothing_more(actor: Actor, news: SolanaWsClient) -> None:
    """Unsubscribing is confirmed and final."""
    subscription = await news.logs_subscribe(commitment=Processed)
    await news.unsubscribe(subscription)
    await actor.send(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    assert await nothing_waits(actor, news)


async def test_a_rolled_back_transaction_is_never_told_as_confirmed(
    actor: Actor, news: SolanaWsClient
) -> None:
    """What was undone before its commitment does not reach those who wait for it."""
    signature = await actor.send(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    await news.signature_subscribe(signature=signature, commitment=Confirmed)
    await actor.call("localnet_setFault", "rolled-back-slot")
    await actor.advance(FINALIZED_DEPTH_SLOTS)
    assert await nothing_waits(actor, news)


async def test_a_lagging_node_tells_its_news_late_and_completely(
    actor: Actor, news: SolanaWsClient
) -> None:
    """While it stands still nothing is told; when it moves again everything is."""
    await news.logs_subscribe(commitment=Processed)
    await actor.call("localnet_setFault", "lagging-node", {"slots": 3})
    await actor.advance()
    blockhash = await actor.blockhash()
    signed = await actor.sign(actor.pay(Keypair().pubkey(), COIN_LAMPORTS), blockhash=blockhash)
    signature = await actor.send_signed(signed)
    assert await nothing_waits(actor, news)
    await actor.advance(2)
    assert (await receive(news)).result.value.signature == signature


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("otherSubscribe", [], -32601),
        ("getSlot", [], -32601),
        ("slotUnsubscribe", [99], -32602),
        ("accountSubscribe", [], -32602),
        ("accountSubscribe", ["x"], -32602),
        ("signatureSubscribe", ["x"], -32602),
        ("logsSubscribe", [{"mentions": []}], -32602),
        ("logsSubscribe", ["some"], -32602),
        ("accountSubscribe", [str(Keypair().pubkey()), {"commitment": "max"}], -32602),
    ],
)
async def test_a_wrong_subscription_is_refused_with_its_code(
    server: LocalnetServer, method: str, params: list[object], code: int
) -> None:
    """A refusal is an answer; the connection stays usable."""
    async with connect(server.ws_url) as socket:
        request = {"jsonrpc": "2.0", "id": 5, "method": method, "params": params}
        await socket.send(json.dumps(request))
        answer = json.loads(await socket.recv())
        assert (answer["id"], answer["error"]["code"]) == (5, code)
        await socket.send(json.dumps({**request, "method": "slotSubscribe", "params": []}))
        assert json.loads(await socket.recv())["result"] > 0


async def test_a_broken_message_is_a_parse_error(server: LocalnetServer) -> None:
    """Text or bytes that are no JSON are answered, not dropped."""
    async with connect(server.ws_url) as socket:
        for message in ("{", b"\xff"):
            await socket.send(message)
            assert json.loads(await socket.recv())["error"]["code"] == -32700


async def test_the_client_library_shows_a_refusal_as_its_error(news: SolanaWsClient) -> None:
    """A refused filter raises in the caller that asked."""
    with pytest.raises(SolanaJsonRpcError, match="filters"):
        await news.program_subscribe(
            program_id=TOKEN_PROGRAM_ID, filters=[1, 2, 3, 4, 5], commitment=Processed
        )
