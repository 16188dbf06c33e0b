# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Growth of the slabs: each starts small and doubles, and gives no memory back before the end.

A command reserves what it may need before it changes anything, so that a lack of memory stops it
whole.
"""

import cython
from cython.cimports.engine.core.layout import Event
from cython.cimports.engine.core.memory import touch, use_large_pages
from cython.cimports.engine.core.pools import (
    FIRST_ASSETS,
    FIRST_CAPACITY,
    FIRST_EVENTS,
    FIRST_ORDERS,
    has_free,
)
from cython.cimports.engine.core.state import (
    Account,
    Balance,
    Changes,
    Core,
    Extra,
    Level,
    LevelDetail,
    Limit,
    Order,
    OrderDetail,
    Queue,
    Slab,
    Withdrawal,
    check,
)
from cython.cimports.engine.core.table import table_has_room
from cython.cimports.libc.stdint import int64_t, uint32_t
from cython.cimports.libc.stdlib import malloc, realloc
from cython.cimports.libc.string import memcpy, memset


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def grown(
    memory: cython.pointer(cython.p_void), count: cython.size_t, size: cython.size_t
) -> cython.bint:
    """Give an array room for `count` items; False, and nothing changed, when there is none."""
    moved: cython.p_void = realloc(memory[0], count * size)
    if moved == cython.NULL:
        return False
    use_large_pages(moved, count * size)
    memory[0] = moved
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def next_capacity(slab: cython.pointer(Slab)) -> uint32_t:
    """Give the capacity after the next growth, 0 when it cannot grow; start with slot 0 used."""
    if slab.capacity == 0:
        slab.length = 1
        return FIRST_CAPACITY
    return slab.capacity * 2 if slab.capacity < 1 << 30 else 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def grow_changes(changes: cython.pointer(Changes), capacity: uint32_t) -> cython.bint:
    """Give the list of changes room for every slot of its slab, and one more."""
    memory: cython.pointer(cython.p_void) = cython.cast(
        cython.pointer(cython.p_void), cython.address(changes.slots)
    )
    return grown(memory, cython.cast(cython.size_t, capacity) + 1, cython.sizeof(uint32_t))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def grow_orders(core: cython.pointer(Core)) -> cython.bint:
    """Double the room for working orders."""
    slab: cython.pointer(Slab) = cython.address(core.order_slab)
    capacity: uint32_t = next_capacity(slab)
    orders: cython.pointer(cython.p_void) = cython.cast(
        cython.pointer(cython.p_void), cython.address(core.orders)
    )
    details: cython.pointer(cython.p_void) = cython.cast(
        cython.pointer(cython.p_void), cython.address(core.details)
    )
    extras: cython.pointer(cython.p_void) = cython.cast(
        cython.pointer(cython.p_void), cython.address(core.extras)
    )
    if (
        capacity == 0
        or not grow_changes(cython.address(core.orders_changed), capacity)
        or not grown(orders, capacity, cython.sizeof(Order))
        or not grown(details, capacity, cython.sizeof(OrderDetail))
        or not grown(extras, capacity, cython.sizeof(Extra))
    ):
        return False
    slab.capacity = capacity
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def prepare_orders(core: cython.pointer(Core), count: uint32_t) -> cython.bint:
    """Take memory for so many working orders, and touch it; False when there is not so much."""
    slab: cython.pointer(Slab) = cython.address(core.order_slab)
    while slab.capacity <= count:
        if not grow_orders(core):
            return False
    touch(core.orders, slab.capacity * cython.sizeof(Order))
    touch(core.details, slab.capacity * cython.sizeof(OrderDetail))
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def grow_levels(core: cython.pointer(Core)) -> cython.bint:
    """Double the room for levels."""
    slab: cython.pointer(Slab) = cython.address(core.level_slab)
    capacity: uint32_t = next_capacity(slab)
    levels: cython.pointer(cython.p_void) = cython.cast(
        cython.pointer(cython.p_void), cython.address(core.levels)
    )
    details: cython.pointer(cython.p_void) = cython.cast(
        cython.pointer(cython.p_void), cython.address(core.level_details)
    )
    if (
        capacity == 0
        or not grow_changes(cython.address(core.levels_changed), capacity)
        or not grown(levels, capacity, cython.sizeof(Level))
        or not grown(details, capacity, cython.sizeof(LevelDetail))
    ):
        return False
    slab.capacity = capacity
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def reserve_queue(queue: cython.pointer(Queue), more: uint32_t) -> cython.bint:
    """Make room for so many more slots at a queue's end."""
    capacity: uint32_t = queue.capacity if queue.capacity else FIRST_CAPACITY
    while capacity < queue.count + more:
        capacity *= 2
    if capacity == queue.capacity:
        return True
    slots: cython.pointer(cython.p_void) = cython.cast(
        cython.pointer(cython.p_void), cython.address(queue.slots)
    )
    if not grown(slots, capacity, cython.sizeof(uint32_t)):
        return False
    queue.capacity = capacity
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def grow_account_orders(account: cython.pointer(Account)) -> cython.bint:
    """Double the room of an account's list of orders."""
    capacity: uint32_t = account.orders_capacity * 2 if account.orders_capacity else FIRST_ORDERS
    orders: cython.pointer(cython.p_void) = cython.cast(
        cython.pointer(cython.p_void), cython.address(account.orders)
    )
    if not grown(orders, capacity, cython.sizeof(uint32_t)):
        return False
    account.orders_capacity = capacity
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def reserve_withdrawal(core: cython.pointer(Core)) -> cython.bint:
    """Make room for one more open withdrawal."""
    slab: cython.pointer(Slab) = cython.address(core.withdrawal_slab)
    if not table_has_room(cython.address(core.withdrawal_table)):
        return False
    if has_free(slab):
        return True
    capacity: uint32_t = next_capacity(slab)
    items: cython.pointer(cython.p_void) = cython.cast(
        cython.pointer(cython.p_void), cython.address(core.withdrawals)
    )
    if capacity == 0 or not grown(items, capacity, cython.sizeof(Withdrawal)):
        return False
    slab.capacity = capacity
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def reserve_limit(core: cython.pointer(Core)) -> cython.bint:
    """Make room for a limit."""
    slab: cython.pointer(Slab) = cython.address(core.limit_slab)
    memory: cython.pointer(cython.p_void) = cython.cast(
        cython.pointer(cython.p_void), cython.address(core.limits)
    )
    if has_free(slab):
        return True
    capacity: uint32_t = next_capacity(slab)
    if capacity == 0 or not grown(memory, capacity, cython.sizeof(Limit)):
        return False
    slab.capacity = capacity
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def reserve_account(core: cython.pointer(Core), account_id: uint32_t) -> cython.bint:
    """Make room for an account of this id."""
    capacity: uint32_t = core.accounts_capacity if core.accounts_capacity else FIRST_CAPACITY
    while capacity <= account_id:
        capacity *= 2
    if capacity == core.accounts_capacity:
        return True
    accounts: cython.pointer(cython.p_void) = cython.cast(
        cython.pointer(cython.p_void), cython.address(core.accounts)
    )
    if not grown(accounts, capacity, cython.sizeof(Account)):
        return False
    memset(
        core.accounts + core.accounts_capacity,
        0,
        (capacity - core.accounts_capacity) * cython.sizeof(Account),
    )
    core.accounts_capacity = capacity
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def reserve_balance(core: cython.pointer(Core)) -> cython.bint:
    """Make room for one more balance."""
    slab: cython.pointer(Slab) = cython.address(core.balance_slab)
    if slab.length < slab.capacity:
        return True
    capacity: uint32_t = next_capacity(slab)
    balances: cython.pointer(cython.p_void) = cython.cast(
        cython.pointer(cython.p_void), cython.address(core.balances)
    )
    if (
        capacity == 0
        or not grow_changes(cython.address(core.balances_changed), capacity)
        or not grown(balances, capacity, cython.sizeof(Balance))
    ):
        return False
    slab.capacity = capacity
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def reserve_asset(account: cython.pointer(Account), asset_id: uint32_t) -> cython.bint:
    """Make room for an asset of this id in the account's table of balances."""
    capacity: uint32_t = account.balances_capacity if account.balances_capacity else FIRST_ASSETS
    while capacity <= asset_id:
        capacity *= 2
    if capacity == account.balances_capacity:
        return True
    balances: cython.pointer(cython.p_void) = cython.cast(
        cython.pointer(cython.p_void), cython.address(account.balances)
    )
    if not grown(balances, capacity, cython.sizeof(uint32_t)):
        return False
    memset(
        account.balances + account.balances_capacity,
        0,
        (capacity - account.balances_capacity) * cython.sizeof(uint32_t),
    )
    account.balances_capacity = capacity
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def open_balance(core: cython.pointer(Core), account_id: uint32_t, asset_id: uint32_t) -> uint32_t:
    """Make an empty balance and give its index; 0 when there is no memory."""
    account: cython.pointer(Account) = cython.address(core.accounts[account_id])
    enough: cython.bint = reserve_balance(core) and reserve_asset(account, asset_id)
    if not check(core, enough, b"there is memory for a balance"):
        return 0
    index: uint32_t = core.balance_slab.length
    balance: cython.pointer(Balance) = cython.address(core.balances[index])
    memset(balance, 0, cython.sizeof(Balance))
    balance.account_id = account_id
    balance.asset_id = asset_id
    account.balances[asset_id] = index
    core.balance_slab.length += 1
    core.balance_slab.count += 1
    return index


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def grow_events(core: cython.pointer(Core)) -> cython.bint:
    """Make room for more events; those in an array that was lent are copied to one of our own."""
    capacity: int64_t = core.events_capacity * 2 if core.events_capacity else FIRST_EVENTS
    events: cython.pointer(cython.p_void) = cython.cast(
        cython.pointer(cython.p_void), cython.address(core.events)
    )
    own: cython.p_void
    enough: cython.bint
    if core.events != cython.NULL and core.events == core.lent_events:
        own = malloc(capacity * cython.sizeof(Event))
        enough = own != cython.NULL
        if enough:
            memcpy(own, core.events, core.events_count * cython.sizeof(Event))
            core.events = cython.cast(cython.pointer(Event), own)
    else:
        enough = grown(events, capacity, cython.sizeof(Event))
    if enough:
        core.events_capacity = capacity
    return check(core, enough, b"there is memory for an event")
