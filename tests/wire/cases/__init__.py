"""The table: every bad input, at every door. A new case is one row in one of these modules."""

from __future__ import annotations

from tests.wire.cases import (
    access,
    controls,
    forms,
    history,
    ids,
    numbers,
    operation,
    orders,
    quotes,
    special_orders,
    texts,
)
from tests.wire.table import Case

CASES: tuple[Case, ...] = (
    *numbers.CASES,
    *orders.CASES,
    *special_orders.CASES,
    *quotes.CASES,
    *controls.CASES,
    *ids.CASES,
    *texts.CASES,
    *forms.CASES,
    *access.CASES,
    *operation.CASES,
    *history.CASES,
)

if len({case.name for case in CASES}) != len(CASES):
    raise ImportError("every case has a name of its own")
