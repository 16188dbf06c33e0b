# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What readers may ask; they get copies."""

import cython
import numpy as np
from cython.cimports.cpython.buffer import (
    Py_buffer,
    PyBUF_WRITABLE,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from cython.cimports.engine.core.constants import (
    ASSET_ID_MAX,
    GROUP_OWN,
    MARKET_ID_MAX,
)
from cython.cimports.engine.core.layout import OrderView
from cython.cimports.engine.core.order_index import find_order
from cython.cimports.engine.core.resting import locked_atoms, seen_lots
from cython.cimports.engine.core.state import (
    MIXED,
    ORDER_FLAGS,
    SPECIAL,
    Account,
    Asset,
    Balance,
    BookSide,
    Core,
    Extra,
    Level,
    Limit,
    Market,
    Order,
    is_peg,
    level_side,
)
from cython.cimports.libc.stdint import int64_t, uint32_t, uint64_t
from cython.cimports.libc.string import memset

from engine.core.commands import Side
from engine.core.views import (
    ASSET_VIEW,
    BALANCE_VIEW,
    LEVEL_VIEW,
    LIMIT_VIEW,
    MARKET_VIEW,
    ORDER_VIEW,
)


@cython.cfunc
def read_balance(core: cython.pointer(Core), account_id: int64_t, asset_id: int64_t) -> tuple:
    """Give free, locked and held atoms."""
    account: cython.pointer(Account)
    balance: cython.pointer(Balance)
    if 0 <= account_id < core.accounts_capacity:
        account = cython.address(core.accounts[account_id])
        if 0 <= asset_id < account.balances_capacity and account.balances[asset_id] != 0:
            balance = cython.address(core.balances[account.balances[asset_id]])
            return balance.free_atoms, balance.locked_atoms, balance.held_atoms
    return 0, 0, 0


@cython.cfunc
def read_balances(core: cython.pointer(Core), account_id: int64_t) -> object:
    """List balances that are not zero, of one account or (0) all."""
    rows: list = []
    i: int64_t
    j: uint32_t
    account: cython.pointer(Account)
    for i in range(1, core.accounts_capacity):
        account = cython.address(core.accounts[i])
        if account_id not in (0, i):
            continue
        for j in range(account.balances_capacity):
            amounts = read_balance(core, i, j)
            if amounts != (0, 0, 0):
                rows.append((i, j, *amounts))
    return np.array(rows, dtype=BALANCE_VIEW)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def view_order(
    core: cython.pointer(Core), slot: uint32_t, view: cython.pointer(OrderView)
) -> cython.void:
    """Write a working order as its view."""
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    level: cython.pointer(Level) = cython.address(core.levels[order.level])
    extra: cython.pointer(Extra)
    memset(view, 0, cython.sizeof(OrderView))
    view.order_id = order.order_id
    view.client_id_low = order.client_id_low
    view.client_id_high = order.client_id_high
    view.price_ticks = level.price_ticks
    view.filled_lots = order.filled_lots
    view.leaves_lots = order.leaves_lots
    view.priority_sequence = core.details[slot].priority_sequence
    view.locked_atoms = locked_atoms(core, slot)
    view.account_id = core.balances[order.lock_balance].account_id
    view.market_id = level.market_id
    view.side = level_side(level)
    view.order_type = order.order_type
    view.time_in_force = order.time_in_force
    view.self_trade_prevention = order.self_trade_prevention
    view.flags = order.flags & ORDER_FLAGS
    view.visible_lots = seen_lots(core, slot)
    if order.flags & SPECIAL:
        extra = cython.address(core.extras[slot])
        view.is_waiting = extra.is_waiting
        view.tag = extra.tag
        view.expire_time_ns = extra.expire_time_ns
        view.display_lots = extra.display_lots
        view.trigger_price_ticks = extra.trigger_price_ticks
        if is_peg(order.order_type):
            view.trigger_price_ticks = extra.limit_price_ticks
        view.trail_ticks = extra.trail_ticks
        view.trail_ppm = extra.trail_ppm
        if extra.is_waiting:
            view.price_ticks = extra.limit_price_ticks


@cython.cfunc
def order_rows(core: cython.pointer(Core), slots: list) -> object:
    """Give working orders as an array in this order."""
    rows = np.zeros(len(slots), dtype=ORDER_VIEW)
    buffer = cython.declare(Py_buffer)
    view: cython.pointer(OrderView)
    slot: uint32_t
    PyObject_GetBuffer(rows.view(np.uint8), cython.address(buffer), PyBUF_WRITABLE)
    view = cython.cast(cython.pointer(OrderView), buffer.buf)
    for slot in slots:
        view_order(core, slot, view)
        view += 1
    PyBuffer_Release(cython.address(buffer))
    return rows


@cython.cfunc
def read_orders(core: cython.pointer(Core), account_id: int64_t, market_id: int64_t) -> object:
    """List working orders by order id, of one account and market or (0) all."""
    found: list = []
    slot: uint32_t
    order: cython.pointer(Order)
    for slot in range(1, core.order_slab.length):
        order = cython.address(core.orders[slot])
        if order.level == 0:
            continue
        if account_id != 0 and core.balances[order.lock_balance].account_id != account_id:
            continue
        if market_id != 0 and core.levels[order.level].market_id != market_id:
            continue
        found.append((order.order_id, slot))
    found.sort()
    return order_rows(core, [at for _, at in found])


@cython.cfunc
def read_order(core: cython.pointer(Core), order_id: object) -> object:
    """Give one working order, or an empty array."""
    slot: uint32_t = 0
    if 0 <= order_id < 1 << 64:
        slot = find_order(core, order_id)
    return order_rows(core, [slot] if slot != 0 else [])


@cython.cfunc
def read_levels(
    core: cython.pointer(Core), market_id: object, side: object, depth: int64_t
) -> object:
    """List price levels, best first; `depth` 0 gives all."""
    if not 0 <= market_id <= MARKET_ID_MAX or core.markets[market_id] == cython.NULL:
        raise KeyError(market_id)
    book: cython.pointer(BookSide) = cython.address(core.markets[market_id].sides[Side(side)])
    level: cython.pointer(Level)
    rows: list = []
    at: uint32_t = book.count
    while at > 0 and (depth == 0 or len(rows) < depth):
        at -= 1
        level = cython.address(core.levels[book.levels[at]])
        seen: uint32_t = level.order_count
        if level.flags & MIXED:
            seen -= core.level_details[book.levels[at]].hidden_count
        if seen != 0:
            rows.append((level.price_ticks, level.quantity_lots, seen, 0))
    return np.array(rows, dtype=LEVEL_VIEW)


@cython.cfunc
def read_assets(core: cython.pointer(Core)) -> object:
    """List assets by id, with totals."""
    rows: list = []
    i: cython.int
    asset: cython.pointer(Asset)
    for i in range(1, ASSET_ID_MAX + 1):
        asset = core.assets[i]
        if asset != cython.NULL:
            rows.append(
                (
                    asset.asset_id,
                    asset.decimals,
                    asset.symbol_low,
                    asset.symbol_high,
                    asset.deposited_atoms,
                    asset.withdrawn_atoms,
                    asset.fee_atoms,
                )
            )
    return np.array(rows, dtype=ASSET_VIEW)


@cython.cfunc
def read_markets(core: cython.pointer(Core)) -> object:
    """List markets by id."""
    rows: list = []
    i: cython.int
    market: cython.pointer(Market)
    for i in range(1, MARKET_ID_MAX + 1):
        market = core.markets[i]
        if market != cython.NULL:
            rows.append(
                (
                    market.market_id,
                    market.base_asset_id,
                    market.quote_asset_id,
                    market.maker_fee_ppm,
                    market.taker_fee_ppm,
                    market.band_ppm,
                    market.quote_atoms_per_tick_lot,
                    market.base_atoms_per_lot,
                    market.last_price_ticks,
                    market.reference_price_ticks,
                    market.minimum_allocation_lots,
                    market.allocation,
                    market.epoch,
                    market.symbol_low,
                    market.symbol_high,
                    market.volatility_ppm,
                    market.auction_ms,
                    market.auction_end_ns,
                    market.phase,
                    market.auction_kind,
                    market.initial_phase,
                    0,
                )
            )
    return np.array(rows, dtype=MARKET_VIEW)


@cython.cfunc
def read_accounts(core: cython.pointer(Core)) -> list:
    """List (account id, group id as defined: 0 for a group of its own)."""
    rows: list = []
    i: uint32_t
    group: uint64_t
    for i in range(1, core.accounts_capacity):
        group = core.accounts[i].group
        if group != 0:
            rows.append((i, 0 if group >= GROUP_OWN else group))
    return rows


@cython.cfunc
def read_limits(core: cython.pointer(Core)) -> object:
    """List limits by account, market and kind."""
    rows: list = []
    i: uint32_t
    limit: cython.pointer(Limit)
    for i in range(1, core.limit_slab.length):
        limit = cython.address(core.limits[i])
        if limit.value != 0:
            rows.append(
                (limit.account_id, limit.market_id, limit.kind, 0, limit.value, limit.window_ns)
            )
    return np.array(sorted(rows), dtype=LIMIT_VIEW)


@cython.cfunc
def read_kills(core: cython.pointer(Core)) -> list:
    """List (account id, market id) of the kill switches that are set; both 0: the venue's."""
    rows: list = []
    i: uint32_t
    if core.is_killed:
        rows.append((0, 0))
    for i in range(1, MARKET_ID_MAX + 1):
        if core.markets[i] != cython.NULL and core.markets[i].is_killed:
            rows.append((0, i))
    for i in range(1, core.accounts_capacity):
        if core.accounts[i].is_killed:
            rows.append((i, 0))
    return rows


@cython.cfunc
def read_counts(core: cython.pointer(Core)) -> dict:
    """Give the venue's counters and limits."""
    return {
        "open_orders": core.order_slab.count,
        "trades": core.next_trade_id - 1,
        "ids_remembered": core.ids.next - core.ids.first,
        "id_window_ns": core.ids.window_ns,
        "ids_max": core.ids.ids_max,
        "id_floor_time_ns": core.ids.floor_time_ns,
        "next_order_id": core.next_order_id,
        "waiting_orders": core.waiting_count,
    }
