"""Compare the compiled core with the reference on random commands.

    python -m tests.model.compare --commands 1000000 [--seed 1] [--json]
    python -m tests.model.compare --full      (ten million, resumed where it was cut)

Both get the same batches; events must be equal byte for byte after each, digests every 1,000
commands, and the compiled core's kept-up digest must equal a full scan. The histogram says how
often each command kind and reject occurred: one that is rarer than 0.1 % fails a run of 100,000
or more, because what never occurs is not compared.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import (
    HIDDEN,
    MINIMUM,
    POST_ONLY,
    SLIDE,
    TRIGGER_BEST_QUOTE,
    TRIGGER_REFERENCE,
    CommandKind,
    OrderType,
    TimeInForce,
)
from engine.core.events import AUCTION, EVENT, EventKind
from engine.core.rejects import CancelReason, Reject
from engine.reference.venue import ReferenceVenue
from tests.model.source import CommandSource, describe

BATCH_MAX = 256
DIGEST_EVERY = 1_000
VALIDATE_EVERY = 50_000
SHARE_MIN_PPM = 1_000
HISTOGRAM_MIN_COMMANDS = COMMANDS = 100_000
FLAGS = {
    "POST_ONLY": POST_ONLY,
    "SLIDE": SLIDE,
    "HIDDEN": HIDDEN,
    "MINIMUM": MINIMUM,
    "TRIGGER_BEST_QUOTE": TRIGGER_BEST_QUOTE,
    "TRIGGER_REFERENCE": TRIGGER_REFERENCE,
}


class Difference(Exception):
    """The two cores disagree; the message is the report."""


@dataclass
class Report:
    """What a comparison saw."""

    commands: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    rejects: Counter[str] = field(default_factory=Counter)
    orders: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    digest: int = 0

    def add(self, commands: NDArray[np.void], events: NDArray[np.void]) -> None:
        """Count a batch."""
        self.commands += len(commands)
        known = {int(kind) for kind in CommandKind}
        for kind, count in zip(*np.unique(commands["kind"], return_counts=True), strict=True):
            name = CommandKind(int(kind)).name if int(kind) in known else "(unknown kind)"
            self.kinds[name] += int(count)
        codes = events["code"][events["kind"] == EventKind.REJECTED]
        for code, count in zip(*np.unique(codes, return_counts=True), strict=True):
            self.rejects[Reject(int(code)).name] += int(count)
        for kind, count in zip(*np.unique(events["kind"], return_counts=True), strict=True):
            self.events[EventKind(int(kind)).name] += int(count)
        expired = (events["kind"] == EventKind.CANCELLED) & (events["code"] == CancelReason.EXPIRED)
        self.events["EXPIRED"] += int(expired.sum())
        traded = events["kind"] == EventKind.FILL
        self.events["AUCTION_FILL"] += int((traded & (events["flags"] & AUCTION != 0)).sum())
        self._add_orders(commands, events)

    def _add_orders(self, commands: NDArray[np.void], events: NDArray[np.void]) -> None:
        """Count accepted orders by type, time in force and each flag that they have."""
        arrived = events[events["kind"] == EventKind.ACCEPTED]
        accepted = arrived["sequence"]
        rows = commands[(accepted - commands["sequence"][0]).astype(np.int64)]
        for names, column in ((OrderType, "order_type"), (TimeInForce, "time_in_force")):
            for value in names:
                self.orders[value.name] += int((arrived[column] == value).sum())
        for name, flag in FLAGS.items():
            self.orders[name] += int((rows["flags"] & flag != 0).sum())
        iceberg = (rows["display_lots"] != 0) & (rows["flags"] & MINIMUM == 0)
        self.orders["ICEBERG"] += int(iceberg.sum())
        self.orders["TAG"] += int((rows["tag"] != 0).sum())

    def rare(self) -> list[str]:
        """Name what occurred in less than 0.1 % of the commands."""
        wanted = [(kind.name, self.kinds) for kind in CommandKind]
        wanted += [(reject.name, self.rejects) for reject in Reject if reject != Reject.NONE]
        wanted += [(name, self.orders) for name in self.orders]
        wanted += [
            (name, self.events) for name in (*EventKind.__members__, "EXPIRED", "AUCTION_FILL")
        ]
        return [
            name
            for name, counts in wanted
            if counts[name] * 1_000_000 < self.commands * SHARE_MIN_PPM
        ]

    def lines(self) -> list[str]:
        """Give the histogram as text."""
        rows = []
        for title, counts in (
            ("command", self.kinds),
            ("reject", self.rejects),
            ("accepted order", self.orders),
            ("event", self.events),
        ):
            rows.append(f"{title:34}{'count':>12}{'share':>10}")
            for name, count in counts.most_common():
                share_ppm = count * 1_000_000 // self.commands
                share = f"{share_ppm // 10_000}.{share_ppm % 10_000:04d} %"
                rows.append(f"  {name:32}{count:>12,}{share:>10}")
        return rows


def compare(
    make_core: Callable[[], Any],
    *,
    commands: int,
    seed: int,
    progress: Callable[[int], None] = lambda done: None,
) -> Report:
    """Run both cores over the same commands.

    Args:
        make_core: Makes the core under test.
        commands: How many commands to compare, at least.
        seed: Of the command source and the batch sizes.
        progress: Called with the number done, now and then.

    Returns:
        The histogram and the last digest.

    Raises:
        Difference: At the first batch or digest in which they disagree.
    """
    reference, core = ReferenceVenue(), make_core()
    source, report = CommandSource(seed), Report()
    sizes = np.random.default_rng(seed)
    batch = source.opening()
    digest_due = validate_due = 0
    while True:
        expected, actual = reference.apply(batch), core.apply(batch)
        _same_events(batch, expected, actual, seed)
        source.learn(expected)
        report.add(batch, expected)
        if report.commands >= digest_due:
            digest_due = report.commands + DIGEST_EVERY
            report.digest = _same_digest(reference, core, report.commands, seed)
        if report.commands >= validate_due:
            validate_due = report.commands + VALIDATE_EVERY
            reference.validate()
            core.validate()
            progress(report.commands)
        if report.commands >= commands:
            break
        batch = source.take(int(sizes.integers(1, BATCH_MAX + 1)))
    report.digest = _same_digest(reference, core, report.commands, seed)
    reference.validate()
    core.validate()
    return report


def _same_digest(reference: Any, core: Any, commands: int, seed: int) -> int:
    expected, actual, scanned = reference.digest(), core.digest(), core.digest_scan()
    if not expected == actual == scanned:
        raise Difference(
            f"digests differ after {commands} commands (seed {seed}):\n"
            f"  reference {expected:032x}\n  kept up   {actual:032x}\n  scanned   {scanned:032x}"
        )
    return int(expected)


def _same_events(
    batch: NDArray[np.void], expected: NDArray[np.void], actual: NDArray[np.void], seed: int
) -> None:
    if expected.tobytes() == actual.tobytes():
        return
    for index in range(max(len(expected), len(actual))):
        left = expected[index] if index < len(expected) else None
        right = actual[index] if index < len(actual) else None
        if left is None or right is None or left.tobytes() != right.tobytes():
            known = left if left is not None else right
            assert known is not None
            row = batch[int(known["sequence"]) - int(batch[0]["sequence"])]
            raise Difference(
                f"events differ at sequence {int(known['sequence'])} (seed {seed}):\n"
                f"  command   {describe(row)}\n"
                f"  reference {_event_text(left)}\n  core      {_event_text(right)}"
            )


def _event_text(event: np.void | None) -> str:
    if event is None:
        return "no event"
    names = [name for name in EVENT.names or () if event[name]]
    return str({name: int(event[name]) for name in names})


def main(argv: list[str] | None = None) -> int:
    """Run from the command line; the last line is the verdict."""
    parser = argparse.ArgumentParser(description="compiled core against the reference")
    parser.add_argument("--commands", type=int, help="100,000; with --full 10,000,000")
    parser.add_argument("--full", action="store_true", help="in chunks, resumed where it was cut")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    from engine.core.venue import Venue  # here, so that the text of --help needs no build

    started = time.monotonic()

    def progress(done: int) -> None:
        seconds = time.monotonic() - started
        print(f"compare: {done:,} commands, {seconds:.0f} s", file=sys.stderr, flush=True)

    from tests.model import full  # here, because it builds on this module

    commands = options.commands or (full.FULL_COMMANDS if options.full else COMMANDS)
    try:
        if options.full:
            report = full.run(Venue, commands=commands, seed=options.seed)
        else:
            report = compare(Venue, commands=commands, seed=options.seed, progress=progress)
    except Difference as difference:
        print(difference)
        if not options.full:
            print(f"repeat: ./dev compare --commands {commands} --seed {options.seed}")
        return _verdict(options.json, equal=False, text="the cores differ")
    print("\n".join(report.lines()))
    rare = report.rare() if report.commands >= HISTOGRAM_MIN_COMMANDS else []
    if rare:
        return _verdict(
            options.json, equal=True, text=f"too rare to be compared: {rare}", fail=True
        )
    text = f"equal: {report.commands:,} commands, digest {report.digest:032x}"
    return _verdict(options.json, equal=True, text=text, report=report)


def _verdict(
    as_json: bool, *, equal: bool, text: str, report: Report | None = None, fail: bool = False
) -> int:
    if as_json:
        counts = {"kinds": report.kinds, "rejects": report.rejects} if report else {}
        digest = f"{report.digest:032x}" if report else None
        commands = report.commands if report else 0
        print(
            json.dumps(
                {"equal": equal, "commands": commands, "digest": digest, "verdict": text, **counts}
            )
        )
    else:
        print(text)
    return 0 if equal and not fail else 1


if __name__ == "__main__":
    sys.exit(main())
