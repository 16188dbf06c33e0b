"""Bodies of requests. A field that is not named here is refused."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from engine.core.limits import TRAIL_PPM_MAX
from realstack.client.arguments import TAG_MAX
from realstack.order_text import MAX_AGE_MS_MAX

SideName = Literal["buy", "sell"]
OrderTypeName = Literal[
    "limit", "market", "stop", "stop_limit", "trailing_stop", "market_by_amount"
]
TimeInForceName = Literal["gtc", "ioc", "fok", "day", "gtd", "at_open", "at_close"]
TriggerSourceName = Literal["last_trade", "best_quote", "reference"]
SelfTradePreventionName = Literal[
    "none", "cancel_taker", "cancel_maker", "cancel_both", "decrement"
]

Symbol = Annotated[
    str, Meta(description="Market or asset symbol.", examples=["BLDG-USDC"], max_length=16)
]
DecimalString = Annotated[
    str,
    Meta(
        description="Exact decimal as text, a multiple of the market's or asset's step.",
        examples=["101.25"],
        max_length=80,
    ),
]
ClientIdText = Annotated[
    str,
    Meta(
        description="Id of yours: a UUID or a number of at most 128 bits. The same id with the "
        "same body never takes effect twice.",
        examples=["0f4e6a5c-7f3b-4f0e-9a67-2f7a3a1c9d10"],
        max_length=40,
    ),
]
TimeText = Annotated[
    str,
    Meta(
        description="RFC 3339 in UTC, up to nanoseconds.",
        examples=["2026-11-24T09:30:00.123456789Z"],
        max_length=40,
    ),
]


Tag = Annotated[
    int,
    Meta(
        description="A number of yours; cancel all can name it.",
        ge=1,
        le=TAG_MAX,
    ),
]


class PlaceOrder(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """An order to place: which fields a type takes is said in the guide.

    An order by amount has `amount` instead of `quantity`; `trail` is a distance in price.
    """

    market: Symbol
    side: SideName
    quantity: DecimalString | None = None
    type: OrderTypeName = "limit"
    price: DecimalString | None = None
    trigger_price: DecimalString | None = None
    trigger_source: TriggerSourceName | None = None
    trail: DecimalString | None = None
    trail_ppm: Annotated[int, Meta(ge=1, le=TRAIL_PPM_MAX)] | None = None
    amount: DecimalString | None = None
    display_quantity: DecimalString | None = None
    minimum_quantity: DecimalString | None = None
    time_in_force: TimeInForceName | None = None
    expire_time: TimeText | None = None
    max_age_ms: Annotated[int, Meta(ge=1, le=MAX_AGE_MS_MAX)] | None = None
    post_only: bool = False
    slide: bool = False
    hidden: bool = False
    tag: Tag | None = None
    self_trade_prevention: SelfTradePreventionName = "cancel_taker"
    client_id: ClientIdText | None = None
    sent_time: TimeText | None = None


class ReplaceOrder(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A new price and a new total quantity, what is filled included.

    An order without a limit price has no `price`; `trigger_price` is for a stop that waits.
    """

    quantity: DecimalString
    price: DecimalString | None = None
    trigger_price: DecimalString | None = None
    client_id: ClientIdText | None = None
    sent_time: TimeText | None = None


class RequestWithdrawal(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Funds to pay to the account's registered wallet."""

    asset: Symbol
    amount: DecimalString
    client_id: ClientIdText | None = None
    sent_time: TimeText | None = None
