"""All processes of the venue: started in order, watched, started again, stopped in reverse.

The engine, its snapshots and the settlement worker are started again when they end by themselves:
they are built to go on where they were, and the others wait for them. Any other process that ends
ends the venue.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from realstack.up.folders import Folder, write_atomically
from realstack.up.process import Plan, Process, ProcessFailed, keep_former

RESTARTED = frozenset(("engine", "settlement", "snapshots"))
RESTARTS_MAX = 5  # within the window; more means that starting again does not help
RESTART_WINDOW_SECONDS = 60.0


@dataclass(slots=True)
class Restarts:
    """When a process was started again."""

    times: deque[float] = field(default_factory=deque)
    total: int = 0

    def allowed(self, now: float) -> bool:
        """Note one more, unless there were too many in the window."""
        while self.times and now - self.times[0] > RESTART_WINDOW_SECONDS:
            self.times.popleft()
        if len(self.times) >= RESTARTS_MAX:
            return False
        self.times.append(now)
        self.total += 1
        return True


class Supervisor:
    """The processes of one venue.

    Attributes:
        failed: Done, with a `ProcessFailed`, when the venue cannot go on.
    """

    def __init__(self, folder: Folder, note: Callable[[str], None]) -> None:
        """Begin with no process.

        Args:
            folder: Logs go there, and the record of what runs.
            note: Told, in words, what the user should know.
        """
        self._folder = folder
        self._note = note
        self._processes: dict[str, Process] = {}
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._restarts: dict[str, Restarts] = {}
        self._facts: dict[str, str] = {}
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def start(self, plan: Plan) -> str:
        """Start a process and return its address.

        Raises:
            ProcessFailed: It does not start.
        """
        process = Process(plan, self._folder.logs)
        keep_former(process.log)
        self._processes[plan.name] = process
        await process.start()
        self._record()
        self._watchers[plan.name] = asyncio.create_task(
            self._watch(process), name=f"watcher of {plan.name}"
        )
        return process.address

    def tell(self, **facts: str) -> None:
        """Add facts to the record of what runs, such as the gateway's URL."""
        self._facts.update(facts)
        self._record()

    def restarts(self) -> dict[str, int]:
        """Return how often each process was started again."""
        return {name: each.total for name, each in self._restarts.items() if each.total}

    async def stop(self, name: str) -> None:
        """Stop one process; a process that is not there, or has ended, is no error."""
        process = self._processes.get(name)
        watcher = self._watchers.pop(name, None)
        if watcher is not None:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
        if process is None or not process.is_started:
            return
        status = await process.stop()
        del self._processes[name]
        if status not in (0, -15):
            self._note(process.report(f"ended with status {status}"))

    async def stop_all(self) -> None:
        """Stop every process, the last started first, and take back the record of what runs."""
        for name in reversed(list(self._processes)):
            await self.stop(name)
        (self._folder.path / "run.json").unlink(missing_ok=True)
        if self.failed.done():
            self.failed.exception()  # it was told

    async def _watch(self, process: Process) -> None:
        """Wait for the end of a process, which nobody has asked for, and act on it."""
        plan, name = process.plan, process.plan.name
        while True:
            status = await process.wait()
            said = process.report(f"ended with status {status}")
            count = self._restarts.setdefault(name, Restarts())
            if name not in RESTARTED or not count.allowed(time.monotonic()):
                self._fail(said)
                return
            self._note(said)
            # On the same address: the others know it by that.
            again = (*plan.arguments, "--listen", process.address)
            process = Process(replace(plan, arguments=again), self._folder.logs)
            self._processes[name] = process
            try:
                await process.start()
            except ProcessFailed as error:
                self._fail(str(error))
                return
            self._note(f"{name} started again ({count.total}), process {process.pid}")
            self._record()

    def _fail(self, said: str) -> None:
        if not self.failed.done():
            self.failed.set_exception(ProcessFailed(said))

    def _record(self) -> None:
        """Write what runs, for other commands of the same user."""
        processes = {
            name: {"pid": process.pid, "address": process.address}
            for name, process in self._processes.items()
            if process.is_started
        }
        text = json.dumps({"processes": processes, **self._facts}, indent=2) + "\n"
        write_atomically(self._folder.path / "run.json", text.encode(), mode=0o600)


def recorded_processes(path: Path) -> dict[str, int]:
    """Return the process ids that a run recorded, by name; empty without a record."""
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return {name: int(entry["pid"]) for name, entry in run["processes"].items()}
