"""One WebSocket connection: subscriptions in, news out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from solders.pubkey import Pubkey

from settlement.localnet.json_text import encode_json
from settlement.localnet.rpc.account_methods import filters_of
from settlement.localnet.rpc.account_view import ENCODINGS, data_slice_of
from settlement.localnet.rpc.dispatch import answer
from settlement.localnet.rpc.errors import METHOD_NOT_FOUND, RpcError, invalid_params
from settlement.localnet.rpc.params import Params, as_key, as_signature
from settlement.localnet.subscriptions import (
    SUBSCRIPTIONS_PER_CONNECTION_MAX,
    Subscription,
    Subscriptions,
    Topic,
)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MESSAGES_WAITING_MAX = 10_000
"""A reader that lets more wait than this is cut off, so that memory stays bounded."""

SUBSCRIBE = "Subscribe"
UNSUBSCRIBE = "Unsubscribe"


class Connection:
    """One connection and the subscriptions that die with it."""

    def __init__(
        self, subscriptions: Subscriptions, *, messages_waiting_max: int = MESSAGES_WAITING_MAX
    ) -> None:
        """Start without subscriptions."""
        self._subscriptions = subscriptions
        self._numbers: set[int] = set()
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue(messages_waiting_max)
        self._too_slow = asyncio.Event()
        # News about a signature that is settled already must follow the answer, not lead it.
        self._after_answer: list[Subscription] = []

    async def serve(self, receive: Receive, send: Send) -> None:
        """Serve until the client goes, or is cut off because it does not read."""
        await receive()
        await send({"type": "websocket.accept"})
        tasks = [
            asyncio.create_task(self._read(receive)),
            asyncio.create_task(self._write(send)),
            asyncio.create_task(self._cut_off()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for number in self._numbers:
                self._subscriptions.remove(number)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _read(self, receive: Receive) -> None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            text: str | bytes = message.get("text") or message.get("bytes") or b""
            body = text.encode() if isinstance(text, str) else text
            self._enqueue(answer(body, self._call))
            added, self._after_answer = self._after_answer, []
            for subscription in added:
                self._subscriptions.add(subscription)

    async def _write(self, send: Send) -> None:
        while True:
            message = await self._outgoing.get()
            await send({"type": "websocket.send", "text": message.decode()})

    async def _cut_off(self) -> None:
        await self._too_slow.wait()

    def _push(self, news: dict[str, object]) -> None:
        self._enqueue(encode_json(news))

    def _enqueue(self, message: bytes) -> None:
        if self._outgoing.full():
            self._too_slow.set()
            return
        self._outgoing.put_nowait(message)

    def _call(self, method: str, params: object) -> object:
        if method.endswith(UNSUBSCRIBE):
            _topic(method, UNSUBSCRIBE)
            return self._unsubscribe(Params(params).integer(0, "subscription"))
        topic = _topic(method, SUBSCRIBE)
        if len(self._numbers) >= SUBSCRIPTIONS_PER_CONNECTION_MAX:
            raise invalid_params(
                f"a connection has at most {SUBSCRIPTIONS_PER_CONNECTION_MAX} subscriptions"
            )
        subscription = self._subscription(topic, Params(params))
        self._numbers.add(subscription.number)
        self._after_answer.append(subscription)
        return subscription.number

    def _unsubscribe(self, number: int) -> bool:
        if number not in self._numbers:
            raise invalid_params("Invalid subscription id.")
        self._numbers.discard(number)
        self._after_answer = [each for each in self._after_answer if each.number != number]
        self._subscriptions.remove(number)
        return True

    def _subscription(self, topic: Topic, params: Params) -> Subscription:
        number = self._subscriptions.next_number()
        if topic in (Topic.SLOT, Topic.ROOT):
            return Subscription(number=number, topic=topic, push=self._push)
        options = params.config(1)
        commitment = options.commitment()
        if topic is Topic.LOGS:
            return Subscription(
                number=number,
                topic=topic,
                push=self._push,
                commitment=commitment,
                address=_mentioned(params),
            )
        if topic is Topic.SIGNATURE:
            return Subscription(
                number=number,
                topic=topic,
                push=self._push,
                commitment=commitment,
                signature=as_signature(params.at(0, "signature"), "signature"),
            )
        filters = filters_of(options) if topic is Topic.PROGRAM else []
        return Subscription(
            number=number,
            topic=topic,
            push=self._push,
            commitment=commitment,
            address=params.key(0, "address"),
            encoding=options.text("encoding", "base64", ENCODINGS),
            data_slice=data_slice_of(options),
            matches=lambda data: all(passes(data) for passes in filters),
        )


def _topic(method: str, ending: str) -> Topic:
    stem = method.removesuffix(ending)
    if not method.endswith(ending) or stem not in set(Topic):
        raise RpcError(METHOD_NOT_FOUND, "Method not found")
    return Topic(stem)


def _mentioned(params: Params) -> Pubkey | None:
    """Read the filter of `logsSubscribe`: the one key that must be mentioned, or None for all."""
    value = params.at(0, "filter")
    if value in ("all", "allWithVotes"):
        return None
    keys = value.get("mentions") if isinstance(value, dict) else None
    if not isinstance(keys, list) or len(keys) != 1:
        raise invalid_params('filter: must be "all" or {"mentions": [address]} with one address')
    return as_key(keys[0], "mentions")
