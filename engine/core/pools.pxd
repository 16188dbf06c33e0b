"""Slabs of orders, levels, balances, withdrawals and events: taking and giving back inline."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memset

from engine.core.constants cimport ASSET_ID_MAX, MARKET_ID_MAX
from engine.core.layout cimport Command, Event
from engine.core.order_index cimport has_room_for_id
from engine.core.state cimport Account, Core, Queue, Slab

cdef enum:
    FIRST_CAPACITY = 64  # slots of a slab
    FIRST_EVENTS = 1024
    FIRST_ASSETS = 4  # of an account
    FIRST_ORDERS = 8  # of an account

cdef bint grow_orders(Core *core) noexcept nogil
cdef bint prepare_orders(Core *core, uint32_t count) noexcept nogil
cdef bint grow_levels(Core *core) noexcept nogil
cdef bint grow_account_orders(Account *account) noexcept nogil
cdef bint reserve_queue(Queue *queue, uint32_t more) noexcept nogil
cdef bint reserve_withdrawal(Core *core) noexcept nogil
cdef bint reserve_limit(Core *core) noexcept nogil
cdef bint reserve_account(Core *core, uint32_t account_id) noexcept nogil
cdef uint32_t open_balance(Core *core, uint32_t account_id, uint32_t asset_id) noexcept nogil
cdef bint grow_events(Core *core) noexcept nogil


cdef inline bint has_free(Slab *slab) noexcept nogil:
    return slab.free != 0 or slab.length < slab.capacity


cdef inline bint has_room_for_level(Core *core) noexcept nogil:
    return has_free(&core.level_slab) or grow_levels(core)


cdef inline bint has_room_for_order(Core *core, Account *account) noexcept nogil:
    # Whether one more order can work and open a level; False when there is no memory.
    return (
        has_room_for_id(core)
        and (has_free(&core.order_slab) or grow_orders(core))
        and has_room_for_level(core)
        and (account.orders_count < account.orders_capacity or grow_account_orders(account))
    )


cdef inline bint has_account(Core *core, uint32_t account_id) noexcept nogil:
    return account_id < core.accounts_capacity and core.accounts[account_id].group != 0


cdef inline bint has_asset(Core *core, uint32_t asset_id) noexcept nogil:
    return asset_id <= ASSET_ID_MAX and core.assets[asset_id] != NULL


cdef inline bint has_market(Core *core, uint32_t market_id) noexcept nogil:
    return market_id <= MARKET_ID_MAX and core.markets[market_id] != NULL


cdef inline uint32_t find_balance(
    Core *core, uint32_t account_id, uint32_t asset_id
) noexcept nogil:
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


cdef inline Event *open_event(Core *core, const Command *command, int kind) noexcept nogil:
    # An event with the command's sequence and time; from code to leaves it is for the caller to
    # fill, the rest is zero.
    cdef Event *event
    if core.events_count == core.events_capacity and not grow_events(core):
        return &core.spare_event
    event = &core.events[core.events_count]
    event.sequence = command.sequence
    event.time_ns = command.time_ns
    event.kind = <uint8_t> kind
    event.fee_atoms = 0
    event.maker_order_id = 0
    event.maker_leaves_lots = 0
    event.maker_fee_atoms = 0
    event.trade_id = 0
    event.maker_account_id = 0
    event.event_index = <uint32_t> (core.events_count - core.events_first)
    event.maker_client_id_low = 0
    event.maker_client_id_high = 0
    event.maker_filled_lots = 0
    core.events_count += 1
    return event


cdef inline Event *new_event(Core *core, const Command *command, int kind) noexcept nogil:
    # An event with the command's sequence and time, all else zero.
    cdef Event *event = open_event(core, command, kind)
    memset(&event.side, 0, 15)  # to the end of market_id
    memset(&event.order_id, 0, 56)  # to the end of leaves_lots
    return event
