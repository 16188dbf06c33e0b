# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The compiled venue: stamped commands in, their events out.

It does what `engine.reference.venue` says, byte for byte. Start reading at `engine.core.run`.
"""

import cython
import numpy as np
from cython.cimports.cpython.buffer import (
    Py_buffer,
    PyBUF_SIMPLE,
    PyBUF_WRITABLE,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from cython.cimports.engine.core.audit import audit
from cython.cimports.engine.core.constants import COMMAND_KINDS
from cython.cimports.engine.core.dump import pass_state
from cython.cimports.engine.core.hashing import Hash
from cython.cimports.engine.core.ids import ids_prepare
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.lifetime import free_core, new_core
from cython.cimports.engine.core.pools import prepare_orders
from cython.cimports.engine.core.queries import (
    read_accounts,
    read_assets,
    read_balance,
    read_balances,
    read_counts,
    read_kills,
    read_levels,
    read_limits,
    read_markets,
    read_order,
    read_orders,
)
from cython.cimports.engine.core.run import run_all
from cython.cimports.engine.core.scan import scanned_sum
from cython.cimports.engine.core.state import Core
from cython.cimports.engine.core.sums import settled_sum
from cython.cimports.engine.core.tape import MEASURE, READ, WRITE, Tape
from cython.cimports.libc.stdint import int64_t, uint8_t, uint64_t, uintptr_t
from cython.cimports.libc.string import memcpy

from engine.core.commands import COMMAND, COMMAND_BYTES, USED_FIELDS, CommandKind
from engine.core.events import EVENT
from engine.core.invariants import BrokenInvariant, check
from engine.core.phases import Phase, follower_mask

check(cython.sizeof(Command) == COMMAND_BYTES, "a command struct is as long as its dtype")
check(cython.sizeof(Event) == EVENT.itemsize, "an event struct is as long as its dtype")


def unused_mask(kind):
    """Give the bits of each word of a command that its kind must leave zero."""
    used = np.zeros(COMMAND_BYTES, np.uint8)
    for name in ("sequence", "time_ns", "kind", *USED_FIELDS[kind]):
        dtype, offset = COMMAND.fields[name][:2]
        used[offset : offset + dtype.itemsize] = 255
    return (~used).view(np.uint64).tolist()


@cython.cfunc
def digest_of(total: Hash) -> object:
    """Give a sum as one number of 128 bits."""
    return cython.cast(object, total.high) << 64 | total.low


@cython.final
@cython.cclass
class Venue:
    """The whole state of a venue and the rules that change it."""

    core: cython.pointer(Core)

    def __cinit__(self) -> None:
        self.core = new_core()
        if self.core == cython.NULL:
            raise MemoryError("there is memory for a venue")
        for kind in range(COMMAND_KINDS):
            for word in range(COMMAND_BYTES // 8):
                self.core.unused_masks[kind][word] = ~cython.cast(uint64_t, 0)
        for kind in CommandKind:
            for word, mask in enumerate(unused_mask(kind)):
                self.core.unused_masks[int(kind)][word] = mask
        for phase in Phase:
            self.core.followers[int(phase)] = follower_mask(phase)

    def __dealloc__(self) -> None:
        free_core(self.core)

    @property
    def handle(self):
        """The venue as the C entry point takes it (`engine.core.entry`); valid while this lives."""
        return cython.cast(uintptr_t, self.core)

    @property
    def sequence_last(self):
        """The sequence of the last command."""
        return self.core.sequence_last

    @property
    def time_ns_last(self):
        """The time of the last command."""
        return self.core.time_ns_last

    def apply(self, commands):
        """Apply stamped commands in order.

        Args:
            commands: COMMAND records whose sequences follow the last one without a gap and whose
                times rise.

        Returns:
            Their EVENT records, in order, in an array of their own.

        Raises:
            BrokenInvariant: The commands are not in order, or there is a bug; then the state is
                not known.
        """
        core: cython.pointer(Core) = self.core
        buffer = cython.declare(Py_buffer)
        self.raise_broken()
        check(commands.dtype == COMMAND, "commands have the command dtype")
        check(core.waiting_events_count == 0, "all events of the C entry point were taken")
        count: int64_t = commands.size
        core.events_count = 0
        if count != 0:
            flat = np.ascontiguousarray(commands).view(np.uint8)
            PyObject_GetBuffer(flat, cython.address(buffer), PyBUF_SIMPLE)
            # Whoever reads a journal ahead, or writes one, goes on meanwhile.
            with cython.nogil:
                run_all(core, cython.cast(cython.pointer(Command), buffer.buf), count)
            PyBuffer_Release(cython.address(buffer))
            self.raise_broken()
        return self.taken_events()

    @cython.cfunc
    def taken_events(self) -> object:
        """Copy the events of the last commands out."""
        size: cython.size_t = self.core.events_count * cython.sizeof(Event)
        buffer = cython.declare(Py_buffer)
        if size == 0:
            return np.empty(0, dtype=EVENT)
        # As bytes first: numpy takes ten times as long to allocate an array of so many fields.
        raw = np.empty(size, dtype=np.uint8)
        PyObject_GetBuffer(raw, cython.address(buffer), PyBUF_WRITABLE)
        memcpy(buffer.buf, self.core.events, size)
        PyBuffer_Release(cython.address(buffer))
        return np.frombuffer(raw, dtype=EVENT)

    @cython.cfunc
    def raise_broken(self) -> cython.int:
        """Raise the broken invariant, if there is one.

        It stays: the state is not known any more. Commands out of order changed nothing.
        """
        unordered: cython.p_const_char = self.core.unordered
        if unordered != cython.NULL:
            self.core.unordered = cython.NULL
            raise BrokenInvariant(unordered.decode("ascii"))
        if self.core.broken != cython.NULL:
            raise BrokenInvariant(self.core.broken.decode("ascii"))
        return 0

    def prepare(self, orders=0, ids=0):
        """Take memory ahead of its use, so that no command waits for the system to give it.

        Args:
            orders: Working orders that there shall be room for.
            ids: Client ids that there shall be room for besides those that are remembered.

        Raises:
            MemoryError: There is not so much.
        """
        enough: cython.bint = prepare_orders(self.core, orders)
        if not enough or not ids_prepare(cython.address(self.core.ids), ids):
            raise MemoryError("there is memory for so many orders and ids")

    def digest(self):
        """Give the digest of the state, as it is kept up."""
        return digest_of(settled_sum(self.core))

    def digest_scan(self):
        """Give the digest of the state by a full scan."""
        return digest_of(scanned_sum(self.core))

    def dump(self):
        """Give the whole state as bytes, for `restore` of the same build."""
        tape = cython.declare(Tape)
        buffer = cython.declare(Py_buffer)
        self.raise_broken()
        settled_sum(self.core)
        tape.at = 0
        tape.is_short = False
        tape.mode = MEASURE
        pass_state(self.core, cython.address(tape))
        raw = np.empty(tape.at, dtype=np.uint8)
        PyObject_GetBuffer(raw, cython.address(buffer), PyBUF_WRITABLE)
        tape.bytes = cython.cast(cython.pointer(uint8_t), buffer.buf)
        tape.length = tape.at
        tape.at = 0
        tape.mode = WRITE
        done: cython.bint = pass_state(self.core, cython.address(tape))
        PyBuffer_Release(cython.address(buffer))
        check(done and tape.at == tape.length, "a state is as long as it was measured")
        return raw

    def restore(self, state):
        """Take over a state that `dump` gave; only for a venue that has run no command.

        Args:
            state: Bytes whose checksum the caller has compared.

        Raises:
            ValueError: It is of another build, or not as it was written. The venue is then of no
                use.
        """
        tape = cython.declare(Tape)
        buffer = cython.declare(Py_buffer)
        check(self.core.sequence_last == 0, "a state is restored into a new venue")
        flat = np.ascontiguousarray(state).view(np.uint8)
        PyObject_GetBuffer(flat, cython.address(buffer), PyBUF_SIMPLE)
        tape.bytes = cython.cast(cython.pointer(uint8_t), buffer.buf)
        tape.length = buffer.len
        tape.at = 0
        tape.is_short = False
        tape.mode = READ
        done: cython.bint = pass_state(self.core, cython.address(tape))
        PyBuffer_Release(cython.address(buffer))
        done = done and tape.at == tape.length
        if not done or self.digest_scan() != self.digest():
            self.core.broken = b"a state is restored whole"
            raise ValueError("the state is of another build, or not whole")

    def validate(self):
        """Check every invariant; raise BrokenInvariant with the first that does not hold."""
        audit(self.core)
        self.raise_broken()

    def balance(self, account_id, asset_id):
        """Give free, locked and held atoms."""
        return read_balance(self.core, account_id, asset_id)

    def balances(self, account_id=0):
        """List balances that are not zero, of one account or (0) all."""
        return read_balances(self.core, account_id)

    def orders(self, account_id=0, market_id=0):
        """List working orders by order id, of one account and market or (0) all."""
        return read_orders(self.core, account_id, market_id)

    def order(self, order_id):
        """Give one working order, or an empty array."""
        return read_order(self.core, order_id)

    def levels(self, market_id, side, depth=0):
        """List price levels, best first; `depth` 0 gives all."""
        return read_levels(self.core, market_id, side, depth)

    def assets(self):
        """List assets by id, with totals."""
        return read_assets(self.core)

    def markets(self):
        """List markets by id."""
        return read_markets(self.core)

    def accounts(self):
        """List (account id, group id as defined: 0 for a group of its own)."""
        return read_accounts(self.core)

    def limits(self):
        """List limits by account, market and kind."""
        return read_limits(self.core)

    def kills(self):
        """List (account id, market id) of the kill switches that are set; both 0: the venue's."""
        return read_kills(self.core)

    def next_due_ns(self):
        """Give the time of the earliest expiry, NEVER_NS when there is none."""
        return self.core.next_due_ns

    def counts(self):
        """Give the venue's counters and limits."""
        return read_counts(self.core)
