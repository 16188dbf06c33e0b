"""The loop of a replay: send a step, compare, go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from realstack.replay.check import Check, fill_differences
from realstack.replay.plan import NamedFill, Origin, Plan, Step
from realstack.replay.port import VenuePort

DIFFERENCES_KEPT_MAX = 20


@dataclass(slots=True)
class Tally:
    """What a replay has found.

    Attributes:
        rows: Steps that were sent.
        equal: Steps after which everything that was compared was equal.
        fills: Trades that the venue made.
        filled_lots: Their lots.
        named: Trades with the order that the recording names, or the seed of its level.
        named_seen: Those of them with an order that the recording had shown before.
        difference_count: How many differences there are.
        differences: The first of them, in words.
    """

    rows: int = 0
    equal: int = 0
    fills: int = 0
    filled_lots: int = 0
    named: int = 0
    named_seen: int = 0
    difference_count: int = 0
    differences: list[str] = field(default_factory=list)

    def differ(self, where: str, found: list[str]) -> None:
        """Note differences."""
        self.difference_count += len(found)
        room = DIFFERENCES_KEPT_MAX - len(self.differences)
        self.differences += [f"{where}: {words}" for words in found[:room]]

    def traded(self, recorded: tuple[NamedFill, ...], fills: list[NamedFill]) -> None:
        """Count the trades of a step."""
        self.fills += len(fills)
        self.filled_lots += sum(fill.quantity_lots for fill in fills)
        named = [fill for fill in fills if fill in recorded]
        self.named += len(named)
        self.named_seen += sum(1 for fill in named if fill.maker.origin is Origin.RECORDED)


async def replay(
    plan: Plan,
    port: VenuePort,
    check: Check | None,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Tally:
    """Send a plan to a venue and compare after each step.

    Args:
        plan: What to send.
        port: The venue; its market must be empty.
        check: What to compare the book with; without it only trades are compared.
        progress: Called with the steps done and all steps.
    """
    tally = Tally()
    for wave in plan.seeds:
        report = await port.send(wave)
        unexpected = fill_differences((), report.fills)
        tally.differ("before row 1", report.refusals + unexpected)
    if check is not None:
        tally.differ("before row 1", await check.begin(port))
    for step in plan.steps:
        found = await follow(step, port, check, tally)
        tally.rows += 1
        tally.equal += not found
        tally.differ(f"row {step.row}", found)
        progress(tally.rows, len(plan.steps))
    if check is not None:
        tally.differ("at the end", await check.end(port))
    return tally


async def follow(step: Step, port: VenuePort, check: Check | None, tally: Tally) -> list[str]:
    """Send a step; return the differences."""
    found = [step.problem] if step.problem else []
    fills: list[NamedFill] = []
    for wave in step.waves:
        report = await port.send(wave)
        found += report.refusals
        fills += report.fills
    tally.traded(step.fills, fills)
    found += fill_differences(step.fills, fills)
    if check is not None:
        found += await check.after(step.row, port)
    return found
