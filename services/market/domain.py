"""Rules of trades and candles, without any input or output.

A candle holds the trades of one market whose venue time lies in `[open, open + interval)`. An
interval opens at a multiple of its length since 1970 UTC, so a day opens at midnight UTC.

Gap rule: an interval without a trade has no candle of its own. Who asks for an unbroken line gets
one made for it (`filled_page`): flat at the last close, with no volume, no trades and no ids, so
that nobody takes it for trading. Before the first trade of a market there is nothing to repeat.

Closed rule: a candle is closed when the venue's time, up to which all trades are known, has
reached its end. The venue's time never goes back, so a closed candle changes no more.

Revision: it rises with each trade and once more when the candle closes, and is a function of the
trades alone. Of two tellings of one candle the one with the higher revision holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import islice

from engine.core.invariants import check

SECOND_NS = 1_000_000_000
MARKET_ID_MAX = 1_024
PAGE_SIZE_MAX = 1_000
TRADES_PAGE_SIZE = 100
CANDLES_PAGE_SIZE = 200


class Interval(IntEnum):
    """The length of a candle; numbers of `realstack.market.v1.Interval`."""

    SECOND = 1
    MINUTE = 2
    MINUTES_5 = 3
    HOUR = 4
    DAY = 5

    @property
    def length_ns(self) -> int:
        """The length in nanoseconds."""
        return _LENGTHS_NS[self]


_LENGTHS_NS = {
    Interval.SECOND: SECOND_NS,
    Interval.MINUTE: 60 * SECOND_NS,
    Interval.MINUTES_5: 300 * SECOND_NS,
    Interval.HOUR: 3_600 * SECOND_NS,
    Interval.DAY: 86_400 * SECOND_NS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """A public trade, as the engine tells it."""

    trade_id: int
    market_id: int
    sequence: int
    time_ns: int
    price_ticks: int
    quantity_lots: int
    aggressor_side: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candle:
    """Open, high, low, close and volume of one market in one interval."""

    market_id: int
    interval: Interval
    open_time_ns: int
    open_ticks: int
    high_ticks: int
    low_ticks: int
    close_ticks: int
    volume_lots: int
    trade_count: int
    first_trade_id: int
    last_trade_id: int
    first_sequence: int
    last_sequence: int

    def is_closed(self, venue_time_ns: int) -> bool:
        """Tell whether the venue's time has passed its end, so that it changes no more."""
        return venue_time_ns >= self.open_time_ns + self.interval.length_ns

    def revision(self, venue_time_ns: int) -> int:
        """Return what rises with each change of the candle."""
        return self.trade_count + self.is_closed(venue_time_ns)


class BadRequest(ValueError):
    """A request breaks a rule; it names the field and the rule."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


def open_candle(trade: Trade, interval: Interval) -> Candle:
    """Return the candle that the first trade of an interval opens."""
    return Candle(
        market_id=trade.market_id,
        interval=interval,
        open_time_ns=trade.time_ns - trade.time_ns % interval.length_ns,
        open_ticks=trade.price_ticks,
        high_ticks=trade.price_ticks,
        low_ticks=trade.price_ticks,
        close_ticks=trade.price_ticks,
        volume_lots=trade.quantity_lots,
        trade_count=1,
        first_trade_id=trade.trade_id,
        last_trade_id=trade.trade_id,
        first_sequence=trade.sequence,
        last_sequence=trade.sequence,
    )


def merge(earlier: Candle, later: Candle) -> Candle:
    """Return the candle of two parts of the same interval; every trade of `later` came after."""
    check(earlier.market_id == later.market_id, "a candle belongs to one market")
    check(earlier.interval == later.interval, "a candle has one interval")
    check(earlier.open_time_ns == later.open_time_ns, "a candle has one opening time")
    check(earlier.last_trade_id < later.first_trade_id, "no trade is counted twice")
    return replace(
        earlier,
        high_ticks=max(earlier.high_ticks, later.high_ticks),
        low_ticks=min(earlier.low_ticks, later.low_ticks),
        close_ticks=later.close_ticks,
        volume_lots=earlier.volume_lots + later.volume_lots,
        trade_count=earlier.trade_count + later.trade_count,
        last_trade_id=later.last_trade_id,
        last_sequence=later.last_sequence,
    )


def candles_of(trades: Iterable[Trade]) -> list[Candle]:
    """Return the candles of every interval that trades make, given by rising trade id.

    They are parts: the same interval may have more trades before and after these.
    """
    parts: dict[tuple[int, Interval, int], Candle] = {}
    for trade in trades:
        for interval in Interval:
            candle = open_candle(trade, interval)
            key = (candle.market_id, interval, candle.open_time_ns)
            before = parts.get(key)
            parts[key] = candle if before is None else merge(before, candle)
    return list(parts.values())


def filled_page(
    candles: Sequence[Candle], *, from_time_ns: int, to_time_ns: int, count: int
) -> list[Candle]:
    """Return candles with one for each interval between and after them that had no trade.

    Args:
        candles: Of one market and interval, by rising opening time. Those that open before the
            time wanted only say which close is repeated.
        from_time_ns: The first opening time wanted.
        to_time_ns: What comes after the last candle opens before this time.
        count: At most this many, the first ones.
    """
    return list(islice(_without_gaps(candles, from_time_ns, to_time_ns), count))


def _without_gaps(
    candles: Iterable[Candle], from_time_ns: int, to_time_ns: int
) -> Iterator[Candle]:
    last: Candle | None = None
    for candle in candles:
        if last is not None:
            yield from _flat(last, from_time_ns, candle.open_time_ns)
        if candle.open_time_ns >= from_time_ns:
            yield candle
        last = candle
    if last is not None:
        yield from _flat(last, from_time_ns, to_time_ns)


def _flat(last: Candle, from_time_ns: int, to_time_ns: int) -> Iterator[Candle]:
    """Yield a candle without trades for each interval after one, up to a time."""
    length_ns = last.interval.length_ns
    first_ns = max(last.open_time_ns + length_ns, -(-from_time_ns // length_ns) * length_ns)
    for open_time_ns in range(first_ns, to_time_ns, length_ns):
        yield Candle(
            market_id=last.market_id,
            interval=last.interval,
            open_time_ns=open_time_ns,
            open_ticks=last.close_ticks,
            high_ticks=last.close_ticks,
            low_ticks=last.close_ticks,
            close_ticks=last.close_ticks,
            volume_lots=0,
            trade_count=0,
            first_trade_id=0,
            last_trade_id=0,
            first_sequence=0,
            last_sequence=0,
        )


def check_market_id(market_id: int) -> int:
    """Return a market id that can exist.

    Raises:
        BadRequest: When it cannot.
    """
    if not 1 <= market_id <= MARKET_ID_MAX:
        raise BadRequest("market_id", f"a market id is 1 to {MARKET_ID_MAX:,}")
    return market_id


def check_interval(number: int) -> Interval:
    """Return the interval of that number.

    Raises:
        BadRequest: When there is none.
    """
    if number not in _LENGTHS_NS:
        raise BadRequest("interval", "one of 1S, 1M, 5M, 1H, 1D is needed")
    return Interval(number)


def check_time_range(from_time_ns: int, to_time_ns: int) -> None:
    """Refuse a range of times that ends before it begins.

    Raises:
        BadRequest: When it does; an end of zero is open.
    """
    if to_time_ns and to_time_ns < from_time_ns:
        raise BadRequest("to_time_ns", "not before from_time_ns")
