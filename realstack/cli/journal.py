"""`realstack journal`: check the engine's journal, look into it, export it, cut its end."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import USED_FIELDS, CommandKind
from engine.core.events import EVENT, EventKind
from engine.core.invariants import BrokenInvariant
from engine.core.rejects import Reject
from engine.journal.errors import JournalDamaged, JournalFilesWrong
from engine.journal.inspect import Inspection, frames, inspect, oldest
from engine.journal.layout import FrameKind
from engine.journal.shorten import CannotCut, shorten
from engine.node import JOURNAL_NAME, LOCK_NAME
from engine.ports.disk import DiskFolder
from engine.ports.storage import FolderInUse, Storage, StorageLost
from engine.snapshot.archive import JoinedFolder
from engine.snapshot.server import ARCHIVE_NAME, SNAPSHOTS_NAME
from engine.snapshot.store import newest_first, snapshot_name
from realstack.cli.options import add_data, add_json, parser, settings_of, whole
from realstack.cli.outcome import DONE, REFUSED, Parser
from realstack.cli.output import Output, table
from realstack.client import InvalidInput

CUT_NAME = "cut"
RUNBOOK = "deploy/runbooks/journal.md"
DESCRIPTION = """Check the engine's journal, look into it, export it, or cut its end.

  realstack journal verify              read every byte: checksums, chain, sequences
  realstack journal verify --replay     and apply it all: invariants, and the digest
  realstack journal show 100 120        commands by sequence
  realstack journal export FILE         commands as JSON lines; --events: what they did
  realstack journal cut 5000 --yes      end it before a sequence; the engine must be stopped

All but cut change nothing and may be run beside a running engine. A folder that a snapshot has
shortened is read together with its archive."""


def main(arguments: Sequence[str]) -> int:
    """Carry out and return the exit status."""
    reader = parser("journal", DESCRIPTION)
    commands = reader.add_subparsers(dest="what", metavar="COMMAND", required=True)
    _verify(_add(commands, "verify"))
    _show(_add(commands, "show"))
    _export(_add(commands, "export"))
    _cut(_add(commands, "cut"))
    options = reader.parse_args(arguments)
    output = Output("journal", options.json)
    run: Callable[[Namespace, Path, Output], int] = options.run
    try:
        return run(options, _folder(options), output)
    except (JournalDamaged, JournalFilesWrong) as error:
        output.line(f"what to do: {RUNBOOK}")
        output.verdict(str(error), ok=False, name=str(error).split()[0], case=error.case)
    except (CannotCut, FolderInUse, StorageLost, BrokenInvariant) as error:
        output.verdict(str(error), ok=False, name=type(error).__name__)
    return REFUSED


def _add(commands: Any, name: str) -> Parser:
    made: Parser = commands.add_parser(name)
    add_data(made)
    made.add_argument("--folder", type=Path, metavar="DIR", help="the engine's own folder instead")
    add_json(made)
    return made


def _folder(options: Namespace) -> Path:
    """Return the engine's folder, which must hold a journal."""
    folder = options.folder or settings_of(options).data / "engine"
    if not (folder / JOURNAL_NAME).is_dir():
        rule = f"holds no folder {JOURNAL_NAME!r}"
        raise InvalidInput("folder", str(folder), rule, Reject.INVALID_PARAMETER)
    return Path(folder)


def _storage(folder: Path) -> Storage:
    """Return the journal, with the archive where there is one."""
    journal = DiskFolder(folder / JOURNAL_NAME)
    archive = folder / ARCHIVE_NAME
    return JoinedFolder(journal, DiskFolder(archive)) if archive.is_dir() else journal


# --- verify --------------------------------------------------------------------------------------


def _verify(reader: Parser) -> None:
    reader.add_argument("--replay", action="store_true", help="apply everything: the digest")
    reader.set_defaults(run=verify)


def verify(options: Namespace, folder: Path, output: Output) -> int:
    """Read a journal to its end and print what it holds."""
    found = inspect(_storage(folder))
    rows = [
        [
            f"{each.number:08}",
            f"{each.first_sequence:,}",
            f"{each.last_sequence:,}" if each.commands else "-",
            f"{each.commands:,}",
            f"{each.frames:,}",
            str(each.epoch),
            "sealed" if each.is_sealed else "open",
        ]
        for each in found.segments
    ]
    heading = ["segment", "first", "last", "commands", "frames", "epoch", "state"]
    for line in table([heading, *rows], left=(0, 6)):
        output.line(line)
    for cut in found.cuts:
        output.line(
            f"case {cut.case}: {cut.length:,} bytes of segment {cut.segment_number} from offset "
            f"{cut.offset:,} on were never acknowledged; the next start sets them to zero"
        )
    for number, offset in found.notes:
        output.line(f"an accepted loss is noted in segment {number} at offset {offset:,}")
    _tell_verified(found, _replayed(folder) if options.replay else None, output)
    return DONE


def _tell_verified(found: Inspection, digest: str | None, output: Output) -> None:
    past = found.past
    text = f"whole: {found.commands:,} commands up to sequence {past.next_sequence - 1:,}"
    if digest is not None:
        text += f", digest {digest}"
    output.verdict(
        text,
        ok=True,
        venue_id=found.venue_id.hex(),
        segments=len(found.segments),
        commands=found.commands,
        last_sequence=past.next_sequence - 1,
        epoch=past.epoch,
        chain=past.chain.hex(),
        unacknowledged_bytes=sum(cut.length for cut in found.cuts),
        digest=digest,
    )


def _replayed(folder: Path) -> str:
    """Apply the whole journal; return the digest of the state."""
    venue = _venue(folder)
    for commands in _commands(_storage(folder)):
        venue.apply(commands)
    venue.validate()
    return f"{venue.digest():032x}"


def _venue(folder: Path) -> Any:
    """Return a new venue for a journal that is there from its first command on."""
    if oldest(_storage(folder)) is not None:
        detail = f"the first segment is neither in {JOURNAL_NAME} nor in {ARCHIVE_NAME}"
        raise JournalFilesWrong(case="I", detail=detail)
    from engine.core.venue import Venue  # compiled: not needed to look at bytes

    return Venue()


def _commands(storage: Storage) -> Iterator[NDArray[np.void]]:
    _, found = frames(storage)
    return (read.records for read in found if read.frame.kind is FrameKind.COMMANDS)


# --- show, export --------------------------------------------------------------------------------


def _show(reader: Parser) -> None:
    reader.add_argument("first", metavar="FIRST", help="the first sequence")
    reader.add_argument("last", metavar="LAST", nargs="?", help="the last one; else only FIRST")
    reader.set_defaults(run=show)


def show(options: Namespace, folder: Path, output: Output) -> int:
    """Print commands by sequence."""
    first = whole("first", options.first, Reject.INVALID_PARAMETER)
    last = first if options.last is None else whole("last", options.last, Reject.INVALID_PARAMETER)
    if not 0 < first <= last:
        raise InvalidInput("first", first, "must be 1 to LAST", Reject.INVALID_PARAMETER)
    shown = 0
    for commands in _between(_commands(_storage(folder)), first, last):
        for row in commands:
            fields = command_fields(row)
            kind, sequence = fields.pop("kind"), fields.pop("sequence")
            rest = " ".join(f"{name}={value}" for name, value in fields.items())
            output.line(f"{sequence} {kind} {rest}")
            shown += 1
    text = f"{shown} commands from {first} to {last}"
    output.verdict(text, ok=shown > 0, commands=shown)
    return DONE if shown else REFUSED


def _between(
    batches: Iterator[NDArray[np.void]], first: int, last: int
) -> Iterator[NDArray[np.void]]:
    for batch in batches:
        sequences = batch["sequence"]
        if int(sequences[0]) > last:
            return
        chosen = batch[(sequences >= first) & (sequences <= last)]
        if len(chosen):
            yield chosen


def command_fields(row: np.void) -> dict[str, Any]:
    """Return what a command says: its kind by name, and the fields of its kind that are not 0."""
    kind = CommandKind(int(row["kind"]))
    named = {name: int(row[name]) for name in USED_FIELDS[kind] if row[name]}
    return {
        "sequence": int(row["sequence"]),
        "time_ns": int(row["time_ns"]),
        "kind": kind.name,
        **named,
    }


def event_fields(row: np.void) -> dict[str, Any]:
    """Return what an event says: its kind by name, and every field that is not 0, raw."""
    named = {name: int(row[name]) for name in EVENT.names or () if row[name]}
    return {**named, "kind": EventKind(int(row["kind"])).name}


def _export(reader: Parser) -> None:
    reader.add_argument("file", metavar="FILE", type=Path, help="JSON lines; it must not be there")
    reader.add_argument("--first", metavar="N", default="1", help="the first sequence (1)")
    reader.add_argument("--last", metavar="N", help="the last sequence; else to the end")
    reader.add_argument("--events", action="store_true", help="what they did, by a replay")
    reader.set_defaults(run=export)


def export(options: Namespace, folder: Path, output: Output) -> int:
    """Write commands, and with --events what they did, as JSON lines."""
    first = whole("first", options.first, Reject.INVALID_PARAMETER)
    last = 1 << 63
    if options.last is not None:
        last = whole("last", options.last, Reject.INVALID_PARAMETER)
    if options.file.exists():
        raise InvalidInput("file", str(options.file), "is there", Reject.INVALID_PARAMETER)
    venue = _venue(folder) if options.events else None
    lines = 0
    with options.file.open("x", encoding="utf-8") as file:
        for batch in _commands(_storage(folder)):
            if int(batch["sequence"][0]) > last:
                break
            rows = [("command", command_fields(row)) for row in batch]
            if venue is not None:
                rows += [("event", event_fields(row)) for row in venue.apply(batch)]
            for what, fields in sorted(rows, key=lambda each: each[1]["sequence"]):
                if first <= fields["sequence"] <= last:
                    file.write(json.dumps({"record": what, **fields}) + "\n")
                    lines += 1
    output.verdict(f"{lines:,} records in {options.file}", ok=True, records=lines)
    return DONE


# --- cut -----------------------------------------------------------------------------------------


def _cut(reader: Parser) -> None:
    reader.add_argument("sequence", metavar="SEQUENCE", help="the first one that goes")
    reader.add_argument("--yes", action="store_true", help="what was acknowledged is lost")
    reader.set_defaults(run=cut)


def _put_aside(folder: Path, kept: Storage, sequence: int) -> list[str]:
    """Move snapshots that know of what is gone to it; a start would miss it (case S)."""
    if not (folder / SNAPSHOTS_NAME).is_dir():
        return []
    snapshots = DiskFolder(folder / SNAPSHOTS_NAME)
    ahead = [name for name in newest_first(snapshots) if name >= snapshot_name(sequence)]
    for name in ahead:
        snapshots.move(name, kept)
    kept.sync_folder()
    snapshots.sync_folder()
    return ahead


def cut(options: Namespace, folder: Path, output: Output) -> int:
    """End a journal before a sequence, and keep what goes."""
    sequence = whole("sequence", options.sequence, Reject.INVALID_PARAMETER)
    if not options.yes:
        rule = "must be given: commands that were acknowledged are lost to their clients"
        raise InvalidInput("yes", None, rule, Reject.INVALID_PARAMETER)
    lock = DiskFolder(folder).lock(LOCK_NAME)
    try:
        journal, kept = DiskFolder(folder / JOURNAL_NAME), DiskFolder(folder / CUT_NAME)
        done = shorten(journal, kept, sequence)
        snapshots = _put_aside(folder, kept, sequence)
    finally:
        lock.release()
    if aside := done.moved + snapshots:
        output.line(f"in {folder / CUT_NAME}: {', '.join(aside)}")
    output.verdict(
        f"the journal ends before sequence {sequence:,}: {done.commands:,} commands are kept aside",
        ok=True,
        sequence=sequence,
        commands=done.commands,
        segment=done.segment_number,
        offset=done.offset,
    )
    return DONE
