"""Locks, fees, deposits, withdrawals, and conservation of every atom."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.core.commands import CommandKind, OrderType, TimeInForce
from engine.core.events import EventKind
from engine.core.limits import (
    AMOUNT_ATOMS_MAX,
    ASSET_TOTAL_ATOMS_MAX,
    PRICE_TICKS_MAX,
    QUANTITY_LOTS_MAX,
)
from engine.core.rejects import Reject
from tests.contract.core.desk import BASE, QUOTE, Desk, U, V, W

MakeDesk = Callable[..., Desk]


def ceil_fee(notional: int, fee_ppm: int) -> int:
    """The fee of a notional, rounded up."""
    return -(-notional * fee_ppm // 1_000_000)


def test_a_buy_locks_its_limit_and_the_higher_fee(make_desk: MakeDesk) -> None:
    """A resting buy locks notional at its limit plus the higher of maker and taker fee."""
    desk = make_desk(maker_fee_ppm=100, taker_fee_ppm=333, funds_atoms=1_000_000)
    desk.buy(U, 10, 1_001)
    locked = 10_010 + ceil_fee(10_010, 333)
    assert (1_000_000 - locked, locked, 0) == desk.venue.balance(U, QUOTE)


def test_a_sell_locks_its_quantity(make_desk: MakeDesk) -> None:
    """A sell locks its quantity in base atoms."""
    desk = make_desk(base_atoms_per_lot=1_000, funds_atoms=50_000)
    desk.sell(U, 10, 7)
    assert desk.venue.balance(U, BASE) == (40_000, 10_000, 0)


def test_a_better_price_frees_the_difference(make_desk: MakeDesk) -> None:
    """A fill below the limit frees what it saved; a cancel frees the rest."""
    desk = make_desk(funds_atoms=10_000)
    desk.sell(V, 5, 90)
    bid = desk.buy(U, 10, 100).order_id
    assert desk.venue.balance(U, QUOTE) == (10_000 - 450 - 500, 500, 0)
    desk.cancel(U, bid)
    assert desk.venue.balance(U, QUOTE) == (9_550, 0, 0)


@pytest.mark.parametrize("parts", [(10,), (1,) * 10, (3, 3, 4), (9, 1)])
def test_how_an_order_is_split_into_fills_never_changes_its_fee(
    make_desk: MakeDesk, parts: tuple[int, ...]
) -> None:
    """Fees are charged on the whole filled quantity, rounded up once."""
    desk = make_desk(maker_fee_ppm=77, taker_fee_ppm=333)
    sold = desk.sell(U, 10, 1_003)
    paid = [0, 0]
    for lots in parts:
        (fill,) = desk.buy(V, lots, 1_003).of(EventKind.FILL)
        paid[0] += int(fill["maker_fee_atoms"])
        paid[1] += int(fill["fee_atoms"])
    assert sold.rests
    assert ceil_fee(10_030, 77) == paid[0]
    assert sum(ceil_fee(1_003 * lots, 333) for lots in parts) == paid[1]
    assert sum(paid) == int(desk.venue.assets()["fee_atoms"][0])


def test_an_order_that_takes_and_then_makes_pays_both_rates_rounded_once(
    make_desk: MakeDesk,
) -> None:
    """Taker and maker parts of one order share one rounding."""
    desk = make_desk(maker_fee_ppm=77, taker_fee_ppm=333)
    desk.sell(U, 1, 1_003)
    (taken,) = desk.buy(V, 2, 1_003).of(EventKind.FILL)
    (made,) = desk.sell(W, 1, 1_003).of(EventKind.FILL)
    due_ppm = 1_003 * 333 + 1_003 * 77
    assert -(-due_ppm // 1_000_000) == int(taken["fee_atoms"]) + int(made["maker_fee_atoms"])
    assert desk.venue.balance(V, QUOTE)[1] == 0


def test_a_market_buy_locks_exactly_what_it_takes(make_desk: MakeDesk) -> None:
    """A market buy needs the cost of its walk through the book, fee included, and no more."""
    desk = make_desk(taker_fee_ppm=1_000, funds_atoms=0)
    desk.deposit(U, BASE, 100)
    desk.sell(U, 3, 300)
    desk.sell(U, 5, 400)
    cost = 900 + 800 + ceil_fee(1_700, 1_000)
    desk.deposit(V, QUOTE, cost - 1)
    assert desk.buy(V, 5).reject == Reject.INSUFFICIENT_FUNDS
    desk.deposit(V, QUOTE, 1)
    assert desk.buy(V, 5).answer["filled_lots"] == 5
    assert desk.venue.balance(V, QUOTE) == (0, 0, 0)


def test_an_order_without_funds_is_refused(make_desk: MakeDesk) -> None:
    """Buys need quote, sells need base; the other asset does not help."""
    desk = make_desk(funds_atoms=0)
    desk.deposit(U, BASE, 1_000)
    assert desk.buy(U, 1, 1).reject == Reject.INSUFFICIENT_FUNDS
    desk.deposit(V, QUOTE, 1_000)
    assert desk.sell(V, 1, 1).reject == Reject.INSUFFICIENT_FUNDS
    assert desk.sell(V, 1).reject == Reject.INSUFFICIENT_FUNDS


def test_two_orders_that_race_for_one_balance_lock_it_once(make_desk: MakeDesk) -> None:
    """The second of two orders that each need the whole balance is refused."""
    desk = make_desk(funds_atoms=1_000)
    assert desk.buy(U, 10, 100).reject == Reject.NONE
    assert desk.buy(U, 10, 100).reject == Reject.INSUFFICIENT_FUNDS


def test_neither_side_of_a_fill_ever_receives_nothing(make_desk: MakeDesk) -> None:
    """One lot at one tick moves at least one atom each way."""
    desk = make_desk(maker_fee_ppm=100_000, taker_fee_ppm=100_000)
    desk.sell(U, 1, 1)
    (fill,) = desk.buy(V, 1, 1).of(EventKind.FILL)
    assert (int(fill["fee_atoms"]), int(fill["maker_fee_atoms"])) == (1, 1)


def test_withdrawals_hold_release_and_finalize(desk: Desk) -> None:
    """Held funds come back on release and leave the ledger on finalize, each once."""
    free, _, _ = desk.venue.balance(U, QUOTE)
    first, second = desk.hold(U, QUOTE, 100).order_id, desk.hold(U, QUOTE, 50).order_id
    assert (free - 150, 0, 150) == desk.venue.balance(U, QUOTE)
    done = {"account_id": U, "order_id": first}
    assert desk.with_id(CommandKind.WITHDRAW_FINALIZE, **done).kind == EventKind.BALANCE
    again = desk.with_id(CommandKind.WITHDRAW_FINALIZE, **done)
    assert again.reject == Reject.UNKNOWN_WITHDRAWAL
    foreign = desk.with_id(CommandKind.WITHDRAW_RELEASE, account_id=V, order_id=second)
    assert foreign.reject == Reject.UNKNOWN_WITHDRAWAL
    desk.with_id(CommandKind.WITHDRAW_RELEASE, account_id=U, order_id=second)
    assert (free - 100, 0, 0) == desk.venue.balance(U, QUOTE)
    assert int(desk.venue.assets()["withdrawn_atoms"][0]) == 100


def test_held_and_locked_funds_cannot_be_spent_twice(make_desk: MakeDesk) -> None:
    """What is held for a withdrawal cannot back an order, nor the reverse."""
    desk = make_desk(funds_atoms=1_000)
    desk.hold(U, QUOTE, 600)
    assert desk.buy(U, 5, 100).reject == Reject.INSUFFICIENT_FUNDS
    desk.buy(V, 5, 100)
    assert desk.hold(V, QUOTE, 501).reject == Reject.INSUFFICIENT_FUNDS


def test_an_assets_total_is_bounded(make_desk: MakeDesk) -> None:
    """Deposits stop before a sum of balances could wrap."""
    desk = make_desk(funds_atoms=0)
    for _ in range(ASSET_TOTAL_ATOMS_MAX // AMOUNT_ATOMS_MAX):
        assert desk.deposit(U, QUOTE, AMOUNT_ATOMS_MAX).reject == Reject.NONE
    assert desk.deposit(U, QUOTE, 1).reject == Reject.BALANCE_TOO_LARGE


def test_overflow_is_refused_before_anything_is_locked(make_desk: MakeDesk) -> None:
    """A notional beyond the ledger is refused, at the largest fields and at the first beyond."""
    desk = make_desk(quote_atoms_per_tick_lot=1 << 40, base_atoms_per_lot=1 << 20)
    largest = desk.buy(U, QUANTITY_LOTS_MAX, PRICE_TICKS_MAX)
    assert largest.reject == Reject.NOTIONAL_TOO_LARGE
    assert desk.buy(U, 1 << 10, (1 << 10) + 1).reject == Reject.NOTIONAL_TOO_LARGE
    assert desk.buy(U, 1 << 10, 1 << 10).reject == Reject.INSUFFICIENT_FUNDS
    assert desk.sell(U, (1 << 40), 1).reject == Reject.NOTIONAL_TOO_LARGE


def test_a_market_sell_beyond_the_book_locks_and_frees(desk: Desk) -> None:
    """A market sell locks its whole quantity and frees what the book did not take."""
    free, _, _ = desk.venue.balance(U, BASE)
    desk.buy(V, 3, 100)
    desk.sell(U, 10, order_type=OrderType.MARKET, time_in_force=TimeInForce.IOC)
    assert (free - 3, 0, 0) == desk.venue.balance(U, BASE)
