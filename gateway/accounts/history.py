"""An account's orders, fills and transfers as its executions tell them; no input or output here.

Executions come in order and without a gap, so this is a fold over them. Working orders are always
kept; of orders that are done, fills and transfers the newest are kept.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from engine.core.commands import CommandKind, OrderType, Side, TimeInForce
from engine.core.invariants import check
from engine.core.rejects import CancelReason
from gateway.limits import ACCOUNT_FILLS_MAX, ACCOUNT_ORDERS_MAX
from realstack.client import (
    Accepted,
    BalanceChanged,
    Cancelled,
    DeadlineNear,
    Execution,
    Filled,
    OpenOrder,
    OrderState,
    Reduced,
    Refreshed,
    Replaced,
    Triggered,
)

# What tells of an order that is there already.
OrderChange = Filled | Cancelled | Replaced | Reduced | Triggered | Refreshed


class OrderStatus(StrEnum):
    """Where an order stands."""

    WORKING = "working"
    FILLED = "filled"
    CANCELLED = "cancelled"


@dataclass(slots=True, kw_only=True)
class OrderRow:
    """An order of the account."""

    order_id: int
    client_id: int
    market_id: int
    side: Side
    order_type: OrderType | None
    time_in_force: TimeInForce | None
    price_ticks: int
    quantity_lots: int
    filled_lots: int
    leaves_lots: int
    cancel_reason: CancelReason | None
    created_time_ns: int
    updated_time_ns: int
    sequence: int
    waiting: bool = False
    trigger_price_ticks: int = 0
    # What the venue tells of working orders only when it is asked for them; none is not known.
    visible_lots: int | None = None
    post_only: bool | None = None
    expire_time_ns: int | None = None
    tag: int | None = None

    def learn(self, found: OpenOrder) -> None:
        """Take over what the venue tells of a working order when it is asked."""
        self.waiting = found.waiting
        self.trigger_price_ticks = found.trigger_price_ticks
        self.visible_lots = found.visible_lots
        self.post_only = found.post_only
        self.expire_time_ns = found.expire_time_ns
        self.tag = found.tag

    def at(self, state: OrderState) -> OrderRow:
        """Return the order with the quantities that an event tells."""
        return replace(self, filled_lots=state.filled_lots, leaves_lots=state.leaves_lots)

    @property
    def status(self) -> OrderStatus:
        """Where it stands: working while it has leaves, filled when all of it traded.

        An order by amount has no quantity: it is filled when it bought anything.
        """
        if self.leaves_lots > 0:
            return OrderStatus.WORKING
        if self.filled_lots >= max(self.quantity_lots, 1):
            return OrderStatus.FILLED
        return OrderStatus.CANCELLED


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRow:
    """A fill of one of the account's orders."""

    execution_sequence: int
    sequence: int
    time_ns: int
    order: OrderState
    filled: Filled


@dataclass(slots=True, kw_only=True)
class WithdrawalRow:
    """A withdrawal."""

    withdrawal_id: int
    asset_id: int
    amount_atoms: int
    step: CommandKind
    requested_time_ns: int
    updated_time_ns: int
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositRow:
    """A deposit that was credited."""

    asset_id: int
    amount_atoms: int
    time_ns: int
    sequence: int


def fill_row(execution: Execution, event: Filled) -> FillRow:
    """Return the row of a fill."""
    return FillRow(
        execution_sequence=execution.execution_sequence,
        sequence=execution.sequence,
        time_ns=execution.time_ns,
        order=event.order,
        filled=event,
    )


class AccountHistory:
    """The fold of an account's executions.

    Attributes:
        account_id: Whose.
        execution_sequence: The last one folded in; the next must be one more.
        as_of_sequence: The venue sequence up to which this is complete.
    """

    def __init__(
        self,
        account_id: int,
        *,
        orders_max: int = ACCOUNT_ORDERS_MAX,
        fills_max: int = ACCOUNT_FILLS_MAX,
    ) -> None:
        self.account_id = account_id
        self.execution_sequence = 0
        self.as_of_sequence = 0
        self.fills: deque[FillRow] = deque(maxlen=fills_max)
        self.deposits: deque[DepositRow] = deque(maxlen=fills_max)
        self.withdrawals: OrderedDict[int, WithdrawalRow] = OrderedDict()
        self._orders_max = orders_max
        self._transfers_max = fills_max
        self._orders: dict[int, OrderRow] = {}
        self._by_client_id: dict[int, int] = {}
        self._done: deque[int] = deque()

    def begin(self, execution_sequence: int, open_orders: Iterable[OpenOrder]) -> None:
        """Begin after an execution sequence, when the venue no longer keeps the first ones.

        Args:
            execution_sequence: The last execution that is not seen.
            open_orders: The account's working orders, some of which may be older than that.
        """
        check(self.execution_sequence == 0, "a history begins once")
        self.execution_sequence = execution_sequence
        for row in open_orders:
            order = row.order
            known = OrderRow(
                order_id=order.order_id,
                client_id=order.client_id,
                market_id=order.market_id,
                side=order.side,
                order_type=row.order_type,
                time_in_force=row.time_in_force,
                price_ticks=order.price_ticks,
                quantity_lots=order.filled_lots + order.leaves_lots,
                filled_lots=order.filled_lots,
                leaves_lots=order.leaves_lots,
                cancel_reason=None,
                created_time_ns=0,
                updated_time_ns=0,
                sequence=row.priority_sequence,
            )
            known.learn(row)
            self._add(known)

    def learn(self, open_orders: Iterable[OpenOrder], as_of_sequence: int) -> None:
        """Take over what only a list of the working orders tells.

        Args:
            open_orders: The account's working orders, all of them.
            as_of_sequence: The venue sequence that the list reflects.
        """
        for found in open_orders:
            row = self._orders.get(found.order.order_id)
            is_working = row is not None and row.status is OrderStatus.WORKING
            if row is not None and is_working and row.sequence <= as_of_sequence:
                row.learn(found)

    def apply(self, execution: Execution) -> None:
        """Fold in the next execution."""
        expected = self.execution_sequence + 1
        check(execution.execution_sequence == expected, "executions come without a gap")
        event = execution.event
        if isinstance(event, Accepted):
            self._accept(event, execution)
        elif isinstance(event, BalanceChanged):
            self._change_balance(event, execution)
        elif not isinstance(event, DeadlineNear):  # that changes no order yet
            self._change_order(event, execution)
        self.execution_sequence = execution.execution_sequence
        self.as_of_sequence = max(self.as_of_sequence, execution.sequence)

    def order(self, order_id: int) -> OrderRow | None:
        """Return an order by the venue's id."""
        return self._orders.get(order_id)

    def order_by_client_id(self, client_id: int) -> OrderRow | None:
        """Return the newest order that was placed with a client id."""
        return self._orders.get(self._by_client_id.get(client_id, 0))

    def orders(self) -> list[OrderRow]:
        """Return all kept orders, newest first."""
        return sorted(self._orders.values(), key=lambda row: row.order_id, reverse=True)

    def _accept(self, event: Accepted, execution: Execution) -> None:
        order = event.order
        self._add(
            OrderRow(
                order_id=order.order_id,
                client_id=order.client_id,
                market_id=order.market_id,
                side=order.side,
                order_type=event.order_type,
                time_in_force=event.time_in_force,
                price_ticks=order.price_ticks,
                quantity_lots=event.quantity_lots,
                filled_lots=order.filled_lots,
                leaves_lots=order.leaves_lots,
                cancel_reason=None,
                created_time_ns=execution.time_ns,
                updated_time_ns=execution.time_ns,
                sequence=execution.sequence,
                waiting=event.waiting,
                trigger_price_ticks=event.trigger_price_ticks,
            )
        )

    def _add(self, row: OrderRow) -> None:
        self._orders[row.order_id] = row
        self._by_client_id[row.client_id] = row.order_id
        self._note_done(row)

    def _note_done(self, row: OrderRow) -> None:
        """Forget the order that was done first when there are too many."""
        if row.status is OrderStatus.WORKING:
            return
        self._done.append(row.order_id)
        while len(self._done) > self._orders_max:
            oldest = self._orders.get(self._done.popleft())
            if oldest is None or oldest.status is OrderStatus.WORKING:
                continue
            del self._orders[oldest.order_id]
            if self._by_client_id.get(oldest.client_id) == oldest.order_id:
                del self._by_client_id[oldest.client_id]

    def _change_order(self, event: OrderChange, execution: Execution) -> None:
        if isinstance(event, Filled):
            self.fills.append(fill_row(execution, event))
        row = self._orders.get(event.order.order_id)
        if row is None:
            return  # it was done before the first kept execution ended
        was_working = row.status is OrderStatus.WORKING
        self._update(row, event)
        row.updated_time_ns = execution.time_ns
        row.sequence = execution.sequence
        if was_working:
            self._note_done(row)

    @staticmethod
    def _update(row: OrderRow, event: OrderChange) -> None:
        # Accepted, Replaced and Triggered carry the quantities at the end of their work, the fills
        # that follow those in between: what is filled only ever grows.
        row.visible_lots = None
        if event.order.filled_lots >= row.filled_lots:
            row.filled_lots = event.order.filled_lots
            row.leaves_lots = event.order.leaves_lots
        if isinstance(event, Replaced):
            row.price_ticks = event.order.price_ticks
            row.quantity_lots = event.quantity_lots
        elif isinstance(event, Triggered):
            row.waiting = False
            row.trigger_price_ticks = event.trigger_price_ticks
        elif isinstance(event, Refreshed):
            row.visible_lots = event.visible_lots
        elif isinstance(event, Cancelled):
            row.cancel_reason = event.reason

    def _change_balance(self, event: BalanceChanged, execution: Execution) -> None:
        if event.withdrawal_id == 0:
            self.deposits.append(
                DepositRow(
                    asset_id=event.balance.asset_id,
                    amount_atoms=event.amount_atoms,
                    time_ns=execution.time_ns,
                    sequence=execution.sequence,
                )
            )
            return
        known = self.withdrawals.get(event.withdrawal_id)
        asked = event.cause is CommandKind.WITHDRAW_HOLD
        self.withdrawals[event.withdrawal_id] = WithdrawalRow(
            withdrawal_id=event.withdrawal_id,
            asset_id=event.balance.asset_id,
            amount_atoms=event.amount_atoms,
            step=event.cause,
            requested_time_ns=execution.time_ns
            if asked or known is None
            else known.requested_time_ns,
            updated_time_ns=execution.time_ns,
            sequence=execution.sequence,
        )
        while len(self.withdrawals) > self._transfers_max:
            self.withdrawals.popitem(last=False)
