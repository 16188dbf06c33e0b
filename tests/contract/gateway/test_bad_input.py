"""Bad input over REST and WebSocket: a numbered error with field and rule, nothing changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError

from gateway.errors import REGISTRY
from gateway.limits import BODY_BYTES_MAX, WS_MESSAGE_BYTES_MAX
from tests.contract.gateway.client import Rest, Socket, order
from tests.support.venue import Member, Venue

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("logs")]

NO_NUMBER = (
    *("0", "-1", "-0", "0.000", "NaN", "nan", "Infinity", "-inf", "1e5", "1e400", "0x10"),
    *("1_000", "1,000", "+1", " 1", "1 ", "", ".5", "5.", "01", "１２", "٣", "1.2.3", "--1"),
    *("9" * 79, "1" * 81, "1\u0000", "1\n", "\u202e1", "1\u200b", "abc", "null"),
)
TOO_LARGE = ("9223372036854775807", "18446744073709551616", "99999999999999999999999999")
NOT_TEXT: tuple[Any, ...] = (0, 1, 1.5, -1, 2**53 + 1, 2**64, True, None, [], {}, ["1"])

# field -> (code of the core, values that are refused)
FIELDS: dict[str, tuple[int, tuple[Any, ...]]] = {
    "price": (15, (*NO_NUMBER, *TOO_LARGE, "100.005", "0.001")),
    "quantity": (16, (*NO_NUMBER, *TOO_LARGE, "1.0005", "0.0001")),
    "side": (3, ("", "BUY", "hold", 1, None, True)),
    "type": (4, ("", "LIMIT", "pegged", 1)),
    "time_in_force": (5, ("", "GTC", "week", 1)),
    "self_trade_prevention": (6, ("", "all", 2)),
    "post_only": (7, ("true", 1, 0)),
    "client_id": (
        8,
        ("", "0", "-1", "x", "1.5", str(2**128), "0f4e6a5c7f3b4f0e9a672f7a3a1c9d10", 5),
    ),
    "market": (11, ("", "bldg-usdc", "NOPE", "BLDG-USDC ", "ВLDG-USDC", 1, None)),
}
CASES = [(field, code, value) for field, (code, values) in FIELDS.items() for value in values]
CASES += [("price", 15, value) for value in NOT_TEXT if value is not None]
CASES += [("quantity", 16, value) for value in NOT_TEXT]


def shown(value: object) -> str:
    return ascii(value)[:24]


async def unchanged(venue: Venue, member: Member, rest: Rest) -> dict[str, Any]:
    """Return what must be the same after bad input: the venue's digest and the member's things."""
    return {
        "digest": venue.admin.status().digest,
        "orders": (await rest.get("/v1/orders?status=all", member))["orders"],
        "balances": (await rest.get("/v1/balances", member))["balances"],
    }


def check_problem(problem: dict[str, Any], code: int, field: str) -> None:
    """Check that an error is one of the registry, and names field and rule."""
    kind = REGISTRY[problem["code"]]
    assert problem["code"] == code, problem
    assert (problem["name"], problem["status"]) == (kind.name, kind.status)
    assert (problem["outcome"], problem["retryable"]) == ("REJECTED", kind.retryable)
    assert problem["type"] == f"/v1/errors#{kind.name}"
    assert problem["field"] == field
    assert problem["rule"]


async def test_bad_fields_over_rest_are_numbered_and_change_nothing(
    rest: Rest, venue: Venue, alice: Member
) -> None:
    """Every bad value of every field of an order is refused with the field's own code."""
    before = await unchanged(venue, alice, rest)
    wrong = []
    for field, code, value in CASES:
        body = {**order(), field: value}
        answer = await rest.call("POST", "/v1/orders", alice, content=json.dumps(body).encode())
        problem = answer.json()
        try:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.status_code == problem["status"]
            check_problem(problem, code, field)
        except AssertionError as error:
            wrong.append((field, shown(value), str(error).splitlines()[0]))
    assert wrong == []
    assert await unchanged(venue, alice, rest) == before


async def test_bad_fields_over_the_socket_get_the_same_errors(
    rest: Rest, venue: Venue, socket: Socket, alice: Member
) -> None:
    """The same table over the WebSocket: same codes, same fields, nothing changed."""
    await socket.authenticate(alice)
    before = await unchanged(venue, alice, rest)
    wrong = []
    for field, code, value in CASES:
        problem = await socket.refusal(op="place", order={**order(), field: value})
        try:
            path = f"order.{field}"
            check_problem(problem, code, path if problem["field"] == path else field)
        except AssertionError as error:
            wrong.append((field, shown(value), str(error).splitlines()[0]))
    assert wrong == []
    assert await unchanged(venue, alice, rest) == before


BODIES: list[tuple[bytes, int, int]] = [
    (b"", 422, 1_004),
    (b"{", 400, 1_001),
    (b"nonsense", 400, 1_001),
    (b"[]", 422, 1_002),
    (b"null", 422, 1_002),
    (b'"text"', 422, 1_002),
    (json.dumps(order()).encode() + b" {}", 400, 1_001),
    (b"\xff\xfe", 400, 1_007),
    (b'{"market":"\xff"}', 400, 1_007),
    (b'{"market":"\\ud800"}', 400, 1_001),
    (b'{"price":NaN}', 400, 1_001),
    (b'{"price":1e400}', 422, 15),
    (b'{"price":' + b"9" * 5_000 + b"}", 422, 15),
    (b'{"a":' + b"[" * 2_000 + b"]" * 2_000 + b"}", 400, 1_008),
    (b'{"a":' * 30 + b"1" + b"}" * 30, 400, 1_008),
    (b'{"role":"operator"}', 422, 1_003),
    (b'{"account_id":1}', 422, 1_003),
    (b'{"a":"' + b"[" * 300 + b'"}', 422, 1_003),
    (b" " * (BODY_BYTES_MAX + 1), 413, 1_009),
]


@pytest.mark.parametrize(("body", "status", "code"), BODIES, ids=shown)
async def test_a_bad_body_is_a_numbered_error(
    rest: Rest, alice: Member, body: bytes, status: int, code: int
) -> None:
    """What is no JSON, too large, too deep, no UTF-8 or no object is told apart."""
    answer = await rest.call("POST", "/v1/orders", alice, content=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json()["outcome"] == "REJECTED"


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "", "multipart/form-data"])
async def test_a_body_that_is_not_called_json_is_refused(
    rest: Rest, alice: Member, media_type: str
) -> None:
    """A form of another site's page cannot place an order."""
    headers = {"Content-Type": media_type}
    content = json.dumps(order()).encode()
    answer = await rest.call("POST", "/v1/orders", alice, content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, 1_010)


LAWFUL_REFUSALS: list[tuple[dict[str, Any], int, int, str | None]] = [
    ({"price": "1000", "quantity": "100000"}, 409, 23, None),
    ({"side": "sell", "quantity": "10001"}, 409, 23, None),
    ({"type": "market", "price": None, "time_in_force": "gtc"}, 422, 5, "time_in_force"),
    ({"type": "market"}, 422, 15, "price"),
    ({"price": None}, 422, 15, "price"),
    ({"post_only": True, "time_in_force": "ioc"}, 422, 7, "post_only"),
    ({"time_in_force": "fok", "price": "0.01"}, 409, 27, "quantity"),
    ({"price": "10995116277.76", "quantity": "1099511627.776"}, 422, 18, "quantity"),
    ({"client_id": "5", "sent_time": "2999-01-01T00:00:00Z"}, 422, 1_005, "sent_time"),
    ({"client_id": "5", "sent_time": "2200-01-01T00:00:00Z"}, 422, 12, "sent_time"),
    ({"client_id": "5", "sent_time": "2020-01-01T00:00:00Z"}, 422, 13, "sent_time"),
    ({"client_id": "5", "sent_time": "yesterday"}, 422, 1_005, "sent_time"),
    ({"client_id": "5", "sent_time": "2026-02-30T00:00:00Z"}, 422, 1_005, "sent_time"),
    ({"sent_time": "2026-11-01T00:00:00Z"}, 422, 1_002, "sent_time"),
]


@pytest.mark.parametrize(("fields", "status", "code", "field"), LAWFUL_REFUSALS)
async def test_a_lawful_refusal_says_what_became_of_it(
    rest: Rest,
    venue: Venue,
    alice: Member,
    fields: dict[str, Any],
    status: int,
    code: int,
    field: str | None,
) -> None:
    """Unfunded, too large, impossible now, too old: each has its code and changes nothing."""
    before = await unchanged(venue, alice, rest)
    answer = await rest.call("POST", "/v1/orders", alice, body=order(**fields))
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem.get("field")) == (status, code, field)
    assert problem["outcome"] == "REJECTED"
    assert await unchanged(venue, alice, rest) == before


async def test_a_post_only_order_that_would_trade_is_refused(
    rest: Rest, alice: Member, bob: Member
) -> None:
    """It can succeed later, so it says retryable."""
    await rest.place(alice, side="sell", price="90")
    body = order(post_only=True, price="90")
    answer = await rest.call("POST", "/v1/orders", bob, body=body)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["retryable"]) == (409, 25, True)


WITHDRAWALS: list[tuple[dict[str, Any], int, int]] = [
    ({"asset": "USDC", "amount": "0"}, 422, 17),
    ({"asset": "USDC", "amount": "-1"}, 422, 17),
    ({"asset": "USDC", "amount": "0.0000001"}, 422, 17),
    ({"asset": "USDC", "amount": 5}, 422, 17),
    ({"asset": "NOPE", "amount": "1"}, 404, 10),
    ({"asset": "USDC", "amount": "1000000.000001"}, 409, 23),
    ({"asset": "USDC"}, 422, 1_004),
    ({"asset": "USDC", "amount": "1", "to": "x"}, 422, 1_003),
]


@pytest.mark.parametrize(("body", "status", "code"), WITHDRAWALS)
async def test_a_bad_withdrawal_holds_nothing(
    rest: Rest, venue: Venue, alice: Member, body: dict[str, Any], status: int, code: int
) -> None:
    """Money that is not there, in no asset, or of no amount cannot be withdrawn."""
    before = await unchanged(venue, alice, rest)
    answer = await rest.call("POST", "/v1/withdrawals", alice, body=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await unchanged(venue, alice, rest) == before


QUERIES: list[tuple[str, int, int, str]] = [
    ("/v1/book/NOPE", 404, 11, "market"),
    ("/v1/book/BLDG-USDC?depth=-1", 422, 1_002, "depth"),
    ("/v1/book/BLDG-USDC?depth=1001", 422, 1_002, "depth"),
    ("/v1/book/BLDG-USDC?depth=x", 422, 1_002, "depth"),
    ("/v1/book/BLDG-USDC?depth=1&depth=2", 422, 1_002, "depth"),
    ("/v1/trades/BLDG-USDC?page_size=1001", 422, 1_002, "page_size"),
    ("/v1/trades/BLDG-USDC?page_token=x", 422, 1_006, "page_token"),
    ("/v1/candles/BLDG-USDC?interval=2m", 422, 1_002, "interval"),
    ("/v1/candles/BLDG-USDC?from_time=now", 422, 1_005, "from_time"),
    ("/v1/statistics/BLDG-USDC?day=today", 422, 1_005, "day"),
    ("/v1/statistics/NO-SUCH", 404, 11, "market"),
    ("/v1/settlement/batches?page_token=x", 422, 1_006, "page_token"),
    ("/v1/settlement/batches?page_size=501", 422, 1_002, "page_size"),
]


@pytest.mark.parametrize(("path", "status", "code", "field"), QUERIES)
async def test_a_bad_parameter_names_itself(
    rest: Rest, path: str, status: int, code: int, field: str
) -> None:
    """Parameters are as strict as bodies."""
    answer = await rest.call("GET", path)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["field"]) == (status, code, field)


@pytest.mark.parametrize(
    "order_id", ["0", "-1", "x", "1e3", "18446744073709551616", "9" * 40, "%00", "1%20", "..%2f"]
)
async def test_text_that_is_no_order_id_names_no_order(
    rest: Rest, alice: Member, order_id: str
) -> None:
    """A path that cannot name an order is answered like one that names none."""
    answer = await rest.call("DELETE", f"/v1/orders/{order_id}", alice)
    assert answer.status_code in (404, 422)
    assert answer.json()["code"] in (21, 1_002, 1_013)


async def test_a_frame_that_is_no_utf8_ends_the_socket_with_its_number(socket: Socket) -> None:
    """A text frame that is not UTF-8 breaks the protocol: 1007, as RFC 6455 wants."""
    await socket.connection.send(b"\xff\xfe", text=True)
    with pytest.raises(ConnectionClosedError) as caught:
        await socket.hear()
    received = caught.value.rcvd
    assert received is not None
    assert received.code == 1_007


SOCKET_TEXTS: list[tuple[bytes, int]] = [
    (b"", 1_001),
    (b"{", 1_001),
    (b"[]", 1_016),
    (b"7", 1_016),
    (b"{}", 1_016),
    (b'{"op":"zip"}', 1_016),
    (b'{"op":1}', 1_016),
    (b'{"op":"ping","x":1}', 1_003),
    (b'{"op":"subscribe"}', 1_004),
    (b'{"op":"place"}', 1_004),
    (b'{"op":"place","order":[]}', 1_002),
    (b'{"op":"ping","id":' + b"[" * 3_000 + b"}", 1_008),
    (b'{"op":"ping","id":' + b"9" * 30 + b"}", 1_002),
    (b'{"op":"auth","key":"' + b"x" * 300 + b'"}', 1_002),
    (b" " * (WS_MESSAGE_BYTES_MAX + 1), 1_009),
    (b"\xff\xfe", 1_007),
]


@pytest.mark.parametrize(("text", "code"), SOCKET_TEXTS, ids=shown)
async def test_a_bad_message_is_answered_and_the_socket_goes_on(
    socket: Socket, text: bytes, code: int
) -> None:
    """A mistake costs one error, not the connection."""
    await socket.connection.send(text)  # as a binary frame
    error = await socket.next("error")
    assert error["error"]["code"] == code, error
    assert (await socket.ask(op="ping"))["type"] == "pong"


async def test_a_message_far_beyond_the_limit_ends_the_socket(socket: Socket) -> None:
    """A frame that would fill memory is not read: 1009, as RFC 6455 wants."""
    await socket.connection.send("x" * (8 * WS_MESSAGE_BYTES_MAX))
    with pytest.raises(ConnectionClosedError) as caught:
        await socket.hear()
    received = caught.value.rcvd
    assert received is not None
    assert received.code == 1_009
