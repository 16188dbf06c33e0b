"""The whole state as flat bytes."""

from engine.core.state cimport Core
from engine.core.tape cimport Tape

cdef bint pass_state(Core *core, Tape *tape) noexcept nogil
