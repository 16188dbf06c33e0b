"""A look at the commands that come next."""

from libc.stdint cimport int64_t, uint64_t

from engine.core.layout cimport Command
from engine.core.state cimport Core

cdef void look_ahead(Core *core, const Command *commands, int64_t count) noexcept nogil
cdef uint64_t hash_bodies(const Command *command, int64_t entries) noexcept nogil
