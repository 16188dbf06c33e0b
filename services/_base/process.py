"""What every server process does: tell that it is ready, and end when it is asked to."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys

import structlog


def announce(name: str, address: str) -> None:
    """Print the one line that the starter of the process waits for: `ready NAME ADDRESS`."""
    sys.stdout.write(f"ready {name} {address}\n")
    sys.stdout.flush()


def stop_event() -> asyncio.Event:
    """Return an event of the running loop that SIGTERM and SIGINT set."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    return stopped


async def run_until_stopped(stopped: asyncio.Event, *tasks: asyncio.Task[None]) -> None:
    """Wait until `stopped` is set or a task ends; a task that failed raises its error here.

    The tasks are cancelled and awaited before this returns.
    """
    waiter = asyncio.create_task(stopped.wait())
    await asyncio.wait([waiter, *tasks], return_when=asyncio.FIRST_COMPLETED)
    failed = [task for task in tasks if task.done() and not task.cancelled()]
    for task in (waiter, *tasks):
        task.cancel()
    await asyncio.gather(waiter, *tasks, return_exceptions=True)
    for task in failed:
        error = task.exception()
        if error is not None:
            raise error


def configure_logs(name: str) -> None:
    """Send the logs of this process to stderr, one JSON object a line, each with its name."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    structlog.contextvars.bind_contextvars(process=name)
