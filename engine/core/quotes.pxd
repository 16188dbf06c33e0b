"""Mass quotes: all of an account's quote in one market, replaced in one command."""

from engine.core.layout cimport Command
from engine.core.state cimport Core

cdef int mass_quote(Core *core, const Command *command) noexcept nogil
