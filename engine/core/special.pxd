"""Orders that are more than a plain limit or market order."""

from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t

from engine.core.constants cimport FOK, MARKET, POST_ONLY
from engine.core.layout cimport Command
from engine.core.state cimport SPECIAL, Core, Market, Taker

cdef int place_special(Core *core, const Command *command) noexcept nogil
cdef int replace_waiting(Core *core, uint32_t slot, const Command *command) noexcept nogil
cdef void slide(Taker *taker) noexcept nogil
cdef bint reserve_stop(Core *core, Market *market, int book) noexcept nogil


cdef inline bint is_special(const Command *command) noexcept nogil:
    # Whether a place asks for more than a plain order has. Words 10 to 15 are its special fields.
    cdef const uint64_t *words = <const uint64_t *> command
    if (words[10] | words[11] | words[12] | words[13] | words[14] | words[15] | command.tag) != 0:
        return True
    return (
        command.order_type > MARKET
        or command.time_in_force > FOK
        or command.flags & ~POST_ONLY != 0
    )


cdef inline bint is_too_old(const Command *command) noexcept nogil:
    # Whether an order that has a largest age is older.
    cdef int64_t age_ns = command.time_ns - command.sent_time_ns
    return command.asset_id != 0 and age_ns > <int64_t> command.asset_id * 1000000


cdef inline bint has_tag(Core *core, uint32_t slot, uint16_t tag) noexcept nogil:
    return core.orders[slot].flags & SPECIAL != 0 and core.extras[slot].tag == tag
