"""`realstack status`: the state of the running venue."""

from __future__ import annotations

import asyncio
import json
import os
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import grpc.aio

from realstack.cli.options import add_data, add_json, parser, settings_of
from realstack.cli.outcome import DONE, REFUSED
from realstack.cli.output import Output, table
from realstack.client import Client, ClientError, VenueStatus
from realstack.settings import RUN_FILE, Settings
from realstack.up.settlement_view import Comparison, SettlementView

DESCRIPTION = """Show the processes of the venue, its sequence and digest, and its settlement.
Exits 1 when a process is gone, or ledger and chain differ."""
CALL_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class ProcessState:
    """A process that `realstack up` recorded, and whether it runs."""

    name: str
    pid: int
    address: str
    running: bool


def main(arguments: Sequence[str]) -> int:
    """Show the state and return the exit status."""
    reader = parser("status", DESCRIPTION)
    add_data(reader)
    add_json(reader)
    options = reader.parse_args(arguments)
    return asyncio.run(show(options, Output("status", options.json)))


async def show(options: Namespace, output: Output) -> int:
    """Ask everybody and print what they say."""
    settings = settings_of(options)
    key = settings.api_key or settings.key_of("operator")
    states = processes(settings.data)
    venue = await venue_status(settings, key)
    comparison = await last_comparison(settings, key)
    print_states(output, states, settings)
    gone = [state.name for state in states if not state.running]
    problems = [f"{name} is not running" for name in gone]
    problems += describe_venue(output, venue)
    problems += describe_settlement(output, comparison)
    output.verdict(
        f"status: {'; '.join(problems) or 'all is well'}",
        ok=not problems,
        problems=problems,
        processes=[asdict(state) for state in states],
        venue=asdict(venue) if venue else None,
        settlement=asdict(comparison) if comparison else None,
        page=settings.gateway_url,
    )
    return REFUSED if problems else DONE


def processes(data: Path) -> list[ProcessState]:
    """Return the processes that `realstack up` recorded."""
    try:
        run = json.loads((data / RUN_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [
        ProcessState(name, entry["pid"], entry["address"], is_running(entry["pid"]))
        for name, entry in run["processes"].items()
    ]


def is_running(pid: int) -> bool:
    """Tell whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # there is, and it is another user's
    return True


async def venue_status(settings: Settings, key: str) -> VenueStatus | None:
    """Ask the engine; nothing when it does not answer.

    Raises:
        MissingSetting: Nobody knows where the engine is.
    """
    address = settings.need("engine_address")
    try:
        async with Client(address, api_key=key, timeout_seconds=CALL_SECONDS) as client:
            return await client.status()
    except ClientError as error:
        if error.transient:
            return None
        raise


async def last_comparison(settings: Settings, key: str) -> Comparison | None:
    """Ask the settlement worker; nothing when there is none, or it does not answer."""
    if not settings.settlement_address:
        return None
    view = SettlementView(settings.settlement_address, key)
    try:
        return await view.comparison()
    except grpc.aio.AioRpcError:
        return None
    finally:
        await view.close()


def print_states(output: Output, states: list[ProcessState], settings: Settings) -> None:
    """Print the processes and the page."""
    rows = [["process", "pid", "state", "address"]]
    rows += [
        [state.name, str(state.pid), "running" if state.running else "GONE", state.address]
        for state in states
    ]
    for line in table(rows, left=(0, 2, 3)):
        output.line(line)
    output.line()
    if settings.gateway_url:
        output.line(f"page          {settings.gateway_url}")


def describe_venue(output: Output, venue: VenueStatus | None) -> list[str]:
    """Print what the engine says and return what is wrong with it."""
    if venue is None:
        return ["the engine does not answer"]
    output.line(
        f"sequence      {venue.durable_sequence:,} durable, {venue.applied_sequence:,} applied"
    )
    output.line(f"digest        {venue.digest}")
    output.line(
        f"orders        {venue.open_orders:,} working, {venue.queue_depth:,} commands waiting"
    )
    output.line(f"trades        {venue.trades:,}")
    output.line(
        f"client ids    {venue.ids_remembered:,} remembered of {venue.ids_max:,}, "
        f"for {venue.id_window_ns // 3_600_000_000_000} h"
    )
    return []


def describe_settlement(output: Output, comparison: Comparison | None) -> list[str]:
    """Print what settlement says and return what is wrong with it."""
    if comparison is None:
        return ["the settlement worker does not answer"]
    if comparison.sequence == 0:
        output.line("settlement    ledger and chain were not compared yet")
        return []
    output.line(
        f"settlement    {comparison.fills_pending:,} fills to settle; at sequence "
        f"{comparison.sequence:,} {comparison.accounts} accounts, {comparison.assets} assets, "
        f"{comparison.differences} differences"
    )
    if comparison.differences:
        return [f"ledger and chain differ in {comparison.differences} places"]
    return []
