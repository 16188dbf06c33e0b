"""Notionals, fees and locks: exact integers, rounded up against the payer."""

from __future__ import annotations

from engine.core.commands import OrderType, Side, TimeInForce
from engine.core.limits import AMOUNT_ATOMS_MAX, FEE_PPM_ONE, NOTIONAL_ATOMS_MAX
from engine.reference.state import Market, Order

STOPS_AT_MARKET = frozenset({OrderType.STOP, OrderType.TRAILING_STOP})
_MARKET_TYPES = frozenset({OrderType.MARKET, OrderType.MARKET_BY_AMOUNT})
AUCTION_ONLY = frozenset({TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE})


def ceil_ratio(numerator: int, denominator: int) -> int:
    """Divide and round up, also below zero."""
    return -(-numerator // denominator)


def notional_atoms(market: Market, price_ticks: int, quantity_lots: int) -> int:
    """Price times quantity in atoms of the quote asset."""
    return price_ticks * quantity_lots * market.quote_atoms_per_tick_lot


def charge(notional: int, fee_ppm: int, credit_ppm: int) -> tuple[int, int]:
    """Charge a fee cumulatively.

    An order's fee is that of all its fills together, rounded up once; `credit_ppm` is what
    earlier roundings took too much, in millionths of an atom. So the way in which an order is
    split into fills never changes its fee.

    Returns:
        The fee of this fill in atoms, and the credit after it (0 to 999,999).
    """
    due = notional * fee_ppm - credit_ppm
    fee = ceil_ratio(due, FEE_PPM_ONE)
    return fee, fee * FEE_PPM_ONE - due


def dearest_ticks(market: Market, order: Order) -> int:
    """The highest price that an order may pay; 0 for one that locks otherwise."""
    if order.order_type in STOPS_AT_MARKET:
        return order.trigger_price_ticks * (FEE_PPM_ONE + market.band_ppm) // FEE_PPM_ONE
    return order.peg_limit_ticks or order.price_ticks


def lock_required(market: Market, order: Order) -> int:
    """What an order must have locked for its leaves.

    A sell locks its base atoms. A buy locks its notional at its limit, a peg too (a stop without
    one: at its worst price) plus the higher of the two fees on it, less the fee credit that it
    already has: exactly what its dearest future costs.
    """
    if order.side == Side.SELL:
        return order.leaves_lots * market.base_atoms_per_lot
    notional = notional_atoms(market, dearest_ticks(market, order), order.leaves_lots)
    due = notional * market.fee_ppm_max - order.fee_credit_ppm
    return notional + ceil_ratio(due, FEE_PPM_ONE)


def too_large(market: Market, price_ticks: int, quantity_lots: int) -> bool:
    """Tell whether an order has more base atoms, or a higher notional, than any may."""
    return (
        quantity_lots * market.base_atoms_per_lot > AMOUNT_ATOMS_MAX
        or notional_atoms(market, price_ticks, quantity_lots) > NOTIONAL_ATOMS_MAX
    )


def locks_by_limit(order: Order) -> bool:
    """Tell whether the lock follows from price and leaves: of all but market buys at once."""
    at_once = order.order_type in _MARKET_TYPES and order.time_in_force not in AUCTION_ONLY
    return not at_once or order.side == Side.SELL


def lock_asset_id(market: Market, side: int) -> int:
    """The asset that an order of this side locks."""
    return market.quote_asset_id if side == Side.BUY else market.base_asset_id
