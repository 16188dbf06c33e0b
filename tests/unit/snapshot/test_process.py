"""The process that writes snapshots: once, beside a journal on a real disk, and one at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from engine.ports.disk import DiskFolder
from engine.snapshot.server import LOCK_NAME, SNAPSHOTS_NAME, new_follower
from engine.snapshot.store import newest_first
from tests.support.journal import written


def once(data: Path) -> subprocess.CompletedProcess[str]:
    """Run it for one snapshot."""
    command = [sys.executable, "-m", "engine.snapshot.server", "--data", str(data), "--once"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_it_writes_a_snapshot_of_what_is_proven_to_be_on_disk(tmp_path: Path) -> None:
    """Two runs give two snapshots, and the second goes on from the first."""
    journal = DiskFolder(tmp_path / "journal")
    written(journal, 3, 40, 5)
    assert 0 == once(tmp_path).returncode
    written(journal, 31, 2)
    done = once(tmp_path)
    assert 0 == done.returncode
    assert '"sequence": 79' in done.stderr
    names = newest_first(DiskFolder(tmp_path / SNAPSHOTS_NAME))
    assert ["snapshot-00000000000000000079.rss", "snapshot-00000000000000000043.rss"] == names
    assert 79 == new_follower(tmp_path).sequence


def test_a_second_one_does_not_start(tmp_path: Path) -> None:
    """Two would remove each other's snapshots."""
    written(DiskFolder(tmp_path / "journal"), 3)
    lock = DiskFolder(tmp_path / SNAPSHOTS_NAME).lock(LOCK_NAME)
    done = once(tmp_path)
    lock.release()
    assert 1 == done.returncode
    assert "is in use by process" in done.stderr


def test_a_journal_that_cannot_be_read_ends_it_with_the_reason(tmp_path: Path) -> None:
    """It says what the engine itself would say."""
    written(DiskFolder(tmp_path / "journal"), 3)
    (tmp_path / "journal" / "notes.txt").write_text("left here by somebody")
    done = once(tmp_path)
    assert 1 == done.returncode
    assert "JOURNAL_FILES_WRONG case=H" in done.stderr
