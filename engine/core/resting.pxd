"""Working orders: finding them, what they have locked, and how they end without a trade."""

from libc.stdint cimport int64_t, uint32_t

from engine.core.money cimport lock_required
from engine.core.layout cimport Command
from engine.core.state cimport Core, Level, Order

cdef uint32_t target(Core *core, const Command *command) noexcept nogil
cdef int cancel_one(Core *core, const Command *command) noexcept nogil
cdef int cancel_all(Core *core, const Command *command) noexcept nogil
cdef void unlock(Core *core, uint32_t index, int64_t atoms) noexcept nogil
cdef void cancel(
    Core *core, uint32_t slot, int reason, int flags, const Command *command
) noexcept nogil
cdef void forget(Core *core, uint32_t slot) noexcept nogil


cdef inline int64_t locked_atoms(Core *core, uint32_t slot) noexcept nogil:
    # What a working order has locked: it follows from its leaves.
    cdef Order *order = &core.orders[slot]
    cdef Level *level = &core.levels[order.level]
    return lock_required(
        core.markets[level.market_id],
        level.side,
        level.price_ticks,
        order.leaves_lots,
        core.details[slot].fee_credit_ppm,
    )
