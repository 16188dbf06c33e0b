"""An order in decimal text to one in ticks, lots and atoms: the same rules for every text door.

What an order type takes, what goes together, and how the numbers of an order bound each other is
checked here, where each field still has the name that its sender gave it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypedDict

from engine.core.commands import OrderType, TimeInForce
from engine.core.rejects import Reject
from realstack.client.arguments import default_time_in_force
from realstack.client.errors import InvalidInput
from realstack.client.records import Market
from realstack.units import Rule, amount_rule

MAX_AGE_MS_MAX = (1 << 32) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderText:
    """What an order says of itself; numbers are decimal text, none or zero is not given."""

    order_type: OrderType
    time_in_force: TimeInForce | None = None
    price: str | None = None
    quantity: str | None = None
    display_quantity: str | None = None
    minimum_quantity: str | None = None
    trigger_price: str | None = None
    trigger_source: str | None = None
    trail: str | None = None
    trail_ppm: int = 0
    amount: str | None = None
    expire_time_ns: int = 0
    post_only: bool = False
    slide: bool = False
    hidden: bool = False


class OrderNumbers(TypedDict):
    """The arguments of `Client.place` that say how much and at which price."""

    price_ticks: int | None
    quantity_lots: int | None
    display_lots: int | None
    minimum_lots: int
    trigger_price_ticks: int | None
    trail_ticks: int
    trail_ppm: int
    amount_atoms: int


# The fields that an order type needs, and those that it may have.
_NEEDED: dict[OrderType, tuple[str, ...]] = {
    OrderType.LIMIT: ("price", "quantity"),
    OrderType.MARKET: ("quantity",),
    OrderType.STOP: ("trigger_price", "quantity"),
    OrderType.STOP_LIMIT: ("price", "trigger_price", "quantity"),
    OrderType.TRAILING_STOP: ("quantity",),
    OrderType.MARKET_BY_AMOUNT: ("amount",),
}
_ALLOWED: dict[OrderType, tuple[str, ...]] = {
    OrderType.LIMIT: ("display_quantity", "minimum_quantity", "post_only", "slide", "hidden"),
    OrderType.MARKET: ("minimum_quantity",),
    OrderType.STOP: ("trigger_source",),
    OrderType.STOP_LIMIT: ("trigger_source",),
    OrderType.TRAILING_STOP: ("trail", "trail_ppm"),
    OrderType.MARKET_BY_AMOUNT: (),
}
# The code of the core for a mistake in each field.
FIELD_REJECTS: dict[str, Reject] = {
    "price": Reject.INVALID_PRICE,
    "trigger_price": Reject.INVALID_PRICE,
    "trail": Reject.INVALID_PRICE,
    "trail_ppm": Reject.INVALID_PRICE,
    "quantity": Reject.INVALID_QUANTITY,
    "display_quantity": Reject.INVALID_QUANTITY,
    "minimum_quantity": Reject.INVALID_QUANTITY,
    "amount": Reject.INVALID_AMOUNT,
    "trigger_source": Reject.INVALID_FLAGS,
    "post_only": Reject.INVALID_FLAGS,
    "slide": Reject.INVALID_FLAGS,
    "hidden": Reject.INVALID_FLAGS,
}
_RESTING = frozenset({TimeInForce.GTC, TimeInForce.DAY, TimeInForce.GTD})
_MAY_HAVE_MINIMUM = _RESTING | {TimeInForce.IOC}


def order_numbers(order: OrderText, market: Market) -> OrderNumbers:
    """Return an order's numbers in the steps of its market.

    Raises:
        InvalidInput: A field is missing, does not go with the order type or with another field.
        InvalidNumber: A number is not exact, not positive, off its step or too large.
    """
    _check_fields(order)
    _check_flags(order)
    units = market.units
    amount = replace(amount_rule(market.quote.decimals), field="amount")
    quantity_lots = _steps(units.quantity, "quantity", order.quantity)
    display_lots = _steps(units.quantity, "display_quantity", order.display_quantity)
    minimum_lots = _steps(units.quantity, "minimum_quantity", order.minimum_quantity)
    if display_lots is not None and display_lots >= (quantity_lots or 0):
        raise _refusal("display_quantity", order.display_quantity, "must be less than the quantity")
    if minimum_lots is not None and minimum_lots > (quantity_lots or 0):
        raise _refusal("minimum_quantity", order.minimum_quantity, "must be at most the quantity")
    return OrderNumbers(
        price_ticks=_steps(units.price, "price", order.price),
        quantity_lots=quantity_lots,
        display_lots=display_lots,
        minimum_lots=minimum_lots or 0,
        trigger_price_ticks=_steps(units.price, "trigger_price", order.trigger_price),
        trail_ticks=_steps(units.price, "trail", order.trail) or 0,
        trail_ppm=order.trail_ppm,
        amount_atoms=_steps(amount, "amount", order.amount) or 0,
    )


def price_steps(market: Market, field: str, text: str) -> int:
    """Return a price of a field in ticks.

    Raises:
        InvalidNumber: It is not exact, not positive, off the tick or too large.
    """
    return replace(market.units.price, field=field).parse(text)


def _steps(rule: Rule, field: str, text: str | None) -> int | None:
    return None if text is None else replace(rule, field=field).parse(text)


def _refusal(field: str, given: object, rule: str, code: Reject | None = None) -> InvalidInput:
    return InvalidInput(field, given, rule, code or FIELD_REJECTS[field])


def _is_given(order: OrderText, field: str) -> bool:
    value = getattr(order, field)
    return value is not None and value is not False and value != 0


def _check_fields(order: OrderText) -> None:
    """Refuse a field that the order type needs and has not, or has and does not take."""
    kind = order.order_type
    words = f"a {kind.name.lower()} order"
    for field in FIELD_REJECTS:
        given = getattr(order, field)
        if field in _NEEDED[kind]:
            if given is None:
                raise _refusal(field, None, f"must be given: {words} needs it")
        elif _is_given(order, field) and field not in _ALLOWED[kind]:
            raise _refusal(field, given, f"{words} has none")
    if kind is OrderType.TRAILING_STOP and (order.trail is None) == (order.trail_ppm == 0):
        raise _refusal("trail", order.trail, "give exactly one of trail and trail_ppm")


def _check_flags(order: OrderText) -> None:
    """Refuse what does not go together, or not with how long the order is in force."""
    until = order.time_in_force or default_time_in_force(order.order_type, order.expire_time_ns)
    if (until is TimeInForce.GTD) != (order.expire_time_ns != 0):
        rule = "goes with the time in force gtd, and gtd needs it"
        raise _refusal("expire_time", None, rule, Reject.INVALID_TIME_IN_FORCE)
    if until not in _RESTING:
        for field in ("post_only", "slide", "hidden", "display_quantity"):
            if _is_given(order, field):
                rule = "is for an order that may rest: gtc, day or gtd"
                raise _refusal(field, getattr(order, field), rule)
    if order.slide and not order.post_only:
        raise _refusal("slide", True, "goes with post_only")
    if order.display_quantity is not None and (order.hidden or order.minimum_quantity is not None):
        rule = "goes with neither hidden nor minimum_quantity"
        raise _refusal("display_quantity", order.display_quantity, rule)
    if order.minimum_quantity is not None and (order.post_only or until not in _MAY_HAVE_MINIMUM):
        rule = "goes with gtc, day, gtd or ioc, and not with post_only"
        raise _refusal("minimum_quantity", order.minimum_quantity, rule, Reject.INVALID_FLAGS)
