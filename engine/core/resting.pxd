"""Working orders: finding them, what they have locked, and how they end without a trade."""

from libc.stdint cimport int64_t, uint32_t

from engine.core.constants cimport FEE_PPM_ONE, HIDDEN, STOP, TRAILING_STOP
from engine.core.money cimport lock_required
from engine.core.layout cimport Command
from engine.core.state cimport SPECIAL, Core, Extra, Level, Market, Order, is_peg, level_side

cdef uint32_t target(Core *core, const Command *command) noexcept nogil
cdef int cancel_one(Core *core, const Command *command) noexcept nogil
cdef int cancel_all(Core *core, const Command *command) noexcept nogil
cdef int64_t cancel_of_account(
    Core *core,
    uint32_t account_id,
    uint32_t market_id,
    int side,
    uint32_t tag,
    int reason,
    const Command *command,
) noexcept nogil
cdef void unlock(Core *core, uint32_t index, int64_t atoms) noexcept nogil
cdef void cancel(
    Core *core, uint32_t slot, int reason, int flags, const Command *command
) noexcept nogil
cdef int64_t cancel_of_market(
    Core *core, uint32_t market_id, int time_in_force, int reason, const Command *command
) noexcept nogil
cdef void forget(Core *core, uint32_t slot) noexcept nogil


cdef inline int64_t open_lots(Core *core, uint32_t slot) noexcept nogil:
    # What an arriving order meets at once of a resting order: of an iceberg, its tranche.
    if core.orders[slot].flags & SPECIAL and core.extras[slot].display_lots != 0:
        return core.extras[slot].visible_lots
    return core.orders[slot].leaves_lots


cdef inline int64_t seen_lots(Core *core, uint32_t slot) noexcept nogil:
    # What a working order adds to the seen book.
    if core.orders[slot].flags & SPECIAL:
        if core.orders[slot].flags & HIDDEN or core.extras[slot].is_waiting:
            return 0
    return open_lots(core, slot)


cdef inline int64_t dearest_ticks(
    const Market *market, int order_type, int64_t price_ticks, int64_t trigger_price_ticks
) noexcept nogil:
    # The highest price that an order may pay: its limit, or the band above a stop's trigger.
    if order_type == STOP or order_type == TRAILING_STOP:
        return trigger_price_ticks * (FEE_PPM_ONE + <int64_t> market.band_ppm) // FEE_PPM_ONE
    return price_ticks


cdef inline int64_t stop_locked_atoms(Core *core, uint32_t slot) noexcept nogil:
    # What a stop has locked while it waits.
    cdef Extra *extra = &core.extras[slot]
    cdef Market *market = core.markets[extra.market_id]
    return lock_required(
        market,
        extra.side,
        dearest_ticks(
            market,
            core.orders[slot].order_type,
            extra.limit_price_ticks,
            extra.trigger_price_ticks,
        ),
        core.orders[slot].leaves_lots,
        0,
    )


cdef inline int64_t peg_locked_atoms(Core *core, uint32_t slot) noexcept nogil:
    # What a peg has locked, wherever it stands: its leaves at its limit.
    cdef Extra *extra = &core.extras[slot]
    return lock_required(
        core.markets[extra.market_id],
        extra.side,
        extra.limit_price_ticks,
        core.orders[slot].leaves_lots,
        core.details[slot].fee_credit_ppm,
    )


cdef inline int64_t locked_atoms(Core *core, uint32_t slot) noexcept nogil:
    # What a working order has locked: it follows from its leaves.
    cdef Order *order = &core.orders[slot]
    cdef Level *level = &core.levels[order.level]
    if order.flags & SPECIAL:
        if is_peg(order.order_type):
            return peg_locked_atoms(core, slot)
        if core.extras[slot].is_waiting:
            return stop_locked_atoms(core, slot)
    return lock_required(
        core.markets[level.market_id],
        level_side(level),
        level.price_ticks,
        order.leaves_lots,
        core.details[slot].fee_credit_ppm,
    )
