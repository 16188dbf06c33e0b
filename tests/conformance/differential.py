"""Published engines against the compiled core on the shared flows, trade by trade."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench import flows
from engine.core.events import EventKind
from engine.core.venue import Venue
from tests.conformance import peers
from tests.conformance.environment import BIN, FOLDER

BATCH = 256
SECONDS_MAX = 900
TRADE = np.dtype([(name, "<i8") for name in ("operation", "maker", "taker", "quantity", "price")])


@dataclass(frozen=True)
class Verdict:
    """What a comparison of one engine on one flow saw."""

    engine: str
    flow: str
    operations: int
    trades: int
    difference: str  # empty when every trade is equal

    @property
    def same(self) -> bool:
        """Whether every trade is the same, in the same order."""
        return not self.difference


@cache
def own_trades(kind: str, operations: int) -> NDArray[np.void]:
    """Run a flow's first operations through the compiled core and give its trades."""
    flow = flows.load(kind)
    opening = len(flow.commands) - flow_length(kind)
    commands = flow.commands[: opening + operations]
    venue, parts = Venue(), []
    for start in range(0, len(commands), BATCH):
        events = venue.apply(commands[start : start + BATCH])
        fills = events[events["kind"] == EventKind.FILL]
        rows = np.zeros(len(fills), dtype=TRADE)
        rows["operation"] = fills["sequence"].astype(np.int64) - opening - 1
        rows["maker"], rows["taker"] = fills["maker_order_id"], fills["order_id"]
        rows["quantity"], rows["price"] = fills["quantity_lots"], fills["price_ticks"]
        parts.append(rows)
    return np.concatenate(parts)


def flow_length(kind: str) -> int:
    """Give the number of operations of a flow."""
    raw = (flows.CACHE / f"{kind}.bin").read_bytes()
    return int.from_bytes(raw[8:16], "little")


def compare(engine: str, kind: str, operations: int) -> Verdict:
    """Run both over a flow's first operations (0: all of it) and compare trade by trade."""
    flows.load(kind)
    count = min(operations or flow_length(kind), flow_length(kind))
    out = FOLDER / f"{engine}.{kind}.trades"
    command = [str(BIN / "python"), str(Path(peers.__file__)), engine]
    command += [str(flows.CACHE / f"{kind}.bin"), str(count), str(out)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=SECONDS_MAX
        )
    except subprocess.TimeoutExpired:
        return Verdict(engine, kind, count, 0, f"not done within {SECONDS_MAX} s")
    if done.returncode != 0:
        return Verdict(engine, kind, count, 0, f"it fails: {done.stderr.strip()[-300:]}")
    theirs = np.frombuffer(out.read_bytes(), dtype=TRADE)
    ours = own_trades(kind, count)
    return Verdict(engine, kind, count, len(ours), first_difference(ours, theirs))


def first_difference(ours: NDArray[np.void], theirs: NDArray[np.void]) -> str:
    """Tell of the first trade that is not the same; empty when all are."""
    common = min(len(ours), len(theirs))
    unequal = np.flatnonzero(ours[:common] != theirs[:common])
    if len(unequal):
        at = int(unequal[0])
        return f"trade {at + 1}: ours {_text(ours[at])}, theirs {_text(theirs[at])}"
    if len(ours) != len(theirs):
        return f"{len(ours):,} trades here, {len(theirs):,} there"
    return ""


def _text(trade: np.void) -> str:
    return str({name: int(trade[name]) for name in TRADE.names or ()})
