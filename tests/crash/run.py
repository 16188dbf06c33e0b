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


def main(argv: list[str] | None = None) -> int:
    """Run from the command line; the last line is the verdict."""
    parser = argparse.ArgumentParser(description="kill -9 under load")
    parser.add_argument("what", choices=("engine", "worker"))
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="realstack-crash-") as folder:
        verdict = asyncio.run(
            engine_kills.run(Path(folder), times=options.times, seed=options.seed)
        )
    for fault in verdict.faults[:20]:
        print(fault)
    print(f"answers: {dict(verdict.counts)}", file=sys.stderr)
    if options.json:
        print(
            json.dumps(
                {
                    "kills": verdict.kills,
                    "acknowledged": verdict.acknowledged,
                    "faults": len(verdict.faults),
                    "restart_ms_max": max(verdict.restart_ms, default=0),
                }
            )
        )
    else:
        print(verdict.text())
    return 1 if verdict.faults else 0


if __name__ == "__main__":
    sys.exit(main())
