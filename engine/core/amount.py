# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Market buys by amount: they spend at most an amount, the fee included, in whole lots."""

import cython
from cython.cimports.engine.core.allocation import share_level
from cython.cimports.engine.core.book import reaches
from cython.cimports.engine.core.constants import PRO_RATA, REASON_NO_LIQUIDITY, REASON_SELF_TRADE
from cython.cimports.engine.core.layout import Command
from cython.cimports.engine.core.matching import is_prevented, prevent, trade
from cython.cimports.engine.core.money import fee_atoms, notional_atoms
from cython.cimports.engine.core.resting import open_lots
from cython.cimports.engine.core.state import BookSide, Core, Level, Taker
from cython.cimports.libc.stdint import int64_t, uint32_t


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def match_by_amount(
    core: cython.pointer(Core),
    taker: cython.pointer(Taker),
    command: cython.pointer(cython.const[Command]),
) -> cython.int:
    """Buy of each maker the most lots that fit; stop at the first of which not one fits.

    Returns:
        Why it bought no more.
    """
    side: cython.pointer(BookSide) = taker.opposite
    level: cython.pointer(Level)
    slot: uint32_t
    lots: int64_t
    is_pro_rata: cython.bint = taker.market.allocation == PRO_RATA
    shared_key: int64_t = 0
    while reaches(side, taker.limit_key) and core.broken == cython.NULL:
        if is_pro_rata and side.keys[side.count - 1] != shared_key:
            shared_key = side.keys[side.count - 1]
            if not share_level(core, taker, command):
                return REASON_SELF_TRADE
            continue
        level = cython.address(core.levels[side.levels[side.count - 1]])
        slot = level.head
        if is_prevented(core, taker, slot):
            if not prevent(core, taker, slot, command):
                return REASON_SELF_TRADE
            continue
        lots = lots_that_fit(taker, level.price_ticks, open_lots(core, slot))
        if lots == 0:
            return REASON_NO_LIQUIDITY
        taker.leaves_lots = lots
        trade(core, taker, slot, lots, command)
    return REASON_NO_LIQUIDITY


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def lots_that_fit(
    taker: cython.pointer(cython.const[Taker]), price_ticks: int64_t, offered_lots: int64_t
) -> int64_t:
    """Give the most lots at a price, of those offered, that the taker's money buys, by bisection.

    More lots than the money buys without a fee are not tried: their cost may not fit 64 bits.
    """
    left_atoms: int64_t = taker.lock_atoms - taker.spent_atoms
    low: int64_t = 0
    high: int64_t = min(
        offered_lots, left_atoms // (price_ticks * taker.market.quote_atoms_per_tick_lot)
    )
    lots: int64_t
    notional: int64_t
    while low < high:
        lots = (low + high + 1) // 2
        notional = notional_atoms(taker.market, price_ticks, lots)
        if notional + fee_atoms(notional, taker.market.taker_fee_ppm, taker.fee_credit_ppm) <= (
            left_atoms
        ):
            low = lots
        else:
            high = lots - 1
    return low
