"""Deposits and withdrawals."""

from libc.stdint cimport uint32_t, uint64_t

from engine.core.layout cimport Command
from engine.core.state cimport Core

cdef int deposit(Core *core, const Command *command) noexcept nogil
cdef int hold(Core *core, const Command *command) noexcept nogil
cdef int release(Core *core, const Command *command) noexcept nogil
cdef int finalize(Core *core, const Command *command) noexcept nogil
