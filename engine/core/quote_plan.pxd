"""What a mass quote will do: which orders go, stay and arrive, and whether it may."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from engine.core.layout cimport Command
from engine.core.state cimport Core, Market

# An order of the former quote.
cdef struct Former:
    int64_t rank  # by price, the best of its side first
    uint64_t order_id
    uint32_t slot
    int side
    bint is_kept

# An order that a quote asks for.
cdef struct Wanted:
    int64_t price_ticks
    int64_t lots
    int64_t kept  # which former order stays for it, from 1; 0: a new one arrives
    int side

# What a mass quote will do; both lists are bids first, then asks, each best first.
cdef struct Plan:
    Market *market
    Former *former
    Wanted *wanted
    int64_t former_count
    int64_t wanted_count
    int64_t kept_count

cdef void list_quotes(Core *core, Plan *plan, const Command *command) noexcept nogil
cdef int plan_quote(Core *core, Plan *plan, const Command *command) noexcept nogil
