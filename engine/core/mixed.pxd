"""Levels at which not everything is seen: hidden orders, and reserves of icebergs."""

from libc.stdint cimport int64_t, uint32_t

from engine.core.layout cimport Command
from engine.core.state cimport Core

cdef void link_special(Core *core, uint32_t index, uint32_t slot) noexcept nogil
cdef void unlink_special(Core *core, uint32_t slot) noexcept nogil
cdef int take_open(Core *core, uint32_t slot, int64_t lots) noexcept nogil
cdef int64_t shrink(Core *core, uint32_t slot, int64_t lots) noexcept nogil
cdef int64_t take_off(Core *core, uint32_t slot, int64_t lots, int64_t seen) noexcept nogil
cdef void refresh(Core *core, uint32_t slot, const Command *command) noexcept nogil


cdef inline void show_tranche(Core *core, uint32_t slot) noexcept nogil:
    # Show a tranche of an order, or what is left when that is less; other orders have none.
    core.extras[slot].visible_lots = min(
        core.extras[slot].display_lots, core.orders[slot].leaves_lots
    )
