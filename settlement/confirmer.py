"""Confirming: what became of a transaction that was sent. No library's confirmer is used.

case | status                  | heights and history                           | verdict
  A  | finalized, no error     | any                                           | FINAL
  B  | finalized, error        | any                                           | FAILED
  C  | confirmed, no error     | any                                           | CONFIRMED
  D  | confirmed, error        | a fork may undo it, and the bytes land well   | WAIT
  E  | processed               | the same                                      | WAIT
  F  | none                    | finalized height <= last valid height         | RESEND
  G  | none, recent look only  | finalized height > last valid height          | LOOK (in history)
  H  | none in history, looked | the same, and the node's history reaches back | DEAD
     | at or after that height | to before it was signed                       |
  I  | the same                | ... and its history does not reach back       | UNKNOWN
  J  | none in history, looked | the node that looked was behind               | WAIT
     | before that height      |                                               |

Only DEAD lets a payment be signed anew; UNKNOWN is for a person. A height is never compared with a
slot, and `isBlockhashValid` is not asked: a node that lags calls a live blockhash unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from settlement.chain import STATUSES_PER_CALL, Chain, Height, Level, Status, Statuses
from settlement.payments import Attempt, Payment
from settlement.states import State, Step

# A node that does not tell how far back it reaches is believed to reach back this far: a tenth of
# what a node keeps by default.
HISTORY_SLOTS_SURE = 50_000


class Verdict(Enum):
    """What a look at the chain says about one attempt."""

    FINAL = auto()
    FAILED = auto()
    CONFIRMED = auto()
    WAIT = auto()
    RESEND = auto()
    LOOK = auto()
    DEAD = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Look:
    """What the node said, all of it told after `finalized`.

    Attributes:
        finalized: The newest finalized slot and height.
        status: The attempt's status, if the node knows one.
        slot: The slot that the status was told at.
        history: Whether the node searched all it has, not only recent blocks.
        history_from_slot: The oldest slot it has; None: it does not tell.
    """

    finalized: Height
    status: Status | None
    slot: int
    history: bool
    history_from_slot: int | None = None


def judge(attempt: Attempt, look: Look) -> Verdict:
    """Decide by the table above."""
    status = look.status
    if status is not None:
        if status.level is Level.FINALIZED:
            return Verdict.FINAL if status.failure is None else Verdict.FAILED  # A, B
        if status.level is Level.CONFIRMED and status.failure is None:
            return Verdict.CONFIRMED  # C
        return Verdict.WAIT  # D, E
    if look.finalized.block_height <= attempt.last_valid_block_height:
        return Verdict.RESEND  # F
    if not look.history:
        return Verdict.LOOK  # G
    if look.slot < look.finalized.slot:
        return Verdict.WAIT  # J
    return Verdict.DEAD if _reaches_back(attempt, look) else Verdict.UNKNOWN  # H, I


def _reaches_back(attempt: Attempt, look: Look) -> bool:
    if look.history_from_slot is not None:
        return look.history_from_slot <= attempt.signed_slot
    return look.finalized.slot - attempt.signed_slot <= HISTORY_SLOTS_SURE


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of a payment's live attempt."""

    payment: Payment
    attempt: Attempt
    verdict: Verdict
    status: Status | None


class Confirmer:
    """Looks at the chain for many attempts at once."""

    def __init__(self, chain: Chain) -> None:
        """Ask this node."""
        self._chain = chain

    async def look(self, sent: Sequence[tuple[Payment, Attempt]]) -> list[Finding]:
        """Judge attempts in the order given; LOOK never comes out, the second look is taken here.

        Raises:
            ChainUnavailable: The node cannot tell now; nothing is decided.
        """
        found: list[Finding] = []
        for start in range(0, len(sent), STATUSES_PER_CALL):
            found += await self._look(sent[start : start + STATUSES_PER_CALL])
        return found

    async def _look(self, sent: Sequence[tuple[Payment, Attempt]]) -> list[Finding]:
        # The height first: a status told after it cannot miss what was final at it.
        finalized = await self._chain.finalized_height()
        first = await self._statuses(sent, history=False)
        found = [
            _finding(pair, Look(finalized, status, first.slot, history=False))
            for pair, status in zip(sent, first.found, strict=True)
        ]
        open_pairs = [
            (each.payment, each.attempt) for each in found if each.verdict is Verdict.LOOK
        ]
        if not open_pairs:
            return found
        history_from_slot = await self._chain.first_available_slot()
        second = await self._statuses(open_pairs, history=True)
        again = {
            pair[0].payment_id: _finding(
                pair, Look(finalized, status, second.slot, True, history_from_slot)
            )
            for pair, status in zip(open_pairs, second.found, strict=True)
        }
        return [again.get(each.payment.payment_id, each) for each in found]

    async def _statuses(
        self, sent: Sequence[tuple[Payment, Attempt]], *, history: bool
    ) -> Statuses:
        return await self._chain.statuses([each.signature for _, each in sent], history=history)


def _finding(pair: tuple[Payment, Attempt], look: Look) -> Finding:
    payment, attempt = pair
    return Finding(payment, attempt, judge(attempt, look), look.status)


def next_step(state: State, verdict: Verdict) -> Step | None:
    """Return the step that a verdict calls for in a state; None: the payment stays where it is."""
    gone = verdict in (Verdict.RESEND, Verdict.DEAD, Verdict.UNKNOWN)
    if state is State.CONFIRMED and gone:
        return Step.VANISHED  # its fork was dropped; what to do next is for the next look
    if verdict is Verdict.CONFIRMED and state is State.CONFIRMED:
        return None
    return _STEPS.get(verdict)


_STEPS = {
    Verdict.FINAL: Step.SEEN_FINAL,
    Verdict.FAILED: Step.SEEN_FAILED,
    Verdict.CONFIRMED: Step.SEEN_CONFIRMED,
    Verdict.DEAD: Step.PROVEN_DEAD,
    Verdict.UNKNOWN: Step.OUTCOME_UNKNOWN,
}
