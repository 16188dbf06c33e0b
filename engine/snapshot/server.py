"""The process that writes snapshots of an engine's data while the engine runs.

    python -m engine.snapshot.server --data DIR [--every SECONDS] [--commands N] [--once]

It looks at the journal every few seconds and writes a snapshot when enough is new. It says
`ready snapshots DIR` when it has caught up for the first time, logs JSON lines on stderr, and ends

    0    after SIGTERM or SIGINT, or with --once when it is done
    1    when it cannot go on: another one runs, the disk is lost, or the folders are wrong
    70   at once, when a rule inside was broken
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import structlog

from engine.core.invariants import BrokenInvariant
from engine.feed.feeds import Feeds
from engine.journal.errors import JournalDamaged, JournalFilesWrong
from engine.ports.disk import DiskFolder
from engine.ports.process import end_process, told
from engine.ports.storage import FolderInUse, StorageFull, StorageLost
from engine.snapshot.follower import Folders, Follower

LOCK_NAME = "snapshots.lock"
JOURNAL_NAME = "journal"
SNAPSHOTS_NAME = "snapshots"
ARCHIVE_NAME = "archive"
EVERY_SECONDS_DEFAULT = 5
COMMANDS_DEFAULT = 100_000
FAILURES_MAX = 12  # looks in a row that fail: a minute by default, far longer than half a write

_log = structlog.get_logger("engine.snapshot")


def folders_of(folder: Path) -> Folders:
    """Open the folders of an engine's data."""
    return Folders(
        journal=DiskFolder(folder / JOURNAL_NAME),
        snapshots=DiskFolder(folder / SNAPSHOTS_NAME),
        archive=DiskFolder(folder / ARCHIVE_NAME),
    )


def new_follower(data: Path) -> Follower:
    """Make a follower of the compiled core and the engine's feeds."""
    from engine.core.venue import Venue  # here, so that the text of --help needs no build

    venue = Venue()
    return Follower(folders_of(data), venue, [Feeds(venue.markets)])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="realstack serve snapshots", description="Write snapshots of an engine's state."
    )
    parser.add_argument("--data", type=Path, required=True, help="the engine's data folder")
    parser.add_argument(
        "--every", type=int, default=EVERY_SECONDS_DEFAULT, help="seconds between two looks"
    )
    parser.add_argument(
        "--commands", type=int, default=COMMANDS_DEFAULT, help="new commands that make a snapshot"
    )
    parser.add_argument("--once", action="store_true", help="write one of what is there, and end")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Follow until told to stop; give the exit status."""
    options = _parser().parse_args(arguments)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        lock = DiskFolder(options.data.joinpath(SNAPSHOTS_NAME)).lock(LOCK_NAME)
        try:
            return _follow(options, stop)
        finally:
            lock.release()
    except BrokenInvariant as error:
        end_process(told(error))
    except (FolderInUse, JournalDamaged, JournalFilesWrong, StorageLost, ValueError) as error:
        _log.critical("cannot_go_on", error=str(error))
        return 1


def _follow(options: argparse.Namespace, stop: threading.Event) -> int:
    follower = new_follower(options.data)
    if options.once:
        follower.look()
        _write(follower)
        return 0
    failures, is_ready = 0, False
    while not stop.is_set():
        try:
            follower.look()
            failures = 0
        except (JournalDamaged, JournalFilesWrong) as error:
            failures += 1
            _log.warning("cannot_read", error=str(error), failures=failures)
            if failures > FAILURES_MAX:
                raise
        if not is_ready and not failures:
            is_ready = True
            sys.stdout.write(f"ready snapshots {options.data}\n")
            sys.stdout.flush()
        if follower.sequence - follower.written_sequence >= options.commands:
            _write(follower)
        stop.wait(options.every)
    return 0


def _write(follower: Follower) -> None:
    """Write a snapshot; a full disk is told and tried again at the next look."""
    try:
        written = follower.write()
    except StorageFull as error:
        _log.error("no_room", error=str(error))
        return
    if written is not None:
        _log.info(
            "snapshot written",
            name=written.name,
            sequence=written.sequence,
            bytes=written.file_bytes,
            archived=written.archived,
        )


if __name__ == "__main__":
    sys.exit(main())
