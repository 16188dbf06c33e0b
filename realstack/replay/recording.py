"""A recording, of whichever format: what it plans, what it is compared with, how it is traded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from realstack.replay import lobster, mbo
from realstack.replay.check import Check, LobsterCheck, MboCheck
from realstack.replay.errors import InvalidRecording
from realstack.replay.lobster_plan import plan_lobster
from realstack.replay.mbo_plan import plan_mbo
from realstack.replay.plan import Plan

QUOTE_SYMBOL = "USDC"
QUOTE_DECIMALS = 6
LOBSTER_TICK_NANOS = 100_000  # 1/10,000 dollar
NANOS_PER_QUOTE_ATOM = 1_000  # of 1e-9, with so many decimals


@dataclass(frozen=True, slots=True)
class Recording:
    """What a replay needs to know.

    Attributes:
        symbol: What was traded; it becomes an asset of whole units.
        unit: What one lot is called.
        tick_nanos: What one tick is, in 1e-9 of the quote unit.
        plan: What is sent.
        check: What the book is compared with, or nothing.
    """

    symbol: str
    unit: str
    tick_nanos: int
    plan: Plan
    check: Check | None

    @property
    def quote_atoms_per_tick_lot(self) -> int:
        """What one lot costs at a price of one tick."""
        return self.tick_nanos // NANOS_PER_QUOTE_ATOM


def load(path: Path, book_path: Path | None, limit: int | None) -> Recording:
    """Read a recording and plan it.

    Args:
        path: A DBN file of market-by-order records, or a LOBSTER message file.
        book_path: The LOBSTER book file to compare with.
        limit: Only the first so many messages or events.

    Raises:
        InvalidRecording: A file breaks a rule of its format, or the two do not belong together.
        OSError: A file cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(len(mbo.ZSTD_MAGIC))
    if start.startswith((mbo.ZSTD_MAGIC, mbo.DBN_MAGIC)):
        if book_path is not None:
            rule = "has no book file: its records tell the book themselves"
            raise InvalidRecording(path, "", "", rule)
        return _load_mbo(path, limit)
    return _load_lobster(path, book_path, limit)


def _load_lobster(path: Path, book_path: Path | None, limit: int | None) -> Recording:
    messages = lobster.read_messages(path)
    if not messages:
        raise InvalidRecording(path, "", "", "must hold at least one message")
    rows = None if book_path is None else lobster.read_book(book_path)
    if book_path is not None and rows is not None and len(rows) != len(messages):
        rule = f"must have a row for each of the {len(messages)} messages, not {len(rows)}"
        raise InvalidRecording(book_path, "", "", rule)
    messages, rows = messages[:limit], None if rows is None else rows[:limit]
    return Recording(
        symbol=lobster.symbol_of(path),
        unit="shares",
        tick_nanos=LOBSTER_TICK_NANOS,
        plan=plan_lobster(messages, rows),
        check=None if rows is None else LobsterCheck(rows),
    )


def _load_mbo(path: Path, limit: int | None) -> Recording:
    recording = mbo.read_mbo(path)
    if limit is not None and limit < len(recording.events):
        recording = replace(recording, events=recording.events[:limit], incomplete=0)
    if recording.tick_nanos % NANOS_PER_QUOTE_ATOM:
        rule = f"must be multiples of 0.000001 {QUOTE_SYMBOL}"
        raise InvalidRecording(path, "", "price", rule)
    return Recording(
        symbol=recording.symbol,
        unit="lots",
        tick_nanos=recording.tick_nanos,
        plan=plan_mbo(recording),
        check=MboCheck(recording),
    )
