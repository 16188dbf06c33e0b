"""Executions, trades, fills and withdrawals against a plain retelling of the events."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from engine.core.commands import CommandKind, Side
from engine.core.events import AUCTION, EVENT, EventKind
from engine.feed.executions import PRIVATE_KINDS, ExecutionFeed
from engine.feed.fills import FillFeed
from engine.feed.limits import FeedLimits
from engine.feed.trades import TradeFeed
from engine.feed.withdrawals import WithdrawalFeed
from tests.model.source import ACCOUNTS
from tests.unit.feed.drive import Drive

Told = tuple[int, int, bool]  # sequence, event index, is maker


def retell(events: Any, told: dict[int, list[Told]]) -> None:
    """Add each event to the accounts that it concerns; a fill tells of its auction's reductions."""
    for event in events:
        told_by_fill = event["kind"] == EventKind.REDUCED and int(event["flags"]) & AUCTION
        if event["kind"] in PRIVATE_KINDS and not told_by_fill:
            key = int(event["sequence"]), int(event["event_index"])
            told[int(event["account_id"])].append((*key, False))
            if event["kind"] == EventKind.FILL:
                told[int(event["maker_account_id"])].append((*key, True))


def read_all(feed: ExecutionFeed, account_id: int, start: int, step: int) -> list[Told]:
    """Read executions from a sequence to the end, `step` at a time."""
    found: list[Told] = []
    while start <= feed.last(account_id):
        part = feed.read(account_id, start, step)
        assert part.first_sequence == start
        start += len(part.rows)
        columns = (part.rows["sequence"], part.rows["event_index"], part.is_maker)
        found += zip(*(column.tolist() for column in columns), strict=True)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [1, 50])
def test_each_account_gets_its_events_once_in_order_from_any_sequence(at_once: int) -> None:
    """Execution sequences are dense per account, with both sides of a fill."""
    drive, feed = Drive(1), ExecutionFeed(FeedLimits())
    told: dict[int, list[Told]] = defaultdict(list)
    for events in (drive.opening, *drive.events(1_500, at_once)):
        touched = feed.consume(events)
        before = {account_id: len(rows) for account_id, rows in told.items()}
        retell(events, told)
        grown = [a for a, rows in sorted(told.items()) if len(rows) != before.get(a, 0)]
        assert touched == grown
    for account_id in ACCOUNTS:
        expected = told[account_id]
        assert feed.last(account_id) == len(expected)
        assert feed.first(account_id) == 1
        for start in (1, 2, len(expected) // 2, len(expected)):
            assert read_all(feed, account_id, max(start, 1), 37) == expected[max(start, 1) - 1 :]


@pytest.mark.slow
def test_a_fill_carries_the_limit_price_of_the_order_it_is_told_to() -> None:
    """The arriving order's limit is that of its arrival; the resting one trades at its limit.

    In an auction both rested, and their reductions have their limits.
    """
    drive, feed = Drive(2), ExecutionFeed(FeedLimits())
    limits: dict[tuple[int, bool], int] = {}
    price = 0
    for events in (drive.opening, *drive.events(3_000, 10)):
        feed.consume(events)
        for index, event in enumerate(events):
            if event["kind"] in {EventKind.ACCEPTED, EventKind.REPLACED, EventKind.TRIGGERED}:
                price = int(event["price_ticks"])
            if event["kind"] != EventKind.FILL:
                continue
            both = int(event["price_ticks"]), price
            if int(event["flags"]) & AUCTION:
                both = int(events[index + 1]["price_ticks"]), int(events[index + 2]["price_ticks"])
            limits[int(event["trade_id"]), True], limits[int(event["trade_id"]), False] = both
    checked = 0
    for account_id in ACCOUNTS:
        part = feed.read(account_id, 1, 1 << 20)
        for row, is_maker, limit in zip(
            part.rows, part.is_maker, part.limit_price_ticks, strict=True
        ):
            if row["kind"] == EventKind.FILL:
                assert limit == limits[int(row["trade_id"]), bool(is_maker)]
                checked += 1
    assert checked > 100


@pytest.mark.slow
def test_dropped_executions_are_named_and_those_kept_are_whole() -> None:
    """With bounded memory `first` is the oldest that can be read, and reading from it works."""
    drive, feed = Drive(3), ExecutionFeed(FeedLimits(private_rows_max=1))
    told: dict[int, list[Told]] = defaultdict(list)
    for events in (drive.opening, *drive.events(12_000, 300)):
        feed.consume(events)
        retell(events, told)
    oldest = {account_id: feed.first(account_id) for account_id in ACCOUNTS}
    assert sum(first > 1 for first in oldest.values()) > 5
    for account_id, first in oldest.items():
        assert read_all(feed, account_id, first, 100) == told[account_id][first - 1 :]


def test_an_account_without_executions_has_an_empty_stream() -> None:
    """Nothing was told, nothing is missing: the next execution is the first."""
    feed = ExecutionFeed(FeedLimits())
    assert (feed.last(9), feed.first(9), len(feed.read(9, 1, 10).rows)) == (0, 1, 0)
    assert feed.consume(np.empty(0, EVENT)) == []


@pytest.mark.slow
def test_trades_and_fills_say_who_paid_whom_and_how_much() -> None:
    """Trade ids are dense; buyer and seller follow from the side that arrived."""
    drive, trades = Drive(4), TradeFeed()
    fills = FillFeed(trades, drive.venue.markets)
    expected = []
    for events in (drive.opening, *drive.events(1_500, 25)):
        trades.consume(events)
        for e in events[events["kind"] == EventKind.FILL]:
            taker = (int(e["account_id"]), int(e["fee_atoms"]))
            maker = (int(e["maker_account_id"]), int(e["maker_fee_atoms"]))
            buyer, seller = (taker, maker) if e["side"] == Side.BUY else (maker, taker)
            expected.append((int(e["trade_id"]), *buyer, *seller))
    found = fills.read(1, 1 << 20)
    assert fills.last == len(expected) > 100
    names = (
        "trade_id",
        "buyer_account_id",
        "buyer_fee_atoms",
        "seller_account_id",
        "seller_fee_atoms",
    )
    assert list(zip(*(found.rows[name].tolist() for name in names), strict=True)) == expected
    for row, units in zip(found.rows, found.units, strict=True):
        market = drive.venue.markets_by_id[int(row["market_id"])]
        assert (units.base_asset_id, units.base_atoms_per_lot) == (
            market.base_asset_id,
            market.base_atoms_per_lot,
        )


@pytest.mark.slow
def test_trades_of_one_market_are_found_without_reading_the_others() -> None:
    """Going on from the returned trade id finds every trade of the market once."""
    drive, trades = Drive(5), TradeFeed()
    for events in (drive.opening, *drive.events(1_500, 25)):
        trades.consume(events)
    everything = trades.read(1, 1 << 20)
    for market_id in (1, 2, 3):
        found, start = [], 1
        while start <= trades.last:
            rows, start = trades.read_market(market_id, start, 7)
            found += rows["trade_id"].tolist()
        assert found == everything["trade_id"][everything["market_id"] == market_id].tolist()


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [1, 40])
def test_withdrawal_steps_carry_the_last_trade_before_them(at_once: int) -> None:
    """A withdrawal is paid after the fills up to it are final, so each step names the last one."""
    drive, feed = Drive(6), WithdrawalFeed()
    expected, last_trade_id = [], 0
    steps = {
        CommandKind.WITHDRAW_HOLD,
        CommandKind.WITHDRAW_RELEASE,
        CommandKind.WITHDRAW_FINALIZE,
    }
    for events in (drive.opening, *drive.events(4_000, at_once)):
        feed.consume(events)
        for event in events:
            if event["kind"] == EventKind.FILL:
                last_trade_id = int(event["trade_id"])
            elif event["kind"] == EventKind.BALANCE and int(event["code"]) in steps:
                expected.append((int(event["sequence"]), int(event["order_id"]), last_trade_id))
    rows = feed.read(0, 1 << 20)
    names = ("sequence", "withdrawal_id", "last_trade_id")
    assert list(zip(*(rows[name].tolist() for name in names), strict=True)) == expected
    assert len(expected) > 20
    for index, (sequence, _, _) in enumerate(expected):
        assert feed.index_after(sequence) == index + 1
        assert feed.index_after(sequence - 1) == index
