"""The shared order flows as command records, and what their reference says they must give."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench import mix
from bench.mix import AMEND, CANCEL, FLOW_RECORD, HEADER_BYTES, IOC, MARKET, NEW
from engine.core.commands import (
    COMMAND,
    CommandKind,
    OrderType,
    SelfTradePrevention,
    TimeInForce,
    symbol_words,
)
from engine.core.records import join

SHARED_KINDS = ("main", "deep", "crossing")
KINDS = (*SHARED_KINDS, "mix")
CACHE = Path(__file__).resolve().parent.parent / "build" / "flows"
START_NS = 1_700_000_000_000_000_000
FUNDS_TOTAL_ATOMS = 1 << 60


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow ready to run: stamped commands of which the first `untimed` set it up."""

    kind: str
    commands: NDArray[np.void]
    untimed: int
    expected: dict[str, int]


def load(kind: str, *, fee_ppm: int = 0) -> Flow:
    """Read a flow, making its files once with the shared generator.

    Args:
        kind: main, deep or crossing of the shared generator, or mix (`bench.mix`).
        fee_ppm: Maker and taker fee of the market.

    Raises:
        FileNotFoundError: When the shared folder (setting SHARED) has no generator.
    """
    _generate(kind)
    return read(CACHE, kind, fee_ppm=fee_ppm)


def read(folder: Path, kind: str, *, fee_ppm: int = 0) -> Flow:
    """Read the files of a flow in a folder."""
    raw = (folder / f"{kind}.bin").read_bytes()
    preload = int.from_bytes(raw[16:24], "little")
    records = np.frombuffer(raw, dtype=FLOW_RECORD, offset=HEADER_BYTES)
    reference = json.loads((folder / f"{kind}.ref.json").read_text())
    opening_rows = opening(fee_ppm, int(records["owner"].max()))
    commands = join([opening_rows, _orders(records)], COMMAND)
    commands["sequence"] = np.arange(1, len(commands) + 1)
    commands["time_ns"] = START_NS + 1_000 * np.arange(1, len(commands) + 1)
    with_id = commands["client_id_low"] != 0
    commands["sent_time_ns"][with_id] = commands["time_ns"][with_id]
    expected = {
        "trades": reference["trades"],
        "volume": reference["volume"],
        "notional": reference["notional"],
        "priority_sum": reference["prio"],
        "open_orders": reference["final"]["live"],
    }
    return Flow(kind, commands, len(opening_rows) + preload, expected)


def _generate(kind: str) -> None:
    if (CACHE / f"{kind}.ref.json").exists():
        return
    if kind == "mix":
        mix.write(CACHE)
        return
    shared = Path(os.environ.get("SHARED", "../shared"))
    generator = shared / "tools" / "flow.py"
    if not generator.exists():
        raise FileNotFoundError(f"no flow generator at {generator}: set SHARED to its folder")
    CACHE.mkdir(parents=True, exist_ok=True)
    print(f"flow: making {kind} once (about half a minute)", file=sys.stderr, flush=True)
    subprocess.run(
        [sys.executable, str(generator), str(CACHE), kind], check=True, stdout=sys.stderr
    )


def opening(fee_ppm: int, count: int) -> NDArray[np.void]:
    """Define two assets, one market and so many owners, and fund them."""
    rows = np.zeros(3 + 3 * count, dtype=COMMAND)
    for row, (asset_id, symbol) in zip(rows, ((1, "USDC"), (2, "HARBOR")), strict=False):
        row["kind"], row["asset_id"] = CommandKind.DEFINE_ASSET, asset_id
        row["symbol_low"], row["symbol_high"] = symbol_words(symbol)
    market = rows[2]
    market["kind"], market["market_id"] = CommandKind.DEFINE_MARKET, 1
    market["base_asset_id"], market["quote_asset_id"] = 2, 1
    market["quote_atoms_per_tick_lot"] = market["base_atoms_per_lot"] = 1
    market["maker_fee_ppm"] = market["taker_fee_ppm"] = fee_ppm
    market["symbol_low"], market["symbol_high"] = symbol_words("HARBOR-USDC")
    owners = np.arange(1, count + 1)
    accounts = rows[3 : 3 + count]
    accounts["kind"], accounts["account_id"] = CommandKind.DEFINE_ACCOUNT, owners
    for asset_id, start in ((1, 3 + count), (2, 3 + 2 * count)):
        deposits = rows[start : start + count]
        deposits["kind"], deposits["account_id"] = CommandKind.DEPOSIT, owners
        deposits["asset_id"], deposits["amount_atoms"] = asset_id, FUNDS_TOTAL_ATOMS // count
        deposits["client_id_low"], deposits["client_id_high"] = 1, asset_id
    return rows


def _orders(records: NDArray[np.void]) -> NDArray[np.void]:
    """Turn flow records into commands; the client id of an order is its flow id.

    The venue numbers orders from 1 as they are accepted, and so does the flow, so a cancel or
    amend names its order by the same number.
    """
    rows = np.zeros(len(records), dtype=COMMAND)
    placing = np.isin(records["op"], (NEW, MARKET, IOC))
    owner_of = np.zeros(int(records["id"].max()) + 1, dtype=np.uint32)
    owner_of[records["id"][placing]] = records["owner"][placing]
    rows["account_id"] = owner_of[records["id"]]
    rows["kind"][placing] = CommandKind.PLACE
    rows["kind"][records["op"] == CANCEL] = CommandKind.CANCEL
    amends = records["op"] == AMEND
    rows["kind"][amends] = CommandKind.REPLACE
    for name, value in (
        ("market_id", np.ones(len(records))),
        ("client_id_low", records["id"]),
        ("side", records["side"] + 1),
        ("order_type", np.where(records["op"] == MARKET, OrderType.MARKET, OrderType.LIMIT)),
        ("time_in_force", np.where(records["op"] == NEW, TimeInForce.GTC, TimeInForce.IOC)),
        ("self_trade_prevention", np.full(len(records), SelfTradePrevention.NONE)),
        ("price_ticks", records["price"]),
        ("quantity_lots", records["quantity"]),
    ):
        rows[name][placing] = value[placing]
    rows["order_id"][~placing] = records["id"][~placing]
    rows["price_ticks"][amends] = records["price"][amends]
    rows["quantity_lots"][amends] = records["aux"][amends] & 0xFFFFFFFF
    return rows
