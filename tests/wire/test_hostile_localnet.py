"""Hostile bytes at the local network's port: it survives, others are served, memory is bounded."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from tests.support.processes import ServerProcess
from tests.wire.hostile.bystander import Bystander
from tests.wire.hostile.http1 import FRAMES, MALFORMED, frame, head, upgrade
from tests.wire.hostile.wire import Wire

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

MEBIBYTE = 1 << 20
GROWN_BYTES_MAX = 128 * MEBIBYTE
SERVED_SECONDS_MAX = 10.0
UPGRADE = upgrade(b"/")
SYSTEM_PROGRAM = "11111111111111111111111111111111"


@pytest.fixture(scope="module")
def localnet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Run a local network of its own."""
    folder = tmp_path_factory.mktemp("localnet")
    arguments = ("--port", "0", "--slot-ms", "50", "--data-dir", str(folder / "chain"))
    process = ServerProcess("settlement.localnet", *arguments, logs=folder)
    yield process
    assert process.stop() == 0


def ask(address: str, body: bytes) -> bytes:
    """Make a request and return the body of its answer."""
    with closing(http.client.HTTPConnection(address, timeout=SERVED_SECONDS_MAX)) as connection:
        connection.request("POST", "/", body, {"content-type": "application/json"})
        return connection.getresponse().read()


def call(method: str, *params: object) -> bytes:
    """Write a call."""
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()


def good_request(address: str) -> Callable[[], None]:
    """Return a request that reads the chain."""

    def request() -> None:
        answer = json.loads(ask(address, call("getBalance", SYSTEM_PROGRAM)))
        if answer["result"]["value"] != 1:
            raise ValueError(f"answered {answer}")

    return request


@pytest.fixture
def unharmed(localnet: ServerProcess) -> Iterator[Bystander]:
    """Serve somebody during the test."""
    with Bystander(good_request(localnet.address), localnet.pid) as bystander:
        yield bystander
    assert bystander.failures == []
    assert bystander.served > 0
    assert bystander.slowest_seconds < SERVED_SECONDS_MAX
    assert bystander.grown_bytes < GROWN_BYTES_MAX


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_request_does_nothing(
    localnet: ServerProcess, unharmed: Bystander, data: bytes
) -> None:
    """It is refused, whatever the client wanted by it."""
    with Wire(localnet.address) as wire:
        wire.push(data)
        told = wire.read_until(b"\r\n\r\n", seconds=SERVED_SECONDS_MAX)
    assert told.startswith((b"HTTP/1.1 4", b"HTTP/1.1 200 "))
    assert b'"result"' not in told


BODIES = {
    "lists, deep": b"[" * 50_000,
    "objects, deep": b'{"a":' * 10_000,
    "calls, deep": b'[{"jsonrpc":"2.0","params":' * 1_800,
    "backslashes": b'"' + b"\\" * 50_000,
    "broken UTF-8": b'{"jsonrpc":"2.0","id":1,"method":"\xc3\x28"}',
    "a lone surrogate": b'{"jsonrpc":"2.0","id":1,"method":"\\ud800"}',
    "a number of 50,000 digits": b"9" * 50_000,
    "a fraction of 50,000 digits": b"0." + b"9" * 49_000,
    "1e400": b'{"jsonrpc":"2.0","id":1e400,"method":"getSlot"}',
    "no text": b"",
    "NUL": b"\0" * 100,
    "an id that is a list": b'{"jsonrpc":"2.0","id":[1],"method":"getSlot"}',
    "a method that is a number": b'{"jsonrpc":"2.0","id":1,"method":5}',
    "parameters that are text": b'{"jsonrpc":"2.0","id":1,"method":"getBalance","params":"x"}',
    "a method with a line break": call("getSlot\r\nx: y"),
    "a private name": call("__class__"),
    "an address of NUL": call("getBalance", "\0" * 44),
    "an address of 40,000": call("getBalance", "1" * 40_000),
    "a slot of 2^64": call("getBlock", 1 << 64),
    "a slot of -1": call("getBlock", -1),
    "a slot of 1.5": call("getBlock", 1.5),
    "a limit of -1": call("getSignaturesForAddress", SYSTEM_PROGRAM, {"limit": -1}),
    "a transaction of rubbish": call("sendTransaction", "!" * 1_000),
    "a transaction of zeros": call("sendTransaction", "A" * 1_600, {"encoding": "base64"}),
    "a transaction of 40,000": call("sendTransaction", "A" * 40_000, {"encoding": "base64"}),
    "an airdrop of -1": call("requestAirdrop", SYSTEM_PROGRAM, -1),
    "an airdrop of 2^64": call("requestAirdrop", SYSTEM_PROGRAM, 1 << 64),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_bad_calls_get_a_numbered_error(
    localnet: ServerProcess, unharmed: Bystander, body: bytes
) -> None:
    """JSON-RPC has numbers for what is no call, and for calls that cannot be."""
    answer = json.loads(ask(localnet.address, body))
    assert isinstance(answer["error"]["code"], int)
    assert answer["error"]["code"] < 0
    assert answer["error"]["message"]


def test_a_batch_of_many_calls_is_bounded(localnet: ServerProcess, unharmed: Bystander) -> None:
    """As many calls as a body holds are answered one by one."""
    one = b'{"jsonrpc":"2.0","id":1,"method":"getSlot"}'
    for _ in range(5):
        assert ask(localnet.address, b"[" + b",".join([one] * 1_000) + b"]")


def test_a_body_without_end_is_cut_off(localnet: ServerProcess, unharmed: Bystander) -> None:
    """A body in chunks that would become 200 MB is refused at its first 50 KB."""
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with Wire(localnet.address) as wire:
        wire.push(head(b"transfer-encoding: chunked", path=b"/"))
        wire.push((chunk for _ in range(3_200)), seconds=10)
        told = wire.read_until(b"too large", seconds=SERVED_SECONDS_MAX)
    assert told.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("data", FRAMES.values(), ids=FRAMES.keys())
def test_frames_that_break_the_protocol_close_the_socket(
    localnet: ServerProcess, unharmed: Bystander, data: bytes
) -> None:
    """The socket is closed, and nobody else notices."""
    with Wire(localnet.address) as wire:
        wire.push(UPGRADE)
        wire.read_until(b"\r\n\r\n")
        wire.push(data)
        wire.read(seconds=SERVED_SECONDS_MAX)
        assert not wire.is_open


def test_a_message_without_end_closes_the_socket(
    localnet: ServerProcess, unharmed: Bystander
) -> None:
    """A message in parts that never ends is cut at the size that a message may have."""
    parts = (frame(0, b" " * 40_000, is_last=False) for _ in range(5_000))
    with Wire(localnet.address) as wire:
        wire.push(UPGRADE)
        wire.push(frame(1, b" ", is_last=False))
        assert not wire.push(parts, seconds=10)


SUBSCRIBE = frame(1, call("slotSubscribe"))
CALLS = {
    "subscriptions": SUBSCRIBE,
    "bad calls": frame(1, b"{"),
    "pings": frame(9, b"ping"),
    "deep calls": frame(1, b"[" * 40_000),
}


@pytest.mark.parametrize("data", CALLS.values(), ids=CALLS.keys())
def test_a_socket_that_talks_and_never_listens_is_bounded(
    localnet: ServerProcess, unharmed: Bystander, data: bytes
) -> None:
    """What waits for it in memory has a limit: then it is cut off."""
    with ExitStack() as stack:
        for _ in range(4):
            wire = stack.enter_context(Wire(localnet.address))
            wire.push(UPGRADE)
            wire.push_deaf(data * (3 * MEBIBYTE // len(data)), seconds=3)
        good_request(localnet.address)()


def test_silent_connections_are_no_burden(localnet: ServerProcess, unharmed: Bystander) -> None:
    """Hundreds of connections say nothing, or half of a request."""
    with ExitStack() as stack:
        for index in range(300):
            wire = stack.enter_context(Wire(localnet.address))
            wire.push(b"POST / HTTP/1.1\r\nhost: " if index % 2 else b"")
        good_request(localnet.address)()
