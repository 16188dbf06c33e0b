"""An engine in a process of its own, which a test may kill."""

from __future__ import annotations

import hashlib
import json
import secrets
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty, Queue

READY_SECONDS_MAX = 60


def free_port() -> int:
    """Find a loopback port that is free now and can be bound again after a restart."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_keys(path: Path, members: int) -> dict[str, str]:
    """Write a key file for an operator, settlement and members 1 to `members`; give the keys."""
    owners = [(role, 0, role) for role in ("operator", "settlement", "replication")]
    owners += [(f"member-{account}", account, "member") for account in range(1, members + 1)]
    keys = {name: secrets.token_hex(16) for name, _, _ in owners}
    entries = [
        {
            "name": name,
            "key_sha256": hashlib.sha256(keys[name].encode()).hexdigest(),
            "account_id": account_id,
            "role": role,
        }
        for name, account_id, role in owners
    ]
    path.write_text(json.dumps(entries))
    return keys


class EngineProcess:
    """`realstack serve engine` on one folder and one port, over many lives."""

    def __init__(self, data: Path, keys: Path, *, core: str = "compiled") -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self._command = [
            *(sys.executable, "-m", "realstack.cli", "serve", "engine"),
            *("--data", str(data), "--listen", self.address, "--keys", str(keys)),
            *("--core", core),
        ]
        self._log = data.parent / "engine.log"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start and wait until it serves.

        Raises:
            RuntimeError: When it ends or stays silent instead, with the end of its log.
        """
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                self._command, stdout=subprocess.PIPE, stderr=log, text=True
            )
        lines: Queue[str] = Queue()
        stdout = self._process.stdout
        assert stdout is not None
        threading.Thread(target=lambda: lines.put(stdout.readline()), daemon=True).start()
        try:
            line = lines.get(timeout=READY_SECONDS_MAX)
        except Empty:
            line = ""
        if not line.startswith("ready engine"):
            raise RuntimeError(f"the engine is not ready: {line!r}\n{self.log_tail()}")

    def kill(self) -> None:
        """End it at once, as a lost machine would (SIGKILL)."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to end and give its exit status."""
        return self._end(signal.SIGTERM)

    def log_tail(self) -> str:
        """Give the end of its log."""
        return self._log.read_text()[-4_000:]

    def _end(self, how: signal.Signals) -> int:
        process = self._process
        assert process is not None
        process.send_signal(how)
        status = process.wait(timeout=READY_SECONDS_MAX)
        if process.stdout is not None:
            process.stdout.close()
        return status
