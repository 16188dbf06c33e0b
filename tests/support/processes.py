"""Server processes of tests: started, waited for until they say that they are ready, stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

READY_SECONDS = 30.0
STOP_SECONDS = 15.0
ROOT = Path(__file__).resolve().parents[2]


class ProcessEnded(Exception):
    """A process ended before it was ready; the message holds what it logged."""


class ServerProcess:
    """One server that prints `ready NAME ADDRESS` when it serves."""

    def __init__(self, module: str, *arguments: str, logs: Path) -> None:
        """Start the process and wait until it is ready.

        Args:
            module: What `python -m` runs.
            arguments: Its command line.
            logs: Where what it logs is kept.

        Raises:
            ProcessEnded: It ended instead.
        """
        self._log_path = logs / f"{module}.log"
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1", "GRPC_ENABLE_FORK_SUPPORT": "0"},
            )
        self.address = self._read_ready()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def _read_ready(self) -> str:
        output = self._process.stdout
        if output is None:
            raise ProcessEnded("the process has no stdout")
        for line in output:
            words = line.split()
            if words[:1] == ["ready"]:
                return words[2]
        self._process.wait(STOP_SECONDS)
        raise ProcessEnded(self.log())

    def log(self) -> str:
        """Return what it has logged."""
        return self._log_path.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._finish()

    def stop(self) -> int:
        """Ask it to end, and return its exit status."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._finish()

    def _finish(self) -> int:
        try:
            status = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait(STOP_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return status
