"""Arguments of calls to the values of command records."""

from __future__ import annotations

from enum import IntEnum
from typing import TypeVar

from engine.core.commands import (
    TRIGGER_BEST_QUOTE,
    TRIGGER_REFERENCE,
    OrderType,
    TimeInForce,
)
from engine.core.rejects import Reject
from realstack.client.errors import InvalidInput
from realstack.client.records import Market
from realstack.client.requests import ClientId, id_words
from realstack.units import DecimalText

E = TypeVar("E", bound=IntEnum)
TAG_MAX = (1 << 16) - 1
_PRICES = frozenset({"price", "trigger_price"})
_AT_ONCE = frozenset({OrderType.MARKET, OrderType.MARKET_BY_AMOUNT})


class TriggerSource(IntEnum):
    """The price that a stop watches, as the flags of its command say it."""

    LAST_TRADE = 0
    BEST_QUOTE = TRIGGER_BEST_QUOTE
    REFERENCE = TRIGGER_REFERENCE


def default_time_in_force(order_type: OrderType, expire_time_ns: int) -> TimeInForce:
    """Return how long an order works that does not say so."""
    if expire_time_ns:
        return TimeInForce.GTD
    return TimeInForce.IOC if order_type in _AT_ONCE else TimeInForce.GTC


def choice(field: str, given: str | E | None, kind: type[E], code: Reject) -> E | None:
    """Return the member of an enumeration by its name in lower case, or as given.

    Raises:
        InvalidInput: There is no such member.
    """
    if given is None or isinstance(given, kind):
        return given
    names = [member.name.lower() for member in kind]
    if isinstance(given, str) and given in names:
        return kind[given.upper()]
    raise InvalidInput(field, given, f"must be one of: {', '.join(names)}", code)


def needed(field: str, value: int | None) -> int:
    """Return a value that must be given.

    Raises:
        InvalidInput: It is not.
    """
    if value is None:
        code = {
            "side": Reject.INVALID_SIDE,
            "price": Reject.INVALID_PRICE,
            "quantity": Reject.INVALID_QUANTITY,
        }[field]
        raise InvalidInput(field, None, "must be given", code)
    return value


def check_tag(field: str, tag: int) -> None:
    """Refuse a tag that no order can have; 0 stands for all orders.

    Raises:
        InvalidInput: It is out of range.
    """
    if not 0 <= tag <= TAG_MAX:
        raise InvalidInput(field, tag, f"must be 0 to {TAG_MAX}", Reject.INVALID_PARAMETER)


def number_of(
    field: str, decimal: DecimalText | None, steps: int | None, market: Market | None
) -> int | None:
    """Return a price in ticks or a quantity in lots, from either way of giving it.

    Raises:
        InvalidInput: Both are given, or a decimal without its market.
        InvalidNumber: The decimal is not exact.
    """
    unit = "ticks" if field in _PRICES else "lots"
    code = Reject.INVALID_PRICE if field in _PRICES else Reject.INVALID_QUANTITY
    if decimal is None:
        return steps
    if steps is not None:
        rule = f"give it either as {field} or as {field}_{unit}"
        raise InvalidInput(field, decimal, rule, code)
    if market is None:
        raise InvalidInput("market", None, f"must be given with {field}", Reject.UNKNOWN_MARKET)
    return (market.units.price if field in _PRICES else market.units.quantity).parse(decimal)


def target_of(order_id: int, order_client_id: ClientId | None) -> dict[str, int]:
    """Return the fields that name the order of a cancel or replace.

    Raises:
        InvalidInput: Not exactly one of the two ids is given.
    """
    if (order_id == 0) == (order_client_id is None):
        rule = "give exactly one of order_id and order_client_id"
        raise InvalidInput("order_id", order_id, rule, Reject.UNKNOWN_ORDER)
    if order_client_id is None:
        return {"order_id": order_id}
    low, high = id_words(order_client_id, "order_client_id")
    return {"target_client_id_low": low, "target_client_id_high": high}
