"""The compatibility test with anchorpy: its environment, our network, and its verdict.

anchorpy reads only the old IDL format and needs older packages than the product, so it has
an environment of its own, ``build/anchorpy``, of what ``requirements/anchorpy.txt`` pins. There it
drives each program over JSON-RPC on a local network: ``tests/compatibility/anchorpy_client.py``.

The pins were made with ``echo anchorpy==0.21.0 | uv pip compile - --universal --python-version 3.11
--generate-hashes --no-emit-index-url --no-header -o requirements/anchorpy.txt``.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
from pathlib import Path

from realstack.chain import idl, old_idl
from settlement.localnet import LocalnetServer, LocalnetSettings

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements" / "anchorpy.txt"
ENVIRONMENT = ROOT / "build" / "anchorpy"
PYTHON = ENVIRONMENT / "bin" / "python"
STAMP = ENVIRONMENT / "realstack.stamp"
CLIENT = ROOT / "tests" / "compatibility" / "anchorpy_client.py"

SLOT_MS = 50
CLIENT_S_MAX = 120


class EnvironmentMissing(Exception):
    """anchorpy cannot be installed here: no package index, or none that has what is pinned."""


class DriveFailed(Exception):
    """anchorpy could not drive the programs; the message is what it said."""


def prepare() -> None:
    """Make the environment, when there is none of these pins.

    Raises:
        EnvironmentMissing: The packages cannot be had.
    """
    stamp = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text(encoding="ascii") == stamp:
        return
    STAMP.unlink(missing_ok=True)
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    steps = [
        [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)],
        [*pip, "--require-hashes", "-r", str(LOCK)],
    ]
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            raise EnvironmentMissing(f"anchorpy cannot be installed here: {lines[-1]}")
    STAMP.write_text(stamp, encoding="ascii")


async def drive() -> list[str]:
    """Run the client against a network with the committed programs; return what it says.

    Raises:
        DriveFailed: Something did not work.
    """
    programs = {
        idl.load(name).address: ROOT / "programs" / "bin" / f"{name}.so" for name in old_idl.NAMES
    }
    settings = LocalnetSettings(port=0, slot_ms=SLOT_MS, programs=programs)
    async with LocalnetServer(settings) as server:
        client = await asyncio.create_subprocess_exec(
            str(PYTHON),
            *("-W", "ignore", str(CLIENT), server.url, str(old_idl.OLD_FOLDER)),
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            told, _ = await asyncio.wait_for(client.communicate(), CLIENT_S_MAX)
        except TimeoutError as error:
            client.kill()
            await client.wait()
            raise DriveFailed(f"anchorpy was not done after {CLIENT_S_MAX} s") from error
    text = told.decode(errors="replace")
    if client.returncode != 0:
        raise DriveFailed(text)
    return text.splitlines()


def main() -> int:
    """Make the environment, drive the programs, print the verdict; 3 when it could not be made."""
    try:
        prepare()
        lines = asyncio.run(drive())
    except EnvironmentMissing as error:
        print(f"anchorpy: not run: {error}")
        return 3
    except DriveFailed as error:
        print(f"{error}\nanchorpy: failed")
        return 1
    print("\n".join(lines))
    print("anchorpy: drives every program from its IDL in the old format")
    return 0
