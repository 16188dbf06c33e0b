"""Statistics of a day are exact, and begin anew at midnight UTC."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from engine.feed.statistics import DAY_NS, DayStatistics, StatisticsFeed
from engine.feed.trades import TRADE, TradeFeed
from tests.unit.feed.drive import Drive

Row = tuple[int, int, int, int, int]  # trade id, market, time, price, quantity


def rows(*trades: Row) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    """Make trades."""
    made = np.zeros(len(trades), TRADE)
    for place, (trade_id, market_id, time_ns, price, lots) in enumerate(trades):
        made[place]["trade_id"], made[place]["market_id"] = trade_id, market_id
        made[place]["time_ns"] = time_ns
        made[place]["price_ticks"], made[place]["quantity_lots"] = price, lots
    return made


def test_a_day_has_its_prices_volume_and_average() -> None:
    """2@100, 1@97, 3@104: open 100, high 104, low 97, close 104, 6 lots, average 609/6."""
    feed = StatisticsFeed()
    feed.consume(rows((1, 1, 5, 100, 2), (2, 2, 6, 7, 9), (3, 1, 7, 97, 1)))
    feed.consume(rows((4, 1, 8, 104, 3)))
    day = feed.of(1, 9)
    assert day == DayStatistics(
        market_id=1,
        day_open_time_ns=0,
        open_ticks=100,
        high_ticks=104,
        low_ticks=97,
        close_ticks=104,
        volume_lots=6,
        price_lots=609,
        trade_count=3,
        first_trade_id=1,
        last_trade_id=4,
    )
    assert Fraction(day.price_lots, day.volume_lots) == Fraction(203, 2)


def test_a_new_day_begins_at_midnight_with_the_close_before_it() -> None:
    """A trade in the first nanosecond of a day is of that day; a day between has none."""
    feed = StatisticsFeed()
    feed.consume(rows((1, 1, DAY_NS - 1, 100, 2), (2, 1, DAY_NS, 90, 1)))
    assert (feed.of(1, 0).close_ticks, feed.of(1, 0).previous_close_ticks) == (100, 0)
    second = feed.of(1, DAY_NS)
    assert (second.open_ticks, second.previous_close_ticks, second.first_trade_id) == (90, 100, 2)
    quiet = feed.of(1, 5 * DAY_NS)
    assert (quiet.trade_count, quiet.close_ticks, quiet.previous_close_ticks) == (0, 0, 90)


def test_the_average_is_exact_beyond_64_bits() -> None:
    """Two trades of the largest numbers: nothing wraps and nothing is rounded."""
    feed = StatisticsFeed()
    feed.consume(rows((1, 1, 1, 1 << 61, 1 << 40), (2, 1, 2, 1 << 61, 1)))
    assert feed.of(1, 1).price_lots == (1 << 61) * ((1 << 40) + 1)


def test_statistics_of_random_trades_are_those_of_their_list() -> None:
    """Taken in piece by piece or read from the whole list, they are the same."""
    drive, feed, trades = Drive(4), StatisticsFeed(), TradeFeed()
    for events in drive.events(300, 10):
        first = trades.last + 1
        if trades.consume(events):
            feed.consume(trades.read(first, trades.last))
    everything = trades.read(1, trades.last)
    for market_id in np.unique(everything["market_id"]).tolist():
        mine = everything[everything["market_id"] == market_id]
        prices, lots = mine["price_ticks"].tolist(), mine["quantity_lots"].tolist()
        day = feed.of(market_id, int(mine["time_ns"][0]))
        assert (day.open_ticks, day.close_ticks) == (prices[0], prices[-1])
        assert (day.low_ticks, day.high_ticks) == (min(prices), max(prices))
        assert day.volume_lots == sum(lots)
        assert day.price_lots == sum(map(int.__mul__, prices, lots))
