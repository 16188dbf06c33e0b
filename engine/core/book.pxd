"""A book: a sorted array of keys per side with the best last, and a queue of orders per level."""

from libc.stdint cimport int64_t, uint32_t

from engine.core.state cimport BookSide, Core, Level, Market

cdef enum:
    FIRST_KEYS = 16
    NEAR = 8  # keys looked at one by one before the search halves

cdef bint reserve_key(BookSide *side) noexcept nogil
cdef uint32_t find_key(BookSide *side, int64_t key) noexcept nogil
cdef void link(
    Core *core, Market *market, int book, int64_t price_ticks, uint32_t slot
) noexcept nogil
cdef void unlink(Core *core, uint32_t slot) noexcept nogil


cdef inline void insert_after(
    Core *core, Level *level, uint32_t after, uint32_t slot
) noexcept nogil:
    # Put an order into a queue behind another, at its head when `after` is 0.
    cdef uint32_t before = core.orders[after].next if after != 0 else level.head
    core.orders[slot].previous = after
    core.orders[slot].next = before
    if after != 0:
        core.orders[after].next = slot
    else:
        level.head = slot
    if before != 0:
        core.orders[before].previous = slot
    else:
        level.tail = slot


cdef inline int opposite(int side_number) noexcept nogil:
    return 3 - side_number


cdef inline bint reaches(BookSide *side, int64_t key) noexcept nogil:
    # Whether the best price is at least as good as the one of this key.
    return side.count != 0 and side.keys[side.count - 1] >= key
