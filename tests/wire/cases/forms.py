"""Messages whose form is wrong: too large, broken UTF-8, no JSON, no protobuf, too deep."""

from __future__ import annotations

from engine.core.limits import COMMANDS_PER_BATCH_MAX
from engine.core.rejects import Reject
from engine.rpc.limits import MESSAGE_BYTES_MAX
from gateway.limits import BODY_BYTES_MAX, QUERY_BYTES_MAX, WS_MESSAGE_BYTES_MAX
from realstack.edge_errors import EdgeError
from tests.wire.cases.rows import NO_HTTP, ONE_SHAPE, foreign, grpc_doors, refused, row, streams
from tests.wire.table import Action, Call, Case, Command, Frame, Http, Message, Party, Words

TRADING = "realstack.trading.v1.TradingService"
ADMIN = "realstack.admin.v1.AdminService"
MARKET_DATA = "realstack.marketdata.v1.MarketDataService"
ORDERS = "/v1/orders"
GOOD_BODY = b'{"market":"BLDG-USDC","side":"buy","quantity":"1","price":"1"}'
BROKEN_UTF8 = b"\xc3\x28"
NO_BODY = "the command line sends no text of its own making: it has arguments"
NO_ADDRESS = "a WebSocket has one address, and its messages say what they want"
LIST_ORDERS = "the Trade stream takes commands only"
DEEP = b'{"market":' + b"[" * 100 + b"]" * 100 + b"}"
WRONG_LENGTH = {"batch": {"kind": b"\1\1", "market_id": [1]}}

CASES: tuple[Case, ...] = (
    row(
        "form: too large",
        grpc=foreign(
            Call(f"{TRADING}/PlaceOrder", b"\0" * (MESSAGE_BYTES_MAX + 1)), 8, "RESOURCE_EXHAUSTED"
        ),
        stream=foreign(Message(b"\0" * (MESSAGE_BYTES_MAX + 1)), 8, "RESOURCE_EXHAUSTED"),
        batch=refused(
            Message({"batch": {"kind": b"\1" * (COMMANDS_PER_BATCH_MAX + 1)}}),
            EdgeError.INVALID_FIELD,
            "batch.kind",
        ),
        rest=refused(
            Http("POST", ORDERS, GOOD_BODY.ljust(BODY_BYTES_MAX + 1)), EdgeError.BODY_TOO_LARGE
        ),
        websocket=refused(
            Frame(b'{"op":"ping"}'.ljust(WS_MESSAGE_BYTES_MAX + 1)), EdgeError.BODY_TOO_LARGE
        ),
        cli=refused(Command(Action.PLACE, {"price": "1" * 100_000}), Reject.INVALID_PRICE, "price"),
    ),
    row(
        "form: far too large",
        grpc=foreign(
            Call(f"{TRADING}/PlaceOrder", b"\0" * (4 * MESSAGE_BYTES_MAX)), 8, "RESOURCE_EXHAUSTED"
        ),
        stream=foreign(Message(b"\0" * (4 * MESSAGE_BYTES_MAX)), 8, "RESOURCE_EXHAUSTED"),
        batch=foreign(
            Message({"batch": {"kind": b"\1" * (2 * MESSAGE_BYTES_MAX)}}), 8, "RESOURCE_EXHAUSTED"
        ),
        rest=refused(
            Http("POST", ORDERS, GOOD_BODY.ljust(64 * BODY_BYTES_MAX)), EdgeError.BODY_TOO_LARGE
        ),
        websocket=foreign(
            Frame(b'{"op":"ping"}'.ljust(64 * WS_MESSAGE_BYTES_MAX)), 1_009, "MESSAGE_TOO_BIG"
        ),
        cli="the system takes no argument of more than 128 KiB",
    ),
    row(
        "form: broken UTF-8",
        grpc=refused(
            Call(f"{ADMIN}/DefineAsset", b"\x08\x09\x12\x02" + BROKEN_UTF8),
            EdgeError.MALFORMED,
            "message",
            party=Party.OPERATOR,
        ),
        **streams(ONE_SHAPE),
        rest=refused(
            Http("POST", ORDERS, GOOD_BODY.replace(b"BLDG", BROKEN_UTF8)), EdgeError.INVALID_UTF8
        ),
        websocket=foreign(
            Frame(b'{"op":"ping","id":"' + BROKEN_UTF8 + b'"}'), 1_007, "INVALID_DATA"
        ),
        cli=refused(
            Words(("order", "buy", BROKEN_UTF8, "1", "--price=1")),
            Reject.UNKNOWN_MARKET,
            "market",
        ),
    ),
    row(
        "form: broken UTF-8 elsewhere",
        **grpc_doors(ONE_SHAPE),
        rest=refused(Http("GET", ORDERS + "?market=%C3%28"), EdgeError.INVALID_UTF8, "market"),
        websocket=refused(
            Frame(b'{"op":"ping","id":"' + BROKEN_UTF8 + b'"}', is_text=False),
            EdgeError.INVALID_UTF8,
        ),
        cli=refused(
            Words(("order", "buy", "BLDG-USDC", "1", b"--price=" + BROKEN_UTF8)),
            Reject.INVALID_PRICE,
            "price",
        ),
    ),
    row(
        "form: overlong UTF-8 and a surrogate in bytes",
        grpc=refused(
            Call(f"{ADMIN}/DefineAsset", b"\x08\x09\x12\x03\xed\xa0\x80"),
            EdgeError.MALFORMED,
            "message",
            party=Party.OPERATOR,
        ),
        **streams(ONE_SHAPE),
        rest=refused(
            Http("POST", ORDERS, GOOD_BODY.replace(b"BLDG", b"\xc0\xaf")), EdgeError.INVALID_UTF8
        ),
        websocket=refused(
            Frame(b'{"op":"ping","id":"\xed\xa0\x80"}', is_text=False), EdgeError.INVALID_UTF8
        ),
        cli=refused(
            Words(("order", "buy", "BLDG-USDC", b"\xc0\xaf", "--price=1")),
            Reject.INVALID_QUANTITY,
            "quantity",
        ),
    ),
    row(
        "form: cut off",
        grpc=refused(
            Call(f"{TRADING}/PlaceOrder", b"\x0a\x05\x08"), EdgeError.MALFORMED, "message"
        ),
        stream=refused(Message(b"\x0a\xff\xff\xff\xff\x0f"), EdgeError.MALFORMED, "message"),
        batch=refused(Message(b"\x2a\x03\x0a\x05\x01"), EdgeError.MALFORMED, "message"),
        rest=refused(Http("POST", ORDERS, GOOD_BODY[:-1]), EdgeError.MALFORMED_JSON),
        websocket=refused(Frame(b'{"op":"ping"'), EdgeError.MALFORMED_JSON),
        cli=refused(Words(("order", "buy")), EdgeError.WRONG_USAGE, "market"),
    ),
    row(
        "form: wrong types",
        grpc=refused(
            Call(f"{TRADING}/PlaceOrder", b"\x08\x05\x0b"), EdgeError.MALFORMED, "message"
        ),
        stream=refused(Message(b"\x0b"), EdgeError.MALFORMED, "message"),
        batch=refused(
            Message({"batch": {"kind": b"\x05"}}), EdgeError.INVALID_FIELD, "batch.kind[0]"
        ),
        rest=refused(Http("POST", ORDERS, b'["buy"]'), EdgeError.INVALID_FIELD),
        websocket=refused(Frame(b'["ping"]'), EdgeError.UNKNOWN_OPERATION, "op"),
        cli=refused(Words(("book", "BLDG-USDC", "--depth=many")), EdgeError.WRONG_USAGE, "depth"),
    ),
    row(
        "form: nothing in it",
        grpc=refused(
            Call(f"{TRADING}/PlaceOrder", b""), EdgeError.INVALID_FIELD, "order.client_id"
        ),
        stream=refused(Message(b""), EdgeError.INVALID_FIELD, "command"),
        batch=refused(Message({"batch": {}}), EdgeError.INVALID_FIELD, "batch.kind"),
        rest=refused(Http("POST", ORDERS, b""), EdgeError.MISSING_FIELD),
        websocket=refused(Frame(b""), EdgeError.MALFORMED_JSON),
        cli=refused(Words(("order",)), EdgeError.WRONG_USAGE, "side"),
    ),
    row(
        "form: nested too deeply",
        **grpc_doors(ONE_SHAPE),
        rest=refused(Http("POST", ORDERS, DEEP), EdgeError.NESTING_TOO_DEEP),
        websocket=refused(Frame(DEEP), EdgeError.NESTING_TOO_DEEP),
        cli=NO_BODY,
    ),
    row(
        "form: a bare NaN or 1e400",
        **grpc_doors(ONE_SHAPE),
        rest=refused(
            Http("POST", ORDERS, GOOD_BODY.replace(b'"price":"1"', b'"price":NaN')),
            EdgeError.MALFORMED_JSON,
        ),
        websocket=refused(
            Frame(b'{"op":"place","order":' + GOOD_BODY.replace(b':"1"}', b":1e400}") + b"}"),
            Reject.INVALID_PRICE,
            "order.price",
        ),
        cli=NO_BODY,
    ),
    row(
        "form: columns of different lengths",
        grpc="columns are for the Trade stream",
        stream="columns are a batch",
        batch=refused(Message(WRONG_LENGTH), EdgeError.INVALID_FIELD, "batch.market_id"),
        rest="the gateway takes no batches",
        websocket="the gateway takes no batches",
        cli="the command line sends no batches",
    ),
    row(
        "form: no JSON by its own word",
        **grpc_doors(NO_HTTP),
        rest=refused(
            Http("POST", ORDERS, GOOD_BODY, {"content-type": "text/plain"}),
            EdgeError.UNSUPPORTED_MEDIA_TYPE,
        ),
        websocket=NO_HTTP,
        cli=NO_HTTP,
    ),
    row(
        "form: a parameter that is not taken",
        **grpc_doors(ONE_SHAPE),
        rest=refused(Http("GET", ORDERS + "?account_id=2"), EdgeError.UNKNOWN_FIELD, "account_id"),
        websocket=refused(
            Frame(b'{"op":"ping","account_id":2}'), EdgeError.UNKNOWN_FIELD, "account_id"
        ),
        cli=refused(Words(("account", "--account-id=2")), EdgeError.WRONG_USAGE, "account_id"),
    ),
    row(
        "form: a parameter given twice",
        **grpc_doors(ONE_SHAPE),
        rest=refused(
            Http("GET", ORDERS + "?status=all&status=all"), EdgeError.INVALID_FIELD, "status"
        ),
        websocket=NO_ADDRESS,
        cli="the last one counts, as with every program",
    ),
    row(
        "form: a query that is too long",
        **grpc_doors(NO_HTTP),
        rest=refused(
            Http("GET", ORDERS + "?market=" + "B" * QUERY_BYTES_MAX), EdgeError.BODY_TOO_LARGE
        ),
        websocket=NO_ADDRESS,
        cli=NO_HTTP,
    ),
    row(
        "form: a page beyond the limit",
        grpc="the engine's lists have no pages",
        **streams(LIST_ORDERS),
        rest=refused(Http("GET", ORDERS + "?page_size=1001"), EdgeError.INVALID_FIELD, "page_size"),
        websocket="channels have no pages",
        cli=refused(Words(("book", "BLDG-USDC", "--depth=0")), EdgeError.WRONG_USAGE, "depth"),
    ),
    row(
        "form: a page token of nobody",
        grpc="the engine's lists have no pages",
        **streams(LIST_ORDERS),
        rest=refused(
            Http("GET", "/v1/trades/BLDG-USDC?page_token=AAAAAAAAAAAAAAAAAA"),
            EdgeError.INVALID_PAGE_TOKEN,
            "page_token",
        ),
        websocket="channels have no pages",
        cli="the command line has no pages",
    ),
    row(
        "place: an address, method or operation that is not there",
        grpc=foreign(Call(f"{TRADING}/StealOrder", b""), 12, "UNIMPLEMENTED"),
        **streams(ONE_SHAPE),
        rest=refused(Http("GET", "/v2/orders"), EdgeError.NO_SUCH_PAGE),
        websocket=refused(Frame(b'{"op":"steal"}'), EdgeError.UNKNOWN_OPERATION, "op"),
        cli=refused(Words(("steal",)), EdgeError.WRONG_USAGE, "command"),
    ),
    row(
        "place: a method that the address does not take",
        **grpc_doors(NO_HTTP),
        rest=refused(Http("PUT", ORDERS, GOOD_BODY), EdgeError.METHOD_NOT_ALLOWED),
        websocket=NO_ADDRESS,
        cli=NO_HTTP,
    ),
    row(
        "place: a book of no market",
        grpc=refused(
            Call(f"{MARKET_DATA}/GetBook", {"market_id": 77}), Reject.UNKNOWN_MARKET, "market_id"
        ),
        **streams(LIST_ORDERS),
        rest=refused(Http("GET", "/v1/book/MOON-USDC"), Reject.UNKNOWN_MARKET, "market"),
        websocket=refused(
            Frame(b'{"op":"subscribe","channel":"book","market":"MOON-USDC"}'),
            Reject.UNKNOWN_MARKET,
            "market",
        ),
        cli=refused(Words(("book", "MOON-USDC")), Reject.UNKNOWN_MARKET, "market"),
    ),
    row(
        "place: a channel that is not there",
        grpc="a stream is a method of its own",
        **streams(LIST_ORDERS),
        rest="there are no channels here",
        websocket=refused(
            Frame(b'{"op":"subscribe","channel":"secrets"}'), EdgeError.UNKNOWN_CHANNEL, "channel"
        ),
        cli="there are no channels here",
    ),
    row(
        "place: the end of a stream that was never begun",
        **grpc_doors(ONE_SHAPE),
        rest="there are no channels here",
        websocket=refused(
            Frame(b'{"op":"unsubscribe","channel":"trades"}'), EdgeError.NOT_SUBSCRIBED
        ),
        cli="there are no channels here",
    ),
    row(
        "place: a point of a stream that is yet to come",
        grpc=refused(
            Call(f"{TRADING}/StreamExecutions", {"from_execution_sequence": 1_000_000}),
            EdgeError.AHEAD_OF_STREAM,
            "from_execution_sequence",
        ),
        **streams(LIST_ORDERS),
        rest="there are no channels here",
        websocket=refused(
            Frame(b'{"op":"subscribe","channel":"orders","from_execution_sequence":1000000}'),
            EdgeError.AHEAD_OF_STREAM,
            "from_execution_sequence",
        ),
        cli="there are no channels here",
    ),
)
