"""Hostile bytes at the engine's port: it survives, others are served, its memory stays bounded."""

from __future__ import annotations

import gzip
import random
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import grpc
import pytest

from engine.rpc.arrival import REQUEST_SECONDS
from engine.rpc.limits import (
    CALLS_MAX,
    CALLS_PER_KEY_MAX,
    OPEN_CALLS_MAX,
    STREAMS_PER_CONNECTION_MAX,
)
from realstack.common.v1 import common_pb2
from realstack.trading.v1 import trading_pb2
from tests.wire.hostile import http2
from tests.wire.hostile.bystander import Bystander
from tests.wire.hostile.http2 import Kind
from tests.wire.hostile.wire import Wire
from tests.wire.scene import Scene, client_id
from tests.wire.table import Party

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

PLACE = b"/realstack.trading.v1.TradingService/PlaceOrder"
TRADE = b"/realstack.trading.v1.TradingService/Trade"
MEBIBYTE = 1 << 20
GROWN_BYTES_MAX = 128 * MEBIBYTE
SERVED_SECONDS_MAX = 10.0  # machines of tests are shared; a server that hangs takes for ever
CLOSED_SECONDS_MAX = 10.0

Attack = Callable[[str, bytes], None]


def good_request(scene: Scene) -> Callable[[], None]:
    """Return a request of a member without funds: through the sequencer, and nothing changes."""
    place = "/realstack.trading.v1.TradingService/PlaceOrder"
    address, metadata = scene.venue.engine.address, scene.metadata(Party.POOR)

    def request() -> None:
        order = trading_pb2.PlaceOrder(
            client_id=client_id(uuid.uuid4().int),
            sent_time_ns=time.time_ns(),
            market_id=1,
            side=common_pb2.SIDE_BUY,
            order_type=common_pb2.ORDER_TYPE_LIMIT,
            time_in_force=common_pb2.TIME_IN_FORCE_GTC,
            price_ticks=1,
            quantity_lots=1_000,
        )
        data = trading_pb2.PlaceOrderRequest(order=order).SerializeToString()
        options = (("grpc.use_local_subchannel_pool", 1),)
        with grpc.insecure_channel(address, options=options) as channel:
            call: Any = channel.unary_unary(place)
            answer = call(data, metadata=metadata, timeout=SERVED_SECONDS_MAX)
        status = trading_pb2.PlaceOrderResponse.FromString(answer).answer.status
        if status != trading_pb2.ANSWER_STATUS_REJECTED:
            raise ValueError(f"answered {status}")

    return request


@pytest.fixture
def unharmed(scene: Scene) -> Iterator[Bystander]:
    """Serve somebody during the test, and compare the venue before and after."""
    before = scene.state()
    with Bystander(good_request(scene), scene.venue.engine.pid) as bystander:
        yield bystander
    assert bystander.failures == []
    assert bystander.served > 0
    assert bystander.slowest_seconds < SERVED_SECONDS_MAX
    assert bystander.grown_bytes < GROWN_BYTES_MAX
    assert scene.state() == before


NO_HTTP2 = {
    "random bytes": random.Random(1).randbytes(4_096),
    "zeros": bytes(4_096),
    "HTTP/1.1": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a TLS hello": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(160),
    "a preface with a mistake": http2.PREFACE[:-1] + b"!" + http2.frame(Kind.SETTINGS, 0, 0),
    "a preface and random bytes": http2.PREFACE + random.Random(2).randbytes(4_096),
    "a frame of 16 MiB": http2.opening() + b"\xff\xff\xff" + bytes((Kind.DATA, 0)) + bytes(4_096),
    "settings of a wrong length": http2.PREFACE + http2.frame(Kind.SETTINGS, 0, 0, b"12345"),
    "a window of zero": http2.opening() + http2.frame(Kind.WINDOW_UPDATE, 0, 0, bytes(4)),
    "a header block that is none": http2.opening() + http2.headers(1, b"\xff" * 64),
    "a ping of a wrong length": http2.opening() + http2.frame(Kind.PING, 0, 0, b"123"),
    "a continuation of nothing": http2.opening() + http2.frame(Kind.CONTINUATION, 4, 1, b"x"),
}


@pytest.mark.parametrize("data", NO_HTTP2.values(), ids=NO_HTTP2.keys())
def test_bytes_that_are_no_http2_close_the_connection(
    scene: Scene, unharmed: Bystander, data: bytes
) -> None:
    """Whoever breaks the protocol is cut off, and nobody else notices."""
    for _ in range(5):
        with Wire(scene.venue.engine.address) as wire:
            wire.push(data)
            wire.read(seconds=CLOSED_SECONDS_MAX)
            assert not wire.is_open


NO_MEANING = {
    "data before any call": http2.frame(Kind.DATA, 0, 1, b"x" * 100),
    "an even stream": http2.headers(2, http2.call_head(PLACE)),
    "a push from the client": http2.frame(Kind.PUSH_PROMISE, 4, 1, bytes(8)),
    "a reset of no call": http2.frame(Kind.RST_STREAM, 0, 7, bytes(4)),
    "an unknown frame": http2.frame(0xBB, 0xFF, 0, b"x" * 16_000),
}


@pytest.mark.parametrize("data", NO_MEANING.values(), ids=NO_MEANING.keys())
def test_frames_without_meaning_do_nothing(scene: Scene, unharmed: Bystander, data: bytes) -> None:
    """gRPC passes over some of what a client must not send: none of it is carried out."""
    for _ in range(5):
        with Wire(scene.venue.engine.address) as wire:
            wire.push(http2.opening() + data * 100)
            wire.read(seconds=0.1)
            assert b"0" not in http2.statuses(bytes(wire.received))


def key_of(scene: Scene, party: Party) -> tuple[bytes, bytes]:
    """Return the header that carries a party's key."""
    return b"x-api-key", str(scene.key(party)).encode()


@pytest.mark.parametrize("party", [Party.POOR, Party.STRANGER])
def test_calls_that_are_reset_at_once_cost_nothing(
    scene: Scene, unharmed: Bystander, party: Party
) -> None:
    """Thousands of calls a second that are reset as soon as they are made (CVE-2023-44487)."""
    block = http2.call_head(PLACE, key_of(scene, party))
    data = trading_pb2.PlaceOrderRequest().SerializeToString()
    for _ in range(4):
        with Wire(scene.venue.engine.address) as wire:
            wire.push(http2.opening())
            wire.push(
                http2.headers(stream, block)
                + http2.message(stream, data)
                + http2.frame(Kind.RST_STREAM, 0, stream, (8).to_bytes(4, "big"))
                for stream in range(1, 10_001, 2)
            )
    assert unharmed.failures == []


FLOODS = {
    "settings": http2.frame(Kind.SETTINGS, 0, 0, b"\0\4\0\0\xff\xff"),
    "pings": http2.frame(Kind.PING, 0, 0, b"12345678"),
    "priorities": http2.frame(Kind.PRIORITY, 0, 1, bytes(5)),
    "empty data": http2.frame(Kind.DATA, 0, 1, b""),
    "windows": http2.frame(Kind.WINDOW_UPDATE, 0, 1, b"\0\0\0\1"),
    "unknown frames": http2.frame(0xBB, 0, 0, b"x" * 64),
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
def test_a_flood_of_frames_is_no_burden_on_others(
    scene: Scene, unharmed: Bystander, flood: bytes
) -> None:
    """Frames that ask for work or for answers come by the hundred thousand."""
    with Wire(scene.venue.engine.address) as wire:
        wire.push(http2.opening() + http2.headers(1, http2.call_head(TRADE)))
        wire.push((flood * 1_000 for _ in range(100)), seconds=4)


def test_headers_without_end_fill_no_memory(scene: Scene, unharmed: Bystander) -> None:
    """A header block goes on and on in CONTINUATION frames, and is never finished."""
    part = http2.frame(Kind.CONTINUATION, 0, 1, http2.field(b"x", b"a" * 16_000))
    with Wire(scene.venue.engine.address) as wire:
        wire.push(http2.opening() + http2.headers(1, http2.call_head(PLACE), flags=0))
        wire.push((part for _ in range(2 * GROWN_BYTES_MAX // len(part))), seconds=10)


def test_headers_that_unfold_are_refused(scene: Scene, unharmed: Bystander) -> None:
    """One large field is remembered once and then named ten thousand times (a header bomb)."""
    block = http2.call_head(PLACE) + http2.field(b"x", b"a" * 3_900, http2.INDEXED_LITERAL)
    block += bytes((0x80 | http2.FIRST_DYNAMIC_INDEX,)) * 10_000
    with Wire(scene.venue.engine.address) as wire:
        wire.push(http2.opening() + http2.headers(1, block, http2.END_HEADERS))
        wire.read(seconds=2)


MESSAGES: dict[str, bytes] = {
    "a length of 4 GiB": http2.frame(Kind.DATA, 1, 1, b"\0\xff\xff\xff\xff" + b"x" * 100),
    "an unknown compression": http2.message(1, b"abc", compressed=True),
    "a flag of five": http2.frame(Kind.DATA, 1, 1, b"\5\0\0\0\1x"),
    "half a length": http2.frame(Kind.DATA, 1, 1, b"\0\0\0"),
    "two messages to a call of one": http2.message(1, b"", flags=0) + http2.message(1, b""),
    "groups, ten thousand deep": http2.message(1, b"\x0b" * 10_000),
    "submessages, ten thousand deep": http2.message(1, b"\x0a\xff\x7f" * 10_000),
    "60 MiB of zeros, compressed": http2.message(
        1, gzip.compress(bytes(60 * MEBIBYTE)), compressed=True
    ),
}


@pytest.mark.parametrize("data", MESSAGES.values(), ids=MESSAGES.keys())
def test_messages_that_lie_are_refused(scene: Scene, unharmed: Bystander, data: bytes) -> None:
    """What a message says of itself is not believed."""
    key = key_of(scene, Party.POOR)
    for encoding in (b"gzip", b"identity", b"no-such"):
        block = http2.call_head(PLACE, key, (b"grpc-encoding", encoding))
        with Wire(scene.venue.engine.address) as wire:
            wire.push(http2.opening() + http2.headers(1, block) + data)
            told = wire.read_until_told(http2.statuses, seconds=2 * REQUEST_SECONDS)
            assert http2.statuses(told) or not wire.is_open


HEADS: dict[str, tuple[bytes, bytes]] = {
    "a key of bytes": (b"x-api-key", b"\xff\xfe\x00\x01"),
    "a key of line breaks": (b"x-api-key", b"a\r\nx-role: operator"),
    "a name in upper case": (b"X-API-KEY", b"a"),
    "a name of nothing": (b"", b"a"),
    "base 64 that is none": (b"x-bin-bin", b"\xff!!"),
    "a second path": (b":path", b"/realstack.admin.v1.AdminService/GetStatus"),
    "a deadline of ages": (b"grpc-timeout", b"99999999999999H"),
    "100 KB": (b"x-big", b"a" * 100_000),
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
def test_metadata_that_is_none_is_refused(
    scene: Scene, unharmed: Bystander, head: tuple[bytes, bytes]
) -> None:
    """Nobody gets in by a header that is read in two ways."""
    block = http2.call_head(PLACE, head)
    parts = [block[start : start + 16_000] for start in range(0, len(block), 16_000)]
    frames = http2.headers(1, parts[0], http2.END_HEADERS if len(parts) == 1 else 0)
    for part in parts[1:]:
        flags = http2.END_HEADERS if part is parts[-1] else 0
        frames += http2.frame(Kind.CONTINUATION, flags, 1, part)
    with Wire(scene.venue.engine.address) as wire:
        wire.push(http2.opening() + frames + http2.message(1, b""))
        told = wire.read_until_told(http2.statuses)
    assert b"0" not in http2.statuses(told)


def begin_calls(
    scene: Scene, stack: ExitStack, block: bytes, data: bytes | None = None
) -> list[bytes]:
    """Begin more calls than the engine carries out at once, over connections that stay open.

    Args:
        scene: The venue.
        stack: Closes the connections.
        block: The head of each call.
        data: Its request; without one the calls wait for it.
    """
    told: list[bytes] = []
    for _ in range(CALLS_MAX // STREAMS_PER_CONNECTION_MAX + 2):
        wire = stack.enter_context(Wire(scene.venue.engine.address))
        wire.push(http2.opening())
        for stream in range(1, 2 * STREAMS_PER_CONNECTION_MAX, 2):
            request = b"" if data is None else http2.message(stream, data)
            wire.push(http2.headers(stream, block) + request)
        told += http2.messages(wire.read(seconds=0.3))
    return told


@pytest.mark.parametrize("party", [Party.STRANGER, Party.NOBODY])
def test_calls_without_a_key_cannot_take_all_places(
    scene: Scene, unharmed: Bystander, party: Party
) -> None:
    """A call without a key gives its place back before its request has come."""
    key = () if party is Party.NOBODY else (key_of(scene, party),)
    with ExitStack() as stack:
        begin_calls(scene, stack, http2.call_head(PLACE, *key))
        good_request(scene)()


def test_a_key_cannot_take_all_places(scene: Scene, unharmed: Bystander) -> None:
    """A key gets its share of the places, and the others get theirs."""
    with ExitStack() as stack:
        told = begin_calls(scene, stack, http2.call_head(PLACE, key_of(scene, Party.BOB)))
        good_request(scene)()
    assert f"at most {CALLS_PER_KEY_MAX} calls at once".encode() in b"\n".join(told)


def test_open_services_cannot_take_all_places(scene: Scene, unharmed: Bystander) -> None:
    """Health checks need no key: they have places of their own."""
    with ExitStack() as stack:
        told = begin_calls(scene, stack, http2.call_head(b"/grpc.health.v1.Health/Watch"), b"")
        good_request(scene)()
    assert f"at most {OPEN_CALLS_MAX} calls at once".encode() in b"\n".join(told)


def test_silent_connections_are_no_burden(scene: Scene, unharmed: Bystander) -> None:
    """Hundreds of connections that say nothing, or begin and then say nothing."""
    with ExitStack() as stack:
        for index in range(400):
            wire = stack.enter_context(Wire(scene.venue.engine.address))
            wire.push(http2.opening() if index % 2 else http2.PREFACE[:5])
        good_request(scene)()
