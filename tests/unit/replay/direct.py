"""A core as the venue of a replay, without sockets: both cores must follow a recording alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import COMMAND, CommandKind, Side, symbol_words
from engine.core.events import KEPT_PRIORITY, RESTING, EventKind
from engine.core.rejects import Reject
from realstack.replay.encode import Encoder
from realstack.replay.plan import ACCOUNTS, NamedFill, OrderName, Origin, Wave
from realstack.replay.port import BookLevel, Queues, Report
from realstack.replay.queues import QueueBook

BASE, QUOTE, MARKET = 1, 2, 1
RUN = 7
START_NS = 1_700_000_000_000_000_000
PLENTY_ATOMS = 1 << 57


class DirectVenue:
    """A `VenuePort` that applies commands to a core and reads its state."""

    def __init__(self, core: Any, quote_atoms_per_tick_lot: int) -> None:
        self.core = core
        self._encoder = Encoder(MARKET, RUN)
        self._queues = QueueBook()
        self._define(quote_atoms_per_tick_lot)

    def _apply(self, rows: NDArray[np.void]) -> NDArray[np.void]:
        first = self.core.sequence_last + 1
        rows["sequence"] = np.arange(first, first + len(rows))
        rows["time_ns"] = START_NS + rows["sequence"].astype(np.int64)
        identified = (rows["client_id_low"] != 0) | (rows["client_id_high"] != 0)
        rows["sent_time_ns"][identified] = rows["time_ns"][identified]
        events: NDArray[np.void] = self.core.apply(rows)
        return events

    def _define(self, quote_atoms_per_tick_lot: int) -> None:
        rows = np.zeros(3 + ACCOUNTS * 3, dtype=COMMAND)
        for row, (asset_id, symbol) in zip(
            rows[:2], ((BASE, "BASE"), (QUOTE, "USDC")), strict=True
        ):
            row["kind"] = CommandKind.DEFINE_ASSET
            row["asset_id"] = asset_id
            row["symbol_low"], row["symbol_high"] = symbol_words(symbol)
        market = rows[2]
        market["kind"] = CommandKind.DEFINE_MARKET
        market["market_id"] = MARKET
        market["base_asset_id"], market["quote_asset_id"] = BASE, QUOTE
        market["quote_atoms_per_tick_lot"] = quote_atoms_per_tick_lot
        market["base_atoms_per_lot"] = 1
        market["symbol_low"], market["symbol_high"] = symbol_words("BASE-USDC")
        for account in range(1, ACCOUNTS + 1):
            define, *deposits = rows[account * 3 : account * 3 + 3]
            define["kind"] = CommandKind.DEFINE_ACCOUNT
            define["account_id"] = account
            for asset_id, deposit in zip((BASE, QUOTE), deposits, strict=True):
                deposit["kind"] = CommandKind.DEPOSIT
                deposit["account_id"] = account
                deposit["asset_id"] = asset_id
                deposit["amount_atoms"] = PLENTY_ATOMS
                deposit["client_id_low"] = account << 8 | asset_id
        events = self._apply(rows)
        assert EventKind.REJECTED not in events["kind"], Reject(int(events["code"].max()))

    async def send(self, wave: Wave) -> Report:
        """Apply a wave as it stands."""
        rows = self._encoder.commands(wave)
        rows["account_id"] = [action.order.account for action in wave]
        report = Report()
        for event in self._apply(rows):
            kind = EventKind(int(event["kind"]))
            if kind is EventKind.REJECTED:
                report.refusals.append(Reject(int(event["code"])).name)
            elif kind is EventKind.FILL:
                report.fills.append(self._fill(event))
            self._follow(kind, event)
        return report

    def _follow(self, kind: EventKind, event: np.void) -> None:
        """Bring the queues up to one event."""
        leaves = int(event["leaves_lots"])
        if kind is EventKind.FILL:
            maker = self._name(event, "maker_client_id")
            if maker.origin is Origin.RECORDED:
                self._queues.resize(maker.number, int(event["maker_leaves_lots"]))
        if kind not in (EventKind.ACCEPTED, EventKind.CANCELLED, EventKind.REPLACED):
            return
        name = self._name(event, "client_id")
        if name.origin is not Origin.RECORDED:
            return
        if not int(event["flags"]) & RESTING:
            return
        if kind is EventKind.CANCELLED:
            self._queues.remove(name.number)
        elif int(event["flags"]) & KEPT_PRIORITY:
            self._queues.resize(name.number, leaves)
        else:
            side = Side(int(event["side"]))
            self._queues.rest(name.number, side, int(event["price_ticks"]), leaves)

    def _fill(self, event: np.void) -> NamedFill:
        return NamedFill(
            self._name(event, "client_id"),
            self._name(event, "maker_client_id"),
            int(event["price_ticks"]),
            int(event["quantity_lots"]),
        )

    def _name(self, record: np.void, field: str) -> OrderName:
        client_id = int(record[f"{field}_high"]) << 64 | int(record[f"{field}_low"])
        name = self._encoder.name_of(client_id)
        assert name is not None
        return name

    async def levels(self, side: Side, depth: int) -> Sequence[BookLevel]:
        """Read the levels."""
        return [
            BookLevel(
                int(level["price_ticks"]), int(level["quantity_lots"]), int(level["order_count"])
            )
            for level in self.core.levels(MARKET, side, depth)
        ]

    async def queues(self) -> Queues:
        """Return the queues that the events tell."""
        return self._queues.queues

    async def open_queues(self) -> Queues:
        """Read the working orders of the core by priority."""
        book = QueueBook()
        orders = self.core.orders(0, MARKET)
        for order in orders[np.argsort(orders["priority_sequence"])]:
            name = self._name(order, "client_id")
            if name.origin is Origin.RECORDED:
                side, price = Side(int(order["side"])), int(order["price_ticks"])
                book.rest(name.number, side, price, int(order["leaves_lots"]))
        return book.queues
