"""Which refusals (and acceptances) of which orders were seen in which phase.

    ./dev coverage-table

Every new order of every type and time in force goes into a market in every phase, changed so that
it breaks one rule after the other, on both cores. Each combination of phase, type, time in force
and outcome is then hit, or stands in `impossible.py` with its reason, or is a hole; of the other
command kinds, which outcome random commands hit is listed. The exit status is 1 when there is a
hole, or when something happened that the table calls impossible.
"""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from typing import Any

import numpy as np

from engine.core import commands as wire
from engine.core.commands import (
    COMMAND,
    CommandKind,
    LimitKind,
    OrderType,
    TimeInForce,
    symbol_words,
)
from engine.core.events import ANSWER, EventKind
from engine.core.phases import AuctionKind, Phase
from engine.core.rejects import Reject
from engine.core.venue import Venue
from engine.reference.venue import ReferenceVenue
from tests.model.impossible import ORDERS
from tests.model.source import CommandSource

START_NS = 1_700_000_000_000_000_000
Fields = dict[str, int]
Cell = tuple[int, int, int, int]
VALID = {
    # First, because it is refused only as long as nothing has traded.
    OrderType.TRAILING_STOP: frozenset({1, 4, 5}),
    OrderType.LIMIT: frozenset(TimeInForce),
    OrderType.MARKET: frozenset({2, 3, 6, 7}),
    OrderType.STOP: frozenset({1, 4, 5}),
    OrderType.STOP_LIMIT: frozenset({1, 4, 5}),
    OrderType.MARKET_BY_AMOUNT: frozenset({2}),
}
CANCELLED_ID = 1 << 40  # cancelled before it arrived
MANY: Fields = {"quantity_lots": 500}
# What is changed of a lawful order; many changes reach one rule by several ways.
CHANGES: tuple[Fields, ...] = (
    {},
    {"order_id": 1},
    {"side": 0},
    {"expire_time_ns": 1},
    {"self_trade_prevention": 0},
    {"flags": 255},
    {"client_id_low": 0},
    {"account_id": 9},
    {"sent_time_ns": START_NS + 10**15},
    {"sent_time_ns": 1},
    {"client_id_low": 1},
    {"price_ticks": -1},
    {"quantity_lots": -1},
    {"amount_atoms": -1},
    {"quantity_lots": 1 << 40},
    {"quantity_lots": 1 << 30},
    {"amount_atoms": 1 << 59},
    {"account_id": 3},
    {"account_id": 3, "side": 2},
    {"flags": 1, "price_ticks": 101},
    {"flags": 1, "price_ticks": 50},
    {"flags": 1, "price_ticks": 50, "quantity_lots": 1 << 40},
    {"flags": 1, "price_ticks": 50, "account_id": 3},
    {"flags": 1, "price_ticks": 50, "max_age_ms": 1, "age_ns": 10**9},
    {"flags": 1, "price_ticks": 50, "expire_time_ns": 1},
    {"quantity_lots": 1_000},
    {"flags": 8, "minimum_lots": 900, "quantity_lots": 900},
    {"max_age_ms": 1, "age_ns": 10**9},
    {"expire_time_ns": 1},
    {"side": 2},
    {"side": 2, "quantity_lots": 1},
    {"quantity_lots": 5},
    {"quantity_lots": 1},
    {"price_ticks": 101, "quantity_lots": 1},
    {"quantity_lots": 1, "max_age_ms": 1, "age_ns": 10**9},
    {"price_ticks": 101, "quantity_lots": 1, "max_age_ms": 1, "age_ns": 10**9},
    {"client_id_low": CANCELLED_ID},
    {"account_id": 10},
    {"account_id": 11},
    {"account_id": 12},
    {"account_id": 13, "price_ticks": 150},
    {"account_id": 14},
    {"account_id": 15},
    {"account_id": 16},
)
KILLED = 10
# Accounts with a limit that an order breaks: kind, value, window.
LIMITS: dict[int, tuple[LimitKind, int, int]] = {
    11: (LimitKind.ORDER_LOTS, 1, 0),
    12: (LimitKind.ORDER_VALUE, 1, 0),
    13: (LimitKind.COLLAR_PPM, 1, 0),
    14: (LimitKind.OPEN_ORDERS, 1, 0),
    15: (LimitKind.HOLDING_LOTS, 1, 0),
    16: (LimitKind.MESSAGES, 1, 7 * 86_400 * 10**9),
}


class Rig:
    """Markets in every phase, with and without a band and a last price, on both cores."""

    def __init__(self) -> None:
        self.cores: tuple[Any, Any] = (ReferenceVenue(), Venue())
        self.time_ns, self.client_id = START_NS, 1
        self.markets: dict[int, tuple[Phase, int, int]] = {}
        for asset_id in (1, 2):
            self._define(CommandKind.DEFINE_ASSET, f"A{asset_id}", asset_id=asset_id)
        for account_id in (1, 2, 3):
            self.run({"kind": CommandKind.DEFINE_ACCOUNT, "account_id": account_id})
        for account_id, asset_id in itertools.product((1, 2), (1, 2)):
            funds = {"account_id": account_id, "asset_id": asset_id, "amount_atoms": 1 << 58}
            self.run({"kind": CommandKind.DEPOSIT, **funds})
        kinds = (0, AuctionKind.OPENING, AuctionKind.CLOSING)
        for phase, kind, band, traded in itertools.product(Phase, kinds, (0, 500_000), (0, 1)):
            if (phase == Phase.AUCTION) == (kind != 0):
                self._market(phase, kind, band, traded)
        self.cell_market = list(self.markets)
        self._control()

    def _control(self) -> None:
        """Stop one account and limit others; cancel an order before it arrives."""
        self.run(
            {
                "kind": CommandKind.CANCEL,
                "account_id": 1,
                "flags": wire.BEFORE_ARRIVAL,
                "client_id_low": CANCELLED_ID + 1,
                "target_client_id_low": CANCELLED_ID,
            }
        )
        first_open = next(n for n, (phase, _, _) in self.markets.items() if phase == Phase.OPEN)
        for account_id in (KILLED, *LIMITS):
            self.run({"kind": CommandKind.DEFINE_ACCOUNT, "account_id": account_id})
            for asset_id in (1, 2):
                funds = {"account_id": account_id, "asset_id": asset_id, "amount_atoms": 1 << 40}
                self.run({"kind": CommandKind.DEPOSIT, **funds})
        self.run({"kind": CommandKind.KILL, "account_id": KILLED, "is_on": 1})
        for account_id, (kind, value, window_ns) in LIMITS.items():
            row = {"limit_kind": int(kind), "limit_value": value, "window_ns": window_ns}
            self.run({"kind": CommandKind.SET_LIMIT, "account_id": account_id, **row})
            if kind in {LimitKind.OPEN_ORDERS, LimitKind.MESSAGES}:
                self.run(self.order(first_open, 1, 1, account_id=account_id, price_ticks=1))

    def _define(self, kind: CommandKind, symbol: str, **fields: int) -> None:
        low, high = symbol_words(symbol)
        self.run({"kind": kind, "symbol_low": low, "symbol_high": high, **fields})

    def _market(self, phase: Phase, kind: int, band: int, traded: int) -> None:
        number = len(self.markets) + 1
        self.markets[number] = (phase, band, traded)
        self._define(
            CommandKind.DEFINE_MARKET,
            f"M{number}",
            market_id=number,
            base_asset_id=2,
            quote_asset_id=1,
            quote_atoms_per_tick_lot=1,
            base_atoms_per_lot=1 << 21,
            band_ppm=band,
        )
        if traded:
            for side in (2, 1):
                self.run(self.order(number, 1, 1, side=side, price_ticks=100, quantity_lots=1))
        self.stock(number)
        if phase != Phase.OPEN:
            row = {"market_id": number, "phase": int(phase), "auction_kind": int(kind)}
            if phase == Phase.PRE_OPEN:
                self.run({"kind": CommandKind.SET_PHASE, **row, "phase": int(Phase.HALTED)})
            self.run({"kind": CommandKind.SET_PHASE, **row})

    def stock(self, market: int) -> None:
        """Put what there is to trade with back into a market."""
        mine = {"account_id": 2, "market_id": market}
        self.run({"kind": CommandKind.CANCEL_ALL, **mine})
        for side, price in ((2, 101), (1, 99)):
            self.run(self.order(market, 1, 1, side=side, price_ticks=price, account_id=2) | MANY)

    def order(self, market: int, order_type: int, time: int, **change: int) -> Fields:
        """Make a lawful order of a type and a time in force, changed."""
        row: Fields = {
            "kind": CommandKind.PLACE,
            "account_id": 1,
            "market_id": market,
            "side": 1,
            "order_type": order_type,
            "time_in_force": time,
            "self_trade_prevention": 1,
            "quantity_lots": 10,
        }
        if order_type in {OrderType.LIMIT, OrderType.STOP_LIMIT}:
            row["price_ticks"] = 100
        if order_type in {OrderType.STOP, OrderType.STOP_LIMIT}:
            row["trigger_price_ticks"] = 120
        if order_type == OrderType.TRAILING_STOP:
            row["trail_ticks"] = 5
        if order_type == OrderType.MARKET_BY_AMOUNT:
            row |= {"quantity_lots": 0, "amount_atoms": 500}
        if time == TimeInForce.GTD:
            row["expire_time_ns"] = START_NS + 10**17
        return row | change

    def run(self, row: Fields) -> Reject:
        """Apply one command to both cores and give why it was refused."""
        self.time_ns += 1_000
        command = np.zeros(1, dtype=COMMAND)
        age_ns = row.get("age_ns", 0)
        if row["kind"] in wire.CLIENT_ID_REQUIRED and "client_id_low" not in row:
            self.client_id += 1
            row = {**row, "client_id_low": self.client_id}
        if row.get("client_id_low"):
            row = {"sent_time_ns": self.time_ns - age_ns, **row}
        for name, value in row.items():
            if name != "age_ns":
                command[name] = value
        command["time_ns"] = self.time_ns
        command["sequence"] = self.cores[1].sequence_last + 1
        expected, actual = (core.apply(command.copy()) for core in self.cores)
        if expected.tobytes() != actual.tobytes():
            raise SystemExit(f"the cores differ on {row}")
        answer = next(event for event in actual if int(event["flags"]) & ANSWER)
        refused = answer["kind"] == EventKind.REJECTED
        return Reject(int(answer["code"])) if refused else Reject.NONE


def orders_hit() -> Counter[Cell]:
    """Try every change of every order in every phase."""
    hit: Counter[Cell] = Counter()
    rig = Rig()
    for market in rig.cell_market:
        for order_type, times in VALID.items():
            for time, change in itertools.product(sorted(times), CHANGES):
                row = rig.order(market, order_type, time, **change)
                if row.get("client_id_low") == 1:
                    row["client_id_low"] = 2  # of the first deposit: another body
                reject = rig.run(row)
                hit[int(rig.markets[market][0]), int(order_type), int(time), int(reject)] += 1
                if not reject:
                    rig.run({"kind": CommandKind.CANCEL_ALL, "account_id": 1})
                    if rig.markets[market][0] == Phase.OPEN:
                        rig.stock(market)
    return hit


def reason_of(cell: Cell) -> str:
    """Give why a combination cannot happen; empty when nothing says so."""
    return next((rule.reason for rule in ORDERS if rule.covers(*cell)), "")


def universe() -> list[Cell]:
    """Give every combination of phase, valid type and time in force, and outcome."""
    return [
        (int(phase), int(kind), int(time), int(reject))
        for phase in Phase
        for kind, times in VALID.items()
        for time in sorted(times)
        for reject in Reject
    ]


def name_of(cell: Cell) -> str:
    """Print a combination by its names."""
    phase, kind, time, reject = cell
    names = (Phase(phase), OrderType(kind), TimeInForce(time), Reject(reject))
    return " ".join(value.name for value in names)


def kinds_hit(commands: int) -> Counter[tuple[str, str]]:
    """Count which outcome each command kind had among random commands."""
    source, venue = CommandSource(3), ReferenceVenue()
    seen: Counter[tuple[str, str]] = Counter()
    batch = source.opening()
    for _ in range(1 + commands // 500):
        events = venue.apply(batch)
        source.learn(events)
        kinds = dict(zip(batch["sequence"].tolist(), batch["kind"].tolist(), strict=True))
        for event in events[events["flags"] & ANSWER != 0]:
            kind = kinds[int(event["sequence"])]
            refused = event["kind"] == EventKind.REJECTED
            outcome = Reject(int(event["code"])).name if refused else "NONE"
            known = kind in set(CommandKind)
            seen[CommandKind(kind).name if known else "(unknown kind)", outcome] += 1
        batch = source.take(500)
    return seen


def main(argv: list[str] | None = None) -> int:
    """Run from the command line; the last line is the verdict."""
    hit, cells = orders_hit(), universe()
    holes = [cell for cell in cells if not hit[cell] and not reason_of(cell)]
    wrong = [cell for cell in cells if hit[cell] and reason_of(cell)]
    print(f"{'outcome of a new order':32}{'hit':>8}{'impossible':>12}{'holes':>8}")
    for reject in Reject:
        mine = [cell for cell in cells if cell[3] == reject]
        seen = sum(1 for cell in mine if hit[cell])
        ruled = sum(1 for cell in mine if not hit[cell] and reason_of(cell))
        print(f"{reject.name:32}{seen:>8}{ruled:>12}{len(mine) - seen - ruled:>8}")
    print("\nwhy impossible:")
    reasons = Counter(reason_of(cell) for cell in cells if not hit[cell])
    for reason, count in reasons.most_common():
        print(f"{count:>8}  {reason or 'unexplained'}")
    print("\nother commands, outcomes seen among random ones:")
    for (kind, outcome), count in sorted(kinds_hit(20_000).items()):
        if kind != "PLACE":
            print(f"  {kind:22}{outcome:32}{count:>8}")
    for title, found in (("hole", holes), ("called impossible, but hit", wrong)):
        for cell in found:
            print(f"{title}: {name_of(cell)}")
    verdict = f"{len(holes)} holes, {len(wrong)} wrong reasons, {len(cells)} combinations"
    print(f"coverage-table: {verdict}")
    return 1 if holes or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
