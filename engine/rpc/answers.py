"""Answering events to answers of single commands."""

from __future__ import annotations

import struct

from engine.core.events import EVENT_BYTES, EventKind
from engine.rpc.details import detail
from realstack.common.v1 import common_pb2
from realstack.trading.v1 import trading_pb2

_EVENT = struct.Struct("<QqBBBBHHIIQQQqqqqqQqqQIIQQq")
if _EVENT.size != EVENT_BYTES:
    raise ImportError("the event struct must be as long as the event dtype")

_ORDER_KINDS = frozenset({EventKind.ACCEPTED, EventKind.CANCELLED, EventKind.REPLACED})


def answer(event: bytes, client_id: tuple[int, int]) -> trading_pb2.Answer:
    """Make the answer to one command.

    Args:
        event: The 160 bytes of its answering event.
        client_id: The command's own id as (low, high).
    """
    fields = _EVENT.unpack(event)
    kind = EventKind(fields[2])
    out = trading_pb2.Answer(
        sequence=fields[0],
        time_ns=fields[1],
        client_id=common_pb2.ClientId(low=client_id[0], high=client_id[1]),
        status=trading_pb2.ANSWER_STATUS_ACCEPTED,
        order_id=fields[10],
    )
    if kind in _ORDER_KINDS:
        out.filled_lots = fields[15]
        out.leaves_lots = fields[16]
    elif kind == EventKind.REJECTED:
        out.status = trading_pb2.ANSWER_STATUS_REJECTED
        out.reject_code = fields[6]
        out.order_id = 0
        out.detail = detail(fields[6])
    elif kind == EventKind.DUPLICATE:
        out.status = trading_pb2.ANSWER_STATUS_DUPLICATE
        out.first_sequence = fields[18]
    elif kind == EventKind.CANCELLED_ALL:
        out.cancelled_count = fields[14]
    elif kind == EventKind.QUOTED:
        out.placed_count, out.kept_count, out.cancelled_count = fields[14:17]
    return out
