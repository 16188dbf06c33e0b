"""kill -9 of the leader of a pair under load, again and again; then judge what clients were told.

python -m tests.crash.failover --times N [--seed S] [--report FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from realstack.client import Client
from tests.crash.ack_file import Ack, AckFile, read_acks
from tests.crash.engine_kills import define, judge_venue, more_acks, sync_as_they_come
from tests.crash.engine_process import make_keys
from tests.crash.load import Member
from tests.crash.pair_process import PairProcess

MEMBERS = 4
LANES = 8
ACKS_BETWEEN_KILLS_MIN = 200
GRANT_MS = 600


@dataclass
class Verdict:
    """What the kills showed."""

    kills: int = 0
    acknowledged: int = 0
    failover_ms: list[int] = field(default_factory=list)
    rejoin_ms: list[int] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Say it in one line."""
        return (
            f"{self.kills} failovers, {self.acknowledged:,} acknowledged commands, "
            f"{len(self.faults)} lost, doubled or in another state; "
            f"failover p50 {percentile(self.failover_ms, 50)} ms, "
            f"p99 {percentile(self.failover_ms, 99)} ms, most {max(self.failover_ms, default=0)} ms"
            f"; rejoin p50 {percentile(self.rejoin_ms, 50)} ms, "
            f"most {max(self.rejoin_ms, default=0)} ms"
        )


def percentile(samples: list[int], percent: int) -> int:
    """Give the smallest sample that `percent` of them do not exceed."""
    ordered = sorted(samples) or [0]
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


async def run(folder: Path, *, times: int, seed: int) -> Verdict:
    """Kill whichever node leads `times` times under load and judge.

    Args:
        folder: An empty folder for both nodes' data and the clients' file.
        times: How many kills.
        seed: Of the traffic and the moments.
    """
    keys = make_keys(folder / "keys.json", MEMBERS)
    pair = PairProcess(folder, keys, grant_ms=GRANT_MS)
    try:
        await asyncio.to_thread(pair.start)
        await define(pair.address, keys)
        verdict = await _kill_under_load(pair, keys, folder / "acks.jsonl", times, seed)
        acks = list(read_acks(folder / "acks.jsonl"))
        verdict.acknowledged = len(acks)
        verdict.faults += await judge_venue(pair.address, keys, acks)
    except BaseException:
        print(pair.log_tails(), file=sys.stderr)
        raise
    finally:
        pair.stop()
    return verdict


class _Watch:
    """Notes the moment of the newest acknowledgement that the venue gave for the first time."""

    def __init__(self, path: Path) -> None:
        self._file = AckFile(path)
        self.newest_ns = 0

    def add(self, ack: Ack) -> None:
        self.newest_ns = time.monotonic_ns()
        self._file.add(ack)

    def sync(self) -> None:
        self._file.sync()

    def close(self) -> None:
        self._file.close()


async def _kill_under_load(
    pair: PairProcess, keys: dict[str, str], path: Path, times: int, seed: int
) -> Verdict:
    acks, stop, chance, verdict = _Watch(path), asyncio.Event(), random.Random(seed), Verdict()
    clients = [
        Client(pair.address, api_key=keys[f"member-{account}"]) for account in range(1, MEMBERS + 1)
    ]
    members = [Member(c, index + 1, acks, seed * 100 + index) for index, c in enumerate(clients)]
    writer = asyncio.create_task(sync_as_they_come(acks, stop))
    traffic = asyncio.gather(*(member.run(stop, LANES) for member in members))
    for _ in range(times):
        await more_acks(members, traffic, ACKS_BETWEEN_KILLS_MIN)
        await asyncio.sleep(chance.random() / 5)  # tidy: sleep-ok a random moment is the point
        await _fail_over(pair, acks, verdict)
    await more_acks(members, traffic, ACKS_BETWEEN_KILLS_MIN)
    stop.set()
    await traffic
    await writer
    acks.close()
    for client in clients:
        await client.close()
    for member in members:
        verdict.counts.update(member.counts)
    return verdict


async def _fail_over(pair: PairProcess, acks: _Watch, verdict: Verdict) -> None:
    """Kill the leader; wait for news of the other; start the killed one and wait for the pair."""
    leader = await asyncio.to_thread(pair.leader)
    leader.kill()
    killed_ns = time.monotonic_ns()
    other = pair.other(leader)
    await _until(lambda: other.leads, "a new leader")
    # Answers that were on their way before the kill do not count, so the moment of leading comes
    # first; it is seen a little late, which makes the result longer and never shorter.
    leads_ns = time.monotonic_ns()
    await _until(lambda: acks.newest_ns > leads_ns, "an acknowledgement")
    verdict.failover_ms.append((acks.newest_ns - killed_ns) // 1_000_000)
    verdict.kills += 1
    began_ns = time.monotonic_ns()
    leader.start()
    await asyncio.to_thread(pair.until, lambda: other.is_paired, "a pair")
    verdict.rejoin_ms.append((time.monotonic_ns() - began_ns) // 1_000_000)
    if verdict.kills % 10 == 0:
        print(f"failover: {verdict.text()}", file=sys.stderr, flush=True)


async def _until(holds: Callable[[], bool], what: str) -> None:
    deadline_ns = time.monotonic_ns() + 60_000_000_000
    while not holds():
        if time.monotonic_ns() > deadline_ns:
            raise TimeoutError(f"{what} did not come")
        await asyncio.sleep(0.002)  # tidy: sleep-ok polls with a deadline


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="./dev failover", description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        verdict = asyncio.run(run(Path(folder), times=options.times, seed=options.seed))
    for fault in verdict.faults[:20]:
        print(fault)
    print(f"failover: {verdict.text()} (seed {options.seed})")
    return 1 if verdict.faults else 0


if __name__ == "__main__":
    sys.exit(main())
