"""Private answers: orders, fills, balances, withdrawals and deposits of the caller's account."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from gateway.errors import Outcome
from gateway.schemas.requests import OrderTypeName, SideName, TimeInForceName
from gateway.schemas.settlement import SettlementStateName

OrderStatusName = Literal["working", "filled", "cancelled"]
CancelReasonName = Literal[
    "requested",
    "no_liquidity",
    "self_trade",
    "cancel_all",
    "expired",
    "phase_ended",
    "auction_ended",
    "killed",
    "deadline",
    "disconnected",
    "quote_replaced",
]
# What a member places, and the orders of a quote.
OrderKindName = Literal[OrderTypeName, "quote"]
LiquidityName = Literal["maker", "taker"]
WithdrawalStateName = Literal["held", "released", "finalized"]


class OrderAnswer(Struct, kw_only=True, frozen=True):
    """The durable outcome of a place, cancel or replace."""

    outcome: Outcome
    order_id: str
    client_id: str
    filled: str | None
    leaves: str | None
    sequence: int
    first_sequence: int | None
    as_of_seq: int


class CancelAllAnswer(Struct, kw_only=True, frozen=True):
    """The durable outcome of cancelling many orders."""

    outcome: Outcome
    cancelled_count: int
    sequence: int
    as_of_seq: int


class Order(Struct, kw_only=True, frozen=True):
    """An order of the account; `type` and `time_in_force` are null when no longer known.

    `waiting` is true while it is off the book: a stop before its trigger, an order for a later
    auction. `visible` is what an order shows; it, `post_only`, `expire_time` and `tag` are told
    of working orders, and null where they are not known.
    """

    order_id: str
    client_id: str
    market: str
    side: SideName
    type: OrderKindName | None
    time_in_force: TimeInForceName | None
    price: str | None
    quantity: str
    filled: str
    leaves: str
    status: OrderStatusName
    cancel_reason: CancelReasonName | None
    created_time: str | None
    updated_time: str | None
    sequence: int
    waiting: bool
    trigger_price: str | None
    visible: str | None
    post_only: bool | None
    expire_time: str | None
    tag: int | None


class Orders(Struct, kw_only=True, frozen=True):
    """Orders, newest first."""

    orders: list[Order]
    next_page_token: str | None
    as_of_seq: int


class OrderDetail(Struct, kw_only=True, frozen=True):
    """One order."""

    order: Order
    as_of_seq: int


class FillSettlement(Struct, kw_only=True, frozen=True):
    """How far a fill is on its way to the chain."""

    state: SettlementStateName
    batch_id: int | None
    signature: str | None


class Fill(Struct, kw_only=True, frozen=True):
    """A fill of one of the account's orders."""

    trade_id: int
    order_id: str
    client_id: str
    market: str
    side: SideName
    price: str
    quantity: str
    notional: str
    fee: str
    fee_asset: str
    liquidity: LiquidityName
    sequence: int
    time: str
    settlement: FillSettlement


class Fills(Struct, kw_only=True, frozen=True):
    """Fills, newest first."""

    fills: list[Fill]
    next_page_token: str | None
    as_of_seq: int


class Balance(Struct, kw_only=True, frozen=True):
    """What the account has of an asset."""

    asset: str
    free: str
    locked: str
    held: str
    total: str


class Balances(Struct, kw_only=True, frozen=True):
    """Balances by asset; assets never touched are left out."""

    balances: list[Balance]
    as_of_seq: int


class Withdrawal(Struct, kw_only=True, frozen=True):
    """A withdrawal of the account."""

    withdrawal_id: str
    asset: str
    amount: str
    state: WithdrawalStateName
    requested_time: str | None
    updated_time: str
    sequence: int


class Withdrawals(Struct, kw_only=True, frozen=True):
    """Withdrawals, newest first."""

    withdrawals: list[Withdrawal]
    as_of_seq: int


class WithdrawalAnswer(Struct, kw_only=True, frozen=True):
    """The durable outcome of a withdrawal request: the funds are held."""

    outcome: Outcome
    withdrawal_id: str
    client_id: str
    sequence: int
    first_sequence: int | None
    as_of_seq: int


class Deposit(Struct, kw_only=True, frozen=True):
    """A deposit that was final on chain and is credited."""

    asset: str
    amount: str
    time: str
    sequence: int


class Deposits(Struct, kw_only=True, frozen=True):
    """Deposits, newest first."""

    deposits: list[Deposit]
    as_of_seq: int
