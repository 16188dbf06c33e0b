"""The data folder of a venue on this machine.

keys.json         hashes of API keys, with their owners and roles
instruments.json  assets, markets, accounts
run.json          what runs now: processes and addresses, for other commands
secrets/          API keys and keypairs, readable by the owner alone
engine/           the journal
postgres/         the embedded database
localnet/         the in-process chain
logs/             one file a process, and that of the run before
up.lock           held by the `realstack up` that runs here
"""

from __future__ import annotations

import fcntl
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import IO

MARK_FILE = "realstack-data"
MARK_TEXT = "A RealStack venue keeps its data in this folder. See realstack/up/folders.py.\n"
FOLDERS = ("engine", "postgres", "localnet", "logs", "secrets")
FILES = ("keys.json", "instruments.json", "run.json")


class FolderRefused(Exception):
    """The folder cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A data folder that this process holds the lock of."""

    path: Path
    lock: IO[str]

    @property
    def secrets(self) -> Path:
        """API keys and keypairs."""
        return self.path / "secrets"

    @property
    def logs(self) -> Path:
        """One file a process."""
        return self.path / "logs"

    def close(self) -> None:
        """Let go of the lock."""
        self.lock.close()


def open_folder(path: Path) -> Folder:
    """Make or open a data folder and take its lock.

    Raises:
        FolderRefused: Another `realstack up` runs there, or it holds something else.
    """
    path = path.absolute()
    refuse_foreign(path)
    path.mkdir(parents=True, exist_ok=True)
    # Held until this process ends, however it ends.
    lock = (path / "up.lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise FolderRefused(f"{path}: another `realstack up` runs on this folder") from None
    (path / MARK_FILE).write_text(MARK_TEXT, encoding="ascii")
    folder = Folder(path, lock)
    make_folders(folder)
    return folder


def refuse_foreign(path: Path) -> None:
    """Refuse a folder that holds something which is not ours: nothing there is ever removed.

    Raises:
        FolderRefused: It is no folder, or not empty and without our mark.
    """
    if not path.exists():
        return
    if not path.is_dir():
        raise FolderRefused(f"{path}: is a file, and a data folder is needed")
    names = {entry.name for entry in path.iterdir()}
    if names and MARK_FILE not in names and not names <= {*FOLDERS, *FILES, "up.lock"}:
        raise FolderRefused(f"{path}: holds other things; give an empty folder with --data")


def make_folders(folder: Folder) -> None:
    """Make what is missing; secrets are for the owner alone."""
    for name in FOLDERS:
        (folder.path / name).mkdir(exist_ok=True)
    folder.secrets.chmod(0o700)
    if os.geteuid() == 0:
        # The database runs as another user, who passes through here to its own folder.
        folder.path.chmod(0o755)


def clear(folder: Folder) -> None:
    """Remove everything that a venue keeps, and nothing else."""
    for name in FOLDERS:
        shutil.rmtree(folder.path / name, ignore_errors=False)
    for name in FILES:
        (folder.path / name).unlink(missing_ok=True)
    make_folders(folder)


def write_atomically(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file whole or not at all, with its mode from the first byte on."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
