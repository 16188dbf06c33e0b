"""The client of the venue: async `Client`, and `SyncClient` for code without an event loop.

    from realstack.client import Client

    async with Client("127.0.0.1:50051", api_key=key) as client:
        answer = await client.place(market="HARBOR-USDC", side="buy", price="101.25", quantity="3")
        await client.cancel(order_id=answer.order_id)

Numbers are exact: decimal text, `Decimal` or `int`, never floats. Errors are types that say whether
the outcome is certain: see `realstack.client.errors`. Records are in `realstack.client.records`.
"""

from engine.core.commands import (
    COMMAND,
    Allocation,
    CommandKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from engine.core.phases import AuctionKind, Phase
from engine.core.rejects import CancelReason, Reject
from realstack.client.book import Level, LocalBook
from realstack.client.client import Client
from realstack.client.errors import (
    INPUT_ERRORS,
    ClientError,
    Closed,
    FeedBroken,
    InvalidInput,
    NotAuthenticated,
    NotRetained,
    NotSent,
    OutcomeUnknown,
    PermissionRefused,
    Rejected,
    RequestRefused,
    Unavailable,
)
from realstack.client.order_book import BookOrder, LocalOrders
from realstack.client.records import (
    Accepted,
    Answer,
    Answers,
    AnswerStatus,
    Asset,
    AuctionState,
    Balance,
    BalanceChanged,
    Cancelled,
    DayStatistics,
    Execution,
    Fill,
    Filled,
    Instruments,
    Ledger,
    Liquidity,
    Market,
    OpenOrder,
    OrderState,
    PhaseChange,
    Reduced,
    Refreshed,
    Replaced,
    StatusChange,
    Top,
    Trade,
    Triggered,
    VenueStatus,
    Withdrawal,
    WithdrawalStep,
)
from realstack.client.sync import SyncClient
from realstack.units import InvalidNumber

__all__ = [
    "COMMAND",
    "INPUT_ERRORS",
    "Accepted",
    "Allocation",
    "Answer",
    "AnswerStatus",
    "Answers",
    "Asset",
    "AuctionKind",
    "AuctionState",
    "Balance",
    "BalanceChanged",
    "BookOrder",
    "CancelReason",
    "Cancelled",
    "Client",
    "ClientError",
    "Closed",
    "CommandKind",
    "DayStatistics",
    "Execution",
    "FeedBroken",
    "Fill",
    "Filled",
    "Instruments",
    "InvalidInput",
    "InvalidNumber",
    "Ledger",
    "Level",
    "Liquidity",
    "LocalBook",
    "LocalOrders",
    "Market",
    "NotAuthenticated",
    "NotRetained",
    "NotSent",
    "OpenOrder",
    "OrderState",
    "OrderType",
    "OutcomeUnknown",
    "PermissionRefused",
    "Phase",
    "PhaseChange",
    "Reduced",
    "Refreshed",
    "Reject",
    "Rejected",
    "Replaced",
    "RequestRefused",
    "SelfTradePrevention",
    "Side",
    "StatusChange",
    "SyncClient",
    "TimeInForce",
    "Top",
    "Trade",
    "Triggered",
    "Unavailable",
    "VenueStatus",
    "Withdrawal",
    "WithdrawalStep",
]
