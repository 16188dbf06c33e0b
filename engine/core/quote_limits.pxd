"""What keeps a mass quote out before it is judged at all."""

from engine.core.layout cimport Command
from engine.core.quote_plan cimport Plan
from engine.core.state cimport Core

cdef int quote_control_reject(Core *core, Plan *plan, const Command *command) noexcept nogil
