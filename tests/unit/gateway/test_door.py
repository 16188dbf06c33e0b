"""How a socket ends: cut with where to resume, sent away, or gone by itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine.keys import Principal, Role
from gateway.errors import EdgeError
from gateway.feeds.channel import Channel, Frame
from gateway.limits import WS_AUTHENTICATIONS_MAX, WS_OUTBOX_FRAMES_MAX
from gateway.order_entry import Caller
from gateway.service import Gateway, GatewaySettings
from gateway.websocket.endpoint import CLOSE_NOT_AUTHENTICATED, CLOSE_SLOW, converse
from gateway.websocket.outbox import Subscription
from gateway.websocket.session import Session


class Peer:
    """The other end of a socket: what it says, and what it takes when it takes anything."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.takes = asyncio.Event()
        self.takes.set()
        self._said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def receive(self) -> Any:
        return await self._said.get()

    async def send(self, event: Any) -> None:
        await self.takes.wait()
        self.taken.append(event)

    def say(self, **message: object) -> None:
        """Send a message."""
        self._said.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})

    def leave(self) -> None:
        """Go away."""
        self._said.put_nowait({"type": "websocket.disconnect", "code": 1_000})

    def messages(self) -> list[Any]:
        """Return what was taken, decoded."""
        texts = [event["text"] for event in self.taken if event["type"] == "websocket.send"]
        return [json.loads(text) for text in texts]


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    """A gateway with nothing behind it and no keys."""
    keys = tmp_path / "keys.json"
    keys.write_text("[]")
    made = Gateway(
        GatewaySettings(
            engine_address="127.0.0.1:1",
            market_address="",
            settlement_address="",
            api_key="own",
            keys_path=keys,
        )
    )
    yield made
    await made.close()


async def test_a_peer_that_leaves_ends_the_conversation(gateway: Gateway) -> None:
    """Nothing is sent to who has gone."""
    peer = Peer()
    peer.say(op="ping", id=1)
    peer.leave()
    await asyncio.wait_for(converse(Session(gateway, None), peer.receive, peer.send), 5)
    assert all(event["type"] == "websocket.send" for event in peer.taken)


async def test_a_slow_peer_on_a_private_channel_is_cut_and_told_where_to_resume(
    gateway: Gateway,
) -> None:
    """The last message is the error with the resume point, then the closing code says it again."""
    peer = Peer()
    caller = Caller(Principal("alice", 7, Role.MEMBER), "key")
    session = Session(gateway, caller)
    channel = Channel("orders", opening=list, private=True)
    Subscription(channel, session.outbox).begin([])
    peer.takes.clear()
    talk = asyncio.create_task(converse(session, peer.receive, peer.send))
    await asyncio.sleep(0)
    for number in range(1, WS_OUTBOX_FRAMES_MAX + 3):
        channel.publish(Frame('{"type":"order"}', number, number))
    assert session.outbox.cut is not None
    resume = session.outbox.cut.resume
    peer.takes.set()
    await asyncio.wait_for(talk, 5)
    error = peer.messages()[-1]["error"]
    assert (error["name"], error["resume"], error["retryable"]) == ("SLOW_CONSUMER", resume, True)
    last = peer.taken[-1]
    assert (last["type"], last["code"]) == ("websocket.close", CLOSE_SLOW)
    assert last["reason"].startswith(f"SLOW_CONSUMER orders is cut, resume={resume}:")


async def test_an_account_that_cannot_be_followed_cuts_its_sockets(gateway: Gateway) -> None:
    """A private channel that has ended is never left silent."""
    peer = Peer()
    session = Session(gateway, None)
    channel = Channel("fills", opening=list, private=True)
    Subscription(channel, session.outbox).begin([Frame("{}", 5, 5)])
    channel.fail(EdgeError.NOT_AUTHENTICATED, "the key is gone")
    await asyncio.wait_for(converse(session, peer.receive, peer.send), 5)
    assert peer.messages()[-1]["error"]["resume"] == 6
    assert peer.taken[-1]["code"] == CLOSE_NOT_AUTHENTICATED


async def test_a_key_that_is_removed_ends_its_sockets(gateway: Gateway) -> None:
    """Whose key is no longer valid is sent away at once; sockets without a key stay."""
    peer = Peer()
    open_to_all = Session(gateway, None)
    open_to_all.check_key()
    assert open_to_all.outbox.cut is None
    session = Session(gateway, Caller(Principal("alice", 7, Role.MEMBER), "key"))
    session.check_key()
    await asyncio.wait_for(converse(session, peer.receive, peer.send), 5)
    assert peer.taken[-1]["code"] == CLOSE_NOT_AUTHENTICATED


async def test_a_peer_that_guesses_keys_is_sent_away(gateway: Gateway) -> None:
    """The last wrong key closes the socket."""
    peer = Peer()
    for _ in range(WS_AUTHENTICATIONS_MAX):
        peer.say(op="auth", key="guess")
    await asyncio.wait_for(converse(Session(gateway, None), peer.receive, peer.send), 5)
    assert peer.taken[-1]["code"] == CLOSE_NOT_AUTHENTICATED


@pytest.mark.slow
async def test_an_engine_that_is_away_is_a_numbered_error(gateway: Gateway) -> None:
    """A subscription to a market that cannot be looked up says that nothing was done."""
    peer = Peer()
    session = Session(gateway, None)
    await session.receive(b'{"op":"subscribe","channel":"trades","market":"X","id":4}')
    peer.leave()
    await asyncio.wait_for(converse(session, peer.receive, peer.send), 5)
    error = peer.messages()[0]
    assert (error["id"], error["error"]["name"]) == (4, "ENGINE_UNAVAILABLE")
