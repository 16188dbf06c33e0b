"""LOBSTER files become records; a line that breaks a rule is named with its field."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.core.commands import Side
from realstack.replay.errors import InvalidRecording
from realstack.replay.lobster import (
    BookRow,
    Level,
    Message,
    MessageType,
    read_book,
    read_messages,
    symbol_of,
)
from tests.unit.replay.recordings import lines

GOOD = "34200.004241176,1,16113575,18,5853300,1"


def test_a_message_keeps_time_size_price_and_side(tmp_path: Path) -> None:
    """Times are nanoseconds since midnight, prices ticks of 1/10,000 dollar, sizes shares."""
    path = lines(tmp_path / "m.csv", GOOD, "34200.5,4,7,40,5857400,-1")
    expected = [
        Message(1, 34_200_004_241_176, MessageType.NEW, 16_113_575, 18, 5_853_300, Side.BUY),
        Message(2, 34_200_500_000_000, MessageType.EXECUTION, 7, 40, 5_857_400, Side.SELL),
    ]
    assert expected == read_messages(path)


def test_messages_that_name_no_order_keep_only_time_and_type(tmp_path: Path) -> None:
    """Hidden executions, cross trades and halts say nothing about the visible book."""
    path = lines(tmp_path / "m.csv", "1,5,0,100,5857900,-1", "2,6,-1,0,1,1", "3,7,0,0,-1,-1")
    kinds = [message.kind for message in read_messages(path)]
    assert [MessageType.HIDDEN_EXECUTION, MessageType.CROSS_TRADE, MessageType.HALT] == kinds


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("34200.1,1,16113575,18,5853300", "line 2: must have six fields"),
        ("34200.1,1,16113575,18,5853300,1,9", "line 2: must have six fields"),
        ("noon,1,16113575,18,5853300,1", "line 2, time: must be seconds after midnight"),
        ("1.1234567891,1,16113575,18,5853300,1", "line 2, time: must be seconds"),
        ("-1,1,16113575,18,5853300,1", "line 2, time: must be seconds"),
        ("34200.1,8,16113575,18,5853300,1", "line 2, type: must be 1 to 7, not 8"),
        ("34200.1,new,16113575,18,5853300,1", "line 2, type: must be a whole number, not 'new'"),
        ("34200.1,1,0,18,5853300,1", "line 2, order id: must be 1 to"),
        ("34200.1,1,16113575,0,5853300,1", "line 2, size: must be 1 to"),
        ("34200.1,1,16113575,18.5,5853300,1", "line 2, size: must be a whole number"),
        ("34200.1,1,16113575,1e400,5853300,1", "line 2, size: must be a whole number"),
        ("34200.1,1,16113575,18,-5853300,1", "line 2, price: must be 1 to"),
        ("34200.1,1,16113575,18,nan,1", "line 2, price: must be a whole number, not 'nan'"),
        ("34200.1,1,16113575,18,5853300,0", "line 2, direction: must be 1 (buy) or -1 (sell)"),
        ("34200.1,1,16113575,18,5853300,2", "line 2, direction: must be -1 to 1, not 2"),
    ],
)
def test_a_malformed_message_is_named_by_file_line_and_field(
    tmp_path: Path, line: str, said: str
) -> None:
    """The error says where the first wrong field is and which rule it breaks."""
    path = lines(tmp_path / "m.csv", GOOD, line)
    with pytest.raises(InvalidRecording) as caught:
        read_messages(path)
    assert str(caught.value).startswith(f"{path}: {said}")


def test_bytes_that_are_no_ascii_are_named_by_line(tmp_path: Path) -> None:
    """A file of another kind is refused where it stops being text."""
    path = tmp_path / "m.csv"
    path.write_bytes(GOOD.encode() + b"\n34200.1,1,\xff\xfe,18,5853300,1\n")
    with pytest.raises(InvalidRecording, match="line 2: must be plain ASCII text"):
        read_messages(path)


def test_a_book_row_has_levels_best_first(tmp_path: Path) -> None:
    """Levels that do not exist, of size 0, are left out."""
    path = lines(
        tmp_path / "b.csv", "101,5,99,6,102,7,98,8", "101,5,99,6,9999999999,0,-9999999999,0"
    )
    expected = [
        BookRow(1, (Level(101, 5), Level(102, 7)), (Level(99, 6), Level(98, 8)), 2),
        BookRow(2, (Level(101, 5),), (Level(99, 6),), 2),
    ]
    assert expected == read_book(path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("101,5,99", "line 2: must have four fields a level"),
        ("101,5,99,6", "line 2: must have 2 levels as line 1 has, not 1"),
        ("101,5,99,6,101,7,98,8", "line 2, ask price 2: must be beyond 101, not 101"),
        ("101,5,99,6,102,7,100,8", "line 2, bid price 2: must be beyond 99, not 100"),
        ("99,5,99,6,102,7,98,8", "line 2, ask price 1: must be above bid price 1"),
        ("101,-5,99,6,102,7,98,8", "line 2, ask size 1: must be 0 to"),
        ("101,5,0,6,102,7,98,8", "line 2, bid price 1: must be 1 to"),
        ("101,0,99,6,102,7,98,8", "line 2, ask price 2: must not follow a level that"),
        ("101,5,99,6,x,7,98,8", "line 2, ask price 2: must be a whole number, not 'x'"),
    ],
)
def test_a_malformed_book_row_is_named_by_file_line_and_field(
    tmp_path: Path, line: str, said: str
) -> None:
    """The error says where the first wrong field is and which rule it breaks."""
    path = lines(tmp_path / "b.csv", "101,5,99,6,102,7,98,8", line)
    with pytest.raises(InvalidRecording) as caught:
        read_book(path)
    assert str(caught.value).startswith(f"{path}: {said}")


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("AAPL_2012-06-21_message_10.csv", "AAPL"),
        ("brk.b_2012-06-21_message_10.csv", "BRK.B"),
        ("2012-06-21.csv", "STOCK"),
    ],
)
def test_the_symbol_is_the_first_part_of_the_file_name(name: str, symbol: str) -> None:
    """A name that does not begin with a symbol gives a general one."""
    assert symbol == symbol_of(Path("some") / name)
