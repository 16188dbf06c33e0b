"""The private stream of each account: its orders and balances, under a dense execution sequence.

A fill is two executions, one an account side; when both orders are of one account the arriving one
comes first. The reductions of an auction's trades are nobody's executions, since their fill tells
it all; they are kept with it for the limit prices that they have. Rows are kept once for all
accounts, and each account has a list of positions into them (the lowest bit says whether it is the
maker's side). What is kept is bounded by `FeedLimits.private_rows_max` over all accounts; asking
for older executions is refused with the oldest that is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.events import AUCTION, EVENT, EventKind
from engine.feed.limits import FeedLimits
from engine.feed.rows import BLOCK_ROWS, RowLog

PRIVATE_KINDS = (
    EventKind.ACCEPTED,
    EventKind.FILL,
    EventKind.CANCELLED,
    EventKind.REPLACED,
    EventKind.REDUCED,
    EventKind.BALANCE,
    EventKind.REFRESHED,
    EventKind.TRIGGERED,
    EventKind.DEADLINE_NEAR,
)
_IS_PRIVATE = np.zeros(256, np.bool_)
_IS_PRIVATE[list(PRIVATE_KINDS)] = True
_RAW_EVENT = np.dtype(f"V{EVENT.itemsize}")
_POSITIONS_MIN = 16
_OFFSET = np.dtype([("rows", "<i8")])
# Plain numbers, because looking up a member of an enum costs as much as a small array operation.
_FILL = int(EventKind.FILL)
_REDUCED = int(EventKind.REDUCED)
_ARRIVALS = np.zeros(256, np.bool_)
_ARRIVALS[[EventKind.ACCEPTED, EventKind.REPLACED, EventKind.TRIGGERED]] = True


def _rows_since_arrival(rows: NDArray[np.void]) -> NDArray[np.void]:
    """Say of each fill how many rows before it its taker arrived; 0 of everything else.

    Only fills have one for sure, in their own command: so how events are cut into calls is not seen
    in what is kept.
    """
    places = np.arange(len(rows))
    arrived = np.maximum.accumulate(np.where(_ARRIVALS[rows["kind"]], places, 0))
    has_taker = (rows["kind"] == _FILL) & (rows["flags"] & AUCTION == 0)
    return np.where(has_taker, places - arrived, 0).view(_OFFSET)


@dataclass(frozen=True, slots=True)
class Executions:
    """Consecutive executions of one account."""

    first_sequence: int
    rows: NDArray[np.void]
    is_maker: NDArray[np.bool_]
    limit_price_ticks: NDArray[np.int64]
    """Of the account's order; a fill's own price is the trade's."""


class _Positions:
    """Positions of one account's executions; number 0 is its first ever."""

    def __init__(self) -> None:
        self.first = 0
        self.end = 0
        self._values = np.empty(_POSITIONS_MIN, np.int64)

    def append(self, values: NDArray[np.int64], dropped_below: int) -> None:
        used = self.end - self.first
        if used + len(values) > len(self._values):
            kept = self._values[:used]
            kept = kept[np.searchsorted(kept, dropped_below) :]
            self.first = self.end - len(kept)
            self._values = np.empty(2 * (len(kept) + len(values)), np.int64)
            self._values[: len(kept)] = kept
            used = len(kept)
        self._values[used : used + len(values)] = values
        self.end += len(values)

    def state(self, dropped_below: int) -> dict[str, Any]:
        """Give what can still be asked for, for `restore`."""
        first = self.first_not_below(dropped_below)
        return {"first": first, "values": self.read(first, self.end)}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what another list kept."""
        self._values = np.frombuffer(state["values"].tobytes(), np.int64).copy()
        self.first, self.end = state["first"], state["first"] + len(self._values)

    def first_not_below(self, value: int) -> int:
        """Give the number of the first position that is not below a value."""
        used = self._values[: self.end - self.first]
        return self.first + int(np.searchsorted(used, value))

    def read(self, start: int, stop: int) -> NDArray[np.int64]:
        return self._values[start - self.first : stop - self.first]


class ExecutionFeed:
    """Executions by account, each account's numbered from 1."""

    def __init__(self, limits: FeedLimits) -> None:
        self._log = RowLog(EVENT, limits.private_rows_max)
        self._arrivals = RowLog(_OFFSET, limits.private_rows_max)  # row by row as the log
        self._first_whole = 0
        self._accounts: dict[int, _Positions] = {}

    def consume(self, events: NDArray[np.void]) -> list[int]:
        """Take in released events; give the accounts that have new executions."""
        chosen = np.flatnonzero(_IS_PRIVATE[events["kind"]])
        if len(chosen) == 0:
            return []
        rows = events.view(_RAW_EVENT)[chosen].view(EVENT)
        fills = np.flatnonzero(rows["kind"] == _FILL)
        self._arrivals.append(_rows_since_arrival(rows))
        entries = (self._log.append(rows) + np.arange(len(rows), dtype=np.int64)) << 1
        self._keep_whole_commands()
        of_makers = rows["maker_account_id"][fills], entries[fills] | 1
        told = np.flatnonzero((rows["kind"] != _REDUCED) | (rows["flags"] & AUCTION == 0))
        accounts, entries = rows["account_id"][told], entries[told]
        if len(fills):
            accounts = np.concatenate((accounts, of_makers[0]))
            entries = np.concatenate((entries, of_makers[1]))
        first = int(accounts[0])
        if len(fills) == 0 and (accounts == first).all():
            self._positions(first).append(entries, self._first_whole << 1)
            return [first]
        order = np.lexsort((entries, accounts))
        accounts, entries = accounts[order], entries[order]
        starts = [0, *(np.flatnonzero(np.diff(accounts)) + 1).tolist(), len(accounts)]
        touched: list[int] = accounts[starts[:-1]].tolist()
        for account_id, (start, stop) in zip(touched, pairwise(starts), strict=True):
            self._positions(account_id).append(entries[start:stop], self._first_whole << 1)
        return touched

    def state(self) -> dict[str, Any]:
        """Give what is kept, for `restore`."""
        return {
            "log": self._log.state(),
            "arrivals": self._arrivals.state(),
            "first_whole": self._first_whole,
            "accounts": {
                str(key): each.state(self._first_whole << 1)
                for key, each in sorted(self._accounts.items())
            },
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what another feed kept."""
        self._log.restore(state["log"])
        self._arrivals.restore(state["arrivals"])
        self._first_whole = state["first_whole"]
        for account_id, positions in state["accounts"].items():
            self._positions(int(account_id)).restore(positions)

    def _positions(self, account_id: int) -> _Positions:
        positions = self._accounts.get(account_id)
        if positions is None:
            positions = self._accounts[account_id] = _Positions()
        return positions

    def _keep_whole_commands(self) -> None:
        """Move the oldest readable row to the start of a command.

        The row that tells an order's limit price is the first of its command, so a command whose
        first row was dropped is not served.
        """
        if self._first_whole >= self._log.first:
            return
        start = self._log.first
        while start < self._log.end:
            stop = min(start + BLOCK_ROWS, self._log.end)
            begins = np.flatnonzero(self._log.read(start, stop)["event_index"] == 0)
            if len(begins):
                start += int(begins[0])
                break
            start = stop
        self._first_whole = start

    def last(self, account_id: int) -> int:
        """Give the account's last execution sequence; 0 when it has none."""
        positions = self._accounts.get(account_id)
        return positions.end if positions else 0

    def first(self, account_id: int) -> int:
        """Give the account's oldest execution sequence that is kept; one past the last if none."""
        positions = self._accounts.get(account_id)
        return positions.first_not_below(self._first_whole << 1) + 1 if positions else 1

    def read(self, account_id: int, from_sequence: int, count_max: int) -> Executions:
        """Read executions that are kept, at most `count_max` of them from `from_sequence` on."""
        positions = self._accounts.get(account_id)
        stop = min(from_sequence - 1 + count_max, positions.end if positions else 0)
        if positions is None or stop < from_sequence:
            empty = np.empty(0, np.int64)
            return Executions(from_sequence, np.empty(0, EVENT), empty.astype(np.bool_), empty)
        entries = positions.read(from_sequence - 1, stop)
        places = entries >> 1
        rows = self._log.take(places)
        is_maker = (entries & 1).astype(np.bool_)
        return Executions(from_sequence, rows, is_maker, self._limit_prices(rows, places, is_maker))

    def _limit_prices(
        self, rows: NDArray[np.void], places: NDArray[np.int64], is_maker: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Give each order's limit price: an arriving order's stands where it arrived.

        After a fill of an auction come the reductions of its maker and of its taker.
        """
        prices = rows["price_ticks"].copy()
        is_fill = rows["kind"] == _FILL
        in_auction = is_fill & (rows["flags"] & AUCTION != 0)
        if in_auction.any():
            chosen = np.flatnonzero(in_auction)
            following = places[chosen] + np.where(is_maker[chosen], 1, 2)
            prices[chosen] = self._log.take(following)["price_ticks"]
        arriving = np.flatnonzero(is_fill & ~is_maker & ~in_auction)
        if len(arriving):
            offsets = self._arrivals.take(places[arriving])["rows"]
            prices[arriving] = self._log.take(places[arriving] - offsets)["price_ticks"]
        return prices
