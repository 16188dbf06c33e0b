"""`realstack replay`: send a recorded market to a venue as orders, and compare."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import signal
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from engine.core.commands import Side
from realstack.cli.options import add_data, add_json, parser
from realstack.cli.outcome import DONE, REFUSED, WRONG_INPUT
from realstack.cli.output import Output
from realstack.client import Client, Unavailable
from realstack.edge_errors import EdgeError
from realstack.replay.desk import Desk, MarketInUse
from realstack.replay.encode import RUN_BITS
from realstack.replay.errors import InvalidRecording
from realstack.replay.funding import TooMuchMoney
from realstack.replay.listing import ListingRefused
from realstack.replay.recording import Recording, load
from realstack.replay.run import Tally, replay
from realstack.replay.settled import Settled
from realstack.replay.venue import ReplayVenue, private_venue, running_venue
from realstack.settings import Settings
from realstack.settings import load as load_settings
from realstack.up.process import ProcessFailed
from realstack.up.tokens import ChainSetupFailed

DESCRIPTION = """Send a recorded market as orders over gRPC; compare the book after each message.

  realstack replay AAPL_2012-06-21_message_10.csv --check AAPL_2012-06-21_orderbook_10.csv
  realstack replay mbo_2024-05-08.dbn.zst --settle

Reads LOBSTER message files (--check: the book file that belongs to it) and DBN files of
market-by-order records. Orders go to eight accounts by id, executions come from a ninth. With no
venue running, a private one runs on free ports in a temporary folder for as long as it takes.
Exits 1 when anything differs."""

PROGRESS_SECONDS = 10.0
FAILURES = (MarketInUse, ListingRefused, TooMuchMoney, ProcessFailed, ChainSetupFailed)
VenueContext = AbstractAsyncContextManager[ReplayVenue]


def add_arguments(to: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    to.add_argument("file", type=Path, metavar="FILE", help="the recording")
    to.add_argument("--check", type=Path, metavar="BOOKFILE", help="LOBSTER book file")
    to.add_argument(
        "--settle",
        action="store_true",
        help="with a chain: deposits on it, trades settled on it, ledger compared with it",
    )
    to.add_argument("--limit", type=int, metavar="N", help="only the first N messages or events")
    to.add_argument(
        "--private", action="store_true", help="a private venue, even when another one runs"
    )
    to.add_argument(
        "--core",
        choices=("compiled", "reference"),
        default="compiled",
        help="the core of a private venue; the reference is slow",
    )
    add_data(to)
    add_json(to)


def main(arguments: Sequence[str]) -> int:
    """Replay a recording and return the exit status."""
    reader = parser("replay", DESCRIPTION)
    add_arguments(reader)
    options = reader.parse_args(arguments)
    if options.limit is not None and options.limit < 1:
        reader.error("--limit: must be at least 1")
    return run(options)


def run(options: Namespace) -> int:
    """Replay what the options say and return the exit status."""
    output = Output("replay", options.json)
    try:
        recording = load(options.file, options.check, options.limit)
    except InvalidRecording as error:
        return invalid(output, error.path, str(error), error.where, error.field, error.rule)
    except OSError as error:
        rule = str(error.strerror)
        return invalid(output, error.filename, f"{error.filename}: {rule}", "", "", rule)
    try:
        return asyncio.run(replay_file(options, recording, output))
    except FAILURES as error:
        name = type(error).__name__
        output.verdict(f"replay: FAILED: {error}", ok=False, outcome="FAILED", name=name)
        return REFUSED
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None  # asked to end by SIGTERM, with everything stopped


def invalid(output: Output, path: Path | str, words: str, where: str, field: str, rule: str) -> int:
    """Print what is wrong with a file, and return the exit status."""
    code = EdgeError.INVALID_RECORDING
    output.verdict(
        f"replay: INVALID: {code.name} ({int(code)}): {words}",
        ok=False,
        outcome="INVALID",
        code=int(code),
        name=code.name,
        file=str(path),
        where=where,
        field=field,
        rule=rule,
    )
    return WRONG_INPUT


async def replay_file(options: Namespace, recording: Recording, output: Output) -> int:
    """Replay a recording on the venue that the options say."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    run_number = secrets.randbits(RUN_BITS - 1) + 1
    for words in recording.plan.notes:
        output.note(words)
    async with await venue_of(options, recording, run_number, output.note) as venue:
        market_id = venue.listing.market.market_id
        async with Desk(venue.clients, market_id, run_number) as desk:
            started = time.monotonic()
            progress = Progress(output.note)
            tally = await replay(recording.plan, desk, recording.check, progress=progress)
            output.note(f"{tally.rows} rows in {time.monotonic() - started:.1f} s")
            final = await final_book(desk, venue)
            settled = None
            if venue.chain is not None:
                output.note(f"settling {len(desk.trade_ids)} trades on chain")
                settled = await venue.chain.settle(desk.trade_ids)
    return tell(output, recording, tally, final, settled)


async def venue_of(
    options: Namespace, recording: Recording, run_number: int, note: Callable[[str], None]
) -> VenueContext:
    """Return the venue to use: the one that runs on this machine, else a private one."""
    if not options.private:
        settings = load_settings(data=options.data)
        if settings.engine_address and await answers(settings):
            return running_venue(recording, settings, run=run_number, note=note)
        if settings.engine_address:
            note(f"nobody answers at {settings.engine_address}, where a venue was recorded")
    return private_venue(
        recording, run=run_number, settle=options.settle, core=options.core, note=note
    )


async def answers(settings: Settings) -> bool:
    """Tell whether the venue that was recorded still runs."""
    key = settings.key_of("operator")
    try:
        async with Client(settings.engine_address, api_key=key, timeout_seconds=2.0):
            return True
    except Unavailable:
        return False


class Progress:
    """Tells every few seconds how far a replay is."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._next = time.monotonic() + PROGRESS_SECONDS

    def __call__(self, done: int, total: int) -> None:
        """Take note of the rows done."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + PROGRESS_SECONDS
            self._note(f"{done:,} of {total:,} rows")


async def final_book(desk: Desk, venue: ReplayVenue) -> dict[str, object]:
    """Return what the book holds at the end."""
    bids, asks = [await desk.levels(side, 0) for side in (Side.BUY, Side.SELL)]
    units = venue.listing.units
    return {
        "orders": sum(level.order_count for level in [*bids, *asks]),
        "best_bid": units.price_text(bids[0].price_ticks) if bids else None,
        "best_ask": units.price_text(asks[0].price_ticks) if asks else None,
    }


def tell(
    output: Output,
    recording: Recording,
    tally: Tally,
    final: dict[str, object],
    settled: Settled | None,
) -> int:
    """Print what was found; the exit status says whether all was equal."""
    is_checked = recording.check is not None
    ok = tally.difference_count == 0 and (settled is None or settled.is_equal)
    counts = ", ".join(f"{number} {name}" for name, number in recording.plan.counts.items())
    output.line(f"{recording.symbol}: {counts}")
    output.line(
        f"at the end {final['orders']} orders, {final['best_bid']} bid, {final['best_ask']} asked"
    )
    for words in tally.differences:
        output.line(words)
    kept = len(tally.differences)
    if tally.difference_count > kept:
        output.line(f"and {tally.difference_count - kept} more differences")
    facts: dict[str, object] = {
        "rows": tally.rows,
        "equal": tally.equal if is_checked else None,
        "seeded": recording.plan.seeded,
        "fills": tally.fills,
        "shares": tally.filled_lots,
        "named": tally.named,
        "named_seen": tally.named_seen,
        "differences": tally.difference_count,
    }
    words = (
        f"rows {tally.rows}, equal {tally.equal if is_checked else 'not compared'}, seeded "
        f"{recording.plan.seeded}, fills {tally.fills} of {tally.filled_lots} {recording.unit}, "
        f"named {tally.named} ({tally.named_seen} orders seen)"
    )
    if settled is not None:
        facts |= {
            "final": settled.final,
            "batches": settled.batches,
            "reconciliation": settled.verdict,
        }
        words += f", final on chain {settled.final} in {settled.batches} batches, {settled.verdict}"
    output.verdict(
        f"replay: {'equal' if ok else 'DIFFERENT'}: {words}",
        ok=ok,
        **facts,
        **final,
        counts=recording.plan.counts,
    )
    return DONE if ok else REFUSED
