"""A node that answers each method with what a test put there, over real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class CannedNode:
    """Answers by method; a method without an answer gets the error of an unknown one."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.url = ""

    def result(self, method: str, value: object) -> None:
        """Answer a method with a result."""
        self.answers[method] = json.dumps({"jsonrpc": "2.0", "id": 0, "result": value})

    def error(self, method: str, code: int, message: str, data: object = None) -> None:
        """Answer a method with an error."""
        error = {"code": code, "message": message, "data": data}
        self.answers[method] = json.dumps({"jsonrpc": "2.0", "id": 0, "error": error})

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length:")[1].split("\r\n")[0])
        method = json.loads(await reader.readexactly(length))["method"]
        unknown = '{"jsonrpc":"2.0","id":0,"error":{"code":-32601,"message":"Method not found"}}'
        body = self.answers.get(method, unknown).encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        writer.write(body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def canned_node() -> AsyncIterator[CannedNode]:
    """Run such a node."""
    node = CannedNode()
    server = await asyncio.start_server(node._serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    node.url = f"http://127.0.0.1:{port}"
    yield node
    server.close()
    await server.wait_closed()
