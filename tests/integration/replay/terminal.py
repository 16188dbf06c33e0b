"""Commands run as a person would run them in a terminal."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from typing import Any

SECONDS_MAX = 240


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    lines: list[str]
    notes: str

    @property
    def verdict(self) -> dict[str, Any]:
        """The last line as JSON."""
        verdict: dict[str, Any] = json.loads(self.lines[-1])
        return verdict


async def begin(*arguments: object) -> asyncio.subprocess.Process:
    """Start a command."""
    words = ["-m", "realstack.cli", *map(str, arguments)]
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(sys.executable, *words, stdout=pipe, stderr=pipe)


async def ended(process: asyncio.subprocess.Process) -> Ended:
    """Wait for the end of a command."""
    async with asyncio.timeout(SECONDS_MAX):
        output, notes = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, output.decode().splitlines(), notes.decode())
