"""The way past ASGI for WebSocket frames that are ready to be sent.

A frame of market data goes to a thousand sockets. ASGI would wake a task for each, encode the text
for each and pass it through four calls; here the same bytes are given to each socket's transport.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

EXTENSION = "realstack.wire"
WriteNow = Callable[[bytes], bool]
"""Sends a whole frame if the socket takes it without waiting; tells whether it did."""


class SocketProtocol(WebSocketsSansIOProtocol):
    """Uvicorn's protocol, which also gives the application `WriteNow` as an extension."""

    async def run_asgi(self) -> None:
        """Serve the socket."""
        extensions: Any = self.scope.setdefault("extensions", {})
        extensions[EXTENSION] = self.write_now
        await super().run_asgi()

    def write_now(self, data: bytes) -> bool:
        """Send a whole frame, unless what was sent before still waits or the socket is closing."""
        is_open = self.handshake_complete and not self.close_sent and not self.disconnected
        if not is_open or not self.writable.is_set() or self.transport.is_closing():
            return False
        self.transport.write(data)
        return True
