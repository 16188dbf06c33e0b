"""`realstack quote`: replace all that an account quotes in a market, in one command."""

from __future__ import annotations

import asyncio
import re
from argparse import Namespace
from collections.abc import Sequence

from engine.core.rejects import Reject
from realstack.cli.options import (
    add_client_id,
    add_json,
    add_venue,
    client_of,
    identity_of,
    parser,
)
from realstack.cli.outcome import DONE
from realstack.cli.output import Output
from realstack.client import InvalidInput, QuoteLevel

DESCRIPTION = """Replace all that you quote in a market: all of it is done, or nothing.

  realstack quote HARBOR-USDC 5@99.50/5@100.50 10@99/10@101
  realstack quote HARBOR-USDC 5@99.50/           bids only
  realstack quote HARBOR-USDC --off              quote nothing any more

A level is QUANTITY@BID/QUANTITY@ASK; the best comes first. What stays at its price with no more
than is left of it keeps its place in the queue."""
SIDE = r"(?:([^@/]+)@([^@/]+))?"
LEVEL = re.compile(f"{SIDE}/{SIDE}")


def main(arguments: Sequence[str]) -> int:
    """Quote and return the exit status."""
    reader = parser("quote", DESCRIPTION)
    reader.add_argument("market", metavar="MARKET", help="symbol or id")
    reader.add_argument("levels", metavar="LEVEL", nargs="*", help="QUANTITY@BID/QUANTITY@ASK")
    reader.add_argument("--off", action="store_true", help="quote nothing")
    reader.add_argument("--post-only", action="store_true", help="refuse it if it would trade")
    add_client_id(reader)
    add_venue(reader)
    add_json(reader)
    options = reader.parse_args(arguments)
    return asyncio.run(quote(options, Output("quote", options.json)))


async def quote(options: Namespace, output: Output) -> int:
    """Send the quote and print what became of it.

    Raises:
        InvalidInput: A level is malformed, or neither levels nor --off are given.
    """
    if options.off == bool(options.levels):
        rule = "must be given, or --off and none"
        raise InvalidInput("level", None, rule, Reject.INVALID_PRICE)
    levels = [level_of(text) for text in options.levels]
    async with client_of(options) as client:
        told = await client.quote(
            levels, market=options.market, post_only=options.post_only, **identity_of(options)
        )
    text = f"{told.placed_count} placed, {told.kept_count} kept, {told.cancelled_count} cancelled"
    output.verdict(
        "taken before" if told.is_duplicate else text,
        ok=True,
        sequence=told.sequence,
        duplicate=told.is_duplicate,
        placed=told.placed_count,
        kept=told.kept_count,
        cancelled=told.cancelled_count,
    )
    return DONE


def level_of(text: str) -> QuoteLevel:
    """Read a level.

    Raises:
        InvalidInput: It is not written as one.
    """
    match = LEVEL.fullmatch(text)
    if match is None or text == "/":
        rule = "must be QUANTITY@BID/QUANTITY@ASK, one side may be left out"
        raise InvalidInput("level", text, rule, Reject.INVALID_PRICE)
    bid_quantity, bid, ask_quantity, ask = match.groups()
    return QuoteLevel(bid=bid, bid_quantity=bid_quantity, ask=ask, ask_quantity=ask_quantity)
