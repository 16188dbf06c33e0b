"""Bad input at every door gets its numbered error and changes nothing.

    ./dev badinput [--door DOOR] [--case TEXT] [--json]

Starts a venue of its own (compiled core, on free ports, in a temporary folder), puts every case of
the table to every door with plain tools, and looks after each whether the venue's digest and its
members' orders and balances are what they were. Exits 1 when anything was accepted, has another
number or none, does not name the field at fault, or changed anything.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.support.postgres import postgres_server
from tests.wire.cases import CASES
from tests.wire.run import Row, run
from tests.wire.scene import running_scene
from tests.wire.table import Door

RULE_CHARACTERS = 60


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; the last line is the verdict."""
    options = parser().parse_args(argv)
    cases = [case for case in CASES if options.case in case.name]
    doors = [Door(name) for name in options.door] or list(Door)
    if not cases:
        print(f"badinput: no case has {options.case!r} in its name")
        return 2
    out = sys.stderr if options.json else sys.stdout
    rows = []
    with (
        tempfile.TemporaryDirectory(prefix="realstack-badinput-") as folder,
        postgres_server() as database_url,
        running_scene(Path(folder, "data"), database_url) as scene,
    ):
        for row in run(scene, cases, doors):
            print(line(row), file=out, flush=True)
            rows.append(row)
    print(json.dumps(facts(rows)) if options.json else verdict(rows))
    return 1 if any(row.faults for row in rows) else 0


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(prog="./dev badinput", description=__doc__.partition("\n")[0])
    doors = [door.value for door in Door]
    made.add_argument(
        "--door", action="append", default=[], choices=doors, help="only this one; may be repeated"
    )
    made.add_argument("--case", default="", metavar="TEXT", help="only cases whose name has it")
    made.add_argument("--json", action="store_true", help="last line: one JSON object")
    return made


def line(row: Row) -> str:
    """Write a row of the result."""
    head = f"{row.case:<55.55} {row.door:<12}"
    outcome = row.outcome
    if outcome is None:
        return f"{head} impossible: {row.reason}"
    number = "-" if outcome.code is None else str(outcome.code)
    rule = "".join(each if each.isprintable() else "?" for each in outcome.rule)
    if len(rule) > RULE_CHARACTERS:
        rule = rule[: RULE_CHARACTERS - 3] + "..."
    told = f"{number:>4} {outcome.name:<29} {outcome.status:<18} {outcome.field or '-':<22} {rule}"
    faults = f"  FAULT: {', '.join(row.faults)}" if row.faults else ""
    return f"{head} {told}{faults}"


def counts(rows: Sequence[Row]) -> dict[str, int]:
    """Count what became of the cases."""
    tried = [row for row in rows if row.outcome is not None]
    return {
        "cases": len({row.case for row in rows}),
        "refused": sum(not row.faults for row in tried),
        "impossible": len(rows) - len(tried),
        "faults": sum(bool(row.faults) for row in tried),
        "numbers": len({row.outcome.code for row in tried if row.outcome and not row.faults}),
    }


def verdict(rows: Sequence[Row]) -> str:
    """Say in one line how it went."""
    count = counts(rows)
    return (
        f"badinput: {count['cases']} cases, {count['refused']} refused with {count['numbers']} "
        f"different numbers, {count['impossible']} impossible, {count['faults']} faults"
    )


def facts(rows: Sequence[Row]) -> dict[str, object]:
    """Return the result for programs."""
    return {
        **counts(rows),
        "rows": [
            {
                "case": row.case,
                "door": row.door.value,
                "impossible": row.reason or None,
                "code": row.outcome.code if row.outcome else None,
                "name": row.outcome.name if row.outcome else None,
                "status": row.outcome.status if row.outcome else None,
                "field": row.outcome.field if row.outcome else None,
                "rule": row.outcome.rule if row.outcome else None,
                "faults": list(row.faults),
            }
            for row in rows
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
