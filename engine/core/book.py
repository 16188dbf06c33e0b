# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Resting and removing orders.

Orders come and go near the best price, so the best key is last: a search starts there, and an
insertion moves little.
"""

import cython
from cython.cimports.engine.core.book import FIRST_KEYS, NEAR, insert_after
from cython.cimports.engine.core.mixed import link_special
from cython.cimports.engine.core.pools import free_level_slot, take_level_slot
from cython.cimports.engine.core.state import (
    LEVEL_CHANGED,
    MIXED,
    SPECIAL,
    BookSide,
    Core,
    Level,
    Market,
    Order,
    check,
)
from cython.cimports.engine.core.sums import note, touch_level
from cython.cimports.libc.stdint import int64_t, uint32_t
from cython.cimports.libc.stdlib import realloc
from cython.cimports.libc.string import memmove


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def grow_side(side: cython.pointer(BookSide)) -> cython.bint:
    """Double the room for keys; False when there is no memory."""
    capacity: uint32_t = side.capacity * 2 if side.capacity else FIRST_KEYS
    keys: cython.p_void = realloc(side.keys, capacity * cython.sizeof(int64_t))
    if keys == cython.NULL:
        return False
    side.keys = cython.cast(cython.pointer(int64_t), keys)
    levels: cython.p_void = realloc(side.levels, capacity * cython.sizeof(uint32_t))
    if levels == cython.NULL:
        return False
    side.levels = cython.cast(cython.pointer(uint32_t), levels)
    side.capacity = capacity
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def find_key(side: cython.pointer(BookSide), key: int64_t) -> uint32_t:
    """Find the first position whose key is not below `key`."""
    base: cython.pointer(int64_t) = side.keys
    count: uint32_t = side.count
    half: uint32_t
    below: uint32_t = 0
    i: cython.int
    # Nothing could predict a branch on these comparisons, so there is none.
    if count > NEAR and base[count - NEAR - 1] < key:
        base += count - NEAR
        for i in range(NEAR):
            below += base[i] < key
        return count - NEAR + below
    while count > 0:
        half = (count + 1) >> 1
        base += half * (base[half - 1] < key)
        count -= half
    return cython.cast(uint32_t, base - side.keys)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def link(
    core: cython.pointer(Core),
    market: cython.pointer(Market),
    book: cython.int,
    price_ticks: int64_t,
    slot: uint32_t,
) -> cython.void:
    """Put an order at the back of its level; there is room for a level and its key."""
    side: cython.pointer(BookSide) = cython.address(market.sides[book])
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    key: int64_t = price_ticks * side.sign
    at: uint32_t = find_key(side, key)
    index: uint32_t
    level: cython.pointer(Level)
    check(core, order.leaves_lots > 0, b"a resting order has leaves")
    if at < side.count and side.keys[at] == key:
        index = side.levels[at]
        touch_level(core, index)
        level = cython.address(core.levels[index])
    else:
        index = insert_level(core, side, at, key)
        level = cython.address(core.levels[index])
        level.price_ticks = price_ticks
        level.quantity_lots = 0
        level.order_count = 0
        level.head = 0
        level.tail = 0
        level.market_id = market.market_id
        level.book = book
        level.flags &= ~MIXED
    order.level = index
    level.order_count += 1
    if order.flags & SPECIAL or level.flags & MIXED:
        link_special(core, index, slot)
        return
    insert_after(core, level, level.tail, slot)
    level.quantity_lots += order.leaves_lots


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def insert_level(
    core: cython.pointer(Core), side: cython.pointer(BookSide), at: uint32_t, key: int64_t
) -> uint32_t:
    """Open a level at a position of the side."""
    index: uint32_t = take_level_slot(core)
    behind: cython.size_t = side.count - at
    if behind != 0:
        memmove(side.keys + at + 1, side.keys + at, behind * cython.sizeof(int64_t))
        memmove(side.levels + at + 1, side.levels + at, behind * cython.sizeof(uint32_t))
    side.keys[at] = key
    side.levels[at] = index
    side.count += 1
    if not core.levels[index].flags & LEVEL_CHANGED:
        core.levels[index].flags |= LEVEL_CHANGED
        note(cython.address(core.levels_changed), index)
    return index


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def remove_level(core: cython.pointer(Core), index: uint32_t) -> cython.void:
    """Close an empty level."""
    level: cython.pointer(Level) = cython.address(core.levels[index])
    side: cython.pointer(BookSide) = cython.address(core.markets[level.market_id].sides[level.book])
    at: uint32_t = find_key(side, level.price_ticks * side.sign)
    is_there: cython.bint = at < side.count and side.levels[at] == index
    if not check(core, is_there, b"a level is where its price belongs"):
        return
    check(core, level.quantity_lots == 0, b"a level without orders has no quantity")
    side.count -= 1
    behind: cython.size_t = side.count - at
    if behind != 0:
        memmove(side.keys + at, side.keys + at + 1, behind * cython.sizeof(int64_t))
        memmove(side.levels + at, side.levels + at + 1, behind * cython.sizeof(uint32_t))
    free_level_slot(core, index)
