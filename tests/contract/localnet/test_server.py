"""Starting and ending the server."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sqlite3
from pathlib import Path

import pytest
from solana.rpc.async_api import AsyncClient
from solana.rpc.websocket_api import SolanaWsClient
from websockets.exceptions import ConnectionClosed

from settlement.localnet import LocalnetServer, LocalnetSettings, serve
from settlement.localnet.server import main
from settlement.localnet.store import Store, StoreRefused

SETTINGS = LocalnetSettings(port=0, slot_ms=None)


async def test_the_address_is_known_after_the_start_and_free_after_the_end() -> None:
    """Port 0 becomes a real one, which another server can take afterwards."""
    async with LocalnetServer(SETTINGS) as server:
        host, port = server.address.split(":")
        assert server.url == f"http://{host}:{port}"
        assert server.ws_url == f"ws://{host}:{port}"
        assert int(port) > 0
    async with LocalnetServer(LocalnetSettings(port=int(port), slot_ms=None)) as again:
        assert again.address == server.address


async def test_a_server_that_does_not_run_has_no_chain_and_stops_as_often_as_you_like() -> None:
    """Stopping twice is no error; asking for the chain is."""
    server = LocalnetServer(SETTINGS)
    await server.stop()
    with pytest.raises(RuntimeError, match="not running"):
        server.chain  # noqa: B018
    await server.start()
    assert server.chain.open_block.height == 1
    await server.stop()
    await server.stop()


async def test_a_taken_port_is_an_error_and_leaves_nothing_open(tmp_path: Path) -> None:
    """The folder is not touched when the port cannot be had."""
    async with LocalnetServer(SETTINGS) as first:
        taken = int(first.address.split(":")[1])
        settings = LocalnetSettings(port=taken, slot_ms=None, data_dir=tmp_path / "chain")
        with pytest.raises(OSError, match="in use"):
            await LocalnetServer(settings).start()
    assert not (tmp_path / "chain").exists()


async def test_a_folder_that_cannot_be_used_frees_the_port(tmp_path: Path) -> None:
    """A failed start gives back everything it took."""
    (tmp_path / "chain.sqlite3").write_bytes(b"no database" * 100)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    settings = LocalnetSettings(port=port, slot_ms=None, data_dir=tmp_path)
    with pytest.raises(StoreRefused):
        await LocalnetServer(settings).start()
    with socket.create_server(("127.0.0.1", port)):
        pass


async def test_a_damaged_chain_frees_its_folder(tmp_path: Path) -> None:
    """What failed to start can be looked at and removed."""
    store = Store(tmp_path)
    store.set_meta("genesis_hash", bytes(32))
    store.close()
    with pytest.raises(StoreRefused, match="faucet"):
        await LocalnetServer(LocalnetSettings(port=0, data_dir=tmp_path)).start()
    Store(tmp_path).close()


async def test_a_chain_that_can_no_longer_write_ends_the_server() -> None:
    """A lost database is raised to whoever waits, and again at the end."""
    server = LocalnetServer(LocalnetSettings(port=0, slot_ms=5))
    await server.start()
    server.chain.store.close()
    with pytest.raises(sqlite3.ProgrammingError):
        await server.wait()
    with pytest.raises(sqlite3.ProgrammingError):
        await server.stop()


async def test_a_connection_for_news_is_closed_at_the_end() -> None:
    """Clients learn that the node is gone."""
    server = LocalnetServer(SETTINGS)
    await server.start()
    async with SolanaWsClient(server.ws_url) as news:
        await news.slot_subscribe()
        await server.stop()
        with pytest.raises(ConnectionClosed):
            await news.recv()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_a_served_network(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints one line when it is ready, and ends without an error when it is told to."""
    serving = asyncio.create_task(serve(SETTINGS))
    printed = ""
    async with asyncio.timeout(10):
        while "\n" not in printed:
            await asyncio.sleep(0)
            printed += capsys.readouterr().out
    word, name, address = printed.split()
    assert (word, name) == ("ready", "localnet")
    async with AsyncClient(f"http://{address}") as client:
        assert await client.is_connected()
    os.kill(os.getpid(), number)
    async with asyncio.timeout(10):
        await serving


async def test_an_address_of_version_6_is_written_in_brackets() -> None:
    """The URL can be used as it is."""
    async with LocalnetServer(LocalnetSettings(host="::1", port=0, slot_ms=None)) as server:
        assert server.url.startswith("http://[::1]:")
        async with AsyncClient(server.url) as client:
            assert await client.is_connected()


def test_the_command_says_why_it_cannot_start(capsys: pytest.CaptureFixture[str]) -> None:
    """A port that is taken ends the command with status 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit) as caught:
            main(["--port", str(port)])
    assert caught.value.code == 2
    assert "in use" in capsys.readouterr().err
