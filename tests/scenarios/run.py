"""Play scenario files on both cores.

    ./dev scenario FILE...      (without a file: all of tests/scenarios)

The format is documented in docs/scenarios.md. A scenario that fails is told with its line; the exit
status is 1 when one did.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.scenarios.play import play
from tests.scenarios.text import ScenarioError, read

FOLDER = Path(__file__).parent


def run_file(path: Path) -> tuple[int, list[str]]:
    """Play the scenarios of one file; give their number, and what failed."""
    failed: list[str] = []
    try:
        scenarios = read(path, str(path))
    except (ScenarioError, OSError, UnicodeDecodeError) as problem:
        return 1, [str(problem)]
    for scenario in scenarios:
        try:
            play(scenario)
        except ScenarioError as problem:
            failed.append(f"{scenario.title}\n  {problem}")
        else:
            print(f"ok      {scenario.title}")
    return len(scenarios), failed


def main(argv: list[str] | None = None) -> int:
    """Run from the command line; the last line is the verdict."""
    parser = argparse.ArgumentParser(description="scenario files on both cores")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    files = parser.parse_args(argv).files or sorted(FOLDER.glob("*.scenario"))
    count, failed = 0, []
    for path in files:
        played, problems = run_file(path)
        count += played
        for problem in problems:
            print(f"FAILED  {problem}")
        failed += problems
    verdict = f"{len(failed)} of {count} scenarios fail" if failed else f"{count} scenarios hold"
    print(verdict)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
