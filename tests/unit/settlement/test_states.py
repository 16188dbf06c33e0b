"""The life of a payment is a table."""

from __future__ import annotations

import pytest

from engine.core.invariants import BrokenInvariant
from realstack.settlement.v1 import settlement_pb2 as wire
from settlement.states import STEPS, State, Step, after


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("step", Step)
def test_a_step_that_is_not_in_the_table_is_refused(state: State, step: Step) -> None:
    """Either the table has the step, or taking it is a bug."""
    if (state, step) in STEPS:
        assert STEPS[(state, step)] == after(state, step)
    else:
        with pytest.raises(BrokenInvariant, match="cannot be"):
            after(state, step)


def test_nothing_leaves_final_or_parked() -> None:
    """What is final stays; what is parked waits for a person, who alone takes it up again."""
    ends = {State.FINAL, State.PARKED}
    left = [(state, step) for state, step in STEPS if state in ends]
    assert [(State.PARKED, Step.TAKEN_UP)] == left


def test_only_what_was_never_signed_or_is_proven_dead_is_signed() -> None:
    """A payment whose transaction may still land is never signed a second time."""
    signing = {state for state, step in STEPS if step is Step.SIGNED}
    assert {State.NETTED, State.EXPIRED} == signing


def test_a_confirmed_payment_is_not_declared_dead_before_it_vanished() -> None:
    """First the fork is gone, then the attempt is looked at anew."""
    assert (State.CONFIRMED, Step.PROVEN_DEAD) not in STEPS
    assert State.IN_FLIGHT == after(State.CONFIRMED, Step.VANISHED)


def test_states_have_the_numbers_of_the_contract() -> None:
    """Each state of the contract is one of ours, and the reverse."""
    names = {name.removeprefix("SETTLEMENT_STATE_") for name in wire.SettlementState.keys()}  # noqa: SIM118
    assert names - {"UNSPECIFIED"} == {state.value for state in State}
    assert wire.SETTLEMENT_STATE_FINAL == State.FINAL.number
