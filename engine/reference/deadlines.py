"""The dead man's switch: orders are cancelled unless their owner keeps renewing a deadline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.events import EventKind
from engine.core.limits import (
    DEADLINE_MS_MAX,
    DEADLINE_MS_MIN,
    DEADLINES_MAX,
    DEADLINES_PER_ACCOUNT_MAX,
)
from engine.core.rejects import CancelReason, Reject
from engine.reference.cancelling import cancel_of_account
from engine.reference.command import Command
from engine.reference.definitions import answer
from engine.reference.event import Events

if TYPE_CHECKING:
    from engine.reference.venue import ReferenceVenue

NS_PER_MS = 1_000_000
Key = tuple[int, int]  # account_id, tag (0: all orders)


@dataclass(slots=True)
class Deadline:
    """When an account's orders, or those of one tag, are cancelled."""

    timeout_ns: int
    end_ns: int
    is_near: bool = False  # DEADLINE_NEAR was told

    @property
    def due_ns(self) -> int:
        """When something is next to be done: it is told at three quarters, and done at the end."""
        return self.end_ns if self.is_near else self.end_ns - self.timeout_ns // 4


def set_deadline(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Set, renew or end the deadline of an account's orders, or of those of one tag."""
    account_id, tag, timeout_ms = command.account_id, command.tag, command.price_ticks
    if account_id not in venue.groups:
        return Reject.UNKNOWN_ACCOUNT
    if timeout_ms != 0 and not DEADLINE_MS_MIN <= timeout_ms <= DEADLINE_MS_MAX:
        return Reject.INVALID_PARAMETER
    key = account_id, tag
    existed = key in venue.deadlines
    own = sum(account == account_id for account, _ in venue.deadlines)
    is_full = own >= DEADLINES_PER_ACCOUNT_MAX or len(venue.deadlines) >= DEADLINES_MAX
    if timeout_ms != 0 and not existed and is_full:
        return Reject.TOO_MANY_DEADLINES
    if timeout_ms == 0:
        venue.deadlines.pop(key, None)
    else:
        timeout_ns = timeout_ms * NS_PER_MS
        venue.deadlines[key] = Deadline(timeout_ns, command.time_ns + timeout_ns)
    answer(command, events, existed=existed)
    return Reject.NONE


def pass_deadline(venue: ReferenceVenue, key: Key, events: Events) -> None:
    """Do what is due of a deadline: tell that it is near, or cancel the orders and forget it."""
    account_id, tag = key
    deadline = venue.deadlines[key]
    if deadline.is_near:
        del venue.deadlines[key]
        cancel_of_account(venue, events, CancelReason.DEADLINE, account_id, tag=tag)
        return
    deadline.is_near = True
    events.add(
        EventKind.DEADLINE_NEAR,
        code=tag,
        account_id=account_id,
        quantity_lots=deadline.end_ns,
    )
