"""The arguments of an engine that is one of two nodes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.keys import KeyTable
from engine.node import Feed, NodeOptions
from engine.ports.clock import SystemClock
from engine.ports.lease import LeaseStore
from engine.ports.process import end_process
from engine.replication.file_lease import FileLeaseStore
from engine.replication.pair import GRANT_NS, Pair, PairOptions

NS_PER_MS = 1_000_000


class PairInvalid(ValueError):
    """The arguments of a pair are not whole; the message names the one that is missing or wrong."""


def add_pair_arguments(parser: argparse.ArgumentParser) -> None:
    """Add them; without --lease the engine is a node of its own."""
    group = parser.add_argument_group("one of two nodes")
    group.add_argument("--lease", metavar="URL", help="who leads: file:PATH")
    group.add_argument("--node", metavar="NAME", help="this node's name in the lease")
    group.add_argument("--replication", metavar="HOST:PORT", help="where the other node follows")
    group.add_argument("--peer", metavar="HOST:PORT", help="where the other node is followed")
    group.add_argument(
        "--replication-key", type=Path, metavar="FILE", help="the API key of role replication"
    )
    group.add_argument("--first", action="store_true", help="lead when the lease was never written")
    group.add_argument("--grant-ms", type=int, default=GRANT_NS // NS_PER_MS, help="of leadership")


def make_lease_store(url: str) -> LeaseStore:
    """Open a lease store.

    Raises:
        PairInvalid: There is none of that kind.
    """
    kind, _, rest = url.partition(":")
    if kind == "file" and rest:
        return FileLeaseStore(Path(rest))
    raise PairInvalid(f"--lease: {url!r} is not file:PATH")


def make_pair(
    options: argparse.Namespace,
    venue: Any,
    feeds: Feed,
    keys: KeyTable,
    node_options: NodeOptions,
) -> Pair:
    """Make the node that the arguments describe.

    Raises:
        PairInvalid: An argument is missing or wrong.
        OSError: An address cannot be bound, or the key cannot be read.
    """
    wanted: Sequence[str] = ("node", "replication", "peer", "replication_key")
    for name in wanted:
        if not getattr(options, name):
            raise PairInvalid(f"--{name.replace('_', '-')} is needed with --lease")
    if options.grant_ms < 1:
        raise PairInvalid("--grant-ms: at least 1")
    pair = PairOptions(
        name=options.node,
        listen=options.replication,
        peer=options.peer,
        api_key=options.replication_key.read_text().strip(),
        is_first=options.first,
        grant_ns=options.grant_ms * NS_PER_MS,
    )
    return Pair(
        options.data,
        venue,
        [feeds],
        node_options,
        pair,
        make_lease_store(options.lease),
        keys,
        SystemClock(),
        end_process,
    )
