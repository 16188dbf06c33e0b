"""Row 9: a crash or a full disk while a snapshot is written, and every changed bit of one."""

from __future__ import annotations

import random

import numpy as np
import pytest

from engine.ports.storage import StorageFull
from engine.snapshot.layout import HEADER_BYTES
from engine.snapshot.start import choose
from engine.snapshot.store import SnapshotBad, newest_first, read, snapshot_name, write
from tests.crash.journal.test_power_cut import survivors
from tests.support.simulated_disk import PowerCut, SimulatedDisk
from tests.support.snapshots import Data

BUILD = bytes(16)


@pytest.mark.slow
def test_a_power_cut_at_any_change_of_the_disk_leaves_a_good_snapshot() -> None:
    """Writing, renaming, dropping the oldest, archiving: the n-th change is the last one."""
    data = Data()
    for _ in range(2):
        data.write(40)
        data.snapshot()
    data.write(40)
    before = choose(data.snapshots, data.journal, BUILD).snapshot
    assert before is not None
    for number in range(1, 100):
        attempt = Data()
        attempt.journal, attempt.snapshots = data.journal.copy(), data.snapshots.copy()
        attempt.archive = data.archive.copy()
        disks = (attempt.journal, attempt.snapshots, attempt.archive)
        is_cut = cut_while_writing(attempt, number)
        for disk in disks:
            disk.power_cut(survivors(number))
        after = choose(attempt.snapshots, attempt.journal, BUILD).snapshot
        assert after is not None
        assert after.header.sequence >= before.header.sequence
        segments = {*attempt.journal.list(), *attempt.archive.list()}
        assert {*data.journal.list(), *data.archive.list()} <= segments
        assert newest_first(attempt.snapshots)
        follower, _ = attempt.follower()
        follower.look()
        follower.write()
        again = choose(attempt.snapshots, attempt.journal, BUILD).snapshot
        assert again is not None
        assert again.header.sequence == data.proven_sequence
        if not is_cut:
            assert number > 8
            return
    pytest.fail("the writing never completed")


def cut_while_writing(attempt: Data, number: int) -> bool:
    """Write a snapshot on disks that share one count of changes; tell whether they were cut."""
    follower, _ = attempt.follower()
    follower.look()
    changes = 0
    disks = (attempt.journal, attempt.snapshots, attempt.archive)

    def change() -> None:
        nonlocal changes
        changes += 1
        if changes >= number:
            raise PowerCut(f"at change {changes}")

    for disk in disks:
        disk.change = change  # type: ignore[method-assign]
    try:
        follower.write()
    except PowerCut:
        return True
    finally:
        for disk in disks:
            del disk.change
    return False


def test_a_full_disk_leaves_the_snapshots_as_they_were() -> None:
    """Row 5 for snapshots: no partial file counts, and the next try may succeed."""
    data = Data()
    data.write(5)
    name = data.snapshot()
    data.write(5)
    data.snapshots.has_room = False
    follower, _ = data.follower()
    follower.look()
    with pytest.raises(StorageFull):
        follower.write()
    assert [name] == newest_first(data.snapshots)
    data.snapshots.has_room = True
    assert follower.write() is not None
    assert 2 == len(newest_first(data.snapshots))


@pytest.fixture(scope="module")
def written() -> tuple[str, bytes]:
    """A snapshot's name and bytes."""
    data = Data()
    data.write(6)
    name = data.snapshot()
    return name, data.snapshots.get(name)


def refused(name: str, raw: bytes) -> bool:
    """Tell whether these bytes are not taken for a snapshot."""
    disk = SimulatedDisk()
    disk.put(name, raw)
    try:
        read(disk, name)
    except SnapshotBad:
        return True
    return False


def test_every_bit_of_the_header_and_a_thousand_of_the_body_are_found(
    written: tuple[str, bytes],
) -> None:
    """One changed bit, and nothing of the file is used."""
    name, raw = written
    assert not refused(name, raw)
    chance = random.Random(1)
    bits = [*range(HEADER_BYTES * 8)]
    bits = bits[: 192 * 8] + chance.sample(bits[192 * 8 :], 500)
    bits += [chance.randrange(HEADER_BYTES * 8, len(raw) * 8) for _ in range(1_000)]
    disk = SimulatedDisk()
    disk.put(name, raw)
    for bit in bits:
        disk.flip(name, bit // 8, bit % 8)
        with pytest.raises(SnapshotBad):
            read(disk, name)
        disk.flip(name, bit // 8, bit % 8)
    read(disk, name)


def test_a_snapshot_that_was_cut_off_or_renamed_is_none(written: tuple[str, bytes]) -> None:
    """Any length but its own, and any name but its own."""
    name, raw = written
    lengths = [0, 1, HEADER_BYTES - 1, HEADER_BYTES, len(raw) - 1]
    lengths += np.linspace(1, len(raw) - 1, 50).astype(int).tolist()
    assert all(refused(name, raw[:length]) for length in lengths)
    assert refused(name, raw + b"\0")
    assert refused(snapshot_name(7), raw)


def test_writing_replaces_a_damaged_file_of_the_same_name(written: tuple[str, bytes]) -> None:
    """A follower that starts anew may come to the same place again."""
    name, raw = written
    disk = SimulatedDisk()
    disk.put(name, raw)
    snapshot = read(disk, name)
    disk.flip(name, len(raw) - 1, 0)
    write(disk, snapshot.header, [snapshot.core.data, snapshot.feeds.data])
    assert raw == disk.get(name)
