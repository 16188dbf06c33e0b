# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Record hashes, and the digest's sum as it is kept up."""

import cython
from cython.cimports.engine.core.constants import (
    ASSET_ID_MAX,
    MARKET_ID_MAX,
    SELL,
    TAG_ACCOUNT,
    TAG_ASSET,
    TAG_BALANCE,
    TAG_CLIENT_ID,
    TAG_LEVEL,
    TAG_MARKET,
    TAG_ORDER,
    TAG_VENUE,
    TAG_WITHDRAWAL,
)
from cython.cimports.engine.core.hashing import Hash, add_to, hash_words, take_from
from cython.cimports.engine.core.ids import entry_at
from cython.cimports.engine.core.state import (
    CHANGED,
    LEVEL_CHANGED,
    MIXED,
    ORDER_FLAGS,
    SPECIAL,
    Asset,
    Balance,
    Core,
    Extra,
    IdEntry,
    IdWindow,
    Level,
    LevelDetail,
    Market,
    Order,
    OrderDetail,
    Withdrawal,
    is_peg,
    level_side,
)
from cython.cimports.libc.stdint import uint32_t, uint64_t


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def hash_order(core: cython.pointer(Core), slot: uint32_t) -> Hash:
    """Hash a working order."""
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    detail: cython.pointer(OrderDetail) = cython.address(core.details[slot])
    level: cython.pointer(Level) = cython.address(core.levels[order.level])
    words = cython.declare(uint64_t[20])
    count: cython.int = 11
    words[0] = order.order_id
    words[1] = core.balances[order.lock_balance].account_id
    words[2] = level.market_id
    words[3] = (
        cython.cast(uint64_t, level_side(level))
        | cython.cast(uint64_t, order.order_type) << 8
        | cython.cast(uint64_t, order.time_in_force) << 16
        | cython.cast(uint64_t, order.self_trade_prevention) << 24
        | cython.cast(uint64_t, order.flags & ORDER_FLAGS) << 32
    )
    words[4] = level.price_ticks
    words[5] = order.filled_lots
    words[6] = order.leaves_lots
    words[7] = detail.priority_sequence
    words[8] = detail.fee_credit_ppm
    words[9] = order.client_id_low
    words[10] = order.client_id_high
    if order.flags & SPECIAL and add_extra(core, slot, words):
        count = 20
    return hash_words(TAG_ORDER, words, count)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def add_extra(
    core: cython.pointer(Core), slot: uint32_t, words: cython.pointer(uint64_t)
) -> cython.bint:
    """Add what only a special order has to its record; tell whether any of it is not zero."""
    extra: cython.pointer(Extra) = cython.address(core.extras[slot])
    any_bit: uint64_t = 0
    i: cython.int
    if extra.is_waiting:
        words[4] = extra.limit_price_ticks
    words[11] = extra.tag
    words[12] = extra.expire_time_ns
    words[13] = extra.display_lots
    words[14] = extra.visible_lots
    words[15] = extra.trigger_price_ticks
    if is_peg(core.orders[slot].order_type):
        words[15] = extra.limit_price_ticks
    words[16] = extra.trail_ticks
    words[17] = extra.trail_ppm
    words[18] = extra.extreme_ticks
    words[19] = extra.is_waiting
    for i in range(11, 20):
        any_bit |= words[i]
    return any_bit != 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def hash_level(
    core: cython.pointer(Core),
    index: uint32_t,
    quantity_lots: uint64_t,
    order_count: uint64_t,
    hidden: cython.pointer(LevelDetail),
) -> Hash:
    """Hash a level of these quantities and numbers of orders; what waits has no levels."""
    level: cython.pointer(Level) = cython.address(core.levels[index])
    words = cython.declare(uint64_t[7])
    none = cython.declare(Hash)
    if level.book > SELL:
        none.high = 0
        none.low = 0
        return none
    words[0] = level.market_id
    words[1] = level.book
    words[2] = level.price_ticks
    words[3] = quantity_lots
    words[4] = order_count
    if hidden == cython.NULL or hidden.hidden_count == 0:
        return hash_words(TAG_LEVEL, words, 5)
    words[4] = order_count - hidden.hidden_count
    words[5] = hidden.hidden_lots
    words[6] = hidden.hidden_count
    return hash_words(TAG_LEVEL, words, 7)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def kept_level_hash(core: cython.pointer(Core), index: uint32_t) -> Hash:
    """Hash a level by the sums that it keeps."""
    level: cython.pointer(Level) = cython.address(core.levels[index])
    hidden: cython.pointer(LevelDetail) = cython.NULL
    if level.flags & MIXED:
        hidden = cython.address(core.level_details[index])
    return hash_level(core, index, level.quantity_lots, level.order_count, hidden)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def hash_balance(core: cython.pointer(Core), index: uint32_t) -> Hash:
    """Hash a balance; one that is all zero is not counted, so its hash is 0."""
    balance: cython.pointer(Balance) = cython.address(core.balances[index])
    words = cython.declare(uint64_t[5])
    none = cython.declare(Hash)
    if balance.free_atoms == 0 and balance.locked_atoms == 0 and balance.held_atoms == 0:
        none.high = 0
        none.low = 0
        return none
    words[0] = balance.account_id
    words[1] = balance.asset_id
    words[2] = balance.free_atoms
    words[3] = balance.locked_atoms
    words[4] = balance.held_atoms
    return hash_words(TAG_BALANCE, words, 5)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def hash_id_entry(entry: cython.pointer(IdEntry)) -> Hash:
    """Hash an entry of the id window."""
    words = cython.declare(uint64_t[8])
    words[0] = entry.account_id
    words[1] = entry.client_id_low
    words[2] = entry.client_id_high
    words[3] = entry.body_hash
    words[4] = entry.order_id
    words[5] = entry.sequence
    words[6] = entry.accepted_time_ns
    words[7] = entry.sent_time_ns
    return hash_words(TAG_CLIENT_ID, words, 8)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def hash_withdrawal(item: cython.pointer(Withdrawal)) -> Hash:
    """Hash an open withdrawal."""
    words = cython.declare(uint64_t[4])
    words[0] = item.withdrawal_id
    words[1] = item.account_id
    words[2] = item.asset_id
    words[3] = item.amount_atoms
    return hash_words(TAG_WITHDRAWAL, words, 4)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def hash_asset(asset: cython.pointer(Asset)) -> Hash:
    """Hash an asset with its totals."""
    words = cython.declare(uint64_t[7])
    words[0] = asset.asset_id
    words[1] = asset.decimals
    words[2] = asset.symbol_low
    words[3] = asset.symbol_high
    words[4] = asset.deposited_atoms
    words[5] = asset.withdrawn_atoms
    words[6] = asset.fee_atoms
    return hash_words(TAG_ASSET, words, 7)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def hash_market(market: cython.pointer(Market)) -> Hash:
    """Hash a market's definition and last price."""
    words = cython.declare(uint64_t[28])
    words[0] = market.market_id
    words[1] = market.base_asset_id
    words[2] = market.quote_asset_id
    words[3] = market.quote_atoms_per_tick_lot
    words[4] = market.base_atoms_per_lot
    words[5] = market.maker_fee_ppm
    words[6] = market.taker_fee_ppm
    words[7] = market.symbol_low
    words[8] = market.symbol_high
    words[9] = market.last_price_ticks
    words[10] = market.band_ppm
    words[11] = market.reference_price_ticks
    words[12] = market.volatility_ppm
    words[13] = market.auction_ms
    words[14] = market.initial_phase
    words[15] = market.phase
    words[16] = market.auction_kind
    words[17] = market.auction_end_ns
    words[18] = market.indicative_price_ticks
    words[19] = market.indicative_volume_lots
    words[20] = market.indicative_surplus_lots
    words[21] = market.indicative_surplus_side
    words[22] = market.missed_low_ticks
    words[23] = market.missed_high_ticks
    words[24] = market.allocation
    words[25] = market.minimum_allocation_lots
    words[26] = market.epoch
    words[27] = market.is_killed
    return hash_words(TAG_MARKET, words, 28)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def hash_account(account_id: uint64_t, group: uint64_t, is_killed: cython.bint) -> Hash:
    """Hash an account's definition."""
    words = cython.declare(uint64_t[3])
    words[0] = account_id
    words[1] = group
    words[2] = is_killed
    return hash_words(TAG_ACCOUNT, words, 3)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def hash_venue(core: cython.pointer(Core)) -> Hash:
    """Hash the venue's counters and the id window's limits."""
    words = cython.declare(uint64_t[7])
    words[0] = core.next_order_id
    words[1] = core.next_trade_id
    words[2] = core.ids.window_ns
    words[3] = core.ids.ids_max
    words[4] = core.ids.floor_time_ns
    words[5] = core.next_priority
    words[6] = core.is_killed
    return hash_words(TAG_VENUE, words, 7)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def take_level(core: cython.pointer(Core), index: uint32_t) -> cython.void:
    """Take a level's record out of the sum."""
    take_from(cython.address(core.sum), kept_level_hash(core, index))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def take_balance(core: cython.pointer(Core), index: uint32_t) -> cython.void:
    """Take a balance's record out of the sum."""
    take_from(cython.address(core.sum), hash_balance(core, index))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def settled_sum(core: cython.pointer(Core)) -> Hash:
    """Bring every changed record back into the sum; give it with the venue's own record."""
    total = cython.declare(Hash)
    add_orders(core)
    add_levels(core)
    add_balances(core)
    add_id_entries(core)
    add_definitions(core)
    total = core.sum
    add_to(cython.address(total), hash_venue(core))
    return total


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def add_orders(core: cython.pointer(Core)) -> cython.void:
    """Hash the changed orders that still work."""
    i: uint32_t
    slot: uint32_t
    for i in range(core.orders_changed.count):
        slot = core.orders_changed.slots[i]
        core.orders[slot].flags &= ~CHANGED
        if core.orders[slot].level != 0:
            core.details[slot].hash = hash_order(core, slot)
            add_to(cython.address(core.sum), core.details[slot].hash)
    core.orders_changed.count = 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def add_levels(core: cython.pointer(Core)) -> cython.void:
    """Hash the changed levels that still have orders."""
    i: uint32_t
    index: uint32_t
    level: cython.pointer(Level)
    for i in range(core.levels_changed.count):
        index = core.levels_changed.slots[i]
        level = cython.address(core.levels[index])
        level.flags &= ~LEVEL_CHANGED
        if level.order_count != 0:
            add_to(cython.address(core.sum), kept_level_hash(core, index))
    core.levels_changed.count = 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def add_balances(core: cython.pointer(Core)) -> cython.void:
    """Hash the changed balances."""
    i: uint32_t
    index: uint32_t
    for i in range(core.balances_changed.count):
        index = core.balances_changed.slots[i]
        core.balances[index].is_changed = False
        add_to(cython.address(core.sum), hash_balance(core, index))
    core.balances_changed.count = 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def add_id_entries(core: cython.pointer(Core)) -> cython.void:
    """Hash the entries that joined the id window and are still in it."""
    ids: cython.pointer(IdWindow) = cython.address(core.ids)
    position: uint64_t = ids.summed if ids.summed > ids.first else ids.first
    while position < ids.next:
        add_to(cython.address(core.sum), hash_id_entry(entry_at(ids, position)))
        position += 1
    ids.summed = ids.next


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def add_definitions(core: cython.pointer(Core)) -> cython.void:
    """Hash the assets and markets whose totals or last prices changed."""
    i: uint32_t
    asset: cython.pointer(Asset)
    market: cython.pointer(Market)
    for i in range(1, ASSET_ID_MAX + 1):
        asset = core.assets[i]
        if asset != cython.NULL and asset.is_changed:
            take_from(cython.address(core.sum), asset.hash)
            asset.hash = hash_asset(asset)
            add_to(cython.address(core.sum), asset.hash)
            asset.is_changed = False
    for i in range(1, MARKET_ID_MAX + 1):
        market = core.markets[i]
        if market != cython.NULL and market.is_changed:
            take_from(cython.address(core.sum), market.hash)
            market.hash = hash_market(market)
            add_to(cython.address(core.sum), market.hash)
            market.is_changed = False
