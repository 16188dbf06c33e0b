"""Clearing of what free slots held before, in a copy of a slab."""

from engine.core.state cimport (
    Core,
    Extra,
    Level,
    LevelDetail,
    Limit,
    Order,
    OrderDetail,
    Withdrawal,
)

cdef void clean_orders(
    Core *core, Order *orders, OrderDetail *details, Extra *extras
) noexcept nogil
cdef void clean_levels(Core *core, Level *levels, LevelDetail *details) noexcept nogil
cdef void clean_withdrawals(Core *core, Withdrawal *withdrawals) noexcept nogil
cdef void clean_limits(Core *core, Limit *limits) noexcept nogil
