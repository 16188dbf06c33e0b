"""`realstack journal`: what an operator sees of a journal, and the one thing that changes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.core.commands import CommandKind
from engine.core.venue import Venue
from engine.journal.survey import segment_name
from engine.ports.disk import DiskFolder
from realstack.cli import main
from tests.model.source import CommandSource
from tests.support.journal import BLOCK, OpenJournal, joined


class Shell:
    """Runs the command on a folder as an engine leaves it."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.journal = folder / "journal"
        self._capture = capture

    def run(self, *words: str) -> tuple[int, list[str]]:
        """Run a command and return its exit status and its lines on stdout."""
        self._capture.readouterr()
        status = main(["journal", *words, "--folder", str(self.folder)])
        return status, self._capture.readouterr().out.splitlines()

    def json(self, *words: str) -> tuple[int, dict[str, Any]]:
        """Run it with --json and return its exit status and its object."""
        status, lines = self.run(*words, "--json")
        return status, json.loads(lines[-1])

    def write(self, *counts: int) -> None:
        """Write batches of so many commands, as an engine does that is started and stopped."""
        journal = OpenJournal(DiskFolder(self.journal))
        journal.write(*counts)
        journal.close()

    def damage(self, segment: int, offset: int) -> None:
        """Change a bit."""
        path = self.journal / segment_name(segment)
        data = bytearray(path.read_bytes())
        data[offset] ^= 1
        path.write_bytes(data)


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A shell on an empty folder."""
    return Shell(tmp_path, capsys)


def test_a_whole_journal_is_counted(shell: Shell) -> None:
    """Segments with their commands, epochs and states; the verdict has the last sequence."""
    shell.write(*[31] * 8)
    shell.write(5)
    status, lines = shell.run("verify")
    assert status == 0
    assert [line.split() for line in lines[1:-1]] == [
        ["00000001", "1", "186", "186", "7", "1", "sealed"],
        ["00000002", "187", "253", "67", "3", "2", "open"],
    ]
    assert lines[-1] == "whole: 253 commands up to sequence 253"


def test_a_replay_gives_the_digest_of_the_state(shell: Shell) -> None:
    """The one that the engine logs at its start."""
    source, venue = CommandSource(3), Venue()
    journal = OpenJournal(DiskFolder(shell.journal), segment_bytes=64 * BLOCK)
    batch = source.opening()
    for _ in range(5):
        source.learn(venue.apply(batch))
        journal.journal.append(batch, lambda: None)
        batch = source.take(50)
    journal.close()
    status, verdict = shell.json("verify", "--replay")
    assert (status, verdict["digest"]) == (0, f"{venue.digest():032x}")
    assert verdict["last_sequence"] == venue.sequence_last


def test_an_unfinished_end_is_told_and_left_alone(shell: Shell) -> None:
    """It was never acknowledged; looking does not mend it."""
    shell.write(3, 40)
    path = shell.journal / segment_name(1)
    data = bytearray(path.read_bytes())
    data[3 * BLOCK : 4 * BLOCK] = bytes(BLOCK)  # the second block of the last frame
    path.write_bytes(data)
    status, verdict = shell.json("verify")
    assert (status, verdict["last_sequence"]) == (0, 3)
    assert verdict["unacknowledged_bytes"] == BLOCK
    assert path.read_bytes() == data


def test_damage_is_told_with_its_case_and_the_runbook(shell: Shell) -> None:
    """The sequence, the segment, the offset, and where to read on."""
    shell.write(3, 3, 3)
    shell.damage(1, BLOCK + 100)
    status, lines = shell.run("verify")
    assert (status, lines[-2]) == (1, "what to do: deploy/runbooks/journal.md")
    assert lines[-1].startswith(f"JOURNAL_DAMAGED sequence=1 segment=1 offset={BLOCK} case=E")
    assert shell.json("show", "1")[1]["case"] == "E"
    (shell.journal / "notes.txt").write_text("mine")
    assert shell.json("verify")[1]["case"] == "H"


def test_commands_are_shown_by_sequence(shell: Shell) -> None:
    """A line each, with the fields of their kinds."""
    shell.write(3, 4, 5)
    status, lines = shell.run("show", "3", "5")
    assert (status, lines[-1]) == (0, "3 commands from 3 to 5")
    assert [line.split()[:2] for line in lines[:-1]] == [[str(n), "PLACE"] for n in (3, 4, 5)]
    assert "price_ticks=" in lines[0]
    assert shell.run("show", "13")[0] == 1


def test_an_export_has_every_command_and_what_it_did(shell: Shell, tmp_path: Path) -> None:
    """One JSON object a line, commands before their events."""
    source, venue = CommandSource(4), Venue()
    journal = OpenJournal(DiskFolder(shell.journal), segment_bytes=64 * BLOCK)
    batches, events = [source.opening()], []
    for _ in range(3):
        events.append(venue.apply(batches[-1]))
        source.learn(events[-1])
        journal.journal.append(batches[-1], lambda: None)
        batches.append(source.take(50))
    journal.close()
    file = tmp_path / "out.jsonl"
    assert shell.run("export", str(file), "--events")[0] == 0
    records = [json.loads(line) for line in file.read_text().splitlines()]
    commands = joined(batches[:-1])
    told = [each for each in records if each["record"] == "command"]
    assert [each["kind"] for each in told] == [CommandKind(k).name for k in commands["kind"]]
    assert len(records) - len(told) == sum(map(len, events))
    assert [each["sequence"] for each in records] == sorted(each["sequence"] for each in records)
    assert shell.json("export", str(file))[1]["field"] == "file"


def test_a_cut_ends_the_journal_and_keeps_what_goes(shell: Shell) -> None:
    """The next start journals the loss and goes on from there."""
    shell.write(*[31] * 14)
    before = {path.name: path.read_bytes() for path in shell.journal.iterdir()}
    status, verdict = shell.json("cut", "125", "--yes")
    assert (status, verdict["commands"], verdict["segment"]) == (0, 14 * 31 - 124, 1)
    moved = {path.name for path in (shell.folder / "cut").iterdir()}
    assert moved == set(before) - {segment_name(1)}
    kept = next(shell.journal.glob("lost-*")).read_bytes()
    assert before[segment_name(1)].endswith(kept)
    again = OpenJournal(DiskFolder(shell.journal))
    assert (len(again.recovered), again.tail.past.next_sequence) == (124, 125)
    assert again.tail.note
    again.write(7)
    again.close()
    status, lines = shell.run("verify")
    assert (status, lines[-1]) == (0, "whole: 131 commands up to sequence 131")
    assert "an accepted loss is noted" in lines[-2]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("cut", "4"), "yes"),
        (("cut", "5", "--yes"), "no frame begins with sequence 5"),
        (("cut", "99", "--yes"), "no frame begins with sequence 99"),
        (("show", "0"), "first"),
        (("show", "5", "4"), "first"),
        (("show", "x"), "first"),
    ],
)
def test_wrong_input_changes_nothing(shell: Shell, words: tuple[str, ...], told: str) -> None:
    """A cut needs a frame's first sequence, and the word that says what it costs."""
    shell.write(3, 3)
    before = {path.name: path.read_bytes() for path in shell.journal.iterdir()}
    status, lines = shell.run(*words)
    assert status in {1, 2}
    assert told in lines[-1]
    assert {path.name: path.read_bytes() for path in shell.journal.iterdir()} == before


def test_a_journal_in_use_is_not_cut(shell: Shell) -> None:
    """Looking is allowed beside a running engine, changing is not."""
    shell.write(3, 3)
    lock = DiskFolder(shell.folder).lock("engine.lock")
    assert shell.json("verify")[0] == 0
    assert shell.json("cut", "4", "--yes")[1]["name"] == "FolderInUse"
    lock.release()


def test_damage_is_no_reason_to_cut(shell: Shell) -> None:
    """Acknowledged bytes are restored from a copy, or their loss is accepted at the start."""
    shell.write(3, 3, 3)
    shell.damage(1, 2 * BLOCK + 100)
    assert shell.json("cut", "4", "--yes")[1]["name"] == "JOURNAL_DAMAGED"
    assert not (shell.folder / "cut" / segment_name(1)).exists()


def test_a_folder_without_a_journal_is_refused(shell: Shell) -> None:
    """And no folder is made there."""
    assert shell.json("verify")[1]["field"] == "folder"
    assert not shell.journal.exists()
