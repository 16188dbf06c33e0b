"""`realstack book`: show a market's book."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from collections.abc import Sequence

from realstack.cli.ladder import ladder, levels_facts
from realstack.cli.options import add_json, add_venue, client_of, parser, whole_argument
from realstack.cli.outcome import DONE
from realstack.cli.output import Output, is_terminal

DESCRIPTION = "Show a market's book once, its checksum compared."
DEPTH_DEFAULT = 10


def main(arguments: Sequence[str]) -> int:
    """Show a book and return the exit status."""
    reader = parser("book", DESCRIPTION)
    reader.add_argument("market", metavar="MARKET", help="such as HARBOR-USDC")
    reader.add_argument(
        "--depth", type=whole_argument, default=DEPTH_DEFAULT, metavar="N", help="levels a side"
    )
    add_venue(reader)
    add_json(reader)
    options = reader.parse_args(arguments)
    return asyncio.run(show(options, Output("book", options.json)))


async def show(options: Namespace, output: Output) -> int:
    """Read the book and print it."""
    async with client_of(options) as client:
        book = await client.book_snapshot(options.market)
    for line in ladder(book, options.depth, colour=is_terminal(sys.stdout)):
        if line:
            output.line(line)
    bids, asks = book.bids(options.depth), book.asks(options.depth)
    output.verdict(
        f"book: {book.market.symbol} at sequence {book.sequence}, checksum {book.checksum():08x}",
        ok=True,
        market=book.market.symbol,
        sequence=book.sequence,
        book_sequence=book.book_sequence,
        checksum=book.checksum(),
        bids=levels_facts(bids, book.market),
        asks=levels_facts(asks, book.market),
    )
    return DONE
