"""Executions to messages."""

from __future__ import annotations

from collections.abc import Callable

from engine.core.commands import Side
from engine.core.events import KEPT_PRIORITY, WAITING, EventKind
from engine.feed.executions import Executions
from realstack.common.v1 import common_pb2
from realstack.trading.v1 import trading_pb2

Row = dict[str, int]

# What the executions tell of an event; columns become lists at once, which is ten times as fast as
# reading a record's fields one by one.
_COLUMNS = (
    "sequence",
    "time_ns",
    "kind",
    "side",
    "order_type",
    "time_in_force",
    "code",
    "flags",
    "account_id",
    "market_id",
    "order_id",
    "client_id_low",
    "client_id_high",
    "price_ticks",
    "quantity_lots",
    "filled_lots",
    "leaves_lots",
    "fee_atoms",
    "maker_order_id",
    "maker_leaves_lots",
    "maker_fee_atoms",
    "trade_id",
    "maker_client_id_low",
    "maker_client_id_high",
    "maker_filled_lots",
)


def execution_messages(executions: Executions) -> list[trading_pb2.Execution]:
    """Make the messages of consecutive executions."""
    columns = [executions.rows[name].tolist() for name in _COLUMNS]
    limits, makers = executions.limit_price_ticks.tolist(), executions.is_maker.tolist()
    messages = []
    for offset, values in enumerate(zip(*columns, strict=True)):
        row: Row = dict(zip(_COLUMNS, values, strict=True))
        message = trading_pb2.Execution(
            execution_sequence=executions.first_sequence + offset,
            sequence=row["sequence"],
            time_ns=row["time_ns"],
        )
        if makers[offset]:
            _filled_maker(message, row)
        else:
            row["limit"] = limits[offset]
            _WRITERS[EventKind(row["kind"])](message, row)
        messages.append(message)
    return messages


def _order(row: Row) -> trading_pb2.OrderState:
    return trading_pb2.OrderState(
        order_id=row["order_id"],
        client_id=common_pb2.ClientId(low=row["client_id_low"], high=row["client_id_high"]),
        market_id=row["market_id"],
        side=common_pb2.Side.ValueType(row["side"]),
        price_ticks=row["limit"],
        filled_lots=row["filled_lots"],
        leaves_lots=row["leaves_lots"],
    )


def _accepted(message: trading_pb2.Execution, row: Row) -> None:
    message.accepted.CopyFrom(
        trading_pb2.OrderAccepted(
            order=_order(row),
            quantity_lots=row["quantity_lots"],
            order_type=common_pb2.OrderType.ValueType(row["order_type"]),
            time_in_force=common_pb2.TimeInForce.ValueType(row["time_in_force"]),
            waiting=bool(row["flags"] & WAITING),
            trigger_price_ticks=row["maker_order_id"],
        )
    )


def _triggered(message: trading_pb2.Execution, row: Row) -> None:
    message.triggered.CopyFrom(
        trading_pb2.OrderTriggered(
            order=_order(row),
            quantity_lots=row["quantity_lots"],
            trigger_price_ticks=row["maker_order_id"],
        )
    )


def _refreshed(message: trading_pb2.Execution, row: Row) -> None:
    message.refreshed.CopyFrom(
        trading_pb2.OrderRefreshed(order=_order(row), visible_lots=row["quantity_lots"])
    )


def _filled_taker(message: trading_pb2.Execution, row: Row) -> None:
    message.filled.CopyFrom(
        trading_pb2.OrderFilled(
            order=_order(row),
            trade_id=row["trade_id"],
            price_ticks=row["price_ticks"],
            quantity_lots=row["quantity_lots"],
            fee_atoms=row["fee_atoms"],
            liquidity=trading_pb2.LIQUIDITY_TAKER,
            counter_order_id=row["maker_order_id"],
        )
    )


def _filled_maker(message: trading_pb2.Execution, row: Row) -> None:
    """A resting order trades at its own limit, on the other side than the one that arrived."""
    message.filled.CopyFrom(
        trading_pb2.OrderFilled(
            order=trading_pb2.OrderState(
                order_id=row["maker_order_id"],
                client_id=common_pb2.ClientId(
                    low=row["maker_client_id_low"], high=row["maker_client_id_high"]
                ),
                market_id=row["market_id"],
                side=common_pb2.SIDE_SELL if row["side"] == Side.BUY else common_pb2.SIDE_BUY,
                price_ticks=row["price_ticks"],
                filled_lots=row["maker_filled_lots"],
                leaves_lots=row["maker_leaves_lots"],
            ),
            trade_id=row["trade_id"],
            price_ticks=row["price_ticks"],
            quantity_lots=row["quantity_lots"],
            fee_atoms=row["maker_fee_atoms"],
            liquidity=trading_pb2.LIQUIDITY_MAKER,
            counter_order_id=row["order_id"],
        )
    )


def _cancelled(message: trading_pb2.Execution, row: Row) -> None:
    message.cancelled.CopyFrom(
        trading_pb2.OrderCancelled(
            order=_order(row),
            cancelled_lots=row["quantity_lots"],
            reason=common_pb2.CancelReason.ValueType(row["code"]),
        )
    )


def _replaced(message: trading_pb2.Execution, row: Row) -> None:
    message.replaced.CopyFrom(
        trading_pb2.OrderReplaced(
            order=_order(row),
            quantity_lots=row["quantity_lots"],
            kept_priority=bool(row["flags"] & KEPT_PRIORITY),
        )
    )


def _repriced(message: trading_pb2.Execution, row: Row) -> None:
    message.repriced.CopyFrom(
        trading_pb2.OrderReplaced(
            order=_order(row),
            quantity_lots=row["quantity_lots"],
            waiting=bool(row["flags"] & WAITING),
        )
    )


def _reduced(message: trading_pb2.Execution, row: Row) -> None:
    message.reduced.CopyFrom(
        trading_pb2.OrderReduced(order=_order(row), reduced_lots=row["quantity_lots"])
    )


def _deadline_near(message: trading_pb2.Execution, row: Row) -> None:
    message.deadline_near.CopyFrom(
        trading_pb2.DeadlineNear(tag=row["code"], end_time_ns=row["quantity_lots"])
    )


def _balance(message: trading_pb2.Execution, row: Row) -> None:
    message.balance.CopyFrom(
        trading_pb2.BalanceChanged(
            balance=trading_pb2.Balance(
                asset_id=row["market_id"],
                free_atoms=row["filled_lots"],
                locked_atoms=row["leaves_lots"],
                held_atoms=row["fee_atoms"],
            ),
            cause=trading_pb2.CommandKind.ValueType(row["code"]),
            amount_atoms=row["quantity_lots"],
            withdrawal_id=row["order_id"],
        )
    )


_WRITERS: dict[EventKind, Callable[[trading_pb2.Execution, Row], None]] = {
    EventKind.ACCEPTED: _accepted,
    EventKind.FILL: _filled_taker,
    EventKind.CANCELLED: _cancelled,
    EventKind.REPLACED: _replaced,
    EventKind.REDUCED: _reduced,
    EventKind.TRIGGERED: _triggered,
    EventKind.REFRESHED: _refreshed,
    EventKind.BALANCE: _balance,
    EventKind.DEADLINE_NEAR: _deadline_near,
    EventKind.REPRICED: _repriced,
}
