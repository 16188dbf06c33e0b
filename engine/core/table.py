# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Growth, insertion and removal of the core's hash tables.

Linear probing, at most half full; removal shifts back, so there are no tombstones. A table that is
full gets a twin of twice the size, or four times while it is small, and each later insertion moves
a few slots over: no command pays for the whole move. Moves go cluster by cluster, so that the old
half stays searchable.
"""

import cython
from cython.cimports.engine.core.memory import touch, use_large_pages
from cython.cimports.engine.core.state import Table
from cython.cimports.engine.core.table import (
    FIRST_BITS,
    MOVES_PER_INSERT,
    SMALL_BITS,
    put_slot,
    slot_hash,
    table_home,
    table_mask,
)
from cython.cimports.libc.stdint import uint32_t, uint64_t
from cython.cimports.libc.stdlib import calloc, free


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def new_slots(bits: uint32_t) -> cython.pointer(uint64_t):
    """Allocate empty slots; NULL when there is no memory.

    A large block is fresh from the system, which clears its pages when they are first touched.
    """
    count: cython.size_t = cython.cast(cython.size_t, 1) << bits
    slots: cython.p_void = calloc(count, cython.sizeof(uint64_t))
    use_large_pages(slots, count * cython.sizeof(uint64_t))
    return cython.cast(cython.pointer(uint64_t), slots)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def table_reserve(table: cython.pointer(Table)) -> cython.bint:
    """Make room for one more entry, or go on moving; False when there is no memory."""
    bits: uint32_t = FIRST_BITS
    slots: cython.pointer(uint64_t)
    if table.slots != cython.NULL:
        bits = table.bits + (2 if table.bits < SMALL_BITS else 1)
    if table.old_slots == cython.NULL:
        slots = new_slots(bits)
        if slots == cython.NULL:
            return False
        if table.slots != cython.NULL:
            start_moving(table)
        table.slots = slots
        table.bits = bits
        table.limit = cython.cast(uint64_t, 1) << (bits - 1)
    if table.old_slots != cython.NULL:
        table.limit = 0
        move_some(table)
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def table_grow(table: cython.pointer(Table), count: uint64_t) -> cython.bint:
    """Make room for so many entries at once, and move all that there are; False without memory."""
    bits: uint32_t = table.bits if table.bits > FIRST_BITS else FIRST_BITS
    while cython.cast(uint64_t, 1) << (bits - 1) < count:
        bits += 1
    while table.old_slots != cython.NULL:
        move_some(table)
    if table.slots != cython.NULL and bits == table.bits:
        return True
    slots: cython.pointer(uint64_t) = new_slots(bits)
    if slots == cython.NULL:
        return False
    touch(slots, cython.sizeof(uint64_t) << bits)
    if table.slots != cython.NULL:
        start_moving(table)
    table.slots = slots
    table.bits = bits
    table.limit = cython.cast(uint64_t, 1) << (bits - 1)
    while table.old_slots != cython.NULL:
        move_some(table)
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def start_moving(table: cython.pointer(Table)) -> cython.void:
    """Make the slots the old ones, to be moved from the first empty slot on."""
    table.old_slots = table.slots
    table.old_bits = table.bits
    table.old_left = cython.cast(uint64_t, 1) << table.bits
    table.old_next = 0
    while table.old_slots[table.old_next] != 0:
        table.old_next += 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def move_some(table: cython.pointer(Table)) -> cython.void:
    """Move a few old slots, and on to the end of a cluster."""
    if table.old_left > MOVES_PER_INSERT:
        move_window(table)
    while table.old_left > 0:
        if table.old_left > MOVES_PER_INSERT and table.old_slots[table.old_next] == 0:
            return
        move_one(table)
    free(table.old_slots)
    table.old_slots = cython.NULL
    table.limit = cython.cast(uint64_t, 1) << (table.bits - 1)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def move_window(table: cython.pointer(Table)) -> cython.void:
    """Move MOVES_PER_INSERT slots. Which are empty is random: they are listed without a branch."""
    moving = cython.declare(uint64_t[MOVES_PER_INSERT])
    count: cython.int = 0
    i: cython.int
    for _ in range(MOVES_PER_INSERT):
        moving[count] = table.old_slots[table.old_next]
        count += moving[count] != 0
        table.old_slots[table.old_next] = 0
        table.old_next = (table.old_next + 1) & table_mask(table.old_bits)
    table.old_left -= MOVES_PER_INSERT
    for i in range(count):
        put_slot(table, moving[i])


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def move_one(table: cython.pointer(Table)) -> cython.void:
    """Move one slot, if it is not empty."""
    if table.old_slots[table.old_next] != 0:
        put_slot(table, table.old_slots[table.old_next])
        table.old_slots[table.old_next] = 0
    table.old_next = (table.old_next + 1) & table_mask(table.old_bits)
    table.old_left -= 1


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def place_of(slots: cython.pointer(uint64_t), bits: uint32_t, slot: uint64_t) -> cython.pointer(
    uint64_t
):
    """Find where a slot is; NULL when it is not there."""
    mask: uint64_t = table_mask(bits)
    at: uint64_t = table_home(slot_hash(slot), bits)
    while slots[at] != slot:
        if slots[at] == 0:
            return cython.NULL
        at = (at + 1) & mask
    return cython.address(slots[at])


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def take_out(slots: cython.pointer(uint64_t), bits: uint32_t, slot: uint64_t) -> cython.bint:
    """Remove a slot and shift back what its absence would hide; tell whether it was there."""
    mask: uint64_t = table_mask(bits)
    place: cython.pointer(uint64_t) = place_of(slots, bits, slot)
    if place == cython.NULL:
        return False
    hole: uint64_t = cython.cast(uint64_t, place - slots)
    at: uint64_t = (hole + 1) & mask
    home: uint64_t
    while slots[at] != 0:
        home = table_home(slot_hash(slots[at]), bits)
        if ((at - home) & mask) >= ((at - hole) & mask):
            slots[hole] = slots[at]
            hole = at
        at = (at + 1) & mask
    slots[hole] = 0
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def table_remove(table: cython.pointer(Table), hash: uint32_t, value: uint32_t) -> cython.bint:
    """Remove an entry; tell whether it was there."""
    slot: uint64_t = cython.cast(uint64_t, hash) << 32 | value
    found: cython.bint = take_out(table.slots, table.bits, slot)
    if not found and table.old_slots != cython.NULL:
        found = take_out(table.old_slots, table.old_bits, slot)
    if found:
        table.count -= 1
    return found


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def table_replace(
    table: cython.pointer(Table), hash: uint32_t, value: uint32_t, new_value: uint32_t
) -> cython.bint:
    """Give an entry another value in its place; tell whether it was there."""
    slot: uint64_t = cython.cast(uint64_t, hash) << 32 | value
    place: cython.pointer(uint64_t) = place_of(table.slots, table.bits, slot)
    if place == cython.NULL and table.old_slots != cython.NULL:
        place = place_of(table.old_slots, table.old_bits, slot)
    if place == cython.NULL:
        return False
    place[0] = cython.cast(uint64_t, hash) << 32 | new_value
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def table_free(table: cython.pointer(Table)) -> cython.void:
    """Give the memory back."""
    free(table.slots)
    free(table.old_slots)
    table.slots = cython.NULL
    table.old_slots = cython.NULL
