"""kill -9 of the engine under load, again and again; then judge what clients were told."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from realstack.client import Client
from realstack.client.records import AnswerStatus
from realstack.client.session import channel_options
from realstack.trading.v1 import trading_pb2, trading_pb2_grpc
from tests.crash.ack_file import Ack, AckFile, AckSink, read_acks
from tests.crash.engine_process import EngineProcess, make_keys
from tests.crash.judge import Told, fold, judge, working
from tests.crash.load import MARKET, Member

MEMBERS = 4
LANES = 16
ACKS_BETWEEN_KILLS_MIN = 300
RESENDS = 200
FUNDS_ATOMS = 1 << 50


@dataclass
class Verdict:
    """What the kills showed."""

    kills: int = 0
    acknowledged: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    restart_ms: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Say it in one line."""
        slowest = max(self.restart_ms, default=0)
        return (
            f"{self.kills} kills, {self.acknowledged:,} acknowledged commands, "
            f"{len(self.faults)} lost, doubled or in another state; slowest restart {slowest} ms"
        )


async def run(folder: Path, *, times: int, seed: int) -> Verdict:
    """Kill the engine `times` times under load and judge.

    Args:
        folder: An empty folder for the venue's data and the clients' file.
        times: How many kills.
        seed: Of the traffic and the moments.
    """
    keys = make_keys(folder / "keys.json", MEMBERS)
    (folder / "engine").mkdir()
    engine = EngineProcess(folder / "engine", folder / "keys.json")
    engine.start()
    try:
        await define(engine.address, keys)
        verdict = await _kill_under_load(engine, keys, folder / "acks.jsonl", times, seed)
        acks = list(read_acks(folder / "acks.jsonl"))
        verdict.acknowledged = len(acks)
        verdict.faults += await judge_venue(engine.address, keys, acks)
    except BaseException:
        print(engine.log_tail(), file=sys.stderr)
        raise
    finally:
        engine.stop()
    return verdict


async def define(address: str, keys: dict[str, str]) -> None:
    """Define the market and fund the members."""
    async with Client(address, api_key=keys["operator"]) as operator:
        await operator.define_asset(asset_id=1, symbol="USDC", decimals=6)
        await operator.define_asset(asset_id=2, symbol="HARBOR", decimals=0)
        await operator.define_market(
            market_id=MARKET,
            symbol="HARBOR-USDC",
            base_asset_id=2,
            quote_asset_id=1,
            quote_atoms_per_tick_lot=10_000,
            base_atoms_per_lot=1,
            maker_fee_ppm=100,
            taker_fee_ppm=300,
        )
        for account_id in range(1, MEMBERS + 1):
            await operator.define_account(account_id=account_id)
    async with Client(address, api_key=keys["settlement"]) as settlement:
        for account_id in range(1, MEMBERS + 1):
            for asset_id in (1, 2):
                await settlement.credit_deposit(
                    account_id=account_id,
                    asset_id=asset_id,
                    amount_atoms=FUNDS_ATOMS,
                    client_id=asset_id,
                )


async def _kill_under_load(
    engine: EngineProcess, keys: dict[str, str], path: Path, times: int, seed: int
) -> Verdict:
    acks, stop, chance = AckFile(path), asyncio.Event(), random.Random(seed)
    verdict = Verdict()
    clients = [
        Client(engine.address, api_key=keys[f"member-{account}"])
        for account in range(1, MEMBERS + 1)
    ]
    members = [Member(c, index + 1, acks, seed * 100 + index) for index, c in enumerate(clients)]
    writer = asyncio.create_task(sync_as_they_come(acks, stop))
    traffic = asyncio.gather(*(member.run(stop, LANES) for member in members))
    for _ in range(times):
        await more_acks(members, traffic, ACKS_BETWEEN_KILLS_MIN)
        await asyncio.sleep(chance.random() / 5)  # tidy: sleep-ok a random moment is the point
        engine.kill()
        began = time.monotonic_ns()
        await asyncio.to_thread(engine.start)
        verdict.restart_ms.append((time.monotonic_ns() - began) // 1_000_000)
        verdict.kills += 1
    await more_acks(members, traffic, ACKS_BETWEEN_KILLS_MIN)
    stop.set()
    await traffic
    await writer
    acks.close()
    for client in clients:
        await client.close()
    for member in members:
        verdict.counts.update(member.counts)
    return verdict


async def sync_as_they_come(acks: AckSink, stop: asyncio.Event) -> None:
    """Put what clients were told on disk, until told to stop."""
    while not stop.is_set():
        acks.sync()
        await asyncio.sleep(0.002)  # tidy: sleep-ok paces the syncs of the clients' own file


async def more_acks(members: list[Member], traffic: asyncio.Future[Any], count: int) -> None:
    """Wait for that many more answers."""

    def done() -> int:
        return sum(member.counts.total() for member in members)

    goal, deadline = done() + count, time.monotonic() + 120
    while done() < goal:
        if traffic.done():
            await traffic  # raises what ended it
        if time.monotonic() > deadline:
            raise TimeoutError(f"{done()} of {goal} answers after two minutes")
        await asyncio.sleep(0.01)  # tidy: sleep-ok polls a counter with a deadline


async def judge_venue(address: str, keys: dict[str, str], acks: list[Ack]) -> list[str]:
    """Compare what clients were told with what the venue at an address says now."""
    told = {
        account: fold(await _executions(address, keys[f"member-{account}"]))
        for account in range(1, MEMBERS + 1)
    }
    faults = judge(acks, told)
    for account, account_told in told.items():
        async with Client(address, api_key=keys[f"member-{account}"]) as client:
            faults += await _open_orders_differ(client, account_told)
            faults += await _resend(client, [a for a in acks if a["account_id"] == account])
    return faults


async def _executions(address: str, api_key: str) -> list[trading_pb2.Execution]:
    """Read an account's whole private stream with plain stubs."""
    executions: list[trading_pb2.Execution] = []
    async with grpc.aio.insecure_channel(address, channel_options(address)) as channel:
        stub = trading_pb2_grpc.TradingServiceStub(channel)
        call = stub.StreamExecutions(
            trading_pb2.StreamExecutionsRequest(from_execution_sequence=1),
            metadata=(("x-api-key", api_key),),
        )
        async for message in call:
            executions += message.executions
            if len(executions) >= message.last_execution_sequence:
                call.cancel()
                return executions
    return executions


async def _open_orders_differ(client: Client, told: Told) -> list[str]:
    listed = {o.order.order_id: o.order.leaves_lots for o in await client.open_orders()}
    expected = working(told)
    if listed == expected:
        return []
    return [f"working orders differ: listed {len(listed)}, told {len(expected)}"]


async def _resend(client: Client, acks: list[Ack]) -> list[str]:
    """Resend acknowledged orders: each gets its first answer, also over a restart."""
    faults = []
    for ack in [ack for ack in acks if ack["kind"] == "place"][-RESENDS:]:
        again = await client.place(
            **ack["body"], client_id=ack["client_id"], sent_time_ns=ack["sent_time_ns"]
        )
        first = (AnswerStatus.DUPLICATE, ack["order_id"], ack["sequence"])
        if (again.status, again.order_id, again.first_sequence) != first:
            faults.append(f"a resend was answered {again}, first was {ack}")
    return faults
