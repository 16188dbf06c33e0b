"""Ids: of orders that are another's or nobody's, of commands that were sent before."""

from __future__ import annotations

from engine.core.rejects import Reject
from realstack.edge_errors import EdgeError
from tests.wire.cases.rows import (
    ONE_SHAPE,
    Entry,
    bad_command,
    grpc_doors,
    refused,
    row,
    streams,
)
from tests.wire.table import Action, Case, Command, Http, Known

CANCEL, PLACE, REPLACE = Action.CANCEL, Action.PLACE, Action.REPLACE
CLIENT_ID_BITS = "a client id is two 64-bit numbers: it cannot be malformed, only missing"
NO_SENT_TIME = "this operation makes its own sent time"


def target_case(name: str, action: Action, whole: Known | int, text: Known | str) -> Case:
    """Make the row of an order id that the account has no working order of."""
    return bad_command(
        name,
        action,
        Reject.UNKNOWN_ORDER,
        whole={"order_id": whole},
        text={"order_id": text},
        whole_field="order_id",
        text_field="order_id",
    )


def client_target_case(name: str, action: Action, target: Known | int) -> Case:
    """Make the row of an order's client id that the account has no working order of."""
    return bad_command(
        name,
        action,
        Reject.UNKNOWN_ORDER,
        whole={"order_client_id": target},
        text={"order_client_id": target},
        whole_field="order_id",
        text_field="order_id",
    )


def bad_client_id(name: str, text: str, *, cli: Entry | None = None) -> Case:
    """Make the row of a client id that is none."""
    ask = Command(PLACE, {"client_id": text})
    code = Reject.INVALID_CLIENT_ID
    return row(
        f"client id: {name}",
        **grpc_doors(CLIENT_ID_BITS),
        rest=refused(ask, code, "client_id"),
        websocket=refused(ask, code, "order.client_id"),
        cli=refused(ask, code, "client_id") if cli is None else cli,
    )


CASES: tuple[Case, ...] = (
    target_case("order: someone else's, cancelled", CANCEL, *(Known("bob_order_id"),) * 2),
    target_case("order: someone else's, replaced", REPLACE, *(Known("bob_order_id"),) * 2),
    client_target_case("order: someone else's by client id", CANCEL, Known("bob_client_id")),
    client_target_case(
        "order: someone else's, replaced by client id", REPLACE, Known("bob_client_id")
    ),
    target_case("order: one that never was", CANCEL, (1 << 63) + 1, str((1 << 63) + 1)),
    target_case("order: one that is done", CANCEL, *(Known("done_order_id"),) * 2),
    target_case("order: one that is done, replaced", REPLACE, *(Known("done_order_id"),) * 2),
    row(
        "order: an id beyond 64 bits",
        **grpc_doors("an order id is a 64-bit number"),
        rest=refused(Command(CANCEL, {"order_id": str(1 << 64)}), Reject.UNKNOWN_ORDER, "order_id"),
        websocket=refused(
            Command(CANCEL, {"order_id": str(1 << 64)}), Reject.UNKNOWN_ORDER, "order_id"
        ),
        cli=refused(Command(CANCEL, {"order_id": str(1 << 64)}), Reject.UNKNOWN_ORDER, "order"),
    ),
    row(
        "order: an id that is no number",
        **grpc_doors("an order id is a 64-bit number"),
        rest=refused(Command(CANCEL, {"order_id": "-1"}), Reject.UNKNOWN_ORDER, "order_id"),
        websocket=refused(Command(CANCEL, {"order_id": "0x1"}), Reject.UNKNOWN_ORDER, "order_id"),
        cli=refused(Command(CANCEL, {"order_id": "0x1"}), Reject.UNKNOWN_ORDER, "order"),
    ),
    row(
        "order: named by both ids",
        grpc=refused(
            Command(CANCEL, {"order_id": Known("alice_bid_id"), "order_client_id": 5}),
            EdgeError.INVALID_FIELD,
            "cancel.order_id",
        ),
        stream=refused(
            Command(REPLACE, {"order_id": Known("alice_bid_id"), "order_client_id": 5}),
            EdgeError.INVALID_FIELD,
            "replace.order_id",
        ),
        batch=refused(
            Command(CANCEL, {"order_id": Known("alice_bid_id"), "order_client_id": 5}),
            Reject.RESERVED_FIELD_SET,
        ),
        rest="an order is named by the address, which holds one id",
        websocket=refused(
            Command(CANCEL, {"order_id": Known("alice_bid_id"), "order_client_id": "5"}),
            EdgeError.INVALID_FIELD,
            "order_id",
        ),
        cli=refused(
            Command(CANCEL, {"order_id": Known("alice_bid_id"), "order_client_id": "5"}),
            Reject.UNKNOWN_ORDER,
            "order",
        ),
    ),
    row(
        "order: named by no id",
        grpc=refused(Command(CANCEL, {"order_id": 0}), EdgeError.INVALID_FIELD, "cancel.order_id"),
        stream=refused(
            Command(CANCEL, {"order_id": 0}), EdgeError.INVALID_FIELD, "cancel.order_id"
        ),
        batch=refused(Command(CANCEL, {"order_id": 0}), Reject.UNKNOWN_ORDER, "order_id"),
        rest="an order is named by the address: without an id it is the address of all orders",
        websocket=refused(Command(CANCEL, {}), EdgeError.INVALID_FIELD, "order_id"),
        cli=refused(Command(CANCEL, {}), Reject.UNKNOWN_ORDER, "order"),
    ),
    bad_command(
        "client id: used before with another body",
        PLACE,
        Reject.DUPLICATE_WITH_DIFFERENT_BODY,
        whole={"client_id": Known("alice_bid_client_id"), "price_ticks": 9_998},
        text={"client_id": Known("alice_bid_client_id"), "price": "99.98"},
        whole_field="client_id",
        text_field="client_id",
    ),
    bad_command(
        "client id: used before for a place, now for a withdrawal",
        Action.WITHDRAW,
        Reject.DUPLICATE_WITH_DIFFERENT_BODY,
        whole={"client_id": Known("alice_bid_client_id")},
        text={"client_id": Known("alice_bid_client_id")},
        whole_field="client_id",
        text_field="client_id",
    ),
    row(
        "client id: zero",
        grpc=refused(Command(PLACE, {"client_id": 0}), EdgeError.INVALID_FIELD, "order.client_id"),
        stream=refused(
            Command(PLACE, {"client_id": 0}), EdgeError.INVALID_FIELD, "place.client_id"
        ),
        batch=refused(
            Command(PLACE, {"client_id": 0, "sent_time_ns": 0}),
            Reject.INVALID_CLIENT_ID,
            "client_id",
        ),
        rest=refused(Command(PLACE, {"client_id": "0"}), Reject.INVALID_CLIENT_ID, "client_id"),
        websocket=refused(
            Command(PLACE, {"client_id": "0"}), Reject.INVALID_CLIENT_ID, "order.client_id"
        ),
        cli=refused(Command(PLACE, {"client_id": "0"}), Reject.INVALID_CLIENT_ID, "client_id"),
    ),
    bad_client_id("2^128", str(1 << 128)),
    bad_client_id("no UUID", "6ba7b810-9dad-11d1-80b4-00c04fd430cg"),
    bad_client_id("a UUID in braces", "{6ba7b810-9dad-11d1-80b4-00c04fd430c8}"),
    bad_client_id("a formula of a spreadsheet", "=HYPERLINK(1)"),
    bad_client_id("a path", "../../secrets"),
    row(
        "sent time: an hour ahead",
        **grpc_doors(
            refused(
                Command(PLACE, {"sent_time_ns": Known("hour_ahead_ns")}),
                Reject.SENT_TIME_IN_FUTURE,
                "sent_time_ns",
            )
        ),
        rest=refused(
            Command(PLACE, {"client_id": "77", "sent_time": Known("hour_ahead_time")}),
            Reject.SENT_TIME_IN_FUTURE,
            "sent_time",
        ),
        websocket=refused(
            Command(PLACE, {"client_id": "77", "sent_time": Known("hour_ahead_time")}),
            Reject.SENT_TIME_IN_FUTURE,
            "order.sent_time",
        ),
        cli=refused(
            Command(PLACE, {"client_id": "77", "sent_time_ns": Known("hour_ahead_ns")}),
            Reject.SENT_TIME_IN_FUTURE,
            "sent_time_ns",
        ),
    ),
    row(
        "sent time: older than the ids that are remembered",
        **grpc_doors(
            refused(
                Command(PLACE, {"sent_time_ns": Known("week_ago_ns")}),
                Reject.ID_TOO_OLD,
                "sent_time_ns",
            )
        ),
        rest=refused(
            Command(PLACE, {"client_id": "77", "sent_time": Known("week_ago_time")}),
            Reject.ID_TOO_OLD,
            "sent_time",
        ),
        websocket=refused(
            Command(PLACE, {"client_id": "77", "sent_time": Known("week_ago_time")}),
            Reject.ID_TOO_OLD,
            "order.sent_time",
        ),
        cli=refused(
            Command(PLACE, {"client_id": "77", "sent_time_ns": Known("week_ago_ns")}),
            Reject.ID_TOO_OLD,
            "sent_time_ns",
        ),
    ),
    row(
        "sent time: none of this calendar",
        grpc=refused(
            Command(PLACE, {"sent_time_ns": 1 << 63}),
            EdgeError.INVALID_FIELD,
            "order.sent_time_ns",
        ),
        stream=refused(
            Command(PLACE, {"sent_time_ns": 1 << 63}),
            EdgeError.INVALID_FIELD,
            "place.sent_time_ns",
        ),
        batch=refused(
            Command(PLACE, {"sent_time_ns": 1 << 63}),
            EdgeError.INVALID_FIELD,
            "batch.sent_time_ns[0]",
        ),
        rest=refused(
            Command(PLACE, {"client_id": "77", "sent_time": "2026-02-30T00:00:00Z"}),
            EdgeError.INVALID_TIME,
            "sent_time",
        ),
        websocket=refused(
            Command(PLACE, {"client_id": "77", "sent_time": "yesterday"}),
            EdgeError.INVALID_TIME,
            "order.sent_time",
        ),
        cli=refused(
            Command(PLACE, {"client_id": "77", "sent_time_ns": str(1 << 63)}),
            Reject.ID_TOO_OLD,
            "sent_time_ns",
        ),
    ),
    row(
        "sent time: missing with a client id, or without one",
        grpc=refused(
            Command(PLACE, {"sent_time_ns": 0}), EdgeError.INVALID_FIELD, "order.sent_time_ns"
        ),
        stream=refused(
            Command(CANCEL, {"order_id": Known("alice_bid_id"), "sent_time_ns": 5}),
            EdgeError.INVALID_FIELD,
            "cancel.sent_time_ns",
        ),
        batch=refused(Command(PLACE, {"sent_time_ns": 0}), Reject.ID_TOO_OLD, "sent_time_ns"),
        rest=refused(
            Command(PLACE, {"sent_time": Known("now_time")}), EdgeError.INVALID_FIELD, "sent_time"
        ),
        websocket=refused(
            Command(PLACE, {"sent_time": Known("now_time")}),
            EdgeError.INVALID_FIELD,
            "order.sent_time",
        ),
        cli=refused(
            Command(PLACE, {"sent_time_ns": Known("now_ns")}),
            Reject.INVALID_CLIENT_ID,
            "client_id",
        ),
    ),
    row(
        "order: someone else's, read",
        grpc="the engine lists the caller's own orders, by no id",
        **streams(ONE_SHAPE),
        rest=refused(Http("GET", "/v1/orders/{bob_order_id}"), Reject.UNKNOWN_ORDER, "order_id"),
        websocket="a socket gets the orders of its own account, by no id",
        cli="the command line shows the account's own orders, by no id",
    ),
)
