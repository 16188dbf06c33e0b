"""Limits and kill switches: what an order or a replace must pass before it is judged at all."""

from libc.stdint cimport int64_t, uint32_t

from engine.core.hashing cimport Hash
from engine.core.layout cimport Command
from engine.core.state cimport Core, Limit, Market

# What an order or a replace asks for.
cdef struct Asked:
    Market *market
    int64_t lots
    int64_t price_ticks  # its limit, 0 for none
    int64_t value_price_ticks  # limit, trigger or last price
    int64_t time_ns
    uint32_t account_id
    uint32_t replaced  # the slot of the order that a replace changes
    int side
    bint may_rest

cdef uint32_t broken_kinds(Core *core, Asked *asked, uint32_t index) noexcept nogil
cdef bint is_stopped(Core *core, const Market *market, uint32_t account_id) noexcept nogil
cdef int reject_of_kinds(uint32_t broken) noexcept nogil
cdef int64_t open_orders(Core *core, Asked *asked, uint32_t market_id) noexcept nogil
cdef int64_t holding_lots(Core *core, Asked *asked) noexcept nogil
cdef int place_control_reject(Core *core, const Command *command) noexcept nogil
cdef int replace_control_reject(
    Core *core, uint32_t slot, const Command *command, int64_t trigger_price_ticks
) noexcept nogil
cdef void count_message(Core *core, const Command *command) noexcept nogil
cdef Hash hash_limit(const Limit *limit) noexcept nogil
