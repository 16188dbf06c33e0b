"""An engine killed under load keeps every promise; and the judge would notice if it did not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from realstack.trading.v1 import trading_pb2
from tests.crash import engine_kills
from tests.crash.judge import fold, judge, working

ACK: dict[str, Any] = {
    "kind": "place",
    "account_id": 1,
    "client_id": 5,
    "order_id": 7,
    "sequence": 11,
    "filled_lots": 0,
    "leaves_lots": 3,
}


@pytest.mark.slow
async def test_three_kills_under_load_lose_double_and_change_nothing(tmp_path: Path) -> None:
    """Acknowledged commands survive kill -9, once, in the state that was told."""
    verdict = await engine_kills.run(tmp_path, times=3, seed=7)
    assert [] == verdict.faults
    assert 3 == verdict.kills
    assert verdict.acknowledged > 3 * engine_kills.ACKS_BETWEEN_KILLS_MIN // 2


def executions(*names: str, leaves: int = 3) -> list[trading_pb2.Execution]:
    """Make a private stream: one order, accepted and then what is named."""
    order = trading_pb2.OrderState(order_id=7, market_id=1, price_ticks=100, leaves_lots=leaves)
    order.client_id.low = 5
    made = []
    for index, name in enumerate(names):
        execution = trading_pb2.Execution(execution_sequence=index + 1, sequence=11 + index)
        getattr(execution, name).order.CopyFrom(order)
        made.append(execution)
    return made


def test_the_judge_finds_nothing_where_nothing_is_wrong() -> None:
    """An acknowledged order that is there, once and in its state, is no fault."""
    told = fold(executions("accepted"))
    assert [] == judge([ACK], {1: told})
    assert {7: 3} == working(told)


def test_the_judge_finds_a_lost_order() -> None:
    """An acknowledged order that the venue does not know is lost."""
    faults = judge([ACK], {1: fold([])})
    assert 1 == len(faults)
    assert faults[0].startswith("an acknowledged order is lost")


def test_the_judge_finds_a_doubled_order() -> None:
    """A client id that made two orders is a fault."""
    assert ["client id 5 was accepted 2 times"] == [
        fault for fault in judge([], {1: fold(executions("accepted", "accepted"))})
    ]


def test_the_judge_finds_another_state() -> None:
    """An order told with other leaves than the venue has is a fault."""
    faults = judge([ACK], {1: fold(executions("accepted", leaves=2))})
    assert faults[0].startswith("the state told was (0, 3), it is (0, 2)")


@pytest.mark.parametrize("kind", ["cancel", "replace"])
def test_the_judge_finds_a_lost_change(kind: str) -> None:
    """An acknowledged cancel or replace that the venue does not know is lost."""
    faults = judge([{**ACK, "kind": kind}], {1: fold(executions("accepted"))})
    assert faults[0].startswith(f"an acknowledged {kind} is lost")


def test_the_judge_finds_a_gap_in_a_private_stream() -> None:
    """Execution sequences are dense from 1."""
    told = fold(executions("accepted", "cancelled")[1:])
    assert ["execution 2, not 1"] == told.faults
