"""The stage: one market, its accounts, and both cores, driven command by command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import CLIENT_ID_REQUIRED, COMMAND, CommandKind, symbol_words
from engine.core.events import ANSWER, EventKind
from engine.core.limits import PRICE_TICKS_MAX, QUANTITY_LOTS_MAX
from engine.core.rejects import Reject
from engine.core.venue import Venue
from engine.reference.venue import ReferenceVenue
from realstack.units import InvalidNumber, Rule
from realstack.units import Step as Grid
from tests.scenarios.text import Line

START_NS = 1_700_000_000_000_000_000
COMMAND_NS = 1_000  # from one command to the next, unless the clock was set
MARKET = 1
ASSETS = {"quote": 1, "base": 2}
PLENTY = 1 << 50
USUAL_ACCOUNTS = ("u", "v", "w", "x")

Fields = dict[str, int]
CORES: dict[str, Callable[[], Any]] = {"reference": ReferenceVenue, "compiled": Venue}


@dataclass
class Result:
    """What the last command did."""

    line: Line
    events: NDArray[np.void]
    label: str = ""
    edge: InvalidNumber | None = None

    @property
    def answer(self) -> np.void:
        """The one event that answers the command."""
        (answer,) = (event for event in self.events if int(event["flags"]) & ANSWER)
        assert isinstance(answer, np.void)
        return answer

    @property
    def reject(self) -> Reject:
        """Why the command was refused, or NONE."""
        if self.edge is not None or self.answer["kind"] != EventKind.REJECTED:
            return Reject.NONE
        return Reject(int(self.answer["code"]))


@dataclass
class Stage:
    """Both cores after the same commands, and the names that a scenario gave to things."""

    market: Fields = field(default_factory=dict)
    tick: Grid = field(default_factory=lambda: Grid(1, 0))
    lot: Grid = field(default_factory=lambda: Grid(1, 0))
    declared: dict[str, Fields] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)
    orders: dict[str, int] = field(default_factory=dict)
    sent: dict[str, list[Fields]] = field(default_factory=dict)
    result: Result | None = None

    def __post_init__(self) -> None:
        self.venues = {name: make() for name, make in CORES.items()}
        self.time_ns = START_NS
        self._next_ns: int | None = None
        self._client_id = 1_000_000
        self._batches: list[bytes] = []
        self._events: list[bytes] = []

    # --- setting -----------------------------------------------------------------------------

    def open(self, line: Line) -> None:
        """Define assets, market and accounts, before the first command."""
        if self.accounts:
            return
        for name, number in ASSETS.items():
            self._define(line, CommandKind.DEFINE_ASSET, name.upper(), asset_id=number)
        parameters = {
            "base_asset_id": ASSETS["base"],
            "quote_asset_id": ASSETS["quote"],
            "quote_atoms_per_tick_lot": 1,
            "base_atoms_per_lot": 1,
            **self.market,
        }
        self._define(line, CommandKind.DEFINE_MARKET, "M", market_id=MARKET, **parameters)
        for name in (*USUAL_ACCOUNTS, *self.declared):
            if name not in self.accounts:
                self._open_account(line, name)

    def _open_account(self, line: Line, name: str) -> None:
        funds = dict(self.declared.get(name, {"base": PLENTY, "quote": PLENTY}))
        number = self.accounts[name] = len(self.accounts) + 1
        group = funds.pop("group", 0)
        row: Fields = {"account_id": number, "group_id": group}
        self._must(line, {"kind": CommandKind.DEFINE_ACCOUNT, **row})
        for asset, amount in funds.items():
            if amount:
                row = {"account_id": number, "asset_id": ASSETS[asset], "amount_atoms": amount}
                self._must(line, {"kind": CommandKind.DEPOSIT, **row})

    def _define(self, line: Line, kind: CommandKind, symbol: str, **fields: int) -> None:
        low, high = symbol_words(symbol)
        self._must(line, {"kind": kind, "symbol_low": low, "symbol_high": high, **fields})

    def _must(self, line: Line, row: Fields) -> None:
        reject = self.run(line, [row]).reject
        if reject:
            raise line.error(f"the setting is refused: {reject.name} for {row}")

    # --- names and numbers ---------------------------------------------------------------------

    def account(self, line: Line, name: str) -> int:
        """Give the number of an account."""
        if name not in self.accounts:
            raise line.error(f"no account {name!r}; there are: {', '.join(self.accounts)}")
        return self.accounts[name]

    def order(self, line: Line, label: str) -> int:
        """Give the order id behind a label, or a plain number."""
        if label.isdecimal():
            return int(label)
        if label not in self.orders:
            known = ", ".join(self.orders) or "none"
            raise line.error(f"no order has the label {label!r}; known: {known}")
        return self.orders[label]

    def name_of(self, order_id: int) -> str:
        """Give an order's label, or its number."""
        return next((k for k, v in self.orders.items() if v == order_id), str(order_id))

    def ticks(self, text: str) -> int:
        """Turn a price into ticks, at the edge as every door does."""
        return Rule("price", "tick", self.tick, PRICE_TICKS_MAX, Reject.INVALID_PRICE).parse(text)

    def lots(self, text: str) -> int:
        """Turn a size into lots, at the edge as every door does."""
        rule = Rule("size", "lot", self.lot, QUANTITY_LOTS_MAX, Reject.INVALID_QUANTITY)
        return rule.parse(text)

    @staticmethod
    def grid(text: str) -> Grid:
        """Turn a tick or lot as text into a step."""
        numerator, denominator = Decimal(text).as_integer_ratio()
        return Grid.of_ratio(numerator, denominator)

    # --- running -------------------------------------------------------------------------------

    def set_clock(self, line: Line, since_start_ns: int) -> None:
        """Give the next command its time."""
        if START_NS + since_start_ns <= self.time_ns:
            raise line.error("the clock does not go back")
        self._next_ns = START_NS + since_start_ns

    def run(self, line: Line, rows: list[Fields], label: str = "") -> Result:
        """Apply a command (a header and its entries, where there are several) to both cores."""
        commands = np.zeros(len(rows), dtype=COMMAND)
        for index, row in enumerate(rows):
            self.time_ns = self._next_ns or self.time_ns + COMMAND_NS
            self._next_ns = None
            self._with_client_id(row)
            for name, value in row.items():
                try:
                    commands[index][name] = value
                except (OverflowError, ValueError) as problem:
                    raise line.error(f"{name}={value}: {problem}") from None
            commands[index]["sequence"] = self.venues["reference"].sequence_last + 1 + index
            commands[index]["time_ns"] = self.time_ns
        self.sent[label] = rows
        self.result = Result(line, self._apply(line, commands), label)
        if label and not self.result.reject and rows[0]["kind"] != CommandKind.CANCEL:
            self.orders[label] = int(self.result.answer["order_id"])
        return self.result

    def refuse(self, line: Line, problem: InvalidNumber) -> None:
        """Note that the edge refused a command, which no core then sees."""
        self.result = Result(line, np.zeros(0, dtype=COMMAND), edge=problem)

    def _with_client_id(self, row: Fields) -> None:
        has_id = row.get("client_id_low") or row.get("client_id_high")
        if row["kind"] in CLIENT_ID_REQUIRED and "client_id_low" not in row:
            self._client_id += 1
            row["client_id_low"] = has_id = self._client_id
        if has_id:
            row.setdefault("sent_time_ns", self.time_ns)

    def _apply(self, line: Line, commands: NDArray[np.void]) -> NDArray[np.void]:
        before = self.venues["reference"].digest()
        answers: dict[str, NDArray[np.void]] = {
            name: venue.apply(commands) for name, venue in self.venues.items()
        }
        if answers["reference"].tobytes() != answers["compiled"].tobytes():
            raise line.error("the cores give different events")
        for venue in self.venues.values():
            venue.validate()
        digest = self.venues["reference"].digest()
        compiled = self.venues["compiled"]
        if not digest == compiled.digest() == compiled.digest_scan():
            raise line.error("the cores have different digests")
        events = answers["reference"]
        silent = {EventKind.REJECTED, EventKind.DUPLICATE}
        if len(events) == 1 and int(events[0]["kind"]) in silent and before != digest:
            raise line.error("a refused command changed the state")
        self._batches.append(commands.tobytes())
        self._events.append(events.tobytes())
        return events

    def restart(self, line: Line) -> None:
        """Go on with fresh venues that ran all commands again, in one batch."""
        commands = np.frombuffer(b"".join(self._batches), COMMAND).copy()
        fresh = {name: make() for name, make in CORES.items()}
        for name, venue in fresh.items():
            if venue.apply(commands).tobytes() != b"".join(self._events):
                raise line.error(f"a second run of the {name} core gives other events")
            if venue.digest() != self.venues[name].digest():
                raise line.error(f"a second run of the {name} core gives another digest")
        self.venues = fresh
