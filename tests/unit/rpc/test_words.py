"""The numbers of the core and of the contracts are the same, and every reject has its words."""

from __future__ import annotations

import pytest
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

from engine.core.commands import (
    CommandKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from engine.core.rejects import CancelReason, Reject
from engine.rpc.details import DETAILS, detail
from engine.rpc.instruments import decimal_text, tick_size
from realstack.common.v1 import common_pb2
from realstack.trading.v1 import trading_pb2

PAIRS = [
    (Reject, common_pb2.RejectCode, "REJECT_CODE_"),
    (CancelReason, common_pb2.CancelReason, "CANCEL_REASON_"),
    (Side, common_pb2.Side, "SIDE_"),
    (OrderType, common_pb2.OrderType, "ORDER_TYPE_"),
    (TimeInForce, common_pb2.TimeInForce, "TIME_IN_FORCE_"),
    (SelfTradePrevention, common_pb2.SelfTradePrevention, "SELF_TRADE_PREVENTION_"),
    (CommandKind, trading_pb2.CommandKind, "COMMAND_KIND_"),
]


@pytest.mark.parametrize(("ours", "theirs", "prefix"), PAIRS)
def test_an_enum_of_the_core_is_that_of_the_contract(
    ours: type[Reject], theirs: EnumTypeWrapper, prefix: str
) -> None:
    """The front passes numbers on as they are, so they have to mean the same."""
    expected = {prefix + each.name: int(each) for each in ours if each}
    found = {name: number for name, number in theirs.items() if number}
    assert found == expected


def test_every_reject_has_words_that_differ() -> None:
    """A person can tell from the detail which rule was broken."""
    assert set(DETAILS) == set(Reject)
    assert len(set(DETAILS.values())) == len(Reject)
    assert detail(Reject.INVALID_QUANTITY).startswith("quantity_lots: must be 1 to 1099511627776,")


@pytest.mark.parametrize(
    ("atoms", "decimals", "text"),
    [
        (0, 0, "0"),
        (0, 6, "0"),
        (1, 0, "1"),
        (1, 18, "0.000000000000000001"),
        (12_500, 3, "12.5"),
        (12_000, 3, "12"),
        (1 << 60, 9, "1152921504.606846976"),
    ],
)
def test_atoms_are_written_as_exact_decimals(atoms: int, decimals: int, text: str) -> None:
    """No digit is lost and none is made up."""
    assert decimal_text(atoms, decimals) == text


@pytest.mark.parametrize(
    ("quote_atoms", "base_atoms", "base_decimals", "quote_decimals", "text"),
    [
        (1, 1, 0, 6, "0.000001"),
        (10_000, 1_000, 6, 6, "10"),
        (1, 8, 0, 0, "0.125"),
        (25, 1_000, 3, 2, "0.25"),
        (1, 1 << 40, 0, 18, None),
        (1, 3, 0, 0, "1/3"),
        (7, 30, 1, 0, "7/3"),
    ],
)
def test_a_tick_is_written_exactly(
    quote_atoms: int, base_atoms: int, base_decimals: int, quote_decimals: int, text: str | None
) -> None:
    """Quote units for one base unit at one tick; a fraction where no decimal is exact."""
    found = tick_size(quote_atoms, base_atoms, base_decimals, quote_decimals)
    if text is not None:
        assert found == text
    else:
        assert found.startswith("0.") and len(found) == 2 + 58
