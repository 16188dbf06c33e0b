"""What a call is held to before its request has come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from engine.rpc.arrival import Arrivals
from engine.rpc.errors import EdgeError
from tests.contract.rpc.engine_under_test import refusal

PLACES = 2


async def one(request: bytes, context: Any) -> bytes:
    """Answer one request."""
    return request.upper()


async def written(request: bytes, context: Any) -> None:
    """Write two answers."""
    await context.write(request)
    await context.write(request.upper())


async def yielded(request: bytes, context: Any) -> AsyncIterator[bytes]:
    """Yield two answers."""
    yield request
    yield request.upper()


async def joined(requests: AsyncIterator[bytes], context: Any) -> bytes:
    """Answer a stream of requests by all of them."""
    return b"".join([request async for request in requests])


async def echoed(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
    """Yield every request."""
    async for request in requests:
        yield request


METHODS: Any = {
    "One": grpc.unary_unary_rpc_method_handler(one),
    "Written": grpc.unary_stream_rpc_method_handler(written),
    "Yielded": grpc.unary_stream_rpc_method_handler(yielded),
    "Joined": grpc.stream_unary_rpc_method_handler(joined),
    "Echoed": grpc.stream_stream_rpc_method_handler(echoed),
}


def admit(details: grpc.HandlerCallDetails) -> tuple[str, int]:
    """Let in whoever says who he is."""
    names = [str(value) for name, value in details.invocation_metadata or () if name == "who"]
    if not names:
        raise EdgeError(grpc.StatusCode.UNAUTHENTICATED, "NOT_AUTHENTICATED", "say who you are")
    return names[0], PLACES


@pytest.fixture
async def channel() -> AsyncIterator[Any]:
    """Give a connection to a server whose calls are held."""
    server = grpc.aio.server(interceptors=[Arrivals(admit, request_seconds=1)])
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("Test", METHODS),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as made:
        yield made
    await server.stop(None)


def begin(channel: Any, name: str, who: str | None = "a") -> Any:
    """Begin a call and send nothing yet."""
    metadata = () if who is None else (("who", who),)
    return channel.stream_stream(f"/Test/{name}")(metadata=metadata, timeout=10)


async def finish(call: Any, *requests: bytes) -> list[bytes]:
    """Send the requests of a call and return its answers."""
    for request in requests:
        await call.write(request)
    await call.done_writing()
    return [answer async for answer in call]


@pytest.mark.parametrize(
    ("name", "requests", "answers"),
    [
        ("One", [b"a"], [b"A"]),
        ("Written", [b"a"], [b"a", b"A"]),
        ("Yielded", [b"a"], [b"a", b"A"]),
        ("Joined", [b"a", b"b"], [b"ab"]),
        ("Echoed", [b"a", b"b"], [b"a", b"b"]),
        ("One", [b""], [b""]),
    ],
)
async def test_every_shape_of_method_is_carried_out_as_before(
    channel: Any, name: str, requests: list[bytes], answers: list[bytes]
) -> None:
    """A call that may be made and sends its request notices nothing."""
    assert await finish(begin(channel, name), *requests) == answers


@pytest.mark.parametrize("name", sorted(METHODS))
async def test_who_may_not_call_is_told_before_the_request(channel: Any, name: str) -> None:
    """A refusal does not wait for a request that may never come."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await begin(channel, name, who=None).read()
    told = refusal(caught.value)
    assert (told.code, told.reason) == (grpc.StatusCode.UNAUTHENTICATED, "NOT_AUTHENTICATED")
    assert told.metadata == {"code": "1011"}


@pytest.mark.parametrize("name", ["One", "Written", "Yielded"])
async def test_a_call_that_ends_without_its_request_is_malformed(channel: Any, name: str) -> None:
    """No request is not an empty one."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await finish(begin(channel, name))
    told = refusal(caught.value)
    assert (told.code, told.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED")
    assert told.fields == ["message"]


@pytest.mark.slow
async def test_a_request_has_seconds_to_come(channel: Any) -> None:
    """A call that does not send its request ends, and its place is free again."""
    calls = [begin(channel, "One") for _ in range(PLACES)]
    for call in calls:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()
        told = refusal(caught.value)
        assert (told.code, told.reason) == (
            grpc.StatusCode.DEADLINE_EXCEEDED,
            "REQUEST_TOO_SLOW",
        )
        assert told.metadata == {"code": "1039"}
    assert await finish(begin(channel, "One"), b"a") == [b"A"]


@pytest.mark.parametrize("name", ["Joined", "Echoed"])
async def test_everybody_has_places_of_his_own(channel: Any, name: str) -> None:
    """One who took his places is refused, the others go on; a call that ends gives its back."""
    calls = [begin(channel, name) for _ in range(PLACES)]
    for call in calls:
        await call.write(b"a")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await begin(channel, name).read()
    told = refusal(caught.value)
    assert (told.code, told.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS")
    assert told.metadata == {"code": "1038", "limit": str(PLACES)}
    assert await finish(begin(channel, name, who="b"), b"b") == [b"b"]
    assert await finish(calls.pop()) == [b"a"]
    assert await finish(begin(channel, name), b"a") == [b"a"]
    assert await finish(calls.pop()) == [b"a"]


async def test_a_call_that_is_cancelled_gives_its_place_back(channel: Any) -> None:
    """Clients come and go; what they held does not stay taken."""
    for _ in range(10 * PLACES):
        call = begin(channel, "Echoed")
        await call.write(b"a")
        assert await call.read() == b"a"
        call.cancel()
        async with asyncio.timeout(10):
            while True:  # the server hears of it in its own time
                try:
                    assert await finish(begin(channel, "Echoed"), b"b") == [b"b"]
                    break
                except grpc.aio.AioRpcError as error:
                    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_an_unknown_method_is_unimplemented(channel: Any) -> None:
    """There is nothing to hold."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await begin(channel, "Steal").read()
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
