# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Growth of the array of recent order ids, and the search for older ones."""

import cython
from cython.cimports.engine.core.hashing import order_id_hash
from cython.cimports.engine.core.order_index import (
    FIRST_RECENT,
    RECENT_MAX,
    RECENT_PER_ORDER,
    recent_place,
)
from cython.cimports.engine.core.state import Core, Table
from cython.cimports.engine.core.table import (
    slot_hash,
    slot_value,
    table_home,
    table_insert,
    table_mask,
)
from cython.cimports.libc.stdint import uint32_t, uint64_t
from cython.cimports.libc.stdlib import calloc, free


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def grow_recent(core: cython.pointer(Core)) -> cython.bint:
    """Double the array; every recent id keeps a place. False when there is no memory."""
    count: uint64_t = core.recent_count * 2 if core.recent_count != 0 else FIRST_RECENT
    recent: cython.pointer(uint32_t) = cython.cast(
        cython.pointer(uint32_t), calloc(count, cython.sizeof(uint32_t))
    )
    if recent == cython.NULL:
        return False
    order_id: uint64_t
    for order_id in range(core.recent_first, core.recent_first + core.recent_count):
        recent[order_id & (count - 1)] = core.recent[order_id & (core.recent_count - 1)]
    free(core.recent)
    core.recent = recent
    core.recent_count = count
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def age_recent(core: cython.pointer(Core)) -> cython.void:
    """Make a place for the next id: by growth, or by moving the oldest order to the table."""
    place: cython.pointer(uint32_t) = recent_place(core, core.recent_first)
    wanted: uint64_t = core.order_slab.count * cython.cast(uint64_t, RECENT_PER_ORDER)
    if place[0] != 0:
        if wanted > core.recent_count and core.recent_count < RECENT_MAX and grow_recent(core):
            return
        table_insert(cython.address(core.order_table), order_id_hash(core.recent_first), place[0])
        place[0] = 0
    core.recent_first += 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def search_in(
    core: cython.pointer(Core),
    slots: cython.pointer(uint64_t),
    bits: uint32_t,
    order_id: uint64_t,
) -> uint32_t:
    """Find a working order by the slots of one half of the table."""
    hash: uint32_t = order_id_hash(order_id)
    mask: uint64_t = table_mask(bits)
    at: uint64_t = table_home(hash, bits)
    slot: uint32_t
    while slots[at] != 0:
        slot = slot_value(slots[at])
        if slot_hash(slots[at]) == hash and core.orders[slot].order_id == order_id:
            return slot
        at = (at + 1) & mask
    return 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def search_order(core: cython.pointer(Core), order_id: uint64_t) -> uint32_t:
    """Find a working order in the table; 0 when it is not there."""
    table: cython.pointer(Table) = cython.address(core.order_table)
    slot: uint32_t = 0
    if table.slots != cython.NULL:
        slot = search_in(core, table.slots, table.bits, order_id)
    if slot == 0 and table.old_slots != cython.NULL:
        slot = search_in(core, table.old_slots, table.old_bits, order_id)
    return slot
