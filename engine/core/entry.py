# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The core's entry point for C, described in `bench/capi/realstack_core.h`.

It needs no GIL and makes no Python object. Events are written straight into the caller's array. One
command may have more events than it has room for: they are then collected in an array of the core,
and what does not fit waits for the next call.
"""

import cython
from cython.cimports.engine.core.hashing import Hash
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.run import run_all
from cython.cimports.engine.core.state import Core
from cython.cimports.engine.core.sums import settled_sum
from cython.cimports.libc.stdint import INT64_MAX, int64_t, uint64_t, uintptr_t
from cython.cimports.libc.stdlib import free
from cython.cimports.libc.string import memcpy, memmove

UNORDERED = cython.declare(int64_t, -1)
BROKEN = cython.declare(int64_t, -2)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def rs_apply(
    venue: cython.p_void,
    commands: cython.pointer(cython.const[Command]),
    count: int64_t,
    events: cython.pointer(Event),
    capacity: int64_t,
) -> int64_t:
    """Run commands until all ran or the events are as many as there is room for.

    Returns:
        How many ran; -1 when the next is out of order, -2 when an invariant is broken.
    """
    core: cython.pointer(Core) = cython.cast(cython.pointer(Core), venue)
    own: cython.pointer(Event) = core.events
    own_capacity: int64_t = core.events_capacity
    core.events_count = 0
    if core.broken != cython.NULL:
        return BROKEN
    take_waiting(core, events, capacity)
    core.events = events
    core.events_capacity = capacity
    core.lent_events = events
    core.events_limit = capacity
    ran: int64_t = run_all(core, commands, count)
    core.events_limit = INT64_MAX
    core.lent_events = cython.NULL
    if core.events == events:
        core.events = own
        core.events_capacity = own_capacity
    else:
        free(own)
        let_wait(core, events, capacity)
    if core.broken != cython.NULL:
        return BROKEN
    if core.unordered != cython.NULL and ran == 0:
        core.unordered = cython.NULL
        return UNORDERED
    core.unordered = cython.NULL
    return ran


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def take_waiting(
    core: cython.pointer(Core), events: cython.pointer(Event), capacity: int64_t
) -> cython.void:
    """Give out what waits from the call before, as far as there is room."""
    size: cython.size_t = cython.sizeof(Event)
    taken: int64_t = min(core.waiting_events_count, capacity)
    if taken == 0:
        return
    core.waiting_events_count -= taken
    core.events_count = taken
    memcpy(events, core.events, taken * size)
    memmove(core.events, core.events + taken, core.waiting_events_count * size)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def let_wait(
    core: cython.pointer(Core), events: cython.pointer(Event), capacity: int64_t
) -> cython.void:
    """Give out as many of the core's own events as there is room for; the rest waits."""
    size: cython.size_t = cython.sizeof(Event)
    core.waiting_events_count = core.events_count - capacity
    core.events_count = capacity
    memcpy(events, core.events, capacity * size)
    memmove(core.events, core.events + capacity, core.waiting_events_count * size)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def rs_event_count(venue: cython.p_void) -> int64_t:
    """Give how many events the last call wrote."""
    return cython.cast(cython.pointer(Core), venue).events_count


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def rs_digest(venue: cython.p_void, halves: cython.pointer(uint64_t)) -> cython.void:
    """Write the digest of the state: its low and its high 64 bits."""
    total: Hash = settled_sum(cython.cast(cython.pointer(Core), venue))
    halves[0] = total.low
    halves[1] = total.high


def apply_address():
    """Give the address of `rs_apply`."""
    return cython.cast(uintptr_t, cython.cast(cython.p_void, rs_apply))


def event_count_address():
    """Give the address of `rs_event_count`."""
    return cython.cast(uintptr_t, cython.cast(cython.p_void, rs_event_count))


def digest_address():
    """Give the address of `rs_digest`."""
    return cython.cast(uintptr_t, cython.cast(cython.p_void, rs_digest))
