"""What the market service must not answer; the gateway's addresses for it beside it."""

from __future__ import annotations

from collections.abc import Mapping

from realstack.edge_errors import EdgeError
from tests.wire.cases.rows import Entry, refused, row, streams
from tests.wire.table import Call, Case, Http, Party

SERVICE = "realstack.market.v1.MarketService"
NOT_HERE = "history is read from the market service and from REST"
TRADES = "/v1/trades/BLDG-USDC"
ONE_INTERVAL = {"market_id": 1, "interval": 2}


def history_case(
    name: str,
    method: str,
    request: Mapping[str, object] | bytes,
    field: str,
    rest: Entry,
    *,
    code: EdgeError = EdgeError.INVALID_FIELD,
) -> Case:
    """Make the row of a list of trades or candles that cannot be."""
    return row(
        f"history: {name}",
        grpc=refused(Call(f"{SERVICE}/{method}", request), code, field),
        **streams(NOT_HERE),
        rest=rest,
        websocket=NOT_HERE,
        cli=NOT_HERE,
    )


def rest_refused(path: str, field: str, code: EdgeError = EdgeError.INVALID_FIELD) -> Entry:
    """Make the same at REST."""
    return refused(Http("GET", path), code, field)


CASES: tuple[Case, ...] = (
    history_case(
        "a market id that none can have",
        "ListTrades",
        {"market_id": 0},
        "market_id",
        "markets have symbols at REST; see the row of a book of no market",
    ),
    history_case(
        "a page beyond the limit",
        "ListTrades",
        {"market_id": 1, "page_size": 1_001},
        "page_size",
        rest_refused(f"{TRADES}?page_size=1001", "page_size"),
    ),
    history_case(
        "a page of less than nothing",
        "ListCandles",
        {**ONE_INTERVAL, "page_size": (1 << 32) - 1},
        "page_size",
        rest_refused("/v1/candles/BLDG-USDC?page_size=-1", "page_size"),
    ),
    history_case(
        "a page token of another list",
        "ListTrades",
        {"market_id": 1, "page_token": "AAAAAAAAAAAAAAAAAA"},
        "page_token",
        rest_refused(
            f"{TRADES}?page_token=AAAAAAAAAAAAAAAAAA",
            "page_token",
            EdgeError.INVALID_PAGE_TOKEN,
        ),
    ),
    history_case(
        "an interval that is not kept",
        "ListCandles",
        {"market_id": 1, "interval": 9},
        "interval",
        rest_refused("/v1/candles/BLDG-USDC?interval=2m", "interval"),
    ),
    history_case(
        "an end before the beginning",
        "ListCandles",
        {**ONE_INTERVAL, "from_time_ns": 2, "to_time_ns": 1},
        "to_time_ns",
        rest_refused(
            "/v1/candles/BLDG-USDC?from_time=2026-01-02T00:00:00Z&to_time=2026-01-01T00:00:00Z",
            "to_time",
        ),
    ),
    history_case(
        "a time that is none",
        "ListCandles",
        b"\x18\xff",
        "message",
        rest_refused("/v1/candles/BLDG-USDC?from_time=noon", "from_time", EdgeError.INVALID_TIME),
        code=EdgeError.MALFORMED,
    ),
    history_case(
        "broken UTF-8 in a page token",
        "ListTrades",
        b"\x08\x01\x1a\x02\xc3\x28",
        "message",
        rest_refused(
            "/v1/trades/BLDG-USDC?page_token=%C3%28", "page_token", EdgeError.INVALID_UTF8
        ),
        code=EdgeError.MALFORMED,
    ),
    row(
        "history: no key",
        grpc=refused(
            Call(f"{SERVICE}/ListTrades", {"market_id": 1}),
            EdgeError.NOT_AUTHENTICATED,
            party=Party.NOBODY,
        ),
        **streams(NOT_HERE),
        rest="trades and candles are public at REST",
        websocket=NOT_HERE,
        cli=NOT_HERE,
    ),
)
