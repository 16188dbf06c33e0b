"""The engine's process: a node, its feeds and the gRPC front.

    python -m engine.server --data DIR --listen HOST:PORT --keys FILE [--core NAME] [--front NAME]

With --lease it is one of two nodes: it says `following engine` while the other one leads. It says
`ready engine HOST:PORT` on stdout when it serves, logs JSON lines on stderr, and ends

    0    after SIGTERM or SIGINT: no new calls, open calls answered, everything on disk
    1    when it cannot start: a journal that does not open, an address in use, a bad key file
    2    when its arguments are wrong
    70   at once, when a rule inside was broken or the disk was lost (`engine.ports.process`)
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import structlog
import uvloop

from engine.feed.feeds import Feeds
from engine.front import FRONTS, FrontMissing, make_front
from engine.journal.errors import JournalDamaged, JournalFilesWrong
from engine.keys import KeysInvalid, KeyTable
from engine.node import Node, NodeOptions
from engine.ports.process import end_process, told
from engine.ports.storage import FolderInUse, StorageFull, StorageLost
from engine.replication.options import PairInvalid, add_pair_arguments, make_pair
from engine.replication.pair import PairStopped
from engine.tls import TlsInvalid, read_tls

LISTEN_DEFAULT = "127.0.0.1:50051"
STOP_GRACE_SECONDS = 5
READ_AHEAD_FRAMES = 8  # of at most 4,096 commands: 4 MB
ORDERS_PREPARED = 1 << 17
IDS_PREPARED = 1 << 20
SWITCH_SECONDS = 0.0005  # tidy: float-ok seconds that the interpreter wants
_log = structlog.get_logger("engine.server")


class CannotStart(Exception):
    """The engine does not start; the message says why."""


CANNOT_START = (
    CannotStart,
    FolderInUse,
    FrontMissing,
    JournalDamaged,
    JournalFilesWrong,
    KeysInvalid,
    OSError,
    PairInvalid,
    PairStopped,
    StorageFull,
    StorageLost,
    TlsInvalid,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the engine until it is told to stop; give the exit status."""
    options = _parser().parse_args(arguments)
    _set_up_logging()
    try:
        # The journal thread needs the interpreter once a sync; the default of 5 ms would make it
        # wait that long for a busy core, and every answer with it.
        sys.setswitchinterval(SWITCH_SECONDS)
        return uvloop.run(_serve(options))
    except CANNOT_START as error:
        _log.critical("cannot_start", error=str(error))
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="realstack serve engine", description="The engine.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the journal")
    parser.add_argument("--listen", default=LISTEN_DEFAULT, help="HOST:PORT; port 0 takes any")
    parser.add_argument("--keys", type=Path, required=True, help="the key file, keys.json")
    parser.add_argument(
        "--core",
        choices=("compiled", "reference"),
        default="compiled",
        help="the matching core; the reference is slow and for tests",
    )
    parser.add_argument(
        "--front",
        choices=FRONTS,
        default="auto",
        help="who serves gRPC: auto takes the native front where it is built (./dev front)",
    )
    parser.add_argument("--tls-certificate", type=Path, metavar="PEM", help="encrypt with it")
    parser.add_argument("--tls-key", type=Path, metavar="PEM", help="of the certificate")
    parser.add_argument(
        "--accept-tail-loss",
        action="store_true",
        help="take a damaged last frame of the journal as lost, and record that",
    )
    add_pair_arguments(parser)
    parser.add_argument("--json-ready", action="store_true", help="say ready as a JSON object")
    return parser


def _set_up_logging() -> None:
    """Log JSON lines on stderr, also what gRPC and asyncio log by themselves."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def core_factory(name: str) -> Callable[[], Any]:
    """Give the class of the wanted core.

    Raises:
        CannotStart: When the compiled core is not built: it is never replaced by a slow one.
    """
    if name == "reference":
        from engine.reference.venue import ReferenceVenue  # only tests need it

        return ReferenceVenue
    try:
        venue = importlib.import_module("engine.core.venue")
    except ImportError as error:
        raise CannotStart(f"the compiled core is not built, run ./dev build: {error}") from error
    if str(venue.__file__).endswith(".py"):
        raise CannotStart("the core is not compiled, run ./dev build")
    factory: Callable[[], Any] = venue.Venue
    return factory


def prepare(venue: Any) -> None:
    """Take memory ahead, some 100 MB, so that no order waits for the system to give it.

    Raises:
        CannotStart: There is not so much.
    """
    try:
        venue.prepare(orders=ORDERS_PREPARED, ids=IDS_PREPARED)
    except MemoryError as error:
        raise CannotStart(f"no memory to start with: {error}") from error


async def _serve(options: argparse.Namespace) -> int:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(on_loop_error)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    keys = KeyTable(options.keys)
    tls = read_tls(options.tls_certificate, options.tls_key)
    venue = core_factory(options.core)()
    feeds = Feeds(venue.markets)
    node_options = NodeOptions(
        accept_tail_loss=options.accept_tail_loss, read_ahead=READ_AHEAD_FRAMES
    )
    pair = None
    if options.lease:
        pair = make_pair(options, venue, feeds, keys, node_options)
        leading = asyncio.create_task(pair.until_leading(lambda: _say_following(options)))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((leading, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not leading.done():
            leading.cancel()  # a standby has told nothing that it must finish
            await asyncio.gather(leading, return_exceptions=True)
            await pair.close()
            return 0
        node = await leading
    else:
        node = await Node.open(
            options.data, venue_factory=lambda: venue, feeds=[feeds], options=node_options
        )
    try:
        if options.core == "compiled":
            prepare(venue)
        front = make_front(options.front, node, feeds, keys, options.listen, _fatal, tls)
        await front.start()
        _say_ready(options, front.port)
        await stop.wait()
        _log.info("stopping", applied_sequence=node.applied_sequence)
        await front.stop(STOP_GRACE_SECONDS)
    finally:
        await node.close()
        if pair is not None:
            await pair.close()
    _log.info("stopped", durable_sequence=node.durable_sequence)
    return 0


def _say_following(options: argparse.Namespace) -> None:
    line = json.dumps({"following": "engine"}) if options.json_ready else "following engine"
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _say_ready(options: argparse.Namespace, port: int) -> None:
    address = f"{options.listen.rpartition(':')[0]}:{port}"
    line = f"ready engine {address}"
    if options.json_ready:
        line = json.dumps({"ready": "engine", "address": address})
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _fatal(error: BaseException) -> None:
    end_process(told(error))


def on_loop_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Decide about an error that no task was waiting for.

    A callback of ours that failed, or a broken invariant in any task, is a bug in what decides or
    tells: the process ends. What remains are tasks of gRPC for a client that is gone.
    """
    error = context.get("exception")
    is_bug = not isinstance(error, Exception) or "handle" in context
    if error is not None and is_bug:
        end_process(f"{context.get('message')}: {told(error)}")
    _log.error("unexpected", message=context.get("message"), error=repr(error))


if __name__ == "__main__":
    sys.exit(main())
