"""What a look at the chain says about an attempt: the table, case by case."""

from __future__ import annotations

import pytest
from solders.signature import Signature

from settlement.chain import Failure, Height, Level, Status
from settlement.confirmer import HISTORY_SLOTS_SURE, Look, Verdict, judge, next_step
from settlement.payments import Attempt
from settlement.states import State, Step, after

ATTEMPT = Attempt(
    signature=Signature.default(),
    last_valid_block_height=150,
    payload_sha256=b"",
    transaction_bytes=b"",
    signed_slot=1_000,
    signed_time_ns=1,
)
ALIVE, PAST = Height(1_100, 150), Height(1_101, 151)
FAILURE = Failure("instruction 1: insufficient funds", 1, 1)


def look(
    finalized: Height,
    status: Status | None = None,
    *,
    slot: int = 1_200,
    history: bool = True,
    history_from_slot: int | None = 0,
) -> Look:
    """Make a look; by default a good node's."""
    return Look(finalized, status, slot, history, history_from_slot)


@pytest.mark.parametrize("height", [ALIVE, PAST])
def test_cases_a_to_e_a_status_is_taken_as_it_is(height: Height) -> None:
    """Only finalized decides; an error below it may be undone by a fork."""
    final, confirmed, processed = Level.FINALIZED, Level.CONFIRMED, Level.PROCESSED
    assert Verdict.FINAL == judge(ATTEMPT, look(height, Status(1_050, final, None)))
    assert Verdict.FAILED == judge(ATTEMPT, look(height, Status(1_050, final, FAILURE)))
    assert Verdict.CONFIRMED == judge(ATTEMPT, look(height, Status(1_050, confirmed, None)))
    assert Verdict.WAIT == judge(ATTEMPT, look(height, Status(1_050, confirmed, FAILURE)))
    assert Verdict.WAIT == judge(ATTEMPT, look(height, Status(1_050, processed, None)))


def test_case_f_while_the_height_is_within_reach_the_same_bytes_are_sent_again() -> None:
    """The last valid height itself still counts as within reach."""
    assert Verdict.RESEND == judge(ATTEMPT, look(ALIVE))


def test_case_g_a_look_at_recent_blocks_alone_proves_nothing() -> None:
    """One more look, with the whole history."""
    assert Verdict.LOOK == judge(ATTEMPT, look(PAST, history=False))


def test_case_h_past_its_height_and_nowhere_in_history_it_is_dead() -> None:
    """Only then may it be signed anew."""
    assert Verdict.DEAD == judge(ATTEMPT, look(PAST))


def test_case_i_a_history_that_does_not_reach_back_cannot_tell() -> None:
    """A person decides, nobody signs anew."""
    assert Verdict.UNKNOWN == judge(ATTEMPT, look(PAST, history_from_slot=1_001))
    assert Verdict.DEAD == judge(ATTEMPT, look(PAST, history_from_slot=1_000))


def test_case_i_a_node_that_does_not_tell_its_history_is_believed_for_a_while() -> None:
    """Beyond that the outcome is unknown."""
    sure = Height(1_000 + HISTORY_SLOTS_SURE, 500)
    late = Height(1_001 + HISTORY_SLOTS_SURE, 500)
    assert Verdict.DEAD == judge(ATTEMPT, look(sure, slot=sure.slot, history_from_slot=None))
    assert Verdict.UNKNOWN == judge(ATTEMPT, look(late, slot=late.slot, history_from_slot=None))


def test_case_j_a_node_that_was_behind_when_it_looked_decides_nothing() -> None:
    """Its 'not found' is about the past."""
    assert Verdict.WAIT == judge(ATTEMPT, look(PAST, slot=1_100))


def test_a_height_is_not_mistaken_for_a_slot() -> None:
    """Slots run ahead of heights: a slot beyond the last valid height means nothing."""
    assert Verdict.RESEND == judge(ATTEMPT, look(Height(slot=100_000, block_height=150)))


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("state", [State.SIGNED, State.IN_FLIGHT, State.CONFIRMED])
def test_every_verdict_calls_for_a_step_that_the_table_has(state: State, verdict: Verdict) -> None:
    """No look at the chain can lead a payment where the table does not."""
    step = next_step(state, verdict)
    assert step is None or after(state, step)


def test_a_confirmed_attempt_that_is_gone_has_vanished_first() -> None:
    """Dead or alive is for the next look."""
    for verdict in (Verdict.RESEND, Verdict.DEAD, Verdict.UNKNOWN):
        assert Step.VANISHED == next_step(State.CONFIRMED, verdict)
