"""LOBSTER files: messages of one stock's book at NASDAQ, and the book after each message.

A line of the message file:

    time         seconds after midnight, at most nine decimals
    type         MessageType
    order id     0 for what names no order
    size         shares
    price        dollars x 10,000
    direction    1: the order named is a buy, -1: a sell (for an execution: of the resting order)

A line of the book file is the book after the message of the same line: ask price, ask size, bid
price, bid size, then the next level. A level that does not exist has size 0 (and a price of plus or
minus 9,999,999,999).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

from engine.core.commands import Side
from engine.core.limits import PRICE_TICKS_MAX, QUANTITY_LOTS_MAX
from realstack.replay.errors import InvalidRecording

MESSAGE_FIELDS = ("time", "type", "order id", "size", "price", "direction")
LEVEL_FIELDS = ("ask price", "ask size", "bid price", "bid size")
ORDER_ID_MAX = (1 << 64) - 1
NO_PRICE = 9_999_999_999

_TIME = re.compile(r"([0-9]{1,5})(?:\.([0-9]{1,9}))?", re.ASCII)
_INTEGER = re.compile(r"-?[0-9]{1,20}", re.ASCII)
_SIDES = {1: Side.BUY, -1: Side.SELL}


class MessageType(IntEnum):
    """What a message tells."""

    NEW = 1  # a limit order came to rest
    REDUCE = 2  # part of an order was cancelled
    CANCEL = 3  # an order was cancelled whole
    EXECUTION = 4  # a visible order traded
    HIDDEN_EXECUTION = 5  # a hidden order traded: nothing on the visible book
    CROSS_TRADE = 6  # an auction's trade: nothing on the visible book
    HALT = 7  # trading was halted or resumed


NAMES_ORDER = frozenset(
    (MessageType.NEW, MessageType.REDUCE, MessageType.CANCEL, MessageType.EXECUTION)
)


@dataclass(frozen=True, slots=True)
class Message:
    """A line of a message file; prices in ticks of 1/10,000 dollar, sizes in shares.

    `side`, `order_id`, `price_ticks` and `quantity_lots` mean something only for the types that
    name an order.
    """

    line: int
    time_ns: int  # since midnight
    kind: MessageType
    order_id: int
    quantity_lots: int
    price_ticks: int
    side: Side


class Level(NamedTuple):
    """A price level: its price and the sum of its orders."""

    price_ticks: int
    quantity_lots: int


@dataclass(frozen=True, slots=True)
class BookRow:
    """A line of a book file: the best levels of each side, best first."""

    line: int
    asks: tuple[Level, ...]
    bids: tuple[Level, ...]
    depth: int  # levels that a line has room for

    def side(self, side: Side) -> tuple[Level, ...]:
        """Return the levels of a side."""
        return self.bids if side is Side.BUY else self.asks


def read_messages(path: Path) -> list[Message]:
    """Read a message file.

    Raises:
        InvalidRecording: A line breaks a rule of the format.
    """
    return [_message(_Line(path, number, text)) for number, text in _lines(path)]


def read_book(path: Path) -> list[BookRow]:
    """Read a book file.

    Raises:
        InvalidRecording: A line breaks a rule of the format, or has not as many levels as the
            first.
    """
    rows = [_book_row(_Line(path, number, text)) for number, text in _lines(path)]
    for row in rows:
        if row.depth != rows[0].depth:
            rule = f"must have {rows[0].depth} levels as line {rows[0].line} has, not {row.depth}"
            raise InvalidRecording(path, f"line {row.line}", "", rule)
    return rows


def symbol_of(path: Path) -> str:
    """Return the stock that a file of this name is about: the part before the first ``_``."""
    symbol = path.name.partition("_")[0].upper()
    return symbol if re.fullmatch(r"[A-Z][A-Z0-9.-]{0,10}", symbol, re.ASCII) else "STOCK"


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file that are not empty, with their numbers from 1."""
    try:
        text = path.read_bytes().decode("ascii")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise InvalidRecording(path, f"line {line}", "", "must be plain ASCII text") from error
    for number, line_text in enumerate(text.splitlines(), 1):
        if line_text.strip():
            yield number, line_text


class _Line:
    """A line on its way to a record: it knows where it stands, for the errors."""

    def __init__(self, path: Path, number: int, text: str) -> None:
        self.path = path
        self.number = number
        self.fields = text.strip().split(",")

    def error(self, field: str, rule: str) -> InvalidRecording:
        """Make the error for a field of this line."""
        return InvalidRecording(self.path, f"line {self.number}", field, rule)

    def integer(self, index: int, field: str, least: int, most: int) -> int:
        """Return a field that is a whole number within bounds."""
        text = self.fields[index].strip()
        if _INTEGER.fullmatch(text) is None:
            raise self.error(field, f"must be a whole number, not {text[:40]!r}")
        value = int(text)
        if not least <= value <= most:
            raise self.error(field, f"must be {least} to {most}, not {value}")
        return value

    def time_ns(self, index: int, field: str) -> int:
        """Return a field that is a time of day in seconds."""
        match = _TIME.fullmatch(self.fields[index].strip())
        if match is None:
            rule = "must be seconds after midnight with at most nine decimals"
            raise self.error(field, f"{rule}, not {self.fields[index][:40]!r}")
        return int(match[1]) * 1_000_000_000 + int((match[2] or "").ljust(9, "0"))


def _message(line: _Line) -> Message:
    if len(line.fields) != len(MESSAGE_FIELDS):
        names = ", ".join(MESSAGE_FIELDS)
        raise line.error("", f"must have six fields ({names}), not {len(line.fields)}")
    time_ns = line.time_ns(0, "time")
    kind = MessageType(line.integer(1, "type", min(MessageType), max(MessageType)))
    if kind not in NAMES_ORDER:
        return Message(line.number, time_ns, kind, 0, 0, 0, Side.BUY)
    order_id = line.integer(2, "order id", 1, ORDER_ID_MAX)
    quantity = line.integer(3, "size", 1, QUANTITY_LOTS_MAX)
    price = line.integer(4, "price", 1, PRICE_TICKS_MAX)
    direction = line.integer(5, "direction", -1, 1)
    if direction not in _SIDES:
        raise line.error("direction", "must be 1 (buy) or -1 (sell), not 0")
    return Message(line.number, time_ns, kind, order_id, quantity, price, _SIDES[direction])


def _book_row(line: _Line) -> BookRow:
    width = len(LEVEL_FIELDS)
    depth, rest = divmod(len(line.fields), width)
    if rest or depth == 0:
        names = ", ".join(LEVEL_FIELDS)
        raise line.error("", f"must have four fields a level ({names}), not {len(line.fields)}")
    asks = _levels(line, depth, 0, 1)
    bids = _levels(line, depth, 2, -1)
    if asks and bids and asks[0].price_ticks <= bids[0].price_ticks:
        raise line.error("ask price 1", "must be above bid price 1")
    return BookRow(line.number, asks, bids, depth)


def _levels(line: _Line, depth: int, offset: int, direction: int) -> tuple[Level, ...]:
    """Return the levels of a side: prices rise (direction 1) or fall (-1) from the best."""
    levels: list[Level] = []
    for index in range(depth):
        price_at = index * len(LEVEL_FIELDS) + offset
        price_name, size_name = (f"{name} {index + 1}" for name in LEVEL_FIELDS[offset:][:2])
        quantity = line.integer(price_at + 1, size_name, 0, QUANTITY_LOTS_MAX)
        if quantity == 0:
            line.integer(price_at, price_name, -NO_PRICE, NO_PRICE)
            continue
        price = line.integer(price_at, price_name, 1, PRICE_TICKS_MAX)
        if len(levels) != index:
            raise line.error(price_name, "must not follow a level that does not exist")
        if levels and (price - levels[-1].price_ticks) * direction <= 0:
            raise line.error(price_name, f"must be beyond {levels[-1].price_ticks}, not {price}")
        levels.append(Level(price, quantity))
    return tuple(levels)
