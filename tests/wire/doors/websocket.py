"""The gateway's WebSocket, by a plain client."""

from __future__ import annotations

import json
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import CloseCode
from websockets.sync.client import connect

from tests.wire.doors.http_fields import outcome_of_problem, text_fields
from tests.wire.scene import CALL_SECONDS, Scene
from tests.wire.table import Action, Ask, Command, Frame, Opening, Outcome, Party

ANSWERS = frozenset(("answer", "error", "pong", "subscribed", "unsubscribed", "authenticated"))


class WebSocket:
    """Sends one message over a socket of its own."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def send(self, ask: Ask, party: Party) -> Outcome:
        """Send it and return what came back."""
        key = self._scene.key(party)
        headers = {} if key is None else {"x-api-key": key}
        if isinstance(ask, Opening):
            headers |= ask.headers
        if isinstance(ask, Command):
            ask = Frame(json.dumps(self._message(ask), ensure_ascii=False).encode())
        if not isinstance(ask, Frame | Opening):
            raise TypeError(f"this door cannot be told {type(ask).__name__}")
        try:
            with connect(
                self._scene.venue.socket_url,
                additional_headers=headers,
                open_timeout=CALL_SECONDS,
                proxy=None,
            ) as socket:
                if isinstance(ask, Opening):
                    return Outcome(True, "open")
                socket.send(ask.data, text=ask.is_text)
                return outcome_of_message(next_answer(socket))
        except InvalidStatus as error:
            response = error.response
            return outcome_of_problem(str(response.status_code), json.loads(response.body))
        except ConnectionClosed as error:
            return outcome_of_close(error)

    def _message(self, command: Command) -> dict[str, Any]:
        fields = text_fields(command, self._scene)
        if command.action is Action.PLACE:
            return {"op": "place", "order": fields}
        return {"op": command.action.value, **fields}


def next_answer(socket: Any) -> dict[str, Any]:
    """Return the next message that answers something: no welcome, no market data."""
    while True:
        message: dict[str, Any] = json.loads(socket.recv(timeout=CALL_SECONDS))
        if message["type"] in ANSWERS:
            return message


def outcome_of_message(message: dict[str, Any]) -> Outcome:
    """Return what a message says."""
    if message["type"] == "error":
        return outcome_of_problem("error", message["error"])
    return Outcome(True, message["type"])


def outcome_of_close(error: ConnectionClosed) -> Outcome:
    """Return what a closing frame says."""
    if error.rcvd is None:
        return Outcome(False, "lost")
    code = error.rcvd.code
    name = CloseCode(code).name if code in set(CloseCode) else ""
    return Outcome(False, "closed", code, name, rule=error.rcvd.reason or name)
