"""Kill a process under load, many times, and judge what was promised.

./dev crash engine|worker --times N [--seed S] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from tests.crash import engine_kills
from tests.crash.worker import worker_kills


def main(argv: list[str] | None = None) -> int:
    """Run from the command line; the last line is the verdict."""
    parser = argparse.ArgumentParser(description="kill -9 under load")
    parser.add_argument("what", choices=("engine", "worker"))
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    verdict: engine_kills.Verdict | worker_kills.Verdict
    with tempfile.TemporaryDirectory(prefix="realstack-crash-") as name:
        folder, times, seed = Path(name), options.times, options.seed
        if options.what == "engine":
            verdict = asyncio.run(engine_kills.run(folder, times=times, seed=seed))
        else:
            verdict = asyncio.run(worker_kills.run(folder, times=times, seed=seed))
    for fault in verdict.faults[:20]:
        print(fault)
    if isinstance(verdict, engine_kills.Verdict):
        print(f"answers: {dict(verdict.counts)}", file=sys.stderr)
        figures = engine_figures(verdict)
    else:
        print(f"killed at: {verdict.kills}", file=sys.stderr)
        figures = verdict.figures()
    print(json.dumps(figures) if options.json else verdict.text())
    return 1 if verdict.faults else 0


def engine_figures(verdict: engine_kills.Verdict) -> dict[str, int]:
    """Give the figures for a program to read."""
    return {
        "kills": verdict.kills,
        "acknowledged": verdict.acknowledged,
        "faults": len(verdict.faults),
        "restart_ms_max": max(verdict.restart_ms, default=0),
    }


if __name__ == "__main__":
    sys.exit(main())
