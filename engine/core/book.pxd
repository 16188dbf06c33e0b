"""A book: a sorted array of keys per side with the best last, and a queue of orders per level."""

from libc.stdint cimport int64_t, uint32_t

from engine.core.mixed cimport unlink_special
from engine.core.state cimport SPECIAL, BookSide, Core, Level, Market, Order
from engine.core.sums cimport touch_level

cdef enum:
    FIRST_KEYS = 16
    NEAR = 8  # keys looked at one by one before the search halves

cdef bint grow_side(BookSide *side) noexcept nogil
cdef uint32_t find_key(BookSide *side, int64_t key) noexcept nogil
cdef void link(
    Core *core, Market *market, int book, int64_t price_ticks, uint32_t slot
) noexcept nogil
cdef void remove_level(Core *core, uint32_t index) noexcept nogil


cdef inline bint has_room_for_key(BookSide *side) noexcept nogil:
    return side.count < side.capacity or grow_side(side)


cdef inline void insert_after(
    Core *core, Level *level, uint32_t after, uint32_t slot
) noexcept nogil:
    # Put an order into a queue behind another, at its head when `after` is 0. As in `unlink`, slot
    # 0 takes what is written to it.
    cdef uint32_t before = core.orders[after].next if after != 0 else level.head
    core.orders[slot].previous = after
    core.orders[slot].next = before
    core.orders[after].next = slot
    core.orders[before].previous = slot
    level.head = slot if after == 0 else level.head
    level.tail = slot if before == 0 else level.tail


cdef inline int opposite(int side_number) noexcept nogil:
    return 3 - side_number


cdef inline bint reaches(BookSide *side, int64_t key) noexcept nogil:
    # Whether the best price is at least as good as the one of this key.
    return side.count != 0 and side.keys[side.count - 1] >= key


cdef inline void unlink(Core *core, uint32_t slot) noexcept nogil:
    # Take an order out of its level; a level that becomes empty vanishes. Slot 0 stands for no
    # neighbour and takes what is written to it, so there is nothing to branch on.
    cdef Order *order = &core.orders[slot]
    cdef Level *level = &core.levels[order.level]
    touch_level(core, order.level)
    if order.flags & SPECIAL:
        unlink_special(core, slot)
    else:
        level.quantity_lots -= order.leaves_lots
    core.orders[order.previous].next = order.next
    core.orders[order.next].previous = order.previous
    level.head = order.next if order.previous == 0 else level.head
    level.tail = order.previous if order.next == 0 else level.tail
    level.order_count -= 1
    if level.order_count == 0:
        remove_level(core, order.level)
