"""Arriving orders."""

from libc.stdint cimport int64_t

from engine.core.layout cimport Command
from engine.core.state cimport Core, Market, Taker

cdef int place(Core *core, const Command *command) noexcept nogil
cdef void aim(Core *core, Taker *taker, Market *market, int64_t price_ticks) noexcept nogil
cdef bint reserve(Core *core, Taker *taker) noexcept nogil
cdef void work(
    Core *core, Taker *taker, int64_t answer_index, const Command *command
) noexcept nogil
