"""Hostile bytes at the gateway: it survives, others are served, its memory stays bounded."""

from __future__ import annotations

import gzip
import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import pytest

from gateway.limits import REQUEST_SECONDS
from realstack.edge_errors import EdgeError
from tests.wire.hostile.bystander import Bystander
from tests.wire.hostile.http1 import FRAMES, MALFORMED, frame, head, upgrade
from tests.wire.hostile.wire import Wire
from tests.wire.scene import Scene
from tests.wire.table import Party

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

MEBIBYTE = 1 << 20
GROWN_BYTES_MAX = 128 * MEBIBYTE
SERVED_SECONDS_MAX = 10.0
UPGRADE = upgrade(b"/v1/ws")
GOOD_BODY = b'{"market":"BLDG-USDC","side":"buy","quantity":"1","price":"1"}'


def address(scene: Scene) -> str:
    """Return the gateway's HOST:PORT."""
    return urlsplit(scene.venue.url).netloc


def good_request(scene: Scene) -> Callable[[], None]:
    """Return a request that goes through to the engine and is refused there: no funds."""
    headers = {"x-api-key": str(scene.key(Party.POOR)), "content-type": "application/json"}

    def request() -> None:
        with closing(
            http.client.HTTPConnection(address(scene), timeout=SERVED_SECONDS_MAX)
        ) as connection:
            connection.request("POST", "/v1/orders", GOOD_BODY, headers)
            problem = json.loads(connection.getresponse().read())
        if problem["name"] != "INSUFFICIENT_FUNDS":
            raise ValueError(f"answered {problem}")

    return request


@pytest.fixture
def unharmed(scene: Scene) -> Iterator[Bystander]:
    """Serve somebody during the test, and compare the venue before and after."""
    before = scene.state()
    with Bystander(good_request(scene), scene.venue.gateway.pid) as bystander:
        yield bystander
    assert bystander.failures == []
    assert bystander.served > 0
    assert bystander.slowest_seconds < SERVED_SECONDS_MAX
    assert bystander.grown_bytes < GROWN_BYTES_MAX
    assert scene.state() == before


def key_line(scene: Scene, party: Party = Party.POOR) -> bytes:
    """Write the header of a party's key."""
    return b"x-api-key: " + str(scene.key(party)).encode()


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_request_is_told_so_with_its_number(
    scene: Scene, unharmed: Bystander, data: bytes
) -> None:
    """It gets the status 400 as a problem with a number, and the connection is closed."""
    with Wire(address(scene)) as wire:
        wire.push(data)
        told = wire.read(seconds=SERVED_SECONDS_MAX)
        assert not wire.is_open
    status, _, rest = told.partition(b"\r\n")
    assert status.startswith(b"HTTP/1.1 400 ")
    problem = json.loads(rest.partition(b"\r\n\r\n")[2])
    assert (problem["code"], problem["outcome"]) == (EdgeError.MALFORMED_HTTP, "REJECTED")


def test_a_length_and_chunks_at_once_hide_no_second_request(
    scene: Scene, unharmed: Bystander
) -> None:
    """A request that two readers would end at two places is refused, and nothing after it read."""
    inner = head(key_line(scene, Party.ALICE), method=b"DELETE", path=b"/v1/orders")
    lines = (key_line(scene), b"content-length: 4", b"transfer-encoding: chunked")
    with Wire(address(scene)) as wire:
        wire.push(head(*lines) + b"0\r\n\r\n" + inner)
        told = wire.read(seconds=2)
        assert not wire.is_open
    assert told.startswith(b"HTTP/1.1 400 ")
    assert told.count(b"HTTP/1.1 ") == 1


def test_a_body_without_end_is_cut_off(scene: Scene, unharmed: Bystander) -> None:
    """A body in chunks that would become 200 MB is refused at its first 64 KB."""
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    lines = (key_line(scene), b"content-type: application/json", b"transfer-encoding: chunked")
    with Wire(address(scene)) as wire:
        wire.push(head(*lines))
        wire.push((chunk for _ in range(3_200)), seconds=10)
        told = wire.read_until(b"}", seconds=SERVED_SECONDS_MAX)
    assert b"HTTP/1.1 413 " in told


def test_a_length_that_is_a_lie_is_refused_before_the_body(
    scene: Scene, unharmed: Bystander
) -> None:
    """Ten gigabytes are announced and never sent."""
    lines = (key_line(scene), b"content-type: application/json", b"content-length: 10000000000")
    with Wire(address(scene)) as wire:
        wire.push(head(*lines) + b"{")
        assert b"HTTP/1.1 413 " in wire.read_until(b"}", seconds=SERVED_SECONDS_MAX)


def test_a_compressed_bomb_is_not_opened(scene: Scene, unharmed: Bystander) -> None:
    """A body is read as it is: nothing here inflates it."""
    bomb = gzip.compress(bytes(50 * MEBIBYTE))
    assert len(bomb) < 60_000
    lines = (
        key_line(scene),
        b"content-type: application/json",
        b"content-encoding: gzip",
        b"content-length: %d" % len(bomb),
    )
    for _ in range(20):
        with Wire(address(scene)) as wire:
            wire.push(head(*lines) + bomb)
            assert b'"INVALID_UTF8"' in wire.read_until(b"}", seconds=SERVED_SECONDS_MAX)


@pytest.mark.parametrize(
    "body",
    [b"[" * 60_000, b'{"a":' * 12_000, b'{"order":' + b"[{}," * 15_000, b'"' + b"\\" * 60_000],
    ids=["lists", "objects", "both", "backslashes"],
)
def test_deep_json_is_refused_at_once(scene: Scene, unharmed: Bystander, body: bytes) -> None:
    """Depth costs neither stack nor time."""
    lines = (
        key_line(scene),
        b"content-type: application/json",
        b"content-length: %d" % len(body),
    )
    started = time.monotonic()
    for _ in range(20):
        with Wire(address(scene)) as wire:
            wire.push(head(*lines) + body)
            assert b"HTTP/1.1 400 " in wire.read_until(b"}", seconds=SERVED_SECONDS_MAX)
    assert time.monotonic() - started < 2 * SERVED_SECONDS_MAX


def test_slow_requests_are_cut_off(scene: Scene, unharmed: Bystander) -> None:
    """Three hundred connections say little or nothing: each has seconds for a whole request."""
    lines = (key_line(scene), b"content-type: application/json", b"content-length: 100")
    silence, half_a_head, half_a_body = (
        b"",
        b"GET /v1/status HTTP/1.1\r\nhost: ",
        head(*lines) + b"{",
    )
    told = {silence: b"", half_a_head: b"HTTP/1.1 408 ", half_a_body: b"HTTP/1.1 408 "}
    deadline = time.monotonic() + REQUEST_SECONDS + SERVED_SECONDS_MAX
    with ExitStack() as stack:
        wires = [
            (data, stack.enter_context(Wire(address(scene)))) for data in told for _ in range(100)
        ]
        for data, wire in wires:
            wire.push(data)
        for data, wire in wires:
            wire.push(b"x" if data else b"")  # one more byte gains no time
            wire.read(seconds=deadline - time.monotonic())
        assert [data for data, wire in wires if wire.is_open] == []
        assert [data for data, wire in wires if not wire.received.startswith(told[data])] == []


def test_a_kept_connection_is_given_time_between_requests(scene: Scene) -> None:
    """The deadline is that of a request, not of a connection that waits for its next."""
    lines = (key_line(scene),)
    with Wire(address(scene)) as wire:
        wire.push(head(*lines, method=b"GET", path=b"/v1/balances"))
        assert b"HTTP/1.1 200 " in wire.read_until(b"}")
        wire.read(seconds=REQUEST_SECONDS + 1)
        assert wire.is_open
        wire.push(head(*lines, method=b"GET", path=b"/v1/fills"))
        assert b'"fills"' in wire.read_until(b'"fills"')


def test_many_requests_in_one_breath_are_answered_in_order(
    scene: Scene, unharmed: Bystander
) -> None:
    """Five hundred requests come on one connection before the first answer."""
    request = head(key_line(scene), method=b"GET", path=b"/v1/orders/1")
    with Wire(address(scene)) as wire:
        wire.push(request * 500)
        wire.push(head(key_line(scene), method=b"GET", path=b"/v1/balances"))
        told = wire.read_until(b'"balances"', seconds=2 * SERVED_SECONDS_MAX)
    assert told.count(b"HTTP/1.1 404 ") == 500
    assert told.count(b"HTTP/1.1 200 ") == 1


@pytest.mark.parametrize("data", FRAMES.values(), ids=FRAMES.keys())
def test_frames_that_break_the_protocol_close_the_socket(
    scene: Scene, unharmed: Bystander, data: bytes
) -> None:
    """The socket is closed by the protocol's own code, and nobody else notices."""
    for _ in range(5):
        with Wire(address(scene)) as wire:
            wire.push(UPGRADE)
            wire.read_until(b"welcome")
            wire.push(data)
            wire.read(seconds=SERVED_SECONDS_MAX)
            assert not wire.is_open


def test_a_message_without_end_closes_the_socket(scene: Scene, unharmed: Bystander) -> None:
    """A message in parts that never ends is cut at the size that a message may have."""
    parts = (frame(0, b" " * 60_000, is_last=False) for _ in range(4_000))
    with Wire(address(scene)) as wire:
        wire.push(UPGRADE)
        wire.push(frame(1, b" ", is_last=False))
        assert not wire.push(parts, seconds=10)


@pytest.mark.parametrize(
    "data",
    [frame(9, b"ping"), frame(1, b'{"op":"ping"}'), frame(1, b"{"), frame(1, b"", is_last=True)],
    ids=["pings", "good messages", "bad messages", "empty messages"],
)
def test_a_socket_that_talks_and_never_listens_is_bounded(
    scene: Scene, unharmed: Bystander, data: bytes
) -> None:
    """Its answers wait in memory only up to a limit: then it is read no further, or cut."""
    with ExitStack() as stack:
        for _ in range(4):
            wire = stack.enter_context(Wire(address(scene)))
            wire.push(UPGRADE)
            wire.push_deaf(data * 200_000, seconds=4)
        good_request(scene)()


def test_sockets_that_are_opened_and_left_are_no_burden(scene: Scene, unharmed: Bystander) -> None:
    """Three hundred sockets are open, none says a word."""
    with ExitStack() as stack:
        for _ in range(300):
            wire = stack.enter_context(Wire(address(scene)))
            wire.push(UPGRADE)
            wire.read_until(b"welcome")
        good_request(scene)()
