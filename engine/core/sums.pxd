"""Upkeep of the digest: a record leaves the sum when it is first touched and comes back when the
digest is asked for, so what changes often is hashed once in between.
"""

from libc.stdint cimport uint32_t, uint64_t

from engine.core.hashing cimport Hash, take_from
from engine.core.state cimport (
    CHANGED,
    LEVEL_CHANGED,
    Asset,
    Changes,
    Core,
    IdEntry,
    LevelDetail,
    Market,
    Withdrawal,
)

cdef Hash hash_order(Core *core, uint32_t slot) noexcept nogil
cdef Hash hash_level(
    Core *core, uint32_t index, uint64_t quantity_lots, uint64_t order_count, LevelDetail *hidden
) noexcept nogil
cdef Hash hash_balance(Core *core, uint32_t index) noexcept nogil
cdef Hash hash_id_entry(IdEntry *entry) noexcept nogil
cdef Hash hash_withdrawal(Withdrawal *item) noexcept nogil
cdef Hash hash_asset(Asset *asset) noexcept nogil
cdef Hash hash_market(Market *market) noexcept nogil
cdef Hash hash_account(uint64_t account_id, uint64_t group, bint is_killed) noexcept nogil
cdef Hash hash_venue(Core *core) noexcept nogil
cdef void take_level(Core *core, uint32_t index) noexcept nogil
cdef void take_balance(Core *core, uint32_t index) noexcept nogil
cdef Hash settled_sum(Core *core) noexcept nogil


cdef inline void note(Changes *changes, uint32_t slot) noexcept nogil:
    changes.slots[changes.count] = slot
    changes.count += 1


cdef inline void take_order(Core *core, uint32_t slot) noexcept nogil:
    # Take the record of a working order out of the sum, if it is in it: without a branch, because
    # whether it is depends on the order's age.
    cdef uint64_t mask = <uint64_t> ((core.orders[slot].flags & CHANGED) != 0) - 1
    cdef Hash part
    part.high = core.details[slot].hash.high & mask
    part.low = core.details[slot].hash.low & mask
    take_from(&core.sum, part)


cdef inline void note_new_order(Core *core, uint32_t slot) noexcept nogil:
    # The slot holds a new order: it is to be hashed, and listed unless it is already.
    cdef Changes *changes = &core.orders_changed
    changes.slots[changes.count] = slot
    changes.count += (core.orders[slot].flags & CHANGED) == 0
    core.orders[slot].flags = CHANGED


cdef inline void touch_order(Core *core, uint32_t slot) noexcept nogil:
    # The record of a working order is about to change.
    if not core.orders[slot].flags & CHANGED:
        take_from(&core.sum, core.details[slot].hash)
        core.orders[slot].flags |= CHANGED
        note(&core.orders_changed, slot)


cdef inline void touch_level(Core *core, uint32_t index) noexcept nogil:
    # A level that has orders is about to change.
    if not core.levels[index].flags & LEVEL_CHANGED:
        take_level(core, index)
        core.levels[index].flags |= LEVEL_CHANGED
        note(&core.levels_changed, index)


cdef inline void touch_balance(Core *core, uint32_t index) noexcept nogil:
    # A balance is about to change.
    if not core.balances[index].is_changed:
        take_balance(core, index)
        core.balances[index].is_changed = True
        note(&core.balances_changed, index)
