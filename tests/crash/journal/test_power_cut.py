"""Rows 1, 6 and 8: what was acknowledged is there after a power cut, whatever was going on."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from engine.ports.storage import StorageFull, StorageLost
from tests.support.journal import OpenJournal, make_commands, read_all, same
from tests.support.simulated_disk import PowerCut, SimulatedDisk

COUNTS = (1, 40, 5, 62, 31, 31, 90, 2)  # several segments


def acknowledged_after(disk: SimulatedDisk, counts: tuple[int, ...]) -> int:
    """Write batches until all are acknowledged or the machine ends; return what was."""
    try:
        opened = OpenJournal(disk)
    except PowerCut:
        return 0
    try:
        for count in counts:
            opened.append(count)
            if not opened.wait_for_either(opened.next_sequence - 1):
                break
        return opened.acknowledged
    finally:
        opened.abandon()


def survivors(seed: int) -> Callable[[str, int], bool]:
    """Return a choice of what survives: each unit by chance, at a rate of its own per seed."""
    chance = random.Random(seed)
    rate = chance.choice((0.0, 0.2, 0.5, 0.8, 1.0))
    return lambda _name, _unit: chance.random() < rate


def test_what_was_acknowledged_survives_a_power_cut() -> None:
    """The last acknowledged command is on disk the moment it is told."""
    disk = SimulatedDisk()
    opened = OpenJournal(disk)
    for count in COUNTS:
        opened.write(count)
        lost_power = disk.copy_on_disk()
        assert opened.acknowledged == len(read_all(lost_power))
    opened.close()


def test_a_disk_whose_sync_does_nothing_is_caught() -> None:
    """The test above would not pass without the sync: it is the sync that keeps the promise."""
    disk = SimulatedDisk()
    opened = OpenJournal(disk)
    opened.write(3)
    disk.sync_works = False
    opened.write(4)
    assert 7 == opened.acknowledged
    assert 3 == len(read_all(disk.copy_on_disk()))
    opened.close()


@pytest.mark.slow
@pytest.mark.parametrize("unit", [512, 4096])
def test_a_power_cut_at_any_change_of_the_disk_loses_nothing_acknowledged(unit: int) -> None:
    """Start-up, appends, rotation: the n-th change is the last one, for n = 1, 2, 3 and so on."""
    for number in range(1, 1_000):
        complete = False
        for seed in range(6):
            disk = SimulatedDisk()
            disk.power_cut_at = number
            acknowledged = acknowledged_after(disk, COUNTS)
            complete = disk.changes < number
            disk.power_cut(survivors(number * 6 + seed), unit=unit)
            recovered = read_all(disk)
            assert acknowledged <= len(recovered), (number, seed)
            assert list(range(1, len(recovered) + 1)) == recovered["sequence"].tolist()
        if complete:
            assert number > 20
            return
    pytest.fail("the writing never completed")


@pytest.mark.slow
def test_a_second_power_cut_during_recovery_loses_nothing_acknowledged() -> None:
    """Row 1 twice in a row: the first cut leaves a torn frame, the second one a torn repair."""
    for seed in range(12):
        for number in range(1, 100):
            disk = SimulatedDisk()
            disk.power_cut_at = 18 + seed
            acknowledged = acknowledged_after(disk, COUNTS)
            disk.power_cut(survivors(seed))
            again = disk.copy()
            again.power_cut_at = number
            more = acknowledged_after(again, (3, 70))
            complete = again.changes < number
            again.power_cut(survivors(seed + number))
            recovered = read_all(again)
            assert max(acknowledged, more) <= len(recovered), (seed, number)
            if complete:
                break
        else:
            pytest.fail("the writing never completed")


@pytest.mark.parametrize("fails", [False, True])
def test_what_only_the_page_cache_has_is_on_disk_once_the_journal_is_open(fails: bool) -> None:
    """A process ends between a write and its sync, or at a failed one; then comes a power cut."""
    disk = SimulatedDisk()
    opened = OpenJournal(disk)
    opened.write(3)
    disk.sync_works = False
    disk.fail_sync_number = disk.syncs + 1 if fails else 0
    opened.append(40)
    opened.wait_for_either(43)
    opened.abandon()
    assert 3 == len(read_all(disk.copy_on_disk()))
    disk.sync_works = True
    again = OpenJournal(disk)
    assert 43 == len(again.recovered)
    again.close()
    disk.power_cut()
    assert 43 == len(read_all(disk))


def test_a_name_that_was_not_synced_may_be_lost_without_harm() -> None:
    """Row 8: a segment made ahead whose name is gone after the crash is made again."""
    disk = SimulatedDisk()
    opened = OpenJournal(disk)
    opened.write(31, 31)
    disk.power_cut()
    assert 62 == len(read_all(disk))
    again = OpenJournal(disk)
    again.write(*[31] * 6)
    assert 62 + 186 == len(read_all(disk))
    again.close()
    opened.close()


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_sync_that_fails_while_the_journal_opens_stops_it(number: int) -> None:
    """Recovery trusts a failed sync as little as the running journal does."""
    disk = SimulatedDisk()
    opened = OpenJournal(disk)
    opened.write(40)
    opened.close()
    data = disk.get("00000001.rsj")
    disk.put("00000001.rsj", data[: 2 * 4096].ljust(len(data), b"\0"))
    disk.fail_sync_number = disk.syncs + number
    if number < 3:
        with pytest.raises(StorageLost):
            OpenJournal(disk)
    else:
        again = OpenJournal(disk)
        again.append(1)
        assert "sync: input/output error" in again.wait_for_end()


def test_a_new_journal_on_a_full_disk_says_so_and_begins_once_there_is_room() -> None:
    """Row 5: nothing half made is in the way of the next try."""
    disk = SimulatedDisk()
    disk.has_room = False
    with pytest.raises(StorageFull):
        OpenJournal(disk)
    disk.has_room = True
    opened = OpenJournal(disk)
    opened.write(4)
    opened.close()
    assert same(read_all(disk), make_commands(1, 4))


@pytest.mark.slow
def test_a_crash_at_any_moment_of_accepting_a_loss_keeps_the_loss_on_record() -> None:
    """However the acceptance is interrupted, the note is in the journal when it goes on."""
    for number in range(1, 100):
        disk = SimulatedDisk()
        opened = OpenJournal(disk)
        opened.write(3, 40)
        opened.close()
        disk = disk.copy()
        disk.flip("00000001.rsj", 3 * 4096 + 500, 1)
        disk.power_cut_at = number
        complete = accepted(disk)
        disk.power_cut(survivors(number))
        assert accepted(disk)
        notes = disk.get("00000001.rsj")[2 * 4096 + 28]
        assert 3 == notes, number  # the frame at the place of the damage is the note
        assert [1, 2, 3] == read_all(disk)["sequence"].tolist()
        if complete:
            assert number > 5
            return
    pytest.fail("the acceptance never completed")


def accepted(disk: SimulatedDisk) -> bool:
    """Open a damaged journal with the operator's consent; no when the machine ended before."""
    try:
        opened = OpenJournal(disk, accept_tail_loss=True)
    except PowerCut:
        return False
    opened.abandon()
    return not opened.endings.reasons
