"""Candles: what a trade does to its interval, the gap rule and the closed rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.invariants import BrokenInvariant
from realstack.market.v1 import market_pb2
from services.market import domain
from services.market.domain import BadRequest, Candle, Interval, Trade, candles_of, merge

NOON_NS = 1_794_916_800 * 1_000_000_000  # 2026-11-17 12:00 UTC


def trade(trade_id: int, *, time_ns: int = NOON_NS, price: int = 100, lots: int = 1) -> Trade:
    return Trade(
        trade_id=trade_id,
        market_id=1,
        sequence=trade_id * 2,
        time_ns=time_ns,
        price_ticks=price,
        quantity_lots=lots,
        aggressor_side=1,
    )


def by_interval(candles: list[Candle], interval: Interval) -> list[Candle]:
    return [candle for candle in candles if candle.interval == interval]


@st.composite
def trade_lists(draw: st.DrawFn) -> list[Trade]:
    """Trades of two markets by rising id, whose times never go back."""
    steps = draw(
        st.lists(
            st.tuples(
                st.integers(0, 90 * domain.SECOND_NS),
                st.integers(1, 50),
                st.integers(1, 9),
                st.integers(1, 2),
            ),
            max_size=40,
        )
    )
    time_ns = NOON_NS
    trades = []
    for trade_id, (step_ns, price, lots, market_id) in enumerate(steps, 1):
        time_ns += step_ns
        trades.append(
            Trade(
                trade_id=trade_id,
                market_id=market_id,
                sequence=trade_id,
                time_ns=time_ns,
                price_ticks=price,
                quantity_lots=lots,
                aggressor_side=2,
            )
        )
    return trades


def naive_candle(trades: list[Trade], interval: Interval, open_time_ns: int) -> Candle:
    """The definition, word by word."""
    prices = [trade.price_ticks for trade in trades]
    return Candle(
        market_id=trades[0].market_id,
        interval=interval,
        open_time_ns=open_time_ns,
        open_ticks=prices[0],
        high_ticks=max(prices),
        low_ticks=min(prices),
        close_ticks=prices[-1],
        volume_lots=sum(trade.quantity_lots for trade in trades),
        trade_count=len(trades),
        first_trade_id=trades[0].trade_id,
        last_trade_id=trades[-1].trade_id,
        first_sequence=trades[0].sequence,
        last_sequence=trades[-1].sequence,
    )


def naive_candles(trades: list[Trade]) -> dict[tuple[int, Interval, int], Candle]:
    found: dict[tuple[int, Interval, int], list[Trade]] = {}
    for each in trades:
        for interval in Interval:
            opens_ns = each.time_ns // interval.length_ns * interval.length_ns
            found.setdefault((each.market_id, interval, opens_ns), []).append(each)
    return {key: naive_candle(group, key[1], key[2]) for key, group in found.items()}


@pytest.mark.slow
@given(trade_lists())
def test_candles_are_open_high_low_close_and_sum_of_their_trades(trades: list[Trade]) -> None:
    """Each candle is what its definition says of exactly the trades inside its interval."""
    expected = naive_candles(trades)
    actual = {(c.market_id, c.interval, c.open_time_ns): c for c in candles_of(trades)}
    assert expected == actual


@pytest.mark.slow
@given(trade_lists(), st.integers(0, 40))
def test_candles_do_not_depend_on_how_the_stream_was_cut(trades: list[Trade], cut: int) -> None:
    """Parts made from two pieces of the stream merge into the candles of the whole."""
    merged = {(c.market_id, c.interval, c.open_time_ns): c for c in candles_of(trades[:cut])}
    for part in candles_of(trades[cut:]):
        key = (part.market_id, part.interval, part.open_time_ns)
        merged[key] = merge(merged[key], part) if key in merged else part
    assert naive_candles(trades) == merged


def test_a_trade_on_the_border_belongs_to_the_interval_that_it_opens() -> None:
    """An interval holds its first nanosecond and not its last."""
    minute_ns = Interval.MINUTE.length_ns
    candles = candles_of(
        [trade(1, time_ns=NOON_NS + minute_ns - 1), trade(2, time_ns=NOON_NS + minute_ns)]
    )
    minutes = by_interval(candles, Interval.MINUTE)
    assert [NOON_NS, NOON_NS + minute_ns] == [candle.open_time_ns for candle in minutes]


def test_a_day_opens_at_midnight_utc() -> None:
    """Intervals are counted from 1970 UTC, so a day is a day of UTC."""
    (day,) = by_interval(candles_of([trade(1)]), Interval.DAY)
    assert NOON_NS - 12 * Interval.HOUR.length_ns == day.open_time_ns


def test_an_interval_without_a_trade_has_no_candle() -> None:
    """The gap rule: nothing is made up for a silent interval."""
    candles = candles_of([trade(1), trade(2, time_ns=NOON_NS + 5 * domain.SECOND_NS)])
    opens = [candle.open_time_ns for candle in by_interval(candles, Interval.SECOND)]
    assert opens == [NOON_NS, NOON_NS + 5 * domain.SECOND_NS]


def test_gaps_are_filled_flat_at_the_last_close_without_trades() -> None:
    """Seconds 0 and 3 traded at 100 and 90: 1 and 2 repeat 100, 4 repeats 90, none has an id."""
    second = domain.SECOND_NS
    found = by_interval(
        candles_of([trade(1), trade(2, time_ns=NOON_NS + 3 * second, price=90)]), Interval.SECOND
    )
    page = domain.filled_page(
        found, from_time_ns=NOON_NS, to_time_ns=NOON_NS + 5 * second, count=100
    )
    assert [(each.open_time_ns - NOON_NS) // second for each in page] == [0, 1, 2, 3, 4]
    assert [(each.open_ticks, each.close_ticks) for each in page] == [
        (100, 100),
        (100, 100),
        (100, 100),
        (90, 90),
        (90, 90),
    ]
    assert [each.trade_count for each in page] == [1, 0, 0, 1, 0]
    assert {(each.volume_lots, each.last_trade_id, each.last_sequence) for each in page[1:3]} == {
        (0, 0, 0)
    }


def test_a_filled_page_begins_where_it_is_asked_and_repeats_the_close_before_it() -> None:
    """From second 2 on, two candles: both flat at the price of second 0."""
    second = domain.SECOND_NS
    found = by_interval(candles_of([trade(1)]), Interval.SECOND)
    page = domain.filled_page(
        found, from_time_ns=NOON_NS + 2 * second, to_time_ns=NOON_NS + 9 * second, count=2
    )
    assert [each.open_time_ns for each in page] == [NOON_NS + 2 * second, NOON_NS + 3 * second]
    assert domain.filled_page([], from_time_ns=1, to_time_ns=NOON_NS, count=5) == []


def test_a_revision_rises_with_each_trade_and_once_more_at_the_close() -> None:
    """One trade, two trades, closed: 1, 2, 3."""
    (one,) = by_interval(candles_of([trade(1)]), Interval.SECOND)
    (two,) = by_interval(candles_of([trade(1), trade(2)]), Interval.SECOND)
    end_ns = NOON_NS + domain.SECOND_NS
    assert [one.revision(NOON_NS), two.revision(NOON_NS), two.revision(end_ns)] == [1, 2, 3]


@pytest.mark.parametrize(("after_ns", "closed"), [(0, False), (999_999_999, False), (10**9, True)])
def test_a_candle_closes_when_the_venue_time_reaches_its_end(after_ns: int, closed: bool) -> None:
    """A candle that a later trade could still change is not closed."""
    (second,) = by_interval(candles_of([trade(1)]), Interval.SECOND)
    assert closed is second.is_closed(NOON_NS + after_ns)


def test_the_same_trade_is_never_counted_twice() -> None:
    """Merging a candle with one that repeats a trade is a bug, and stops."""
    (first, *_rest) = candles_of([trade(1), trade(2)])
    (again, *_rest) = candles_of([trade(2)])
    with pytest.raises(BrokenInvariant, match="counted twice"):
        merge(first, again)


def test_intervals_have_the_numbers_and_lengths_of_the_contract() -> None:
    """The number on the wire is the number in the tables."""
    names = {"SECOND": "1S", "MINUTE": "1M", "MINUTES_5": "5M", "HOUR": "1H", "DAY": "1D"}
    for interval in Interval:
        number = int(market_pb2.Interval.Value(f"INTERVAL_{names[interval.name]}"))
        assert number == interval
    lengths = [interval.length_ns // domain.SECOND_NS for interval in Interval]
    assert lengths == [1, 60, 300, 3_600, 86_400]


@pytest.mark.parametrize("market_id", [0, 1_025, -1])
def test_an_impossible_market_id_is_refused_by_name(market_id: int) -> None:
    """A refusal names the field and the rule."""
    with pytest.raises(BadRequest, match=r"market_id: a market id is 1 to 1,024"):
        domain.check_market_id(market_id)


@pytest.mark.parametrize("number", [0, 6, -1])
def test_an_unknown_interval_is_refused_by_name(number: int) -> None:
    """A refusal names the field and what there is to choose from."""
    with pytest.raises(BadRequest, match="interval: one of 1S, 1M, 5M, 1H, 1D"):
        domain.check_interval(number)


def test_a_time_range_that_ends_before_it_begins_is_refused() -> None:
    """An empty answer would hide the mistake."""
    domain.check_time_range(5, 0)
    domain.check_time_range(5, 5)
    with pytest.raises(BadRequest, match="to_time_ns"):
        domain.check_time_range(5, 4)
