"""Bytes that a state is written to and read from, by one and the same walk."""

from libc.stdint cimport uint8_t, uint32_t

cdef enum:
    MEASURE = 0  # count the bytes
    WRITE = 1
    READ = 2

cdef struct Tape:
    uint8_t *bytes
    size_t at
    size_t length
    int mode
    bint is_short  # it ended too early, or there was no memory

cdef bint pass_over(Tape *tape, void *memory, size_t size) noexcept nogil
cdef void pass_array(
    Tape *tape, void **memory, size_t count, size_t capacity, size_t size
) noexcept nogil


cdef inline bint is_reading(const Tape *tape) noexcept nogil:
    return tape.mode == READ
