"""Market buys by amount."""

from engine.core.layout cimport Command
from engine.core.state cimport Core, Taker

cdef int match_by_amount(Core *core, Taker *taker, const Command *command) noexcept nogil
