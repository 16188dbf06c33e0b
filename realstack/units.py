"""Decimal text to whole ticks, lots and atoms, and back, exactly.

This is the one place where decimal text becomes integers. A number that does not fall on a step is
refused, never rounded, and what is printed parses back to the same integer.

    price   = ticks * tick    in quote units for one base unit
    size    = lots * lot      in base units
    amount  = atoms * 10^-decimals

    tick = quote_atoms_per_tick_lot * 10^base_decimals / (base_atoms_per_lot * 10^quote_decimals)
    lot  = base_atoms_per_lot / 10^base_decimals
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from engine.core.limits import (
    AMOUNT_ATOMS_MAX,
    DECIMALS_MAX,
    PRICE_TICKS_MAX,
    QUANTITY_LOTS_MAX,
    UNIT_ATOMS_MAX,
)
from engine.core.rejects import Reject

NUMBER_CHARACTERS_MAX = 80  # the largest price at the finest tick still prints shorter
STEP_DIGITS_MAX = 36  # a tick or lot with more digits after the point cannot be typed or read

_PLAIN = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?", re.ASCII)
_EXPONENT = re.compile(r"[-+]?[0-9.]+[eE][-+]?[0-9]+", re.ASCII)
_NO_NUMBER = frozenset(("nan", "snan", "inf", "infinity"))

DecimalText = str | Decimal | int
"""What is taken as an exact number: text, a finite Decimal or an int. Never a float."""


class InvalidNumber(ValueError):
    """A number that is refused at the edge, before anything is sent.

    Attributes:
        field: The field it was given for, such as ``price``.
        text: What was given.
        rule: The rule that it breaks, in words.
        code: The reject code that the venue uses for the same mistake.
    """

    def __init__(self, field: str, text: str, rule: str, code: Reject) -> None:
        shown = text if len(text) <= NUMBER_CHARACTERS_MAX else f"{text[:NUMBER_CHARACTERS_MAX]}..."
        super().__init__(f"{field} {shown!r}: {rule}")
        self.field = field
        self.text = text
        self.rule = rule
        self.code = code


@dataclass(frozen=True, slots=True)
class Step:
    """The smallest difference between two numbers of one kind: ``numerator / 10**digits``."""

    numerator: int
    digits: int

    @classmethod
    def of_ratio(cls, numerator: int, denominator: int) -> Step:
        """Make the step ``numerator / denominator``.

        Raises:
            ValueError: The ratio is no finite decimal of at most `STEP_DIGITS_MAX` digits.
        """
        for digits in range(STEP_DIGITS_MAX + 1):
            scaled, rest = divmod(numerator * 10**digits, denominator)
            if rest == 0:
                return cls(scaled, digits)
        raise ValueError(f"{numerator}/{denominator} is no decimal of {STEP_DIGITS_MAX} digits")

    def text(self, steps: int) -> str:
        """Print so many steps with all digits of the step: 101.50 where the tick is 0.01."""
        sign = "-" if steps < 0 else ""
        whole, part = divmod(abs(steps) * self.numerator, 10**self.digits)
        return f"{sign}{whole}.{part:0{self.digits}d}" if self.digits else f"{sign}{whole}"

    def __str__(self) -> str:
        return self.text(1)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a number must be: its field, its step, its largest value and the code of a refusal."""

    field: str
    unit: str  # the name of the step: tick, lot or atom
    step: Step
    steps_max: int
    code: Reject

    def parse(self, number: DecimalText) -> int:
        """Return how many steps the number is.

        Raises:
            InvalidNumber: It is not a plain positive decimal, is off its step, or too large.
        """
        text = _plain_text(self, number)
        match = _PLAIN.fullmatch(text)
        if match is None:
            raise self.refusal(text, _why_not_plain(text))
        sign, whole, part = match[1], match[2], match[3] or ""
        mantissa, scale = int(whole + part), _power_of_ten(len(part))
        if mantissa == 0 or sign:
            raise self.refusal(text, "must be greater than zero")
        step = self.step
        steps, rest = divmod(mantissa * _power_of_ten(step.digits), step.numerator * scale)
        if rest:
            raise self.refusal(text, f"must be a multiple of the {self.unit}, {step}")
        if steps > self.steps_max:
            raise self.refusal(text, f"must be at most {step.text(self.steps_max)}")
        return steps

    def refusal(self, text: str, rule: str) -> InvalidNumber:
        """Make the error for a number that breaks a rule."""
        return InvalidNumber(self.field, text, rule, self.code)


@dataclass(frozen=True)
class MarketUnits:
    """What one tick, one lot and one atom of a market are worth."""

    quote_atoms_per_tick_lot: int
    base_atoms_per_lot: int
    base_decimals: int
    quote_decimals: int

    @cached_property
    def price(self) -> Rule:
        """Rule of a price, in quote units for one base unit."""
        tick = Step.of_ratio(
            self.quote_atoms_per_tick_lot * _power_of_ten(self.base_decimals),
            self.base_atoms_per_lot * _power_of_ten(self.quote_decimals),
        )
        return Rule("price", "tick", tick, PRICE_TICKS_MAX, Reject.INVALID_PRICE)

    @cached_property
    def quantity(self) -> Rule:
        """Rule of a quantity, in base units."""
        lot = Step.of_ratio(self.base_atoms_per_lot, _power_of_ten(self.base_decimals))
        return Rule("quantity", "lot", lot, QUANTITY_LOTS_MAX, Reject.INVALID_QUANTITY)

    def price_text(self, price_ticks: int) -> str:
        """Print a price."""
        return self.price.step.text(price_ticks)

    def quantity_text(self, quantity_lots: int) -> str:
        """Print a quantity."""
        return self.quantity.step.text(quantity_lots)

    def notional_atoms(self, price_ticks: int, quantity_lots: int) -> int:
        """Return what a quantity costs at a price, in quote atoms, before fees."""
        return price_ticks * quantity_lots * self.quote_atoms_per_tick_lot

    def notional_text(self, price_ticks: int, quantity_lots: int) -> str:
        """Print what a quantity costs at a price, in quote units, before fees."""
        return amount_text(self.notional_atoms(price_ticks, quantity_lots), self.quote_decimals)


def amount_rule(decimals: int) -> Rule:
    """Return the rule of an amount of an asset with so many decimals."""
    step = Step(1, decimals)
    return Rule("amount", "atom", step, AMOUNT_ATOMS_MAX, Reject.INVALID_AMOUNT)


def amount_atoms(number: DecimalText, decimals: int) -> int:
    """Return an amount in atoms.

    Raises:
        InvalidNumber: It is not a plain positive decimal of the asset's decimals, or too large.
    """
    return amount_rule(decimals).parse(number)


def amount_text(atoms: int, decimals: int) -> str:
    """Print an amount with all decimals of its asset; it may be zero or negative."""
    return Step(1, decimals).text(atoms)


def _power_of_ten(exponent: int) -> int:
    """Return 10 to an exponent that is not negative, so that the result is an int."""
    power: int = 10**exponent
    return power


def _plain_text(rule: Rule, number: DecimalText) -> str:
    """Return the number as text, however it was given; a float or a bool is refused."""
    if isinstance(number, str):
        text = number
    elif isinstance(number, int) and not isinstance(number, bool):
        # Bit length first: Python takes long to print, or refuses, a number of a million digits.
        if abs(number).bit_length() > 4 * NUMBER_CHARACTERS_MAX:
            raise rule.refusal("an int", f"must have at most {NUMBER_CHARACTERS_MAX} characters")
        text = str(number)
    elif isinstance(number, Decimal):
        small = number.is_finite() and abs(number.adjusted()) <= NUMBER_CHARACTERS_MAX
        text = f"{number:f}" if small else str(number)
    else:
        kind = type(number).__name__
        raise rule.refusal(repr(number), f"must be text, a Decimal or an int, not a {kind}")
    if len(text) > NUMBER_CHARACTERS_MAX:
        raise rule.refusal(text, f"must have at most {NUMBER_CHARACTERS_MAX} characters")
    return text


def _why_not_plain(text: str) -> str:
    """Name the rule that a text breaks which is no plain decimal."""
    if text == "":
        return "must not be empty"
    if text.strip("+-").lower() in _NO_NUMBER:
        return "must be a finite number"
    if not text.isascii():
        return "must be written in the digits 0 to 9"
    if any(character.isspace() for character in text):
        return "must not contain spaces"
    if _EXPONENT.fullmatch(text):
        return "must be written without an exponent"
    if text.startswith("+"):
        return "must be written without a plus sign"
    if "," in text or "_" in text or "'" in text:
        return "must be written without separators between digits"
    if text.startswith(".") or text.endswith("."):
        return "must have a digit on both sides of the point"
    if re.fullmatch(r"-?0[0-9].*", text, re.ASCII | re.DOTALL):
        return "must be written without leading zeros"
    return "must be a plain decimal number, such as 12 or 0.25"


# The largest whole part is that of the largest tick: 2^40 * 10^18 quote units, times 2^40.
if len(str(PRICE_TICKS_MAX * UNIT_ATOMS_MAX * 10**DECIMALS_MAX)) + 1 + STEP_DIGITS_MAX > (
    NUMBER_CHARACTERS_MAX
):
    raise ImportError("every number that is printed must be short enough to parse back")
