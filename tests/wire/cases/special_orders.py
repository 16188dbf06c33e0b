"""Orders that are more than limit or market orders: what they ask for and cannot have."""

from __future__ import annotations

from engine.core.commands import MINIMUM, OrderType, TimeInForce
from engine.core.phases import Phase
from engine.core.rejects import Reject
from realstack.edge_errors import EdgeError
from tests.wire.cases.rows import Entry, Fields, bad_command, refused, row
from tests.wire.table import Action, Call, Case, Command, Door, Impossible, Known, Party, Words

NO_PRESENCE = "a column has no way to leave a value out: zero is no iceberg, no minimum, no tag"
BY_FIELDS = "the command line tells the order type by the fields that are given"
ONLY_GRPC = "only gRPC has the calls of operators"
LONG_AGO = 1  # nanoseconds after 1970
LONG_AGO_TIME = "1970-01-01T00:00:00.000000001Z"
AT_MARKET = {"time_in_force": int(TimeInForce.GTC), "price_ticks": 0}
STOP = {"type": "stop", "price": None}


def special(
    name: str,
    code: Reject,
    field: str,
    fields: Fields,
    text_field: str,
    text: Fields,
    cli: Entry | None = None,
) -> Case:
    """Make a row of an order that is more than a limit or market order."""
    case = bad_command(
        name,
        Action.PLACE,
        code,
        whole=fields,
        text=text,
        whole_field=field,
        text_field=text_field,
    )
    if cli is None:
        return case
    entry = Impossible(cli) if isinstance(cli, str) else cli
    return Case(name, {**case.doors, Door.CLI: entry})


def unreadable(
    name: str,
    field: str,
    fields: Fields,
    text_field: str,
    text: Fields,
    at_text: Reject | EdgeError,
) -> Case:
    """Make a row of an order that is refused while a single message is read."""
    ask = Command(Action.PLACE, fields)
    words = Command(Action.PLACE, text)
    at_cli = EdgeError.WRONG_USAGE if at_text is EdgeError.INVALID_FIELD else at_text
    return row(
        name,
        grpc=refused(ask, EdgeError.INVALID_FIELD, f"order.{field}"),
        stream=refused(ask, EdgeError.INVALID_FIELD, f"place.{field}"),
        batch=NO_PRESENCE,
        rest=refused(words, at_text, text_field),
        websocket=refused(words, at_text, f"order.{text_field}"),
        cli=refused(words, at_cli, text_field),
    )


def only_text(name: str, code: Reject | EdgeError, field: str, text: Fields) -> Case:
    """Make a row of fields that text doors have under names of their own."""
    ask = Command(Action.PLACE, text)
    reason = "gRPC has it as a whole number or flag, with a row of its own"
    return row(
        name,
        grpc=reason,
        stream=reason,
        batch=reason,
        rest=refused(ask, code, field),
        websocket=refused(ask, code, f"order.{field}"),
        cli=refused(ask, code, field),
    )


CASES: tuple[Case, ...] = (
    special(
        "age: older than the order allows",
        Reject.TOO_OLD,
        "max_age_ms",
        {"max_age_ms": 1, "sent_time_ns": Known("now_ns")},
        "max_age_ms",
        {"max_age_ms": 1, "client_id": "8001", "sent_time": Known("now_time")},
        cli=refused(
            Command(
                Action.PLACE,
                {"max_age_ms": 1, "client_id": "8001", "sent_time_ns": Known("now_ns")},
            ),
            Reject.TOO_OLD,
            "max_age_ms",
        ),
    ),
    special(
        "expiry: long ago",
        Reject.EXPIRY_IN_PAST,
        "expire_time_ns",
        {"time_in_force": int(TimeInForce.GTD), "expire_time_ns": LONG_AGO},
        "expire_time",
        {"expire_time": LONG_AGO_TIME},
    ),
    special(
        "expiry: of an order that has none",
        Reject.INVALID_TIME_IN_FORCE,
        "time_in_force",
        {"expire_time_ns": LONG_AGO},
        "expire_time",
        {"time_in_force": "gtc", "expire_time": LONG_AGO_TIME},
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
        rest=refused(
            Command(Action.PLACE, {"minimum_quantity": "1"}),
            Reject.MINIMUM_NOT_MET,
            "minimum_quantity",
        ),
        websocket=refused(
            Command(Action.PLACE, {"minimum_quantity": "1"}),
            Reject.MINIMUM_NOT_MET,
            "order.minimum_quantity",
        ),
        cli=refused(
            Command(Action.PLACE, {"minimum_quantity": "1"}),
            Reject.MINIMUM_NOT_MET,
            "minimum_quantity",
        ),
    ),
    special(
        "iceberg: one that would show everything",
        Reject.INVALID_QUANTITY,
        "quantity_lots",
        {"display_lots": 1_000},
        "display_quantity",
        {"display_quantity": "1"},
    ),
    unreadable(
        "iceberg: one that would show nothing",
        "display_lots",
        {"display_lots": 0},
        "display_quantity",
        {"display_quantity": "0"},
        Reject.INVALID_QUANTITY,
    ),
    unreadable(
        "tag: beyond its sixteen bits",
        "tag",
        {"tag": 1 << 16},
        "tag",
        {"tag": 1 << 16},
        EdgeError.INVALID_FIELD,
    ),
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
        "type",
        {"market": "BOND-USDC", "type": "trailing_stop", "price": None, "trail": "0.05"},
    ),
    special(
        "stop: a buy at market without a band",
        Reject.NO_BAND,
        "order_type",
        {**AT_MARKET, "order_type": int(OrderType.STOP), "trigger_price_ticks": 20_000},
        "type",
        {**STOP, "trigger_price": "200"},
    ),
    special(
        "stop: without a trigger",
        Reject.INVALID_PRICE,
        "price_ticks",
        {**AT_MARKET, "order_type": int(OrderType.STOP)},
        "trigger_price",
        STOP,
        cli=BY_FIELDS,
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
        "amount",
        {"type": "market_by_amount", "price": None, "quantity": None},
        cli=BY_FIELDS,
    ),
    special(
        "phase: an order for the opening auction while the market is open",
        Reject.MARKET_PHASE,
        "market_id",
        {"time_in_force": int(TimeInForce.AT_OPEN)},
        "market",
        {"time_in_force": "at_open"},
    ),
    row(
        "phase: one that may not follow",
        grpc=refused(
            Call(
                "realstack.admin.v1.AdminService/SetPhase",
                {"market_id": 1, "phase": int(Phase.OPEN)},
            ),
            Reject.WRONG_PHASE_CHANGE,
            "phase",
            party=Party.OPERATOR,
        ),
        stream=ONLY_GRPC,
        batch=ONLY_GRPC,
        rest=ONLY_GRPC,
        websocket=ONLY_GRPC,
        cli=refused(
            Words(("phase", "BLDG-USDC", "open")),
            Reject.WRONG_PHASE_CHANGE,
            "phase",
            party=Party.OPERATOR,
        ),
    ),
    only_text(
        "trigger: a price off the tick",
        Reject.INVALID_PRICE,
        "trigger_price",
        {**STOP, "trigger_price": "200.005"},
    ),
    only_text(
        "trail: of an exponent",
        Reject.INVALID_PRICE,
        "trail",
        {"type": "trailing_stop", "price": None, "trail": "1e2"},
    ),
    only_text(
        "expiry: no time",
        EdgeError.INVALID_TIME,
        "expire_time",
        {"expire_time": "tomorrow"},
    ),
    only_text("slide: without post-only", Reject.INVALID_FLAGS, "slide", {"slide": True}),
    only_text(
        "hidden: on an order that cannot rest",
        Reject.INVALID_FLAGS,
        "hidden",
        {"time_in_force": "ioc", "hidden": True},
    ),
    only_text(
        "trigger source: no such word",
        Reject.INVALID_FLAGS,
        "trigger_source",
        {**STOP, "trigger_price": "200", "trigger_source": "moon"},
    ),
)
