"""Who may call what."""

from __future__ import annotations

import os
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pool

from engine.keys import Role
from engine.rpc.front import SERVICES
from engine.rpc.roles import ROLES
from tests.contract.rpc.engine_under_test import KEYS, Engine, refusal, write_keys

NAMES = {Role(role): name for name, (_, _, role) in KEYS.items()}
METHODS = sorted(ROLES)


def descriptors() -> dict[str, Any]:
    """Give every rpc of the engine's services by its full path."""
    pool = descriptor_pool.Default()
    return {
        f"/{service}/{method.name}": method
        for service in SERVICES
        for method in pool.FindServiceByName(service).methods
    }


async def try_call(engine: Engine, path: str, name: str | None) -> grpc.aio.AioRpcError | None:
    """Call with an empty request and give the status if it is an error."""
    client, method = engine.client(name), descriptors()[path]
    channel: Any = client.channel
    metadata = client.metadata
    try:
        if method.client_streaming:
            both = channel.stream_stream(path)(metadata=metadata, timeout=5)
            await both.done_writing()
            await both.read()
            both.cancel()
        elif method.server_streaming:
            stream = channel.unary_stream(path)(b"", metadata=metadata, timeout=5)
            await stream.read()
            stream.cancel()
        else:
            await channel.unary_unary(path)(b"", metadata=metadata, timeout=5)
    except grpc.aio.AioRpcError as error:
        return error
    return None


def test_every_rpc_of_every_service_has_a_row() -> None:
    """What has no row is not served, so a new rpc cannot be open by accident."""
    assert set(ROLES) == set(descriptors())


@pytest.mark.parametrize("path", METHODS)
async def test_a_call_without_a_key_is_not_let_in(engine: Engine, path: str) -> None:
    """Every call carries an API key."""
    error = await try_call(engine, path, None)
    assert error is not None
    told = refusal(error)
    assert (told.code, told.reason, told.domain) == (
        grpc.StatusCode.UNAUTHENTICATED,
        "NOT_AUTHENTICATED",
        "realstack",
    )


@pytest.mark.parametrize("path", METHODS)
async def test_each_role_may_do_what_its_row_says_and_nothing_else(
    engine: Engine, path: str
) -> None:
    """The role comes from the key; a wrong one is refused before the request is looked at."""
    for role, name in NAMES.items():
        error = await try_call(engine, path, name)
        is_denied = error is not None and error.code() == grpc.StatusCode.PERMISSION_DENIED
        assert is_denied == (role not in ROLES[path]), role
        if is_denied and error is not None:
            assert refusal(error).reason == "WRONG_ROLE"


async def test_a_key_that_is_not_in_the_file_is_not_let_in(engine: Engine) -> None:
    """An unknown key is as good as none."""
    client = engine.client("alice")
    client.metadata = (("x-api-key", "alice-kez"),)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await client.place()
    assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED


async def test_a_key_added_to_or_taken_from_the_file_counts_without_a_restart(
    engine: Engine,
) -> None:
    """The file is read again when it changed."""
    await engine.client("bob").place()
    write_keys(engine.keys_path, ["alice"])
    os.utime(engine.keys_path, ns=(1, 1))
    engine.front.refresh_keys()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await engine.client("bob").place()
    assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
    await engine.client("alice").place()


async def test_a_broken_key_file_leaves_the_former_keys_in_force(engine: Engine) -> None:
    """Half a file locks nobody out."""
    engine.keys_path.write_text('[{"name":')
    engine.front.refresh_keys()
    await engine.client("bob").place()
