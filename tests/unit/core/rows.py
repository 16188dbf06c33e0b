"""Commands in bulk, and a venue that takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import (
    COMMAND,
    CommandKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
    symbol_words,
)
from engine.core.venue import Venue
from engine.reference.venue import ReferenceVenue

START_NS = 1_700_000_000_000_000_000
QUOTE, BASE = 1, 2
MARKET = 1
PLENTY = 1 << 50


def rows(count: int, kind: CommandKind, **fields: Any) -> NDArray[np.void]:
    """Make commands of one kind; a field is one value for all, or an array."""
    commands = np.zeros(count, dtype=COMMAND)
    commands["kind"] = kind
    for name, value in fields.items():
        commands[name] = value
    return commands


def places(count: int, **fields: Any) -> NDArray[np.void]:
    """Make limit orders that rest when nothing crosses; client ids must be given."""
    standard = {
        "market_id": MARKET,
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "time_in_force": TimeInForce.GTC,
        "self_trade_prevention": SelfTradePrevention.NONE,
        "price_ticks": 100,
        "quantity_lots": 10,
        "account_id": 1,
    }
    return rows(count, CommandKind.PLACE, **(standard | fields))


class Pair:
    """The compiled venue, and the reference where a test wants an oracle."""

    def __init__(self, *, accounts: int = 2, with_reference: bool = True) -> None:
        self.venue = Venue()
        self.reference = ReferenceVenue() if with_reference else None
        for asset_id, symbol in ((QUOTE, "USDC"), (BASE, "HARBOR")):
            low, high = symbol_words(symbol)
            self.run(
                rows(
                    1,
                    CommandKind.DEFINE_ASSET,
                    asset_id=asset_id,
                    symbol_low=low,
                    symbol_high=high,
                )
            )
        low, high = symbol_words("HARBOR-USDC")
        self.run(
            rows(
                1,
                CommandKind.DEFINE_MARKET,
                market_id=MARKET,
                base_asset_id=BASE,
                quote_asset_id=QUOTE,
                quote_atoms_per_tick_lot=1,
                base_atoms_per_lot=1,
                symbol_low=low,
                symbol_high=high,
            )
        )
        ids = np.arange(1, accounts + 1)
        self.run(rows(accounts, CommandKind.DEFINE_ACCOUNT, account_id=ids))
        for asset_id in (QUOTE, BASE):
            self.run(
                rows(
                    accounts,
                    CommandKind.DEPOSIT,
                    account_id=ids,
                    asset_id=asset_id,
                    amount_atoms=PLENTY,
                    client_id_low=asset_id,
                    client_id_high=1,
                )
            )

    def stamp(self, commands: NDArray[np.void], *, step_ns: int = 1_000) -> NDArray[np.void]:
        """Give commands the next sequences and times, and those with an id a sent time."""
        count = len(commands)
        commands["sequence"] = self.venue.sequence_last + 1 + np.arange(count)
        last_ns = max(self.venue.time_ns_last, START_NS)
        commands["time_ns"] = last_ns + step_ns * np.arange(1, count + 1)
        has_id = (commands["client_id_low"] != 0) | (commands["client_id_high"] != 0)
        unsent = has_id & (commands["sent_time_ns"] == 0)
        commands["sent_time_ns"][unsent] = commands["time_ns"][unsent]
        return commands

    def run(self, commands: NDArray[np.void], **stamp: int) -> NDArray[np.void]:
        """Stamp and apply commands; with a reference, compare the events."""
        self.stamp(commands, **stamp)
        events = self.venue.apply(commands)
        if self.reference is not None:
            assert self.reference.apply(commands).tobytes() == events.tobytes()
        return events

    def agree(self) -> None:
        """Check the invariants, and that every way to the digest gives the same."""
        self.venue.validate()
        assert self.venue.digest_scan() == self.venue.digest()
        if self.reference is not None:
            assert self.reference.digest() == self.venue.digest()
