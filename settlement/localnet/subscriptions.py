"""News over WebSocket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Subscriptions:
    """Who wants to hear what."""

    async def serve(self, receive: Receive, send: Send) -> None:
        """Serve one WebSocket connection until it ends."""
        await receive()
        await send({"type": "websocket.close", "code": 1011})
