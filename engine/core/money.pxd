"""Notionals, fees and locks in 64 bits.

A notional is q millions and a rest r: its fee is q x ppm + ceil((r x ppm - credit) / 10^6), which
equals the exact ceil((notional x ppm - credit) / 10^6) and never leaves 64 bits.
"""

cimport cython
from libc.stdint cimport int64_t, uint32_t, uint64_t

from engine.core.constants cimport BUY, FEE_PPM_ONE
from engine.core.state cimport Market


@cython.cdivision(True)
cdef inline int64_t fee_atoms(
    int64_t notional, uint32_t fee_ppm, uint32_t credit_ppm
) noexcept nogil:
    if fee_ppm == 0:
        return 0  # the credit is less than an atom
    cdef uint64_t millions = <uint64_t> notional // <uint64_t> FEE_PPM_ONE
    cdef uint64_t rest = <uint64_t> notional - millions * <uint64_t> FEE_PPM_ONE
    cdef uint64_t due = rest * fee_ppm + <uint64_t> (FEE_PPM_ONE - 1) - credit_ppm
    return <int64_t> (millions * fee_ppm + due // <uint64_t> FEE_PPM_ONE)


cdef inline uint32_t credit_after(
    int64_t notional, uint32_t fee_ppm, uint32_t credit_ppm, int64_t fee
) noexcept nogil:
    # Exact although the products wrap: the result is 0 to 999,999.
    return <uint32_t> (
        <uint64_t> fee * <uint64_t> FEE_PPM_ONE - <uint64_t> notional * fee_ppm + credit_ppm
    )


cdef inline int64_t notional_atoms(
    const Market *market, int64_t price_ticks, int64_t quantity_lots
) noexcept nogil:
    return price_ticks * quantity_lots * market.quote_atoms_per_tick_lot


cdef inline int64_t lock_required(
    const Market *market, int side, int64_t price_ticks, int64_t leaves_lots, uint32_t credit_ppm
) noexcept nogil:
    # Both are computed: half of all orders are sells, which no branch could predict. What is not
    # taken may wrap.
    cdef int64_t notional = notional_atoms(market, price_ticks, leaves_lots)
    cdef int64_t buy = notional + fee_atoms(notional, market.fee_ppm_max, credit_ppm)
    cdef int64_t sell = leaves_lots * market.base_atoms_per_lot
    cdef int64_t is_buy = -<int64_t> (side == BUY)
    return (buy & is_buy) | (sell & ~is_buy)


@cython.cdivision(True)
cdef inline bint is_too_large(
    const Market *market, int64_t price_ticks, int64_t quantity_lots
) noexcept nogil:
    # price x quantity x unit > limit is the same as price x quantity > limit // unit, and so on.
    if quantity_lots > market.quantity_lots_max:
        return True
    if (price_ticks | quantity_lots) < (<int64_t> 1 << 31):
        return price_ticks * quantity_lots > market.tick_lots_max
    return price_ticks != 0 and quantity_lots > market.tick_lots_max // price_ticks
