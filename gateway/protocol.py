"""One HTTP connection: a request has seconds to come, and what is none is told so with a number."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

import h11
import msgspec
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from gateway.errors import PROBLEM_TYPE, ApiError, EdgeError
from gateway.limits import HEAD_BYTES_MAX, HEADERS_MAX, REQUEST_SECONDS

_COMING = (h11.IDLE, h11.SEND_BODY)
_FRAMING = {b"content-length", b"transfer-encoding"}


class StrictReader(h11.Connection):
    """Refuses heads that are too large, and bodies that end at two places."""

    def next_event(self) -> Any:
        """Give the next event.

        Raises:
            RemoteProtocolError: What came is no request that is taken here.
        """
        event: Any = super().next_event()
        if isinstance(event, h11.Request):
            # The limit of the reader itself is for what is incomplete: a head that came whole, in
            # one piece, would pass it.
            size = len(event.target) + sum(len(name) + len(value) for name, value in event.headers)
            if size > HEAD_BYTES_MAX or len(event.headers) > HEADERS_MAX:
                raise h11.RemoteProtocolError("the head is too large")
            # Two readers would find the next request at two places: whose is what lies between?
            if {name for name, _ in event.headers} >= _FRAMING:
                raise h11.RemoteProtocolError("the body has a length and comes in chunks")
        return event


class HttpProtocol(H11Protocol):
    """Uvicorn's protocol with a deadline for the whole of a request.

    It runs from the connection, or from the first byte of a later request, to the last byte of the
    body. What comes meanwhile does not extend it, or connections that say little would hold all
    that there are. Between requests uvicorn's own keep-alive timeout holds.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn = StrictReader(h11.SERVER, HEAD_BYTES_MAX)
        self._deadline: asyncio.TimerHandle | None = None
        self._has_begun = False
        self._has_upgraded = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Go on waiting while a request is under way."""
        self._has_begun = True
        super().data_received(data)
        if (
            self._has_upgraded
            or self.conn.their_state not in _COMING
            or self._is_between_requests()
        ):
            self._wait_no_more()
        else:
            self._wait()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Wait for nothing any more: the request has come, and what follows is no request."""
        self._has_upgraded = True
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._wait_no_more()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are no request."""
        self._refuse(EdgeError.MALFORMED_HTTP)

    def _refuse(self, code: EdgeError) -> None:
        """Answer with a problem and close; an answer that has begun is only cut off."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            problem = ApiError(code).problem()
            body = msgspec.json.encode(problem)
            headers = [
                (b"content-type", PROBLEM_TYPE.encode()),
                (b"content-length", str(len(body)).encode()),
                (b"connection", b"close"),
            ]
            reason = HTTPStatus(problem.status).phrase.encode()
            head = h11.Response(status_code=problem.status, headers=headers, reason=reason)
            for event in (head, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _is_between_requests(self) -> bool:
        was_used = self.cycle is not None
        return was_used and self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]

    def _wait(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_SECONDS, self._too_slow)

    def _wait_no_more(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        if self._has_begun:
            self._refuse(EdgeError.REQUEST_TOO_SLOW)
        else:
            self.transport.close()
