# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Orders that are good till a time, by that time (what it ends: `engine.core.phasing`).

The heap's order is expiry, then order id. Each order knows its position, so it leaves in the
logarithm of their number.
"""

import cython
from cython.cimports.engine.core.state import Core, check
from cython.cimports.libc.stdint import uint32_t


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def is_sooner(core: cython.pointer(Core), left: uint32_t, right: uint32_t) -> cython.bint:
    """Tell whether an order expires before another."""
    if core.extras[left].expire_time_ns != core.extras[right].expire_time_ns:
        return core.extras[left].expire_time_ns < core.extras[right].expire_time_ns
    return core.orders[left].order_id < core.orders[right].order_id


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def put(core: cython.pointer(Core), slot: uint32_t, position: uint32_t) -> cython.void:
    """Put an order at a position of the heap."""
    core.due.slots[position] = slot
    core.extras[slot].due_position = position


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def rise(core: cython.pointer(Core), slot: uint32_t, position: uint32_t) -> uint32_t:
    """Move later ones down from a position until an order fits there; give where."""
    while position > 1 and is_sooner(core, slot, core.due.slots[position >> 1]):
        put(core, core.due.slots[position >> 1], position)
        position >>= 1
    put(core, slot, position)
    return position


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def sink(core: cython.pointer(Core), slot: uint32_t, position: uint32_t) -> cython.void:
    """Move sooner ones up from a position until an order fits there."""
    child: uint32_t = position * 2
    while child < core.due.count:
        if child + 1 < core.due.count and is_sooner(
            core, core.due.slots[child + 1], core.due.slots[child]
        ):
            child += 1
        if not is_sooner(core, core.due.slots[child], slot):
            break
        put(core, core.due.slots[child], position)
        position = child
        child = position * 2
    put(core, slot, position)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def note_next(core: cython.pointer(Core)) -> cython.void:
    """Keep up when the next order, call or deadline is due."""
    core.next_due_ns = min(core.next_call_end_ns, core.next_deadline_ns)
    if core.due.count > 1:
        core.next_due_ns = min(core.next_due_ns, core.extras[core.due.slots[1]].expire_time_ns)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def enter_due(core: cython.pointer(Core), slot: uint32_t) -> cython.void:
    """Enter an order with an expiry; there is room."""
    core.due.count += 1
    rise(core, slot, core.due.count - 1)
    note_next(core)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def leave_due(core: cython.pointer(Core), slot: uint32_t) -> cython.void:
    """Take an order out."""
    position: uint32_t = core.extras[slot].due_position
    if not check(core, core.due.slots[position] == slot, b"an order knows its place in the heap"):
        return
    core.extras[slot].due_position = 0
    core.due.count -= 1
    last: uint32_t = core.due.slots[core.due.count]
    if last != slot and rise(core, last, position) == position:
        sink(core, last, position)
    note_next(core)
