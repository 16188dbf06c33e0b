"""A seeded source of commands that reaches every command kind and every reject.

Each command is drawn from a table of recipes with weights. Most are lawful orders around a moving
price on a few markets; the others each aim at one rule. The source learns working orders and open
withdrawals from the events of the reference, never from the core under test.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import (
    COMMAND,
    HIDDEN,
    MINIMUM,
    POST_ONLY,
    SLIDE,
    TRIGGER_BEST_QUOTE,
    TRIGGER_REFERENCE,
    CommandKind,
    OrderType,
    TimeInForce,
)
from engine.core.events import RESTING, WAITING, EventKind
from engine.core.limits import AMOUNT_ATOMS_MAX, PRICE_TICKS_MAX, QUANTITY_LOTS_MAX
from engine.core.phases import Phase
from tests.model.source_absent import AbsentRecipes
from tests.model.source_controls import ControlRecipes
from tests.model.source_definitions import Definitions
from tests.model.source_pegs import PegRecipes
from tests.model.source_phases import PHASED, SWINGING, Fields
from tests.model.source_quotes import Maker, QuoteRecipes, rows_of

START_NS = 1_700_000_000_000_000_000
ACCOUNTS = range(1, 13)  # the last is poor
POOR = 12
GROUPS = {3: 7, 4: 7, 5: 8, 6: 8}
SHARED_OUT = 23  # allocates pro rata
MARKETS = (1, 2, 3, SHARED_OUT)
BANDED = (2, 3)
QUIET_MARKET = 4  # never trades
TRADED = (*MARKETS, SWINGING, PHASED)
FULL_ASSET = 4  # its total is nearly reached
RECENT_MAX, KNOWN_MAX = 300, 4_000


class CommandSource(Definitions, AbsentRecipes, ControlRecipes, PegRecipes):
    """Unstamped-to-stamped commands, the same for the same seed and events."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._time_ns = START_NS
        self._sequence = 0
        self._client_id = 0
        self._mid = 1_000
        self._orders: dict[int, tuple[int, int, int]] = {}  # id -> account, price, client id
        self._withdrawals: dict[int, int] = {}  # id -> account
        self._recent: list[Fields] = []
        self._expiries: list[int] = []  # a heap of those given
        quotes = QuoteRecipes(self._random, self._fresh_id, lambda: self._mid).recipes()
        recipes: list[tuple[float, Maker]] = [*self._recipes(), *quotes]
        self._weights = [weight for weight, _ in recipes]
        self._makers = [maker for _, maker in recipes]

    def opening(self) -> NDArray[np.void]:
        """Define assets, markets and accounts, and fund them."""
        rows = [self._asset(asset_id, f"ASSET{asset_id}", asset_id) for asset_id in range(1, 5)]
        rows += [
            self._market(1, "A2-A1", 2, 1, price=1, lot=1, maker=0, taker=0),
            self._market(2, "A3-A1", 3, 1, price=37, lot=1_000, maker=77, taker=333, band=5_000),
            self._market(
                3, "A2-A3", 2, 3, price=1_000_003, lot=3, maker=100_000, taker=1, band=300_000
            ),
            self._market(QUIET_MARKET, "A3-A2", 3, 2, price=1, lot=1, maker=0, taker=0),
            self._market(SWINGING, "SWING", 2, 1, price=1, lot=1, maker=10, taker=900, band=9_000)
            | {"volatility_ppm": 3_000, "auction_ms": 4_000},
            self._market(PHASED, "PHASED", 3, 1, price=7, lot=11, maker=900, taker=10, band=9_000)
            | {"initial_phase": Phase.PRE_OPEN},
            self._market(
                SHARED_OUT, "P2-A1", 2, 1, price=7, lot=5, maker=10, taker=90, allocation=2, least=3
            ),
        ]
        rows += [
            {"kind": CommandKind.DEFINE_ACCOUNT, "account_id": a, "group_id": GROUPS.get(a, 0)}
            for a in ACCOUNTS
        ]
        rows += [
            self._deposit(account, asset, 1 << 48)
            for account in ACCOUNTS
            if account != POOR
            for asset in (1, 2, 3)
        ]
        rows.append(
            {"kind": CommandKind.SET_ID_WINDOW, "id_window_ns": 60 * 10**9, "ids_max": 1_500}
        )
        return self._stamp(rows)

    def take(self, count: int) -> NDArray[np.void]:
        """Give the next commands."""
        makers = self._random.choices(self._makers, self._weights, k=count)
        return self._stamp([row for make in makers for row in rows_of(make())])

    def learn(self, events: NDArray[np.void]) -> None:
        """Follow working orders and withdrawals in the reference's events."""
        for event in events:
            kind, order_id = int(event["kind"]), int(event["order_id"])
            if event["market_id"] == QUIET_MARKET and kind == EventKind.ACCEPTED:
                continue  # what waits there is left alone, so that it fills up
            if kind in {EventKind.ACCEPTED, EventKind.REPLACED, EventKind.TRIGGERED}:
                self._orders.pop(order_id, None)
                if int(event["flags"]) & (RESTING | WAITING) and len(self._orders) < KNOWN_MAX:
                    self._orders[order_id] = (
                        int(event["account_id"]),
                        int(event["price_ticks"]),
                        int(event["client_id_low"]),
                    )
            elif kind == EventKind.CANCELLED or (
                kind == EventKind.REDUCED and event["leaves_lots"] == 0
            ):
                self._orders.pop(order_id, None)
            elif kind == EventKind.FILL:
                if event["maker_leaves_lots"] == 0 and self._random.random() < 0.98:
                    self._orders.pop(int(event["maker_order_id"]), None)  # else kept, as unknown
            elif kind == EventKind.BALANCE and event["code"] == CommandKind.WITHDRAW_HOLD:
                self._withdrawals[order_id] = int(event["account_id"])

    # --- stamping --------------------------------------------------------------------------------

    def _stamp(self, rows: list[Fields]) -> NDArray[np.void]:
        commands = np.zeros(len(rows), dtype=COMMAND)
        for index, drawn in enumerate(rows):
            self._sequence += 1
            self._time_ns += self._step_ns()
            row = dict(drawn)
            age_ns = row.pop("age_ns", 1)
            if "live_ns" in row:
                row["expire_time_ns"] = max(1, self._time_ns + row.pop("live_ns"))
                heapq.heappush(self._expiries, row["expire_time_ns"])
            if "end_after_ns" in row:
                row["auction_end_ns"] = self._time_ns + row.pop("end_after_ns")
                heapq.heappush(self._expiries, row["auction_end_ns"])
            if row.get("client_id_low") or row.get("client_id_high") or age_ns != 1:
                row.setdefault("sent_time_ns", self._time_ns - age_ns)
            for name, value in row.items():
                commands[index][name] = value
            commands[index]["sequence"] = self._sequence
            commands[index]["time_ns"] = self._time_ns
            if row.get("client_id_low") and len(self._recent) < RECENT_MAX:
                self._recent.append(row)
            elif row.get("client_id_low"):
                self._recent[self._sequence % RECENT_MAX] = row
        return commands

    def _step_ns(self) -> int:
        draw = self._random.random()
        while self._expiries and self._expiries[0] <= self._time_ns:
            heapq.heappop(self._expiries)
        if self._expiries and draw > 0.8 and self._expiries[0] < self._time_ns + 10**9:
            return self._expiries[0] - self._time_ns  # exactly when an order is due
        if draw < 0.0005:
            return self._random.randrange(1, 90 * 10**9)
        return self._random.randrange(1, 200_000_000)

    # --- the pieces of commands ------------------------------------------------------------------

    def _fresh_id(self) -> Fields:
        self._client_id += 1
        high = self._random.choice((0, 0, 0, self._client_id))
        return {"client_id_low": self._client_id, "client_id_high": high}

    def _maybe_id(self) -> Fields:
        return self._fresh_id() if self._random.random() < 0.5 else {}

    def _lots(self) -> int:
        return self._random.choice((1, 2, 3, 5, 8, 13, 50))

    def _price(self, spread: int = 12) -> int:
        if self._random.random() < 0.004:
            self._mid = max(100, self._mid + self._random.randrange(-20, 21))
        return self._mid + self._random.randrange(-spread, spread + 1)

    def _price_for(self, side: int) -> int:
        """Mostly on the passive side of the middle, so that a book builds up."""
        if self._random.random() < 0.3:
            return self._price()
        away = self._random.randrange(1, 13)
        return self._price(0) + (-away if side == 1 else away)

    def _order(self, **change: int) -> Fields:
        draw = self._random.random
        side = self._random.choice((1, 2))
        rows: Fields = {
            "kind": CommandKind.PLACE,
            **self._fresh_id(),
            "account_id": self._random.choice(ACCOUNTS[:-1]),
            "market_id": self._random.choice(MARKETS),
            "side": side,
            "order_type": OrderType.LIMIT,
            "time_in_force": self._random.choices((1, 2, 3), (8, 1, 1))[0],
            "self_trade_prevention": self._random.choices((1, 2, 3, 4, 5), (4, 3, 2, 1, 2))[0],
            "price_ticks": self._price_for(side),
            "quantity_lots": self._lots(),
        }
        if rows["time_in_force"] == 1 and draw() < 0.1:
            rows["flags"] = POST_ONLY
        if draw() < 0.1:
            rows["tag"] = self._random.choice((1, 2))
        if rows["time_in_force"] == 1 and draw() < 0.06:
            rows.update(self._good_till())
        rows.update(change)
        return rows

    def _good_till(self) -> Fields:
        live_ns = self._random.choice((10**8, 10**9, 10**10, 10**11))
        return {"time_in_force": TimeInForce.GTD, "live_ns": live_ns}

    def _resting(self, **change: int) -> Fields:
        """A limit order that may rest, of one of the kinds that are seen in part or not at all."""
        return self._order(time_in_force=TimeInForce.GTC, **{"flags": 0, **change})

    def _iceberg(self) -> Fields:
        return self._resting(
            flags=self._random.choice((0, 0, POST_ONLY)),
            quantity_lots=self._random.choice((13, 50, 90)),
            display_lots=self._random.choice((1, 5, 12, 60)),
        )

    def _hidden(self) -> Fields:
        return self._resting(flags=self._random.choice((HIDDEN, HIDDEN, HIDDEN | POST_ONLY)))

    def _slide(self) -> Fields:
        hidden = self._random.choice((0, 0, HIDDEN))
        return self._resting(flags=POST_ONLY | SLIDE | hidden, price_ticks=self._price(14))

    def _minimum(self) -> Fields:
        return self._order(
            time_in_force=self._random.choice((1, 2)),
            flags=MINIMUM,
            price_ticks=self._price(14),
            quantity_lots=self._random.choice((5, 13, 50)),
            minimum_lots=self._random.choice((1, 3, 5)),
        )

    def _by_amount(self, **change: int) -> Fields:
        market_id = self._random.choice(MARKETS)
        unit = {1: 1, 2: 37, 3: 1_000_003, SHARED_OUT: 7}[market_id]
        amount = unit * self._mid * self._random.choice((0, 1, 4, 30)) + self._random.choice(
            (1, 900)
        )
        row: Fields = {
            "market_id": market_id,
            "side": 1,
            "order_type": OrderType.MARKET_BY_AMOUNT,
            "time_in_force": TimeInForce.IOC,
            "self_trade_prevention": self._random.choice((1, 2, 3, 4)),
            "flags": 0,
            "price_ticks": 0,
            "quantity_lots": 0,
            "amount_atoms": amount,
        }
        return self._order(**{**row, **change})

    def _stop(self, **change: int) -> Fields:
        kind = self._random.choice((OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP))
        side = self._random.choice((1, 2))
        row: Fields = {
            "order_type": kind,
            "side": side,
            "time_in_force": TimeInForce.GTC,
            "flags": 0,
            "price_ticks": 0,
            "market_id": self._random.choice((*BANDED, *MARKETS)),
        }
        if kind == OrderType.TRAILING_STOP:
            name = self._random.choice(("trail_ticks", "trail_ppm"))
            row[name] = self._random.choice((1, 4, 9) if name == "trail_ticks" else (900, 8_000))
        else:
            row["trigger_price_ticks"] = self._price(14)
            row["flags"] = self._random.choice((0, TRIGGER_BEST_QUOTE, TRIGGER_REFERENCE))
        if kind == OrderType.STOP_LIMIT:
            row["price_ticks"] = self._price(14)
        if self._random.random() < 0.1:
            row.update(self._good_till())
        return self._order(**{**row, **change})

    def _reference_price(self) -> Fields:
        return {
            "kind": CommandKind.SET_REFERENCE_PRICE,
            "market_id": self._random.choice((*MARKETS, *MARKETS, 0, 77)),
            "price_ticks": self._random.choice((self._price(14),) * 9 + (0,)),
        }

    def _market_order(self) -> Fields:
        return self._order(
            order_type=2,
            time_in_force=self._random.choice((2, 2, 3)),
            price_ticks=0,
            flags=0,
        )

    def _known_order(self) -> tuple[int, int, int, int]:
        """Pick (order id, account, price, client id) of an order that probably works."""
        if not self._orders:
            return 1, 1, 1, 1
        recent = self._random.random() < 0.5
        keys = list(self._orders)[-50:] if recent else list(self._orders)
        order_id = self._random.choice(keys)
        return order_id, *self._orders[order_id]

    def _target(self) -> tuple[Fields, int, int]:
        order_id, account_id, price, client_id = self._known_order()
        if client_id and self._random.random() < 0.3:
            # The upper half is not tracked: some of these name no order, which is a case too.
            return {"target_client_id_low": client_id}, account_id, price
        return {"order_id": order_id}, account_id, price

    def _cancel(self) -> Fields:
        target, account_id, _ = self._target()
        return {
            "kind": CommandKind.CANCEL,
            **self._maybe_id(),
            "account_id": account_id,
            **target,
        }

    def _replace(self) -> Fields:
        target, account_id, price = self._target()
        moved = price if self._random.random() < 0.5 else self._price(14)
        trigger = self._price(10) if self._random.random() < 0.2 else 0
        return {
            "kind": CommandKind.REPLACE,
            **self._maybe_id(),
            "account_id": account_id,
            **target,
            "price_ticks": moved if price else 0,
            "quantity_lots": self._lots(),
            "new_trigger_price_ticks": trigger if price == 0 or trigger % 7 == 0 else 0,
        }

    def _cancel_all(self, **change: int) -> Fields:
        return {
            "kind": CommandKind.CANCEL_ALL,
            **self._maybe_id(),
            "account_id": self._random.choice(ACCOUNTS),
            "market_id": self._random.choice((0, 1, 2, 3)),
            "side": self._random.choice((0, 1, 2)),
            "tag": self._random.choice((0, 0, 1, 2)),
        } | change

    def _deposit(self, account_id: int, asset_id: int, amount_atoms: int) -> Fields:
        return {
            "kind": CommandKind.DEPOSIT,
            **self._fresh_id(),
            "account_id": account_id,
            "asset_id": asset_id,
            "amount_atoms": amount_atoms,
        }

    def _small_deposit(self) -> Fields:
        return self._deposit(
            self._random.choice(ACCOUNTS[:-1]), self._random.choice((1, 2, 3)), 1_000
        )

    def _hold(self, **change: int) -> Fields:
        return {
            "kind": CommandKind.WITHDRAW_HOLD,
            **self._fresh_id(),
            "account_id": self._random.choice(ACCOUNTS),
            "asset_id": self._random.choice((1, 2, 3)),
            "amount_atoms": self._random.randrange(1, 5_000),
            **change,
        }

    def _end_withdrawal(self) -> Fields:
        kind = self._random.choice((CommandKind.WITHDRAW_RELEASE, CommandKind.WITHDRAW_FINALIZE))
        withdrawal_id, account_id = 1, 1
        if self._withdrawals:
            withdrawal_id = self._random.choice(list(self._withdrawals)[-20:])
            account_id = self._withdrawals[withdrawal_id]
            if self._random.random() < 0.7:
                del self._withdrawals[withdrawal_id]
        return {
            "kind": kind,
            **self._fresh_id(),
            "account_id": account_id,
            "order_id": withdrawal_id,
        }

    def _define(self) -> Fields:
        number = self._random.randrange(1, 9)
        draw = self._random.random()
        if draw < 0.35:
            return self._asset(number, f"ASSET{self._random.choice((number, 9))}", number)
        if draw < 0.65:
            return self._market(
                number,
                f"NEW{self._random.choice((number, 3))}",
                self._random.choice((2, 3)),
                1,
                price=self._random.choice((1, 5)),
                lot=1,
                maker=0,
                taker=self._random.choice((0, 0, 100_001)),
                band=self._random.choice((0, 0, 1_000_000, 1_000_001)),
                allocation=self._random.choice((0, 0, 1, 2, 2, 3)),
                least=self._random.choice((0, 0, 0, 5, -1)),
            )
        account_id = self._random.choice((*ACCOUNTS, 20, 21, 22, 1_000_000, 1_000_001))
        group_id = self._random.choice((0, GROUPS.get(account_id, 0)))
        return {
            "kind": CommandKind.DEFINE_ACCOUNT,
            "account_id": account_id,
            "group_id": group_id,
        }

    def _window(self) -> Fields:
        return {
            "kind": CommandKind.SET_ID_WINDOW,
            "id_window_ns": self._random.choice((0, 5, 30, 60)) * 10**9,
            "ids_max": self._random.choice((700, 1_000, 1_500)),
        }

    def _resend(self, **change: int) -> Fields:
        if not self._recent:
            return self._order()
        row = dict(self._random.choice(self._recent))
        row.update(change)
        return row

    def _with_any(self, name: str, values: tuple[int, ...]) -> Callable[[], Fields]:
        return lambda: self._order(**{name: self._random.choice(values)})

    def _garbage(self) -> Fields:
        row = self._order()
        name = self._random.choice(
            ("order_id", "order_id", "amount_atoms", "trail_ppm", "display_lots")
        )
        return {**row, name: self._random.randrange(1, 60_000)}

    def _fill_up(self) -> Fields:
        return self._deposit(1, FULL_ASSET, self._random.choice((AMOUNT_ATOMS_MAX, 1)))

    def _own_cross(self) -> Fields:
        """A replace far through the book: it meets its own group, or post-only refuses it."""
        target, account_id, price = self._target()
        away = self._random.choice((-25, 25))
        return {
            "kind": CommandKind.REPLACE,
            "account_id": account_id,
            **target,
            "price_ticks": max(1, price + away),
            "quantity_lots": 200,
        }

    def _recipes(self) -> list[tuple[float, Callable[[], Fields]]]:
        return self._lawful() + self._wrong() + self._wrong_specials() + self._absent()

    def _wrong(self) -> list[tuple[float, Callable[[], Fields]]]:
        """Commands that each aim at one rule."""
        return [
            (0.4, lambda: {"kind": self._random.choice((0, 17, 21, 99)), "account_id": 1}),
            (0.4, self._garbage),
            (0.3, self._with_any("side", (0, 3))),
            (0.2, lambda: self._cancel_all(side=4)),
            (0.4, self._with_any("order_type", (0, 9, 99, 255))),
            (0.3, self._with_any("time_in_force", (0, 8, 255))),
            (0.2, lambda: self._order(order_type=2, time_in_force=1, price_ticks=0)),
            (0.4, self._with_any("self_trade_prevention", (0, 6))),
            (0.2, self._with_any("flags", (2, 9, 16, 48, 64, 128, 255))),
            (0.3, lambda: self._order(flags=1, time_in_force=3)),
            (0.4, lambda: self._order(client_id_low=0, client_id_high=0)),
            (0.4, self._with_any("account_id", (0, 13, 1 << 31))),
            (0.3, lambda: self._hold(asset_id=77)),
            (0.2, lambda: self._deposit(1, 0, 5)),
            (0.4, self._with_any("market_id", (0, 9, 1 << 31))),
            (0.4, lambda: self._order(age_ns=-1_000_000_002)),
            (0.1, lambda: self._order(age_ns=-900_000_000)),
            (0.4, self._with_any("age_ns", (10**12, 5 * 10**9, 31 * 10**9))),
            (1.0, self._resend),
            (0.9, lambda: self._resend(quantity_lots=77)),
            (0.4, self._with_any("price_ticks", (0, -1, PRICE_TICKS_MAX + 1, -(1 << 63)))),
            (0.4, self._with_any("quantity_lots", (0, -1, QUANTITY_LOTS_MAX + 1))),
            (0.4, lambda: self._hold(amount_atoms=self._random.choice((0, -5)))),
            (0.4, lambda: self._order(price_ticks=PRICE_TICKS_MAX, quantity_lots=1 << 39)),
            (0.1, lambda: self._order(market_id=3, side=2, quantity_lots=1 << 40)),
            (0.5, self._fill_up),
            (0.6, lambda: self._order(account_id=POOR)),
            (0.3, lambda: self._order(quantity_lots=1 << 39, price_ticks=1_000)),
            (0.4, lambda: self._hold(account_id=POOR)),
            (2.0, self._own_cross),
            (0.5, lambda: self._order(time_in_force=3, quantity_lots=100_000)),
        ]

    def _wrong_specials(self) -> list[tuple[float, Callable[[], Fields]]]:
        """Special orders that each aim at one rule."""
        return [
            (0.4, lambda: self._order(max_age_ms=1_000, age_ns=1_000_000_001)),
            (0.1, lambda: self._order(max_age_ms=1_000, age_ns=1_000_000_000)),
            (0.4, lambda: self._order(time_in_force=5, live_ns=self._random.choice((0, -5)))),
            (0.3, self._with_any("expire_time_ns", (1, -1))),
            (
                0.4,
                lambda: self._order(
                    time_in_force=2, flags=MINIMUM, minimum_lots=50, quantity_lots=50
                ),
            ),
            (
                0.4,
                lambda: self._stop(
                    order_type=5,
                    market_id=QUIET_MARKET,
                    flags=0,
                    price_ticks=0,
                    trigger_price_ticks=0,
                    trail_ticks=5,
                    trail_ppm=0,
                ),
            ),
            (0.6, lambda: self._stop(market_id=1, side=1)),
            (0.2, lambda: self._stop(trail_ticks=self._random.choice((-1, 7)))),
            (0.2, lambda: self._stop(trigger_price_ticks=self._random.choice((-1, 0)))),
            (0.1, lambda: self._resting(display_lots=self._random.choice((-1, 60)))),
            (0.1, lambda: self._by_amount(side=2)),
            (
                0.1,
                lambda: self._by_amount(
                    amount_atoms=self._random.choice((0, -1, AMOUNT_ATOMS_MAX))
                ),
            ),
        ]

    def _lawful(self) -> list[tuple[float, Callable[[], Fields]]]:
        """What is mostly accepted."""
        return [
            (46.0, self._order),
            (4.0, self._market_order),
            (16.0, self._cancel),
            (16.0, self._replace),
            (0.4, self._cancel_all),
            (1.0, self._small_deposit),
            (1.0, self._hold),
            (1.0, self._end_withdrawal),
            (2.4, self._define),
            (0.6, self._window),
            (1.2, lambda: {"kind": CommandKind.TICK}),
            (1.0, self._reference_price),
            (2.5, self._iceberg),
            (2.5, self._hidden),
            (1.5, self._slide),
            (1.0, self._minimum),
            (1.5, self._by_amount),
            (5.0, self._stop),
            (4.0, self._peg),
            (1.5, lambda: self._parked_peg(QUIET_MARKET)),
            (0.3, self._wrong_peg),
            (14.0, self._phased_order),
            (6.0, self._auction_order),
            (1.0, self._set_phase),
            (0.3, self._uncross),
            (0.25, self._open_again),
            (0.7, self._set_limit),
            (0.3, self._kill),
            (0.2, self._kill_venue),
        ]


def describe(command: np.void) -> dict[str, Any]:
    """Give a command's fields that are not zero, for reports."""
    return {name: int(command[name]) for name in COMMAND.names or () if command[name]}
