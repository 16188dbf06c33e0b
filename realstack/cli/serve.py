"""`realstack serve NAME`: run one process of the exchange."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

# Each has `main(arguments)`. `realstack up` starts all of them in this order.
SERVERS: dict[str, tuple[str, str]] = {
    "postgres": ("realstack.up.postgres", "the embedded PostgreSQL"),
    "localnet": ("settlement.localnet.server", "a Solana network in one process"),
    "engine": ("engine.server", "sequencer, journal, matching core and gRPC"),
    "snapshots": ("engine.snapshot.server", "snapshots of the engine's state, beside it"),
    "market": ("services.market.server", "trades and candles from the engine's stream"),
    "settlement": ("settlement.worker", "fills to token transfers on Solana"),
    "gateway": ("gateway.server", "REST, WebSocket and the live page"),
}


def help_text() -> str:
    """Return what `realstack serve --help` prints."""
    lines = [f"  {name:<12}{summary}" for name, (_, summary) in SERVERS.items()]
    return (
        "usage: realstack serve NAME [arguments]\n\nRun one process of the exchange until SIGTERM."
        " It prints `ready NAME ADDRESS` when it\nserves, and logs to stderr.\n\n"
        + "\n".join(lines)
        + "\n\n`realstack serve NAME --help` explains one.\n"
    )


def main(arguments: Sequence[str]) -> int:
    """Run a process and return its exit status."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(help_text(), end="")
        return 0 if arguments else 2
    name, *rest = arguments
    if name not in SERVERS:
        print(f"serve: no process {name!r}; there are: {', '.join(SERVERS)}")
        return 2
    return int(importlib.import_module(SERVERS[name][0]).main(rest) or 0)
