"""Arriving orders."""

from libc.stdint cimport int64_t, uint32_t

from engine.core.layout cimport Command
from engine.core.state cimport Core, Market, Taker

cdef int place(Core *core, const Command *command, bint plain) noexcept nogil
cdef void arrive(Core *core, Taker *taker, Market *market, const Command *command) noexcept nogil
cdef void aim(Core *core, Taker *taker, Market *market, int64_t price_ticks) noexcept nogil
cdef void narrow(Taker *taker) noexcept nogil
cdef bint reserve(Core *core, Taker *taker) noexcept nogil
cdef uint32_t enter(Core *core, Taker *taker) noexcept nogil
cdef void settle(Core *core, Taker *taker, int64_t required) noexcept nogil
cdef void work(
    Core *core, Taker *taker, int64_t answer_index, const Command *command
) noexcept nogil
