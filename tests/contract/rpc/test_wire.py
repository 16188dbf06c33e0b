"""Hostile and unlucky wires: each gets its status, and others go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from engine.core.invariants import BrokenInvariant
from engine.keys import KeyTable
from engine.rpc.front import SERVICES, Front
from engine.rpc.limits import MESSAGE_BYTES_MAX
from realstack.trading.v1 import trading_pb2
from tests.contract.rpc.engine_under_test import Engine, order, refusal

PLACE = "/realstack.trading.v1.TradingService/PlaceOrder"


async def raw(engine: Engine, path: str, data: bytes, **options: Any) -> grpc.aio.AioRpcError:
    """Send bytes to a unary rpc and give the error."""
    client = engine.client("alice")
    channel: Any = client.channel
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await channel.unary_unary(path)(
            data, **{"metadata": client.metadata, "timeout": 10, **options}
        )
    assert (await client.place()).status == trading_pb2.ANSWER_STATUS_ACCEPTED
    return caught.value


@pytest.mark.slow
async def test_a_message_over_four_mebibytes_is_refused(engine: Engine) -> None:
    """One byte too many is RESOURCE_EXHAUSTED before it is decoded."""
    error = await raw(engine, PLACE, b"\0" * (MESSAGE_BYTES_MAX + 1))
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize(
    "data",
    [b"\xff", b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x05\x08", b"\x0a\x01\x0b", b"\0\0\0"],
    ids=["cut tag", "length beyond the end", "cut field", "open group", "field zero"],
)
async def test_bytes_that_are_no_message_are_refused(engine: Engine, data: bytes) -> None:
    """What cannot be decoded is INVALID_ARGUMENT, not a crash."""
    told = refusal(await raw(engine, PLACE, data))
    assert (told.code, told.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED")
    assert told.fields == ["message"]


async def test_broken_utf8_is_refused(engine: Engine) -> None:
    """Text fields are UTF-8 or the message is malformed."""
    boss = engine.client("boss")
    channel: Any = boss.channel
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await channel.unary_unary("/realstack.admin.v1.AdminService/DefineAsset")(
            b"\x08\x09\x12\x02\xc3\x28", metadata=boss.metadata
        )
    assert refusal(caught.value).reason == "MALFORMED"


async def test_an_empty_message_is_read_as_zeros(engine: Engine) -> None:
    """Zero bytes are a message whose fields all have their default."""
    told = refusal(await raw(engine, PLACE, b""))
    assert (told.reason, told.fields) == ("INVALID_FIELD", ["order.client_id"])


async def test_fields_that_this_version_does_not_know_are_skipped(engine: Engine) -> None:
    """A newer client's extra fields break nothing."""
    client = engine.client("alice")
    channel: Any = client.channel
    data = trading_pb2.PlaceOrderRequest(order=order()).SerializeToString() + b"\xf8\x3f\x05"
    response = await channel.unary_unary(PLACE)(data, metadata=client.metadata)
    answer = trading_pb2.PlaceOrderResponse.FromString(response).answer
    assert answer.status == trading_pb2.ANSWER_STATUS_ACCEPTED


@pytest.mark.parametrize(
    "path", ["/realstack.trading.v1.TradingService/Steal", "/no.such.Service/Call"]
)
async def test_an_unknown_method_is_unimplemented(engine: Engine, path: str) -> None:
    """There is nothing behind a name that is not in the contracts."""
    assert (await raw(engine, path, b"")).code() == grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.slow
async def test_too_much_metadata_is_refused(engine: Engine) -> None:
    """Headers are bounded."""
    metadata = (("x-api-key", "alice-key"), ("x-big", "a" * 20_000))
    error = await raw(engine, PLACE, b"", metadata=metadata)
    assert error.code() in {grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE}


async def test_health_is_told_to_anybody_and_changes_before_a_stop(engine: Engine) -> None:
    """A prober has no key; on a stop it hears NOT_SERVING while calls still finish."""
    stub: Any = health_pb2_grpc.HealthStub(engine.client(None).channel)
    for name in ("", *SERVICES):
        response = await stub.Check(health_pb2.HealthCheckRequest(service=name))
        assert response.status == health_pb2.HealthCheckResponse.SERVING
    watch = stub.Watch(health_pb2.HealthCheckRequest(service=SERVICES[0]))
    assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
    stopping = engine.stopping()
    assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
    watch.cancel()
    await stopping


async def test_the_contracts_can_be_read_by_reflection(engine: Engine) -> None:
    """Tools find the services and their files."""
    channel: Any = engine.client(None).channel
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
    call = stub.ServerReflectionInfo()
    await call.write(reflection_pb2.ServerReflectionRequest(list_services=""))
    names = {each.name for each in (await call.read()).list_services_response.service}
    assert names >= set(SERVICES)
    call.cancel()


async def test_a_broken_invariant_in_a_call_is_told_to_the_process(engine: Engine) -> None:
    """A bug is not an answer: the process has to end."""

    def broken() -> dict[str, int]:
        raise BrokenInvariant("a count is never negative")

    engine.node.venue.counts = broken
    boss = engine.client("boss")
    channel: Any = boss.channel
    with pytest.raises(grpc.aio.AioRpcError):
        await channel.unary_unary("/realstack.admin.v1.AdminService/GetStatus")(
            b"", metadata=boss.metadata, timeout=0.1
        )
    assert [str(error) for error in engine.fatal] == ["a count is never negative"]
    engine.fatal.clear()


async def test_a_failure_of_the_front_is_internal_and_others_go_on(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not a broken invariant costs one call, without a word of how it is made inside."""

    def failing() -> dict[str, int]:
        raise ValueError("secret detail")

    monkeypatch.setattr(engine.node.venue, "counts", failing)
    boss = engine.client("boss")
    channel: Any = boss.channel
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await channel.unary_unary("/realstack.admin.v1.AdminService/GetStatus")(
            b"", metadata=boss.metadata, timeout=10
        )
    told = refusal(caught.value)
    assert (told.code, told.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert "secret" not in told.message
    assert (await engine.client("alice").place()).status == trading_pb2.ANSWER_STATUS_ACCEPTED


async def test_an_address_in_use_is_said_at_once(engine: Engine) -> None:
    """Two engines on one port would share its clients unseen."""
    node, keys = engine.node, KeyTable(Path(engine.keys_path))
    with pytest.raises(OSError, match="cannot be bound"):
        Front(node, node.feeds, keys, f"127.0.0.1:{engine.front.port}", engine.fatal.append)
