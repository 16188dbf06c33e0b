"""How long to wait before the next try: longer each time, never in step with others."""

from __future__ import annotations

import asyncio
import random

FIRST_SECONDS = 0.1
LONGEST_SECONDS = 5.0


class Backoff:
    """Waits between tries of something that may come back: doubled each time, with jitter."""

    def __init__(self, *, first: float = FIRST_SECONDS, longest: float = LONGEST_SECONDS) -> None:
        self._first = first
        self._longest = longest
        self.tries = 0

    def reset(self) -> None:
        """Begin again with the shortest wait: the last try got somewhere."""
        self.tries = 0

    def next_seconds(self) -> float:
        """Return the next wait: between half and all of a length that doubles up to the longest."""
        longest = min(self._first * (1 << min(self.tries, 20)), self._longest)
        self.tries += 1
        return longest * random.uniform(0.5, 1.0)

    async def wait(self) -> None:
        """Wait before the next try."""
        await asyncio.sleep(self.next_seconds())
