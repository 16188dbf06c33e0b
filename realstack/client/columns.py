"""Many commands as columns on the wire, at array speed.

A packed repeated field of fixed width is, on the wire, its tag, its length and the values as
little-endian bytes: exactly what numpy holds. So a batch is written by copying columns, without a
Python object a value. What is written here is what `TradeRequest.SerializeToString` would write.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import (
    BEFORE_ARRIVAL,
    COMMAND,
    HIDDEN,
    MINIMUM,
    POST_ONLY,
    SLIDE,
    TRIGGER_BEST_QUOTE,
    TRIGGER_REFERENCE,
    CommandKind,
)
from realstack.client.records import Answers
from realstack.common.v1 import common_pb2
from realstack.trading.v1 import trading_pb2

# Field number in CommandBatch, column of the command record, type on the wire.
COLUMNS: tuple[tuple[int, str, str], ...] = (
    (1, "kind", "u1"),
    (2, "client_id_low", "<u8"),
    (3, "client_id_high", "<u8"),
    (4, "sent_time_ns", "<u8"),
    (5, "market_id", "<u4"),
    (6, "side", "u1"),
    (7, "order_type", "u1"),
    (8, "time_in_force", "u1"),
    (9, "self_trade_prevention", "u1"),
    (10, "flags", "u1"),
    (11, "price_ticks", "<i8"),
    (12, "quantity_lots", "<i8"),
    (13, "order_id", "<u8"),
    (14, "target_client_id_low", "<u8"),
    (15, "target_client_id_high", "<u8"),
    (16, "tag", "<u4"),
    (17, "max_age_ms", "<u4"),
    (18, "expire_time_ns", "<i8"),
    (19, "display_lots", "<i8"),
    (20, "trigger_price_ticks", "<i8"),
    (21, "trail_ticks", "<i8"),
    (22, "trail_ppm", "<u4"),
    (23, "amount_atoms", "<i8"),
)
_OF_PLACES = frozenset({"trigger_price_ticks", "trail_ticks"})
_NOT_OF_PLACES = frozenset({"target_client_id_low", "target_client_id_high"})
TRADE_KINDS = frozenset(
    (CommandKind.PLACE, CommandKind.CANCEL, CommandKind.REPLACE, CommandKind.CANCEL_ALL)
)
_BATCH_FIELD = trading_pb2.TradeRequest.DESCRIPTOR.fields_by_name["batch"].number
_LENGTH_DELIMITED = 2  # wire type


def varint(value: int) -> bytes:
    """Encode an unsigned integer, seven bits a byte, lowest first."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def delimited(field: int, body: bytes) -> bytes:
    """Encode a field that carries its length."""
    return varint(field << 3 | _LENGTH_DELIMITED) + varint(len(body)) + body


def encode_batch(commands: NDArray[np.void]) -> bytes:
    """Encode commands as a serialized `TradeRequest` with a batch, columns of zeros left out."""
    columns = ((field, _column(commands, name), kind) for field, name, kind in COLUMNS)
    parts = [
        delimited(field, column.astype(kind, copy=False).tobytes())
        for field, column, kind in columns
        if column.any()
    ]
    return delimited(_BATCH_FIELD, b"".join(parts))


def _column(commands: NDArray[np.void], name: str) -> NDArray[np.generic]:
    """Give a column; records keep some fields of places where others have their targets."""
    column: NDArray[np.generic] = commands[name]
    kinds = commands["kind"]
    if name in _NOT_OF_PLACES:
        return np.where(kinds == CommandKind.PLACE, np.uint64(0), column)
    if name in _OF_PLACES:
        column = np.where(kinds == CommandKind.PLACE, column, 0)
        if name == "trigger_price_ticks":
            new = commands["new_trigger_price_ticks"]
            return np.where(kinds == CommandKind.REPLACE, new, column)
    if name == "display_lots":
        return np.where(kinds == CommandKind.REPLACE, 0, column)
    return column


def client_id(low: int, high: int) -> common_pb2.ClientId:
    """Make the wire form of a client id."""
    return common_pb2.ClientId(low=low, high=high)


def encode_single(command: np.void) -> bytes:
    """Encode one command as a serialized `TradeRequest`."""
    row = {name: int(command[name]) for name in COMMAND.names or ()}
    own = client_id(row["client_id_low"], row["client_id_high"])
    sent = row["sent_time_ns"]
    target = client_id(row["target_client_id_low"], row["target_client_id_high"])
    named = None if row["order_id"] else target
    request = trading_pb2.TradeRequest()
    kind = CommandKind(row["kind"])
    if kind is CommandKind.PLACE:
        request.place.CopyFrom(_place(row, own))
    elif kind is CommandKind.CANCEL:
        request.cancel.CopyFrom(
            trading_pb2.CancelOrder(
                client_id=own,
                sent_time_ns=sent,
                order_id=row["order_id"],
                order_client_id=named,
                before_arrival=bool(row["flags"] & BEFORE_ARRIVAL),
            )
        )
    elif kind is CommandKind.REPLACE:
        request.replace.CopyFrom(
            trading_pb2.ReplaceOrder(
                client_id=own,
                sent_time_ns=sent,
                order_id=row["order_id"],
                order_client_id=named,
                price_ticks=row["price_ticks"],
                quantity_lots=row["quantity_lots"],
                trigger_price_ticks=row["new_trigger_price_ticks"],
                max_age_ms=row["max_age_ms"],
            )
        )
    else:
        side = common_pb2.Side.ValueType(row["side"])
        request.cancel_all.CopyFrom(
            trading_pb2.CancelAll(
                client_id=own,
                sent_time_ns=sent,
                market_id=row["market_id"],
                side=side,
                tag=row["tag"],
            )
        )
    return request.SerializeToString()


def _place(row: dict[str, int], own: common_pb2.ClientId) -> trading_pb2.PlaceOrder:
    """Make the wire form of an order."""
    flags = row["flags"]
    return trading_pb2.PlaceOrder(
        client_id=own,
        sent_time_ns=row["sent_time_ns"],
        market_id=row["market_id"],
        side=common_pb2.Side.ValueType(row["side"]),
        order_type=common_pb2.OrderType.ValueType(row["order_type"]),
        time_in_force=common_pb2.TimeInForce.ValueType(row["time_in_force"]),
        price_ticks=row["price_ticks"],
        quantity_lots=row["quantity_lots"],
        post_only=bool(flags & POST_ONLY),
        slide=bool(flags & SLIDE),
        hidden=bool(flags & HIDDEN),
        minimum_lots=row["minimum_lots"] if flags & MINIMUM else 0,
        display_lots=row["display_lots"] if row["display_lots"] and not flags & MINIMUM else None,
        trigger_source=_trigger_source(flags),
        expire_time_ns=row["expire_time_ns"],
        tag=row["tag"],
        max_age_ms=row["max_age_ms"],
        trigger_price_ticks=row["trigger_price_ticks"],
        trail_ticks=row["trail_ticks"],
        trail_ppm=row["trail_ppm"],
        amount_atoms=row["amount_atoms"],
        self_trade_prevention=common_pb2.SelfTradePrevention.ValueType(
            row["self_trade_prevention"]
        ),
    )


def _trigger_source(flags: int) -> common_pb2.TriggerSource.ValueType:
    if flags & TRIGGER_BEST_QUOTE:
        return common_pb2.TRIGGER_SOURCE_BEST_QUOTE
    if flags & TRIGGER_REFERENCE:
        return common_pb2.TRIGGER_SOURCE_REFERENCE
    return common_pb2.TRIGGER_SOURCE_UNSPECIFIED


def decode_batch(batch: trading_pb2.AnswerBatch) -> Answers:
    """View the columns of an answer without copying them.

    Raises:
        ValueError: A column is not as long as the batch says.
    """
    answers = Answers(
        sequence=np.frombuffer(batch.sequence, dtype="<u8"),
        status=np.frombuffer(batch.status, dtype="u1"),
        reject_code=np.frombuffer(batch.reject_code, dtype="<u2"),
        order_id=np.frombuffer(batch.order_id, dtype="<u8"),
        filled_lots=np.frombuffer(batch.filled_lots, dtype="<i8"),
        leaves_lots=np.frombuffer(batch.leaves_lots, dtype="<i8"),
        first_sequence=np.frombuffer(batch.first_sequence, dtype="<u8"),
        cancelled_count=np.frombuffer(batch.cancelled_count, dtype="<u4"),
    )
    for name in Answers.__slots__:
        rows = len(getattr(answers, name))
        if rows != batch.count:
            raise ValueError(f"answer column {name} has {rows} rows, not {batch.count}")
    return answers


def columns_of(answer: trading_pb2.Answer) -> Answers:
    """Make columns of one row from a single answer."""
    return Answers(
        sequence=np.array([answer.sequence], dtype=np.uint64),
        status=np.array([answer.status], dtype=np.uint8),
        reject_code=np.array([answer.reject_code], dtype=np.uint16),
        order_id=np.array([answer.order_id], dtype=np.uint64),
        filled_lots=np.array([answer.filled_lots], dtype=np.int64),
        leaves_lots=np.array([answer.leaves_lots], dtype=np.int64),
        first_sequence=np.array([answer.first_sequence], dtype=np.uint64),
        cancelled_count=np.array([answer.cancelled_count], dtype=np.uint32),
    )


def slice_answers(answers: Answers, start: int, stop: int) -> Answers:
    """View some rows of answers."""
    return Answers(*(getattr(answers, name)[start:stop] for name in Answers.__slots__))


def join_answers(parts: list[Answers]) -> Answers:
    """Put answers one after the other."""
    if len(parts) == 1:
        return parts[0]
    columns = ([getattr(part, name) for part in parts] for name in Answers.__slots__)
    return Answers(*(np.concatenate(column) for column in columns))
