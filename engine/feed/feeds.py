"""All feeds of one engine: what the node gives its events to, and what the servers read from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.events import EventKind
from engine.core.invariants import check
from engine.feed.books import BookFeed
from engine.feed.executions import ExecutionFeed
from engine.feed.fills import FillFeed
from engine.feed.limits import FeedLimits
from engine.feed.statistics import StatisticsFeed
from engine.feed.statuses import STATUS_KINDS, StatusFeed
from engine.feed.subscription import Subscriptions
from engine.feed.trades import TradeFeed
from engine.feed.withdrawals import WithdrawalFeed

_KINDS = max(EventKind) + 1
# Plain numbers, because looking up a member of an enum costs as much as a small array operation.
_FILL = int(EventKind.FILL)
_BALANCE = int(EventKind.BALANCE)

# What a subscription can be to, beside (one of these, market id) and ("executions", account id).
BOOK_KINDS = ("book", "orders", "top")
TRADES = "trades"
WITHDRAWALS = "withdrawals"
STATUSES = "statuses"

_KEPT = ("executions", "trades", "statistics", "withdrawals", "statuses", "books")


class Feeds:
    """Takes every released event once, in order, at a replay as in live trading.

    Args:
        markets: The venue's `markets()`; see `engine.feed.fills` for why it may run ahead.
        limits: How much is kept and how far a reader may fall behind.
    """

    def __init__(
        self, markets: Callable[[], NDArray[np.void]], limits: FeedLimits | None = None
    ) -> None:
        self.limits = limits or FeedLimits()
        self.sequence = 0
        self.time_ns = 0
        self.subscriptions = Subscriptions(self.limits)
        self.executions = ExecutionFeed(self.limits)
        self.trades = TradeFeed()
        self.statistics = StatisticsFeed()
        self.fills = FillFeed(self.trades, markets)
        self.withdrawals = WithdrawalFeed()
        self.statuses = StatusFeed(self.limits)
        self.books = BookFeed(
            self.limits, lambda market_id: self.subscriptions.watched(("book", market_id))
        )

    def on_events(self, events: NDArray[np.void]) -> None:
        """Take in released events and wake whoever reads what changed."""
        if len(events) == 0:
            return
        self.sequence = int(events["sequence"][-1])
        self.time_ns = int(events["time_ns"][-1])
        counts = np.bincount(events["kind"], minlength=_KINDS).tolist()
        accounts = self.executions.consume(events)
        books = self.books.consume(events)
        first_trade_id = self.trades.last + 1
        traded = self.trades.consume(events) if counts[_FILL] else []
        if traded:
            self.statistics.consume(self.trades.read(first_trade_id, counts[_FILL]))
        has_steps = False
        if counts[_FILL] or counts[_BALANCE]:
            has_steps = self.withdrawals.consume(events)
        has_status = any(counts[kind] for kind in STATUS_KINDS)
        if has_status:
            self.statuses.consume(events)
        if self.subscriptions.is_empty:
            return
        self.subscriptions.wake(("executions", account_id) for account_id in accounts)
        for kind in BOOK_KINDS:
            self.subscriptions.wake((kind, market_id) for market_id in books)
        self.subscriptions.wake([TRADES] if traded else [])
        self.subscriptions.wake(("statistics", market_id) for market_id in traded)
        self.subscriptions.wake([WITHDRAWALS] if has_steps else [])
        self.subscriptions.wake([STATUSES] if has_status else [])

    def state(self) -> dict[str, Any]:
        """Give everything but the readers, for `restore`. Fills follow from the trades."""
        return {
            "sequence": self.sequence,
            "time_ns": self.time_ns,
            **{name: getattr(self, name).state() for name in _KEPT},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what other feeds kept, before the first event."""
        check(self.sequence == 0, "feeds are restored before they hear anything")
        self.sequence, self.time_ns = state["sequence"], state["time_ns"]
        for name in _KEPT:
            getattr(self, name).restore(state[name])
