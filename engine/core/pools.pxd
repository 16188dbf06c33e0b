"""Slabs of orders, levels, balances, withdrawals and events: taking and giving back inline."""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memset

from engine.core.constants cimport ASSET_ID_MAX, MARKET_ID_MAX
from engine.core.hashing cimport order_id_hash
from engine.core.layout cimport Command, Event
from engine.core.state cimport Account, Core, Queue, Slab, Table
from engine.core.table cimport slot_hash, slot_value, table_home, table_mask

cdef enum:
    FIRST_CAPACITY = 64  # slots of a slab
    FIRST_EVENTS = 1024
    FIRST_ASSETS = 4  # of an account
    FIRST_ORDERS = 8  # of an account

cdef bint reserve_order(Core *core) noexcept nogil
cdef bint reserve_level(Core *core) noexcept nogil
cdef bint reserve_queue(Queue *queue, uint32_t more) noexcept nogil
cdef bint reserve_account_order(Account *account) noexcept nogil
cdef bint reserve_withdrawal(Core *core) noexcept nogil
cdef bint reserve_account(Core *core, uint32_t account_id) noexcept nogil
cdef uint32_t open_balance(Core *core, uint32_t account_id, uint32_t asset_id) noexcept nogil
cdef bint grow_events(Core *core) noexcept nogil


cdef inline bint has_account(Core *core, uint32_t account_id) noexcept nogil:
    return account_id < core.accounts_capacity and core.accounts[account_id].group != 0


cdef inline bint has_asset(Core *core, uint32_t asset_id) noexcept nogil:
    return asset_id <= ASSET_ID_MAX and core.assets[asset_id] != NULL


cdef inline bint has_market(Core *core, uint32_t market_id) noexcept nogil:
    return market_id <= MARKET_ID_MAX and core.markets[market_id] != NULL


cdef inline uint32_t find_balance(Core *core, uint32_t account_id, uint32_t asset_id) noexcept nogil:
    # The index of a balance, 0 when it was never used.
    cdef Account *account = &core.accounts[account_id]
    return account.balances[asset_id] if asset_id < account.balances_capacity else 0


cdef inline uint32_t balance_of(Core *core, uint32_t account_id, uint32_t asset_id) noexcept nogil:
    # The index of a balance, made empty on first use; 0 when there is no memory.
    cdef uint32_t index = find_balance(core, account_id, asset_id)
    return index if index != 0 else open_balance(core, account_id, asset_id)


cdef inline uint32_t take_order_slot(Core *core) noexcept nogil:
    cdef Slab *slab = &core.order_slab
    cdef uint32_t slot = slab.free
    if slot != 0:
        slab.free = core.orders[slot].next
    else:
        slot = slab.length
        slab.length += 1
        core.orders[slot].flags = 0
        core.orders[slot].level = 0
    slab.count += 1
    return slot


cdef inline void free_order_slot(Core *core, uint32_t slot) noexcept nogil:
    # CHANGED stays: the slot is then still in the list of changes.
    core.orders[slot].level = 0
    core.orders[slot].next = core.order_slab.free
    core.order_slab.free = slot
    core.order_slab.count -= 1


cdef inline uint32_t take_level_slot(Core *core) noexcept nogil:
    cdef Slab *slab = &core.level_slab
    cdef uint32_t index = slab.free
    if index != 0:
        slab.free = core.levels[index].head
    else:
        index = slab.length
        slab.length += 1
        core.levels[index].flags = 0
    slab.count += 1
    return index


cdef inline void free_level_slot(Core *core, uint32_t index) noexcept nogil:
    # It stays marked as changed: it is then still in the list of changes.
    core.levels[index].head = core.level_slab.free
    core.level_slab.free = index
    core.level_slab.count -= 1


cdef inline uint32_t find_order_in(
    Core *core, uint64_t *slots, uint32_t bits, uint32_t hash, uint64_t order_id
) noexcept nogil:
    cdef uint64_t mask = table_mask(bits)
    cdef uint64_t at = table_home(hash, bits)
    while slots[at] != 0:
        if slot_hash(slots[at]) == hash:
            if core.orders[slot_value(slots[at])].order_id == order_id:
                return slot_value(slots[at])
        at = (at + 1) & mask
    return 0


cdef inline uint32_t find_order(Core *core, uint64_t order_id) noexcept nogil:
    # The slot of a working order, 0 when there is none of this id.
    cdef Table *table = &core.order_table
    cdef uint32_t slot = 0
    cdef uint32_t hash = order_id_hash(order_id)
    if table.slots == NULL:
        return 0
    slot = find_order_in(core, table.slots, table.bits, hash, order_id)
    if slot == 0 and table.old_slots != NULL:
        slot = find_order_in(core, table.old_slots, table.old_bits, hash, order_id)
    return slot


cdef inline Event *new_event(Core *core, const Command *command, int kind) noexcept nogil:
    # An event with the command's sequence and time, all else zero.
    cdef Event *event
    if core.events_count == core.events_capacity and not grow_events(core):
        return &core.spare_event
    event = &core.events[core.events_count]
    memset(event, 0, sizeof(Event))
    event.sequence = command.sequence
    event.time_ns = command.time_ns
    event.kind = <unsigned char> kind
    event.event_index = <uint32_t> (core.events_count - core.events_first)
    core.events_count += 1
    return event
