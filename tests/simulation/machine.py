"""A machine: disks that outlive its processes, a clock, and at most one living engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from engine.core.venue import Venue
from engine.feed.feeds import Feeds
from engine.node import Node, NodeOptions
from engine.ports.storage import StorageLost
from engine.snapshot.follower import Folders, Follower
from tests.simulation.disk import ProcessFolder
from tests.simulation.faults import NS_PER_MS, Faults
from tests.simulation.journal import Host, SteppedJournal
from tests.simulation.loop import NS, SimulatedLoop
from tests.support.simulated_disk import PowerCut, SimulatedDisk
from tests.support.snapshots import FEW

START_NS = 1_700_000_000 * NS
SEGMENT_BYTES = 48 * 4096
DATA = Path("data")
BUILD = b"simulated build!"
CAN_NOT_START = (Exception, PowerCut)


class MachineClock:
    """A machine's clocks: the wall clock may step or stand still, the steady one never."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        self.offset_ns = 0
        self._frozen_at_ns: int | None = None

    def now_ns(self) -> int:
        if self._frozen_at_ns is not None:
            return self._frozen_at_ns
        return START_NS + self._loop.now_ns + self.offset_ns

    def elapsed_ns(self) -> int:
        return self._loop.now_ns

    def freeze(self) -> None:
        """Let the wall clock stand still."""
        self._frozen_at_ns = self.now_ns()

    def mend(self) -> None:
        """Set the wall clock right."""
        self._frozen_at_ns, self.offset_ns = None, 0


class Process(Host):
    """One life of an engine on a machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.is_alive = True
        self.paused_until_ns = 0
        self.venue: Any = machine.make_venue()
        self.feeds = Feeds(self.venue.markets, FEW)
        self.node: Node[Any] | None = None
        self.journal: SteppedJournal | None = None

    async def open(self) -> None:
        """Start the engine as its server does."""
        self.node = await Node.open(
            DATA,
            venue_factory=lambda: self.venue,
            feeds=[self.feeds],
            options=NodeOptions(segment_bytes=SEGMENT_BYTES),
            clock=self.machine.clock,
            open_folder=self.folder,
            open_journal=self.open_journal,
            end=partial(self.machine.on_end, self),
        )

    def folder(self, path: Path) -> Any:
        """Open a folder of the machine for this process."""
        return ProcessFolder(self.machine.disk(path.name), lambda: self.is_alive)

    def open_journal(self, *arguments: Any, **options: Any) -> SteppedJournal:
        """Open the journal without threads."""
        self.journal = SteppedJournal(self, *arguments, **options)
        return self.journal

    def after_ns(self, delay_ns: int, callback: Callable[[], None]) -> None:
        """Call back after some time, later while the process is paused, never once it is dead."""
        loop = self.machine.loop

        def arrive() -> None:
            if not self.is_alive:
                return
            wait_ns = self.paused_until_ns - loop.now_ns
            if wait_ns > 0:
                loop.after_ns(wait_ns, arrive)
            else:
                callback()

        loop.after_ns(delay_ns, arrive)

    def sync_ns(self) -> int:
        """Say how long the next write to disk takes."""
        return self.machine.faults.sync_ns()

    def before_write(self) -> None:
        """Have the disk fail once, as a dying one does."""
        if self.machine.faults.happens("sync failed"):
            disk = self.machine.disk("journal")
            disk.fail_sync_number = disk.syncs + 1


class Machine:
    """A machine of the world.

    Args:
        loop: The world's.
        faults: The world's.
        make_venue: Makes the core of a process.
        on_start: Told of each process that has started.
        on_release: Told of each batch that leaves a process.
    """

    def __init__(
        self,
        loop: SimulatedLoop,
        faults: Faults,
        make_venue: Callable[[], Any] = Venue,
        on_start: Callable[[Process], None] = lambda process: None,
    ) -> None:
        self.loop = loop
        self.faults = faults
        self.make_venue = make_venue
        self._on_start = on_start
        self.clock = MachineClock(loop)
        self.disks: dict[str, SimulatedDisk] = {}
        self.process: Process | None = None
        self.ends: list[str] = []
        self.starts = 0
        self.refused_starts: list[str] = []
        self._starting: asyncio.Task[None] | None = None

    def disk(self, name: str) -> SimulatedDisk:
        """Give the disk of a folder, which outlives all processes."""
        return self.disks.setdefault(name, SimulatedDisk())

    @property
    def serving(self) -> Process | None:
        """The living process that has started, if there is one."""
        process = self.process
        return process if process and process.is_alive and process.node else None

    def start(self) -> None:
        """Start a process now; a machine begins services when its clock is set, not before."""
        if self.process is not None and self.process.is_alive:
            return
        self.clock.mend()
        self.process = Process(self)
        self._starting = self.loop.create_task(self._start(self.process))

    async def _start(self, process: Process) -> None:
        try:
            await process.open()
        except CAN_NOT_START as error:
            if process.is_alive:
                self._refused(process, error)
            return
        if process.is_alive:
            self.starts += 1
            self._on_start(process)

    def _refused(self, process: Process, error: BaseException) -> None:
        """Note why an engine did not start, and try again as a supervisor would."""
        process.is_alive = False
        self._drop_locks()
        self.refused_starts.append(f"{type(error).__name__}: {error}")
        self.loop.after_ns(NS, self.start)

    def on_end(self, process: Process, reason: str) -> None:
        """A process ended by itself: a bug, or a disk that it does not trust any more."""
        if process.is_alive:
            self.ends.append(reason)
            self._die(process)

    def _die(self, process: Process) -> None:
        process.is_alive = False
        if process.node is not None:
            process.node._ticker.close()
        self._drop_locks()
        self.loop.after_ns(200 * NS_PER_MS, self.start)

    def _drop_locks(self) -> None:
        for disk in self.disks.values():
            disk.locks.clear()

    def kill(self) -> None:
        """SIGKILL: what was on its way to the disk is in the page cache, and not synced."""
        process = self.process
        if process is None or not process.is_alive:
            return
        self._leave_unsynced(process)
        self._die(process)

    def cut_power(self) -> None:
        """The machine is off and on again: of what was not synced, some sectors are there."""
        process = self.process
        if process is not None and process.is_alive:
            self._leave_unsynced(process)
            self._die(process)
        for disk in self.disks.values():
            disk.power_cut(self.faults.survives)

    def _leave_unsynced(self, process: Process) -> None:
        if process.journal is None:
            return
        try:
            process.journal.leave_unsynced(self.disk("journal"))
        except StorageLost as error:
            self.ends.append(str(error))

    def folders(self, is_alive: Callable[[], bool]) -> Folders:
        """The folders as a follower process sees them."""
        return Folders(
            journal=ProcessFolder(self.disk("journal"), is_alive),
            snapshots=ProcessFolder(self.disk("snapshots"), is_alive),
            archive=ProcessFolder(self.disk("archive"), is_alive),
        )

    def follower(self) -> Follower:
        """Make a follower of this machine's journal."""
        venue = Venue()
        return Follower(
            self.folders(lambda: True), venue, [Feeds(venue.markets, FEW)], lambda: BUILD
        )
