"""The environment of the external suite and the published engines: their own, under build/.

Nothing of them is part of the project, nor of its tests: they are installed by name from the lock
`requirements/conformance.txt` when the command first runs, with every hash checked.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements" / "conformance.txt"
FOLDER = ROOT / "build" / "conformance"
BIN = FOLDER / "venv" / "bin"
STAMP = FOLDER / "venv" / "lock.sha256"


class NotInstalled(Exception):
    """The environment could not be made; the message says what to do."""


def ensure() -> None:
    """Make the environment, or leave it alone when it is as the lock says.

    Raises:
        NotInstalled: A package could not be installed.
    """
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    shown = LOCK.relative_to(ROOT)
    print(f"conformance: installing what {shown} pins", file=sys.stderr, flush=True)
    venv.create(FOLDER / "venv", with_pip=True, clear=True)
    pip = [str(BIN / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    done = subprocess.run([*pip, "--require-hashes", "-r", str(LOCK)], check=False)
    if done.returncode != 0:
        raise NotInstalled(f"pip could not install {shown} (it needs the package index)")
    STAMP.write_text(wanted)
