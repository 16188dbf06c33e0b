"""JSON-RPC and HTTP themselves: what is malformed gets its numbered error."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from settlement.localnet import LocalnetServer
from settlement.localnet.http import BODY_BYTES_MAX


@pytest.fixture
async def http(server: LocalnetServer) -> AsyncIterator[httpx.AsyncClient]:
    """A plain HTTP client of the port."""
    async with httpx.AsyncClient(base_url=server.url) as client:
        yield client


async def post(http: httpx.AsyncClient, body: object) -> Any:
    """Send a body as it is, or as JSON if it is not bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await http.post("/", content=content)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def request(method: object, params: object = None, request_id: object = 1) -> dict[str, object]:
    """Write a request."""
    return {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 20_000, -32700),
        (b"7", -32600),
        (b"[]", -32600),
        (b"{}", -32600),
        (request(7), -32600),
        (request("getSlot", request_id=[1]), -32600),
        (request("getNothing"), -32601),
        (request("getSlot", {"commitment": "processed"}), -32602),
        (request("getSlot", ["sometime"]), -32602),
        (request("getSlot", [{"commitment": "max"}]), -32602),
        (request("getSlot", [{"commitment": 7}]), -32602),
        (request("getSlot", [{"minContextSlot": -1}]), -32602),
        (request("getSlot", [{"minContextSlot": 2**64}]), -32602),
        (request("getBalance", []), -32602),
        (request("getBalance", ["short"]), -32602),
        (request("getBalance", [7]), -32602),
        (request("getAccountInfo", ["1" * 32, {"encoding": "base2"}]), -32602),
        (request("getAccountInfo", ["1" * 32, {"dataSlice": 1}]), -32602),
        (request("getAccountInfo", ["1" * 32, {"dataSlice": {"offset": 1}}]), -32602),
        (request("getMultipleAccounts", ["x"]), -32602),
        (request("getSignatureStatuses", [["x"]]), -32602),
        (request("getSignatureStatuses", [[], {"searchTransactionHistory": 1}]), -32602),
        (request("isBlockhashValid", ["x"]), -32602),
        (request("getFeeForMessage", ["!"]), -32602),
        (request("getTokenAccountsByOwner", ["1" * 32, {}]), -32602),
        (request("getTokenAccountsByOwner", ["1" * 32]), -32602),
        (request("localnet_setFault", ["earthquake"]), -32602),
        (request("localnet_setFault", ["drop", {"count": 0}]), -32602),
        (request("localnet_setFault", ["rolled-back-slot", {"slots": 0}]), -32602),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_malformed_request_gets_its_code(
    http: httpx.AsyncClient, body: object, code: int
) -> None:
    """Every mistake is answered with HTTP 200 and a JSON-RPC error."""
    answer = await post(http, body)
    assert answer["error"]["code"] == code
    assert answer["error"]["message"]


async def test_a_batch_is_answered_in_its_order(http: httpx.AsyncClient) -> None:
    """Good and bad requests of a batch have answers of their own."""
    answers = await post(http, [request("getSlot", request_id="a"), 7, request("getHealth")])
    assert [answer.get("id") for answer in answers] == ["a", None, 1]
    assert ["error" in answer for answer in answers] == [False, True, False]
    assert answers[2]["result"] == "ok"


async def test_a_body_may_come_in_pieces(http: httpx.AsyncClient) -> None:
    """What arrives in several packets is one request."""

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b'{"jsonrpc":"2.0","id":7,', b'"method":', b'"getHealth"}'):
            yield piece

    answer = await http.post("/", content=pieces())
    assert answer.json() == {"jsonrpc": "2.0", "id": 7, "result": "ok"}


async def test_a_body_beyond_the_limit_is_refused(http: httpx.AsyncClient) -> None:
    """Long bodies end with 413 before they are read whole."""
    answer = await http.post("/", content=b" " * (BODY_BYTES_MAX + 1))
    assert answer.status_code == 413


async def test_only_post_is_served_and_the_health_page(http: httpx.AsyncClient) -> None:
    """A browser gets 405, a health check gets ok."""
    assert (await http.get("/")).status_code == 405
    health = await http.get("/health")
    assert (health.status_code, health.text) == (200, "ok")
