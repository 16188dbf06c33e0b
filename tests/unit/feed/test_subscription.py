"""Heartbeats and the cutting of slow readers, by a clock that the test moves."""

from __future__ import annotations

import asyncio

import pytest

from engine.feed.limits import FeedLimits
from engine.feed.subscription import Ending, Subscription, Subscriptions

LIMITS = FeedLimits(heartbeat_ns=100, write_stalled_ns_max=1_000, private_lag_max=10)


class Scene:
    """Subscriptions with a hand-moved clock and a stream of a given length."""

    def __init__(self) -> None:
        self.now_ns = 1
        self.end = 1
        self.subscriptions = Subscriptions(LIMITS, lambda: self.now_ns)

    def open(self, *, private: bool) -> Subscription:
        """Add a reader whose task waits for ever."""
        made = self.subscriptions.open("key", 1, lambda: self.end, private=private)
        made.task = asyncio.ensure_future(asyncio.Event().wait())
        return made

    def pulse(self, passed_ns: int) -> None:
        """Let time pass, then look after the readers."""
        self.now_ns += passed_ns
        self.subscriptions.pulse()


@pytest.fixture
def scene() -> Scene:
    """An empty scene."""
    return Scene()


async def test_a_reader_is_owed_a_heartbeat_when_nothing_was_told_for_a_while(
    scene: Scene,
) -> None:
    """A message resets the wait; a heartbeat that is due wakes the reader."""
    reader = scene.open(private=True)
    scene.pulse(99)
    assert (reader.heartbeat_due, reader.news.is_set()) == (False, False)
    scene.pulse(1)
    assert (reader.heartbeat_due, reader.news.is_set()) == (True, True)
    scene.subscriptions.begin_write(reader)
    scene.subscriptions.end_write(reader)
    assert reader.heartbeat_due is False
    scene.pulse(99)
    assert reader.heartbeat_due is False


async def test_a_private_reader_that_does_not_take_a_message_in_time_is_cut(
    scene: Scene,
) -> None:
    """One message may wait so long; a market data reader is conflated instead, never cut."""
    private, public = scene.open(private=True), scene.open(private=False)
    for reader in (private, public):
        scene.subscriptions.begin_write(reader)
    scene.pulse(1_000)
    assert [reader.ending for reader in (private, public)] == [None, None]
    scene.pulse(1)
    assert [reader.ending for reader in (private, public)] == [Ending.SLOW, None]
    assert private.task is not None
    with pytest.raises(asyncio.CancelledError):
        await private.task


async def test_only_a_reader_that_was_up_to_date_can_fall_behind(scene: Scene) -> None:
    """History that was asked for may be any length; after it, a lag means too slow."""
    reader = scene.open(private=True)
    scene.end = 100
    scene.subscriptions.begin_write(reader)
    scene.pulse(1)
    assert reader.ending is None
    reader.caught_up = True
    scene.pulse(1)
    assert reader.ending is Ending.SLOW


async def test_a_reader_that_waits_for_news_is_never_too_slow(scene: Scene) -> None:
    """Silence is the stream's, not the reader's."""
    reader = scene.open(private=True)
    reader.wake()
    await reader.wait()
    scene.end = 100
    scene.pulse(1 << 40)
    assert (reader.ending, reader.caught_up) == (None, True)


async def test_readers_are_woken_by_what_they_read(scene: Scene) -> None:
    """News of one key wakes nobody else, and closing forgets the reader."""
    reader = scene.open(private=False)
    scene.subscriptions.wake(["other"])
    assert not reader.news.is_set()
    scene.subscriptions.wake(["other", "key"])
    assert reader.news.is_set()
    assert (scene.subscriptions.watched("key"), scene.subscriptions.count()) == (True, 1)
    scene.subscriptions.close(reader)
    assert scene.subscriptions.is_empty
    assert not scene.subscriptions.watched("key")


async def test_an_end_is_told_once_and_the_first_reason_stays(scene: Scene) -> None:
    """A reader that is being cut is not also told that the server stops."""
    reader = scene.open(private=True)
    reader.end(Ending.SLOW)
    scene.subscriptions.end_all()
    assert reader.ending is Ending.SLOW
