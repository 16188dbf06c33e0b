"""The golden journal of each format version: `python -m tests.contract.journal.golden` writes it.

Write it once for a version and never again: it stands for the journals that users have.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from engine.journal.layout import FORMAT_VERSION
from engine.journal.reader import Reader
from engine.ports.storage import Storage
from tests.support.journal import read_all, written
from tests.support.simulated_disk import SimulatedDisk

FOLDER = Path(__file__).resolve().parents[2] / "golden" / "journal"
SEGMENT_BYTES = 6 * 4096
LIVES = ((1, 40, 5), (31,), (2, 3))  # batches of each opening: two segments, three epochs


def make() -> SimulatedDisk:
    """Write the golden journal's commands with today's program."""
    disk = SimulatedDisk()
    for counts in LIVES:
        written(disk, *counts, segment_bytes=SEGMENT_BYTES)
    return disk


def describe(storage: Storage) -> dict[str, object]:
    """Say what a journal holds."""
    reader = Reader(storage)
    frames = [
        [
            read.segment_number,
            read.offset,
            int(read.frame.kind),
            read.frame.epoch,
            read.frame.first_sequence,
            read.frame.count,
        ]
        for read in reader.frames()
    ]
    return {
        "venue_id": reader.venue_id.hex(),
        "frames": frames,
        "commands_sha256": hashlib.sha256(read_all(storage).tobytes()).hexdigest(),
        "chain": reader.past.chain.hex(),
    }


def load(version: int) -> SimulatedDisk:
    """Put the golden journal of a version on a disk."""
    disk = SimulatedDisk()
    for path in sorted((FOLDER / f"v{version}").glob("*.rsj")):
        disk.put(path.name, path.read_bytes())
    return disk


def main() -> None:
    """Write the golden journal of the present version, when there is none."""
    folder = FOLDER / f"v{FORMAT_VERSION}"
    folder.mkdir(parents=True)
    disk = make()
    for name in disk.list():
        (folder / name).write_bytes(disk.get(name))
    text = json.dumps(describe(disk), indent=1)
    (folder / "content.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
