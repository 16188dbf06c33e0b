"""Every address of the gateway, in one table: who may use it, and what it refuses.

An address without a row fails here, so that none is added without saying who may use it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest
from litestar.routes import ASGIRoute, HTTPRoute

from gateway.app import create_app
from gateway.limits import BODY_BYTES_MAX, QUERY_BYTES_MAX
from gateway.service import Gateway, GatewaySettings
from tests.contract.gateway.client import MARKET, Rest, open_socket, order
from tests.support.venue import Member, Venue
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow


class Who(StrEnum):
    """Who may use an address."""

    EVERYBODY = "everybody"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Row:
    """An address: its method and form, who may use it, a good request, and its status."""

    method: str
    form: str
    who: Who
    path: str
    status: int = 200
    body: Any = None


ORDER_404 = "/v1/orders/999999999"
CLIENT_404 = "/v1/orders/client/0f4e6a5c-7f3b-4f0e-9a67-2f7a3a1c9d10"
CHANGE = {"price": "100", "quantity": "1"}

ROUTES = (
    Row("GET", "/", Who.EVERYBODY, "/"),
    Row("GET", "/page/{name:str}", Who.EVERYBODY, "/page/main.js"),
    Row("GET", "/v1/openapi.json", Who.EVERYBODY, "/v1/openapi.json"),
    Row("GET", "/v1/errors", Who.EVERYBODY, "/v1/errors"),
    Row("GET", "/v1/instruments", Who.EVERYBODY, "/v1/instruments"),
    Row("GET", "/v1/status", Who.EVERYBODY, "/v1/status"),
    Row("GET", "/v1/settlement/batches", Who.EVERYBODY, "/v1/settlement/batches"),
    Row("GET", "/v1/book/{symbol:str}", Who.EVERYBODY, f"/v1/book/{MARKET}"),
    Row("GET", "/v1/trades/{symbol:str}", Who.EVERYBODY, f"/v1/trades/{MARKET}"),
    Row("GET", "/v1/candles/{symbol:str}", Who.EVERYBODY, f"/v1/candles/{MARKET}"),
    Row("GET", "/v1/statistics/{symbol:str}", Who.EVERYBODY, f"/v1/statistics/{MARKET}"),
    Row("GET", "/v1/orders", Who.MEMBER, "/v1/orders"),
    Row("POST", "/v1/orders", Who.MEMBER, "/v1/orders", 201, order()),
    Row("DELETE", "/v1/orders", Who.MEMBER, "/v1/orders"),
    Row("GET", "/v1/orders/{order_id:str}", Who.MEMBER, ORDER_404, 404),
    Row("DELETE", "/v1/orders/{order_id:str}", Who.MEMBER, ORDER_404, 404),
    Row("PATCH", "/v1/orders/{order_id:str}", Who.MEMBER, ORDER_404, 404, CHANGE),
    Row("GET", "/v1/orders/client/{client_id:str}", Who.MEMBER, CLIENT_404, 404),
    Row("DELETE", "/v1/orders/client/{client_id:str}", Who.MEMBER, CLIENT_404, 404),
    Row("PATCH", "/v1/orders/client/{client_id:str}", Who.MEMBER, CLIENT_404, 404, CHANGE),
    Row("GET", "/v1/fills", Who.MEMBER, "/v1/fills"),
    Row("GET", "/v1/balances", Who.MEMBER, "/v1/balances"),
    Row("GET", "/v1/withdrawals", Who.MEMBER, "/v1/withdrawals"),
    Row(
        "POST",
        "/v1/withdrawals",
        Who.MEMBER,
        "/v1/withdrawals",
        201,
        {"asset": "USDC", "amount": "1"},
    ),
    Row("GET", "/v1/deposits", Who.MEMBER, "/v1/deposits"),
)
PRIVATE = [row for row in ROUTES if row.who is Who.MEMBER]
NOT_HTTP = {"/v1/ws"}  # see test_socket_*.py
# The framework's own: the contract once more, and "not found" below it.
MACHINE_MADE = {"/v1/openapi.json/openapi.json", "/v1/openapi.json/{path:str}"}


def name(row: Row) -> str:
    return f"{row.method} {row.form}"


async def served_routes(venue: Venue) -> set[tuple[str, str]]:
    """Return method and form of every address that the application serves."""
    settings = GatewaySettings(
        engine_address="127.0.0.1:1",
        market_address="",
        settlement_address="",
        api_key="unused",
        keys_path=venue.folder.data / "keys.json",
    )
    gateway = Gateway(settings)
    found = set()
    for route in create_app(gateway).routes:
        if isinstance(route, ASGIRoute):
            assert route.path in NOT_HTTP
        elif isinstance(route, HTTPRoute) and route.path not in MACHINE_MADE:
            methods = {
                method for handler in route.route_handlers for method in handler.http_methods
            }
            found |= {(str(method), route.path) for method in methods - {"OPTIONS"}}
    await gateway.close()
    return found


async def test_every_address_has_a_row(venue: Venue) -> None:
    """An address that is not in the table would be one that nobody decided about."""
    expected = {(row.method, row.form) for row in ROUTES}
    assert await served_routes(venue) == expected


@pytest.mark.parametrize("row", ROUTES, ids=name)
async def test_a_good_request_is_answered(rest: Rest, alice: Member, row: Row) -> None:
    """With the key that it needs, every address answers as its row says."""
    member = alice if row.who is Who.MEMBER else None
    answer = await rest.call(row.method, row.path, member, body=row.body)
    assert answer.status_code == row.status, answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("row", PRIVATE, ids=name)
async def test_a_private_address_needs_a_key(rest: Rest, row: Row) -> None:
    """No key, an unknown key, two keys and a key in the wrong place get the same answer."""
    headers: list[dict[str, str]] = [
        {},
        {"X-API-Key": "wrong"},
        {"X-API-Key": ""},
        {"X-API-Key": "x" * 300},
        {"X-API-Key": "a", "Authorization": "Bearer b"},
        {"Authorization": "Basic b"},
    ]
    answers = [await rest.call(row.method, row.path, body=row.body, headers=h) for h in headers]
    problems = [answer.json() for answer in answers]
    assert [answer.status_code for answer in answers] == [401] * len(headers)
    assert {(each["code"], each["detail"]) for each in problems} == {
        (1_011, "a valid API key is needed")
    }
    assert all("www-authenticate" in answer.headers for answer in answers)


@pytest.mark.parametrize("row", PRIVATE, ids=name)
@pytest.mark.parametrize("role", ["operator", "settlement", "gateway"])
async def test_a_private_address_refuses_other_roles(
    rest: Rest, venue: Venue, row: Row, role: str
) -> None:
    """A key that is valid but not a member's may read no account and place no order."""
    headers = {"X-API-Key": venue.folder.role_keys[role]}
    answer = await rest.call(row.method, row.path, body=row.body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, 1_012)


@pytest.mark.parametrize("row", ROUTES, ids=name)
async def test_an_unknown_parameter_is_refused(rest: Rest, alice: Member, row: Row) -> None:
    """A misspelt parameter that is ignored would answer another question than was asked."""
    member = alice if row.who is Who.MEMBER else None
    answer = await rest.call(row.method, f"{row.path}?page_sise=5", member, body=row.body)
    assert (answer.status_code, answer.json()["code"]) == (422, 1_003)
    assert answer.json()["field"] == "page_sise"


@pytest.mark.parametrize("row", ROUTES, ids=name)
async def test_too_long_a_query_or_body_is_refused(rest: Rest, alice: Member, row: Row) -> None:
    """Every address bounds what it reads."""
    member = alice if row.who is Who.MEMBER else None
    query = await rest.call(row.method, f"{row.path}?{'x' * QUERY_BYTES_MAX}=1", member)
    assert (query.status_code, query.json()["code"]) == (413, 1_009)
    body = await rest.call(row.method, row.path, member, content=b" " * (BODY_BYTES_MAX + 1))
    assert (body.status_code, body.json()["code"]) == (413, 1_009)


@pytest.mark.parametrize("path", ["/v2/orders", "/v1", "/v1/Orders", "/v1/nothing", "/page/x.js"])
async def test_an_address_that_is_not_there_is_a_numbered_error(rest: Rest, path: str) -> None:
    """Also "not found" is problem+json with a number."""
    answer = await rest.call("GET", path)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (404, 1_013)


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-Method-Override"])
async def test_a_method_cannot_be_overridden(rest: Rest, alice: Member, header: str) -> None:
    """A GET stays a GET, whatever headers say."""
    placed = await rest.place(alice)
    path = f"/v1/orders/{placed['order_id']}"
    answer = await rest.call("GET", path, alice, headers={header: "DELETE"})
    assert answer.json()["order"]["status"] == "working"


async def test_a_wrong_method_names_those_that_are_allowed(rest: Rest) -> None:
    """405 with `Allow`, as HTTP wants it."""
    answer = await rest.call("PUT", "/v1/orders")
    assert (answer.status_code, answer.json()["code"]) == (405, 1_014)
    assert {"GET", "POST", "DELETE"} <= set(answer.headers["allow"].replace(" ", "").split(","))


async def test_a_new_key_counts_soon_and_a_removed_one_no_more(venue: Venue, rest: Rest) -> None:
    """The key file is read again when it changes; no restart is needed to lock somebody out."""
    path = venue.folder.data / "keys.json"
    before = path.read_bytes()
    member = venue.member()
    entry = b'"name":"member-%d"' % member.account_id
    rows = before.removeprefix(b"[{").removesuffix(b"}]").split(b"},{")
    kept = [row for row in rows if entry not in row]
    assert len(kept) == len(rows) - 1

    async def is_refused() -> bool:
        return (await rest.call("GET", "/v1/orders", member)).status_code == 401

    async def is_served() -> bool:
        return (await rest.call("GET", "/v1/orders", member)).status_code == 200

    assert await is_served()
    try:
        async with open_socket(venue.socket_url) as socket:
            await socket.authenticate(member)
            path.write_bytes(b"[{" + b"},{".join(kept) + b"}]")
            await wait_until(is_refused)
            cut = await socket.next("error")
            assert cut["error"]["code"] == 1_011
    finally:
        path.write_bytes(before)
    await wait_until(is_served)
