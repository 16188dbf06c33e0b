"""Finding a working order by its id.

Ids rise, and most orders end young: the newest ids have an array of their own, by id, without a
search. An order that outlives its place there moves to a table.
"""

from libc.stdint cimport uint32_t, uint64_t

from engine.core.hashing cimport order_id_hash
from engine.core.state cimport Core
from engine.core.table cimport prefetch, table_has_room, table_prefetch, table_remove

cdef enum:
    FIRST_RECENT = 1024
    RECENT_MAX = 1048576  # 4 MiB
    RECENT_PER_ORDER = 4  # the array grows while it has fewer places than this per working order

cdef bint grow_recent(Core *core) noexcept nogil
cdef void age_recent(Core *core) noexcept nogil
cdef uint32_t search_order(Core *core, uint64_t order_id) noexcept nogil


cdef inline bint has_room_for_id(Core *core) noexcept nogil:
    # Whether the next id can be taken; False when there is no memory.
    return table_has_room(&core.order_table) and (
        core.recent_count != 0 or grow_recent(core)
    )


cdef inline bint is_recent(Core *core, uint64_t order_id) noexcept nogil:
    # An id that is still to come may pass, and finds nothing.
    return order_id - core.recent_first < core.recent_count


cdef inline uint32_t *recent_place(Core *core, uint64_t order_id) noexcept nogil:
    return &core.recent[order_id & (core.recent_count - 1)]


cdef inline uint64_t take_order_id(Core *core) noexcept nogil:
    # The next id; there is room (`has_room_for_id`). The oldest recent id may lose its place.
    cdef uint64_t order_id = core.next_order_id
    if order_id - core.recent_first == core.recent_count:
        age_recent(core)
    core.next_order_id += 1
    return order_id


cdef inline uint32_t find_order(Core *core, uint64_t order_id) noexcept nogil:
    # The slot of a working order, 0 when there is none of this id.
    if is_recent(core, order_id):
        return recent_place(core, order_id)[0]
    return search_order(core, order_id)


cdef inline void prefetch_order_place(Core *core, uint64_t order_id) noexcept nogil:
    if is_recent(core, order_id):
        prefetch(recent_place(core, order_id))
    else:
        table_prefetch(&core.order_table, order_id_hash(order_id))


cdef inline void index_order(Core *core, uint64_t order_id, uint32_t slot) noexcept nogil:
    # Enter the order whose id was taken last.
    recent_place(core, order_id)[0] = slot


cdef inline bint unindex_order(Core *core, uint64_t order_id, uint32_t slot) noexcept nogil:
    # Take an order out; tell whether it was there.
    cdef uint32_t *place
    if not is_recent(core, order_id):
        return table_remove(&core.order_table, order_id_hash(order_id), slot)
    place = recent_place(core, order_id)
    if place[0] != slot:
        return False
    place[0] = 0
    return True
