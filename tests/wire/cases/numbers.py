"""Prices, quantities and amounts that are none."""

from __future__ import annotations

from engine.core.rejects import Reject
from tests.wire.cases.rows import bad_command, grpc_doors, refused, row
from tests.wire.table import Action, Case, Command

ONE_ZERO = "a whole number has one zero"
WHOLE = "prices and quantities are whole ticks, lots and atoms: there is no text to write it in"
BEYOND_64_BITS = "the field is a signed 64-bit integer and ends at 2^63 - 1"
TICKS_ARE_THE_GRID = "a price is a whole number of ticks, so it is always on the grid"

# The name of the case, the number as text, and as whole ticks, lots or atoms.
EVERY_NUMBER: tuple[tuple[str, str, int | str], ...] = (
    ("zero", "0", 0),
    ("negative", "-5", -5),
    ("NaN", "NaN", WHOLE),
    ("1e400", "1e400", WHOLE),
    ("2^63 - 1", str((1 << 63) - 1), (1 << 63) - 1),
    ("2^63", str(1 << 63), BEYOND_64_BITS),
    ("2^64", str(1 << 64), BEYOND_64_BITS),
    ("5,000 digits", "9" * 5_000, BEYOND_64_BITS),
    ("finer than the grid", "1.00005", TICKS_ARE_THE_GRID),
)
# What only text can say is read by the same rule for all three; prices stand for them.
PRICES_TOO: tuple[tuple[str, str, int | str], ...] = (
    ("minus zero", "-0", ONE_ZERO),
    ("Infinity", "Infinity", WHOLE),
    ("-Infinity", "-Infinity", WHOLE),
    ("an exponent", "1e2", WHOLE),
    ("hexadecimal", "0x10", WHOLE),
    ("underscores", "1_000", WHOLE),
    ("a thousands separator", "1,000", WHOLE),
    ("a plus sign", "+1", WHOLE),
    ("a leading space", " 1", WHOLE),
    ("a line break at the end", "1\n", WHOLE),
    ("leading zeros", "007", WHOLE),
    ("no digit before the point", ".5", WHOLE),
    ("no digit after the point", "5.", WHOLE),
    ("full-width digits", "１２", WHOLE),
    ("Arabic digits", "٣", WHOLE),
    ("a superscript digit", "2²", WHOLE),
    ("no text", "", WHOLE),
    ("one tick beyond the largest", "10995116277.77", (1 << 40) + 1),
    ("-2^63", str(-(1 << 63)), -(1 << 63)),
)


def number_case(what: str, name: str, text: str, whole: int | str) -> Case:
    """Make the row of a number that is no price, quantity or amount."""
    action = Action.WITHDRAW if what == "amount" else Action.PLACE
    unit = {"price": "price_ticks", "quantity": "quantity_lots", "amount": "amount_atoms"}[what]
    code = Reject[f"INVALID_{what.upper()}"]
    if what == "amount" and text == "1.00005":
        text = "1.0000005"  # finer than the asset's atoms
    return bad_command(
        f"{what}: {name}",
        action,
        code,
        whole=whole if isinstance(whole, str) else {unit: whole},
        text={what: text},
        whole_field=unit,
        text_field=what,
    )


def json_case(what: str, name: str, value: object) -> Case:
    """Make the row of a JSON value that is no decimal text."""
    ask = Command(Action.PLACE, {what: value})
    code = Reject[f"INVALID_{what.upper()}"]
    return row(
        f"{what}: {name}",
        **grpc_doors(WHOLE),
        rest=refused(ask, code, what),
        websocket=refused(ask, code, f"order.{what}"),
        cli="every argument is text",
    )


CASES: tuple[Case, ...] = (
    *(
        number_case(what, name, text, whole)
        for what in ("price", "quantity", "amount")
        for name, text, whole in EVERY_NUMBER
    ),
    *(number_case("price", name, text, whole) for name, text, whole in PRICES_TOO),
    *(
        json_case(what, name, value)
        for what in ("price", "quantity")
        for name, value in (
            ("a JSON number", 100),
            ("a JSON fraction", 100.5),
            ("a JSON true", True),
            ("a JSON list", ["1"]),
            ("a JSON null", None),
        )
    ),
    bad_command(
        "price: 100.5 on a grid of 1",
        Action.PLACE,
        Reject.INVALID_PRICE,
        whole=TICKS_ARE_THE_GRID,
        text={"market": "GRID-USDC", "price": "100.5"},
        text_field="price",
    ),
    bad_command(
        "quantity: 2^32 + 5",
        Action.PLACE,
        Reject.INVALID_QUANTITY,
        whole={"quantity_lots": (1 << 32) + 5},  # more than she can pay; 5 she could
        text={"quantity": str((1 << 32) + 5)},
        text_field="quantity",
        whole_code=Reject.INSUFFICIENT_FUNDS,
    ),
    bad_command(
        "quantity: 2^31",
        Action.PLACE,
        Reject.INVALID_QUANTITY,
        whole={"quantity_lots": 1 << 31},
        text={"quantity": str(1 << 31)},
        text_field="quantity",
        whole_code=Reject.INSUFFICIENT_FUNDS,
    ),
    bad_command(
        "quantity: 2^53 + 1",
        Action.PLACE,
        Reject.INVALID_QUANTITY,
        whole={"quantity_lots": (1 << 53) + 1},
        text={"quantity": str((1 << 53) + 1)},
        whole_field="quantity_lots",
        text_field="quantity",
    ),
    bad_command(
        "price times quantity: 2^80",
        Action.PLACE,
        Reject.NOTIONAL_TOO_LARGE,
        whole={"price_ticks": 1 << 40, "quantity_lots": 1 << 40},
        text={"price": "10995116277.76", "quantity": "1099511627.776"},
        whole_field="quantity_lots",
        text_field="quantity",
    ),
)
