"""The life of a payment as a table: a step that is not in the table is refused.

A payment is one atomic transaction to be made exactly once: a batch of fills or a withdrawal.
A fill has the state of its batch; before it has one it is QUEUED.
"""

from __future__ import annotations

from enum import StrEnum

from engine.core.invariants import check
from realstack.settlement.v1 import settlement_pb2 as wire


class State(StrEnum):
    """Where a payment, or a fill, stands; the names are those of the contract."""

    QUEUED = "QUEUED"
    NETTED = "NETTED"
    SIGNED = "SIGNED"
    IN_FLIGHT = "IN_FLIGHT"
    CONFIRMED = "CONFIRMED"
    FINAL = "FINAL"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"
    PARKED = "PARKED"

    @property
    def number(self) -> wire.SettlementState.ValueType:
        """The number of the state in the contract."""
        return wire.SettlementState.Value(f"SETTLEMENT_STATE_{self.value}")


class Step(StrEnum):
    """What happens to a payment."""

    NETTED = "netted"
    NOTHING_TO_MOVE = "nothing to move"
    REFUSED_IN_SIMULATION = "refused in simulation"
    SIGNED = "signed"
    SENT = "sent"
    SEEN_CONFIRMED = "seen confirmed"
    SEEN_FINAL = "seen final"
    SEEN_FAILED = "seen failed, final"
    SEEN_FAILED_OUTSIDE = "seen failed, final, for a reason outside its moves"
    VANISHED = "vanished with its fork"
    PROVEN_DEAD = "proven dead"
    OUTCOME_UNKNOWN = "outcome unknown"
    GIVEN_UP = "given up"
    PARKED_BY_HAND = "parked by hand"
    TAKEN_UP = "taken up again by hand"


_ON_CHAIN = (State.SIGNED, State.IN_FLIGHT, State.CONFIRMED)

STEPS: dict[tuple[State, Step], State] = {
    (State.QUEUED, Step.NETTED): State.NETTED,
    (State.NETTED, Step.NOTHING_TO_MOVE): State.FINAL,
    # Nothing was signed, or all that was signed is dead: refusing is safe.
    (State.NETTED, Step.REFUSED_IN_SIMULATION): State.FAILED,
    (State.EXPIRED, Step.REFUSED_IN_SIMULATION): State.FAILED,
    (State.NETTED, Step.SIGNED): State.SIGNED,
    (State.EXPIRED, Step.SIGNED): State.SIGNED,
    (State.SIGNED, Step.SENT): State.IN_FLIGHT,
    # A worker may die after it sent and before it noted so: SIGNED may be on chain already.
    **{(state, Step.SEEN_CONFIRMED): State.CONFIRMED for state in _ON_CHAIN[:2]},
    **{(state, Step.SEEN_FINAL): State.FINAL for state in _ON_CHAIN},
    **{(state, Step.SEEN_FAILED): State.FAILED for state in _ON_CHAIN},
    (State.CONFIRMED, Step.VANISHED): State.IN_FLIGHT,
    **{(state, Step.PROVEN_DEAD): State.EXPIRED for state in _ON_CHAIN[:2]},
    **{(state, Step.OUTCOME_UNKNOWN): State.PARKED for state in _ON_CHAIN},
    # It is spent, nothing moved, and the moves are not to blame: it is signed anew.
    **{(state, Step.SEEN_FAILED_OUTSIDE): State.EXPIRED for state in _ON_CHAIN},
    # The receipt of the payment exists, made by a transaction that is not ours.
    (State.NETTED, Step.OUTCOME_UNKNOWN): State.PARKED,
    (State.EXPIRED, Step.OUTCOME_UNKNOWN): State.PARKED,
    # The receipt was made by one of our own attempts: a node had told us that it was dead.
    (State.EXPIRED, Step.SEEN_FINAL): State.FINAL,
    (State.FAILED, Step.GIVEN_UP): State.PARKED,
    # A person's: park what nothing was signed for, and make the fills of a parked batch anew.
    (State.NETTED, Step.PARKED_BY_HAND): State.PARKED,
    (State.PARKED, Step.TAKEN_UP): State.FAILED,
}

# States in which a worker has something to do.
TO_SEND = (State.NETTED, State.EXPIRED)
TO_CONFIRM = _ON_CHAIN


_PROGRESS = (
    *(State.QUEUED, State.PARKED, State.FAILED, State.NETTED, State.EXPIRED),
    *(State.SIGNED, State.IN_FLIGHT, State.CONFIRMED, State.FINAL),
)


def behind(*states: State) -> State:
    """Return the state that is farthest from final: what is settled by several has that one."""
    return min(states, key=_PROGRESS.index)


def after(state: State, step: Step) -> State:
    """Return the state that a step leads to.

    Raises:
        BrokenInvariant: When the table has no such step.
    """
    check((state, step) in STEPS, f"a payment that is {state} cannot be {step}")
    return STEPS[(state, step)]
