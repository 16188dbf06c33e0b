"""Orders in decimal text: converted once, exactly, and refused by the name of the field."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.rejects import Reject
from realstack.client import Asset, InvalidInput, InvalidNumber, Market, OrderType, TimeInForce
from realstack.order_text import OrderText, order_numbers
from realstack.units import MarketUnits

# A tick of 0.01 USDC and a lot of 0.001 BLDG.
MARKET = Market(
    market_id=1,
    symbol="BLDG-USDC",
    base=Asset(2, "BLDG", 6),
    quote=Asset(1, "USDC", 6),
    units=MarketUnits(10, 1_000, 6, 6),
    maker_fee_ppm=0,
    taker_fee_ppm=0,
    last_price_ticks=0,
)
GOOD: dict[OrderType, dict[str, Any]] = {
    OrderType.LIMIT: {"price": "1.25", "quantity": "2"},
    OrderType.MARKET: {"quantity": "2"},
    OrderType.STOP: {"quantity": "2", "trigger_price": "1.5"},
    OrderType.STOP_LIMIT: {"price": "1.25", "quantity": "2", "trigger_price": "1.5"},
    OrderType.TRAILING_STOP: {"quantity": "2", "trail": "0.05"},
    OrderType.MARKET_BY_AMOUNT: {"amount": "0.000007"},
}
FIELDS: dict[str, Any] = {
    "price": "1",
    "quantity": "1",
    "display_quantity": "0.5",
    "minimum_quantity": "0.5",
    "trigger_price": "1",
    "trigger_source": "reference",
    "trail": "1",
    "trail_ppm": 5,
    "amount": "1",
    "post_only": True,
    "slide": True,
    "hidden": True,
}
EXTRA = {
    OrderType.LIMIT: {
        "price",
        "quantity",
        "display_quantity",
        "minimum_quantity",
        "post_only",
        "slide",
        "hidden",
    },
    OrderType.MARKET: {"quantity", "minimum_quantity"},
    OrderType.STOP: {"quantity", "trigger_price", "trigger_source"},
    OrderType.STOP_LIMIT: {"price", "quantity", "trigger_price", "trigger_source"},
    OrderType.TRAILING_STOP: {"quantity", "trail", "trail_ppm"},
    OrderType.MARKET_BY_AMOUNT: {"amount"},
}
ALIEN = [(kind, field) for kind, taken in EXTRA.items() for field in FIELDS if field not in taken]


def numbers(kind: OrderType, **fields: Any) -> dict[str, Any]:
    """Return the numbers of an order that are not zero or none."""
    order = OrderText(order_type=kind, **(GOOD[kind] | fields))
    return {name: value for name, value in order_numbers(order, MARKET).items() if value}


def test_each_type_has_its_numbers_in_whole_steps() -> None:
    """Ticks, lots and atoms, and nothing that was not given."""
    assert {kind: numbers(kind) for kind in OrderType if kind in GOOD} == {
        OrderType.LIMIT: {"price_ticks": 125, "quantity_lots": 2_000},
        OrderType.MARKET: {"quantity_lots": 2_000},
        OrderType.STOP: {"quantity_lots": 2_000, "trigger_price_ticks": 150},
        OrderType.STOP_LIMIT: {
            "price_ticks": 125,
            "quantity_lots": 2_000,
            "trigger_price_ticks": 150,
        },
        OrderType.TRAILING_STOP: {"quantity_lots": 2_000, "trail_ticks": 5},
        OrderType.MARKET_BY_AMOUNT: {"amount_atoms": 7},
    }


def test_an_iceberg_and_a_minimum_are_in_lots() -> None:
    """One shows less than its quantity, the other is at most that."""
    iceberg = numbers(OrderType.LIMIT, display_quantity="1.999")
    assert iceberg["display_lots"] == 1_999
    assert numbers(OrderType.MARKET, minimum_quantity="2")["minimum_lots"] == 2_000


@pytest.mark.parametrize(("kind", "field"), ALIEN)
def test_a_field_that_the_type_does_not_take_is_refused_by_name(
    kind: OrderType, field: str
) -> None:
    """Nothing that was given is left out without a word."""
    with pytest.raises(InvalidInput) as refusal:
        numbers(kind, **{field: FIELDS[field]})
    assert refusal.value.field == field
    assert "has none" in refusal.value.rule


@pytest.mark.parametrize(
    ("kind", "field"), [(kind, field) for kind, good in GOOD.items() for field in good]
)
def test_a_field_that_the_type_needs_is_asked_for_by_name(kind: OrderType, field: str) -> None:
    """What is missing is named."""
    with pytest.raises(InvalidInput) as refusal:
        numbers(kind, **{field: None})
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("kind", "fields", "code", "field"),
    [
        (OrderType.LIMIT, {"display_quantity": "2"}, Reject.INVALID_QUANTITY, "display_quantity"),
        (OrderType.LIMIT, {"minimum_quantity": "3"}, Reject.INVALID_QUANTITY, "minimum_quantity"),
        (
            OrderType.LIMIT,
            {"display_quantity": "1", "hidden": True},
            Reject.INVALID_QUANTITY,
            "display_quantity",
        ),
        (
            OrderType.LIMIT,
            {"minimum_quantity": "1", "post_only": True},
            Reject.INVALID_FLAGS,
            "minimum_quantity",
        ),
        (OrderType.LIMIT, {"slide": True}, Reject.INVALID_FLAGS, "slide"),
        (
            OrderType.LIMIT,
            {"hidden": True, "time_in_force": TimeInForce.FOK},
            Reject.INVALID_FLAGS,
            "hidden",
        ),
        (
            OrderType.LIMIT,
            {"time_in_force": TimeInForce.GTD},
            Reject.INVALID_TIME_IN_FORCE,
            "expire_time",
        ),
        (
            OrderType.LIMIT,
            {"time_in_force": TimeInForce.DAY, "expire_time_ns": 5},
            Reject.INVALID_TIME_IN_FORCE,
            "expire_time",
        ),
        (OrderType.TRAILING_STOP, {"trail_ppm": 7}, Reject.INVALID_PRICE, "trail"),
    ],
)
def test_what_does_not_go_together_is_refused_by_name(
    kind: OrderType, fields: dict[str, Any], code: Reject, field: str
) -> None:
    """The field and the core's code for the same mistake."""
    with pytest.raises(InvalidInput) as refusal:
        numbers(kind, **fields)
    assert (refusal.value.code, refusal.value.field) == (code, field)


@pytest.mark.parametrize("field", ["trigger_price", "price"])
@pytest.mark.parametrize("text", ["1.005", "0", "-1", "1e2", "NaN", ""])
def test_a_number_is_exact_or_refused_under_its_own_name(field: str, text: str) -> None:
    """Never rounded, and never named after another field."""
    with pytest.raises(InvalidNumber) as refusal:
        numbers(OrderType.STOP_LIMIT, **{field: text})
    assert (refusal.value.field, refusal.value.code) == (field, Reject.INVALID_PRICE)
