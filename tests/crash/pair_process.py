"""Two engines in processes of their own, a leader and its standby, which a test may kill."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.crash.engine_process import free_port

WAIT_SECONDS_MAX = 60


class NodeProcess:
    """One of the two, over many lives."""

    def __init__(self, folder: Path, name: str, arguments: list[str]) -> None:
        self.name = name
        self.address = f"127.0.0.1:{free_port()}"
        self.data = folder / name
        self.data.mkdir()
        self._command = [
            *(sys.executable, "-m", "realstack.cli", "serve", "engine"),
            *("--data", str(self.data), "--listen", self.address, "--node", name, *arguments),
        ]
        self._log = folder / f"{name}.log"
        self._said = folder / f"{name}.out"
        self._from = 0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; what it says is read by `says` and `logged`."""
        self._said.write_bytes(b"")
        self._from = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log, self._said.open("wb") as said:
            self.process = subprocess.Popen(self._command, stdout=said, stderr=log)

    def says(self) -> str:
        """Give what this life said on stdout."""
        return self._said.read_text()

    def logged(self) -> list[dict[str, object]]:
        """Give what this life logged."""
        with self._log.open("rb") as log:
            log.seek(self._from)
            lines = log.read().split(b"\n")
        return [json.loads(line) for line in lines if line.startswith(b"{") and line[-1:] == b"}"]

    @property
    def leads(self) -> bool:
        """Whether it serves clients."""
        return self.is_alive and "ready engine" in self.says()

    @property
    def is_paired(self) -> bool:
        """Whether it leads with a standby that the lease names."""
        states = [each["state"] for each in self.logged() if each["event"] == "leadership"]
        return self.leads and states[-1:] == ["PAIRED"]

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        return self.process is not None and self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self) -> int:
        """Wait for its end; give the exit status."""
        assert self.process is not None
        return self.process.wait(WAIT_SECONDS_MAX)

    def kill(self) -> None:
        """End it at once, as a lost machine would."""
        self.signal(signal.SIGKILL)
        self.wait()


class PairProcess:
    """A leader, a standby and a lease in a file."""

    def __init__(self, folder: Path, keys: dict[str, str], *, grant_ms: int = 600) -> None:
        secret = folder / "replication.key"
        secret.write_text(keys["replication"])
        ports = [f"127.0.0.1:{free_port()}" for _ in range(2)]
        shared = ["--keys", str(folder / "keys.json"), "--lease", f"file:{folder / 'lease.json'}"]
        shared += ["--replication-key", str(secret), "--grant-ms", str(grant_ms)]
        self.nodes = [
            NodeProcess(folder, "a", [*shared, *between(ports[0], ports[1]), "--first"]),
            NodeProcess(folder, "b", [*shared, *between(ports[1], ports[0])]),
        ]

    @property
    def address(self) -> str:
        """Where clients find whoever leads: a standby listens to nobody."""
        return "ipv4:" + ",".join(node.address for node in self.nodes)

    def start(self) -> None:
        """Start both, and wait until one leads with the other as its standby."""
        for node in self.nodes:
            node.start()
        self.until(lambda: any(node.is_paired for node in self.nodes), "a pair")

    def leader(self) -> NodeProcess:
        """Give the node that leads, when one does."""
        self.until(lambda: any(node.leads for node in self.nodes), "a leader")
        return next(node for node in self.nodes if node.leads)

    def other(self, node: NodeProcess) -> NodeProcess:
        """Give the other node."""
        return self.nodes[1 - self.nodes.index(node)]

    def until(self, holds: object, what: str) -> None:
        """Wait until something holds.

        Raises:
            TimeoutError: It did not for a minute; with the ends of both logs.
        """
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while not holds():  # type: ignore[operator]
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} did not come\n{self.log_tails()}")
            time.sleep(0.01)  # tidy: sleep-ok polls two processes with a deadline

    def log_tails(self) -> str:
        """Give the ends of both logs."""
        return "\n".join(
            f"{node.name}: {node.says()!r} {node.logged()[-12:]}" for node in self.nodes
        )

    def stop(self) -> None:
        """End both."""
        for node in self.nodes:
            if node.is_alive:
                node.kill()


def between(listen: str, peer: str) -> list[str]:
    """Give the arguments of one side."""
    return ["--replication", listen, "--peer", peer]
