"""Orders that are more than limit or market orders: what they ask for and cannot have."""

from __future__ import annotations

from engine.core.commands import MINIMUM, OrderType, TimeInForce
from engine.core.rejects import Reject
from realstack.edge_errors import EdgeError
from tests.wire.cases.rows import Fields, bad_command, refused, row
from tests.wire.table import Action, Case, Command, Known

NOT_HERE = "this door takes limit and market orders only"
NO_PRESENCE = "a column has no way to leave a value out: zero is no iceberg, no minimum, no tag"
LONG_AGO = 1  # nanoseconds after 1970
AT_MARKET = {"time_in_force": int(TimeInForce.GTC), "price_ticks": 0}


def special(name: str, code: Reject, field: str, fields: Fields) -> Case:
    """Make a row of an order that only the doors of gRPC can be told."""
    return bad_command(name, Action.PLACE, code, whole=fields, text=NOT_HERE, whole_field=field)


def unreadable(name: str, field: str, fields: Fields) -> Case:
    """Make a row of an order that is refused while a single message is read."""
    ask = Command(Action.PLACE, fields)
    return row(
        name,
        grpc=refused(ask, EdgeError.INVALID_FIELD, f"order.{field}"),
        stream=refused(ask, EdgeError.INVALID_FIELD, f"place.{field}"),
        batch=NO_PRESENCE,
        rest=NOT_HERE,
        websocket=NOT_HERE,
        cli=NOT_HERE,
    )


CASES: tuple[Case, ...] = (
    special(
        "age: older than the order allows",
        Reject.TOO_OLD,
        "max_age_ms",
        {"max_age_ms": 1, "sent_time_ns": Known("now_ns")},
    ),
    special(
        "expiry: long ago",
        Reject.EXPIRY_IN_PAST,
        "expire_time_ns",
        {"time_in_force": int(TimeInForce.GTD), "expire_time_ns": LONG_AGO},
    ),
    special(
        "expiry: of an order that has none",
        Reject.INVALID_TIME_IN_FORCE,
        "time_in_force",
        {"expire_time_ns": LONG_AGO},
    ),
    row(
        "minimum: more than can trade",
        grpc=refused(
            Command(Action.PLACE, {"minimum_lots": 1_000}), Reject.MINIMUM_NOT_MET, "minimum_lots"
        ),
        stream=refused(
            Command(Action.PLACE, {"minimum_lots": 1_000}), Reject.MINIMUM_NOT_MET, "minimum_lots"
        ),
        batch=refused(
            Command(Action.PLACE, {"flags": MINIMUM, "display_lots": 1_000}),
            Reject.MINIMUM_NOT_MET,
            "minimum_lots",
        ),
        rest=NOT_HERE,
        websocket=NOT_HERE,
        cli=NOT_HERE,
    ),
    special(
        "iceberg: one that would show everything",
        Reject.INVALID_QUANTITY,
        "quantity_lots",
        {"display_lots": 1_000},
    ),
    unreadable("iceberg: one that would show nothing", "display_lots", {"display_lots": 0}),
    unreadable("tag: beyond its sixteen bits", "tag", {"tag": 1 << 16}),
    special(
        "trailing stop: in a market that has not traded",
        Reject.NO_LAST_PRICE,
        "order_type",
        {
            **AT_MARKET,
            "market_id": 2,
            "order_type": int(OrderType.TRAILING_STOP),
            "trail_ticks": 5,
        },
    ),
    special(
        "stop: a buy at market without a band",
        Reject.NO_BAND,
        "order_type",
        {**AT_MARKET, "order_type": int(OrderType.STOP), "trigger_price_ticks": 20_000},
    ),
    special(
        "stop: without a trigger",
        Reject.INVALID_PRICE,
        "price_ticks",
        {**AT_MARKET, "order_type": int(OrderType.STOP)},
    ),
    special(
        "order by amount: without an amount",
        Reject.INVALID_AMOUNT,
        "amount_atoms",
        {
            "order_type": int(OrderType.MARKET_BY_AMOUNT),
            "time_in_force": int(TimeInForce.IOC),
            "price_ticks": 0,
            "quantity_lots": 0,
        },
    ),
)
