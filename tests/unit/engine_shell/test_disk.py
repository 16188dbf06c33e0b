"""The real disk: loops over what the system takes, names that last, one holder of a folder."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.ports.disk import DiskFolder
from engine.ports.storage import FolderInUse, StorageFull, StorageLost

HOLD = """
import sys
from pathlib import Path
from engine.ports.disk import DiskFolder
lock = DiskFolder(Path(sys.argv[1])).lock("engine.lock")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> DiskFolder:
    return DiskFolder(tmp_path / "data")


def test_a_preallocated_file_is_all_zeros_that_are_really_there(folder: DiskFolder) -> None:
    """Its room is taken on the disk, so that a later write can not fail for want of it."""
    folder.create_preallocated("a", 3 << 20)
    file = folder.open("a")
    assert 3 << 20 == file.size_bytes()
    assert not any(file.read_at(0, 3 << 20))
    file.close()
    assert os.stat(folder._path / "a").st_blocks * 512 >= 3 << 20


def test_what_is_written_is_read(folder: DiskFolder) -> None:
    """Writes and synced writes go where they are told."""
    folder.create_preallocated("a", 8192)
    file = folder.open("a")
    file.write_at(100, b"first")
    file.write_synced(4096, memoryview(bytearray(b"second")))
    file.sync()
    assert b"\0first\0" == file.read_at(99, 7)
    assert b"second" == file.read_at(4096, 6)
    file.close()


def test_reading_past_the_end_is_an_error_and_never_a_short_answer(folder: DiskFolder) -> None:
    """A short read would look like a short journal."""
    folder.create_preallocated("a", 4096)
    with pytest.raises(StorageLost, match="the file ends at 4096"):
        folder.open("a").read_at(4000, 200)


def test_short_reads_and_writes_are_completed(
    folder: DiskFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system may take or give fewer bytes than asked; the loop goes on with the rest."""
    pread, pwritev = os.pread, os.pwritev
    folder.create_preallocated("a", 4096)
    file = folder.open("a")
    monkeypatch.setattr(
        os,
        "pwritev",
        lambda fd, parts, offset, flags: pwritev(fd, [parts[0][:7]], offset, flags),
    )
    file.write_synced(10, bytes(range(100)))
    file.write_at(300, bytes(range(50)))
    monkeypatch.setattr(os, "pread", lambda fd, n, at: pread(fd, min(n, 9), at))
    assert bytes(range(100)) == file.read_at(10, 100)
    assert bytes(range(50)) == file.read_at(300, 50)


def test_a_write_that_takes_nothing_is_an_error(
    folder: DiskFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loop that makes no headway must not run for ever."""
    folder.create_preallocated("a", 4096)
    file = folder.open("a")
    monkeypatch.setattr(os, "pwritev", lambda fd, parts, offset, flags: 0)
    with pytest.raises(StorageLost, match="took no bytes"):
        file.write_at(0, b"x")


@pytest.mark.parametrize("call", ["fdatasync", "pwritev"])
def test_a_failing_disk_is_lost(
    folder: DiskFolder, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """An error of write or sync is the one error that ends the process."""
    folder.create_preallocated("a", 4096)
    file = folder.open("a")

    def fail(*_: object) -> int:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(StorageLost, match="input/output error"):
        if call == "fdatasync":
            file.sync()
        else:
            file.write_synced(0, b"x")


def test_without_synced_writes_a_write_is_synced_after_it(
    folder: DiskFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system that cannot write and sync in one call does it in two."""
    folder.create_preallocated("a", 4096)
    file = folder.open("a")
    calls: list[str] = []
    fdatasync = os.fdatasync
    monkeypatch.delattr(os, "RWF_DSYNC")

    def counted(file: int) -> None:
        calls.append("sync")
        fdatasync(file)

    monkeypatch.setattr(os, "fdatasync", counted)
    file.write_synced(0, b"x")
    assert ["sync"] == calls
    assert b"x" == file.read_at(0, 1)


@pytest.mark.parametrize("call", ["posix_fallocate", "pwritev"])
def test_a_full_disk_leaves_no_half_made_file(
    folder: DiskFolder, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """No room is an error of its own, and the next try finds a clean folder."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        with pytest.raises(StorageFull, match="no room for 8192 bytes"):
            folder.create_preallocated("a", 8192)
    assert [] == folder.list()
    folder.create_preallocated("a", 8192)
    assert ["a"] == folder.list()


def test_a_disk_that_fails_while_a_file_is_made_is_lost(
    folder: DiskFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only want of room may be tried again."""

    def fail(*_: object) -> int:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageLost, match=r"create .*: .*input/output error"):
        folder.create_preallocated("a", 4096)


def test_a_file_is_never_made_or_renamed_over_another_one(folder: DiskFolder) -> None:
    """Nothing of a journal is lost to a name."""
    folder.create_preallocated("a", 4096)
    folder.create_preallocated("b", 4096)
    with pytest.raises(StorageLost, match="File exists"):
        folder.create_preallocated("a", 4096)
    with pytest.raises(StorageLost, match="b exists"):
        folder.rename("a", "b")
    folder.rename("a", "c")
    folder.remove("b")
    folder.sync_folder()
    assert ["c"] == folder.list()


def test_a_file_that_is_not_there_is_an_error(folder: DiskFolder) -> None:
    """Opening never makes a file."""
    with pytest.raises(StorageLost, match=r"open .*nothing"):
        folder.open("nothing")


def test_a_folder_is_held_by_one_lock_at_a_time(folder: DiskFolder) -> None:
    """The second holder is refused, also within one process, and told who the first one is."""
    lock = folder.lock("engine.lock")
    with pytest.raises(FolderInUse, match=f"in use by process {os.getpid()}"):
        folder.lock("engine.lock")
    lock.release()
    folder.lock("engine.lock").release()


@pytest.mark.slow
def test_a_lock_ends_with_its_process_however_it_ends(tmp_path: Path) -> None:
    """A killed engine does not keep the next one out."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert "held\n" == holder.stdout.readline()
        with pytest.raises(FolderInUse, match=f"process {holder.pid}"):
            DiskFolder(tmp_path).lock("engine.lock")
        holder.kill()
        holder.wait()
        DiskFolder(tmp_path).lock("engine.lock").release()
