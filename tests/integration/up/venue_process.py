"""`realstack up` as a person runs it, in a folder of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

READY = "Ctrl-C ends it"
START_SECONDS_MAX = 90.0


class VenueProcess:
    """One run: its lines so far, and how it ended.

    Attributes:
        data: The data folder.
        lines: What it printed, in order.
    """

    def __init__(self, data: Path, *words: str) -> None:
        self.data = data
        self._words = words
        self.lines: list[str] = []
        self._child: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    async def start(self) -> None:
        """Start it and wait until everything runs."""
        self._child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "realstack.cli", "up", "--data", str(self.data)),
            *self._words,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "DATABASE_URL": "", "SOLANA_RPC_URL": "", "ENGINE_ADDRESS": ""},
            start_new_session=True,
        )
        self._reader = asyncio.create_task(self._read())
        await self.until(lambda line: READY in line)

    async def until(self, holds: Callable[[str], bool]) -> str:
        """Wait for a line that holds, also among those that came already, and return it."""
        async with asyncio.timeout(START_SECONDS_MAX):
            seen = 0
            while True:
                while seen < len(self.lines):
                    seen += 1
                    if holds(self.lines[seen - 1]):
                        return self.lines[seen - 1]
                assert self._reader is not None
                assert not self._reader.done(), "\n".join(self.lines)
                self._news.clear()
                await self._news.wait()

    def pids(self) -> dict[str, int]:
        """Return the processes that it has recorded."""
        run = json.loads((self.data / "run.json").read_text())
        return {name: int(entry["pid"]) for name, entry in run["processes"].items()}

    def facts(self) -> dict[str, Any]:
        """Return its record of what runs."""
        facts: dict[str, Any] = json.loads((self.data / "run.json").read_text())
        return facts

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        assert self._child is not None
        self._child.send_signal(signal.SIGINT)

    async def wait(self) -> int:
        """Wait until it ends and return its exit status."""
        assert self._child is not None
        assert self._reader is not None
        status = await self._child.wait()
        await self._reader
        return status

    async def kill_everything(self) -> None:
        """Kill it and all that it started, at once, as when the power fails."""
        assert self._child is not None
        pids = [*self.pids().values(), postmaster(self.data)]
        for pid in [self._child.pid, *pids]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await self.wait()

    async def close(self) -> None:
        """Make sure that nothing is left."""
        if self._child is not None and self._child.returncode is None:
            self._child.send_signal(signal.SIGTERM)
            self._child.send_signal(signal.SIGTERM)
            await self.wait()

    async def _read(self) -> None:
        assert self._child is not None
        assert self._child.stdout is not None
        while line := await self._child.stdout.readline():
            self.lines.append(line.decode().rstrip("\n"))
            self._news.set()
        self._news.set()


def postmaster(data: Path) -> int:
    """Return the process id of the database server."""
    return int((data / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
