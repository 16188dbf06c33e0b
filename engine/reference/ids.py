"""The id window: every client id of an accepted command, for a stated time and number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.core.limits import (
    ID_EVICTIONS_PER_COMMAND_MAX,
    ID_WINDOW_NS_DEFAULT,
    IDS_MAX_DEFAULT,
    SENT_TIME_AHEAD_NS_MAX,
)

Key = tuple[int, int, int]  # account_id, client_id_low, client_id_high


@dataclass(slots=True)
class IdEntry:
    """What is remembered of the first command with an id; sequence 0: a cancel came before it."""

    body_hash: int
    order_id: int
    sequence: int
    accepted_time_ns: int
    sent_time_ns: int


def cancelled_id(time_ns: int) -> IdEntry:
    """Make the entry of an id that was cancelled before any command came with it."""
    return IdEntry(0, 0, 0, accepted_time_ns=time_ns, sent_time_ns=time_ns)


class IdWindow:
    """Ids in the order of acceptance; the oldest go first.

    An id whose `sent_time_ns` is not older than the window is remembered, because it was accepted
    at most `SENT_TIME_AHEAD_NS_MAX` before its sent time. When the table is full the oldest is
    dropped early, and the floor rises so that its resend is refused as too old rather than run
    twice. The id of a working order is never dropped: it goes to the back instead, so an order
    can always be named by its client id.
    """

    def __init__(self) -> None:
        self.window_ns = ID_WINDOW_NS_DEFAULT
        self.ids_max = IDS_MAX_DEFAULT
        self.floor_time_ns = 0
        self.entries: dict[Key, IdEntry] = {}

    def oldest_sent_time_ns(self, time_ns: int) -> int:
        """Give the oldest sent time that is accepted now."""
        return max(time_ns - self.window_ns, self.floor_time_ns)

    def remember(
        self, key: Key, entry: IdEntry, is_working: Callable[[Key, IdEntry], bool]
    ) -> None:
        """Add an accepted command's id, then drop what is expired or too many."""
        time_ns = entry.accepted_time_ns
        self.entries[key] = entry
        for _ in range(ID_EVICTIONS_PER_COMMAND_MAX):
            oldest_key, oldest = next(iter(self.entries.items()))
            kept_until = oldest.accepted_time_ns + self.window_ns + SENT_TIME_AHEAD_NS_MAX
            expired = kept_until < time_ns
            if not expired and len(self.entries) <= self.ids_max:
                return
            del self.entries[oldest_key]
            if is_working(oldest_key, oldest):
                oldest.accepted_time_ns = time_ns
                self.entries[oldest_key] = oldest
            elif not expired:
                self.floor_time_ns = max(self.floor_time_ns, oldest.sent_time_ns + 1)
