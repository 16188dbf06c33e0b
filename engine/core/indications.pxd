"""What calls would trade."""

from engine.core.auction cimport Indication
from engine.core.layout cimport Command
from engine.core.state cimport Core, Market

cdef void publish_indications(Core *core, const Command *command) noexcept nogil
cdef void tell(
    Core *core,
    Market *market,
    const Indication *found,
    int kind,
    int flags,
    const Command *command,
) noexcept nogil
