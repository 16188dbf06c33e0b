"""Slots of orders, levels and withdrawals are used again, and arrays grow at every size."""

from __future__ import annotations

import numpy as np
import pytest

from engine.core.commands import CommandKind, Side
from engine.core.events import EventKind
from engine.core.venue import Venue
from tests.unit.core.rows import BASE, MARKET, PLENTY, QUOTE, Pair, places, rows


@pytest.mark.parametrize("count", [1, 7, 8, 9, 63, 64, 65, 128, 129])
def test_slots_of_ended_orders_are_used_again(count: int) -> None:
    """Orders take the slots of cancelled ones, and nothing of those shines through."""
    pair = Pair()
    pair.run(places(count, client_id_low=np.arange(1, count + 1)))
    pair.run(rows(1, CommandKind.CANCEL_ALL, account_id=1))
    pair.agree()
    second = places(count + 3, client_id_low=1_000 + np.arange(count + 3))
    second["side"] = Side.SELL
    second["account_id"] = 2
    second["price_ticks"] = 200 + np.arange(count + 3)
    pair.run(second)
    pair.agree()
    orders = pair.venue.orders()
    assert list(range(count + 1, 2 * count + 4)) == orders["order_id"].tolist()
    assert {2} == set(orders["account_id"].tolist())
    assert {0} == set(orders["filled_lots"].tolist())
    assert count + 3 == len(pair.venue.levels(MARKET, Side.SELL))
    assert 0 == len(pair.venue.levels(MARKET, Side.BUY))


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
@pytest.mark.parametrize("count", [8, 9, 10, 16, 17, 33, 300])
def test_levels_are_in_order_however_they_come_and_go(count: int, side: Side) -> None:
    """Prices in any order give a sorted side, at every size and near and far from the best."""
    pair = Pair()
    prices = 1 + np.random.default_rng(count).permutation(count)
    pair.run(places(count, side=side, price_ticks=prices, client_id_low=np.arange(1, count + 1)))
    best_first = sorted(prices.tolist(), reverse=side == Side.BUY)
    assert best_first == pair.venue.levels(MARKET, side)["price_ticks"].tolist()
    assert best_first[:3] == pair.venue.levels(MARKET, side, 3)["price_ticks"].tolist()
    gone = 1 + np.flatnonzero(prices % 3 == 0)
    pair.run(rows(len(gone), CommandKind.CANCEL, account_id=1, order_id=gone))
    left = [price for price in best_first if price % 3]
    assert left == pair.venue.levels(MARKET, side)["price_ticks"].tolist()
    pair.agree()


def test_a_queue_keeps_its_order_when_its_ends_and_its_middle_leave() -> None:
    """Orders are unlinked at the head, in the middle and at the tail."""
    pair = Pair()
    pair.run(places(6, client_id_low=np.arange(1, 7)))
    pair.run(rows(3, CommandKind.CANCEL, account_id=1, order_id=[1, 3, 6]))
    pair.run(places(1, client_id_low=7))
    sell = places(1, side=Side.SELL, account_id=2, quantity_lots=40, client_id_low=8)
    fills = pair.run(sell)[1:]
    assert [2, 4, 5, 7] == fills["maker_order_id"].tolist()
    pair.agree()


@pytest.mark.parametrize("count", [1, 63, 64, 65, 200])
def test_withdrawals_are_found_and_their_slots_used_again(count: int) -> None:
    """Every hold is released or finalized once, whatever the table's size."""
    pair = Pair()
    ids = np.arange(1, count + 1)
    hold = rows(count, CommandKind.WITHDRAW_HOLD, account_id=1, asset_id=QUOTE, amount_atoms=ids)
    hold["client_id_low"] = 10 + ids
    for turn in range(2):
        hold["client_id_high"] = turn
        hold["sent_time_ns"] = 0
        held = pair.run(hold)["order_id"]
        pair.agree()
        done = rows(2 * count, CommandKind.WITHDRAW_RELEASE, account_id=1)
        done["kind"][::2] = CommandKind.WITHDRAW_FINALIZE
        done["order_id"] = np.tile(held, 2)
        done["client_id_low"] = 1_000 + np.arange(2 * count)
        done["client_id_high"] = turn
        kinds = pair.run(done)["kind"].tolist()
        assert [int(EventKind.BALANCE)] * count + [int(EventKind.REJECTED)] * count == kinds
        pair.agree()
    assert 0 == pair.venue.balance(1, QUOTE)[2]


def test_accounts_and_assets_may_have_any_id_in_range() -> None:
    """Arrays by id grow to the highest id, in any order of definition."""
    pair = Pair()
    low = int.from_bytes(b"LAST", "little")
    pair.run(rows(1, CommandKind.DEFINE_ASSET, asset_id=1_024, symbol_low=low))
    accounts = [1_000_000, 3, 65_536, 999_999]
    pair.run(rows(4, CommandKind.DEFINE_ACCOUNT, account_id=accounts))
    pair.run(
        rows(
            8,
            CommandKind.DEPOSIT,
            account_id=np.repeat(accounts, 2),
            asset_id=np.tile([1_024, BASE], 4),
            amount_atoms=np.arange(1, 9),
            client_id_low=np.arange(1, 9),
        )
    )
    pair.agree()
    assert pair.reference is not None
    assert pair.reference.balances().tobytes() == pair.venue.balances().tobytes()
    assert pair.reference.accounts() == pair.venue.accounts()
    assert (1, 0, 0) == pair.venue.balance(1_000_000, 1_024)


@pytest.mark.parametrize("count", [1_023, 1_024, 1_025, 2_500])
def test_one_command_may_give_any_number_of_events(count: int) -> None:
    """A cancel-all and a sweep give an event for each order, beyond the room for events."""
    pair = Pair(with_reference=False)
    pair.run(places(count, client_id_low=np.arange(1, count + 1)))
    events = pair.run(rows(1, CommandKind.CANCEL_ALL, account_id=1))
    assert list(range(1, count + 1)) == events["order_id"].tolist()[:-1]
    assert count == int(events[-1]["quantity_lots"])
    assert list(range(count + 1)) == events["event_index"].tolist()
    pair.run(places(count, client_id_low=10_000 + np.arange(count)))
    sweep = places(1, side=Side.SELL, account_id=2, quantity_lots=10 * count, client_id_low=9)
    events = pair.run(sweep)
    assert count + 1 == len(events)
    assert 10 * count == int(events[0]["filled_lots"])
    assert PLENTY + 1_000 * count == pair.venue.balance(2, QUOTE)[0]
    pair.agree()


@pytest.mark.parametrize("used", [0, 10, 3_000])
def test_memory_that_is_taken_ahead_changes_nothing_that_is_seen(used: int) -> None:
    """Before the first command or between two, ids are still found and new orders fit in."""
    pair = Pair()
    first = places(used, client_id_low=1 + np.arange(used))
    more = places(2_000, client_id_low=10_000 + np.arange(2_000))
    pair.run(first)

    pair.venue.prepare(orders=5_000, ids=20_000)

    pair.run(first.copy())
    pair.run(more)
    assert pair.venue.counts()["open_orders"] == used + 2_000
    pair.agree()


def test_a_state_of_a_venue_that_took_memory_ahead_is_restored() -> None:
    """What is free is not part of the state, and the restored venue goes on alike."""
    pair = Pair(with_reference=False)
    pair.venue.prepare(orders=1_000, ids=10_000)
    pair.run(places(100, client_id_low=1 + np.arange(100)))
    other = Venue()

    other.restore(pair.venue.dump())

    more = pair.stamp(places(100, client_id_low=50 + np.arange(100)))
    assert other.apply(more).tobytes() == pair.venue.apply(more).tobytes()
    assert other.digest() == pair.venue.digest()
