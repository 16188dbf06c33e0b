"""Records in which a venue shows its state to readers: orders, levels, balances and definitions."""

from __future__ import annotations

import numpy as np

# A working order, 128 bytes. What it shows is its leaves, an iceberg's tranche, or 0 when hidden or
# waiting.
ORDER_VIEW = np.dtype(
    [
        ("order_id", "<u8"),
        ("client_id_low", "<u8"),
        ("client_id_high", "<u8"),
        ("price_ticks", "<i8"),
        ("filled_lots", "<i8"),
        ("leaves_lots", "<i8"),
        ("priority_sequence", "<u8"),
        ("locked_atoms", "<i8"),
        ("account_id", "<u4"),
        ("market_id", "<u4"),
        ("side", "u1"),
        ("order_type", "u1"),
        ("time_in_force", "u1"),
        ("self_trade_prevention", "u1"),
        ("flags", "u1"),
        ("is_waiting", "u1"),
        ("tag", "<u2"),
        ("expire_time_ns", "<i8"),
        ("display_lots", "<i8"),
        ("visible_lots", "<i8"),
        ("trigger_price_ticks", "<i8"),
        ("trail_ticks", "<i8"),
        ("trail_ppm", "<u4"),
        ("reserved", "<u4"),
    ]
)

# A price level as it is seen, best first when listed: hidden orders and reserves do not count.
LEVEL_VIEW = np.dtype(
    [("price_ticks", "<i8"), ("quantity_lots", "<i8"), ("order_count", "<u4"), ("reserved", "<u4")]
)

# A balance that is not all zero.
BALANCE_VIEW = np.dtype(
    [
        ("account_id", "<u4"),
        ("asset_id", "<u4"),
        ("free_atoms", "<i8"),
        ("locked_atoms", "<i8"),
        ("held_atoms", "<i8"),
    ]
)

# An asset with its totals.
ASSET_VIEW = np.dtype(
    [
        ("asset_id", "<u4"),
        ("decimals", "<u4"),
        ("symbol_low", "<u8"),
        ("symbol_high", "<u8"),
        ("deposited_atoms", "<i8"),
        ("withdrawn_atoms", "<i8"),
        ("fee_atoms", "<i8"),
    ]
)

# A market with its parameters.
MARKET_VIEW = np.dtype(
    [
        ("market_id", "<u4"),
        ("base_asset_id", "<u4"),
        ("quote_asset_id", "<u4"),
        ("maker_fee_ppm", "<u4"),
        ("taker_fee_ppm", "<u4"),
        ("band_ppm", "<u4"),
        ("quote_atoms_per_tick_lot", "<i8"),
        ("base_atoms_per_lot", "<i8"),
        ("last_price_ticks", "<i8"),
        ("reference_price_ticks", "<i8"),
        ("minimum_allocation_lots", "<i8"),
        ("allocation", "<u4"),
        ("epoch", "<u4"),
        ("symbol_low", "<u8"),
        ("symbol_high", "<u8"),
        ("volatility_ppm", "<u4"),
        ("auction_ms", "<u4"),
        ("auction_end_ns", "<i8"),
        ("phase", "<u2"),
        ("auction_kind", "<u2"),
        ("initial_phase", "<u2"),
        ("reserved", "<u2"),
    ]
)

# A limit in force; account or market 0 stands for each (`engine.core.commands.LimitKind`).
LIMIT_VIEW = np.dtype(
    [
        ("account_id", "<u4"),
        ("market_id", "<u4"),
        ("kind", "<u4"),
        ("reserved", "<u4"),
        ("value", "<i8"),
        ("window_ns", "<i8"),
    ]
)
