"""DBN files of market-by-order records: every order of one instrument, by id.

A file holds a snapshot (flag SNAPSHOT: the resting orders, in priority order at each price), then
live records. Records of one event of the venue end with the flag LAST. Prices are in 1e-9.

    R  clear the book
    A  an order came to rest
    C  an order lost so much of its size
    M  an order has a new price or size
    T  an aggressor traded            (says nothing about the book)
    F  a resting order was filled     (the C or M that follows says what it means for the book)
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import databento_dbn
import zstandard

from engine.core.commands import Side
from engine.core.limits import PRICE_TICKS_MAX, QUANTITY_LOTS_MAX
from realstack.replay.errors import InvalidRecording

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
DBN_MAGIC = b"DBN"
NANOS_PER_UNIT = 1_000_000_000
CHUNK_BYTES = 1 << 20

_SIDES = {"B": Side.BUY, "A": Side.SELL}


class RecordKind(StrEnum):
    """What a record tells."""

    CLEAR = "R"
    ADD = "A"
    CANCEL = "C"
    MODIFY = "M"
    TRADE = "T"
    FILL = "F"
    NONE = "N"


NAMES_ORDER = frozenset((RecordKind.ADD, RecordKind.CANCEL, RecordKind.MODIFY, RecordKind.FILL))


@dataclass(frozen=True, slots=True)
class Record:
    """A market-by-order record; what a kind does not use is 0 (and the side buy)."""

    number: int  # in the file, from 1
    kind: RecordKind
    order_id: int
    side: Side
    price_ticks: int
    quantity_lots: int
    is_snapshot: bool
    is_last: bool


@dataclass(frozen=True, slots=True)
class MboRecording:
    """A file.

    Attributes:
        symbol: Of the instrument.
        tick_nanos: What one tick of `Record.price_ticks` is, in 1e-9: the greatest common divisor
            of all prices, because the format does not carry the market's tick.
        snapshot: The resting orders at the beginning.
        events: Live records, those of one event together.
        incomplete: Records after the last complete event, which are left out.
    """

    symbol: str
    tick_nanos: int
    snapshot: tuple[Record, ...]
    events: tuple[tuple[Record, ...], ...]
    incomplete: int


def read_mbo(path: Path) -> MboRecording:
    """Read a file, compressed by zstd or not.

    Raises:
        InvalidRecording: It is no such file, is cut short, or a record breaks a rule.
    """
    metadata, messages = _decode(path, _unpack(path, path.read_bytes()))
    if str(metadata.schema) != "mbo":
        raise InvalidRecording(path, "header", "schema", f"must be mbo, not {metadata.schema}")
    _one_instrument(path, messages)
    prices = [_nanos(path, number, message) for number, message in enumerate(messages, 1)]
    tick_nanos = math.gcd(*prices) or NANOS_PER_UNIT
    records = [
        _record(path, number, message, nanos, tick_nanos)
        for (number, message), nanos in zip(enumerate(messages, 1), prices, strict=True)
    ]
    snapshot = tuple(record for record in records if record.is_snapshot)
    events, incomplete = gather(record for record in records if not record.is_snapshot)
    return MboRecording(_symbol(metadata), tick_nanos, snapshot, events, incomplete)


def gather(records: Iterable[Record]) -> tuple[tuple[tuple[Record, ...], ...], int]:
    """Return the events that records make, and how many records are left over at the end."""
    events: list[tuple[Record, ...]] = []
    gathered: list[Record] = []
    for record in records:
        gathered.append(record)
        if record.is_last:
            events.append(tuple(gathered))
            gathered = []
    return tuple(events), len(gathered)


def _unpack(path: Path, data: bytes) -> bytes:
    """Return the bytes without compression; a file may hold several zstd frames."""
    parts: list[bytes] = []
    while data.startswith(ZSTD_MAGIC):
        frame = zstandard.ZstdDecompressor().decompressobj()
        try:
            parts.append(frame.decompress(data))
        except zstandard.ZstdError as error:
            raise InvalidRecording(path, "", "", f"is damaged: {error}") from error
        if not frame.eof:
            raise InvalidRecording(path, "", "", "is cut short: its last zstd frame has no end")
        data = frame.unused_data
    if parts and data:
        raise InvalidRecording(path, "", "", f"has {len(data)} bytes after its last zstd frame")
    raw = b"".join(parts) or data
    if not raw.startswith(DBN_MAGIC):
        raise InvalidRecording(path, "", "", "must be a DBN file, as it is or packed by zstd")
    return raw


def _decode(path: Path, raw: bytes) -> tuple[Any, list[Any]]:
    """Return the header and the market-by-order messages."""
    decoder = databento_dbn.DBNDecoder()
    decoded: list[Any] = []
    source = io.BytesIO(raw)
    try:
        while chunk := source.read(CHUNK_BYTES):
            decoded += decoder.write_and_decode(chunk)
    except databento_dbn.DBNError as error:
        rule = f"is damaged: {error}"
        raise InvalidRecording(path, f"record {len(decoded)}", "", rule) from error
    left = len(decoder.buffer())
    if left or not decoded:
        where = f"record {len(decoded)}" if decoded else "header"
        raise InvalidRecording(path, where, "", f"is cut short: {left} bytes of it are there")
    messages = decoded[1:]
    for number, message in enumerate(messages, 1):
        if not isinstance(message, databento_dbn.MBOMsg):
            rule = f"must be market-by-order, not {type(message).__name__}"
            raise InvalidRecording(path, f"record {number}", "rtype", rule)
    return decoded[0], messages


def _one_instrument(path: Path, messages: Sequence[Any]) -> None:
    for number, message in enumerate(messages, 1):
        first = messages[0].instrument_id
        if message.instrument_id != first:
            rule = f"must be {first}, one instrument a file, not {message.instrument_id}"
            raise InvalidRecording(path, f"record {number}", "instrument_id", rule)


def _symbol(metadata: Any) -> str:
    symbol = str(metadata.symbols[0]).upper() if metadata.symbols else ""
    return symbol if re.fullmatch(r"[A-Z][A-Z0-9.-]{0,10}", symbol, re.ASCII) else "FUTURE"


def _nanos(path: Path, number: int, message: Any) -> int:
    """Return the price of a message in 1e-9; 0 for one that names no order."""
    if str(message.action) not in NAMES_ORDER:
        return 0
    price = int(message.price)
    if price == databento_dbn.UNDEF_PRICE or price <= 0:
        shown = "none" if price == databento_dbn.UNDEF_PRICE else price
        rule = f"must be above zero, not {shown}"
        raise InvalidRecording(path, f"record {number}", "price", rule)
    return price


def _record(path: Path, number: int, message: Any, nanos: int, tick_nanos: int) -> Record:
    where = f"record {number}"
    action, side = str(message.action), str(message.side)
    if action not in list(RecordKind):
        raise InvalidRecording(path, where, "action", f"must be one of RACMTFN, not {action!r}")
    kind = RecordKind(action)
    flags = int(message.flags)
    quantity, order_id = int(message.size), int(message.order_id)
    if kind in NAMES_ORDER:
        if side not in _SIDES:
            raise InvalidRecording(path, where, "side", f"must be A or B, not {side!r}")
        if not 1 <= quantity <= QUANTITY_LOTS_MAX:
            rule = f"must be 1 to {QUANTITY_LOTS_MAX}, not {quantity}"
            raise InvalidRecording(path, where, "size", rule)
        if order_id == 0:
            raise InvalidRecording(path, where, "order_id", "must not be 0")
        if nanos // tick_nanos > PRICE_TICKS_MAX:
            rule = f"must be at most {PRICE_TICKS_MAX} ticks of {tick_nanos}e-9, not {nanos}e-9"
            raise InvalidRecording(path, where, "price", rule)
    return Record(
        number=number,
        kind=kind,
        order_id=order_id if kind in NAMES_ORDER else 0,
        side=_SIDES.get(side, Side.BUY),
        price_ticks=nanos // tick_nanos,
        quantity_lots=quantity if kind in NAMES_ORDER else 0,
        is_snapshot=bool(flags & databento_dbn.F_SNAPSHOT),
        is_last=bool(flags & databento_dbn.F_LAST),
    )
