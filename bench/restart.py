"""How fast a venue is back: a snapshot is loaded, and the journal behind it replayed.

    ./dev bench restart [--resting 1000000] [--tail 1000000] [--rounds 3] [--json]

A journal is written on disk, first orders that rest, then a tail of places and cancels in batches
of 4,096. A follower writes a snapshot after the first part. Then, in turns, the same tail goes
through the core from memory, and the whole way of a start: read, verify, apply; once without feeds
and once with them. Every end has the same digest. Rates are told as ratios, because they are taken
in one run on one machine.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import (
    COMMAND,
    CommandKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
    symbol_words,
)
from engine.core.venue import Venue
from engine.feed.feeds import Feeds
from engine.journal.recovery import Recovery
from engine.journal.writer import Journal
from engine.ports.clock import SystemClock
from engine.ports.disk import DiskFolder
from engine.ports.process import end_process
from engine.snapshot.archive import JoinedFolder
from engine.snapshot.build import build_hash
from engine.snapshot.follower import Follower
from engine.snapshot.server import folders_of
from engine.snapshot.start import choose
from engine.snapshot.state import take_over

BATCH = 4_096
START_NS = 1_700_000_000_000_000_000
PLENTY = 1 << 52
ACCOUNTS = 100
PRICES = 2_000
NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was measured; times in milliseconds, ratios in parts per thousand of the core's rate."""

    resting: int
    tail: int
    snapshot_mebibytes: int
    load_ms: int
    core_load_ms: int
    core_commands_per_second: int
    replay_permille: int
    replay_with_feeds_permille: int


def rows(count: int, kind: CommandKind) -> NDArray[np.void]:
    """Make commands of one kind."""
    made = np.zeros(count, COMMAND)
    made["kind"] = kind
    return made


def opening() -> NDArray[np.void]:
    """Two assets, a market, accounts with funds."""
    assets = rows(2, CommandKind.DEFINE_ASSET)
    market = rows(1, CommandKind.DEFINE_MARKET)
    for row, symbol in ((assets[0], "USDC"), (assets[1], "HARBOR"), (market[0], "HARBOR-USDC")):
        row["symbol_low"], row["symbol_high"] = symbol_words(symbol)
    assets["asset_id"] = (1, 2)
    market["market_id"], market["base_asset_id"], market["quote_asset_id"] = 1, 2, 1
    market["quote_atoms_per_tick_lot"] = market["base_atoms_per_lot"] = 1
    accounts = rows(ACCOUNTS, CommandKind.DEFINE_ACCOUNT)
    accounts["account_id"] = np.arange(1, ACCOUNTS + 1)
    deposits = rows(2 * ACCOUNTS, CommandKind.DEPOSIT)
    deposits["account_id"] = np.repeat(np.arange(1, ACCOUNTS + 1), 2)
    deposits["asset_id"] = np.tile((1, 2), ACCOUNTS)
    deposits["amount_atoms"] = PLENTY // (4 * ACCOUNTS)
    deposits["client_id_low"] = np.arange(1, 2 * ACCOUNTS + 1)
    deposits["client_id_high"] = 1
    parts = (assets, market, accounts, deposits)
    return np.concatenate([part.view(np.uint64) for part in parts]).view(COMMAND)


def orders(first: int, count: int, chance: np.random.Generator) -> NDArray[np.void]:
    """Make limit orders that rest: bids below the middle, offers above it."""
    made = rows(count, CommandKind.PLACE)
    numbers = np.arange(first, first + count)
    made["account_id"] = 1 + numbers % ACCOUNTS
    made["client_id_low"] = numbers
    made["client_id_high"] = 2
    made["market_id"] = 1
    made["side"] = np.where(numbers & 1, Side.BUY, Side.SELL)
    made["order_type"] = OrderType.LIMIT
    made["time_in_force"] = TimeInForce.GTC
    made["self_trade_prevention"] = SelfTradePrevention.NONE
    away = chance.integers(1, PRICES, count)
    made["price_ticks"] = np.where(numbers & 1, PRICES - away, PRICES + away)
    made["quantity_lots"] = chance.integers(1, 50, count)
    return made


def commands(resting: int, tail: int) -> Iterator[NDArray[np.void]]:
    """Yield all batches: the opening, what rests, then places each followed by a cancel."""
    chance = np.random.default_rng(1)
    yield opening()
    for first in range(1, resting + 1, BATCH):
        yield orders(first, min(BATCH, resting + 1 - first), chance)
    placed = resting
    for done in range(0, tail, BATCH):
        count = min(BATCH, tail - done)
        places = orders(placed + 1, -(-count // 2), chance)
        cancels = rows(count // 2, CommandKind.CANCEL)
        targets = placed + 1 + np.arange(count // 2)
        cancels["account_id"] = 1 + targets % ACCOUNTS
        cancels["order_id"] = targets
        placed += len(places)
        yield np.concatenate([part.view(np.uint64) for part in (places, cancels)]).view(COMMAND)


class Stamp:
    """Gives batches their sequences and times."""

    def __init__(self) -> None:
        self.sequence = 0

    def __call__(self, batch: NDArray[np.void]) -> NDArray[np.void]:
        """Stamp the next batch."""
        numbers = np.arange(self.sequence + 1, self.sequence + 1 + len(batch))
        batch["sequence"], batch["time_ns"] = numbers, START_NS + numbers * 1_000
        batch["sent_time_ns"] = np.where(batch["client_id_low"] != 0, START_NS, 0)
        self.sequence += len(batch)
        return batch


def write(folder: Path, batches: Iterator[NDArray[np.void]]) -> None:
    """Write batches to the journal as the engine does."""
    storage = JoinedFolder(DiskFolder(folder / "journal"), DiskFolder(folder / "archive"))
    recovery = Recovery(storage)
    for _ in recovery.batches():
        pass
    journal = Journal(storage, recovery.finish(), clock=SystemClock(), end=end_process)
    journal.start()
    for batch in batches:
        written = threading.Event()
        journal.append(batch, written.set)
        written.wait()
    journal.close()


def apply_all(
    venue: Venue, batches: Iterator[NDArray[np.void]], feeds: Feeds | None = None
) -> tuple[int, int]:
    """Apply batches; give how many commands they had and how long it took."""
    started = time.perf_counter_ns()
    count = 0
    for batch in batches:
        events = venue.apply(batch)
        if feeds is not None:
            feeds.on_events(events)
        count += len(batch)
    return count, time.perf_counter_ns() - started


def measure(folder: Path, resting: int, tail: int, rounds: int) -> Figures:
    """Write, then measure in turns."""
    stamp = Stamp()
    made = [stamp(batch) for batch in commands(resting, tail)]
    first_part = 1 + -(-resting // BATCH)
    write(folder, iter(made[:first_part]))
    write(folder, iter(made[first_part : first_part + 1]))  # proves that the last frame is on disk
    venue = Venue()
    follower = Follower(folders_of(folder), venue, [Feeds(venue.markets)])
    follower.look()
    written = follower.write()
    write(folder, iter(made[first_part + 1 :]))
    if written is None:
        raise SystemExit("nothing was written to the journal")
    behind = [batch for batch in made if int(batch["sequence"][0]) > written.sequence]
    expected = Venue()
    for batch in made:
        expected.apply(batch)
    digest, times = expected.digest(), np.zeros((rounds, 5), np.int64)
    del expected, follower, venue
    for index in range(rounds):
        times[index] = one_round(folder, behind, digest)
    load, core_load, core, replay, with_feeds = np.median(times, axis=0).astype(int).tolist()
    count = sum(map(len, behind))
    return Figures(
        resting=resting,
        tail=count,
        snapshot_mebibytes=written.file_bytes >> 20,
        load_ms=load // 1_000_000,
        core_load_ms=core_load // 1_000_000,
        core_commands_per_second=count * NS // core,
        replay_permille=core * 1_000 // replay,
        replay_with_feeds_permille=core * 1_000 // with_feeds,
    )


def one_round(folder: Path, behind: list[NDArray[np.void]], digest: int) -> list[int]:
    """Load a snapshot, apply the tail from memory, and replay it without and with feeds."""
    journal = JoinedFolder(DiskFolder(folder / "journal"), DiskFolder(folder / "archive"))
    started = time.perf_counter_ns()
    snapshot = choose(DiskFolder(folder / "snapshots"), journal, build_hash()).snapshot
    if snapshot is None:
        raise SystemExit("there is no good snapshot")
    venue = Venue()
    feeds = Feeds(venue.markets)
    take_over(snapshot, venue, [feeds])
    load_ns = time.perf_counter_ns() - started
    in_memory, bare = Venue(), Venue()
    started = time.perf_counter_ns()
    in_memory.restore(snapshot.core)
    core_load_ns = time.perf_counter_ns() - started
    bare.restore(snapshot.core)
    _, core_ns = apply_all(in_memory, iter(behind))
    start = snapshot.header.position
    _, replay_ns = apply_all(bare, Recovery(journal, start=start).batches())
    _, feeds_ns = apply_all(venue, Recovery(journal, start=start).batches(), feeds)
    if not digest == in_memory.digest() == bare.digest() == venue.digest():
        raise SystemExit("the digests differ: nothing was measured")
    return [load_ns, core_load_ns, core_ns, replay_ns, feeds_ns]


def main(arguments: Sequence[str]) -> int:
    """Run from the command line; the last line is the verdict."""
    parser = argparse.ArgumentParser(prog="./dev bench restart", description=__doc__)
    parser.add_argument("--resting", type=int, default=1_000_000)
    parser.add_argument("--tail", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="realstack-restart-") as name:
        figures = measure(Path(name), options.resting, options.tail, options.rounds)
    if options.json:
        print(json.dumps(asdict(figures)))
        return 0
    print(f"{figures.resting:,} orders rest, snapshot of {figures.snapshot_mebibytes:,} MiB")
    print(
        f"loaded in {figures.load_ms:,} ms with feeds, the core alone {figures.core_load_ms:,} ms"
    )
    print(f"tail of {figures.tail:,}: the core alone {figures.core_commands_per_second:,} a second")
    print(
        f"replay at {figures.replay_permille / 1000:.2f} of that, with feeds at "
        f"{figures.replay_with_feeds_permille / 1000:.2f}"
    )
    return 0
