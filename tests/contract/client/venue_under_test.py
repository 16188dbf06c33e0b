"""A venue behind a socket for tests of the client: the real front on the reference core."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.keys import KeyTable, key_sha256
from engine.rpc.front import Front
from engine.sequencer import Receiver
from realstack.client import Client
from tests.contract.client.proxy import Proxy
from tests.contract.rpc.memory_node import MemoryNode

BASE, QUOTE, MARKET = 1, 2, 1
DEPOSIT_ATOMS = 10**15
ACCOUNTS = {"alice": 1, "bob": 2}


class ClockedNode(MemoryNode):
    """A node on the machine's clock, as the client's sent times are."""

    def submit(self, commands: NDArray[np.void], receiver: Receiver) -> None:
        """Apply commands at the current time."""
        self.venue.time_ns_last = max(self.venue.time_ns_last, time.time_ns())
        super().submit(commands, receiver)


@dataclass
class Venue:
    """A venue with two funded members and one market, HARBOR-USDC: tick 0.01, lot 1."""

    node: ClockedNode
    front: Front
    proxy: Proxy
    keys: Path
    fatal: list[BaseException] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where clients connect: the proxy."""
        return f"127.0.0.1:{self.proxy.port}"

    def client(self, name: str, *, timeout_seconds: float = 10.0) -> Client:
        """Make a client with somebody's key; the caller closes it."""
        return Client(self.address, api_key=f"{name}-key", timeout_seconds=timeout_seconds)

    def open_orders(self) -> int:
        """Return how many orders work."""
        return int(self.node.venue.counts()["open_orders"])

    async def restart(self) -> None:
        """Stop the front and start another on the same node, as after an engine's restart."""
        await self.front.stop(0)
        self.front = Front(
            self.node, self.node.feeds, KeyTable(self.keys), "127.0.0.1:0", self.fatal.append
        )
        await self.front.start()
        self.proxy.target_port = self.front.port

    async def close(self) -> None:
        """Stop everything."""
        await self.proxy.close()
        await self.front.stop(0)


def write_keys(path: Path) -> None:
    """Write the keys of two members, an operator and settlement."""
    owners = [(name, account, "member") for name, account in ACCOUNTS.items()]
    owners += [("boss", 0, "operator"), ("worker", 0, "settlement")]
    entries = [
        {
            "name": name,
            "key_sha256": key_sha256(f"{name}-key"),
            "account_id": account,
            "role": role,
        }
        for name, account, role in owners
    ]
    path.write_text(json.dumps(entries))


async def start_venue(folder: Path) -> Venue:
    """Start a venue and define what it trades."""
    keys = folder / "keys.json"
    write_keys(keys)
    node = ClockedNode()
    fatal: list[BaseException] = []
    front = Front(node, node.feeds, KeyTable(keys), "127.0.0.1:0", fatal.append)
    await front.start()
    venue = Venue(node, front, Proxy(), keys, fatal)
    await venue.proxy.start(front.port)
    await define(venue)
    return venue


async def define(venue: Venue) -> None:
    """Define assets, the market and funded accounts, through the client itself."""
    async with venue.client("boss") as boss, venue.client("worker") as worker:
        await boss.define_asset(asset_id=BASE, symbol="HARBOR", decimals=0)
        await boss.define_asset(asset_id=QUOTE, symbol="USDC", decimals=6)
        await boss.define_market(
            market_id=MARKET,
            symbol="HARBOR-USDC",
            base_asset_id=BASE,
            quote_asset_id=QUOTE,
            quote_atoms_per_tick_lot=10_000,
            base_atoms_per_lot=1,
            maker_fee_ppm=0,
            taker_fee_ppm=1_000,
            band_ppm=500_000,
        )
        for account_id in ACCOUNTS.values():
            await boss.define_account(account_id=account_id)
            for asset_id in (BASE, QUOTE):
                await worker.credit_deposit(
                    account_id=account_id,
                    asset_id=asset_id,
                    amount_atoms=DEPOSIT_ATOMS,
                    client_id=account_id << 32 | asset_id,
                )


def at_least(read: Callable[[], int], wanted: int) -> Callable[[], object]:
    """Make an awaitable condition: a number has reached a value."""

    async def reached() -> bool:
        return read() >= wanted

    return reached
