"""Venues on the eve of the commands that hold the core longest, and those commands.

A scene of size n is a venue with n orders, and the one command (with its entries, if it is a
compound one) that works on all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.core.commands import (
    COMMAND,
    CommandKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
    symbol_words,
)
from engine.core.events import EventKind
from engine.core.phases import AuctionKind, Phase
from engine.core.records import join
from engine.core.venue import Venue

START_NS = 1_700_000_000_000_000_000
STEP_NS = 1_000
FUNDS_ATOMS = 1 << 58
MAKER, TAKER = 1, 2
BATCH = 256
COUNTED = (EventKind.FILL, EventKind.CANCELLED, EventKind.TRIGGERED, EventKind.ACCEPTED)


class Stage:
    """A venue with one market and two rich accounts."""

    def __init__(self) -> None:
        self.venue = Venue()
        self.time_ns = START_NS
        self._client_ids = 0
        for asset_id, symbol in ((1, "USDC"), (2, "HARBOR")):
            low, high = symbol_words(symbol)
            self.now(CommandKind.DEFINE_ASSET, asset_id=asset_id, symbol_low=low, symbol_high=high)
        low, high = symbol_words("HARBOR-USDC")
        self.now(
            CommandKind.DEFINE_MARKET,
            market_id=1,
            base_asset_id=2,
            quote_asset_id=1,
            quote_atoms_per_tick_lot=1,
            base_atoms_per_lot=1,
            symbol_low=low,
            symbol_high=high,
        )
        for account_id in (MAKER, TAKER):
            self.now(CommandKind.DEFINE_ACCOUNT, account_id=account_id)
            for asset_id in (1, 2):
                deposit = self.rows(
                    CommandKind.DEPOSIT,
                    1,
                    account_id=account_id,
                    asset_id=asset_id,
                    amount_atoms=FUNDS_ATOMS,
                )
                self.run(self.named(deposit))

    def rows(self, kind: CommandKind, count: int, **columns: ArrayLike) -> NDArray[np.void]:
        """Make so many commands of a kind; each column is one value or a value a row."""
        rows = np.zeros(count, dtype=COMMAND)
        rows["kind"] = kind
        for name, values in columns.items():
            rows[name] = values
        return rows

    def named(self, rows: NDArray[np.void]) -> NDArray[np.void]:
        """Give commands client ids of their own, in place."""
        rows["client_id_low"] = self._client_ids + np.arange(1, len(rows) + 1)
        self._client_ids += len(rows)
        return rows

    def orders(
        self, count: int, account_id: int, side: Side, **columns: ArrayLike
    ) -> NDArray[np.void]:
        """Make limit orders of one lot, good till cancelled unless said otherwise."""
        values: dict[str, ArrayLike] = {
            "order_type": OrderType.LIMIT,
            "time_in_force": TimeInForce.GTC,
            "self_trade_prevention": SelfTradePrevention.NONE,
            "quantity_lots": 1,
            "account_id": account_id,
            "side": side,
            "market_id": 1,
        }
        return self.named(self.rows(CommandKind.PLACE, count, **{**values, **columns}))

    def stamp(self, rows: NDArray[np.void]) -> None:
        """Give commands their sequences and times, as the sequencer does."""
        numbers = np.arange(1, len(rows) + 1)
        rows["sequence"] = self.venue.sequence_last + numbers
        rows["time_ns"] = self.time_ns + STEP_NS * numbers
        self.time_ns += STEP_NS * len(rows)
        with_id = rows["client_id_low"] != 0
        rows["sent_time_ns"][with_id] = rows["time_ns"][with_id]

    def run(self, rows: NDArray[np.void], batch: int = BATCH) -> None:
        """Apply commands, all of which must be accepted.

        Raises:
            RuntimeError: One was refused.
        """
        for start in range(0, len(rows), batch):
            part = rows[start : start + batch]
            self.stamp(part)
            events = self.venue.apply(part)
            refused = events[events["kind"] == EventKind.REJECTED]
            if len(refused):
                raise RuntimeError(f"the scene cannot be set: refused for {refused[0]['code']}")

    def now(self, kind: CommandKind, **columns: ArrayLike) -> None:
        """Apply one command."""
        self.run(self.rows(kind, 1, **columns))


@dataclass(frozen=True, slots=True)
class Scene:
    """A venue and what is about to come.

    Attributes:
        stage: The venue.
        command: The records of the one command.
        works_on: How many fills, cancels, triggers and acceptances it must bring.
    """

    stage: Stage
    command: NDArray[np.void]
    works_on: int


def stop_cascade(count: int) -> Scene:
    """Each stop's trade fires the next one: one command, as many stops as there are."""
    stage = Stage()
    prices = np.arange(1, count + 2)
    stage.run(stage.orders(count + 1, MAKER, Side.BUY, price_ticks=prices))
    stage.run(
        stage.orders(
            count,
            TAKER,
            Side.SELL,
            order_type=OrderType.STOP_LIMIT,
            price_ticks=1,
            trigger_price_ticks=prices[1:],
        )
    )
    return Scene(stage, stage.orders(1, TAKER, Side.SELL, price_ticks=1), 2 * count + 2)


def stops_at_once(count: int) -> Scene:
    """One trade fires all, in the order of their age."""
    stage = Stage()
    stage.run(stage.orders(count + 1, MAKER, Side.BUY, price_ticks=100))
    stage.run(
        stage.orders(
            count,
            TAKER,
            Side.SELL,
            order_type=OrderType.STOP_LIMIT,
            price_ticks=1,
            trigger_price_ticks=100,
        )
    )
    return Scene(stage, stage.orders(1, TAKER, Side.SELL, price_ticks=1), 2 * count + 2)


def resting(count: int, **columns: ArrayLike) -> Stage:
    """So many bids, scattered over a fifth as many prices."""
    stage = Stage()
    prices = np.random.default_rng(1).permutation(count) % max(1, count // 5) + 1
    stage.run(stage.orders(count, MAKER, Side.BUY, price_ticks=prices, **columns))
    return stage


def mass_cancel(count: int) -> Scene:
    """Cancel all of an account."""
    stage = resting(count)
    return Scene(stage, stage.rows(CommandKind.CANCEL_ALL, 1, account_id=MAKER), count)


def kill_switch(count: int) -> Scene:
    """Stop the whole venue."""
    stage = resting(count)
    return Scene(stage, stage.rows(CommandKind.KILL, 1, is_on=1), count)


def sweep(count: int) -> Scene:
    """Take every price level of a side with one order."""
    stage = Stage()
    stage.run(stage.orders(count, MAKER, Side.SELL, price_ticks=np.arange(1, count + 1)))
    taker = stage.orders(1, TAKER, Side.BUY, price_ticks=count, quantity_lots=count)
    return Scene(stage, taker, count + 1)


def end_of_day(count: int) -> Scene:
    """Close a market full of orders for the day."""
    stage = resting(count, time_in_force=TimeInForce.DAY)
    close = stage.rows(CommandKind.SET_PHASE, 1, market_id=1, phase=Phase.CLOSED)
    return Scene(stage, close, count)


def expiry(count: int) -> Scene:
    """Let the time come at which all orders expire."""
    due_ns = START_NS + 3_600_000_000_000
    stage = resting(count, time_in_force=TimeInForce.GTD, expire_time_ns=due_ns)
    stage.time_ns = due_ns
    return Scene(stage, stage.rows(CommandKind.TICK, 1), count)


def uncross(count: int) -> Scene:
    """Trade all that a call has collected, at one price."""
    stage = Stage()
    stage.now(
        CommandKind.SET_PHASE, market_id=1, phase=Phase.AUCTION, auction_kind=AuctionKind.ON_DEMAND
    )
    half, draw = count // 2, np.random.default_rng(2)
    bids = stage.orders(half, MAKER, Side.BUY, price_ticks=draw.integers(1_000, 1_100, half))
    asks = stage.orders(half, TAKER, Side.SELL, price_ticks=draw.integers(900, 1_000, half))
    stage.run(bids)
    stage.run(asks)
    return Scene(stage, stage.rows(CommandKind.UNCROSS, 1, market_id=1), half)


def mass_quote(count: int) -> Scene:
    """Replace a whole quote of so many levels a side with another."""
    stage = Stage()
    stage.run(_quote(stage, count, 0), batch=count + 1)
    return Scene(stage, _quote(stage, count, 1), 4 * count)


def _quote(stage: Stage, count: int, shift_ticks: int) -> NDArray[np.void]:
    """Make a mass quote around 10,000 at every other price; shifted by one it shares none."""
    header = stage.rows(
        CommandKind.MASS_QUOTE,
        1,
        account_id=MAKER,
        market_id=1,
        self_trade_prevention=SelfTradePrevention.CANCEL_TAKER,
        entry_count=count,
    )
    entries = stage.rows(
        CommandKind.QUOTE_ENTRY,
        count,
        bid_price_ticks=9_998 - 2 * np.arange(count) + shift_ticks,
        bid_lots=1,
        ask_price_ticks=10_002 + 2 * np.arange(count) + shift_ticks,
        ask_lots=1,
    )
    return join([stage.named(header), entries], COMMAND)


# Scene, its size, and what one of that size is.
SCENES: dict[str, tuple[Callable[[int], Scene], int, str]] = {
    "stop cascade": (stop_cascade, 10_000, "stops, each fired by the one before"),
    "stops at once": (stops_at_once, 10_000, "stops, fired by one trade"),
    "mass cancel": (mass_cancel, 10_000, "orders of an account"),
    "kill switch": (kill_switch, 10_000, "orders of the venue"),
    "sweep": (sweep, 5_000, "levels"),
    "end of day": (end_of_day, 10_000, "orders for the day"),
    "expiry": (expiry, 10_000, "orders that expire together"),
    "uncross": (uncross, 10_000, "orders of a call"),
    "mass quote": (mass_quote, 500, "levels a side, replaced"),
}
