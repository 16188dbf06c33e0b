"""Deadlines of accounts, which cancel their orders when they are not renewed."""

from libc.stdint cimport int64_t

from engine.core.hashing cimport Hash
from engine.core.layout cimport Command
from engine.core.state cimport Core, Deadline

cdef Hash hash_deadline(const Deadline *deadline) noexcept nogil
cdef int set_deadline(Core *core, const Command *command) noexcept nogil
cdef void pass_deadline(Core *core, const Command *command) noexcept nogil
cdef void audit_deadlines(Core *core) noexcept nogil


cdef inline int64_t due_ns(const Deadline *deadline) noexcept nogil:
    # When something is next to be done: it is told at three quarters, and done at the end.
    return deadline.end_ns if deadline.is_near else deadline.end_ns - deadline.timeout_ns // 4
