"""The data folder: locked by one, never another's, cleared of nothing but its own."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from realstack.up.folders import FolderRefused, clear, open_folder, write_atomically


def test_a_new_folder_gets_its_layout(tmp_path: Path) -> None:
    """Secrets are for the owner alone."""
    folder = open_folder(tmp_path / "data")
    names = {entry.name for entry in folder.path.iterdir() if entry.is_dir()}
    assert names == {"engine", "postgres", "localnet", "logs", "secrets"}
    assert stat.S_IMODE(folder.secrets.stat().st_mode) == 0o700
    folder.close()


def test_only_one_runs_on_a_folder(tmp_path: Path) -> None:
    """The second is refused while the first holds the lock, and let in afterwards."""
    first = open_folder(tmp_path)
    with pytest.raises(FolderRefused, match="another `realstack up` runs"):
        open_folder(tmp_path)
    first.close()
    open_folder(tmp_path).close()


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    """Nobody's files come under a command that can remove things."""
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(FolderRefused, match="holds other things"):
        open_folder(tmp_path)
    with pytest.raises(FolderRefused, match="is a file"):
        open_folder(tmp_path / "thesis.tex")


def test_clearing_removes_what_a_venue_keeps_and_nothing_else(tmp_path: Path) -> None:
    """A file that somebody put beside it stays."""
    folder = open_folder(tmp_path)
    (folder.path / "engine" / "journal").write_text("x")
    (folder.path / "keys.json").write_text("[]")
    (folder.path / "notes.txt").write_text("mine")
    clear(folder)
    assert not (folder.path / "engine" / "journal").exists()
    assert not (folder.path / "keys.json").exists()
    assert (folder.path / "engine").is_dir()
    assert (folder.path / "notes.txt").read_text() == "mine"
    folder.close()
    open_folder(tmp_path).close()


def test_a_file_is_written_whole_with_its_mode(tmp_path: Path) -> None:
    """A former content is replaced at once; a rest of an interrupted write does not disturb."""
    path = tmp_path / "secret.key"
    (tmp_path / ".secret.key.new").write_text("left by a crash")
    write_atomically(path, b"one", mode=0o600)
    write_atomically(path, b"two", mode=0o600)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"two", 0o600)
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret.key"]
