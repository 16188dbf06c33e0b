"""Text that is no name: control characters, look-alikes, what cannot be shown, far too much."""

from __future__ import annotations

from engine.core.rejects import Reject
from realstack.edge_errors import EdgeError
from tests.wire.cases.rows import NO_TEXT, Entry, foreign, grpc_doors, refused, row
from tests.wire.table import Action, Case, Command, Frame, Http, Words

PLACE = Action.PLACE
NO_NUL = "an argument of a process ends at its first NUL byte"
TOO_LONG = "x" * (1 << 20)


def text_case(name: str, market: str, client_id: str, *, cli: Entry | None = None) -> Case:
    """Make the row of a text, as a market's symbol and as a client id."""
    symbol = Command(PLACE, {"market": market})
    identity = Command(PLACE, {"client_id": client_id})
    return row(
        f"text: {name}",
        **grpc_doors(NO_TEXT),
        rest=refused(symbol, Reject.UNKNOWN_MARKET, "market"),
        websocket=refused(identity, Reject.INVALID_CLIENT_ID, "order.client_id"),
        cli=refused(symbol, Reject.UNKNOWN_MARKET, "market") if cli is None else cli,
    )


CASES: tuple[Case, ...] = (
    text_case("NUL", "BLDG-\0USDC", "5\0", cli=NO_NUL),
    text_case("line breaks, as if to forge a log", "BLDG-USDC\r\nlevel=info", "5\r\n6"),
    text_case("right-to-left override", "\u202eCDSU-GDLB", "\u202e5"),
    text_case("a zero-width space", "BLDG\u200b-USDC", "5\u200b"),
    text_case("a Cyrillic look-alike", "ВLDG-USDC", "\u0660"),
    text_case("a combining accent", "BLDG-USDC\u0301", "5\u0301"),
    text_case("lower case", "bldg-usdc", "0X5"),
    text_case("another alphabet of digits", "BLDG-USDC１", "５"),
    row(
        "text: a lone surrogate",
        **grpc_doors(NO_TEXT),
        rest=refused(
            Http("POST", "/v1/orders", b'{"market":"\\ud800","side":"buy","quantity":"1"}'),
            EdgeError.MALFORMED_JSON,
        ),
        websocket=refused(
            Frame(b'{"op":"ping","id":"\\ud800"}', is_text=False), EdgeError.MALFORMED_JSON
        ),
        cli=refused(
            Words(("order", "buy", b"\xed\xa0\x80", "1", "--price=1")),
            Reject.UNKNOWN_MARKET,
            "market",
        ),
    ),
    row(
        "text: one megabyte",
        **grpc_doors(NO_TEXT),
        rest=refused(Command(PLACE, {"client_id": TOO_LONG}), EdgeError.BODY_TOO_LARGE),
        websocket=foreign(Command(PLACE, {"client_id": TOO_LONG}), 1_009, "MESSAGE_TOO_BIG"),
        cli="the system takes no argument of more than 128 KiB",
    ),
    row(
        "text: 100 kilobytes",
        **grpc_doors(NO_TEXT),
        rest=refused(Command(PLACE, {"client_id": TOO_LONG[:100_000]}), EdgeError.BODY_TOO_LARGE),
        websocket=foreign(
            Command(PLACE, {"client_id": TOO_LONG[:100_000]}), 1_009, "MESSAGE_TOO_BIG"
        ),
        cli=refused(
            Command(PLACE, {"client_id": TOO_LONG[:100_000]}),
            Reject.INVALID_CLIENT_ID,
            "client_id",
        ),
    ),
    row(
        "text: more than a field takes",
        **grpc_doors(NO_TEXT),
        rest=refused(Command(PLACE, {"market": "B" * 17}), Reject.UNKNOWN_MARKET, "market"),
        websocket=refused(
            Command(PLACE, {"market": "B" * 17}), Reject.UNKNOWN_MARKET, "order.market"
        ),
        cli=refused(Command(PLACE, {"market": "B" * 17}), Reject.UNKNOWN_MARKET, "market"),
    ),
)
