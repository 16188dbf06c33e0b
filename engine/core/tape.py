# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Moving memory to and from a tape. One walk measures, writes and reads, so none can differ."""

import cython
from cython.cimports.engine.core.tape import MEASURE, READ, WRITE, Tape
from cython.cimports.libc.stdlib import calloc
from cython.cimports.libc.string import memcpy


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def pass_over(
    tape: cython.pointer(Tape), memory: cython.p_void, size: cython.size_t
) -> cython.bint:
    """Count, write or read so many bytes; False once the tape is too short for one of them."""
    if tape.mode != MEASURE and (tape.is_short or size > tape.length - tape.at):
        tape.is_short = True
        return False
    if size != 0 and tape.mode == WRITE:
        memcpy(tape.bytes + tape.at, memory, size)
    elif size != 0 and tape.mode == READ:
        memcpy(memory, tape.bytes + tape.at, size)
    tape.at += size
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def pass_array(
    tape: cython.pointer(Tape),
    memory: cython.pointer(cython.p_void),
    count: cython.size_t,
    capacity: cython.size_t,
    size: cython.size_t,
) -> cython.void:
    """Pass the first `count` items of an array; reading makes one with room for `capacity`."""
    if tape.mode == READ:
        memory[0] = cython.NULL
        if capacity == 0:
            return
        if tape.is_short or count > capacity or count > (tape.length - tape.at) // size:
            tape.is_short = True
            return
        memory[0] = calloc(capacity, size)
        if memory[0] == cython.NULL:
            tape.is_short = True
            return
    pass_over(tape, memory[0], count * size)
