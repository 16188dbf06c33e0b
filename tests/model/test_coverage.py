"""Every outcome of a new order, in every phase, for every type and time in force."""

from __future__ import annotations

import pytest

from tests.model.coverage import name_of, orders_hit, reason_of, universe


@pytest.mark.slow
def test_every_combination_is_hit_or_impossible_with_a_reason() -> None:
    """There is no hole, and nothing that is called impossible happens."""
    hit = orders_hit()
    cells = universe()
    assert [] == [name_of(cell) for cell in cells if not hit[cell] and not reason_of(cell)]
    assert [] == [name_of(cell) for cell in cells if hit[cell] and reason_of(cell)]
