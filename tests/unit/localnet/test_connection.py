"""A WebSocket connection whose client does not read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from settlement.localnet.chain import Chain
from settlement.localnet.clock import SteppedClock
from settlement.localnet.settings import LocalnetSettings
from settlement.localnet.store import Store
from settlement.localnet.subscriptions import SUBSCRIPTIONS_PER_CONNECTION_MAX, Subscriptions
from settlement.localnet.websocket import Connection

Message = MutableMapping[str, Any]


class Client:
    """The far end of a connection: says what it was told to say, and reads or does not."""

    def __init__(self, *requests: dict[str, object], reads: bool) -> None:
        self._to_say: asyncio.Queue[Message] = asyncio.Queue()
        self._to_say.put_nowait({"type": "websocket.connect"})
        for request in requests:
            self.say(request)
        self._reads = reads
        self.heard: list[Any] = []

    def say(self, request: dict[str, object]) -> None:
        """Send a request."""
        self._to_say.put_nowait({"type": "websocket.receive", "text": json.dumps(request)})

    def leave(self) -> None:
        """Close the connection."""
        self._to_say.put_nowait({"type": "websocket.disconnect"})

    async def receive(self) -> Message:
        """Give the server the next message."""
        return await self._to_say.get()

    async def send(self, message: Message) -> None:
        """Take a message of the server, or never take it."""
        if message["type"] == "websocket.send":
            if not self._reads:
                await asyncio.Event().wait()
            self.heard.append(json.loads(message["text"]))


def request(method: str, *params: object) -> dict[str, object]:
    """Write a request."""
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}


@pytest.fixture
def chain() -> Chain:
    """A chain whose slots move by hand."""
    return Chain(LocalnetSettings(slot_ms=None), clock=SteppedClock(), store=Store(None))


async def turns(count: int = 20) -> None:
    """Let every task run for a while."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_client_that_does_not_read_is_cut_off(chain: Chain) -> None:
    """Its news does not pile up beyond the limit, and others are not touched."""
    subscriptions = Subscriptions(chain)
    deaf, good = (Client(request("slotSubscribe"), reads=reads) for reads in (False, True))
    deaf_task, good_task = (
        asyncio.create_task(
            Connection(subscriptions, messages_waiting_max=5).serve(each.receive, each.send)
        )
        for each in (deaf, good)
    )
    await turns()
    for _ in range(20):
        chain.advance_slots(1)
        await turns()
    assert deaf_task.done()
    assert not good_task.done()
    assert len(good.heard) == 21
    good.leave()
    await good_task


async def test_the_subscriptions_of_a_connection_end_with_it(chain: Chain) -> None:
    """A client that leaves is told nothing more."""
    subscriptions = Subscriptions(chain)
    client = Client(request("slotSubscribe"), request("slotUnsubscribe", 1), reads=True)
    client.say(request("slotSubscribe"))
    client.leave()
    await Connection(subscriptions).serve(client.receive, client.send)
    chain.advance_slots(1)
    assert not [heard for heard in client.heard if "method" in heard]


async def test_a_connection_has_a_bounded_number_of_subscriptions(chain: Chain) -> None:
    """One too many is refused; the others stay."""
    many = [request("slotSubscribe")] * (SUBSCRIPTIONS_PER_CONNECTION_MAX + 1)
    client = Client(request("slotSubscribe"), reads=True)
    connection = Connection(Subscriptions(chain))
    answers = [connection._call("slotSubscribe", []) for _ in many[1:]]
    assert len(answers) == SUBSCRIPTIONS_PER_CONNECTION_MAX
    serving = asyncio.create_task(connection.serve(client.receive, client.send))
    await turns()
    assert client.heard[0]["error"]["code"] == -32602
    client.leave()
    await serving
