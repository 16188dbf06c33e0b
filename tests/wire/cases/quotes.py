"""Quotes that are wrong somewhere: then nothing of them is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.core.limits import GROUP_ENTRIES_MAX
from engine.core.rejects import Reject
from realstack.edge_errors import EdgeError
from tests.wire.cases.rows import Code, refused, row
from tests.wire.table import Call, Case, Known, Message, Words

METHOD = "realstack.trading.v1.TradingService/MassQuote"
ONE_EACH = "a batch has a row for each command, and no room for a quote's levels"
ONLY_GRPC = "quotes are for market makers, who use gRPC"
GOOD = {"bid_price_ticks": 10, "bid_lots": 1, "ask_price_ticks": 20, "ask_lots": 1}


def quote_case(
    name: str,
    levels: Sequence[Mapping[str, object]],
    code: Code,
    field: str,
    words: Sequence[str] | str,
    *,
    cli_field: str = "",
    at_edge: bool = False,
    **header: object,
) -> Case:
    """Make the row of a quote; `words` are its levels at the command line, or why there are none.

    What the edge refuses it names by the message that it is in.
    """
    quote = {
        "client_id": 4_712,
        "sent_time_ns": Known("now_ns"),
        "market_id": 1,
        "levels": levels,
        **header,
    }
    ask = Words(("quote", "BLDG-USDC", *words))
    inside = ("quote.", "mass_quote.") if at_edge else ("", "")
    return row(
        name,
        grpc=refused(Call(METHOD, {"quote": quote}), code, inside[0] + field),
        stream=refused(Message({"mass_quote": quote}), code, inside[1] + field),
        batch=ONE_EACH,
        rest=ONLY_GRPC,
        websocket=ONLY_GRPC,
        cli=words if isinstance(words, str) else refused(ask, code, cli_field or field),
    )


CASES: tuple[Case, ...] = (
    quote_case(
        "quote: its best bid meets its best ask",
        [{**GOOD, "bid_price_ticks": 20}],
        Reject.QUOTE_CROSSES_ITSELF,
        "bid_price_ticks",
        ("0.001@0.20/0.001@0.20",),
    ),
    quote_case(
        "quote: a second bid that is not below the first",
        [GOOD, {"bid_price_ticks": 10, "bid_lots": 1}],
        Reject.INVALID_PRICE,
        "price_ticks",
        ("0.001@0.10/", "0.001@0.10/"),
        cli_field="price",
    ),
    quote_case(
        "quote: a price without a quantity",
        [{"bid_price_ticks": 10}],
        Reject.INVALID_QUANTITY,
        "quantity_lots",
        ("0@0.10/",),
        cli_field="quantity",
    ),
    quote_case(
        "quote: in a market that is not there",
        [GOOD],
        Reject.UNKNOWN_MARKET,
        "market_id",
        "the market is a word of its own, with a row for orders",
        market_id=77,
    ),
    quote_case(
        "quote: more levels than a quote may have",
        [{"bid_price_ticks": 5_000 - i, "bid_lots": 1} for i in range(GROUP_ENTRIES_MAX + 1)],
        EdgeError.INVALID_FIELD,
        "levels",
        "a shell takes no thousand words of it",
        at_edge=True,
    ),
    quote_case(
        "quote: without an id",
        [GOOD],
        EdgeError.INVALID_FIELD,
        "client_id",
        "the command line makes one",
        at_edge=True,
        client_id=0,
    ),
)
