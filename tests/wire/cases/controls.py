"""Good orders of accounts that an operator, or they themselves, have bounded before."""

from __future__ import annotations

from collections.abc import Mapping

from engine.core.rejects import Reject
from tests.wire.cases.access import NO_OPERATION
from tests.wire.cases.rows import bad_command, refused, row
from tests.wire.table import Action, Call, Case, Command, Known, Party, Words

SET_DEADLINE = "realstack.trading.v1.TradingService/SetDeadline"
ONE_CALL = "a deadline has a call of its own, beside the Trade stream"
MARKET_ID, MARKET = 4, "CTRL-USDC"


def bounded(
    name: str,
    code: Reject,
    party: Party,
    whole_field: str,
    text_field: str = "",
    *,
    whole: Mapping[str, object] | None = None,
    text: Mapping[str, object] | None = None,
) -> Case:
    """Make the row of an order in the market with limits, good but for the bound.

    Where it is the account that is at fault, REST and WebSocket name no field of the order.
    """
    words = {"market": MARKET, **(text or {})}
    at_cli = refused(Command(Action.PLACE, words), code, text_field or whole_field, party=party)
    return bad_command(
        name,
        Action.PLACE,
        code,
        whole={"market_id": MARKET_ID, **(whole or {})},
        text=words,
        whole_field=whole_field,
        text_field=text_field,
        party=party,
        cli=at_cli,
    )


CASES: tuple[Case, ...] = (
    bounded("stopped: an order of an account", Reject.KILLED, Party.STOPPED, "account_id"),
    bounded(
        "limit: an order of more lots",
        Reject.ORDER_LOTS_EXCEEDED,
        Party.LIMITED,
        "quantity_lots",
        "quantity",
        whole={"quantity_lots": 5_001, "price_ticks": 9_500},
        text={"quantity": "5.001", "price": "95.00"},
    ),
    bounded(
        "limit: an order of more value",
        Reject.ORDER_VALUE_EXCEEDED,
        Party.LIMITED,
        "quantity_lots",
        "quantity",
        whole={"quantity_lots": 3_001},
        text={"quantity": "3.001"},
    ),
    bounded(
        "limit: a price outside the collar",
        Reject.PRICE_OUTSIDE_COLLAR,
        Party.LIMITED,
        "price_ticks",
        "price",
        whole={"price_ticks": 11_001},
        text={"price": "110.01"},
    ),
    bounded(
        "limit: one working order more",
        Reject.OPEN_ORDERS_EXCEEDED,
        Party.LIMITED,
        "account_id",
    ),
    bounded(
        "limit: a holding that could grow too large",
        Reject.HOLDING_EXCEEDED,
        Party.THROTTLED,
        "quantity_lots",
        "quantity",
    ),
    bounded(
        "limit: one message more",
        Reject.RATE_EXCEEDED,
        Party.THROTTLED,
        "account_id",
        whole={"side": 2},
        text={"side": "sell"},
    ),
    bounded(
        "client id: cancelled before the order came",
        Reject.CANCELLED_BEFORE_ARRIVAL,
        Party.ALICE,
        "client_id",
        "client_id",
        whole={"client_id": Known("withdrawn_client_id")},
        text={"client_id": Known("withdrawn_client_id")},
    ),
    row(
        "deadline: one more than an account may have",
        grpc=refused(
            Call(SET_DEADLINE, {"timeout_ms": 86_400_000, "tag": 9}),
            Reject.TOO_MANY_DEADLINES,
            "tag",
            party=Party.THROTTLED,
        ),
        stream=ONE_CALL,
        batch=ONE_CALL,
        rest=NO_OPERATION,
        websocket=NO_OPERATION,
        cli=refused(
            Words(("deadline", "86400000", "--tag", "9")),
            Reject.TOO_MANY_DEADLINES,
            "tag",
            party=Party.THROTTLED,
        ),
    ),
    row(
        "deadline: shorter than a line may pause",
        grpc=refused(
            Call(SET_DEADLINE, {"timeout_ms": 99}), Reject.INVALID_PARAMETER, "timeout_ms"
        ),
        stream=ONE_CALL,
        batch=ONE_CALL,
        rest=NO_OPERATION,
        websocket=NO_OPERATION,
        cli=refused(Words(("deadline", "99")), Reject.INVALID_PARAMETER, "timeout_ms"),
    ),
)
