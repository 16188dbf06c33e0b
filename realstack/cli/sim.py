"""`realstack sim`: run participants against a running venue."""

from __future__ import annotations

import asyncio
import json
import signal
from argparse import Namespace
from collections.abc import Sequence

from realstack.cli.options import add_data, add_json, parser, seconds, whole_argument
from realstack.cli.outcome import DONE, REFUSED
from realstack.cli.output import Output
from realstack.settings import load
from realstack.sim.participant import NoFunds, Tally
from realstack.sim.run import OrdersLeft, Simulation

DESCRIPTION = """Run participants on a venue that `realstack up` has started: two market makers,
three takers and a momentum trader, each with its own key. Ctrl-C ends it; then every participant
takes its working orders back."""
REPORT_SECONDS = 1.0


def main(arguments: Sequence[str]) -> int:
    """Run participants and return the exit status."""
    reader = parser("sim", DESCRIPTION)
    reader.add_argument("--duration", type=seconds, metavar="S", help="end after so many seconds")
    reader.add_argument(
        "--seed", type=whole_argument, default=1, metavar="N", help="of their random choices"
    )
    reader.add_argument(
        "--report", action="store_true", help="print `ready sim` and a JSON line each second"
    )
    add_data(reader)
    add_json(reader)
    options = reader.parse_args(arguments)
    return asyncio.run(run(options, Output("sim", options.json)))


async def run(options: Namespace, output: Output) -> int:
    """Run until the time is over or a signal asks to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    simulation = Simulation(load(data=options.data), seed=options.seed)
    reporting: list[asyncio.Task[None]] = []

    def ready() -> None:
        if options.duration is not None:
            loop.call_later(options.duration, stop.set)
        if options.report:
            print("ready sim -", flush=True)
            reporting.append(asyncio.create_task(report(simulation.tally)))
        else:
            output.note("trading; Ctrl-C ends it")

    try:
        await simulation.run(stop, ready)
    except (NoFunds, OrdersLeft) as error:
        output.verdict(f"sim: {error}", ok=False, outcome="FAILED", error=str(error))
        return REFUSED
    finally:
        for task in reporting:
            task.cancel()
    tally = simulation.tally
    if options.report:
        print(json.dumps(tally.facts()), flush=True)
    rejects = sum(tally.rejects.values())
    output.verdict(
        f"sim: {tally.orders} orders, {tally.replaces} replaces, {tally.cancels} cancels, "
        f"{tally.fills} fills, {rejects} rejects",
        ok=True,
        **tally.facts(),
    )
    return DONE


async def report(tally: Tally) -> None:
    """Print what was done so far, each second."""
    while True:
        print(json.dumps(tally.facts()), flush=True)
        await asyncio.sleep(REPORT_SECONDS)
