"""Small recordings made by hand."""

from __future__ import annotations

from pathlib import Path

import databento_dbn as dbn
import zstandard

ADD, CANCEL, MODIFY, TRADE, FILL, CLEAR = "A", "C", "M", "T", "F", "R"
BID, ASK, NOSIDE = "B", "A", "N"
TICK_NANOS = 250_000_000
SNAPSHOT, LAST = dbn.F_SNAPSHOT, dbn.F_LAST


def lines(path: Path, *texts: str) -> Path:
    """Write a file of lines."""
    path.write_text("".join(f"{text}\n" for text in texts), encoding="ascii")
    return path


def mbo(
    action: str,
    side: str,
    order_id: int,
    price_ticks: int,
    size: int,
    flags: int = LAST,
    instrument_id: int = 7,
) -> dbn.MBOMsg:
    """Make a record; the price is in ticks of `TICK_NANOS`."""
    return dbn.MBOMsg(
        publisher_id=1,
        instrument_id=instrument_id,
        ts_event=1,
        order_id=order_id,
        price=price_ticks * TICK_NANOS,
        size=size,
        action=dbn.Action(action),
        side=dbn.Side(side),
        ts_recv=1,
        flags=flags,
    )


def header(schema: str = "mbo") -> bytes:
    """Make the bytes that a DBN file begins with."""
    metadata = dbn.Metadata(
        dataset="TEST",
        start=0,
        stype_in=dbn.SType("raw_symbol"),
        stype_out=dbn.SType("instrument_id"),
        schema=dbn.Schema(schema),
        symbols=["ESM4"],
    )
    encoded: bytes = metadata.encode()
    return encoded


def dbn_bytes(*records: dbn.MBOMsg) -> bytes:
    """Make the bytes of a DBN file that is not packed."""
    return header() + b"".join(bytes(record) for record in records)


def packed(data: bytes) -> bytes:
    """Pack bytes as one zstd frame with a checksum."""
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)
