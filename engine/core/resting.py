# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What happens to a working order besides trading: it is unlocked, cancelled, forgotten."""

import cython
from cython.cimports.engine.core.book import unlink
from cython.cimports.engine.core.constants import EVENT_CANCELLED, RESTING, WAITING
from cython.cimports.engine.core.due import leave_due
from cython.cimports.engine.core.hashing import order_id_hash
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.pools import free_order_slot
from cython.cimports.engine.core.resting import locked_atoms, seen_lots
from cython.cimports.engine.core.state import SPECIAL, Account, Balance, Core, Order, check
from cython.cimports.engine.core.stops import stop_waiting
from cython.cimports.engine.core.sums import take_order, touch_balance
from cython.cimports.engine.core.table import table_remove
from cython.cimports.engine.core.writer import order_event
from cython.cimports.libc.stdint import int64_t, uint32_t


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
def forget(core: cython.pointer(Core), slot: uint32_t) -> cython.void:
    """Take an order that left its level, and the sum, out of the index."""
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    if order.flags & SPECIAL and core.extras[slot].due_position != 0:
        leave_due(core, slot)
    account: cython.pointer(Account) = cython.address(
        core.accounts[core.balances[order.lock_balance].account_id]
    )
    found: cython.bint = table_remove(
        cython.address(core.order_table), order_id_hash(order.order_id), slot
    )
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
