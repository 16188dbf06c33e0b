"""Price limits of orders that name none: the market's band around its last price."""

from __future__ import annotations

from engine.core.commands import POST_ONLY, OrderType, Side
from engine.core.limits import FEE_PPM_ONE
from engine.reference.money import STOPS_AT_MARKET, ceil_ratio, dearest_ticks
from engine.reference.state import PEGS, Market, Order

_PRICED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.QUOTE}) | PEGS


def moved_ticks(price_ticks: int, band_ppm: int, side: int) -> int | None:
    """Give a price moved by a band against an order, rounded towards it; None without either."""
    if band_ppm == 0 or price_ticks == 0:
        return None
    if side == Side.BUY:
        return price_ticks * (FEE_PPM_ONE + band_ppm) // FEE_PPM_ONE
    return ceil_ratio(price_ticks * (FEE_PPM_ONE - band_ppm), FEE_PPM_ONE)


def aim(market: Market, order: Order) -> None:
    """Set the worst prices at which an order that arrives now trades.

    A post-only order does not trade, so the dynamic band is not for it.
    """
    own = _own_limit_ticks(market, order)
    bound = moved_ticks(market.last_price_ticks, market.volatility_ppm, order.side)
    order.own_limit_ticks = own
    order.limit_ticks = own
    if bound is None or order.flags & POST_ONLY:
        return
    if own is None:
        order.limit_ticks = bound
    else:
        order.limit_ticks = min(own, bound) if order.side == Side.BUY else max(own, bound)


def _own_limit_ticks(market: Market, order: Order) -> int | None:
    """Give the worst price that an order allows, or the static band for one without a limit.

    A buy that was a stop at market is bounded by what it has locked: the band around its trigger.
    """
    if order.order_type in _PRICED:
        return order.price_ticks
    if order.order_type in STOPS_AT_MARKET and order.side == Side.BUY:
        return dearest_ticks(market, order)
    return moved_ticks(market.last_price_ticks, market.band_ppm, order.side)
