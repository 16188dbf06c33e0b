"""Holds back what is synced here until the leader may tell it: see `leader.py`."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from engine.journal.writer import Journal
from engine.ports.clock import Clock
from engine.replication.leader import Leader, Leadership
from engine.sequencer import CommandArray

DIGEST_COMMANDS = 1_000  # a standby's state is compared at least so often
DIGESTS_KEPT = 4_096


class Gate:
    """The journal as a leader's sequencer sees it: what may be told counts as synced.

    Args:
        journal: Of this node.
        leader: Decides.
        clock: Its steady time.
        digest: Gives the digest of the state now.
    """

    def __init__(
        self, journal: Journal, leader: Leader, clock: Clock, digest: Callable[[], int]
    ) -> None:
        self.commands_per_frame_max = journal.commands_per_frame_max
        self._journal = journal
        self._leader = leader
        self._clock = clock
        self._digest = digest
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[int, Callable[[], None]]] = deque()
        self._since_digest = 0
        self._holders: list[asyncio.Future[None]] = []
        self.digests: deque[tuple[int, int]] = deque(maxlen=DIGESTS_KEPT)
        self.synced_sequence = 0
        self.told_sequence = 0

    def begin(self, sequence: int) -> None:
        """Start behind a sequence that was told before this node led, or may be told now."""
        self.synced_sequence = self.told_sequence = sequence

    @property
    def is_short(self) -> bool:
        """As the journal says."""
        return self._journal.is_short

    @property
    def refusal(self) -> str:
        """Why nothing is taken: this node is not sure to lead."""
        now_ns = self._clock.elapsed_ns()
        if self._leader.state is Leadership.FENCED:
            return "FENCED: another node leads a later epoch"
        if self._leader.state is Leadership.CLAIMING and not self._leader.holds(now_ns):
            return "NO_LEADERSHIP: the standby is silent and the lease has not said who leads"
        return ""

    def append(self, commands: CommandArray, synced: Callable[[], None]) -> None:
        """Take a batch that was just applied."""
        last = int(commands["sequence"][-1])
        self._since_digest += len(commands)
        if self._since_digest >= DIGEST_COMMANDS:
            self._since_digest = 0
            self.digests.append((last, self._digest()))
        self._waiting.append((last, synced))
        self._journal.append(commands, lambda: self._synced_here(last))

    def _synced_here(self, sequence: int) -> None:
        """Come from the journal's thread to the loop."""
        self._loop.call_soon_threadsafe(self._on_synced, sequence)

    def _on_synced(self, sequence: int) -> None:
        self.synced_sequence = sequence
        self.look()

    def look(self) -> None:
        """Tell all that may be told now."""
        now_ns = self._clock.elapsed_ns()
        while self._waiting and self._waiting[0][0] <= self.synced_sequence:
            sequence, synced = self._waiting[0]
            if not self._leader.may_tell(sequence, now_ns):
                break
            self._waiting.popleft()
            self.told_sequence = sequence
            synced()
        if self._holders and self._leader.holds(now_ns):
            holders, self._holders = self._holders, []
            for holder in holders:
                if not holder.done():
                    holder.set_result(None)

    async def leads(self) -> None:
        """Wait until this node is sure to lead."""
        while not self._leader.holds(self._clock.elapsed_ns()):
            holder = self._loop.create_future()
            self._holders.append(holder)
            await holder
