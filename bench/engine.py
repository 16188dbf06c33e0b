"""An engine process of its own for a measurement: a folder, keys, a market and funded members."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from engine.keys import Role, key_sha256
from realstack.admin.v1 import admin_pb2, admin_pb2_grpc
from realstack.common.v1 import common_pb2
from realstack.settlement.v1 import settlement_pb2, settlement_pb2_grpc

ROOT = Path(__file__).resolve().parents[1]
BASE, QUOTE, MARKET = 1, 2, 1
FUNDS_ATOMS = 1 << 60
STOP_SECONDS = 30


@dataclass(frozen=True)
class Engine:
    """A running engine.

    Attributes:
        address: HOST:PORT.
        keys: API keys of members, one account each.
        folder: Its data, `keys.json` and `operator.key`; a real disk, not memory.
    """

    address: str
    keys: list[str]
    folder: Path


@contextmanager
def running(front: str, members: int) -> Iterator[Engine]:
    """Run an engine with a front (`engine.front.FRONTS`) until the block ends."""
    (ROOT / "build").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=ROOT / "build"))
    names = ["operator", "settlement", *(f"member {number + 1}" for number in range(members))]
    keys = {name: secrets.token_urlsafe(24) for name in names}
    (folder / "keys.json").write_text(
        json.dumps([_entry(*item) for item in enumerate(keys.items())])
    )
    (folder / "operator.key").write_text(keys["operator"])
    command = [sys.executable, "-m", "engine.server", "--data", str(folder / "data")]
    command += ["--listen", "127.0.0.1:0", "--keys", str(folder / "keys.json"), "--front", front]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT)
        try:
            address = _ready(process, folder)
            _define(address, keys, members)
            yield Engine(address, [keys[name] for name in names[2:]], folder)
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)
            shutil.rmtree(folder)


def _entry(index: int, item: tuple[str, str]) -> dict[str, object]:
    name, key = item
    role = (Role.OPERATOR, Role.SETTLEMENT)[index] if index < len(Role) - 2 else Role.MEMBER
    account_id = index - 1 if role is Role.MEMBER else 0
    return {
        "name": name,
        "key_sha256": key_sha256(key),
        "account_id": account_id,
        "role": role,
    }


def _ready(process: subprocess.Popen[str], folder: Path) -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line.startswith("ready engine "):
        raise RuntimeError(f"the engine did not start: {(folder / 'log').read_text()}")
    return line.split()[-1]


def _define(address: str, keys: dict[str, str], members: int) -> None:
    """Define two assets and a market with fees, and fund the members."""
    with grpc.insecure_channel(address) as channel:
        admin = admin_pb2_grpc.AdminServiceStub(channel)
        boss = (("x-api-key", keys["operator"]),)
        for asset_id, symbol in ((BASE, "GOLD"), (QUOTE, "USD")):
            asset = admin_pb2.DefineAssetRequest(asset_id=asset_id, symbol=symbol, decimals=6)
            admin.DefineAsset(asset, metadata=boss)
        market = admin_pb2.DefineMarketRequest(
            market_id=MARKET,
            symbol="GOLD-USD",
            base_asset_id=BASE,
            quote_asset_id=QUOTE,
            quote_atoms_per_tick_lot=1,
            base_atoms_per_lot=1,
            maker_fee_ppm=100,
            taker_fee_ppm=200,
        )
        admin.DefineMarket(market, metadata=boss)
        for account_id in range(1, members + 1):
            account = admin_pb2.DefineAccountRequest(account_id=account_id)
            admin.DefineAccount(account, metadata=boss)
            _fund(channel, keys["settlement"], account_id, members)


def _fund(channel: grpc.Channel, key: str, account_id: int, members: int) -> None:
    settlement = settlement_pb2_grpc.SettlementServiceStub(channel)
    for asset_id in (BASE, QUOTE):
        deposit = settlement_pb2.CreditDepositRequest(
            account_id=account_id,
            asset_id=asset_id,
            amount_atoms=FUNDS_ATOMS // members,
            client_id=common_pb2.ClientId(low=asset_id, high=1),
            sent_time_ns=time.time_ns(),
        )
        settlement.CreditDeposit(deposit, metadata=(("x-api-key", key),))
