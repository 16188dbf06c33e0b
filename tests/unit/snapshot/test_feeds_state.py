"""Feeds that are restored are the feeds that were written, in every attribute."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import pytest
from sortedcontainers import SortedDict

from engine.feed.executions import _Positions
from engine.feed.feeds import Feeds
from engine.feed.market_book import MarketBook
from engine.feed.market_orders import MarketOrders
from engine.feed.subscription import Subscriptions
from engine.snapshot.tree import pack, unpack
from tests.model.source import CommandSource
from tests.support.snapshots import FEW, Known

# Worked out again when somebody asks, or given to every feed when it is made.
NOT_KEPT = {
    MarketBook: {"_singles", "_limits"},
    MarketOrders: {"_singles", "_limits"},
    Feeds: {"subscriptions", "limits"},
    _Positions: {"first"},  # where the spare room was last cleared; `state` compares the rest
}


def attributes(value: Any) -> dict[str, Any] | None:
    """Give what an object of ours holds; nothing for plain values."""
    if isinstance(value, SortedDict):
        return {str(key): item for key, item in value.items()}
    if isinstance(value, dict):
        return {str(key): item for key, item in value.items()}
    if isinstance(value, list | tuple | deque):
        return {str(index): item for index, item in enumerate(value)}
    if hasattr(value, "__dict__"):
        return dict(vars(value))
    if hasattr(value, "__slots__"):
        return {name: getattr(value, name) for name in value.__slots__}
    return None


def differences(left: Any, right: Any, path: str = "feeds") -> list[str]:
    """List where two objects differ, whatever they are made of."""
    if callable(left) or isinstance(left, Subscriptions):
        return []
    if isinstance(left, np.ndarray):
        if path.endswith("._values") or "._blocks." in path:
            return []  # their spare room may differ; what they hold is compared by `state`
        return [] if left.tobytes() == right.tobytes() else [path]
    ours, theirs = attributes(left), attributes(right)
    if ours is None or theirs is None:
        return [] if left == right else [f"{path}: {left!r} is not {right!r}"]
    skipped = NOT_KEPT.get(type(left), set())
    if ours.keys() != theirs.keys():
        return [f"{path} has {sorted(ours.keys() ^ theirs.keys())}"]
    return [
        found
        for name in ours.keys() - skipped
        for found in differences(ours[name], theirs[name], f"{path}.{name}")
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_restored_feeds_are_the_same_and_go_on_the_same(seed: int) -> None:
    """At several points of random commands, also after old rows were dropped."""
    source, known = CommandSource(seed), Known()
    copy = Feeds(known.venue.markets, FEW)
    batch = source.opening()
    for index in range(160):
        events = known.apply(batch)
        copy.on_events(events)
        source.learn(events)
        if index % 40 == 20:
            kept = b"".join(pack(copy.state()))
            copy = Feeds(known.venue.markets, FEW)
            copy.restore(unpack(np.frombuffer(kept, np.uint8)))
            assert kept == b"".join(pack(copy.state()))
            known.feeds.state()  # brings its books to their heads, as writing a state does
            assert [] == differences(known.feeds, copy)
        batch = source.take(100)
    assert b"".join(pack(known.feeds.state())) == b"".join(pack(copy.state()))
    assert copy.trades.last > 100
