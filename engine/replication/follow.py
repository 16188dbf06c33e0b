"""The following side of a pair: takes frames, syncs and applies them, answers, and asks to lead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any, Protocol

import grpc
import grpc.aio
import numpy as np
import structlog
from numpy.typing import NDArray

from engine.core.commands import COMMAND
from engine.core.invariants import check
from engine.journal.layout import BLOCK_WORDS, FORMAT_VERSION, Frame, FrameKind, Words, frame_hash
from engine.journal.verdict import Found, Past, judge
from engine.journal.writer import Journal
from engine.ports.clock import Clock
from engine.ports.lease import LeaseStore, LeaseUnknown
from engine.replication.standby import Following, Reply, Standby
from engine.rpc.methods import API_KEY
from engine.snapshot.build import build_hash
from realstack.replication.v1 import replication_pb2 as wire
from realstack.replication.v1 import replication_pb2_grpc

LOOKS_PER_GRANT = 10
PAUSE_SECONDS = timedelta(milliseconds=50).total_seconds()  # between attempts to connect
MESSAGE_BYTES_MAX = 64 << 20
CHANNEL_OPTIONS = [
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 200),
    ("grpc.use_local_subchannel_pool", 1),
]
_log = structlog.get_logger("engine.replication")


class NotTheNext(Exception):
    """The leader's frame does not follow this node's journal: it has to be copied anew."""


class CannotFollow(Exception):
    """The leader refuses this node, for a reason that time does not mend."""


class Applied(Protocol):
    """A venue or what follows it."""

    def apply(self, commands: NDArray[np.void]) -> NDArray[np.void]:
        """Apply commands."""

    def digest(self) -> int:
        """Give the digest of the state."""


class FeedOf(Protocol):
    """What follows the events."""

    def on_events(self, events: NDArray[np.void]) -> None:
        """Take the next events."""


def channel_to(address: str) -> grpc.aio.Channel:
    """Open a channel to the other node."""
    return grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS)


async def ask_journal(address: str, api_key: str) -> wire.GetJournalResponse | None:
    """Ask the other node for its journal; nothing when it is not there or does not lead."""
    async with channel_to(address) as channel:
        stub = replication_pb2_grpc.ReplicationServiceStub(channel)
        try:
            answer: wire.GetJournalResponse = await stub.GetJournal(
                wire.GetJournalRequest(), metadata=((API_KEY, api_key),), timeout=1
            )
        except grpc.aio.AioRpcError as error:
            _log.info("leader_not_found", address=address, status=error.code().name)
            return None
    return answer


async def find_leader(address: str, api_key: str) -> wire.GetJournalResponse:
    """Ask the other node for its journal until it leads."""
    while True:
        answer = await ask_journal(address, api_key)
        if answer is not None:
            return answer
        await asyncio.sleep(PAUSE_SECONDS)  # paces calls until the other node serves


class Follow:
    """Follows until it leads.

    Args:
        standby: Decides.
        journal: Of this node.
        past: Where the journal ends.
        venue: That has applied it all.
        feeds: That have seen it all.
        lease: Asked to lead.
        clock: Steady time.
    """

    def __init__(
        self,
        standby: Standby,
        journal: Journal,
        past: Past,
        venue: Applied,
        feeds: Sequence[FeedOf],
        lease: LeaseStore,
        clock: Clock,
    ) -> None:
        self.standby = standby
        self._journal = journal
        self._past = past
        self._venue = venue
        self._feeds = feeds
        self._lease = lease
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._busy = asyncio.Lock()

    @property
    def last_sequence(self) -> int:
        """The last command that was taken."""
        return self._past.next_sequence - 1

    async def until_leading(self, address: str, api_key: str, venue_id: bytes) -> None:
        """Follow the node at an address; returns when this node leads.

        Raises:
            NotTheNext: The two journals are not one.
            CannotFollow: The leader refuses this node, or the states differ.
        """
        following = asyncio.create_task(self._follow(address, api_key, venue_id))
        try:
            while self.standby.state is not Following.LEADING:
                pause = timedelta(microseconds=self.standby.grant_ns // LOOKS_PER_GRANT // 1_000)
                await asyncio.sleep(pause.total_seconds())
                if following.done():
                    await following
                await self._look()
        finally:
            following.cancel()
        async with self._busy:  # a frame on its way to the disk is waited for
            _log.warning("leading", epoch=self.standby.epoch + 1, sequence=self.last_sequence)

    async def _look(self) -> None:
        """Ask the lease when the leader was silent too long."""
        if not self.standby.on_silence(self._clock.elapsed_ns()):
            return
        async with self._busy:  # a frame under way is on disk first, for the record's sequence
            self.standby.synced_sequence = self.last_sequence
        try:
            ask = self.standby.on_read(await self._lease.read())
            if ask is None:
                return
            await self._lease.replace(ask.version, ask.record)
            self.standby.on_asked()
            self.standby.on_read(await self._lease.read())
        except LeaseUnknown as error:
            self.standby.on_asked()
            _log.warning("lease_unknown", error=str(error))

    async def _follow(self, address: str, api_key: str, venue_id: bytes) -> None:
        """Follow over one connection after another."""
        while True:
            try:
                async with channel_to(address) as channel:
                    stub = replication_pb2_grpc.ReplicationServiceStub(channel)
                    await self._over(stub.Follow(metadata=((API_KEY, api_key),)), venue_id)
            except grpc.aio.AioRpcError as error:
                if error.code() in (
                    grpc.StatusCode.FAILED_PRECONDITION,
                    grpc.StatusCode.PERMISSION_DENIED,
                ):
                    raise CannotFollow(str(error.details())) from error
                _log.info("leader_lost", status=error.code().name, details=error.details())
            await asyncio.sleep(PAUSE_SECONDS)  # paces attempts; time decides nothing here

    async def _over(self, call: Any, venue_id: bytes) -> None:
        begin = wire.FollowRequest.Begin(
            node=self.standby.name,
            from_sequence=self._past.next_sequence,
            digest_version=build_hash(),
            format_version=FORMAT_VERSION,
            venue_id=venue_id,
        )
        await call.write(wire.FollowRequest(begin=begin))
        responses: AsyncIterator[wire.FollowResponse] = call
        async for response in responses:
            async with self._busy:
                reply = await self._take(response)
            if reply is not None and response.sent_ns:
                synced = wire.FollowRequest.Synced(
                    epoch=reply.epoch, sequence=reply.synced_sequence, sent_ns=reply.sent_ns
                )
                await call.write(wire.FollowRequest(synced=synced))

    async def _take(self, response: wire.FollowResponse) -> Reply | None:
        """Sync and apply what came; say what to answer."""
        if not self.standby.takes(response.epoch):
            return None
        digests = {each.sequence: each.digest for each in response.digests}
        synced: asyncio.Future[None] | None = None
        for data in response.frames:
            blocks = np.frombuffer(data, np.uint64).reshape(-1, BLOCK_WORDS)
            synced = self._append(blocks) or synced
            await asyncio.sleep(0)
            own = digests.get(self.last_sequence)
            if own is not None:
                leaders = int.from_bytes(own, "little")
                self.standby.on_digests(self._venue.digest(), leaders)
        if synced is not None:
            await synced
        if self.standby.state is Following.DIVERGED:
            raise CannotFollow(f"DIVERGED: at or before sequence {self.last_sequence}")
        return self.standby.on_message(
            epoch=response.epoch,
            synced_sequence=self.last_sequence,
            is_named=response.is_named,
            sent_ns=response.sent_ns,
            now_ns=self._clock.elapsed_ns(),
        )

    def _append(self, blocks: Words) -> asyncio.Future[None] | None:
        """Judge a frame as recovery would, write it, apply it; give what tells of its sync."""
        if frame_hash(blocks) == self._past.chain:
            return None  # the seal that this node wrote by itself
        place = judge(blocks, self._past)
        frame, records = place.frame, place.records
        if place.found is not Found.WHOLE or frame is None or records is None:
            raise NotTheNext(f"after sequence {self.last_sequence}: {place.detail}")
        check(place.blocks == len(blocks), "a frame comes alone")
        self._past = _past_after(frame, place.hash)
        if frame.kind is FrameKind.SEAL:
            return None  # written here when the frame behind it needs the next segment
        synced = self._loop.create_future()
        self._journal.append_copy(frame, blocks, lambda: _on(self._loop, synced))
        if frame.kind is FrameKind.COMMANDS:
            events = self._venue.apply(records.reshape(-1).view(COMMAND))
            for feed in self._feeds:
                feed.on_events(events)
        return synced


def _on(loop: asyncio.AbstractEventLoop, synced: asyncio.Future[None]) -> None:
    loop.call_soon_threadsafe(synced.set_result, None)


def _past_after(frame: Frame, chain: bytes) -> Past:
    commands = frame.count if frame.kind is FrameKind.COMMANDS else 0
    return Past(
        next_sequence=frame.first_sequence + commands,
        time_ns=frame.time_ns,
        epoch=frame.epoch,
        chain=chain,
    )
