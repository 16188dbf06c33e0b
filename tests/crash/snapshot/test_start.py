"""Row 9: a start from snapshots gives the same state as the whole journal, or stops.

The labels are those of `engine/snapshot/start.py`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from engine.journal.errors import JournalDamaged, JournalFilesWrong
from engine.node import Node, NodeOptions
from engine.snapshot.layout import HEADER_BYTES, get_header, put_header
from engine.snapshot.start import choose
from engine.snapshot.store import newest_first
from tests.support.journal import BLOCK, Endings
from tests.support.simulated_disk import SimulatedDisk
from tests.support.snapshots import SEGMENT, Data, Known

BUILD = bytes(16)


@dataclass
class Started:
    """What a node knew once it had started."""

    sequence: int
    digest: int
    replayed: int
    feeds: str


@pytest.fixture(autouse=True)
def one_build(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes and followers here are of one build, whatever the sources are."""
    monkeypatch.setattr("engine.node.build_hash", lambda: BUILD)


def start(data: Data) -> Started:
    """Open a node on the folders and close it."""

    async def run() -> Started:
        known = Known()
        folders = {
            "journal": data.journal,
            "snapshots": data.snapshots,
            "archive": data.archive,
            "data": SimulatedDisk(),
        }
        node = await Node.open(
            Path("data"),
            venue_factory=lambda: known.venue,
            feeds=[known.feeds],
            options=NodeOptions(segment_bytes=SEGMENT),
            open_folder=lambda path: folders[path.name],
            end=Endings(),
        )
        known.venue.validate()
        sequence, digest = node.applied_sequence, known.venue.digest()
        replayed = node.statistics().replayed_commands
        await node.close()
        return Started(sequence, digest, replayed, repr(known.feeds.state()["sequence"]))

    return asyncio.run(run())


def with_snapshots(count: int, *, after: int = 3) -> Data:
    """Write a journal with snapshots in between, the newest one not at its end."""
    data = Data()
    for _ in range(count):
        data.write(6)
        data.snapshot()
    data.write(after)
    return data


def test_case_o_without_a_snapshot_everything_is_replayed() -> None:
    """The journal alone is enough."""
    data = with_snapshots(0, after=8)
    started = start(data)
    assert data.known.venue.digest() == started.digest
    assert started.sequence == started.replayed == data.known.venue.sequence_last


@pytest.mark.parametrize("count", [1, 2, 5])
def test_case_p_a_good_snapshot_leaves_only_the_tail_to_replay(count: int) -> None:
    """The state is that of a full replay, and what was replayed is what came after."""
    data = with_snapshots(count)
    started = start(data)
    assert data.known.venue.digest() == started.digest
    assert data.known.venue.sequence_last == started.sequence
    snapshot = choose(data.snapshots, data.journal, BUILD).snapshot
    assert snapshot is not None
    assert started.sequence - snapshot.header.sequence == started.replayed < 250
    assert min(count, 2) == len(newest_first(data.snapshots))


def test_a_snapshot_is_never_of_a_frame_that_may_not_be_on_disk() -> None:
    """The last frame has none behind it that would prove its sync: it is left out."""
    data = with_snapshots(1, after=0)
    snapshot = choose(data.snapshots, data.journal, BUILD).snapshot
    assert snapshot is not None
    assert data.proven_sequence == snapshot.header.sequence
    assert data.digests[snapshot.header.sequence] == snapshot.header.digest


def test_case_q_a_damaged_newest_leaves_the_one_before() -> None:
    """A longer replay with the same end."""
    data = with_snapshots(2)
    whole = start(data)
    newest = newest_first(data.snapshots)[0]
    data.snapshots.flip(newest, 5_000, 3)
    passed = choose(data.snapshots, data.journal, BUILD).passed
    assert [newest] == [each.name for each in passed]
    assert "the body is damaged" in passed[0].why
    started = start(data)
    assert whole.digest == started.digest
    assert started.replayed > whole.replayed


def test_case_q_two_damaged_ones_leave_the_whole_journal() -> None:
    """Nothing of a damaged snapshot is ever loaded."""
    data = with_snapshots(3)
    for name in newest_first(data.snapshots):
        data.snapshots.flip(name, len(data.snapshots.get(name)) - 1, 7)
    started = start(data)
    assert data.known.venue.digest() == started.digest
    assert started.sequence == started.replayed


def test_case_q_another_build_replays_instead() -> None:
    """The layout of a state may differ between two builds, the journal does not."""
    data = with_snapshots(2)
    choice = choose(data.snapshots, data.journal, b"another build 16")
    assert choice.snapshot is None
    assert 2 == len(choice.passed)
    assert all("another build" in each.why for each in choice.passed)


def test_case_r_a_snapshot_of_another_venue_stops_the_start() -> None:
    """Folders that were mixed up are not mended by guessing."""
    data = with_snapshots(1)
    name = newest_first(data.snapshots)[0]
    data.snapshots.put(name, with_venue(data.snapshots.get(name), b"someone else's.."))
    with pytest.raises(JournalFilesWrong, match="case=R") as error:
        start(data)
    assert "R" == error.value.case


def with_venue(raw: bytes, venue_id: bytes) -> bytes:
    """Give a snapshot another venue's id and a header that fits it."""
    header = get_header(raw[:HEADER_BYTES])
    assert header is not None
    return put_header(replace(header, venue_id=venue_id)) + raw[HEADER_BYTES:]


def test_case_s_a_journal_that_lost_what_a_snapshot_has_stops_the_start() -> None:
    """What was proven to be on disk is gone: zeros that would look like an end without it."""
    data = with_snapshots(1, after=0)
    name = max(each for each in data.journal.list() if each != "00000002.rsj")
    raw = data.journal.get(name)
    data.journal.put(name, raw[: 4 * BLOCK].ljust(len(raw), b"\0"))
    with pytest.raises(JournalDamaged, match="case=S"):
        start(data)


def test_case_t_without_a_good_snapshot_a_missing_segment_stops_the_start() -> None:
    """Segments that were archived are read from there; without them nothing is guessed."""
    data = archived()
    for name in newest_first(data.snapshots):
        data.snapshots.flip(name, 40, 1)
    assert data.known.venue.digest() == start(data).digest
    first = data.archive.get("00000001.rsj")
    data.archive.remove("00000001.rsj")
    with pytest.raises(JournalFilesWrong, match=r"case=I.*00000001\.rsj is missing"):
        start(data)
    data.journal.put("00000001.rsj", first)
    assert data.known.venue.digest() == start(data).digest


def archived() -> Data:
    """Write until segments have gone to the archive."""
    data = Data()
    for _ in range(4):
        data.write(40)
        data.snapshot()
    data.write(3)
    assert len(data.archive.list()) >= 2
    return data


def test_segments_behind_the_older_snapshot_are_archived_and_never_deleted() -> None:
    """What a start needs stays, all that there ever was is still somewhere."""
    data = archived()
    everything = sorted({*data.archive.list(), *data.journal.list()})
    assert [f"{number:08}.rsj" for number in range(1, len(everything) + 1)] == everything
    assert not {*data.archive.list()} & {*data.journal.list()}
    started = start(data)
    assert data.known.venue.digest() == started.digest
    older = newest_first(data.snapshots)[1]
    data.snapshots.flip(newest_first(data.snapshots)[0], 4_200, 0)
    assert started.digest == start(data).digest
    assert older in data.snapshots.list()


def test_a_follower_goes_on_from_its_last_snapshot() -> None:
    """A follower that was stopped looks at the tail only, and knows what one knows that was not."""
    data = with_snapshots(2, after=8)
    follower, known = data.follower()
    before = follower.sequence
    assert before > 0
    assert follower.look() == data.proven_sequence - before
    assert data.digests[follower.sequence] == known.venue.digest()
    before = follower.sequence
    data.write(5)
    assert follower.look() == data.proven_sequence - before > 200
    assert 0 == follower.look()
    written = follower.write()
    assert written is not None
    assert written.sequence == follower.sequence
    assert follower.write() is None
