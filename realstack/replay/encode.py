"""Actions to command records, and client ids back to names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import COMMAND, CommandKind, OrderType, SelfTradePrevention
from realstack.replay.plan import Action, OrderName, Origin

RUN_BITS = 56
_ORIGIN_BITS = 8


class Encoder:
    """Makes the commands of one replay.

    An order's client id is its number in the lower half, and in the upper half the origin and a
    number of this run, so that another run on the same venue has other ids.

    Args:
        market_id: The market of the replay.
        run: Any number of at most `RUN_BITS` bits that no other run on this venue has.
    """

    def __init__(self, market_id: int, run: int) -> None:
        self._market_id = market_id
        self._run = run

    def commands(self, actions: Sequence[Action]) -> NDArray[np.void]:
        """Return the records of actions, without accounts and times."""
        rows = np.zeros(len(actions), dtype=COMMAND)
        places = np.array([action.kind is CommandKind.PLACE for action in actions], dtype=bool)
        low = np.array([action.order.number for action in actions], dtype=np.uint64)
        high = np.array([self._high(action.order.origin) for action in actions], dtype=np.uint64)
        rows["kind"] = [action.kind for action in actions]
        for word, ids in (("low", low), ("high", high)):
            rows[f"client_id_{word}"][places] = ids[places]
            rows[f"target_client_id_{word}"][~places] = ids[~places]
        rows["market_id"][places] = self._market_id
        rows["side"][places] = [a.side for a in actions if a.kind is CommandKind.PLACE]
        rows["order_type"][places] = OrderType.LIMIT
        rows["time_in_force"][places] = [
            a.time_in_force for a in actions if a.kind is CommandKind.PLACE
        ]
        rows["self_trade_prevention"][places] = SelfTradePrevention.NONE
        rows["price_ticks"] = [action.price_ticks for action in actions]
        rows["quantity_lots"] = [action.quantity_lots for action in actions]
        return rows

    def name_of(self, client_id: int) -> OrderName | None:
        """Return the order of a client id; nothing when it is not of this run."""
        high, number = client_id >> 64, client_id & ((1 << 64) - 1)
        origin = high & ((1 << _ORIGIN_BITS) - 1)
        if high >> _ORIGIN_BITS != self._run or origin not in list(Origin):
            return None
        return OrderName(Origin(origin), number)

    def _high(self, origin: Origin) -> int:
        return self._run << _ORIGIN_BITS | origin
