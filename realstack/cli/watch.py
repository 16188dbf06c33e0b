"""`realstack watch`: follow a market's book and trades live."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from collections import deque
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime

from realstack.cli.ladder import GREEN, PLAIN, RED, ladder
from realstack.cli.options import add_json, add_venue, client_of, parser, seconds, whole_argument
from realstack.cli.outcome import DONE
from realstack.cli.output import Output, is_terminal
from realstack.client import Client, LocalBook, Market, Side, Trade

DESCRIPTION = """Follow a market's book and trades until Ctrl-C.

In a terminal the book is redrawn in place; otherwise each trade is a line."""
FRAME_SECONDS = 0.1
TRADES_SHOWN = 8
HOME_AND_CLEAR = "\x1b[H\x1b[J"


class View:
    """What is known of the market, and whether it changed since it was drawn."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.book: LocalBook | None = None
        self.trades: deque[Trade] = deque(maxlen=TRADES_SHOWN)
        self.trades_seen = 0
        self.books_seen = 0
        self.changed = asyncio.Event()


def main(arguments: Sequence[str]) -> int:
    """Follow a market and return the exit status."""
    reader = parser("watch", DESCRIPTION)
    reader.add_argument("market", metavar="MARKET", help="such as HARBOR-USDC")
    reader.add_argument(
        "--depth", type=whole_argument, default=8, metavar="N", help="levels a side (default 8)"
    )
    reader.add_argument("--duration", type=seconds, metavar="S", help="end after so many seconds")
    add_venue(reader)
    add_json(reader)
    options = reader.parse_args(arguments)
    return asyncio.run(watch(options, Output("watch", options.json)))


async def watch(options: Namespace, output: Output) -> int:
    """Follow until the time is over or the user has seen enough."""
    async with client_of(options) as client:
        view = View(await client.market(options.market))
        redraw = is_terminal(sys.stdout) and not options.json
        tasks = [
            asyncio.create_task(follow_book(client, view)),
            asyncio.create_task(follow_trades(client, view, None if redraw else output)),
        ]
        if redraw:
            tasks.append(asyncio.create_task(draw(view, options.depth)))
        try:
            await run_for(options.duration, tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    resyncs = view.book.resyncs if view.book else 0
    output.verdict(
        f"watch: {view.market.symbol}, {view.books_seen} book changes, {view.trades_seen} trades, "
        f"{resyncs} resyncs",
        ok=True,
        market=view.market.symbol,
        book_changes=view.books_seen,
        trades=view.trades_seen,
        resyncs=resyncs,
    )
    return DONE


async def run_for(duration: float | None, tasks: list[asyncio.Task[None]]) -> None:
    """Wait until the time is over, or a task fails, or Ctrl-C."""
    try:
        done, _ = await asyncio.wait(tasks, timeout=duration, return_when=asyncio.FIRST_EXCEPTION)
    except asyncio.CancelledError:
        return  # Ctrl-C: this is how a person ends it
    for task in done:
        task.result()


async def follow_book(client: Client, view: View) -> None:
    """Keep the book up to date."""
    async with aclosing(client.book(view.market.market_id)) as books:
        async for book in books:
            view.book = book
            view.books_seen += 1
            view.changed.set()


async def follow_trades(client: Client, view: View, output: Output | None) -> None:
    """Keep the last trades; with an output, print each."""
    async with aclosing(client.trades(view.market.market_id)) as trades:
        async for trade in trades:
            view.trades.append(trade)
            view.trades_seen += 1
            view.changed.set()
            if output is not None:
                output.line(trade_line(trade, view.market, colour=False))


async def draw(view: View, depth: int) -> None:
    """Redraw the screen when something changed, at most ten times a second."""
    while True:
        await view.changed.wait()
        view.changed.clear()
        sys.stdout.write(HOME_AND_CLEAR + "\n".join(frame(view, depth)) + "\n")
        sys.stdout.flush()
        await asyncio.sleep(FRAME_SECONDS)


def frame(view: View, depth: int) -> list[str]:
    """Draw the market."""
    lines = [f"{view.market.symbol}    Ctrl-C ends", ""]
    if view.book is not None:
        lines[0] += f"    sequence {view.book.sequence}"
        lines += ladder(view.book, depth, colour=True)
    lines += ["", "last trades"]
    lines += [trade_line(trade, view.market, colour=True) for trade in reversed(view.trades)]
    return lines


def trade_line(trade: Trade, market: Market, *, colour: bool) -> str:
    """Draw a trade."""
    time = datetime.fromtimestamp(trade.time_ns // 1_000_000_000, UTC).strftime("%H:%M:%S")
    price = market.units.price_text(trade.price_ticks)
    size = market.units.quantity_text(trade.quantity_lots)
    paint = (GREEN if trade.aggressor_side is Side.BUY else RED) if colour else ""
    end = PLAIN if colour else ""
    side = trade.aggressor_side.name.lower()
    return f"{time}  {paint}{price:>14}{end}  {size:>14}  {side:<4}  trade {trade.trade_id}"
