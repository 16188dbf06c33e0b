"""An engine that was given a certificate speaks TLS and nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme

from engine.tls import Tls, TlsInvalid, read_tls
from realstack.admin.v1 import admin_pb2, admin_pb2_grpc
from realstack.client import Client as VenueClient
from realstack.trading.v1 import trading_pb2 as pb
from realstack.trading.v1 import trading_pb2_grpc
from tests.contract.rpc.engine_under_test import FRONTS, KEYS, Engine, order, start_engine

AUTHORITY = trustme.CA()
CERTIFICATE = AUTHORITY.issue_cert("localhost", "127.0.0.1")
SECONDS = 5


def credentials() -> grpc.ChannelCredentials:
    """What a client knows that trusts the authority."""
    return grpc.ssl_channel_credentials(AUTHORITY.cert_pem.bytes())


def metadata(name: str) -> tuple[tuple[str, str], ...]:
    """The key of an owner."""
    return (("x-api-key", KEYS[name][0]),)


@pytest.fixture(params=FRONTS)
async def secured(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Engine]:
    """A front of each kind with a certificate."""
    chain = b"".join(each.bytes() for each in CERTIFICATE.cert_chain_pems)
    tls = Tls(chain, CERTIFICATE.private_key_pem.bytes())
    engine = await start_engine(tmp_path, kind=request.param, tls=tls)
    try:
        yield engine
    finally:
        await engine.close()


async def test_calls_of_every_kind_are_served(secured: Engine) -> None:
    """An operator's, a member's, and a stream of one order a message."""
    address = f"localhost:{secured.front.port}"
    async with grpc.aio.secure_channel(address, credentials()) as channel:
        admin: Any = admin_pb2_grpc.AdminServiceStub(channel)
        request = admin_pb2.DefineAccountRequest(account_id=1)
        await admin.DefineAccount(request, metadata=metadata("boss"), timeout=SECONDS)
        trading: Any = trading_pb2_grpc.TradingServiceStub(channel)
        call = trading.Trade(metadata=metadata("alice"), timeout=SECONDS)
        for _ in range(100):
            await call.write(pb.TradeRequest(place=order()))
        await call.done_writing()
        answers = [response.answer async for response in call]
    assert len(answers) == 100
    assert {answer.detail for answer in answers} == {"market_id: not defined"}


async def test_the_python_client_takes_credentials(secured: Engine) -> None:
    """As it does where a venue runs elsewhere."""
    address, key = f"127.0.0.1:{secured.front.port}", KEYS["boss"][0]
    async with VenueClient(address, api_key=key, credentials=credentials()) as client:
        assert (await client.status()).applied_sequence == 0


async def test_who_does_not_encrypt_or_does_not_trust_gets_nothing(secured: Engine) -> None:
    """Neither side says a word more than the handshake."""
    address = f"localhost:{secured.front.port}"
    stranger = grpc.ssl_channel_credentials(trustme.CA().cert_pem.bytes())
    for channel in (grpc.aio.insecure_channel(address), grpc.aio.secure_channel(address, stranger)):
        async with channel:
            admin: Any = admin_pb2_grpc.AdminServiceStub(channel)
            request = admin_pb2.GetStatusRequest()
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await admin.GetStatus(request, metadata=metadata("boss"), timeout=SECONDS)
            assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
    assert secured.front.calls == 0


def test_a_certificate_and_its_key_go_together(tmp_path: Path) -> None:
    """One without the other, another's key, or none at all: told before anything starts."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    CERTIFICATE.cert_chain_pems[0].write_to_path(certificate)
    AUTHORITY.issue_cert("elsewhere").private_key_pem.write_to_path(key)
    assert read_tls(None, None) is None
    with pytest.raises(TlsInvalid, match="go together"):
        read_tls(certificate, None)
    with pytest.raises(TlsInvalid, match="MISMATCH"):
        read_tls(certificate, key)
    key.write_text("no key")
    with pytest.raises(TlsInvalid, match=r"key\.pem"):
        read_tls(certificate, key)


def test_an_engine_does_not_start_with_a_certificate_alone(tmp_path: Path) -> None:
    """It would have to serve without: exit status 1."""
    (tmp_path / "keys.json").write_text("[]")
    words = ["--data", str(tmp_path / "data"), "--keys", str(tmp_path / "keys.json")]
    words += ["--tls-certificate", str(tmp_path / "keys.json")]
    ended = subprocess.run(
        [sys.executable, "-m", "engine.server", *words],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert b"go together" in ended.stderr
    assert not (tmp_path / "data").exists()
