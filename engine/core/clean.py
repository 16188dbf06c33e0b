# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Clearing of what free slots held before, in a copy of a slab that goes to a tape.

A free slot keeps only its link. So what is written follows from the commands alone, and memory that
never belonged to the state does not leave the process.
"""

import cython
from cython.cimports.engine.core.state import (
    MIXED,
    SPECIAL,
    Core,
    Extra,
    Level,
    LevelDetail,
    Limit,
    Order,
    OrderDetail,
    Withdrawal,
)
from cython.cimports.libc.stdint import uint32_t
from cython.cimports.libc.string import memset


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def clean_orders(
    core: cython.pointer(Core),
    orders: cython.pointer(Order),
    details: cython.pointer(OrderDetail),
    extras: cython.pointer(Extra),
) -> cython.void:
    """Clear free orders, and the extras of those that are not special."""
    i: uint32_t
    is_free: cython.bint
    for i in range(core.order_slab.length):
        is_free = i == 0 or core.orders[i].level == 0
        if is_free:
            memset(orders + i, 0, cython.sizeof(Order))
            orders[i].next = core.orders[i].next if i != 0 else 0
            memset(details + i, 0, cython.sizeof(OrderDetail))
        if is_free or not core.orders[i].flags & SPECIAL:
            memset(extras + i, 0, cython.sizeof(Extra))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def clean_levels(
    core: cython.pointer(Core),
    levels: cython.pointer(Level),
    details: cython.pointer(LevelDetail),
) -> cython.void:
    """Clear free levels, and the details of those where all is seen."""
    i: uint32_t
    is_free: cython.bint
    for i in range(core.level_slab.length):
        is_free = i == 0 or core.levels[i].order_count == 0
        if is_free:
            memset(levels + i, 0, cython.sizeof(Level))
            levels[i].head = core.levels[i].head if i != 0 else 0
        if is_free or not core.levels[i].flags & MIXED:
            memset(details + i, 0, cython.sizeof(LevelDetail))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def clean_withdrawals(
    core: cython.pointer(Core), withdrawals: cython.pointer(Withdrawal)
) -> cython.void:
    """Clear free withdrawals, and the bytes that make a struct's length even."""
    i: uint32_t
    item: cython.pointer(Withdrawal)
    for i in range(core.withdrawal_slab.length):
        item = cython.address(core.withdrawals[i])
        memset(withdrawals + i, 0, cython.sizeof(Withdrawal))
        if i != 0 and item.withdrawal_id != 0:
            withdrawals[i].withdrawal_id = item.withdrawal_id
            withdrawals[i].amount_atoms = item.amount_atoms
            withdrawals[i].account_id = item.account_id
            withdrawals[i].asset_id = item.asset_id
        withdrawals[i].next = item.next if i != 0 and item.withdrawal_id == 0 else 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def clean_limits(core: cython.pointer(Core), limits: cython.pointer(Limit)) -> cython.void:
    """Clear free limits."""
    i: uint32_t
    for i in range(core.limit_slab.length):
        if i == 0 or core.limits[i].value == 0:
            memset(limits + i, 0, cython.sizeof(Limit))
            limits[i].next = core.limits[i].next if i != 0 else 0
