"""Reads of the reference venue, as record arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import Side
from engine.core.digest import GROUP_OWN
from engine.core.limits import NEVER_NS
from engine.core.views import (
    ASSET_VIEW,
    BALANCE_VIEW,
    LEVEL_VIEW,
    LIMIT_VIEW,
    MARKET_VIEW,
    ORDER_VIEW,
)

if TYPE_CHECKING:
    from engine.reference.book import Book
    from engine.reference.controls import Limit, LimitKey
    from engine.reference.deadlines import Deadline
    from engine.reference.deadlines import Key as DeadlineKey
    from engine.reference.ids import IdWindow
    from engine.reference.ledger import Ledger
    from engine.reference.state import Asset, Market, Order


class Queries:
    """What readers may ask; they get copies."""

    ledger: Ledger
    ids: IdWindow
    groups: dict[int, int]
    assets_by_id: dict[int, Asset]
    markets_by_id: dict[int, Market]
    books: dict[int, Book]
    orders_by_id: dict[int, Order]
    waiting: dict[int, Order]
    timed: dict[int, Order]
    limits_by_key: dict[LimitKey, Limit]
    is_killed: bool
    killed_accounts: set[int]
    deadlines: dict[DeadlineKey, Deadline]
    next_order_id: int
    next_trade_id: int

    def balance(self, account_id: int, asset_id: int) -> tuple[int, int, int]:
        """Give free, locked and held atoms."""
        balance = self.ledger.balance(account_id, asset_id)
        return balance.free, balance.locked, balance.held

    def balances(self, account_id: int = 0) -> NDArray[np.void]:
        """List balances that are not zero, of one account or (0) all."""
        rows = [
            (owner, asset_id, balance.free, balance.locked, balance.held)
            for (owner, asset_id), balance in self.ledger.items()
            if account_id in {0, owner}
        ]
        return np.array(rows, dtype=BALANCE_VIEW)

    def orders(self, account_id: int = 0, market_id: int = 0) -> NDArray[np.void]:
        """List working orders by order id, of one account and market or (0) all."""
        chosen = [
            order
            for _, order in sorted(self.orders_by_id.items())
            if account_id in {0, order.account_id} and market_id in {0, order.market_id}
        ]
        return _order_array(chosen)

    def order(self, order_id: int) -> NDArray[np.void]:
        """Give one working order, or an empty array."""
        order = self.orders_by_id.get(order_id)
        return _order_array([order] if order else [])

    def levels(self, market_id: int, side: int, depth: int = 0) -> NDArray[np.void]:
        """List price levels, best first; `depth` 0 gives all."""
        rows = [
            (price, sum(order.open_lots for order in seen), len(seen), 0)
            for price, orders in self.books[market_id].levels(Side(side))
            if (seen := [order for order in orders if not order.is_hidden])
        ]
        return np.array(rows[: depth or None], dtype=LEVEL_VIEW)

    def assets(self) -> NDArray[np.void]:
        """List assets by id, with totals."""
        rows = [
            (
                asset.asset_id,
                asset.decimals,
                asset.symbol_low,
                asset.symbol_high,
                asset.deposited,
                asset.withdrawn,
                asset.fees,
            )
            for _, asset in sorted(self.assets_by_id.items())
        ]
        return np.array(rows, dtype=ASSET_VIEW)

    def markets(self) -> NDArray[np.void]:
        """List markets by id."""
        rows = [
            (
                market.market_id,
                market.base_asset_id,
                market.quote_asset_id,
                market.maker_fee_ppm,
                market.taker_fee_ppm,
                market.band_ppm,
                market.quote_atoms_per_tick_lot,
                market.base_atoms_per_lot,
                market.last_price_ticks,
                market.reference_price_ticks,
                market.minimum_allocation_lots,
                market.allocation,
                market.epoch,
                market.symbol_low,
                market.symbol_high,
                market.volatility_ppm,
                market.auction_ms,
                market.auction_end_ns,
                market.phase,
                market.auction_kind,
                market.initial_phase,
                0,
            )
            for _, market in sorted(self.markets_by_id.items())
        ]
        return np.array(rows, dtype=MARKET_VIEW)

    def accounts(self) -> list[tuple[int, int]]:
        """List (account id, group id as defined: 0 for a group of its own)."""
        return [
            (account_id, 0 if group >= GROUP_OWN else group)
            for account_id, group in sorted(self.groups.items())
        ]

    def limits(self) -> NDArray[np.void]:
        """List limits by account, market and kind."""
        rows = [
            (*key, 0, limit.value, limit.window_ns)
            for key, limit in sorted(self.limits_by_key.items())
        ]
        return np.array(rows, dtype=LIMIT_VIEW)

    def kills(self) -> list[tuple[int, int]]:
        """List (account id, market id) of the kill switches that are set; both 0: the venue's."""
        venue = [(0, 0)] if self.is_killed else []
        markets = [(0, id_) for id_, each in sorted(self.markets_by_id.items()) if each.is_killed]
        return venue + markets + [(id_, 0) for id_ in sorted(self.killed_accounts)]

    def next_due_ns(self) -> int:
        """Give when the earliest expiry, end of a call or deadline is; NEVER_NS: there is none."""
        expiries = [order.expire_time_ns for order in self.timed.values()]
        ends = [m.auction_end_ns for m in self.markets_by_id.values() if m.auction_end_ns]
        deadlines = [deadline.due_ns for deadline in self.deadlines.values()]
        return min([*expiries, *ends, *deadlines], default=NEVER_NS)

    def counts(self) -> dict[str, int]:
        """Give the venue's counters and limits."""
        return {
            "open_orders": len(self.orders_by_id),
            "trades": self.next_trade_id - 1,
            "ids_remembered": len(self.ids.entries),
            "id_window_ns": self.ids.window_ns,
            "ids_max": self.ids.ids_max,
            "id_floor_time_ns": self.ids.floor_time_ns,
            "next_order_id": self.next_order_id,
            "waiting_orders": len(self.waiting),
        }


def _order_array(orders: list[Order]) -> NDArray[np.void]:
    rows = [
        (
            order.order_id,
            order.client_id_low,
            order.client_id_high,
            order.price_ticks,
            order.filled_lots,
            order.leaves_lots,
            order.priority_sequence,
            order.locked_atoms,
            order.account_id,
            order.market_id,
            order.side,
            order.order_type,
            order.time_in_force,
            order.self_trade_prevention,
            order.flags,
            order.is_waiting,
            order.tag,
            order.expire_time_ns,
            order.display_lots,
            order.seen_lots,
            order.trigger_price_ticks,
            order.trail_ticks,
            order.trail_ppm,
            0,
        )
        for order in orders
    ]
    return np.array(rows, dtype=ORDER_VIEW)
