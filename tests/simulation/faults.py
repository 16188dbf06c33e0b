"""Which faults a world has, how often, and how many there were.

Swarm: each seed draws a rate for each class, and leaves each class out with a chance of one half,
so that rare pairs get room.
"""

from __future__ import annotations

import random
from collections import Counter

NS_PER_MS = 1_000_000

# Highest chance, in parts per thousand: per message, per sync, per snapshot or per second of storm.
CLASSES = {
    "message lost": 300,
    "message doubled": 300,
    "message late": 300,
    "process killed": 400,
    "power cut": 400,
    "process paused": 200,
    "sync slow": 200,
    "sync failed": 20,
    "disk full": 100,
    "clock stepped": 200,
    "clock frozen": 200,
    "snapshot cut short": 500,
    "snapshot bit flipped": 500,
}
SURVIVAL = (0, 200, 500, 800, 1000)  # of an unsynced sector, in parts per thousand, at a power cut


class Faults:
    """The rates of one seed, and the counts."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.rates = {
            name: chance.randint(1, most) if chance.random() < 0.5 else 0
            for name, most in CLASSES.items()
        }
        self.survival = chance.choice(SURVIVAL)
        self.counts: Counter[str] = Counter()
        self.is_calm = False

    def happens(self, name: str) -> bool:
        """Draw whether a fault comes now, and count it."""
        comes = self._chance.randrange(1000) < self.rates[name]
        if self.is_calm or not comes:
            return False
        self.counts[name] += 1
        return True

    def survives(self, _name: str, _sector: int) -> bool:
        """Draw whether an unsynced sector outlives a power cut."""
        return self._chance.randrange(1000) < self.survival

    def message_delays_ns(self) -> list[int]:
        """Draw after how long a message arrives: never, once, or twice."""
        if self.happens("message lost"):
            return []
        delays = [self._chance.randint(50_000, 2 * NS_PER_MS)]
        if self.happens("message late"):
            delays[0] += self._chance.randint(1, 3_000) * NS_PER_MS
        if self.happens("message doubled"):
            delays.append(self._chance.randint(50_000, 800 * NS_PER_MS))
        return delays

    def sync_ns(self) -> int:
        """Draw how long a write to disk takes."""
        if self.happens("sync slow"):
            return self._chance.randint(50, 3_000) * NS_PER_MS
        return self._chance.randint(60_000, 900_000)
