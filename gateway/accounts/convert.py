"""Rows of an account as answers: whole numbers become decimal text, ids become text."""

from __future__ import annotations

from typing import cast

from engine.core.commands import CommandKind
from gateway.accounts.history import DepositRow, FillRow, OrderRow, WithdrawalRow
from gateway.catalog import Catalog
from gateway.convert import side_name
from gateway.feeds.settlement import FillState
from gateway.ids import client_id_text
from gateway.schemas import account as schema
from gateway.schemas.requests import TimeInForceName
from gateway.times import time_text
from realstack.client import Market
from realstack.trading.v1 import trading_pb2

_STEPS: dict[CommandKind, schema.WithdrawalStateName] = {
    CommandKind.WITHDRAW_HOLD: "held",
    CommandKind.WITHDRAW_RELEASE: "released",
    CommandKind.WITHDRAW_FINALIZE: "finalized",
}


def order(row: OrderRow, market: Market) -> schema.Order:
    """Return an order."""
    units = market.units
    kind, until = row.order_type, row.time_in_force
    reason = row.cancel_reason
    return schema.Order(
        order_id=str(row.order_id),
        client_id=client_id_text(row.client_id),
        market=market.symbol,
        side=side_name(row.side),
        type=cast("schema.OrderKindName", kind.name.lower()) if kind else None,
        time_in_force=cast("TimeInForceName", until.name.lower()) if until else None,
        price=units.price_text(row.price_ticks) if row.price_ticks else None,
        quantity=units.quantity_text(row.quantity_lots),
        filled=units.quantity_text(row.filled_lots),
        leaves=units.quantity_text(row.leaves_lots),
        status=row.status.value,
        cancel_reason=cast("schema.CancelReasonName", reason.name.lower()) if reason else None,
        created_time=time_text(row.created_time_ns) if row.created_time_ns else None,
        updated_time=time_text(row.updated_time_ns) if row.updated_time_ns else None,
        sequence=row.sequence,
        waiting=row.waiting,
        trigger_price=units.price_text(row.trigger_price_ticks)
        if row.trigger_price_ticks
        else None,
        visible=None if row.visible_lots is None else units.quantity_text(row.visible_lots),
        post_only=row.post_only,
        expire_time=time_text(row.expire_time_ns) if row.expire_time_ns else None,
        tag=row.tag or None,
    )


def settlement(state: FillState) -> schema.FillSettlement:
    """Return how far a fill is on its way to the chain."""
    return schema.FillSettlement(
        state=state.state, batch_id=state.batch_id, signature=state.signature
    )


def fill(row: FillRow, market: Market, state: FillState) -> schema.Fill:
    """Return a fill."""
    units, filled = market.units, row.filled
    return schema.Fill(
        trade_id=filled.trade_id,
        order_id=str(row.order.order_id),
        client_id=client_id_text(row.order.client_id),
        market=market.symbol,
        side=side_name(row.order.side),
        price=units.price_text(filled.price_ticks),
        quantity=units.quantity_text(filled.quantity_lots),
        notional=units.notional_text(filled.price_ticks, filled.quantity_lots),
        fee=market.quote.text(filled.fee_atoms),
        fee_asset=market.quote.symbol,
        liquidity=cast("schema.LiquidityName", filled.liquidity.name.lower()),
        sequence=row.sequence,
        time=time_text(row.time_ns),
        settlement=settlement(state),
    )


def withdrawal(row: WithdrawalRow, catalog: Catalog) -> schema.Withdrawal:
    """Return a withdrawal."""
    asked_ns = row.requested_time_ns
    return schema.Withdrawal(
        withdrawal_id=str(row.withdrawal_id),
        asset=catalog.asset_symbol(row.asset_id),
        amount=catalog.amount_text(row.asset_id, row.amount_atoms),
        state=_STEPS[row.step],
        requested_time=time_text(asked_ns) if asked_ns else None,
        updated_time=time_text(row.updated_time_ns),
        sequence=row.sequence,
    )


def deposit(row: DepositRow, catalog: Catalog) -> schema.Deposit:
    """Return a deposit."""
    return schema.Deposit(
        asset=catalog.asset_symbol(row.asset_id),
        amount=catalog.amount_text(row.asset_id, row.amount_atoms),
        time=time_text(row.time_ns),
        sequence=row.sequence,
    )


def balance(row: trading_pb2.Balance, catalog: Catalog) -> schema.Balance:
    """Return a balance."""
    total = row.free_atoms + row.locked_atoms + row.held_atoms
    return schema.Balance(
        asset=catalog.asset_symbol(row.asset_id),
        free=catalog.amount_text(row.asset_id, row.free_atoms),
        locked=catalog.amount_text(row.asset_id, row.locked_atoms),
        held=catalog.amount_text(row.asset_id, row.held_atoms),
        total=catalog.amount_text(row.asset_id, total),
    )
