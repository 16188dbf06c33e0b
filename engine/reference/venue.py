"""The reference venue: one command in, its events out."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import CLIENT_ID_ALLOWED, COMMAND, CommandKind
from engine.core.events import ANSWER, EventKind
from engine.core.invariants import check
from engine.core.limits import SENT_TIME_AHEAD_NS_MAX, TIME_NS_MAX
from engine.core.rejects import Reject
from engine.reference import scan
from engine.reference.book import Book
from engine.reference.command import Command, decode, grouped
from engine.reference.controls import CONTROL_COMMANDS, Limit, LimitKey
from engine.reference.deadlines import Deadline, set_deadline
from engine.reference.deadlines import Key as DeadlineKey
from engine.reference.definitions import DEFINERS
from engine.reference.event import Events, as_array
from engine.reference.expiry import let_time_pass
from engine.reference.funds import MOVERS
from engine.reference.ids import IdEntry, IdWindow, Key
from engine.reference.ledger import Ledger
from engine.reference.orders import WORKERS
from engine.reference.phases import PHASE_COMMANDS, publish_indications
from engine.reference.queries import Queries
from engine.reference.shape import number_reject, shape_reject
from engine.reference.state import Asset, Market, Order, Withdrawal
from engine.reference.work import work_fired

_OPERATIONS = (
    DEFINERS | PHASE_COMMANDS | CONTROL_COMMANDS | {CommandKind.SET_DEADLINE: set_deadline}
)
_DEFINITIONS = frozenset(_OPERATIONS)
_NEEDS_MARKET = frozenset({CommandKind.PLACE, CommandKind.MASS_QUOTE})
_USES_ASSET = frozenset({CommandKind.DEPOSIT, CommandKind.WITHDRAW_HOLD})


class ReferenceVenue(Queries):
    """The whole state of a venue and the rules that change it.

    The state is public: it is the specification, and tests read it.
    """

    def __init__(self) -> None:
        self.sequence_last = 0
        self.time_ns_last = 0
        self.next_order_id = 1
        self.next_trade_id = 1
        self.ledger = Ledger()
        self.ids = IdWindow()
        self.groups: dict[int, int] = {}
        self.assets_by_id: dict[int, Asset] = {}
        self.markets_by_id: dict[int, Market] = {}
        self.books: dict[int, Book] = {}
        self.next_priority = 1
        self.orders_by_id: dict[int, Order] = {}
        self.waiting: dict[int, Order] = {}
        self.timed: dict[int, Order] = {}
        self.pegs: dict[int, Order] = {}
        self.fired: deque[Order] = deque()
        self.withdrawals: dict[int, Withdrawal] = {}
        self.limits_by_key: dict[LimitKey, Limit] = {}
        self.is_killed = False
        self.killed_accounts: set[int] = set()
        self.deadlines: dict[DeadlineKey, Deadline] = {}

    def apply(self, commands: NDArray[np.void]) -> NDArray[np.void]:
        """Apply stamped commands in order.

        Args:
            commands: COMMAND records whose sequences follow the last one without a gap and whose
                times rise.

        Returns:
            Their EVENT records, in order.
        """
        check(commands.dtype == COMMAND, "commands have the command dtype")
        data = np.ascontiguousarray(commands).tobytes()
        size = COMMAND.itemsize
        records = [decode(data[at : at + size]) for at in range(0, len(data), size)]
        return as_array(b"".join(self._apply(command) for command in grouped(records)))

    def _apply(self, command: Command) -> bytes:
        self._stamped(command)
        events = Events(command)
        let_time_pass(self, command.time_ns, events)
        reject = self._run(command, events)
        if not reject:
            work_fired(self, events)
        if reject:
            events.rejected(reject)
        elif command.client_id != (0, 0):
            self._remember(command, events)
        publish_indications(self, events)
        for entry in command.entries:
            self._stamped(entry)
        return events.encode()

    def _stamped(self, record: Command) -> None:
        """Follow a record's place in the order and its time."""
        check(record.sequence == self.sequence_last + 1, "sequences have no gap")
        check(record.time_ns > self.time_ns_last, "time rises")
        check(record.time_ns < TIME_NS_MAX, "time is in range")
        self.sequence_last = record.sequence
        self.time_ns_last = record.time_ns

    def _run(self, command: Command, events: Events) -> Reject:
        reject = shape_reject(command) or self._known_reject(command)
        if reject:
            return reject
        kind = CommandKind(command.kind)
        if kind in _DEFINITIONS:
            return _OPERATIONS[kind](self, command, events)
        reject = self._id_reject(command)
        if reject:
            return reject
        first = self.ids.entries.get(self._key(command))
        if first is not None:
            return self._answer_again(command, first, events)
        reject = number_reject(command)
        if reject:
            return reject
        return (MOVERS[kind] if kind in MOVERS else WORKERS[kind])(self, command, events)

    def _known_reject(self, command: Command) -> Reject:
        """Give the first broken rule among rejects 9 to 11."""
        kind = command.kind
        if kind in _DEFINITIONS:
            return Reject.NONE
        if command.account_id not in self.groups:
            return Reject.UNKNOWN_ACCOUNT
        if kind in _USES_ASSET and command.asset_id not in self.assets_by_id:
            return Reject.UNKNOWN_ASSET
        needs_market = kind in _NEEDS_MARKET or (
            kind == CommandKind.CANCEL_ALL and command.market_id != 0
        )
        if needs_market and command.market_id not in self.markets_by_id:
            return Reject.UNKNOWN_MARKET
        return Reject.NONE

    def _id_reject(self, command: Command) -> Reject:
        """Give the first broken rule among rejects 12 and 13."""
        if command.client_id == (0, 0):
            return Reject.NONE
        check(command.kind in CLIENT_ID_ALLOWED, "shape rules refuse other ids")
        if command.sent_time_ns > command.time_ns + SENT_TIME_AHEAD_NS_MAX:
            return Reject.SENT_TIME_IN_FUTURE
        if command.sent_time_ns < self.ids.oldest_sent_time_ns(command.time_ns):
            return Reject.ID_TOO_OLD
        return Reject.NONE

    def _answer_again(self, command: Command, first: IdEntry, events: Events) -> Reject:
        """Give the first answer of an id again, or refuse another body under it."""
        if first.sequence == 0:
            return Reject.CANCELLED_BEFORE_ARRIVAL
        if first.body_hash != command.body_hash:
            return Reject.DUPLICATE_WITH_DIFFERENT_BODY
        events.add(
            EventKind.DUPLICATE,
            flags=ANSWER,
            account_id=command.account_id,
            market_id=command.market_id,
            order_id=first.order_id,
            client_id_low=command.client_id_low,
            client_id_high=command.client_id_high,
            maker_order_id=first.sequence,
        )
        return Reject.NONE

    def _remember(self, command: Command, events: Events) -> None:
        answer = events.answer()
        if answer.kind == EventKind.DUPLICATE:
            return
        entry = IdEntry(
            body_hash=command.body_hash,
            order_id=answer.order_id,
            sequence=command.sequence,
            accepted_time_ns=command.time_ns,
            sent_time_ns=command.sent_time_ns,
        )
        self.ids.remember(self._key(command), entry, self.is_working)

    @staticmethod
    def _key(command: Command) -> Key:
        return command.account_id, command.client_id_low, command.client_id_high

    def is_working(self, key: Key, entry: IdEntry) -> bool:
        """Tell whether an entry is that of a working order."""
        order = self.orders_by_id.get(entry.order_id)
        return order is not None and key == (
            order.account_id,
            order.client_id_low,
            order.client_id_high,
        )

    def take_order_id(self) -> int:
        """Take the next order id."""
        self.next_order_id += 1
        return self.next_order_id - 1

    def take_priority(self) -> int:
        """Take the next place in a queue."""
        self.next_priority += 1
        return self.next_priority - 1

    def enter(self, order: Order) -> None:
        """Put an order that rests or waits into the index."""
        self.orders_by_id[order.order_id] = order
        if order.is_waiting:
            self.waiting[order.order_id] = order
        if order.expire_time_ns:
            self.timed[order.order_id] = order
        if order.is_peg:
            self.pegs[order.order_id] = order

    def leave(self, order: Order) -> None:
        """Take an order out of the index."""
        del self.orders_by_id[order.order_id]
        self.waiting.pop(order.order_id, None)
        self.timed.pop(order.order_id, None)
        self.pegs.pop(order.order_id, None)

    def take_trade_id(self) -> int:
        """Take the next trade id."""
        self.next_trade_id += 1
        return self.next_trade_id - 1

    def digest(self) -> int:
        """Give the digest of the state (by a scan: the reference keeps nothing up)."""
        return scan.digest_scan(self)

    def digest_scan(self) -> int:
        """Give the digest of the state by a full scan."""
        return scan.digest_scan(self)

    def validate(self) -> None:
        """Check every invariant; raise BrokenInvariant with the first that does not hold."""
        scan.validate(self)
