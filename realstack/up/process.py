"""One process of the venue: started, ready, watched, stopped.

A process prints `ready NAME ADDRESS` on stdout when it serves. What it prints after that goes to
its log, with everything from stderr. It ends by itself when this process ends, however that
happens, so nothing is ever left behind.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

READY_SECONDS_MAX = 120.0  # a first start on a slow disk; a later one takes a second
STOP_SECONDS_MAX = 20.0  # then it is killed, which every part of the venue must stand
TAIL_LINES = 12
TAIL_LINE_CHARACTERS = 240
TAIL_BYTES = 16_384
LINE_BYTES_MAX = 1 << 20
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None)  # before any fork: a child must not load libraries


class ProcessFailed(Exception):
    """A process ended that was needed; the message has the last lines of its log."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a process is run.

    Attributes:
        name: What it is called; its log is NAME.log.
        arguments: What follows the Python interpreter.
        environment: Added to this process's own.
        on_line: Told of each line on stdout after the ready line, instead of the log.
    """

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    on_line: Callable[[str], None] | None = None


class Process:
    """A running process."""

    def __init__(self, plan: Plan, logs: Path) -> None:
        self.plan = plan
        self.log = logs / f"{plan.name}.log"
        self.address = ""
        self._child: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._running().pid

    @property
    def is_started(self) -> bool:
        """Whether there is, or was, such a process."""
        return self._child is not None

    async def start(self) -> None:
        """Start it and wait until it says that it is ready.

        Raises:
            ProcessFailed: It ended instead, or said nothing in time.
        """
        with self.log.open("ab") as log:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable,
                *self.plan.arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={**os.environ, **self.plan.environment, "PYTHONUNBUFFERED": "1"},
                # Ctrl-C in the terminal is for this process, which then stops them in order.
                start_new_session=True,
                preexec_fn=end_with_parent(signal.SIGTERM),
                limit=LINE_BYTES_MAX,
            )
        try:
            async with asyncio.timeout(READY_SECONDS_MAX):
                self.address = await self._ready()
        except TimeoutError:
            await self.kill()
            raise ProcessFailed(
                self.report(f"was not ready in {READY_SECONDS_MAX:.0f} s")
            ) from None
        self._reader = asyncio.create_task(self._read(), name=f"output of {self.plan.name}")

    async def wait(self) -> int:
        """Wait until it ends and return its status; below zero, the signal that ended it."""
        return await self._running().wait()

    async def stop(self) -> int:
        """Ask it to end, and kill it when it does not; return its status."""
        child = self._running()
        if child.returncode is None:
            child.terminate()
            try:
                async with asyncio.timeout(STOP_SECONDS_MAX):
                    await child.wait()
            except TimeoutError:
                await self.kill()
        if self._reader is not None:
            await self._reader
        return await child.wait()

    async def kill(self) -> None:
        """End it at once."""
        child = self._running()
        if child.returncode is None:
            child.kill()
        await child.wait()

    def report(self, what: str) -> str:
        """Say what happened, with the last lines of the log."""
        lines = tail(self.log)
        shown = "".join(f"\n    {line}" for line in lines)
        return f"{self.plan.name} {what}; the end of {self.log}:{shown or ' (empty)'}"

    def _running(self) -> asyncio.subprocess.Process:
        if self._child is None:
            raise RuntimeError(f"{self.plan.name} was never started")
        return self._child

    async def _ready(self) -> str:
        """Read until the ready line and return the address."""
        child = self._running()
        while True:
            line = await self._next_line(child)
            words = line.split()
            if words[:2] == ["ready", self.plan.name] and len(words) == 3:
                return words[2]
            if line == "":
                status = await child.wait()
                raise ProcessFailed(self.report(f"ended with status {status} before it was ready"))
            self._keep(line)

    async def _read(self) -> None:
        """Pass on what it prints until it ends."""
        child = self._running()
        while line := await self._next_line(child):
            if self.plan.on_line is not None:
                self.plan.on_line(line.rstrip("\n"))
            else:
                self._keep(line)

    async def _next_line(self, child: asyncio.subprocess.Process) -> str:
        if child.stdout is None:
            raise RuntimeError("stdout is a pipe")
        return (await child.stdout.readline()).decode("utf-8", "backslashreplace")

    def _keep(self, line: str) -> None:
        with self.log.open("a", encoding="utf-8") as log:
            log.write(line)


def end_with_parent(number: int) -> Callable[[], None]:
    """Return what a child does first: ask for a signal when its parent ends."""
    parent = os.getpid()

    def ask() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it ended between the fork and the question
            os._exit(1)

    return ask


def tail(path: Path) -> list[str]:
    """Return the last lines of a log."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - TAIL_BYTES))
            text = file.read().decode("utf-8", "backslashreplace")
    except FileNotFoundError:
        return []
    return [line[:TAIL_LINE_CHARACTERS] for line in text.splitlines()[-TAIL_LINES:]]


def keep_former(log: Path) -> None:
    """Put the log of the run before aside, so that a log is of one run and they stay bounded."""
    if log.exists():
        log.replace(log.with_suffix(".previous.log"))
