"""The compiled venue: stamped commands in, their events out."""

from typing import final

import numpy as np
from numpy.typing import NDArray

@final
class Venue:
    """The whole state of a venue and the rules that change it."""

    def __init__(self) -> None: ...
    @property
    def handle(self) -> int:
        """The venue as the C entry point takes it (`engine.core.entry`); valid while this lives."""
    @property
    def sequence_last(self) -> int:
        """The sequence of the last command."""
    @property
    def time_ns_last(self) -> int:
        """The time of the last command."""
    def apply(self, commands: NDArray[np.void]) -> NDArray[np.void]:
        """Apply stamped COMMAND records in order; give their EVENT records."""
    def prepare(self, orders: int = 0, ids: int = 0) -> None:
        """Take memory for so many working orders and more client ids ahead of their use."""
    def digest(self) -> int:
        """Give the digest of the state, as it is kept up."""
    def digest_scan(self) -> int:
        """Give the digest of the state by a full scan."""
    def dump(self) -> NDArray[np.uint8]:
        """Give the whole state as bytes, for `restore` of the same build."""
    def restore(self, state: NDArray[np.uint8]) -> None:
        """Take over a state that `dump` gave; ValueError when it is of another build or damaged."""
    def validate(self) -> None:
        """Check every invariant; raise BrokenInvariant with the first that does not hold."""
    def balance(self, account_id: int, asset_id: int) -> tuple[int, int, int]:
        """Give free, locked and held atoms."""
    def balances(self, account_id: int = 0) -> NDArray[np.void]:
        """List balances that are not zero, of one account or (0) all."""
    def orders(self, account_id: int = 0, market_id: int = 0) -> NDArray[np.void]:
        """List working orders by order id, of one account and market or (0) all."""
    def order(self, order_id: int) -> NDArray[np.void]:
        """Give one working order, or an empty array."""
    def levels(self, market_id: int, side: int, depth: int = 0) -> NDArray[np.void]:
        """List price levels, best first; `depth` 0 gives all."""
    def assets(self) -> NDArray[np.void]:
        """List assets by id, with totals."""
    def markets(self) -> NDArray[np.void]:
        """List markets by id."""
    def accounts(self) -> list[tuple[int, int]]:
        """List (account id, group id as defined: 0 for a group of its own)."""
    def limits(self) -> NDArray[np.void]:
        """List limits by account, market and kind."""
    def kills(self) -> list[tuple[int, int]]:
        """List (account id, market id) of the kill switches that are set; both 0: the venue's."""
    def next_due_ns(self) -> int: ...
    def counts(self) -> dict[str, int]:
        """Give the venue's counters and limits."""
