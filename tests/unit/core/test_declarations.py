"""The compiled core's numbers and structs are those of the plain modules."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import pytest

from engine.core import commands, digest, events, limits
from engine.core.commands import (
    COMMAND,
    Allocation,
    CommandKind,
    LimitKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from engine.core.digest import Tag
from engine.core.events import EVENT, EventKind
from engine.core.phases import AuctionKind, Phase
from engine.core.rejects import CancelReason, Reject
from engine.core.views import ORDER_VIEW
from tests.unit.core.declarations import constants, structs

ENUMS: tuple[tuple[str, type[IntEnum]], ...] = (
    ("", CommandKind),
    ("LIMIT_", LimitKind),
    ("", Side),
    ("", OrderType),
    ("", TimeInForce),
    ("", Allocation),
    ("STP_", SelfTradePrevention),
    ("EVENT_", EventKind),
    ("REASON_", CancelReason),
    ("PHASE_", Phase),
    ("AUCTION_", AuctionKind),
    ("TAG_", Tag),
    ("", Reject),
    ("REJECT_", Reject),
)
MODULES = (commands, events, limits, digest)


def sources() -> dict[str, int]:
    """Give every number that the plain modules name, as the declarations name it."""
    found = {prefix + item.name: int(item) for prefix, kind in ENUMS for item in kind}
    for module in MODULES:
        found |= {
            name: value
            for name, value in vars(module).items()
            if name.isupper() and isinstance(value, int)
        }
    found["COMMAND_KINDS"] = max(CommandKind) + 1
    return found


def test_every_declared_number_is_that_of_its_source() -> None:
    """A number that C compares with at compile time is the one that the plain module defines."""
    declared = constants()
    expected = {name: value for name, value in sources().items() if name in declared}
    assert 100 < len(declared)
    assert expected == declared


@pytest.mark.parametrize(
    ("struct", "dtype"),
    [("Command", COMMAND), ("Event", EVENT), ("OrderView", ORDER_VIEW)],
)
def test_a_struct_has_its_fields_where_the_dtype_has_them(
    struct: str, dtype: np.dtype[np.void]
) -> None:
    """The core reads commands and writes events in place, so offsets and sizes must be equal."""
    declared = structs()[struct]
    fields = dtype.fields
    assert fields is not None
    places = {(fields[name][1], fields[name][0].itemsize) for name in fields}
    expected = {
        name: (fields[name][1], fields[name][0].itemsize) for name in declared if name in fields
    }
    shared = {name: place for name, place in declared.items() if name in fields}
    assert expected == shared
    assert set() == {place for place in declared.values() if place not in places}
    assert dtype.itemsize == max(offset + size for offset, size in declared.values())
