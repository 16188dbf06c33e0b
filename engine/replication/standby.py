"""When a standby may lead, decided without clock, disk or network.

    FOLLOWING  syncs, applies and answers what the leader sends
    ASKING     the leader was silent for longer than it was promised; the lease is asked. From here
               on it answers nothing, until the lease has refused it
    LEADING    the lease names this node
    DIVERGED   its state is not the leader's: it answers nothing and never leads

It asks only while it is told, by the leader of this epoch and in this life of its process, that the
lease names it. A node that was started on an empty or an old disk never leads by waiting.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from engine.core.invariants import check
from engine.ports.lease import LeaseRecord, Versioned
from engine.replication.leader import Ask

# Two clocks of two machines run at rates that differ by less than this part of the time.
MARGIN_PARTS = 20


class Following(Enum):
    """What a standby does."""

    FOLLOWING = "follows"
    ASKING = "asks the lease to lead"
    LEADING = "leads"
    DIVERGED = "has another state than its leader"


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back to the leader."""

    epoch: int
    synced_sequence: int
    sent_ns: int


@dataclass(slots=True)
class Standby:
    """A node that follows.

    Attributes:
        name: This node's.
        grant_ns: What each answer grants the leader.
        epoch: Of the newest leader that it heard of.
        synced_sequence: What it has on disk.
    """

    name: str
    grant_ns: int
    epoch: int
    synced_sequence: int
    state: Following = Following.FOLLOWING
    is_named: bool = False  # the leader of this epoch said that the lease names this node
    answered_ns: int = 0
    asked: LeaseRecord | None = None
    lease: Versioned | None = None

    def takes(self, epoch: int) -> bool:
        """Tell whether something of a leader of that epoch is taken; an old one is refused."""
        return self.state is Following.FOLLOWING and epoch >= self.epoch

    def on_message(
        self, *, epoch: int, synced_sequence: int, is_named: bool, sent_ns: int, now_ns: int
    ) -> Reply | None:
        """Take a message of a leader whose frames, if it had any, are on disk and applied.

        Args:
            epoch: Of the leader.
            synced_sequence: What is on disk here now.
            is_named: The leader has seen that the lease names this node.
            sent_ns: The leader's time of sending, which goes back to it.
            now_ns: The time here.
        """
        if not self.takes(epoch):
            return None
        if epoch > self.epoch:
            self.epoch, self.is_named = epoch, False
        check(synced_sequence >= self.synced_sequence, "a standby's journal only grows")
        self.synced_sequence = synced_sequence
        self.is_named = is_named
        self.answered_ns = now_ns
        return Reply(self.epoch, synced_sequence, sent_ns)

    def on_digests(self, own: int, leaders: int) -> None:
        """Compare the digests of one sequence."""
        if own != leaders:
            self.state, self.is_named = Following.DIVERGED, False

    def on_silence(self, now_ns: int) -> bool:
        """Look at the time; tell whether the lease must be read now."""
        if self.state is Following.FOLLOWING and self.is_named and self._promise_is_over(now_ns):
            self.state = Following.ASKING
        return self.state is Following.ASKING and self.asked is None

    def on_read(self, found: Versioned) -> Ask | None:
        """Take what the store holds, and ask to lead when this node may."""
        if self.state is not Following.ASKING:
            return None
        self.asked, record = None, found.record
        if record is not None and (record.leader, record.epoch) == (self.name, self.epoch + 1):
            self.state, self.lease = Following.LEADING, found
            return None
        may_lead = record is not None and record.epoch == self.epoch and record.standby == self.name
        if not may_lead:
            self.state, self.is_named = Following.FOLLOWING, False
            return None
        self.asked = LeaseRecord(
            epoch=self.epoch + 1, leader=self.name, standby="", sequence=self.synced_sequence
        )
        return Ask(found.version, self.asked)

    def on_asked(self) -> None:
        """The store was asked. Whatever it answered, reading it tells whether this node leads.

        A refusal may come from an earlier try that was done although its answer was lost.
        """
        self.asked = None

    def _promise_is_over(self, now_ns: int) -> bool:
        return now_ns - self.answered_ns > self.grant_ns + self.grant_ns // MARGIN_PARTS
