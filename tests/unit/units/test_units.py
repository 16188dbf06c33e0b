"""Decimal text becomes whole ticks, lots and atoms exactly, or is refused by name."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.limits import AMOUNT_ATOMS_MAX, DECIMALS_MAX, PRICE_TICKS_MAX, QUANTITY_LOTS_MAX
from engine.core.rejects import Reject
from realstack.units import InvalidNumber, MarketUnits, Step, amount_atoms, amount_text

# A tick of 0.01 and a lot of 0.001, in an asset of 6 decimals priced in one of 6.
BUILDING = MarketUnits(
    quote_atoms_per_tick_lot=10,
    base_atoms_per_lot=1_000,
    base_decimals=6,
    quote_decimals=6,
)
# A tick of 0.25: a step that is not one unit of its last digit.
FUTURE = MarketUnits(
    quote_atoms_per_tick_lot=250_000,
    base_atoms_per_lot=1,
    base_decimals=0,
    quote_decimals=6,
)

REFUSED = [
    ("", "must not be empty"),
    ("0", "must be greater than zero"),
    ("0.00", "must be greater than zero"),
    ("-1", "must be greater than zero"),
    ("-0", "must be greater than zero"),
    ("NaN", "must be a finite number"),
    ("nan", "must be a finite number"),
    ("Infinity", "must be a finite number"),
    ("-inf", "must be a finite number"),
    ("1e5", "must be written without an exponent"),
    ("1e400", "must be written without an exponent"),
    ("1.5E-3", "must be written without an exponent"),
    ("+1", "must be written without a plus sign"),
    (" 1", "must not contain spaces"),
    ("1 ", "must not contain spaces"),
    ("1\n", "must not contain spaces"),
    ("1 000", "must not contain spaces"),
    ("\u0661\u0662", "must be written in the digits 0 to 9"),
    ("\uff11", "must be written in the digits 0 to 9"),
    ("\u00b2", "must be written in the digits 0 to 9"),
    ("1\u00a0000", "must be written in the digits 0 to 9"),
    ("1,000", "must be written without separators between digits"),
    ("1_000", "must be written without separators between digits"),
    (".5", "must have a digit on both sides of the point"),
    ("5.", "must have a digit on both sides of the point"),
    ("007", "must be written without leading zeros"),
    ("00.5", "must be written without leading zeros"),
    ("0x10", "must be a plain decimal number, such as 12 or 0.25"),
    ("1.2.3", "must be a plain decimal number, such as 12 or 0.25"),
    ("--1", "must be a plain decimal number, such as 12 or 0.25"),
    ("one", "must be a plain decimal number, such as 12 or 0.25"),
    ("1\x00", "must be a plain decimal number, such as 12 or 0.25"),
    ("9" * 81, "must have at most 80 characters"),
    ("0." + "0" * 80, "must have at most 80 characters"),
    ("1.005", "must be a multiple of the tick, 0.01"),
    ("0.001", "must be a multiple of the tick, 0.01"),
    ("10995116277.77", "must be at most 10995116277.76"),
    ("9" * 60, "must be at most 10995116277.76"),
]


@pytest.mark.parametrize(("text", "rule"), REFUSED)
def test_refused_text_names_the_field_the_rule_and_the_code(text: str, rule: str) -> None:
    """Each text that is no exact price is refused with its own rule, before anything is sent."""
    with pytest.raises(InvalidNumber) as refused:
        BUILDING.price.parse(text)
    got = refused.value
    assert (got.field, got.text, got.rule, got.code) == ("price", text, rule, Reject.INVALID_PRICE)


@pytest.mark.parametrize("number", [1.5, float("nan"), True, None, b"1"])
def test_a_float_and_other_kinds_are_refused_by_the_name_of_their_kind(number: object) -> None:
    """A float has lost the digits that were typed; it is refused, not repaired."""
    with pytest.raises(InvalidNumber) as refused:
        BUILDING.price.parse(number)  # type: ignore[arg-type]
    expected = f"must be text, a Decimal or an int, not a {type(number).__name__}"
    assert expected == refused.value.rule


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        (Decimal("NaN"), "must be a finite number"),
        (Decimal("-Infinity"), "must be a finite number"),
        (Decimal("1e400"), "must be written without an exponent"),
        (Decimal("0.005"), "must be a multiple of the tick, 0.01"),
        pytest.param(1 << 20_000, "must have at most 80 characters", id="huge"),
        (-3, "must be greater than zero"),
    ],
)
def test_numbers_that_are_not_text_obey_the_same_rules(number: Decimal | int, rule: str) -> None:
    """A Decimal or an int is exact, so it is taken, under the rules of text."""
    with pytest.raises(InvalidNumber) as refused:
        BUILDING.price.parse(number)
    assert rule == refused.value.rule


@pytest.mark.parametrize(
    ("number", "ticks"),
    [
        ("101.25", 10_125),
        ("101.250000", 10_125),
        ("0.01", 1),
        ("7", 700),
        (7, 700),
        (Decimal("1.1e1"), 1_100),
        (Decimal("0.010"), 1),
        ("10995116277.76", PRICE_TICKS_MAX),
    ],
)
def test_exact_numbers_become_ticks(number: str | int | Decimal, ticks: int) -> None:
    """A number on a step becomes the count of steps; zeros at its end change nothing."""
    assert ticks == BUILDING.price.parse(number)


def test_quantity_off_its_lot_is_refused_with_the_lot() -> None:
    """A quantity must be whole lots."""
    with pytest.raises(InvalidNumber) as refused:
        BUILDING.quantity.parse("0.0005")
    got = (refused.value.field, refused.value.rule, refused.value.code)
    assert got == ("quantity", "must be a multiple of the lot, 0.001", Reject.INVALID_QUANTITY)


def test_amount_finer_than_an_atom_is_refused() -> None:
    """An amount must be whole atoms."""
    with pytest.raises(InvalidNumber) as refused:
        amount_atoms("0.0000001", 6)
    got = (refused.value.field, refused.value.rule, refused.value.code)
    assert got == ("amount", "must be a multiple of the atom, 0.000001", Reject.INVALID_AMOUNT)


def test_a_tick_of_a_quarter_takes_quarters_only() -> None:
    """A tick need not be one unit of its last digit."""
    assert FUTURE.price.parse("5214.25") == 20_857
    with pytest.raises(InvalidNumber, match=r"multiple of the tick, 0\.25"):
        FUTURE.price.parse("5214.26")


def test_a_tick_that_no_decimal_can_say_is_refused() -> None:
    """A third of a unit has no finite decimal, so such a market cannot be quoted in decimals."""
    with pytest.raises(ValueError, match="1/3 is no decimal"):
        Step.of_ratio(1, 3)


def test_the_notional_is_the_product_in_quote_units() -> None:
    """Three units at 101.25 cost 303.75."""
    assert BUILDING.notional_text(10_125, 3_000) == "303.750000"


def test_a_long_text_is_cut_in_the_message_but_kept_in_the_error() -> None:
    """A hostile text does not fill the log."""
    with pytest.raises(InvalidNumber) as refused:
        BUILDING.price.parse("1" * 1_000)
    assert len(str(refused.value)) < 200
    assert refused.value.text == "1" * 1_000


UNITS = st.builds(
    MarketUnits,
    quote_atoms_per_tick_lot=st.integers(1, 1 << 40),
    base_atoms_per_lot=st.sampled_from([10**exponent for exponent in range(13)]),
    base_decimals=st.integers(0, DECIMALS_MAX),
    quote_decimals=st.integers(0, DECIMALS_MAX),
)


@given(units=UNITS, ticks=st.integers(1, PRICE_TICKS_MAX), lots=st.integers(1, QUANTITY_LOTS_MAX))
def test_what_is_printed_parses_back(units: MarketUnits, ticks: int, lots: int) -> None:
    """Printing and parsing are each other's inverse, for every market that decimals can quote."""
    assert ticks == units.price.parse(units.price_text(ticks))
    assert lots == units.quantity.parse(units.quantity_text(lots))


@given(atoms=st.integers(1, AMOUNT_ATOMS_MAX), decimals=st.integers(0, DECIMALS_MAX))
def test_amounts_that_are_printed_parse_back(atoms: int, decimals: int) -> None:
    """Printing and parsing an amount are each other's inverse."""
    assert atoms == amount_atoms(amount_text(atoms, decimals), decimals)


@given(text=st.text(alphabet="0123456789.-+eE ,_\u0663\u00b2", max_size=12))
def test_any_text_is_either_exact_or_refused(text: str) -> None:
    """No text is rounded: what is taken says the same as the exact Decimal of the text."""
    try:
        ticks = BUILDING.price.parse(text)
    except InvalidNumber:
        return
    assert Decimal(text) == Decimal(ticks) / 100


@given(ticks=st.integers(-(10**12), 10**12))
def test_steps_below_zero_print_with_their_sign(ticks: int) -> None:
    """A difference of prices may be negative and prints as such."""
    assert Decimal(ticks) / 100 == Decimal(Step(1, 2).text(ticks))
