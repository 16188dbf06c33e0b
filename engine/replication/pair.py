"""A node of a pair, from its start to its leading.

    start | the lease                         | what this node does
      P   | was never written                 | the node started with `--first` writes it and leads;
          |                                   | the other one waits
      Q   | names this node, and no standby   | leads on, in the next epoch
      R   | names this node and a standby     | waits: the standby may be about to lead; when
          |                                   | nobody did for a while, leads on as in Q
      S   | names the other node              | takes off what is void, follows
      T   | names this node, and a sequence   | stops: JOURNAL_BEHIND_LEASE, the disk is an old copy
          | that its journal does not have    |

A change of role in a running process is only ever from following to leading. A leader that was
followed by another ends its process; started again, it finds case S.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from engine.journal.writer import Journal
from engine.keys import KeyTable
from engine.node import (
    ARCHIVE_NAME,
    JOURNAL_NAME,
    LOCK_NAME,
    SNAPSHOTS_NAME,
    Feed,
    Node,
    NodeOptions,
    Replayed,
    replay_folder,
)
from engine.ports.clock import Clock
from engine.ports.disk import DiskFolder
from engine.ports.lease import LeaseRecord, LeaseStore, LeaseUnknown, Versioned
from engine.ports.process import End
from engine.replication.follow import CannotFollow, Follow, NotTheNext, find_leader
from engine.replication.frames import Frames
from engine.replication.gate import Gate
from engine.replication.lead import JournalFacts, Lead
from engine.replication.leader import Leader
from engine.replication.rejoin import Own, cut_void, look, new_aside, set_aside
from engine.replication.server import ReplicationServer
from engine.replication.standby import Standby
from engine.snapshot.archive import JoinedFolder

GRANT_NS = 600_000_000
PAUSE_SECONDS = timedelta(milliseconds=50).total_seconds()  # between looks at the lease
WAIT_GRANTS = 8  # in case R: how long a standby may take to lead
_log = structlog.get_logger("engine.replication")


class PairStopped(Exception):
    """The node stops in a named state; the message begins with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairOptions:
    """How a node stands to the other one.

    Attributes:
        name: This node's, not the other's.
        listen: Where it serves its journal.
        peer: Where the other node does.
        api_key: Of replication, for the other node.
        is_first: Writes the lease when nobody has.
        grant_ns: What an answer of the standby grants the leader; equal on both nodes.
    """

    name: str
    listen: str
    peer: str
    api_key: str
    is_first: bool = False
    grant_ns: int = GRANT_NS


class Pair:
    """Opens a folder as one of two nodes.

    Args:
        folder: The engine's data.
        venue: A new one.
        feeds: What follows its events.
        options: Of the node.
        pair: See `PairOptions`.
        lease: Says who leads.
        keys: Who may follow.
        clock: The machine's.
        end: Ends the process.
    """

    def __init__(
        self,
        folder: Path,
        venue: Any,
        feeds: Sequence[Feed],
        options: NodeOptions,
        pair: PairOptions,
        lease: LeaseStore,
        keys: KeyTable,
        clock: Clock,
        end: End,
    ) -> None:
        self._folder = folder
        self._venue = venue
        self._feeds = feeds
        self._options = options
        self._pair = pair
        self._lease = lease
        self._clock = clock
        self._end = end
        self._lock = DiskFolder(folder).lock(LOCK_NAME)
        self._storage = DiskFolder(folder / JOURNAL_NAME)
        self._frames = Frames(JoinedFolder(self._storage, DiskFolder(folder / ARCHIVE_NAME)))
        self._server = ReplicationServer(pair.listen, keys)
        self._lead: Lead | None = None
        self._journal: Journal | None = None

    async def until_leading(self, on_following: Callable[[], None]) -> Node[Any]:
        """Start, follow the other node as long as it leads, and give the node when this one does.

        Args:
            on_following: Told once when this node follows.

        Raises:
            PairStopped: In a named state.
            JournalDamaged, JournalFilesWrong, StorageFull, StorageLost: As `Node.open`.
        """
        await self._server.start()
        own = await asyncio.to_thread(look, self._storage)
        lease = await self._decide(own)
        if lease is not None:
            replayed = await self._replay(lambda: b"")
            return self._begin(replayed, self._open_journal(replayed), lease)
        on_following()
        try:
            return await self._follow(own)
        except NotTheNext as error:
            set_aside(self._folder, (JOURNAL_NAME, ARCHIVE_NAME, SNAPSHOTS_NAME))
            raise PairStopped(f"JOURNAL_REPLACED: started again, it is copied: {error}") from error
        except CannotFollow as error:
            raise PairStopped(str(error)) from error

    async def close(self) -> None:
        """Let the other node go; a node that never led also lets go of its folder."""
        if self._lead is not None:
            await self._lead.stop()
        await self._server.stop()
        await self._lease.close()
        if self._lead is None:
            await self.abandon()

    async def abandon(self) -> None:
        """Let go of the folder without telling what waits, as the end of the process would."""
        if self._journal is not None:
            await asyncio.to_thread(self._journal.close)
        self._lock.release()

    # --- start: the cases P to T -----------------------------------------------------------------

    async def _decide(self, own: Own) -> Versioned | None:
        """Give the lease when this node leads at once; nothing when the other one does."""
        waited_ns = self._clock.elapsed_ns() + WAIT_GRANTS * self._pair.grant_ns
        while True:
            try:
                found = await self._lease.read()
                record = found.record
                if record is not None and record.leader != self._pair.name:
                    return None
                may_lead = self._may_lead(record, own, self._clock.elapsed_ns() > waited_ns)
                if may_lead and (claimed := await self._claim(found, own)):
                    return claimed
            except LeaseUnknown as error:
                _log.warning("lease_unknown", error=str(error))
            await asyncio.sleep(PAUSE_SECONDS)  # paces reads of the lease; it alone decides

    def _may_lead(self, record: LeaseRecord | None, own: Own, has_waited: bool) -> bool:
        if record is None:
            return self._pair.is_first
        if own.last_sequence < record.sequence:
            raise PairStopped(
                f"JOURNAL_BEHIND_LEASE: sequence {own.last_sequence}, the lease was written at "
                f"{record.sequence}: this disk is an old copy"
            )
        return not record.standby or has_waited

    async def _claim(self, found: Versioned, own: Own) -> Versioned | None:
        before = found.record.epoch if found.record else own.epoch
        record = LeaseRecord(
            epoch=max(before, own.epoch) + 1,
            leader=self._pair.name,
            standby="",
            sequence=own.last_sequence,
        )
        if not await self._lease.replace(found.version, record):
            return None
        claimed = await self._lease.read()
        return claimed if claimed.record == record else None

    # --- following -------------------------------------------------------------------------------

    async def _follow(self, own: Own) -> Node[Any]:
        theirs = await find_leader(self._pair.peer, self._pair.api_key)
        if own.venue_id not in (b"", theirs.venue_id):
            raise PairStopped("VENUE_DIFFERS: the two nodes hold journals of two venues")
        if theirs.segment_bytes != self._options.segment_bytes:
            raise PairStopped(f"SEGMENTS_DIFFER: the leader's have {theirs.segment_bytes} bytes")
        if own.venue_id:
            cut = await asyncio.to_thread(
                cut_void,
                self._storage,
                lambda: DiskFolder(new_aside(self._folder)),
                theirs.epoch,
                theirs.epoch_first_sequence,
            )
            if cut:
                set_aside(self._folder, (SNAPSHOTS_NAME,))  # they may hold what was void
        replayed = await self._replay(lambda: theirs.venue_id)
        journal = self._open_journal(replayed)
        standby = Standby(
            self._pair.name, self._pair.grant_ns, theirs.epoch, self._venue.sequence_last
        )
        follow = Follow(
            standby,
            journal,
            replayed.tail.past,
            self._venue,
            self._feeds,
            self._lease,
            self._clock,
        )
        await follow.until_leading(self._pair.peer, self._pair.api_key, theirs.venue_id)
        if standby.lease is None:
            raise PairStopped("NO_LEASE: a leader without a lease")
        return self._begin(replayed, journal, standby.lease)

    # --- leading ---------------------------------------------------------------------------------

    async def _replay(self, make_venue_id: Callable[[], bytes]) -> Replayed[Any]:
        arguments = {} if not make_venue_id() else {"make_venue_id": make_venue_id}
        return await replay_folder(
            self._folder,
            self._venue,
            self._feeds,
            self._options,
            self._clock,
            DiskFolder,
            self._end,
            **arguments,
        )

    def _open_journal(self, replayed: Replayed[Any]) -> Journal:
        journal = Journal(
            self._storage,
            replayed.tail,
            clock=self._clock,
            end=self._end,
            segment_bytes=self._options.segment_bytes,
            on_frame=self._frames.on_frame,
        )
        journal.start()
        self._journal = journal
        return journal

    def _begin(self, replayed: Replayed[Any], journal: Journal, lease: Versioned) -> Node[Any]:
        """Lead: everything in the journal may be told."""
        leader = Leader(self._pair.name, lease, self._pair.grant_ns)
        sequence = self._venue.sequence_last
        journal.lead(leader.epoch)
        self._frames.last_sequence = sequence
        gate = Gate(journal, leader, self._clock, self._venue.digest)
        gate.begin(sequence)
        facts = JournalFacts(replayed.tail.venue_id, self._options.segment_bytes, sequence + 1)
        lead = Lead(leader, gate, self._frames, facts, self._lease, self._clock, self._end)
        node = Node.lead(
            replayed,
            journal,
            gate,
            self._lock,
            options=self._options,
            clock=self._clock,
            end=self._end,
            leads=gate.leads,
        )
        lead.start()
        self._server.lead(lead)
        self._lead = lead
        return node
