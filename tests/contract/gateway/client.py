"""How tests speak to the gateway: requests by name, messages by type."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.support.venue import Member

MARKET = "BLDG-USDC"
MESSAGE_SECONDS = 10.0
Answer = httpx.Response


def order(**fields: Any) -> dict[str, Any]:
    """Return the body of a good limit order, some fields changed; None leaves a field out."""
    body = {"market": MARKET, "side": "buy", "price": "100.00", "quantity": "1", **fields}
    return {name: value for name, value in body.items() if value is not None}


class Rest:
    """Requests to the gateway."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def call(
        self,
        method: str,
        path: str,
        member: Member | None = None,
        *,
        body: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make a request, with a member's key if one is given."""
        sent = dict(headers or {})
        if member is not None:
            sent.setdefault("X-API-Key", member.api_key)
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
            return await self.client.request(method, path, content=content, headers=sent)
        if body is not None:
            return await self.client.request(method, path, json=body, headers=sent)
        return await self.client.request(method, path, headers=sent)

    async def get(self, path: str, member: Member | None = None) -> Any:
        """Return the JSON of a good answer."""
        answer = await self.call("GET", path, member)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def place(self, member: Member, **fields: Any) -> Any:
        """Place an order that must be accepted and return the answer."""
        answer = await self.call("POST", "/v1/orders", member, body=order(**fields))
        assert answer.status_code in (200, 201), answer.text
        return answer.json()


class Socket:
    """An open WebSocket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.kept: list[dict[str, Any]] = []

    async def say(self, **message: Any) -> None:
        """Send a message."""
        await self.connection.send(json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        """Return the next message, whatever it is."""
        text = await asyncio.wait_for(self.connection.recv(), MESSAGE_SECONDS)
        message: dict[str, Any] = json.loads(text)
        return message

    async def next(self, *types: str) -> dict[str, Any]:
        """Return the next message of some types; others are kept aside."""
        async with asyncio.timeout(MESSAGE_SECONDS):
            while True:
                message = await self.hear()
                if message["type"] in types:
                    return message
                self.kept.append(message)

    async def ask(self, **message: Any) -> dict[str, Any]:
        """Send a message with an id and return what answers it."""
        number = len(self.kept) + 1_000
        await self.say(id=number, **message)
        async with asyncio.timeout(MESSAGE_SECONDS):
            while True:
                found = await self.hear()
                if found.get("id") == number:
                    return found
                self.kept.append(found)

    async def refusal(self, **message: Any) -> dict[str, Any]:
        """Send a message that must be refused and return the error."""
        answer = await self.ask(**message)
        assert answer["type"] == "error", answer
        error: dict[str, Any] = answer["error"]
        return error

    async def authenticate(self, member: Member) -> None:
        """Say who speaks."""
        answer = await self.ask(op="auth", key=member.api_key)
        assert answer["type"] == "authenticated", answer


@asynccontextmanager
async def open_socket(url: str, **headers: str) -> AsyncIterator[Socket]:
    """Open a WebSocket, with some headers."""
    async with connect(url, additional_headers=headers, max_size=1 << 24) as connection:
        yield Socket(connection)
