"""The port: JSON-RPC over HTTP and over WebSocket on the same one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from settlement.localnet.chain import Chain
from settlement.localnet.faults import FaultName
from settlement.localnet.json_text import encode_json
from settlement.localnet.rpc.dispatch import answer, caller
from settlement.localnet.rpc.errors import AnswerLost
from settlement.localnet.rpc.private_methods import PREFIX
from settlement.localnet.subscriptions import Subscriptions
from settlement.localnet.websocket import Connection

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_BYTES_MAX = 50 * 1024
"""As on a real node: the largest transaction in base 64 fits many times."""

JSON = (b"content-type", b"application/json")


class RpcApp:
    """The ASGI application of one chain."""

    def __init__(self, chain: Chain, subscriptions: Subscriptions) -> None:
        """Serve `chain`, and its news by `subscriptions`."""
        self._chain = chain
        self._call = caller(chain)
        self._subscriptions = subscriptions

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one HTTP request or one WebSocket connection."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            # Without a lifespan protocol there are only these two.
            await Connection(self._subscriptions).serve(receive, send)

    async def _http(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["method"] == "GET" and scope["path"] == "/health":
            await _respond(send, 200, b"ok", (b"content-type", b"text/plain"))
            return
        if scope["method"] != "POST":
            await _respond(send, 405, b"Used HTTP Method is not allowed. POST is required", JSON)
            return
        body = await _read_body(receive)
        if body is None:
            await _respond(send, 413, b"request body too large", JSON)
            return
        if self._refused_by_rate(body):
            text = encode_json({"code": 429, "message": "Too many requests"})
            await _respond(send, 429, text, JSON, (b"retry-after", b"1"))
            return
        try:
            reply = answer(body, self._call)
        except AnswerLost:
            await _respond(send, 504, b"", JSON)
            return
        await _respond(send, 200, reply, JSON)

    def _refused_by_rate(self, body: bytes) -> bool:
        if PREFIX.encode() in body:
            return False
        return self._chain.faults.strike(FaultName.RATE_LIMIT) is not None


async def _read_body(receive: Receive) -> bytes | None:
    """Read a request body; None if it is longer than allowed."""
    body = b""
    while True:
        message = await receive()
        part: bytes = message.get("body", b"")
        body += part
        if len(body) > BODY_BYTES_MAX:
            return None
        if not message.get("more_body", False):
            return body


async def _respond(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
