"""Order commands."""

from engine.core.layout cimport Command
from engine.core.state cimport Core

cdef int place(Core *core, const Command *command) noexcept nogil
cdef int cancel_one(Core *core, const Command *command) noexcept nogil
cdef int cancel_all(Core *core, const Command *command) noexcept nogil
cdef int replace(Core *core, const Command *command) noexcept nogil
