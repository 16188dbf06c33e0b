"""The compiled core against what others published: an external suite, and other engines.

    ./dev conformance [--operations 200000] [--traces 25] [--seed 42]

Installs them by name from their lock into an environment of their own, so it needs the package
index the first time; it is no part of the tests. What differs is explained in docs/conformance.md.
"""

from __future__ import annotations

import argparse
import sys

from bench.flows import KINDS
from tests.conformance import differential, environment, suite
from tests.conformance.peers import PEERS

EVENTS_PER_TRACE = 200


def main(argv: list[str] | None = None) -> int:
    """Run from the command line; the last line is the verdict."""
    parser = argparse.ArgumentParser(description="external suite and engines")
    parser.add_argument("--operations", type=int, default=200_000, help="of each flow; 0: all")
    parser.add_argument("--traces", type=int, default=25, help="generated for each profile")
    parser.add_argument("--seed", type=int, default=42)
    options = parser.parse_args(argv)
    try:
        environment.ensure()
    except environment.NotInstalled as problem:
        print(problem)
        return 1
    failed = 0
    for checked in _suite(options.seed, options.traces):
        failed += not checked.passed
        verdict = "ok" if checked.passed else "DIFFERS"
        print(f"{checked.name:24}{checked.what:42}{verdict}", flush=True)
        if checked.note:
            print(f"    {checked.note}")
    print(f"\n{'engine':24}{'flow':12}{'operations':>12}{'trades':>12}  verdict")
    for engine in PEERS:
        for kind in KINDS:
            seen = differential.compare(engine, kind, options.operations)
            failed += not seen.same
            verdict = "every trade the same" if seen.same else "DIFFERS"
            counts = f"{seen.operations:>12,}{seen.trades:>12,}"
            print(f"{engine:24}{kind:12}{counts}  {verdict}", flush=True)
            if not seen.same:
                print(f"    {seen.difference}")
    print(f"conformance: {failed} differ" if failed else "conformance: nothing differs")
    return 1 if failed else 0


def _suite(seed: int, traces: int) -> list[suite.Checked]:
    profiles = [
        suite.profile(name, seed=seed, traces=traces, events=EVENTS_PER_TRACE)
        for name in suite.PROFILES
    ]
    return [*suite.fixed_cases(), *profiles]


if __name__ == "__main__":
    sys.exit(main())
