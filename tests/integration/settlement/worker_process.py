"""A settlement worker in a process of its own, which a test may kill."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import sys
from pathlib import Path

READY_SECONDS_MAX = 60
MEMBER_KEY, SETTLEMENT_KEY = "member key", "settlement key"


def write_keys(folder: Path) -> None:
    """Write the key list and the worker's own key into a data folder."""
    owners = [("settlement", SETTLEMENT_KEY, 0, "settlement"), ("ada", MEMBER_KEY, 1, "member")]
    entries = [
        {
            "name": name,
            "key_sha256": hashlib.sha256(key.encode()).hexdigest(),
            "account_id": account_id,
            "role": role,
        }
        for name, key, account_id, role in owners
    ]
    (folder / "keys.json").write_text(json.dumps(entries))
    key_file = folder / "secrets" / "settlement.key"
    key_file.write_text(SETTLEMENT_KEY)
    key_file.chmod(0o600)


class WorkerProcess:
    """`python -m settlement.worker` over many lives."""

    def __init__(self, folder: Path, *, database_url: str, chain_url: str, engine: str) -> None:
        """Take what it is started with."""
        self.address = ""
        self._flags = [
            *("--data", str(folder), "--database-url", database_url),
            *("--solana-rpc-url", chain_url, "--engine", engine),
        ]
        self._log = folder / "worker.log"
        self._process: asyncio.subprocess.Process | None = None

    @property
    def flags(self) -> list[str]:
        """The flags that name its database, chain and engine."""
        return self._flags

    async def start(self, *, die_at: str = "", fast: bool = True) -> None:
        """Start it and wait until it serves; with `die_at` it may die before that."""
        environment = {**os.environ, "REALSTACK_TEST_DIE_AT": die_at}
        timing = ["--poll-ms", "20", "--batch-wait-ms", "20", "--resend-ms", "200"]
        timing += ["--reconcile-ms", "200"]
        with self._log.open("a") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "settlement.worker", *self._flags),
                *(timing if fast else []),
                *("--lease-ms", "500"),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=environment,
            )
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), READY_SECONDS_MAX)
        word, _, address = line.decode().strip().rpartition(" ")
        if word == "ready settlement":
            self.address = address

    async def wait(self) -> int:
        """Wait until it ends and return its exit status."""
        assert self._process is not None
        return await asyncio.wait_for(self._process.wait(), READY_SECONDS_MAX)

    async def kill(self) -> None:
        """End it at once, as a lost machine would."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
        await self.wait()

    async def stop(self) -> int:
        """Ask it to end and return its exit status."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        return await self.wait()

    def log(self) -> str:
        """Return what it logged."""
        return self._log.read_text()
