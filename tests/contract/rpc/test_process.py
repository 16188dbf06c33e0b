"""The engine as a process: ready line, clean stop, kill and restart with all streams as before."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from realstack.admin.v1 import admin_pb2
from realstack.common.v1 import common_pb2
from realstack.marketdata.v1 import marketdata_pb2
from realstack.settlement.v1 import settlement_pb2
from realstack.trading.v1 import trading_pb2
from tests.contract.rpc.engine_under_test import (
    DOLLAR,
    GOLD,
    GOLD_DOLLAR,
    Client,
    new_id,
    now_ns,
    order,
    write_keys,
)

pytestmark = pytest.mark.slow
DEADLINE_SECONDS = 30


async def launch(folder: Path, *more: str) -> asyncio.subprocess.Process:
    """Start an engine on the reference core; `more` overrides."""
    arguments = ["--data", str(folder / "engine"), "--keys", str(folder / "keys.json")]
    arguments += ["--listen", "127.0.0.1:0", "--core", "reference", *more]
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "engine.server",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """An engine that is ready, with its port; killed at the end if it still runs."""
    process = await launch(folder)
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            assert process.stdout is not None
            line = (await process.stdout.readline()).decode()
        assert line.startswith("ready engine 127.0.0.1:")
        yield process, int(line.rpartition(":")[2])
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def define(port: int) -> None:
    """Define a market and two funded members."""
    boss, worker = Client(port, "boss"), Client(port, "worker")
    for asset_id, symbol in ((GOLD, "GOLD"), (DOLLAR, "USD")):
        request = admin_pb2.DefineAssetRequest(asset_id=asset_id, symbol=symbol, decimals=2)
        await boss.call(boss.admin.DefineAsset, request)
    market = admin_pb2.DefineMarketRequest(
        market_id=GOLD_DOLLAR,
        symbol="GOLD-USD",
        base_asset_id=GOLD,
        quote_asset_id=DOLLAR,
        quote_atoms_per_tick_lot=1,
        base_atoms_per_lot=1,
    )
    await boss.call(boss.admin.DefineMarket, market)
    for account_id in (1, 2):
        account = admin_pb2.DefineAccountRequest(account_id=account_id)
        await boss.call(boss.admin.DefineAccount, account)
        for asset_id in (GOLD, DOLLAR):
            deposit = settlement_pb2.CreditDepositRequest(
                account_id=account_id,
                asset_id=asset_id,
                amount_atoms=1_000_000,
                client_id=new_id(),
                sent_time_ns=now_ns(),
            )
            await worker.call(worker.settlement.CreditDeposit, deposit)
    for client in (boss, worker):
        await client.channel.close()


async def everything(port: int) -> dict[str, Any]:
    """Read what the streams and the status tell, as plain data."""
    alice, boss, worker = (Client(port, name) for name in ("alice", "boss", "worker"))
    status = await boss.call(boss.admin.GetStatus, admin_pb2.GetStatusRequest())
    calls = {
        "executions": alice.stream(
            alice.trading.StreamExecutions,
            trading_pb2.StreamExecutionsRequest(from_execution_sequence=1),
        ),
        "fills": worker.stream(
            worker.settlement.StreamFills, settlement_pb2.StreamFillsRequest(from_trade_id=1)
        ),
        "trades": alice.stream(
            alice.market_data.StreamTrades, marketdata_pb2.StreamTradesRequest(from_trade_id=1)
        ),
        "book": alice.stream(
            alice.market_data.StreamBook,
            marketdata_pb2.StreamBookRequest(market_id=GOLD_DOLLAR),
        ),
    }
    found: dict[str, Any] = {"digest": status.digest, "applied": status.applied_sequence}
    for name, call in calls.items():
        found[name] = await call.read()
        call.cancel()
    for client in (alice, boss, worker):
        await client.channel.close()
    return found


async def test_a_killed_engine_comes_back_with_the_same_state_and_the_same_streams(
    tmp_path: Path,
) -> None:
    """Every counter of every stream is a function of the journal."""
    write_keys(tmp_path / "keys.json")
    async with running(tmp_path) as (process, port):
        await define(port)
        alice, bob = Client(port, "alice"), Client(port, "bob")
        request = order(sent_time_ns=now_ns(), side=common_pb2.SIDE_SELL, quantity_lots=5)
        place = trading_pb2.PlaceOrderRequest(order=request)
        first = (await alice.call(alice.trading.PlaceOrder, place)).answer
        for price in (100, 99, 98):
            await bob.place(sent_time_ns=now_ns(), price_ticks=price)
        before = await everything(port)
        process.kill()
    assert (before["applied"], len(before["fills"].fills)) == (13, 1)
    async with running(tmp_path) as (process, port):
        assert await everything(port) == before
        alice = Client(port, "alice")
        again = (await alice.call(alice.trading.PlaceOrder, place)).answer
        assert again.status == trading_pb2.ANSWER_STATUS_DUPLICATE
        assert (again.order_id, again.first_sequence) == (first.order_id, first.sequence)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(DEADLINE_SECONDS):
            assert await process.wait() == 0


async def failed_start(folder: Path, *more: str) -> tuple[int, str]:
    """Give the exit status and the last log line of an engine that does not start."""
    process = await launch(folder, *more)
    async with asyncio.timeout(DEADLINE_SECONDS):
        stdout, stderr = await process.communicate()
    assert stdout == b""
    assert process.returncode is not None
    return process.returncode, stderr.decode().strip().splitlines()[-1]


async def test_an_engine_that_cannot_start_says_why_in_one_line(tmp_path: Path) -> None:
    """No keys, a folder in use, an address in use: exit 1, and the reason is named."""
    status, line = await failed_start(tmp_path)
    assert (status, json.loads(line)["event"]) == (1, "cannot_start")
    assert "there is no such file" in json.loads(line)["error"]
    write_keys(tmp_path / "keys.json")
    async with running(tmp_path) as (_, port):
        status, line = await failed_start(tmp_path)
        assert status == 1
        assert "is in use by process" in line
        other = tmp_path / "other"
        status, line = await failed_start(
            tmp_path, "--data", str(other), "--listen", f"127.0.0.1:{port}"
        )
        assert status == 1
        assert "cannot be bound" in line
