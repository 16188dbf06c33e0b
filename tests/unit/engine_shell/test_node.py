"""A node: one folder, one process, the same state after every restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import numpy as np
import pytest
import structlog

from engine.core.commands import COMMAND, CommandKind
from engine.journal.batches import joined
from engine.journal.errors import JournalDamaged
from engine.node import Feed, Node, NodeOptions
from engine.ports.clock import SystemClock
from engine.ports.storage import FolderInUse
from engine.reference.venue import ReferenceVenue
from engine.sequencer import Batch, Closed, CommandArray, EventArray, SequencerLimits
from tests.support.echo_venue import EchoVenue
from tests.support.journal import BLOCK, SEGMENT, Endings, make_commands, same
from tests.support.simulated_disk import SimulatedDisk
from tests.unit.engine_shell.hand import SECOND, Listener, orders

FOLDER = Path("data")
JOURNAL = FOLDER / "journal"
FIRST = "00000001.rsj"
SMALL = NodeOptions(segment_bytes=SEGMENT)


class Disks:
    """The disk of a machine: a simulated folder for each path."""

    def __init__(self) -> None:
        self.folders: dict[Path, SimulatedDisk] = {}

    def open(self, path: Path) -> SimulatedDisk:
        return self.folders.setdefault(path, SimulatedDisk())


class EventList:
    """A feed that keeps what it hears."""

    def __init__(self) -> None:
        self.sequences: list[int] = []
        self.bytes = b""

    def on_events(self, events: EventArray) -> None:
        self.sequences += events["sequence"].tolist()
        self.bytes += events.tobytes()


@pytest.fixture
def disks() -> Disks:
    return Disks()


@asynccontextmanager
async def running(
    disks: Disks,
    *,
    feeds: tuple[Feed, ...] = (),
    accept_tail_loss: bool = False,
    endings: Endings | None = None,
    venue: EchoVenue | None = None,
) -> AsyncIterator[Node[EchoVenue]]:
    """Run a node on an echo venue and close it."""
    node = await Node.open(
        FOLDER,
        venue_factory=lambda: venue or EchoVenue(),
        feeds=feeds,
        options=NodeOptions(segment_bytes=SEGMENT, accept_tail_loss=accept_tail_loss),
        open_folder=disks.open,
        end=endings or Endings(),
    )
    try:
        yield node
    finally:
        disks.open(JOURNAL).free_syncs()
        await node.close()


@contextmanager
def logged() -> Iterator[list[dict[str, object]]]:
    with structlog.testing.capture_logs() as lines:
        yield lines  # type: ignore[misc]


async def test_a_command_is_executed_and_answered(disks: Disks) -> None:
    """From submission to durable answer."""
    async with running(disks) as node:
        answer = await node.execute(orders(3))
        assert (1, 3, 3) == (answer.first_sequence, answer.count, len(answer.events))
        assert 3 == node.applied_sequence == node.durable_sequence


async def test_a_restart_gives_the_same_digest_and_tells_every_feed_everything(
    disks: Disks,
) -> None:
    """State and feeds are functions of the journal."""
    first, second = EventList(), EventList()
    async with running(disks, feeds=(first,)) as node:
        for count in (1, 40, 5, 100, 7):
            await node.execute(orders(count))
        digest = node.venue.digest()
    async with running(disks, feeds=(second,)) as node:
        assert (153, digest) == (node.applied_sequence, node.venue.digest())
        assert 153 == node.durable_sequence
        await node.execute(orders(1))
        assert list(range(1, 155)) == second.sequences
    assert first.bytes == second.bytes[: len(first.bytes)]


async def test_a_restart_says_what_it_found(disks: Disks) -> None:
    """Sequence, digest and rate are logged, and every cut with its sequence."""
    async with running(disks) as node:
        await node.execute(orders(40))
        digest = node.venue.digest()
        await node.execute(orders(1))
    disk = disks.open(JOURNAL)
    disk.put(FIRST, disk.get(FIRST)[: 3 * BLOCK + 70].ljust(SEGMENT, b"\0"))
    with logged() as lines:
        async with running(disks):
            pass
    cut, replayed = lines
    assert ("journal cut", "C", 41, "warning") == (
        cut["event"],
        cut["case"],
        cut["sequence"],
        cut["log_level"],
    )
    assert ("journal replayed", 40, f"{digest:032x}", 2) == (
        replayed["event"],
        replayed["sequence"],
        replayed["digest"],
        replayed["epoch"],
    )
    assert isinstance(replayed["commands_per_second"], int)


async def test_nothing_is_told_while_the_disk_is_busy(disks: Disks) -> None:
    """Answers, feeds, subscribers and reads all wait for the sync, then come in order."""
    feed = EventList()
    heard: list[object] = []
    async with running(disks, feeds=(feed,)) as node:
        disk = disks.open(JOURNAL)
        node.subscribe_released(lambda batch: heard.append((batch.first_sequence, feed.sequences)))
        disk.hold_syncs()
        listener = Listener("answer", heard)
        node.submit(orders(2), listener)
        await asyncio.to_thread(disk.sync_waits.acquire)
        read = asyncio.ensure_future(node.read(lambda venue: venue.digest()))
        await asyncio.sleep(0)
        assert (2, 0, []) == (node.applied_sequence, node.durable_sequence, heard)
        assert not read.done()
        assert [] == feed.sequences
        disk.free_syncs()
        assert (2, node.venue.digest()) == await read
        assert [(1, [1, 2]), "answer"] == heard


async def test_a_read_is_of_one_sequence_and_waits_for_it_only(disks: Disks) -> None:
    """A read does not see, or wait for, what is applied after it."""
    async with running(disks) as node:
        await node.execute(orders(1))
        assert (1, 1) == await node.read(lambda venue: venue.sequence_last)
        disk = disks.open(JOURNAL)
        disk.hold_syncs()
        node.submit(orders(1), Listener())
        assert (1, 1) == await node.read(lambda venue: venue.sequence_last)


async def test_a_subscriber_hears_each_batch_once_until_it_ends(disks: Disks) -> None:
    """Commands and events come together, in order."""
    batches: list[Batch] = []
    async with running(disks) as node:
        end = node.subscribe_released(batches.append)
        await node.execute(orders(2))
        await node.execute(orders(3))
        end()
        await node.execute(orders(1))
    assert [(1, 2), (3, 3)] == [(batch.first_sequence, len(batch.commands)) for batch in batches]
    assert [3, 4, 5] == batches[1].events["sequence"].tolist()


async def test_an_answer_that_nobody_waits_for_any_more_is_dropped(disks: Disks) -> None:
    """A caller that goes away does not take its commands back."""
    async with running(disks) as node:
        disk = disks.open(JOURNAL)
        disk.hold_syncs()
        execution = asyncio.ensure_future(node.execute(orders(1)))
        await asyncio.to_thread(disk.sync_waits.acquire)
        execution.cancel()
        disk.free_syncs()
        await node.durable(1)
        assert execution.cancelled()
        assert 1 == node.durable_sequence


async def test_a_closed_node_takes_nothing(disks: Disks) -> None:
    """Closing waits for what was taken and refuses what comes."""
    async with running(disks) as node:
        waiting = asyncio.ensure_future(node.execute(orders(1)))
        await asyncio.sleep(0)
    assert 1 == (await waiting).count
    with pytest.raises(Closed):
        await node.execute(orders(1))


async def test_a_second_node_on_a_folder_is_refused(disks: Disks) -> None:
    """One process has a folder; after it has closed, the next one may."""
    async with running(disks):
        with pytest.raises(FolderInUse):
            async with running(disks):
                pass
    async with running(disks):
        pass


async def test_a_damaged_journal_does_not_open_and_lets_go_of_the_folder(disks: Disks) -> None:
    """The node stops with the sequence; the operator may accept the loss of the last batch."""
    async with running(disks) as node:
        await node.execute(orders(2))
        await node.execute(orders(3))
    disk = disks.open(JOURNAL)
    disk.flip(FIRST, 2 * BLOCK + 100, 1)
    for _ in range(2):
        with pytest.raises(JournalDamaged, match="JOURNAL_DAMAGED sequence=3 "):
            async with running(disks):
                pass
    async with running(disks, accept_tail_loss=True) as node:
        assert 2 == node.applied_sequence
        await node.execute(orders(1))


async def test_a_bug_in_the_replay_ends_the_process(disks: Disks) -> None:
    """A command that breaks the venue breaks it again at every start, and the sequence is named."""
    async with running(disks) as node:
        await node.execute(orders(5))
    endings = Endings()
    with pytest.raises(BaseException, match="this command breaks the venue"):
        async with running(disks, endings=endings, venue=EchoVenue(breaks_at=4)):
            pass
    assert "bug in the replay at or after sequence 3" in endings.reasons[0]


async def test_a_failed_sync_ends_the_process_and_answers_nobody(disks: Disks) -> None:
    """Row 6, through the whole node."""
    endings = Endings()
    node = await Node.open(
        FOLDER, venue_factory=EchoVenue, open_folder=disks.open, end=endings, options=SMALL
    )
    await node.execute(orders(1))
    disk = disks.open(JOURNAL)
    disk.fail_sync_number = disk.syncs + 1
    listener = Listener()
    node.submit(orders(1), listener)
    await asyncio.to_thread(endings.happened.wait)
    assert ([], []) == (listener.answers, listener.errors)
    assert 1 == node.durable_sequence
    node._journal.close()
    for each in disks.folders.values():
        each.power_cut()
    async with running(disks) as node:
        assert 1 == node.applied_sequence


async def test_statistics_are_whole_numbers_that_add_up(disks: Disks) -> None:
    """What was replayed, what was done since, and where the journal stands."""
    async with running(disks) as node:
        await node.execute(orders(40))
    async with running(disks) as node:
        await node.execute(orders(2))
        statistics = node.statistics()
    assert (40, 42, 1, 1) == (
        statistics.replayed_commands,
        statistics.sequencer.durable_sequence,
        statistics.journal.frames,
        statistics.sequencer.batches,
    )
    assert (2, 32) == (statistics.journal.epoch, len(statistics.venue_id))
    assert 0 <= statistics.replay_ns < 60 * SECOND


def test_short_batches_are_joined_for_the_replay() -> None:
    """The replay makes long ones of them, of at most 4,096 commands, in the same bytes."""
    batches = [make_commands(1 + index * 100, 100) for index in range(90)]
    long = list(joined(batches))
    assert [4_000, 4_000, 1_000] == [len(batch) for batch in long]
    assert b"".join(batch.tobytes() for batch in batches) == b"".join(
        batch.tobytes() for batch in long
    )
    assert [] == list(joined([]))
    assert same(batches[0], next(joined(batches[:1])))


@pytest.mark.slow
async def test_the_reference_venue_restarts_to_the_same_digest_on_a_real_disk(
    tmp_path: Path,
) -> None:
    """Definitions, deposits and orders, over three lives."""

    async def live(commands: CommandArray | None) -> tuple[int, int]:
        node = await Node.open(
            tmp_path / "engine",
            venue_factory=ReferenceVenue,
            options=NodeOptions(segment_bytes=SEGMENT, limits=SequencerLimits()),
        )
        if commands is not None:
            for start in range(0, len(commands), 50):
                await node.execute(commands[start : start + 50])
        node.venue.validate()
        assert node.venue.counts()["trades"] > 5
        state = node.venue.sequence_last, node.venue.digest()
        await node.close()
        return state

    states = [await live(commands) for commands in (market_day(0), None, market_day(1), None)]
    assert states[0] == states[1]
    assert states[2] == states[3]
    assert states[0] != states[2]


def market_day(day: int) -> CommandArray:
    """Return a day of a small market: the first one defines it."""
    rows: list[dict[str, int]] = []
    if day == 0:
        rows += [
            {
                "kind": CommandKind.DEFINE_ASSET,
                "asset_id": asset,
                "decimals": 6,
                "symbol_low": 64 + asset,
            }
            for asset in (1, 2)
        ]
        rows.append(
            {
                "kind": CommandKind.DEFINE_MARKET,
                "market_id": 1,
                "quote_atoms_per_tick_lot": 1,
                "base_atoms_per_lot": 1,
                "base_asset_id": 1,
                "quote_asset_id": 2,
                "symbol_low": 67,
            }
        )
        rows += [{"kind": CommandKind.DEFINE_ACCOUNT, "account_id": each} for each in (1, 2)]
    chance = np.random.default_rng(day)
    now_ns = SystemClock().now_ns()
    for index in range(100):
        name = {"client_id_low": 1 + index, "client_id_high": day, "sent_time_ns": now_ns}
        account = 1 + index % 2
        if index < 4:
            rows.append(
                name
                | {"kind": CommandKind.DEPOSIT, "account_id": account, "asset_id": 1 + index // 2}
                | {"amount_atoms": 1_000_000}
            )
            continue
        rows.append(
            name
            | {"kind": CommandKind.PLACE, "account_id": account, "market_id": 1}
            | {"side": int(chance.integers(1, 3)), "order_type": 1, "time_in_force": 1}
            | {"self_trade_prevention": 2, "price_ticks": int(chance.integers(90, 110))}
            | {"quantity_lots": int(chance.integers(1, 20))}
        )
    commands = np.zeros(len(rows), COMMAND)
    for command, row in zip(commands, rows, strict=True):
        for field, value in row.items():
            command[field] = value
    return commands
