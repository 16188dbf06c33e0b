"""The parts of a venue's state on a tape."""

from engine.core.state cimport Core, IdWindow
from engine.core.tape cimport Tape

cdef void pass_orders(Core *core, Tape *tape) noexcept nogil
cdef void pass_levels(Core *core, Tape *tape) noexcept nogil
cdef void pass_money(Core *core, Tape *tape) noexcept nogil
cdef void pass_index(Core *core, Tape *tape) noexcept nogil
cdef void pass_ids(IdWindow *ids, Tape *tape) noexcept nogil
cdef void pass_definitions(Core *core, Tape *tape) noexcept nogil
