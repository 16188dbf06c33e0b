"""A whole front over a real socket, and a client that speaks the contracts through it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

from engine.feed.limits import FeedLimits
from engine.front.choice import AnyFront, make_front, native_module
from engine.keys import KeyTable, key_sha256
from engine.tls import Tls
from realstack.admin.v1 import admin_pb2, admin_pb2_grpc
from realstack.common.v1 import common_pb2
from realstack.marketdata.v1 import marketdata_pb2_grpc
from realstack.settlement.v1 import settlement_pb2, settlement_pb2_grpc
from realstack.trading.v1 import trading_pb2, trading_pb2_grpc
from tests.contract.rpc.memory_node import TIME_NS_START, MemoryNode

KEYS = {
    "alice": ("alice-key", 1, "member"),
    "bob": ("bob-key", 2, "member"),
    "worker": ("worker-key", 0, "settlement"),
    "boss": ("boss-key", 0, "operator"),
    "standby": ("standby-key", 0, "replication"),
}
GOLD, DOLLAR, GOLD_DOLLAR = 1, 2, 1
SENT_NS = TIME_NS_START
DEADLINE_SECONDS = 10
# A client that takes little ahead of what is read, so that a stalled reader is felt early.
SMALL_WINDOW = (("grpc.http2.lookahead_bytes", 1_024), ("grpc.http2.bdp_probe", 0))


def write_keys(path: Path, names: Iterable[str] = KEYS) -> None:
    """Write a key file with the given owners."""
    entries = [
        {
            "name": name,
            "key_sha256": key_sha256(KEYS[name][0]),
            "account_id": KEYS[name][1],
            "role": KEYS[name][2],
        }
        for name in names
    ]
    path.write_text(json.dumps(entries))


class Client:
    """Stubs of every service with one key."""

    def __init__(
        self, port: int, name: str | None, options: tuple[tuple[str, int], ...] = ()
    ) -> None:
        self.channel = grpc.aio.insecure_channel(
            f"127.0.0.1:{port}", options=(("grpc.use_local_subchannel_pool", 1), *options)
        )
        self.metadata = () if name is None else (("x-api-key", KEYS[name][0]),)
        # Stubs of grpc-stubs differ for sync and async channels: here all are async.
        self.trading: Any = trading_pb2_grpc.TradingServiceStub(self.channel)
        self.market_data: Any = marketdata_pb2_grpc.MarketDataServiceStub(self.channel)
        self.settlement: Any = settlement_pb2_grpc.SettlementServiceStub(self.channel)
        self.admin: Any = admin_pb2_grpc.AdminServiceStub(self.channel)

    async def call(self, method: Any, request: Any) -> Any:
        """Make a unary call."""
        return await method(request, metadata=self.metadata, timeout=10)

    def stream(self, method: Any, request: Any) -> Any:
        """Open a server stream."""
        return method(request, metadata=self.metadata, timeout=20)

    def trade(self) -> Any:
        """Open a Trade stream."""
        return self.trading.Trade(metadata=self.metadata, timeout=20)

    async def place(self, **fields: Any) -> Any:
        """Place an order and give its answer."""
        request = trading_pb2.PlaceOrderRequest(order=order(**fields))
        return (await self.call(self.trading.PlaceOrder, request)).answer


@dataclass
class Engine:
    """A front with its node; clients are closed with it."""

    node: MemoryNode
    front: AnyFront
    fatal: list[BaseException]
    keys_path: Path
    clients: dict[str | None, Client] = field(default_factory=dict)
    is_stopped: bool = False

    def client(self, name: str | None) -> Client:
        """Give the client of a key's owner; without a name, one without a key."""
        if name not in self.clients:
            self.clients[name] = Client(self.front.port, name)
        return self.clients[name]

    async def close(self) -> None:
        """End clients and server."""
        for client in self.clients.values():
            await client.channel.close()
        if not self.is_stopped:
            await self.front.stop(0)

    def stopping(self) -> asyncio.Task[None]:
        """Begin to stop the front."""
        self.is_stopped = True
        return asyncio.create_task(self.front.stop(DEADLINE_SECONDS))

    async def turn(self) -> None:
        """Let everybody else have a turn of the loop."""
        await asyncio.sleep(0)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for a condition, with a deadline."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not is_so():
                await self.turn()

    async def define(self) -> None:
        """Define gold, dollars, their market and two funded accounts."""
        boss = self.client("boss")
        for asset_id, symbol, decimals in ((GOLD, "GOLD", 3), (DOLLAR, "USD", 2)):
            request = admin_pb2.DefineAssetRequest(
                asset_id=asset_id, symbol=symbol, decimals=decimals
            )
            await boss.call(boss.admin.DefineAsset, request)
        market = admin_pb2.DefineMarketRequest(
            market_id=GOLD_DOLLAR,
            symbol="GOLD-USD",
            base_asset_id=GOLD,
            quote_asset_id=DOLLAR,
            quote_atoms_per_tick_lot=1,
            base_atoms_per_lot=10,
            maker_fee_ppm=1_000,
            taker_fee_ppm=2_000,
        )
        await boss.call(boss.admin.DefineMarket, market)
        for account_id in (1, 2):
            await boss.call(
                boss.admin.DefineAccount, admin_pb2.DefineAccountRequest(account_id=account_id)
            )
            for asset_id in (GOLD, DOLLAR):
                await self.deposit(account_id, asset_id, 10**12)

    async def deposit(self, account_id: int, asset_id: int, amount_atoms: int) -> Any:
        """Credit a deposit."""
        worker = self.client("worker")
        request = settlement_pb2.CreditDepositRequest(
            account_id=account_id,
            asset_id=asset_id,
            amount_atoms=amount_atoms,
            client_id=new_id(),
            sent_time_ns=SENT_NS,
        )
        return await worker.call(worker.settlement.CreditDeposit, request)


FRONTS = ["plain", "native"] if native_module() else ["plain"]


async def start_engine(
    folder: Path,
    limits: FeedLimits | None = None,
    kind: str = "plain",
    tls: Tls | None = None,
) -> Engine:
    """Start a front on a free port."""
    keys_path = folder / "keys.json"
    write_keys(keys_path)
    node = MemoryNode(limits)
    fatal: list[BaseException] = []
    keys = KeyTable(keys_path)
    front = make_front(kind, node, node.feeds, keys, "127.0.0.1:0", fatal.append, tls)
    await front.start()
    return Engine(node, front, fatal, keys_path)


def now_ns() -> int:
    """Give the machine's time, for engines with a real clock."""
    return time.time_ns()


_ids = iter(range(1, 1 << 62))


def new_id() -> common_pb2.ClientId:
    """Give a client id that no test used before."""
    return common_pb2.ClientId(low=next(_ids), high=7)


def order(**fields: Any) -> trading_pb2.PlaceOrder:
    """Make an order: a limit buy of 1 lot at 100 ticks unless told otherwise."""
    values: dict[str, Any] = {
        "client_id": new_id(),
        "sent_time_ns": SENT_NS,
        "market_id": GOLD_DOLLAR,
        "side": common_pb2.SIDE_BUY,
        "order_type": common_pb2.ORDER_TYPE_LIMIT,
        "time_in_force": common_pb2.TIME_IN_FORCE_GTC,
        "price_ticks": 100,
        "quantity_lots": 1,
    }
    return trading_pb2.PlaceOrder(**{**values, **fields})


@dataclass(frozen=True)
class Refusal:
    """A status with its details unpacked."""

    code: grpc.StatusCode
    reason: str
    domain: str
    fields: list[str]
    rules: list[str]
    metadata: dict[str, str]
    message: str


def refusal(error: grpc.aio.AioRpcError) -> Refusal:
    """Unpack the details of a status."""
    data = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    status = status_pb2.Status.FromString(data)
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        for message in (info, bad):
            if detail.Is(message.DESCRIPTOR):
                detail.Unpack(message)
    return Refusal(
        code=error.code(),
        reason=info.reason,
        domain=info.domain,
        fields=[violation.field for violation in bad.field_violations],
        rules=[violation.description for violation in bad.field_violations],
        metadata=dict(info.metadata),
        message=error.details() or "",
    )
