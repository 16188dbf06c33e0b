"""Reads of the state as record arrays."""

from libc.stdint cimport int64_t

from engine.core.state cimport Core

cdef tuple read_balance(Core *core, int64_t account_id, int64_t asset_id)
cdef object read_balances(Core *core, int64_t account_id)
cdef object read_orders(Core *core, int64_t account_id, int64_t market_id)
cdef object read_order(Core *core, object order_id)
cdef object read_levels(Core *core, object market_id, object side, int64_t depth)
cdef object read_assets(Core *core)
cdef object read_markets(Core *core)
cdef list read_accounts(Core *core)
cdef object read_limits(Core *core)
cdef list read_kills(Core *core)
cdef dict read_counts(Core *core)
