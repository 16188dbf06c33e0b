"""`./dev bench NAME`: one measurement; its arguments follow."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bench import core, feed, grpc, latency, recovery, scale, settlement, worst

BENCHES = {
    "core": core.main,
    "feed": feed.main,
    "grpc": grpc.main,
    "latency": latency.main,
    "memory": scale.memory_main,
    "recovery": recovery.main,
    "scale": scale.main,
    "settlement": settlement.main,
    "worst": worst.main,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a bench and return its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] not in BENCHES:
        sys.stderr.write(f"usage: ./dev bench NAME, with a NAME of: {', '.join(BENCHES)}\n")
        return 2
    return BENCHES[words[0]](words[1:])


if __name__ == "__main__":
    sys.exit(main())
