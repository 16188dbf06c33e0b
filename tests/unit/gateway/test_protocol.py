"""One connection of the gateway: a request has seconds to come, a socket has all the time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.asyncio.client import connect

from gateway import protocol
from gateway.websocket.wire import EXTENSION, SocketProtocol

DEADLINE_SECONDS = 0.05  # tidy: float-ok seconds that asyncio wants
LIVES = 6  # so many deadlines a socket must outlive


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Send back every text, over the way past ASGI."""
    write_now = scope["extensions"][EXTENSION]
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        assert write_now(b"\x81" + bytes([len(event["text"])]) + event["text"].encode())
    assert not write_now(b"\x81\x01x")


@pytest.mark.slow
async def test_a_socket_outlives_the_deadline_of_the_request_that_opened_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An upgrade is a request that has come: what follows it has no end to keep."""
    monkeypatch.setattr(protocol, "REQUEST_SECONDS", DEADLINE_SECONDS)
    config = Config(echo, ws=SocketProtocol, lifespan="off", log_config=None)
    config.load()
    state, loop = ServerState(), asyncio.get_running_loop()
    made = lambda: protocol.HttpProtocol(config, state, {})  # noqa: E731
    server = await loop.create_server(made, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, connect(f"ws://127.0.0.1:{port}/") as socket:
        end = loop.time() + LIVES * DEADLINE_SECONDS
        count = 0
        while loop.time() < end:
            await socket.send(str(count))
            assert await socket.recv() == str(count)
            count += 1
        assert count > LIVES
