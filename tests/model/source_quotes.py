"""Recipes of mass quotes: groups of commands that are drawn as one."""

from __future__ import annotations

import random
from collections.abc import Callable

from engine.core.commands import POST_ONLY, CommandKind

Row = dict[str, int]
Group = list[Row]
Maker = Callable[[], Row | Group]
_QUOTERS = (3, 5, 7, 7, 8, 12)  # the last is poor
_WRONG: tuple[Row, ...] = (
    {"entry_count": 6},
    {"entry_count": 1_000},
    {"flags": 4},
    {"self_trade_prevention": 0},
    {"max_age_ms": 1, "age_ns": 10**8},
    {"client_id_low": 0, "client_id_high": 0},
    {"market_id": 9},
)


def rows_of(drawn: Row | Group) -> Group:
    """Give the records of a command: one, or a header and its entries."""
    return drawn if isinstance(drawn, list) else [drawn]


class QuoteRecipes:
    """Mass quotes around a middle price, right and wrong."""

    def __init__(
        self, rng: random.Random, fresh_id: Callable[[], Row], mid: Callable[[], int]
    ) -> None:
        self._random = rng
        self._fresh_id = fresh_id
        self._mid = mid

    def recipes(self) -> list[tuple[float, Callable[[], Group]]]:
        """List recipes with their weights."""
        return [
            (4.0, lambda: self._quote(self._mid())),
            (0.4, lambda: self._quote(self._mid(), **self._random.choice(_WRONG))),
            (0.4, lambda: self._self_crossing(self._mid())),
            (0.2, lambda: [{"kind": CommandKind.QUOTE_ENTRY, "bid_price_ticks": 5}]),
        ]

    def _quote(self, mid: int, **change: int) -> Group:
        draw = self._random
        bid = mid + draw.choice((-4, -3, -2, -1, 0, 1, 2, 6))
        ask = bid + draw.randrange(1, 6)
        entries: Group = []
        for _ in range(draw.choice((0, 1, 2, 3, 5))):
            entries.append(self._entry(bid, ask))
            bid, ask = bid - draw.choice((1, 1, 2)), ask + draw.choice((1, 1, 2))
        header: Row = {
            "kind": CommandKind.MASS_QUOTE,
            **self._fresh_id(),
            "account_id": draw.choice(_QUOTERS),
            "market_id": draw.choice((1, 2, 3, 21)),
            "self_trade_prevention": draw.choice((1, 2, 3, 4, 5)),
            "flags": draw.choice((0, POST_ONLY)),
            "entry_count": len(entries),
        }
        return [{**header, **change}, *entries]

    def _entry(self, bid: int, ask: int) -> Row:
        draw = self._random
        entry: Row = {
            "kind": CommandKind.QUOTE_ENTRY,
            "bid_price_ticks": bid,
            "bid_lots": draw.choice((1, 2, 5)),
            "ask_price_ticks": ask,
            "ask_lots": draw.choice((1, 2, 5)),
        }
        if draw.random() < 0.1:
            entry["bid_price_ticks"] = entry["bid_lots"] = 0
        if draw.random() < 0.02:
            entry["tag"] = 1
        elif draw.random() < 0.02:
            name = draw.choice(("bid_price_ticks", "ask_lots", "ask_price_ticks"))
            entry[name] = draw.choice((-1, 0, (1 << 40) + 1))
        return entry

    def _self_crossing(self, mid: int) -> Group:
        header, *_ = self._quote(mid, flags=0, entry_count=1, account_id=7)
        entry = {
            "kind": CommandKind.QUOTE_ENTRY,
            "bid_price_ticks": mid + 2,
            "bid_lots": 1,
            "ask_price_ticks": mid - 2,
            "ask_lots": 1,
        }
        return [header, entry]
