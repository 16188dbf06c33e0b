"""Pro rata: a level is shared out by the sizes of its seen orders."""

from libc.stdint cimport int64_t, uint32_t

from engine.core.layout cimport Command
from engine.core.state cimport Core, Level, Taker

cdef extern from *:
    """
    #define RS_SHARE(open, incoming, total) \
        ((int64_t)((unsigned __int128)(open) * (uint64_t)(incoming) / (uint64_t)(total)))
    """
    int64_t share_of "RS_SHARE"(int64_t open_lots, int64_t incoming, int64_t total) noexcept nogil

cdef bint share_level(Core *core, Taker *taker, const Command *command) noexcept nogil
cdef int64_t count_own_group(
    Core *core, const Taker *taker, uint32_t level, int64_t remaining, bint *met
) noexcept nogil
