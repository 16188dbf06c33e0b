"""Columnar batches to and from records: one array operation a column, no object an order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import COMMAND, CommandKind, SelfTradePrevention
from engine.core.events import EventKind
from engine.core.limits import COMMANDS_PER_BATCH_MAX
from engine.rpc.errors import invalid
from engine.rpc.records import INT64_MAX, TAG_MAX
from realstack.trading.v1 import trading_pb2

_KIND_MIN, _KIND_MAX = CommandKind.PLACE, CommandKind.CANCEL_ALL
_BYTE_COLUMNS = ("side", "order_type", "time_in_force", "self_trade_prevention", "flags")
# Column of the message -> field of the record.
_WORD_COLUMNS = {
    "client_id_low": "client_id_low",
    "client_id_high": "client_id_high",
    "market_id": "market_id",
    "price_ticks": "price_ticks",
    "quantity_lots": "quantity_lots",
    "order_id": "order_id",
    "order_client_id_low": "target_client_id_low",
    "order_client_id_high": "target_client_id_high",
    "max_age_ms": "max_age_ms",
    "expire_time_ns": "expire_time_ns",
    "display_lots": "display_lots",
    "trail_ppm": "trail_ppm",
    "amount_atoms": "amount_atoms",
}
# These share their place in the record with others: each is for the kinds that have it.
_NO_TARGET = frozenset({"order_client_id_low", "order_client_id_high"})
_STOP_COLUMNS = ("trigger_price_ticks", "trail_ticks")


def batch_records(
    batch: trading_pb2.CommandBatch, account_id: int, field: str = "batch"
) -> NDArray[np.void]:
    """Make the records of a batch, all of one account.

    A batch is refused whole when its form is wrong: its size, a column's length, a kind that may
    not be sent here, a sent time beyond a signed integer. What is wrong with a single row in any
    other way is the core's to refuse, as that row's answer.

    Raises:
        EdgeError: When the form is wrong, with the column, the row and the rule.
    """
    rows = len(batch.kind)
    if not 1 <= rows <= COMMANDS_PER_BATCH_MAX:
        raise invalid(
            f"{field}.kind", f"a batch has 1 to {COMMANDS_PER_BATCH_MAX} rows, not {rows}"
        )
    records = np.zeros(rows, COMMAND)
    kinds = np.frombuffer(batch.kind, np.uint8)
    _refuse_first(
        (kinds < _KIND_MIN) | (kinds > _KIND_MAX),
        f"{field}.kind",
        "must be place, cancel, replace or cancel all",
    )
    records["kind"] = kinds
    records["account_id"] = account_id
    for name in _BYTE_COLUMNS:
        column: bytes = getattr(batch, name)
        if _has_rows(column, rows, f"{field}.{name}"):
            records[name] = np.frombuffer(column, np.uint8)
    for name, target in _WORD_COLUMNS.items():
        values: Sequence[int] = getattr(batch, name)
        if _has_rows(values, rows, f"{field}.{name}"):
            words = np.array(values)
            if name in _NO_TARGET:
                places = kinds == CommandKind.PLACE
                _refuse_first((words != 0) & places, f"{field}.{name}", "a place names no order")
            records[target] = words
    _set_stop_columns(records, batch, field)
    if _has_rows(batch.tag, rows, f"{field}.tag"):
        tags = np.array(batch.tag, np.uint32)
        _refuse_first(tags > TAG_MAX, f"{field}.tag", f"must be at most {TAG_MAX}")
        records["tag"] = tags
    if _has_rows(batch.sent_time_ns, rows, f"{field}.sent_time_ns"):
        sent = np.array(batch.sent_time_ns, np.uint64)
        _refuse_first(sent > INT64_MAX, f"{field}.sent_time_ns", f"must be at most {INT64_MAX}")
        records["sent_time_ns"] = sent
    modes = records["self_trade_prevention"]
    modes[(modes == 0) & (kinds == CommandKind.PLACE)] = SelfTradePrevention.CANCEL_TAKER
    return records


def _set_stop_columns(
    records: NDArray[np.void], batch: trading_pb2.CommandBatch, field: str
) -> None:
    """Set the triggers of places and replaces, and the distances of places."""
    is_place = records["kind"] == CommandKind.PLACE
    for name in _STOP_COLUMNS:
        values: Sequence[int] = getattr(batch, name)
        if not _has_rows(values, len(records), f"{field}.{name}"):
            continue
        column = np.array(values, np.int64)
        records[name][is_place] = column[is_place]
        others = np.where(is_place, 0, column)
        if name == "trigger_price_ticks":
            is_replace = records["kind"] == CommandKind.REPLACE
            records["new_trigger_price_ticks"][is_replace] = column[is_replace]
            others[is_replace] = 0
        _refuse_first(others != 0, f"{field}.{name}", "this kind of command has none")


def _has_rows(column: Sequence[int], rows: int, field: str) -> bool:
    """Tell whether a column is there; one that is must be as long as `kind`."""
    if len(column) not in {0, rows}:
        raise invalid(field, f"has {len(column)} rows, kind has {rows}")
    return len(column) > 0


def _refuse_first(is_bad: NDArray[np.bool_], field: str, rule: str) -> None:
    bad = np.flatnonzero(is_bad)
    if len(bad):
        raise invalid(f"{field}[{bad[0]}]", rule)


_ACCEPTED = int(trading_pb2.ANSWER_STATUS_ACCEPTED)
_STATUS = np.full(256, _ACCEPTED, np.uint8)
_STATUS[EventKind.REJECTED] = int(trading_pb2.ANSWER_STATUS_REJECTED)
_STATUS[EventKind.DUPLICATE] = int(trading_pb2.ANSWER_STATUS_DUPLICATE)
_IS_ORDER = np.zeros(256, np.bool_)
_IS_ORDER[[EventKind.ACCEPTED, EventKind.CANCELLED, EventKind.REPLACED]] = True


def answer_batch(answers: NDArray[np.void]) -> trading_pb2.AnswerBatch:
    """Put the answering events of a batch into little-endian columns."""
    kinds = answers["kind"]
    rejected = kinds == EventKind.REJECTED
    is_order = _IS_ORDER[kinds]
    zero = np.int64(0)
    return trading_pb2.AnswerBatch(
        count=len(answers),
        sequence=answers["sequence"].tobytes(),
        status=_STATUS[kinds].tobytes(),
        reject_code=np.where(rejected, answers["code"], 0).astype("<u2").tobytes(),
        order_id=np.where(rejected, 0, answers["order_id"]).astype("<u8").tobytes(),
        filled_lots=np.where(is_order, answers["filled_lots"], zero).astype("<i8").tobytes(),
        leaves_lots=np.where(is_order, answers["leaves_lots"], zero).astype("<i8").tobytes(),
        first_sequence=np.where(kinds == EventKind.DUPLICATE, answers["first_sequence"], 0)
        .astype("<u8")
        .tobytes(),
        cancelled_count=np.where(kinds == EventKind.CANCELLED_ALL, answers["quantity_lots"], zero)
        .astype("<u4")
        .tobytes(),
    )
