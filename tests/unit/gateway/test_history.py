"""An account's history: a fold over its executions that forgets only what is long done."""

from __future__ import annotations

import pytest

from engine.core.commands import CommandKind, OrderType, Side, TimeInForce
from engine.core.invariants import BrokenInvariant
from engine.core.rejects import CancelReason
from gateway.accounts.history import AccountHistory, OrderStatus
from realstack.client import (
    Accepted,
    Balance,
    BalanceChanged,
    Cancelled,
    DeadlineNear,
    Execution,
    Filled,
    Liquidity,
    OpenOrder,
    OrderState,
    Reduced,
    Refreshed,
    Replaced,
    Triggered,
)
from realstack.client.records import ExecutionEvent


def state(order_id: int, *, filled: int = 0, leaves: int = 0, price: int = 100) -> OrderState:
    return OrderState(order_id, order_id * 1_000, 1, Side.BUY, price, filled, leaves)


def accepted(
    order_id: int, quantity: int, *, filled: int = 0, leaves: int | None = None
) -> Accepted:
    left = quantity - filled if leaves is None else leaves
    order = state(order_id, filled=filled, leaves=left)
    return Accepted(order, quantity, OrderType.LIMIT, TimeInForce.GTC)


def filled(order_id: int, trade_id: int, lots: int, *, total: int, leaves: int) -> Filled:
    order = state(order_id, filled=total, leaves=leaves)
    return Filled(order, trade_id, 100, lots, 1, Liquidity.MAKER, 9)


def cancelled(order_id: int, lots: int, *, total: int = 0) -> Cancelled:
    return Cancelled(state(order_id, filled=total), lots, CancelReason.REQUESTED)


class Folded:
    """A history with its executions numbered as they come."""

    def __init__(self, **limits: int) -> None:
        self.history = AccountHistory(7, **limits)

    def add(self, *events: ExecutionEvent) -> None:
        """Fold in events, each by a command of its own."""
        for event in events:
            number = self.history.execution_sequence + 1
            self.history.apply(Execution(number, number * 10, number * 1_000, event))

    def status(self, order_id: int) -> OrderStatus:
        """Return where an order stands."""
        row = self.history.order(order_id)
        assert row is not None
        return row.status


def test_an_order_works_until_it_is_filled() -> None:
    """Partly filled is still working; filled is when nothing is left and all of it traded."""
    folded = Folded()
    folded.add(accepted(1, 10))
    assert folded.status(1) is OrderStatus.WORKING
    folded.add(filled(1, 5, 4, total=4, leaves=6))
    assert folded.status(1) is OrderStatus.WORKING
    folded.add(filled(1, 6, 6, total=10, leaves=0))
    assert folded.status(1) is OrderStatus.FILLED
    assert [row.filled.trade_id for row in folded.history.fills] == [5, 6]


def test_an_order_that_trades_on_arrival_ends_as_its_command_ended() -> None:
    """The acceptance tells the end of the command, its fills what happened on the way."""
    folded = Folded()
    folded.add(
        accepted(1, 10, filled=10),
        filled(1, 1, 4, total=4, leaves=6),
        filled(1, 2, 6, total=10, leaves=0),
    )
    row = folded.history.order(1)
    assert row is not None
    assert (row.status, row.filled_lots, row.leaves_lots) == (OrderStatus.FILLED, 10, 0)


def test_what_could_not_trade_is_cancelled_with_its_reason() -> None:
    """An immediate order that traded in part is cancelled, not filled."""
    folded = Folded()
    reason = Cancelled(state(1, filled=4), 6, CancelReason.NO_LIQUIDITY)
    folded.add(accepted(1, 10, filled=4, leaves=0), filled(1, 1, 4, total=4, leaves=0), reason)
    row = folded.history.order(1)
    assert row is not None
    assert (row.status, row.cancel_reason) == (OrderStatus.CANCELLED, CancelReason.NO_LIQUIDITY)


def test_a_replace_changes_price_and_total() -> None:
    """The new total holds what is filled; the order is the same one."""
    folded = Folded()
    folded.add(
        accepted(1, 10),
        filled(1, 1, 4, total=4, leaves=6),
        Replaced(state(1, filled=4, leaves=1, price=120), 5, False),
    )
    row = folded.history.order(1)
    assert row is not None
    assert (row.price_ticks, row.quantity_lots, row.leaves_lots) == (120, 5, 1)


def test_a_reduction_takes_leaves_and_leaves_the_order_working() -> None:
    """Self-trade prevention by decrement shortens an order without a trade."""
    folded = Folded()
    folded.add(accepted(1, 10), Reduced(state(1, leaves=7), 3))
    row = folded.history.order(1)
    assert row is not None
    assert (row.status, row.leaves_lots) == (OrderStatus.WORKING, 7)


def test_an_order_is_found_by_either_id() -> None:
    """The newest order of a client id is the one that is meant."""
    folded = Folded()
    folded.add(accepted(1, 10), cancelled(1, 10))
    again = Accepted(
        OrderState(2, 1_000, 1, Side.SELL, 50, 0, 3), 3, OrderType.LIMIT, TimeInForce.GTC
    )
    folded.add(again)
    found = folded.history.order_by_client_id(1_000)
    assert found is not None
    assert found.order_id == 2
    assert folded.history.order_by_client_id(5) is None


def test_orders_that_are_done_are_forgotten_first_and_working_ones_never() -> None:
    """The limit is on what is done: a quote that works for months stays."""
    folded = Folded(orders_max=2)
    folded.add(accepted(1, 10))
    for order_id in range(2, 7):
        folded.add(accepted(order_id, 1), cancelled(order_id, 1))
    assert [row.order_id for row in folded.history.orders()] == [6, 5, 1]
    assert folded.history.order_by_client_id(2_000) is None
    folded.add(filled(1, 1, 10, total=10, leaves=0))
    assert folded.status(1) is OrderStatus.FILLED


def test_fills_and_deposits_are_bounded() -> None:
    """The newest are kept."""
    folded = Folded(fills_max=3)
    folded.add(accepted(1, 100))
    for trade_id in range(1, 6):
        folded.add(filled(1, trade_id, 1, total=trade_id, leaves=100 - trade_id))
        folded.add(BalanceChanged(Balance(1, 5, 0, 0), CommandKind.DEPOSIT, trade_id, 0))
    assert [row.filled.trade_id for row in folded.history.fills] == [3, 4, 5]
    assert [row.amount_atoms for row in folded.history.deposits] == [3, 4, 5]


def test_a_withdrawal_goes_from_held_to_finalized() -> None:
    """It keeps the time of its request and has the time of its last step."""
    folded = Folded()
    for cause in (CommandKind.WITHDRAW_HOLD, CommandKind.WITHDRAW_FINALIZE):
        folded.add(BalanceChanged(Balance(1, 5, 0, 0), cause, 50, 8))
    (row,) = folded.history.withdrawals.values()
    assert (row.step, row.amount_atoms) == (CommandKind.WITHDRAW_FINALIZE, 50)
    assert (row.requested_time_ns, row.updated_time_ns) == (1_000, 2_000)


def test_a_late_beginning_has_the_orders_that_work_already() -> None:
    """When the venue no longer tells the first executions, the working orders still are known."""
    history = AccountHistory(7)
    working = OpenOrder(
        order=state(3, filled=2, leaves=5),
        priority_sequence=11,
        post_only=False,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        waiting=False,
        visible_lots=5,
        trigger_price_ticks=0,
        expire_time_ns=0,
        tag=0,
    )
    history.begin(40, [working])
    row = history.order(3)
    assert row is not None
    assert (row.order_type, row.quantity_lots) == (OrderType.LIMIT, 7)
    assert row.status == OrderStatus.WORKING.value
    history.apply(Execution(41, 500, 1, filled(3, 9, 5, total=7, leaves=0)))
    assert row.status is OrderStatus.FILLED
    history.apply(Execution(42, 501, 1, cancelled(2, 5)))  # done before the beginning
    assert history.order(2) is None
    assert history.as_of_sequence == 501


def test_a_gap_or_a_second_beginning_stops() -> None:
    """An execution that is missing is a bug, never a hole in the history."""
    history = AccountHistory(7)
    with pytest.raises(BrokenInvariant, match="without a gap"):
        history.apply(Execution(2, 1, 1, accepted(1, 1)))
    history.begin(4, [])
    with pytest.raises(BrokenInvariant, match="begins once"):
        history.begin(5, [])


def test_a_stop_that_fires_is_the_same_order_going_on() -> None:
    """Triggered tells what it filled by then, and the fills after it take none of that back."""
    history = AccountHistory(7)
    waits = Accepted(
        state(3, filled=0, leaves=5), 5, OrderType.STOP_LIMIT, TimeInForce.GTC, True, 9
    )
    history.apply(Execution(1, 500, 1, waits))
    history.apply(Execution(2, 501, 2, Triggered(state(3, filled=2, leaves=3), 5, 9)))
    history.apply(Execution(3, 501, 2, filled(3, 9, 1, total=1, leaves=4)))
    row = history.order(3)
    assert row is not None
    assert (row.filled_lots, row.leaves_lots, row.status) == (2, 3, OrderStatus.WORKING)
    history.apply(Execution(4, 502, 3, Refreshed(state(3, filled=2, leaves=3), 1)))
    assert (row.filled_lots, row.leaves_lots) == (2, 3)


def test_an_order_by_amount_is_filled_when_it_bought_anything() -> None:
    """It has no quantity that could be reached; what it did not spend is cancelled."""
    for bought, status in ((0, OrderStatus.CANCELLED), (4, OrderStatus.FILLED)):
        history = AccountHistory(7)
        order = state(3, filled=bought, leaves=0)
        kind = OrderType.MARKET_BY_AMOUNT
        history.apply(Execution(1, 500, 1, Accepted(order, 0, kind, TimeInForce.IOC)))
        row = history.order(3)
        assert row is not None
        assert row.status is status


def open_order(order_id: int, *, leaves: int, visible: int) -> OpenOrder:
    return OpenOrder(
        order=state(order_id, leaves=leaves),
        priority_sequence=1,
        post_only=True,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTD,
        waiting=False,
        visible_lots=visible,
        trigger_price_ticks=0,
        expire_time_ns=77,
        tag=9,
    )


def test_a_list_of_working_orders_tells_what_executions_do_not() -> None:
    """What an order shows is forgotten with its next change, its tag and expiry are kept."""
    folded = Folded()
    folded.add(accepted(1, 10))
    folded.history.learn([open_order(1, leaves=10, visible=4)], 10)
    row = folded.history.order(1)
    assert row is not None
    assert (row.visible_lots, row.tag, row.expire_time_ns, row.post_only) == (4, 9, 77, True)
    folded.add(filled(1, 1, 2, total=2, leaves=8))
    assert (row.visible_lots, row.tag) == (None, 9)
    folded.add(Refreshed(state(1, filled=2, leaves=8), 4))
    assert row.visible_lots == 4


def test_a_list_older_than_the_order_tells_nothing_of_it() -> None:
    """An answer that was under way while the order changed is not taken for the order as it is."""
    folded = Folded()
    folded.add(accepted(1, 10))
    folded.history.learn([open_order(1, leaves=10, visible=4)], 9)
    row = folded.history.order(1)
    assert row is not None
    assert (row.visible_lots, row.tag) == (None, None)


def test_a_warning_of_a_deadline_counts_and_changes_no_order() -> None:
    """It is an execution of the account, of no order."""
    folded = Folded()
    folded.add(accepted(1, 5), DeadlineNear(7, 99), cancelled(1, 5))
    assert 3 == folded.history.execution_sequence
    row = folded.history.order(1)
    assert row is not None
    assert OrderStatus.CANCELLED is row.status
