"""Orders that are well formed and still cannot be: words, markets, money, the book."""

from __future__ import annotations

from engine.core.rejects import Reject
from realstack.edge_errors import EdgeError
from tests.wire.cases.rows import (
    ONE_SHAPE,
    bad_command,
    grpc_doors,
    refused,
    row,
)
from tests.wire.table import Action, Case, Command, Known, Message, Party

PLACE, REPLACE, CANCEL_ALL = Action.PLACE, Action.REPLACE, Action.CANCEL_ALL
NO_ORDER_TYPE = "the command line tells a market order by its having no price"
UNKNOWN_NUMBER = "a number that the contract does not have is refused while it is read"


def unknown_word(field: str, code: Reject, number: int, *, cli: bool = True) -> tuple[Case, ...]:
    """Make the rows of a word that is none of the choices, and of a number that is none.

    A single message is read by the contract, which knows its numbers; in a batch the core does.
    """
    number_refused = refused(Command(PLACE, {field: number}), EdgeError.INVALID_FIELD)
    whole = {"type": "order_type"}.get(field, field)
    ask = Command(PLACE, {whole: number})
    text = Command(PLACE, {field: "both-ways"})
    return (
        row(
            f"{field}: no such word",
            **grpc_doors(ONE_SHAPE),
            rest=refused(text, code, field),
            websocket=refused(text, code, f"order.{field}"),
            cli=refused(text, code, field) if cli else NO_ORDER_TYPE,
        ),
        row(
            f"{field}: no such number",
            grpc=refused(ask, EdgeError.INVALID_FIELD, f"order.{whole}"),
            stream=refused(ask, EdgeError.INVALID_FIELD, f"place.{whole}"),
            batch=refused(ask, code, whole),
            rest=refused(Command(PLACE, {field: number}), code, field),
            websocket=refused(number_refused.ask, code, f"order.{field}"),
            cli="every argument is text",
        ),
    )


CASES: tuple[Case, ...] = (
    *unknown_word("side", Reject.INVALID_SIDE, 9),
    *unknown_word("type", Reject.INVALID_ORDER_TYPE, 99, cli=False),
    *unknown_word("time_in_force", Reject.INVALID_TIME_IN_FORCE, 9),
    *unknown_word("self_trade_prevention", Reject.INVALID_SELF_TRADE_PREVENTION, 9),
    bad_command(
        "side: missing",
        PLACE,
        Reject.INVALID_SIDE,
        whole={"side": 0},
        text={"side": None},
        whole_field="side",
        text_field="side",
        cli=refused(Command(PLACE, {"side": ""}), Reject.INVALID_SIDE, "side"),
    ),
    bad_command(
        "time in force: a market order that rests",
        PLACE,
        Reject.INVALID_TIME_IN_FORCE,
        whole={"order_type": 2, "price_ticks": 0},
        text={"type": "market", "price": None, "time_in_force": "gtc"},
        whole_field="time_in_force",
        text_field="time_in_force",
    ),
    bad_command(
        "price: on a market order",
        PLACE,
        Reject.INVALID_PRICE,
        whole={"order_type": 2, "time_in_force": 2},
        text={"type": "market"},
        whole_field="price_ticks",
        text_field="price",
        cli=NO_ORDER_TYPE,
    ),
    bad_command(
        "post-only: on an order that cannot rest",
        PLACE,
        Reject.INVALID_FLAGS,
        whole={"time_in_force": 2, "post_only": True},
        text={"time_in_force": "ioc", "post_only": True},
        whole_field="post_only",
        text_field="post_only",
    ),
    row(
        "post-only: no flag",
        grpc=ONE_SHAPE,
        stream=ONE_SHAPE,
        batch=refused(Command(PLACE, {"flags": 0xFE}), Reject.INVALID_FLAGS, "post_only"),
        rest=refused(Command(PLACE, {"post_only": "yes"}), Reject.INVALID_FLAGS, "post_only"),
        websocket=refused(
            Command(PLACE, {"post_only": 1}), Reject.INVALID_FLAGS, "order.post_only"
        ),
        cli="a flag is given or not",
    ),
    bad_command(
        "market: unknown",
        PLACE,
        Reject.UNKNOWN_MARKET,
        whole={"market_id": 77},
        text={"market": "MOON-USDC"},
        whole_field="market_id",
        text_field="market",
    ),
    bad_command(
        "market: none",
        PLACE,
        Reject.UNKNOWN_MARKET,
        whole={"market_id": 0},
        text={"market": ""},
        whole_field="market_id",
        text_field="market",
    ),
    bad_command(
        "market: an id beyond every market",
        PLACE,
        Reject.UNKNOWN_MARKET,
        whole={"market_id": (1 << 32) - 1},
        text={"market": "4294967295"},
        whole_field="market_id",
        text_field="market",
    ),
    bad_command(
        "market: unknown, of a cancel of all",
        CANCEL_ALL,
        Reject.UNKNOWN_MARKET,
        whole={"market_id": 77},
        text={"market": "MOON-USDC"},
        whole_field="market_id",
        text_field="market",
    ),
    bad_command(
        "funds: more than the account has",
        PLACE,
        Reject.INSUFFICIENT_FUNDS,
        whole={"price_ticks": 200_000, "quantity_lots": 1_000_000},
        text={"price": "2000", "quantity": "1000"},
    ),
    bad_command(
        "funds: of an asset that the account does not have",
        PLACE,
        Reject.INSUFFICIENT_FUNDS,
        whole={"market_id": 2, "side": 2},
        text={"market": "BOND-USDC", "side": "sell"},
    ),
    bad_command(
        "funds: an account without any",
        PLACE,
        Reject.INSUFFICIENT_FUNDS,
        whole={},
        text={},
        party=Party.POOR,
    ),
    bad_command(
        "funds: a withdrawal of more than is free",
        Action.WITHDRAW,
        Reject.INSUFFICIENT_FUNDS,
        whole={"amount_atoms": 2_000_000_000_000},
        text={"amount": "2000000"},
    ),
    bad_command(
        "account: not defined",
        PLACE,
        Reject.UNKNOWN_ACCOUNT,
        whole={},
        text={},
        whole_field="account_id",
        party=Party.GHOST,
        cli=refused(Command(PLACE), Reject.UNKNOWN_ACCOUNT, "account_id", party=Party.GHOST),
    ),
    bad_command(
        "asset: unknown",
        Action.WITHDRAW,
        Reject.UNKNOWN_ASSET,
        whole={"asset_id": 99},
        text={"asset": "GOLD"},
        whole_field="asset_id",
        text_field="asset",
    ),
    bad_command(
        "book: a post-only order that would trade",
        PLACE,
        Reject.POST_ONLY_WOULD_CROSS,
        whole={"price_ticks": 11_100, "post_only": True},
        text={"price": "111.00", "post_only": True},
        whole_field="price_ticks",
        text_field="price",
    ),
    bad_command(
        "book: fill or kill of more than is offered",
        PLACE,
        Reject.FILL_OR_KILL_NOT_FILLABLE,
        whole={"price_ticks": 11_100, "quantity_lots": 5_000_000, "time_in_force": 3},
        text={"price": "111.00", "quantity": "5000", "time_in_force": "fok"},
        whole_field="quantity_lots",
        text_field="quantity",
    ),
    bad_command(
        "book: a replace that would meet an own order",
        REPLACE,
        Reject.SELF_TRADE,
        whole={"order_id": Known("alice_bid_id"), "price_ticks": 12_000, "quantity_lots": 2_000},
        text={"order_id": Known("alice_bid_id"), "price": "120.00", "quantity": "2"},
        whole_field="price_ticks",
        text_field="price",
    ),
    bad_command(
        "peg: one that would be replaced",
        REPLACE,
        Reject.PEG_NOT_REPLACEABLE,
        whole={"order_id": Known("alice_peg_id"), "price_ticks": 9_001, "quantity_lots": 2_000},
        text={"order_id": Known("alice_peg_id"), "price": "90.01", "quantity": "2"},
        whole_field="order_id",
        text_field="order_id",
    ),
    bad_command(
        "price: negative, of a replace",
        REPLACE,
        Reject.INVALID_PRICE,
        whole={"order_id": Known("alice_bid_id"), "price_ticks": -1},
        text={"order_id": Known("alice_bid_id"), "price": "-1"},
        whole_field="price_ticks",
        text_field="price",
    ),
    bad_command(
        "quantity: zero, of a replace",
        REPLACE,
        Reject.INVALID_QUANTITY,
        whole={"order_id": Known("alice_bid_id"), "quantity_lots": 0},
        text={"order_id": Known("alice_bid_id"), "quantity": "0"},
        whole_field="quantity_lots",
        text_field="quantity",
    ),
    row(
        "fields: one that the command does not use",
        grpc=ONE_SHAPE,
        stream=ONE_SHAPE,
        batch=refused(
            Message(
                {
                    "batch": {
                        "kind": b"\2",
                        "order_id": [Known("alice_bid_id")],
                        "quantity_lots": [1],
                    }
                }
            ),
            Reject.RESERVED_FIELD_SET,
        ),
        rest=refused(Command(PLACE, {"role": "operator"}), EdgeError.UNKNOWN_FIELD, "role"),
        websocket=refused(
            Command(PLACE, {"account_id": 1}), EdgeError.UNKNOWN_FIELD, "order.account_id"
        ),
        cli=refused(Command(PLACE, {"account_id": "1"}), EdgeError.WRONG_USAGE, "account_id"),
    ),
    row(
        "fields: one that is needed is missing",
        **grpc_doors(ONE_SHAPE),
        rest=refused(
            Command(Action.WITHDRAW, {"amount": Known("left_out")}),
            EdgeError.MISSING_FIELD,
            "amount",
        ),
        websocket=refused(
            Command(PLACE, {"market": Known("left_out")}),
            EdgeError.MISSING_FIELD,
            "order.market",
        ),
        cli=refused(
            Command(Action.WITHDRAW, {"amount": Known("left_out")}),
            EdgeError.WRONG_USAGE,
            "amount",
        ),
    ),
)
