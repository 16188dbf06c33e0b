"""The WebSocket's door: who may open it, reading and writing, and how it ends."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import msgspec
import structlog
from litestar import Litestar, asgi
from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send

from gateway.encoding import json_text
from gateway.errors import PROBLEM_TYPE, ApiError, EdgeError
from gateway.limits import WS_CONNECTIONS_MAX
from gateway.rest.plumbing import SECURITY_HEADERS, presented_key
from gateway.service import Gateway
from gateway.websocket.session import Session, TooManyFailures, error_message
from gateway.websocket.wire import EXTENSION, WriteNow

CLOSE_SLOW = 4_008
CLOSE_NOT_AUTHENTICATED = 4_401
CLOSE_CANNOT_GO_ON = 4_503
CLOSE_CODES = {
    int(EdgeError.SLOW_CONSUMER): CLOSE_SLOW,
    int(EdgeError.NOT_AUTHENTICATED): CLOSE_NOT_AUTHENTICATED,
}
CLOSE_REASON_BYTES_MAX = 123  # what RFC 6455 leaves for it

log = structlog.get_logger()


@asgi("/v1/ws", copy_scope=False)
async def serve_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one socket; a plain request at this address is told to use a WebSocket."""
    app: Litestar = scope["litestar_app"]
    gateway: Gateway = app.state.gateway
    if scope["type"] != ScopeType.WEBSOCKET:
        error = ApiError(EdgeError.METHOD_NOT_ALLOWED, "this address takes WebSockets only")
        await answer_http(send, error, "http.response")
        return
    await receive()  # websocket.connect
    try:
        extensions: Any = scope.get("extensions") or {}
        write_now = extensions.get(EXTENSION)
        session = open_session(gateway, list(scope["headers"]), write_now)
    except ApiError as error:
        await answer_http(send, error, "websocket.http.response")
        return
    gateway.sockets.add(session)
    try:
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        await converse(session, receive, send)
    except OSError as error:  # uvicorn's ClientDisconnected is one
        log.info("socket lost", detail=repr(error))
    finally:
        gateway.sockets.discard(session)
        session.close()


def open_session(
    gateway: Gateway, headers: list[tuple[bytes, bytes]], write_now: WriteNow | None
) -> Session:
    """Return the session of a new socket.

    Raises:
        ApiError: Another site's page opens it, there are too many, or its key is wrong.
    """
    check_origin(headers, gateway.settings.origins)
    if len(gateway.sockets) >= WS_CONNECTIONS_MAX:
        raise ApiError(EdgeError.TOO_MANY_CONNECTIONS)
    names = {name.lower() for name, _ in headers}
    if names & {b"x-api-key", b"authorization"}:
        return Session(gateway, gateway.authenticate(presented_key(headers)), write_now)
    return Session(gateway, None, write_now)


def check_origin(headers: list[tuple[bytes, bytes]], allowed: frozenset[str]) -> None:
    """Refuse a browser that shows a page of another site; programs send no origin.

    Raises:
        ApiError: ORIGIN_REFUSED.
    """
    values = {name.lower(): value.decode("latin-1") for name, value in headers}
    origin = values.get(b"origin")
    if origin is None or origin in allowed:
        return
    if urlsplit(origin).netloc.lower() != values.get(b"host", "").lower():
        raise ApiError(EdgeError.ORIGIN_REFUSED)


async def converse(session: Session, receive: Receive, send: Send) -> None:
    """Read and write until either side ends it."""

    async def write(text: str) -> None:
        await send({"type": "websocket.send", "bytes": None, "text": text})

    session.welcome()
    writer = asyncio.create_task(session.outbox.run(write), name="socket writer")
    reader = asyncio.create_task(read(session, receive), name="socket reader")
    try:
        await asyncio.wait((writer, reader), return_when=asyncio.FIRST_COMPLETED)
        await end(session, writer, reader, send)
    finally:
        for task in (writer, reader):
            task.cancel()
        await asyncio.gather(writer, reader, return_exceptions=True)


async def read(session: Session, receive: Receive) -> bool:
    """Give the session what comes; return whether the client has gone (else it is sent away)."""
    while True:
        event: Any = await receive()
        if event["type"] == "websocket.disconnect":
            return True
        text = event.get("text")
        data = event.get("bytes") if text is None else text.encode("utf-8", "surrogatepass")
        try:
            await session.receive(data or b"")
        except TooManyFailures:
            return False


async def end(
    session: Session, writer: asyncio.Task[None], reader: asyncio.Task[bool], send: Send
) -> None:
    """Close the socket as its end asks for."""
    cut = session.outbox.cut
    if cut is not None:
        text = json_text(error_message(None, cut.problem()))
        await send({"type": "websocket.send", "bytes": None, "text": text})
        reason = f"{cut.kind.name} {cut.detail}".encode()[:CLOSE_REASON_BYTES_MAX]
        code = CLOSE_CODES.get(cut.kind.code, CLOSE_CANNOT_GO_ON)
        await close(send, code, reason.decode(errors="ignore"))
    elif writer.done():
        writer.result()
    elif not reader.result():
        await close(send, CLOSE_NOT_AUTHENTICATED, "NOT_AUTHENTICATED")


async def close(send: Send, code: int, reason: str) -> None:
    """Send the closing frame, if the client is still there."""
    with suppress(OSError):
        await send({"type": "websocket.close", "code": code, "reason": reason})


async def answer_http(send: Send, error: ApiError, kind: str) -> None:
    """Answer with an error instead of opening a socket."""
    body = msgspec.json.encode(error.problem(instance="/v1/ws"))
    headers = [
        (b"content-type", PROBLEM_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        *((name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()),
    ]
    start: Any = {"type": f"{kind}.start", "status": error.kind.status, "headers": headers}
    rest: Any = {"type": f"{kind}.body", "body": body, "more_body": False}
    await send(start)
    await send(rest)
