"""Order commands."""

from engine.core.layout cimport Command
from engine.core.state cimport Core, Market, Taker

cdef void arrive(Core *core, Taker *taker, Market *market, const Command *command) noexcept nogil
cdef int place(Core *core, const Command *command) noexcept nogil
cdef int cancel_one(Core *core, const Command *command) noexcept nogil
cdef int cancel_all(Core *core, const Command *command) noexcept nogil
cdef int replace(Core *core, const Command *command) noexcept nogil
