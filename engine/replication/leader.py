"""What a leader may tell, decided without clock, disk or network.

    ALONE     the lease names no standby: what is synced here may be told
    PAIRING   a standby has everything; the lease is asked to name it, both syncs are needed
    PAIRED    the lease names the standby; both syncs are needed, and its grant
    CLAIMING  the standby is silent; nothing is told until the lease says `alone`, or it answers
    FENCED    another node leads a later epoch: this one tells nothing any more, its process ends

In every state but FENCED, what the standby has synced may be told while its grant lasts: with that
very answer it promised not to take over before. ALONE is the only state that tells without it, and
only the lease leads there:

    1. the standby falls silent, the last grant runs out, the leader goes to CLAIMING;
    2. both nodes may now ask the lease, the leader to be alone, the standby to lead;
    3. one compare-and-set wins; the other node finds a version that is not the one it knew.

The grant counts from when the leader *sent* what the standby answered, the promise from when the
standby *answered*: so the promise outlives the grant, however long the answer was on its way.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from engine.core.invariants import check
from engine.ports.lease import LeaseRecord, Versioned


class Leadership(Enum):
    """How a leader stands to its standby."""

    ALONE = "leads alone"
    PAIRING = "asks the lease to name its standby"
    PAIRED = "leads with a standby"
    CLAIMING = "waits for its standby or the lease"
    FENCED = "was followed by another leader"


@dataclass(frozen=True, slots=True)
class Ask:
    """Change the lease; the outcome comes back by `on_read`.

    Attributes:
        version: That must still be there.
        record: To be written.
    """

    version: str
    record: LeaseRecord


@dataclass(slots=True)
class Leader:
    """The leader of one epoch.

    Attributes:
        name: This node's.
        lease: As last seen; it names this node, this epoch and no standby.
        grant_ns: For how long an answer of the standby lets this node lead.
    """

    name: str
    lease: Versioned
    grant_ns: int
    state: Leadership = Leadership.ALONE
    standby: str = ""
    synced_sequence: int = 0  # by the standby
    granted_until_ns: int = 0
    asked: LeaseRecord | None = None  # on its way to the store

    @property
    def epoch(self) -> int:
        """The epoch that this node leads."""
        check(self.lease.record is not None, "a leader was named by the lease")
        return self.lease.record.epoch if self.lease.record else 0

    def holds(self, now_ns: int) -> bool:
        """Tell whether this node is sure to lead now, so that a read tells the newest there is."""
        if self.state is Leadership.ALONE:
            return True
        return self.state is not Leadership.FENCED and now_ns < self.granted_until_ns

    def may_tell(self, sequence: int, now_ns: int) -> bool:
        """Tell whether news of a sequence that is synced here may leave."""
        if self.state is Leadership.ALONE:
            return True
        return self.holds(now_ns) and sequence <= self.synced_sequence

    def on_answer(
        self, *, standby: str, epoch: int, synced_sequence: int, sent_ns: int, told_sequence: int
    ) -> Ask | None:
        """Take an answer of the standby.

        Args:
            standby: Its name.
            epoch: Whose message it answered.
            synced_sequence: What it has on disk.
            sent_ns: When this node sent what is answered.
            told_sequence: The last sequence that this node has told.
        """
        if epoch > self.epoch:
            self.state = Leadership.FENCED
        if epoch != self.epoch or self.state is Leadership.FENCED:
            return None
        if self.state is Leadership.ALONE:
            if synced_sequence < told_sequence:
                return None
            self.state, self.standby, self.synced_sequence = Leadership.PAIRING, standby, 0
            self.granted_until_ns = 0
        elif standby != self.standby:
            return None
        self.synced_sequence = max(self.synced_sequence, synced_sequence)
        self.granted_until_ns = max(self.granted_until_ns, sent_ns + self.grant_ns)
        return self._next_ask(told_sequence)

    def on_silence(self, now_ns: int, told_sequence: int) -> Ask | None:
        """Look at the time; asks the lease again when its last answer is missing."""
        if self.state in (Leadership.PAIRED, Leadership.PAIRING) and not self.holds(now_ns):
            self.state = Leadership.CLAIMING
        return self._next_ask(told_sequence)

    def on_read(self, found: Versioned) -> None:
        """Take what the store holds after it was asked, whatever it had answered.

        The same version as before tells nothing, although its record may say `alone`: what was
        asked may still be on its way, and name the standby later. Only a write that was done makes
        every earlier one void.
        """
        self.asked = None
        if found.version != self.lease.version:
            self._stand(found)

    def _stand(self, found: Versioned) -> None:
        record = found.record
        if self.state is Leadership.FENCED:
            return
        if record is None or record.leader != self.name or record.epoch != self.epoch:
            self.state = Leadership.FENCED
            return
        self.lease = found
        if record.standby:
            if self.state is Leadership.PAIRING:
                self.state = Leadership.PAIRED
        elif self.state is Leadership.CLAIMING:
            self.state, self.standby = Leadership.ALONE, ""

    def _next_ask(self, told_sequence: int) -> Ask | None:
        wanted = {Leadership.PAIRING: self.standby, Leadership.CLAIMING: ""}
        if self.asked is not None or self.state not in wanted:
            return None
        self.asked = LeaseRecord(
            epoch=self.epoch,
            leader=self.name,
            standby=wanted[self.state],
            sequence=told_sequence,
        )
        return Ask(self.lease.version, self.asked)
