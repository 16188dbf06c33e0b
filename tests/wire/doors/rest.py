"""REST, by the standard library's plain HTTP client."""

from __future__ import annotations

import http.client
import json
from contextlib import closing, suppress
from urllib.parse import quote, urlsplit

from tests.wire.doors.http_fields import outcome_of_problem, text_fields
from tests.wire.scene import CALL_SECONDS, Scene
from tests.wire.table import Action, Ask, Command, Http, Outcome, Party

PROBLEM = "application/problem+json"
JSON = "application/json"


class Rest:
    """Sends requests, each over a connection of its own."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._address = urlsplit(scene.venue.url).netloc

    def send(self, ask: Ask, party: Party) -> Outcome:
        """Make the request and return what came back."""
        if isinstance(ask, Command):
            ask = self._request(ask)
        if not isinstance(ask, Http):
            raise TypeError(f"this door cannot be told {type(ask).__name__}")
        key = self._scene.key(party)
        headers = {} if key is None else {"x-api-key": key}
        headers |= {"content-type": JSON} if ask.body else {}
        path = ask.path.format_map(self._scene.known)
        with closing(http.client.HTTPConnection(self._address, timeout=CALL_SECONDS)) as connection:
            # When it is refused before the whole body was there, the answer is there already.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(ask.method, path, ask.body, {**headers, **ask.headers})
            return outcome_of_response(connection.getresponse())

    def _request(self, command: Command) -> Http:
        fields = text_fields(command, self._scene)
        if command.action is Action.WITHDRAW:
            return Http("POST", "/v1/withdrawals", json_bytes(fields))
        if command.action is Action.CANCEL_ALL:
            query = "&".join(f"{name}={quote(str(value))}" for name, value in fields.items())
            return Http("DELETE", f"/v1/orders?{query}")
        if command.action is Action.PLACE:
            return Http("POST", "/v1/orders", json_bytes(fields))
        method = "DELETE" if command.action is Action.CANCEL else "PATCH"
        if "order_client_id" in fields:
            path = f"/v1/orders/client/{quote(fields.pop('order_client_id'))}"
        else:
            path = f"/v1/orders/{quote(fields.pop('order_id'))}"
        return Http(method, path, json_bytes(fields) if fields else b"")


def json_bytes(fields: dict[str, object]) -> bytes:
    """Write a body."""
    return json.dumps(fields, ensure_ascii=False).encode()


def outcome_of_response(response: http.client.HTTPResponse) -> Outcome:
    """Return what an answer says."""
    body = response.read()
    if response.status < 400:
        return Outcome(True, str(response.status))
    if response.getheader("content-type") != PROBLEM:
        return Outcome(False, str(response.status), rule=body[:80].decode("latin-1"))
    problem = json.loads(body)
    if problem["status"] != response.status:
        return Outcome(False, f"{response.status}, but says {problem['status']}")
    return outcome_of_problem(str(response.status), problem)
