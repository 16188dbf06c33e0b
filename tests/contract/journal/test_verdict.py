"""Cases A to G: what recovery does at each place, by the labels of `engine.journal.verdict`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.journal import layout
from engine.journal.errors import JournalDamaged
from engine.journal.layout import CHECKSUM, HEAD, crc32c
from engine.journal.verdict import RULES, Action, Found
from tests.support.journal import BLOCK, OpenJournal, make_commands, read_all, same, written
from tests.support.simulated_disk import SimulatedDisk

FIRST = "00000001.rsj"
# Block of each frame of `journal`: one command, forty in two blocks, five.
ONE, FORTY, FIVE, AFTER = 1, 2, 4, 5


@pytest.fixture
def disk() -> SimulatedDisk:
    """A journal of three frames, with room after them."""
    disk = SimulatedDisk()
    written(disk, 1, 40, 5)
    return disk


def zero(disk: SimulatedDisk, start: int, end: int) -> None:
    data = bytearray(disk.get(FIRST))
    data[start:end] = bytes(end - start)
    disk.put(FIRST, bytes(data))


def damaged(disk: SimulatedDisk) -> JournalDamaged:
    with pytest.raises(JournalDamaged) as caught:
        read_all(disk)
    return caught.value


def put_head(disk: SimulatedDisk, block: int, change: Callable[[list[object]], None]) -> None:
    """Change fields of a head and give it a good checksum again."""
    data = bytearray(disk.get(FIRST))
    place = slice(block * BLOCK + 4, block * BLOCK + 64)
    fields = list(HEAD.unpack(data[place]))
    change(fields)
    data[place] = HEAD.pack(*fields)
    data[block * BLOCK : block * BLOCK + 4] = CHECKSUM.pack(crc32c(bytes(data[place])))
    disk.put(FIRST, bytes(data))


def test_the_table_has_an_answer_for_everything_that_can_be_found() -> None:
    """Every finding, with and without a later frame's word, has one case and one action."""
    assert {(found, later) for found in Found for later in (False, True)} == set(RULES)
    assert {case for case, _ in RULES.values()} == set("ABCDEFG")


def test_nothing_but_case_c_cuts_by_itself() -> None:
    """Bytes are set to zero without being asked only when they were never acknowledged."""
    assert {case for case, action in RULES.values() if action is Action.CUT} == {"C"}


def test_recovery_case_a_applies_whole_frames_in_order(disk: SimulatedDisk) -> None:
    """All commands come back, byte for byte."""
    commands = read_all(disk)
    assert same(commands[1:41], make_commands(2, 40))
    assert list(range(1, 47)) == commands["sequence"].tolist()


def test_recovery_case_b_ends_where_nothing_was_written(disk: SimulatedDisk) -> None:
    """A journal that was closed ends without a cut, and the next frame goes there."""
    opened = OpenJournal(disk)
    opened.close()
    assert () == opened.tail.cuts
    assert AFTER * BLOCK == opened.tail.offset


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (FIVE * BLOCK, FIVE * BLOCK + BLOCK),  # all of it
        (FIVE * BLOCK, FIVE * BLOCK + 512),  # its first sector
        (FIVE * BLOCK + 512, FIVE * BLOCK + 1024),  # one with records
        (FIVE * BLOCK + BLOCK - 512, FIVE * BLOCK + BLOCK),  # its last sector
        (FIVE * BLOCK + 20, FIVE * BLOCK + BLOCK),  # all after byte 20 of the head
        (FIVE * BLOCK + BLOCK - 1, FIVE * BLOCK + BLOCK),  # its last byte
    ],
)
def test_recovery_case_c_cuts_an_unfinished_last_frame(
    disk: SimulatedDisk, start: int, end: int
) -> None:
    """What a crash left of a frame before its sync goes, and nothing else."""
    zero(disk, start, end)
    opened = OpenJournal(disk)
    opened.close()
    assert list(range(1, 42)) == opened.recovered["sequence"].tolist()
    assert FIVE * BLOCK == opened.tail.offset
    cuts = [(cut.case, cut.sequence) for cut in opened.tail.cuts]
    whole_frame_is_gone = end - start == BLOCK
    assert cuts == ([] if whole_frame_is_gone else [("C", 42)])
    assert not any(disk.get(FIRST)[FIVE * BLOCK :])


def test_recovery_case_c_cuts_a_frame_whose_second_block_is_missing(disk: SimulatedDisk) -> None:
    """A frame of several blocks is whole or not there."""
    zero(disk, (FORTY + 1) * BLOCK, 8 * BLOCK)
    opened = OpenJournal(disk)
    opened.close()
    assert [1] == opened.recovered["sequence"].tolist()
    assert [("C", 2, FORTY * BLOCK, BLOCK)] == [
        (cut.case, cut.sequence, cut.offset, cut.length) for cut in opened.tail.cuts
    ]


def test_recovery_case_c_cuts_a_frame_with_a_stale_block(disk: SimulatedDisk) -> None:
    """A block with good marks of another frame was there before, so the frame was not finished."""
    data = bytearray(disk.get(FIRST))
    stale = data[ONE * BLOCK : (ONE + 1) * BLOCK]
    data[(FORTY + 1) * BLOCK : (FORTY + 2) * BLOCK] = stale
    data[FIVE * BLOCK : (FIVE + 1) * BLOCK] = bytes(BLOCK)
    disk.put(FIRST, bytes(data))
    opened = OpenJournal(disk)
    opened.close()
    assert [1] == opened.recovered["sequence"].tolist()
    assert ["C"] == [cut.case for cut in opened.tail.cuts]


def test_recovery_case_c_cuts_stray_bytes_after_the_end(disk: SimulatedDisk) -> None:
    """Bytes where nothing was acknowledged are set to zero before anything is written there."""
    disk.flip(FIRST, 7 * BLOCK + 99, 3)
    opened = OpenJournal(disk)
    opened.close()
    assert ["C"] == [cut.case for cut in opened.tail.cuts]
    assert 46 == len(opened.recovered)
    assert not any(disk.get(FIRST)[AFTER * BLOCK :])


def test_recovery_case_c_is_not_fooled_by_a_record_that_ends_in_zeros(disk: SimulatedDisk) -> None:
    """A sector with only the zero half of a record is no sign of a crash; a flip is damage."""
    commands = make_commands(47, 4)
    layout.as_words(commands)[-1, 8:] = 0
    opened = OpenJournal(disk)
    opened.journal.append(commands, lambda: opened._tell(50))
    opened.wait_for(50)
    opened.close()
    assert same(read_all(disk)[46:], commands)
    disk.flip(FIRST, AFTER * BLOCK + 100, 0)
    assert "D" == damaged(disk).case


def test_recovery_case_d_refuses_a_damaged_last_frame(disk: SimulatedDisk) -> None:
    """All blocks are there and a checksum is wrong: it may have been acknowledged."""
    disk.flip(FIRST, FIVE * BLOCK + 200, 5)
    error = damaged(disk)
    assert ("D", 42, 1, FIVE * BLOCK) == (
        error.case,
        error.sequence,
        error.segment_number,
        error.offset,
    )
    assert str(error).startswith("JOURNAL_DAMAGED sequence=42 segment=1 offset=16384 case=D")


def test_recovery_case_d_changes_nothing(disk: SimulatedDisk) -> None:
    """A journal that does not open is left as it is."""
    disk.flip(FIRST, FIVE * BLOCK + 200, 5)
    before = {name: disk.get(name) for name in disk.list()}
    damaged(disk)
    assert before == {name: disk.get(name) for name in disk.list()}


@pytest.mark.parametrize("block", [ONE, FORTY])
def test_recovery_case_e_refuses_damage_in_the_middle(disk: SimulatedDisk, block: int) -> None:
    """A later frame says that this one was synced, so it was acknowledged."""
    disk.flip(FIRST, block * BLOCK + 100, 1)
    error = damaged(disk)
    assert "E" == error.case
    assert {ONE: 1, FORTY: 2}[block] == error.sequence


@pytest.mark.parametrize("block", [ONE, FORTY])
def test_recovery_case_e_refuses_a_zero_block_in_the_middle(
    disk: SimulatedDisk, block: int
) -> None:
    """A frame that is not there, but was synced, is damage and no crash."""
    zero(disk, block * BLOCK, (block + 1) * BLOCK)
    assert "E" == damaged(disk).case


def test_recovery_case_e_holds_also_when_the_operator_accepts_a_loss_at_the_tail(
    disk: SimulatedDisk,
) -> None:
    """Accepting the loss of the last frame never lets go of one in the middle."""
    disk.flip(FIRST, FORTY * BLOCK + 100, 1)
    with pytest.raises(JournalDamaged) as caught:
        OpenJournal(disk, accept_tail_loss=True)
    assert "E" == caught.value.case


def test_recovery_case_f_refuses_swapped_frames(disk: SimulatedDisk) -> None:
    """A whole frame in another frame's place is not applied."""
    written(disk, 3)
    data = bytearray(disk.get(FIRST))
    five, three = slice(FIVE * BLOCK, 5 * BLOCK), slice(5 * BLOCK, 6 * BLOCK)
    data[five], data[three] = data[three], data[five]
    disk.put(FIRST, bytes(data))
    error = damaged(disk)
    assert ("F", 42) == (error.case, error.sequence)


def test_recovery_case_f_refuses_a_frame_with_another_past(disk: SimulatedDisk) -> None:
    """Sequence and checksum are right, the chain is not: the frame is of another journal."""
    other = SimulatedDisk()
    written(other, 41)
    written(other, 5)
    data = bytearray(disk.get(FIRST))
    data[FIVE * BLOCK : 5 * BLOCK] = other.get(FIRST)[3 * BLOCK : 4 * BLOCK]
    disk.put(FIRST, bytes(data))
    error = damaged(disk)
    assert "F" == error.case
    assert "chain" in str(error)


def test_recovery_case_f_refuses_a_repeated_frame(disk: SimulatedDisk) -> None:
    """The same frame a second time is not applied a second time."""
    data = bytearray(disk.get(FIRST))
    data[AFTER * BLOCK : (AFTER + 1) * BLOCK] = data[FIVE * BLOCK : (FIVE + 1) * BLOCK]
    disk.put(FIRST, bytes(data))
    assert "F" == damaged(disk).case


@pytest.mark.parametrize(("field", "value"), [(4, 2), (5, 9)])
def test_recovery_case_g_refuses_a_frame_of_an_unknown_format_or_kind(
    disk: SimulatedDisk, field: int, value: int
) -> None:
    """What a newer program wrote is not guessed at."""

    def change(fields: list[object]) -> None:
        fields[field] = value

    put_head(disk, FIVE, change)
    error = damaged(disk)
    assert "G" == error.case
    assert str(value) in str(error)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        (7, 0, "0 records"),
        (7, 5_000, "5000 records"),
        (6, 3, "3 blocks"),
        (3, 1, "block 1 of a frame"),
    ],
)
def test_a_head_that_no_writer_makes_is_damage(
    disk: SimulatedDisk, field: int, value: int, words: str
) -> None:
    """A good checksum does not make an impossible length possible."""

    def change(fields: list[object]) -> None:
        fields[field] = value

    put_head(disk, FIVE, change)
    error = damaged(disk)
    assert "D" == error.case
    assert words in str(error)


def test_a_frame_longer_than_its_segment_is_damage(disk: SimulatedDisk) -> None:
    """A length never leads out of the file."""

    def change(fields: list[object]) -> None:
        fields[6], fields[7] = 10, 300

    put_head(disk, FIVE, change)
    assert "longer than the rest" in str(damaged(disk))
