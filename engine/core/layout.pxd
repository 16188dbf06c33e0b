"""Commands, events and views as C structs: the same bytes as the dtypes of the plain modules.

`tests/unit/core/test_layout.py` compares every field's place.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef struct Command:
    uint64_t sequence
    int64_t time_ns
    uint64_t client_id_low
    uint64_t client_id_high
    int64_t sent_time_ns
    uint32_t account_id
    uint32_t market_id
    uint8_t kind
    uint8_t side
    uint8_t order_type
    uint8_t time_in_force
    uint8_t self_trade_prevention
    uint8_t flags
    uint16_t tag
    uint64_t order_id
    int64_t price_ticks  # also quote_atoms_per_tick_lot, decimals, id_window_ns
    int64_t quantity_lots  # also base_atoms_per_lot, ids_max
    int64_t amount_atoms  # also maker_fee_ppm and taker_fee_ppm, group_id
    uint32_t asset_id  # also base_asset_id, max_age_ms
    uint32_t quote_asset_id  # also trail_ppm
    uint64_t target_client_id_low  # also symbol_low, trigger_price_ticks
    uint64_t target_client_id_high  # also symbol_high, trail_ticks (a stop's or a peg's)
    int64_t display_lots  # also minimum_lots, new_trigger_price_ticks, band_ppm
    int64_t expire_time_ns

cdef struct Event:
    uint64_t sequence
    int64_t time_ns
    uint8_t kind
    uint8_t side
    uint8_t order_type
    uint8_t time_in_force
    uint16_t code
    uint16_t flags
    uint32_t account_id
    uint32_t market_id  # also asset_id
    uint64_t order_id
    uint64_t client_id_low
    uint64_t client_id_high
    int64_t price_ticks
    int64_t quantity_lots  # also amount_atoms
    int64_t filled_lots  # also free_atoms
    int64_t leaves_lots  # also locked_atoms
    int64_t fee_atoms  # also held_atoms
    uint64_t maker_order_id  # also previous_price_ticks, first_sequence, trigger_price_ticks
    int64_t maker_leaves_lots  # also previous_leaves_lots
    int64_t maker_fee_atoms  # also visible_lots
    uint64_t trade_id  # also previous_visible_lots
    uint32_t maker_account_id
    uint32_t event_index
    uint64_t maker_client_id_low
    uint64_t maker_client_id_high
    int64_t maker_filled_lots

cdef struct OrderView:
    uint64_t order_id
    uint64_t client_id_low
    uint64_t client_id_high
    int64_t price_ticks
    int64_t filled_lots
    int64_t leaves_lots
    uint64_t priority_sequence
    int64_t locked_atoms
    uint32_t account_id
    uint32_t market_id
    uint8_t side
    uint8_t order_type
    uint8_t time_in_force
    uint8_t self_trade_prevention
    uint8_t flags
    uint8_t is_waiting
    uint16_t tag
    int64_t expire_time_ns
    int64_t display_lots
    int64_t visible_lots
    int64_t trigger_price_ticks
    int64_t trail_ticks
    uint32_t trail_ppm
    uint32_t reserved
