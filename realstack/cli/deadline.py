"""`realstack deadline`: orders go when their owner falls silent."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime

from engine.core.rejects import Reject
from realstack.cli.options import (
    add_json,
    add_venue,
    client_of,
    parser,
    seconds,
    whole,
    whole_between,
)
from realstack.cli.outcome import DONE
from realstack.cli.output import Output
from realstack.client import Client, InvalidInput
from realstack.client.arguments import TAG_MAX

RENEWALS = 3  # within one timeout, so that one may come late
DESCRIPTION = """Let the venue cancel all orders of the account, or those of a tag, unless this is
said again in time. At three quarters of the time `executions` warns of it.

  realstack deadline 5000              five seconds from now
  realstack deadline 5000 --tag 7      only of orders with that tag, beside other deadlines
  realstack deadline 5000 --keep       renew it until Ctrl-C, which ends it; a crash does not
  realstack deadline 0                 end it"""


def main(arguments: Sequence[str]) -> int:
    """Set, keep or end a deadline and return the exit status."""
    reader = parser("deadline", DESCRIPTION)
    reader.add_argument("timeout_ms", metavar="MS", help="100 to 86,400,000; 0 ends the deadline")
    reader.add_argument(
        "--tag", type=whole_between(1, TAG_MAX), default=0, metavar="N", help="of these orders only"
    )
    reader.add_argument("--keep", action="store_true", help="renew it until Ctrl-C")
    reader.add_argument(
        "--duration", type=seconds, metavar="S", help="with --keep: until so many seconds are over"
    )
    add_venue(reader)
    add_json(reader)
    options = reader.parse_args(arguments)
    return asyncio.run(run(options, Output("deadline", options.json)))


async def run(options: Namespace, output: Output) -> int:
    """Do what the options ask for and print the outcome.

    Raises:
        InvalidInput: The time is out of range, or there is nothing to keep.
    """
    timeout_ms = whole("timeout_ms", options.timeout_ms, Reject.INVALID_PARAMETER)
    if options.keep and timeout_ms == 0:
        rule = "must be more than 0 with --keep"
        raise InvalidInput("timeout_ms", timeout_ms, rule, Reject.INVALID_PARAMETER)
    if options.duration is not None and not options.keep:
        rule = "goes with --keep"
        raise InvalidInput("duration", options.duration, rule, Reject.INVALID_PARAMETER)
    whose = f"orders of tag {options.tag}" if options.tag else "all orders"
    async with client_of(options) as client:
        answer = await client.set_deadline(timeout_ms, tag=options.tag)
        if options.keep:
            output.line(f"{whose} go {timeout_ms} ms after this ends other than by Ctrl-C")
            await keep(client, timeout_ms, options.tag, options.duration)
            answer = await client.set_deadline(0, tag=options.tag)
            timeout_ms = 0
    text = f"{whose}: no deadline any more"
    if timeout_ms:
        now = datetime.now(UTC).strftime("%H:%M:%S")
        text = f"{whose} will be cancelled {timeout_ms:,} ms from now ({now} UTC), if not renewed"
    output.verdict(text, ok=True, timeout_ms=timeout_ms, tag=options.tag, sequence=answer.sequence)
    return DONE


async def keep(client: Client, timeout_ms: int, tag: int, duration: float | None) -> None:
    """Renew a deadline until the time is over or the user has seen enough."""
    try:
        async with asyncio.timeout(duration):
            while True:
                await asyncio.sleep(timeout_ms / RENEWALS / 1_000)
                await client.set_deadline(timeout_ms, tag=tag, timeout_seconds=timeout_ms / 1_000)
    except (TimeoutError, asyncio.CancelledError):
        return  # Ctrl-C: this is how a person ends it
