"""Status changes of markets to messages."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.events import EventKind
from realstack.common.v1 import common_pb2
from realstack.marketdata.v1 import marketdata_pb2 as pb


def status_messages(rows: NDArray[np.void]) -> list[pb.StatusChange]:
    """Make the messages of status changes."""
    return [_message(row) for row in rows]


def _message(row: Any) -> pb.StatusChange:
    message = pb.StatusChange(
        status_sequence=int(row["status_sequence"]),
        market_id=int(row["market_id"]),
        sequence=int(row["sequence"]),
        time_ns=int(row["time_ns"]),
    )
    if row["kind"] == EventKind.PHASE_CHANGED:
        message.phase.CopyFrom(
            pb.PhaseChange(
                phase=common_pb2.Phase.ValueType(int(row["code"])),
                auction_kind=common_pb2.AuctionKind.ValueType(int(row["order_type"])),
                auction_end_ns=int(row["quantity_lots"]),
            )
        )
    elif row["kind"] == EventKind.INDICATIVE:
        message.indicative.CopyFrom(_auction(row))
    else:
        message.uncrossed.CopyFrom(_auction(row))
    return message


def _auction(row: Any) -> pb.AuctionState:
    return pb.AuctionState(
        price_ticks=int(row["price_ticks"]),
        volume_lots=int(row["quantity_lots"]),
        surplus_lots=int(row["leaves_lots"]),
        surplus_side=common_pb2.Side.ValueType(int(row["side"])),
    )
