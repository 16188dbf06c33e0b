# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What happens to a working order besides trading: it is found, cancelled, forgotten."""

import cython
from cython.cimports.engine.core.before_arrival import cancel_before_arrival
from cython.cimports.engine.core.book import unlink
from cython.cimports.engine.core.constants import (
    ANSWER,
    BEFORE_ARRIVAL,
    EVENT_CANCELLED,
    EVENT_CANCELLED_ALL,
    ON_DISCONNECT,
    REASON_CANCEL_ALL,
    REASON_DISCONNECTED,
    REASON_REQUESTED,
    REJECT_NONE,
    RESTING,
    UNKNOWN_ORDER,
    WAITING,
)
from cython.cimports.engine.core.due import leave_due
from cython.cimports.engine.core.hashing import client_id_hash
from cython.cimports.engine.core.ids import find_entry
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.order_index import find_order, unindex_order
from cython.cimports.engine.core.pegs import leave_pegs
from cython.cimports.engine.core.pools import free_order_slot, new_event
from cython.cimports.engine.core.resting import locked_atoms, seen_lots
from cython.cimports.engine.core.special import has_tag
from cython.cimports.engine.core.state import (
    SPECIAL,
    Account,
    Balance,
    Core,
    IdEntry,
    Level,
    Order,
    check,
    is_peg,
    level_side,
)
from cython.cimports.engine.core.stops import stop_waiting
from cython.cimports.engine.core.sums import take_order, touch_balance
from cython.cimports.engine.core.writer import order_event
from cython.cimports.libc.stdint import int64_t, uint32_t, uint64_t
from cython.cimports.libc.stdlib import free, malloc, qsort


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def target(core: cython.pointer(Core), command: cython.pointer(cython.const[Command])) -> uint32_t:
    """Find the working order that a command names by either id, if it is the account's own."""
    order_id: uint64_t = command.order_id
    low: uint64_t = command.target_client_id_low
    high: uint64_t = command.target_client_id_high
    entry: cython.pointer(IdEntry)
    place: uint64_t = 0
    if order_id == 0:
        if core.ids.table.slots == cython.NULL:
            return 0
        entry = find_entry(
            cython.address(core.ids),
            client_id_hash(command.account_id, low, high),
            command.account_id,
            low,
            high,
            cython.address(place),
        )
        if entry == cython.NULL:
            return 0
        order_id = entry.order_id
    slot: uint32_t = core.slot_hint
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    if slot == 0 or order.level == 0 or order.order_id != order_id:
        slot = find_order(core, order_id)
        order = cython.address(core.orders[slot])
    if slot == 0:
        return 0
    if core.balances[order.lock_balance].account_id != command.account_id:
        return 0
    is_named: cython.bint = order.client_id_low == low and order.client_id_high == high
    return slot if command.order_id != 0 or is_named else 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def cancel_one(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Cancel one working order, or with BEFORE_ARRIVAL the id of one that is still to come."""
    slot: uint32_t = target(core, command)
    if slot == 0 and command.flags & BEFORE_ARRIVAL:
        return cancel_before_arrival(core, command)
    if slot == 0:
        return UNKNOWN_ORDER
    core.answer_order_id = core.orders[slot].order_id
    cancel(core, slot, REASON_REQUESTED, ANSWER, command)
    return REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def by_number(
    left: cython.pointer(cython.const[cython.void]),
    right: cython.pointer(cython.const[cython.void]),
) -> cython.int:
    """Compare two ids for `qsort`."""
    a: uint64_t = cython.cast(cython.pointer(cython.const[uint64_t]), left)[0]
    b: uint64_t = cython.cast(cython.pointer(cython.const[uint64_t]), right)[0]
    return (a > b) - (a < b)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def room_for_ids(core: cython.pointer(Core), count: uint32_t) -> cython.pointer(uint64_t):
    """Give room for the ids of so many orders to cancel; NULL, which is noted, without memory."""
    order_ids: cython.pointer(uint64_t) = cython.cast(
        cython.pointer(uint64_t), malloc((count + 1) * cython.sizeof(uint64_t))
    )
    check(core, order_ids != cython.NULL, b"there is memory for the orders to cancel")
    return order_ids


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def cancel_sorted(
    core: cython.pointer(Core),
    order_ids: cython.pointer(uint64_t),
    count: cython.size_t,
    reason: cython.int,
    command: cython.pointer(cython.const[Command]),
) -> int64_t:
    """Cancel orders by rising id, and free the list of their ids; give how many."""
    i: cython.size_t
    qsort(order_ids, count, cython.sizeof(uint64_t), by_number)
    for i in range(count):
        cancel(core, find_order(core, order_ids[i]), reason, 0, command)
    free(order_ids)
    return count


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def cancel_of_account(
    core: cython.pointer(Core),
    account_id: uint32_t,
    market_id: uint32_t,
    side: cython.int,
    tag: uint32_t,
    reason: cython.int,
    command: cython.pointer(cython.const[Command]),
) -> int64_t:
    """Cancel an account's orders, by rising order id; 0 stands for any. Give how many."""
    account: cython.pointer(Account) = cython.address(core.accounts[account_id])
    count: cython.size_t = 0
    i: uint32_t
    order: cython.pointer(Order)
    level: cython.pointer(Level)
    order_ids: cython.pointer(uint64_t) = room_for_ids(core, account.orders_count)
    if order_ids == cython.NULL:
        return 0
    for i in range(account.orders_count):
        order = cython.address(core.orders[account.orders[i]])
        level = cython.address(core.levels[order.level])
        if market_id not in (0, level.market_id):
            continue
        if side not in (0, level_side(level)):
            continue
        if tag != 0 and not has_tag(core, account.orders[i], tag):
            continue
        order_ids[count] = order.order_id
        count += 1
    return cancel_sorted(core, order_ids, count, reason, command)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def cancel_of_market(
    core: cython.pointer(Core),
    market_id: uint32_t,
    time_in_force: cython.int,
    reason: cython.int,
    command: cython.pointer(cython.const[Command]),
) -> int64_t:
    """Cancel a market's orders, by rising order id; 0 stands for any. Give how many."""
    order_ids: cython.pointer(uint64_t) = room_for_ids(core, core.order_slab.count)
    count: cython.size_t = 0
    i: uint32_t
    level: uint32_t
    if order_ids == cython.NULL:
        return 0
    for i in range(1, core.order_slab.length):
        level = core.orders[i].level
        if level == 0 or time_in_force not in (0, core.orders[i].time_in_force):
            continue
        if market_id in (0, core.levels[level].market_id):
            order_ids[count] = core.orders[i].order_id
            count += 1
    return cancel_sorted(core, order_ids, count, reason, command)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def cancel_all(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Cancel the account's orders, or those of a market, side and tag, by rising order id."""
    event: cython.pointer(Event)
    reason: cython.int = REASON_CANCEL_ALL
    if command.flags & ON_DISCONNECT:
        reason = REASON_DISCONNECTED
    count: int64_t = cancel_of_account(
        core,
        command.account_id,
        command.market_id,
        command.side,
        command.tag,
        reason,
        command,
    )
    event = new_event(core, command, EVENT_CANCELLED_ALL)
    event.side = command.side
    event.flags = ANSWER
    event.account_id = command.account_id
    event.market_id = command.market_id
    event.client_id_low = command.client_id_low
    event.client_id_high = command.client_id_high
    event.quantity_lots = count
    return REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def cancel(
    core: cython.pointer(Core),
    slot: uint32_t,
    reason: cython.int,
    flags: cython.int,
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """End a working order where it rests or waits, and free what it has locked."""
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    event: cython.pointer(Event) = order_event(core, command, EVENT_CANCELLED, slot)
    event.code = reason
    event.flags = flags | RESTING
    event.quantity_lots = order.leaves_lots
    event.leaves_lots = 0
    event.maker_fee_atoms = seen_lots(core, slot)
    unlock(core, order.lock_balance, locked_atoms(core, slot))
    take_order(core, slot)
    if order.flags & SPECIAL and core.extras[slot].is_waiting:
        event.flags = flags | WAITING
        event.price_ticks = core.extras[slot].limit_price_ticks
        event.maker_order_id = core.extras[slot].trigger_price_ticks
        stop_waiting(core, slot)
    else:
        unlink(core, slot)
    forget(core, slot)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def unlock(core: cython.pointer(Core), index: uint32_t, atoms: int64_t) -> cython.void:
    """Move from locked back to free."""
    balance: cython.pointer(Balance) = cython.address(core.balances[index])
    check(core, 0 <= atoms <= balance.locked_atoms, b"no more is unlocked than is locked")
    touch_balance(core, index)
    balance.locked_atoms -= atoms
    balance.free_atoms += atoms


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def forget(core: cython.pointer(Core), slot: uint32_t) -> cython.void:
    """Take an order that left its level, and the sum, out of the index."""
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    if order.flags & SPECIAL:
        if core.extras[slot].due_position != 0:
            leave_due(core, slot)
        if is_peg(order.order_type):
            leave_pegs(core, slot)
    account: cython.pointer(Account) = cython.address(
        core.accounts[core.balances[order.lock_balance].account_id]
    )
    found: cython.bint = unindex_order(core, order.order_id, slot)
    check(core, found, b"every working order is in the index")
    listed: cython.bint = (
        order.account_position < account.orders_count
        and account.orders[order.account_position] == slot
    )
    if not check(core, listed, b"every working order is in its account's list"):
        return
    account.orders_count -= 1
    last: uint32_t = account.orders[account.orders_count]
    account.orders[order.account_position] = last
    core.orders[last].account_position = order.account_position
    free_order_slot(core, slot)
