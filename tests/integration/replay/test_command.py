"""`realstack replay`: real recordings over the real socket of a private venue."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.replay.terminal import Ended, begin, ended
from tests.support.waiting import wait_until

INVALID = "replay: INVALID: INVALID_RECORDING (1041): "
pytestmark = pytest.mark.timeout(300)  # starting a venue takes its time on a busy machine


async def begin_private(*arguments: object) -> asyncio.subprocess.Process:
    """Start a replay on a private venue."""
    return await begin("replay", "--private", *arguments)


async def replay(*arguments: object) -> Ended:
    """Replay on a private venue."""
    return await ended(await begin_private(*arguments))


def part(verdict: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return some of a verdict."""
    return {name: verdict[name] for name in names}


@pytest.mark.slow
async def test_a_lobster_recording_is_equal_in_every_row_and_settles_on_chain(
    aapl_messages: Path, aapl_book: Path
) -> None:
    """999 rows, 98 named executions of 4,730 shares, all final on chain, ledger equal to it."""
    done = await replay(aapl_messages, "--check", aapl_book, "--settle", "--json")
    assert 0 == done.status, done
    expected = {
        **{"ok": True, "rows": 999, "equal": 999, "seeded": 318, "differences": 0},
        **{"fills": 98, "shares": 4_730, "named": 98, "named_seen": 90, "final": 98},
        "reconciliation": "ledger equals chain: 10 accounts, 2 assets, 0 differences",
    }
    assert expected == part(done.verdict, *expected)
    assert 1 <= done.verdict["batches"] <= 98


@pytest.mark.slow
async def test_a_market_by_order_recording_is_equal_after_every_event(es_records: Path) -> None:
    """13,600 orders seeded, five named fills, 13,598 orders at the end, 5214.00 / 5214.25."""
    done = await replay(es_records, "--json")
    assert 0 == done.status, done
    expected = {
        **{"ok": True, "rows": 184, "equal": 184, "seeded": 13_600, "differences": 0},
        **{"fills": 5, "shares": 6, "named": 5, "named_seen": 5},
        **{"orders": 13_598, "best_bid": "5214.00", "best_ask": "5214.25"},
    }
    assert expected == part(done.verdict, *expected)
    assert "no chain" in done.notes


def with_one_share_more(book: Path, path: Path) -> Path:
    """Write a copy of a book file whose row 20 has one share more at the second ask."""
    rows = book.read_text().splitlines()
    fields = rows[19].split(",")
    fields[5] = str(int(fields[5]) + 1)
    rows[19] = ",".join(fields)
    path.write_text("\n".join(rows))
    return path


@pytest.mark.slow
async def test_a_difference_ends_with_1_and_names_the_row(
    aapl_messages: Path, aapl_book: Path, tmp_path: Path
) -> None:
    """One share more at one level of the recorded book, and only that row is not equal."""
    wrong = with_one_share_more(aapl_book, tmp_path / "book.csv")
    done = await replay(aapl_messages, "--check", wrong, "--limit", 40)
    assert 1 == done.status
    assert any(line.startswith("row 20: ask level 2 is ") for line in done.lines)
    assert done.lines[-1].startswith("replay: DIFFERENT: rows 40, equal 39, ")


@pytest.mark.slow
async def test_the_reference_core_serves_a_replay_too(aapl_messages: Path, aapl_book: Path) -> None:
    """The same socket, the other core."""
    done = await replay(
        *(aapl_messages, "--check", aapl_book, "--limit", 60, "--core", "reference", "--json")
    )
    assert (0, 60, 60) == (done.status, done.verdict["rows"], done.verdict["equal"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("34200.1,1,16113575,18,NaN,1\n", "line 1, price: must be a whole number, not 'NaN'"),
        ("", "must hold at least one message"),
    ],
)
async def test_a_malformed_recording_ends_with_2_and_names_file_line_and_field(
    tmp_path: Path, text: str, said: str
) -> None:
    """Nothing is started for it."""
    path = tmp_path / "X_message_10.csv"
    path.write_text(text)
    done = await replay(path)
    expected = (2, f"{INVALID}{path}: {said}", "")
    assert expected == (done.status, done.lines[-1], done.notes)


@pytest.mark.slow
async def test_files_that_do_not_belong_together_end_with_2(
    aapl_messages: Path, es_records: Path, tmp_path: Path
) -> None:
    """A book of another length, a book for records that tell it themselves, a missing file."""
    short = tmp_path / "book.csv"
    short.write_text("101,5,99,6\n")
    said = {
        f"{short}: must have a row for each of the 999 messages, not 1": (aapl_messages, short),
        f"{es_records}: has no book file: its records tell the book themselves": (
            es_records,
            short,
        ),
        f"{tmp_path / 'none.csv'}: No such file or directory": (tmp_path / "none.csv", short),
    }
    for words, (file, book) in said.items():
        done = await replay(file, "--check", book)
        assert (2, f"{INVALID}{words}") == (done.status, done.lines[-1])


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_replay_that_is_stopped_leaves_nothing_behind(
    number: signal.Signals, aapl_messages: Path, aapl_book: Path
) -> None:
    """Its processes are gone, and so is its folder."""
    process = await begin_private(aapl_messages, "--check", aapl_book, "--json")
    assert process.stderr is not None
    first = (await process.stderr.readline()).decode()
    folder = Path(first.partition(" in ")[2].partition(",")[0].strip())
    await wait_until(lambda: asyncio.to_thread(is_serving, folder))
    process.send_signal(number)
    done = await ended(process)
    assert 130 == done.status
    assert "INTERRUPTED" == done.verdict["outcome"]
    assert (False, []) == await asyncio.to_thread(left_of, folder)


def is_serving(folder: Path) -> bool:
    """Tell whether an engine has begun to write its journal."""
    return any((folder / "engine").rglob("*.rsj"))


def left_of(folder: Path) -> tuple[bool, list[int]]:
    """Tell whether a folder is there, and which processes name it in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes()
        except OSError:
            continue  # it ended meanwhile
        if os.fsencode(folder) in words:
            found.append(int(entry.name))
    return folder.exists(), found
