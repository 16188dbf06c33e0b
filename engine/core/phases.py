"""Trading phases of a market: what each allows, and which may follow which.

    phase      | new orders                              | replace          | matching
    CLOSED     | none                                    | no               | none
    PRE_OPEN   | collected for the opening call          | yes              | at the uncross
    AUCTION    | collected for its call                  | yes              | at the uncross
    OPEN       | all but AT_OPEN and AT_CLOSE            | yes              | continuous
    POST_ONLY  | post-only                               | without crossing | none
    HALTED     | none                                    | no               | none
    WIND_DOWN  | none, for good                          | no               | none

Cancels, and what operators and settlement send, are allowed in every phase. A call collects limit
orders (icebergs and hidden ones too), stops, and market orders that are AT_OPEN or AT_CLOSE; what
trades at once or never on arrival (IOC, FOK, post-only, a minimum quantity) has no meaning there
and is refused. AT_OPEN belongs to an opening call (PRE_OPEN is one), AT_CLOSE to a closing one.
"""

from __future__ import annotations

from enum import IntEnum


class Phase(IntEnum):
    """What a market does now."""

    CLOSED = 1
    PRE_OPEN = 2
    AUCTION = 3
    OPEN = 4
    POST_ONLY = 5
    HALTED = 6
    WIND_DOWN = 7


class AuctionKind(IntEnum):
    """Why a call is held."""

    OPENING = 1
    CLOSING = 2
    VOLATILITY = 3
    ON_DEMAND = 4


CALLS = frozenset({Phase.PRE_OPEN, Phase.AUCTION})

# Which phases may follow; AUCTION after AUCTION gives a running call another kind or end.
FOLLOWERS: dict[Phase, frozenset[Phase]] = {
    Phase.CLOSED: frozenset(Phase) - {Phase.CLOSED},
    Phase.PRE_OPEN: frozenset(Phase) - {Phase.PRE_OPEN},
    Phase.AUCTION: frozenset(Phase) - {Phase.PRE_OPEN},
    Phase.OPEN: frozenset(Phase) - {Phase.OPEN, Phase.PRE_OPEN},
    Phase.POST_ONLY: frozenset(Phase) - {Phase.POST_ONLY, Phase.PRE_OPEN},
    Phase.HALTED: frozenset(Phase) - {Phase.HALTED},
    Phase.WIND_DOWN: frozenset(),
}


def follower_mask(phase: int) -> int:
    """Give the phases that may follow as bits, for the compiled core."""
    return sum(1 << follower for follower in FOLLOWERS[Phase(phase)])
