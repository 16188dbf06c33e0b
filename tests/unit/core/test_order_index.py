"""Working orders are found by id, however old they are and however many came since."""

from __future__ import annotations

import numpy as np
import pytest

from engine.core.commands import CommandKind
from engine.core.events import EventKind
from tests.unit.core.rows import Pair, places, rows

FIRST_RECENT = 1_024  # places of the array of recent ids when it is new


def churn(pair: Pair, count: int, client_id: int) -> None:
    """Place and cancel orders: their ids pass, none stays."""
    first = pair.venue.counts()["next_order_id"]
    pair.run(places(count, client_id_low=client_id + np.arange(count)))
    pair.run(rows(count, CommandKind.CANCEL, account_id=1, order_id=first + np.arange(count)[::-1]))


@pytest.mark.parametrize("passed", [FIRST_RECENT - 2, FIRST_RECENT - 1, FIRST_RECENT, 2_500])
def test_an_order_is_found_when_as_many_ids_passed_as_the_array_has_places(passed: int) -> None:
    """An order that outlives its place among the recent ids moves to the table."""
    pair = Pair(with_reference=False)
    pair.run(places(3, client_id_low=np.arange(1, 4)))
    churn(pair, passed, 1_000)
    pair.agree()
    events = pair.run(rows(3, CommandKind.CANCEL, account_id=1, order_id=[2, 3, 1]))
    assert [EventKind.CANCELLED] * 3 == events["kind"].tolist()
    pair.agree()


@pytest.mark.parametrize("count", [511, 512, 1_023, 1_024, 1_025, 3_000])
def test_all_orders_are_found_when_many_work_at_once(count: int) -> None:
    """The array of recent ids grows with the number of working orders, and loses none."""
    pair = Pair(with_reference=False)
    pair.run(places(count, client_id_low=np.arange(1, count + 1)))
    churn(pair, 100, 100_000)
    assert count == pair.venue.counts()["open_orders"]
    assert [1, count] == [int(pair.venue.order(i)[0]["order_id"]) for i in (1, count)]
    pair.agree()
    events = pair.run(
        rows(count, CommandKind.CANCEL, account_id=1, order_id=np.arange(1, count + 1))
    )
    assert {int(EventKind.CANCELLED)} == set(events["kind"].tolist())
    assert 0 == pair.venue.counts()["open_orders"]
    pair.agree()


def test_the_array_may_grow_after_old_orders_moved_to_the_table() -> None:
    """What is in the table stays there, and is looked for there, when the array grows later."""
    pair = Pair(with_reference=False)
    pair.run(places(3, client_id_low=np.arange(1, 4)))
    churn(pair, 3 * FIRST_RECENT, 1_000)
    pair.run(places(4 * FIRST_RECENT, client_id_low=50_000 + np.arange(4 * FIRST_RECENT)))
    pair.agree()
    events = pair.run(rows(3, CommandKind.CANCEL, account_id=1, order_id=[2, 3, 1]))
    assert [EventKind.CANCELLED] * 3 == events["kind"].tolist()
    pair.agree()


def test_ids_that_were_never_given_or_are_gone_name_no_order() -> None:
    """Zero, an ended order, a withdrawal and an id to come are all unknown."""
    pair = Pair()
    pair.run(places(2, client_id_low=[1, 2]))
    hold = rows(1, CommandKind.WITHDRAW_HOLD, account_id=1, asset_id=1, amount_atoms=5)
    hold["client_id_low"] = 3
    pair.run(hold)
    pair.run(rows(1, CommandKind.CANCEL, account_id=1, order_id=1))
    wrong = [1, 3, 4, 5, FIRST_RECENT, FIRST_RECENT + 2, (1 << 64) - 1]
    events = pair.run(rows(len(wrong), CommandKind.CANCEL, account_id=1, order_id=wrong))
    assert {int(EventKind.REJECTED)} == set(events["kind"].tolist())
    assert [0] * 7 == [len(pair.venue.order(order_id)) for order_id in [0, *wrong[:-1]]]
