"""The leading side of a pair: serves the journal, takes answers, asks the lease."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from engine.journal.layout import FORMAT_VERSION
from engine.ports.clock import Clock
from engine.ports.lease import LeaseStore, LeaseUnknown, Versioned
from engine.ports.process import End
from engine.replication.frames import Frames
from engine.replication.gate import Gate
from engine.replication.leader import Ask, Leader, Leadership
from engine.snapshot.build import build_hash
from realstack.replication.v1 import replication_pb2 as wire

BEATS_PER_GRANT = 6
PAUSE_SECONDS = timedelta(milliseconds=100).total_seconds()  # between questions to a lost store
Context = Any  # of the generated servicer, which gRPC does not type
_log = structlog.get_logger("engine.replication")


@dataclass(frozen=True, slots=True)
class JournalFacts:
    """What a standby must know of the leader's journal."""

    venue_id: bytes
    segment_bytes: int
    epoch_first_sequence: int


class Lead:
    """Leads.

    Args:
        leader: Decides.
        gate: What is told through.
        frames: What was written.
        facts: Of the journal.
        lease: Asked when a role changes.
        clock: Steady time.
        end: Ends the process when another node leads.
    """

    def __init__(
        self,
        leader: Leader,
        gate: Gate,
        frames: Frames,
        facts: JournalFacts,
        lease: LeaseStore,
        clock: Clock,
        end: End,
    ) -> None:
        self._leader = leader
        self._gate = gate
        self._frames = frames
        self._facts = facts
        self._lease = lease
        self._clock = clock
        self._end = end
        self._asking: asyncio.Task[None] | None = None
        self._beating: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Watch the time."""
        self._beating = asyncio.create_task(self._beat(), name="leader's beat")
        self._beating.add_done_callback(self._ended)

    async def stop(self) -> None:
        """Watch it no more."""
        for task in (self._beating, self._asking):
            if task is not None:
                task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._end(f"replication failed: {error!r}")

    async def _beat(self) -> None:
        pause = timedelta(microseconds=self._leader.grant_ns // BEATS_PER_GRANT // 1_000)
        while True:
            await asyncio.sleep(pause.total_seconds())
            now_ns = self._clock.elapsed_ns()
            self._ask(self._leader.on_silence(now_ns, self._gate.told_sequence))
            self._after()
            self._frames.wake()

    def _after(self) -> None:
        """Do what a change of the leader's state means."""
        if self._leader.state is Leadership.FENCED:
            self._end(f"FENCED: another node leads after epoch {self._leader.epoch}")
        self._gate.look()

    def _ask(self, ask: Ask | None) -> None:
        if ask is not None:
            _log.info("lease_asked", state=self._leader.state.name, standby=ask.record.standby)
            self._asking = asyncio.create_task(self._carry_out(ask), name="lease")
            self._asking.add_done_callback(self._ended)

    async def _carry_out(self, ask: Ask) -> None:
        try:
            await self._lease.replace(ask.version, ask.record)
        except LeaseUnknown as error:
            _log.warning("lease_unknown", error=str(error))
        found = await self._read()
        before = self._leader.state
        self._leader.on_read(found)
        if self._leader.state is not before:
            _log.info("leadership", state=self._leader.state.name, epoch=self._leader.epoch)
        self._after()
        self._frames.wake()

    async def _read(self) -> Versioned:
        """Read the lease, as often as it takes."""
        while True:
            try:
                return await self._lease.read()
            except LeaseUnknown as error:
                _log.warning("lease_unknown", error=str(error))
            await asyncio.sleep(
                PAUSE_SECONDS
            )  # the store is asked ten times a second while it is lost

    # --- what is served --------------------------------------------------------------------------

    def journal(self) -> wire.GetJournalResponse:
        """Say where the journal stands."""
        return wire.GetJournalResponse(
            epoch=self._leader.epoch,
            epoch_first_sequence=self._facts.epoch_first_sequence,
            venue_id=self._facts.venue_id,
            segment_bytes=self._facts.segment_bytes,
            format_version=FORMAT_VERSION,
            digest_version=build_hash(),
            last_sequence=self._gate.synced_sequence,
        )

    def problem(self, begin: wire.FollowRequest.Begin) -> str:
        """Say why a node cannot follow; nothing when it can."""
        if begin.format_version != FORMAT_VERSION:
            return f"FORMAT_DIFFERS: {begin.format_version}, here it is {FORMAT_VERSION}"
        if begin.digest_version != build_hash():
            return "BUILD_DIFFERS: the two cores may compute other states; pair equal builds"
        if begin.venue_id != self._facts.venue_id:
            return "VENUE_DIFFERS: the journal is of another venue"
        if begin.from_sequence > self._frames.last_sequence + 1:
            return "STANDBY_AHEAD: this node lacks commands that the standby has"
        return ""

    async def follow(
        self, begin: wire.FollowRequest.Begin, requests: AsyncIterator[Any], context: Context
    ) -> None:
        """Serve a standby until it goes."""
        _log.info("standby_follows", node=begin.node, from_sequence=begin.from_sequence)
        reading = asyncio.create_task(self._take_answers(begin.node, requests))
        try:
            await self._send(begin, context, reading)
        finally:
            reading.cancel()
            _log.info("standby_gone", node=begin.node)

    async def _take_answers(self, node: str, requests: AsyncIterator[Any]) -> None:
        async for request in requests:
            synced = request.synced
            ask = self._leader.on_answer(
                standby=node,
                epoch=synced.epoch,
                synced_sequence=synced.sequence,
                sent_ns=synced.sent_ns,
                told_sequence=self._gate.told_sequence,
            )
            self._ask(ask)
            self._after()

    async def _send(
        self, begin: wire.FollowRequest.Begin, context: Context, reading: asyncio.Task[None]
    ) -> None:
        next_sequence, compared = begin.from_sequence, begin.from_sequence - 1
        while not reading.done():
            newest = self._frames.newest(next_sequence)
            if newest is None:
                async for frames, following in self._frames.older(next_sequence):
                    next_sequence = following
                    await context.write(self._message(begin.node, frames, [], 0))
                continue
            frames, next_sequence = newest
            digests = [d for d in self._gate.digests if compared < d[0] < next_sequence]
            compared = max(compared, next_sequence - 1)
            sent_ns = self._clock.elapsed_ns()
            await context.write(self._message(begin.node, frames, digests, sent_ns))
            if next_sequence > self._frames.last_sequence:
                await self._frames.wait()

    def _message(
        self, node: str, frames: list[bytes], digests: list[tuple[int, int]], sent_ns: int
    ) -> wire.FollowResponse:
        named = self._leader.state is Leadership.PAIRED and self._leader.standby == node
        return wire.FollowResponse(
            epoch=self._leader.epoch,
            sent_ns=sent_ns,
            is_named=named,
            frames=frames,
            digests=[
                wire.StateDigest(sequence=sequence, digest=digest.to_bytes(16, "little"))
                for sequence, digest in digests
            ],
        )
