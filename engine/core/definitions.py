# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Definitions of assets, markets, accounts and the id window."""

import cython
from cython.cimports.engine.core.constants import (
    ACCOUNT_ID_MAX,
    ALREADY_DEFINED,
    AMOUNT_ATOMS_MAX,
    ANSWER,
    ASSET_ID_MAX,
    AUCTION_MS_MAX,
    BAND_PPM_MAX,
    BUY,
    DECIMALS_MAX,
    DEFINE_ACCOUNT,
    DEFINE_ASSET,
    DEFINE_MARKET,
    EVENT_DEFINED,
    EXISTED,
    FEE_PPM_MAX,
    FIFO,
    GROUP_OWN,
    ID_WINDOW_NS_MAX,
    ID_WINDOW_NS_MIN,
    IDS_MAX_LIMIT,
    INVALID_PARAMETER,
    INVALID_PRICE,
    KILL,
    MARKET_ID_MAX,
    NOTIONAL_ATOMS_MAX,
    PHASE_OPEN,
    PHASE_WIND_DOWN,
    PRICE_TICKS_MAX,
    PRO_RATA,
    QUANTITY_LOTS_MAX,
    REJECT_NONE,
    SELL,
    SET_DEADLINE,
    SET_LIMIT,
    SET_PHASE,
    SET_REFERENCE_PRICE,
    TICK,
    UNCROSS,
    UNIT_ATOMS_MAX,
    UNKNOWN_ASSET,
    UNKNOWN_MARKET,
)
from cython.cimports.engine.core.control_commands import control
from cython.cimports.engine.core.hashing import add_to
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.phasing import enter_phase, set_phase, uncross_now
from cython.cimports.engine.core.pools import has_asset, has_market, new_event, reserve_account
from cython.cimports.engine.core.state import BOOKS, Account, Asset, Core, Market, check
from cython.cimports.engine.core.stops import fire_by_reference
from cython.cimports.engine.core.sums import hash_account, hash_asset, hash_market
from cython.cimports.libc.stdint import int64_t, uint32_t, uint64_t
from cython.cimports.libc.stdlib import calloc


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def define(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Define what the command names, or accept the same definition again."""
    if command.kind == DEFINE_ASSET:
        return define_asset(core, command)
    if command.kind == DEFINE_MARKET:
        return define_market(core, command)
    if command.kind == DEFINE_ACCOUNT:
        return define_account(core, command)
    if command.kind == SET_REFERENCE_PRICE:
        return set_reference_price(core, command)
    if command.kind in (SET_LIMIT, KILL, SET_DEADLINE):
        return control(core, command)
    if command.kind == SET_PHASE:
        return set_phase(core, command)
    if command.kind == UNCROSS:
        return uncross_now(core, command)
    if command.kind == TICK:  # time passes: what is due was done before the command
        return answer(core, command, False, 0)
    return set_id_window(core, command)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def set_reference_price(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Set the price that stops with TRIGGER_REFERENCE watch."""
    market: cython.pointer(Market)
    if not has_market(core, command.market_id):
        return UNKNOWN_MARKET
    if not 1 <= command.price_ticks <= PRICE_TICKS_MAX:
        return INVALID_PRICE
    market = core.markets[command.market_id]
    market.reference_price_ticks = command.price_ticks
    market.is_changed = True
    answer(core, command, False, command.market_id)
    fire_by_reference(core, market)
    return REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def answer(
    core: cython.pointer(Core),
    command: cython.pointer(cython.const[Command]),
    existed: cython.bint,
    market_id: uint32_t,
) -> cython.int:
    """Write that a definition holds."""
    event: cython.pointer(Event) = new_event(core, command, EVENT_DEFINED)
    event.code = command.kind
    event.flags = ANSWER | (EXISTED if existed else 0)
    event.account_id = command.account_id
    event.market_id = market_id
    return REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def is_symbol_byte(byte: uint32_t) -> cython.bint:
    """Tell whether a byte is one of A-Z, 0-9, dot and hyphen."""
    return 65 <= byte <= 90 or 48 <= byte <= 57 or byte in (45, 46)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def symbol_is_valid(low: uint64_t, high: uint64_t) -> cython.bint:
    """Tell whether a symbol is 1 to 16 characters of A-Z, 0-9, dot and hyphen, zero padded."""
    i: cython.int
    byte: uint32_t
    ended: cython.bint = False
    for i in range(16):
        byte = cython.cast(uint32_t, ((low if i < 8 else high) >> (8 * (i & 7))) & 0xFF)
        if byte == 0:
            ended = True
        elif ended or not is_symbol_byte(byte):
            return False
    return low & 0xFF != 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def define_asset(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Define an asset, or accept the same definition again."""
    low: uint64_t = command.target_client_id_low
    high: uint64_t = command.target_client_id_high
    in_range: cython.bint = 1 <= command.asset_id <= ASSET_ID_MAX
    asset: cython.pointer(Asset)
    i: cython.int
    if in_range and core.assets[command.asset_id] != cython.NULL:
        asset = core.assets[command.asset_id]
        if asset.decimals != command.price_ticks or (
            asset.symbol_low != low or asset.symbol_high != high
        ):
            return ALREADY_DEFINED
        return answer(core, command, True, command.asset_id)
    for i in range(1, ASSET_ID_MAX + 1):
        asset = core.assets[i]
        if asset != cython.NULL and asset.symbol_low == low and asset.symbol_high == high:
            return ALREADY_DEFINED
    if (
        not in_range
        or not 0 <= command.price_ticks <= DECIMALS_MAX
        or not symbol_is_valid(low, high)
    ):
        return INVALID_PARAMETER
    asset = cython.cast(cython.pointer(Asset), calloc(1, cython.sizeof(Asset)))
    if not check(core, asset != cython.NULL, b"there is memory for an asset"):
        return REJECT_NONE
    asset.asset_id = command.asset_id
    asset.decimals = command.price_ticks
    asset.symbol_low = low
    asset.symbol_high = high
    asset.hash = hash_asset(asset)
    add_to(cython.address(core.sum), asset.hash)
    core.assets[command.asset_id] = asset
    return answer(core, command, False, command.asset_id)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def define_market(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Define a market, or accept the same definition again."""
    low: uint64_t = command.target_client_id_low
    high: uint64_t = command.target_client_id_high
    in_range: cython.bint = 1 <= command.market_id <= MARKET_ID_MAX
    market: cython.pointer(Market)
    i: cython.int
    if not has_asset(core, command.asset_id) or not has_asset(core, command.quote_asset_id):
        return UNKNOWN_ASSET
    if in_range and core.markets[command.market_id] != cython.NULL:
        if not is_same_market(core.markets[command.market_id], command):
            return ALREADY_DEFINED
        return answer(core, command, True, command.market_id)
    for i in range(1, MARKET_ID_MAX + 1):
        market = core.markets[i]
        if market != cython.NULL and market.symbol_low == low and market.symbol_high == high:
            return ALREADY_DEFINED
    if not in_range or not market_is_valid(command):
        return INVALID_PARAMETER
    market = new_market(command)
    if not check(core, market != cython.NULL, b"there is memory for a market"):
        return REJECT_NONE
    market.hash = hash_market(market)
    add_to(cython.address(core.sum), market.hash)
    core.markets[command.market_id] = market
    core.market_id_max = max(core.market_id_max, command.market_id)
    enter_phase(core, market, market.initial_phase, 0, 0)
    return answer(core, command, False, command.market_id)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def maker_fee_ppm(command: cython.pointer(cython.const[Command])) -> uint32_t:
    """Give the maker fee of a market definition."""
    return cython.cast(uint32_t, command.amount_atoms)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def taker_fee_ppm(command: cython.pointer(cython.const[Command])) -> uint32_t:
    """Give the taker fee of a market definition."""
    return cython.cast(uint32_t, cython.cast(uint64_t, command.amount_atoms) >> 32)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def volatility_ppm(command: cython.pointer(cython.const[Command])) -> uint32_t:
    """Give the dynamic band of a market definition."""
    return cython.cast(uint32_t, cython.cast(uint64_t, command.display_lots) >> 32)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def initial_phase(command: cython.pointer(cython.const[Command])) -> uint32_t:
    """Give the phase in which a market definition begins."""
    phase: uint64_t = cython.cast(uint64_t, command.expire_time_ns) >> 32 & 0xFF
    return cython.cast(uint32_t, phase) if phase != 0 else PHASE_OPEN


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def allocation(command: cython.pointer(cython.const[Command])) -> cython.int:
    """Give how a market definition shares out its levels: by time unless it says otherwise."""
    return command.order_type if command.order_type != 0 else FIFO


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def is_same_market(
    market: cython.pointer(Market), command: cython.pointer(cython.const[Command])
) -> cython.bint:
    """Tell whether a command defines a market as it is."""
    return (
        market.base_asset_id == command.asset_id
        and market.quote_asset_id == command.quote_asset_id
        and market.quote_atoms_per_tick_lot == command.price_ticks
        and market.base_atoms_per_lot == command.quantity_lots
        and market.maker_fee_ppm == maker_fee_ppm(command)
        and market.taker_fee_ppm == taker_fee_ppm(command)
        and market.band_ppm == cython.cast(uint32_t, command.display_lots)
        and market.volatility_ppm == volatility_ppm(command)
        and market.auction_ms == cython.cast(uint32_t, command.expire_time_ns)
        and market.initial_phase == initial_phase(command)
        and market.allocation == allocation(command)
        and market.minimum_allocation_lots == cython.cast(int64_t, command.order_id)
        and market.symbol_low == command.target_client_id_low
        and market.symbol_high == command.target_client_id_high
    )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def market_is_valid(command: cython.pointer(cython.const[Command])) -> cython.bint:
    """Tell whether a new market's parameters are in their ranges."""
    return (
        command.asset_id != command.quote_asset_id
        and 1 <= command.price_ticks <= UNIT_ATOMS_MAX
        and 1 <= command.quantity_lots <= UNIT_ATOMS_MAX
        and maker_fee_ppm(command) <= FEE_PPM_MAX
        and taker_fee_ppm(command) <= FEE_PPM_MAX
        and cython.cast(uint32_t, command.display_lots) <= BAND_PPM_MAX
        and volatility_ppm(command) <= BAND_PPM_MAX
        and (volatility_ppm(command) != 0) == (cython.cast(uint32_t, command.expire_time_ns) != 0)
        and cython.cast(uint32_t, command.expire_time_ns) <= AUCTION_MS_MAX
        and initial_phase(command) <= PHASE_WIND_DOWN
        and allocation(command) in (FIFO, PRO_RATA)
        and 0 <= cython.cast(int64_t, command.order_id)
        and cython.cast(int64_t, command.order_id)
        <= (QUANTITY_LOTS_MAX if command.order_type == PRO_RATA else 0)
        and symbol_is_valid(command.target_client_id_low, command.target_client_id_high)
    )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def new_market(command: cython.pointer(cython.const[Command])) -> cython.pointer(Market):
    """Make a market with an empty book; NULL when there is no memory."""
    market: cython.pointer(Market) = cython.cast(
        cython.pointer(Market), calloc(1, cython.sizeof(Market))
    )
    i: cython.int
    if market == cython.NULL:
        return market
    market.market_id = command.market_id
    market.base_asset_id = command.asset_id
    market.quote_asset_id = command.quote_asset_id
    market.quote_atoms_per_tick_lot = command.price_ticks
    market.base_atoms_per_lot = command.quantity_lots
    market.quantity_lots_max = AMOUNT_ATOMS_MAX // command.quantity_lots
    market.tick_lots_max = NOTIONAL_ATOMS_MAX // command.price_ticks
    market.maker_fee_ppm = maker_fee_ppm(command)
    market.taker_fee_ppm = taker_fee_ppm(command)
    market.fee_ppm_max = max(market.maker_fee_ppm, market.taker_fee_ppm)
    market.symbol_low = command.target_client_id_low
    market.symbol_high = command.target_client_id_high
    market.lock_asset_id[BUY] = market.quote_asset_id
    market.lock_asset_id[SELL] = market.base_asset_id
    market.proceeds_asset_id[BUY] = market.base_asset_id
    market.proceeds_asset_id[SELL] = market.quote_asset_id
    market.band_ppm = cython.cast(uint32_t, command.display_lots)
    market.volatility_ppm = volatility_ppm(command)
    market.auction_ms = cython.cast(uint32_t, command.expire_time_ns)
    market.initial_phase = initial_phase(command)
    market.allocation = allocation(command)
    market.minimum_allocation_lots = command.order_id
    market.epoch = 1
    market.sides[BUY].sign = 1
    market.sides[SELL].sign = -1
    for i in range(SELL + 1, BOOKS):  # the first to fire: of buys the lowest, of sells the highest
        market.sides[i].sign = -1 if i & 1 else 1
    return market


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def define_account(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Define an account, or accept the same definition again."""
    account_id: uint32_t = command.account_id
    group: uint64_t = cython.cast(uint32_t, command.amount_atoms)
    account: cython.pointer(Account)
    if group == 0:
        group = GROUP_OWN + account_id
    if not 1 <= account_id <= ACCOUNT_ID_MAX:
        return INVALID_PARAMETER
    if not check(core, reserve_account(core, account_id), b"there is memory for an account"):
        return REJECT_NONE
    account = cython.address(core.accounts[account_id])
    if account.group != 0:
        return answer(core, command, True, 0) if account.group == group else ALREADY_DEFINED
    account.group = group
    add_to(cython.address(core.sum), hash_account(account_id, group, False))
    return answer(core, command, False, 0)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def set_id_window(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Set how long and how many client ids are remembered."""
    if not ID_WINDOW_NS_MIN <= command.price_ticks <= ID_WINDOW_NS_MAX:
        return INVALID_PARAMETER
    if not 1 <= command.quantity_lots <= IDS_MAX_LIMIT:
        return INVALID_PARAMETER
    core.ids.window_ns = command.price_ticks
    core.ids.ids_max = command.quantity_lots
    return answer(core, command, False, 0)
