"""Channels, the outbox of a socket, and what happens to slow ones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from websockets.frames import Frame as WebSocketFrame
from websockets.frames import Opcode

from gateway.encoding import text_frame
from gateway.feeds.channel import Channel, Frame
from gateway.feeds.pacer import Pacer
from gateway.limits import WS_OUTBOX_BYTES_MAX, WS_OUTBOX_FRAMES_MAX
from gateway.websocket.outbox import Outbox, Subscription


class Source:
    """A channel of numbered frames whose snapshot is its last number."""

    def __init__(self, *, private: bool = False) -> None:
        self.number = 0
        self.channel = Channel(
            "orders" if private else "book", opening=self.opening, market="X", private=private
        )

    def opening(self) -> list[Frame]:
        return [self.frame("snapshot")]

    def frame(self, kind: str) -> Frame:
        text = json.dumps({"type": kind, "number": self.number})
        return Frame(text, self.number, self.number)

    def publish(self) -> None:
        self.number += 1
        self.channel.publish(self.frame("update"))


class Reader:
    """A socket that takes a message whenever it is told to."""

    def __init__(self) -> None:
        self.outbox = Outbox()
        self.messages: list[dict[str, object]] = []
        self._may_take = asyncio.Semaphore(0)
        self.task = asyncio.create_task(self.outbox.run(self._take))

    async def _take(self, text: str) -> None:
        await self._may_take.acquire()
        self.messages.append(json.loads(text))

    async def take(self, count: int) -> list[dict[str, object]]:
        """Take so many messages and return them."""
        before = len(self.messages)
        for _ in range(count):
            self._may_take.release()
        await until(lambda: len(self.messages) >= before + count)
        return self.messages[before:]

    async def end(self) -> None:
        """Go away."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        for _ in range(1_000_000):
            if condition():
                return
            await asyncio.sleep(0)
    raise TimeoutError


async def test_a_subscriber_gets_the_opening_and_then_every_frame() -> None:
    """What comes after the opening follows on it."""
    source, reader = Source(), Reader()
    source.publish()
    subscription = Subscription(source.channel, reader.outbox)
    subscription.begin(source.channel.opening())
    source.publish()
    source.publish()
    assert [each["number"] for each in await reader.take(3)] == [1, 2, 3]
    subscription.end()
    source.publish()
    assert len(reader.outbox) == 0
    await reader.end()


async def test_a_frame_is_one_text_for_all_subscribers() -> None:
    """Encoding is done once, however many listen."""
    source = Source()
    outboxes = [Outbox() for _ in range(3)]
    for outbox in outboxes:
        Subscription(source.channel, outbox).begin([])
    source.publish()
    texts = [outbox._texts[0] for outbox in outboxes]
    assert texts[0] is texts[1] is texts[2]


class Socket:
    """A socket that takes frames at once for as long as it is told to."""

    def __init__(self) -> None:
        self.is_writable = True
        self.frames: list[bytes] = []

    def write_now(self, data: bytes) -> bool:
        if self.is_writable:
            self.frames.append(data)
        return self.is_writable


async def test_a_frame_goes_straight_to_a_socket_that_takes_it() -> None:
    """No task is woken for it, and all sockets get the same bytes."""
    source, sockets = Source(), [Socket(), Socket()]
    outboxes = [Outbox(socket.write_now) for socket in sockets]
    for outbox in outboxes:
        Subscription(source.channel, outbox).begin([])
    source.publish()
    assert [len(outbox) for outbox in outboxes] == [0, 0]
    assert sockets[0].frames[0] is sockets[1].frames[0]
    assert sockets[0].frames == [text_frame(source.frame("update").text)]


async def test_a_frame_never_passes_what_waits_before_it() -> None:
    """From the first that had to wait on, all wait, until the last of them has gone."""
    source, socket = Source(), Socket()
    outbox = Outbox(socket.write_now)
    Subscription(source.channel, outbox).begin([])
    socket.is_writable = False
    source.publish()
    socket.is_writable = True
    source.publish()
    assert (len(outbox), socket.frames) == (2, [])
    taken: list[str] = []
    may_go = asyncio.Event()

    async def send(text: str) -> None:
        if not may_go.is_set():
            source.publish()  # while the first is on its way
            await may_go.wait()
        taken.append(text)

    task = asyncio.create_task(outbox.run(send))
    await until(lambda: source.number == 3)
    assert len(outbox) == 2
    may_go.set()
    await until(lambda: len(taken) == 3)
    assert [json.loads(text)["number"] for text in taken] == [1, 2, 3]
    await until(lambda: len(outbox) == 0)
    source.publish()
    assert socket.frames == [text_frame(source.frame("update").text)]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536])
def test_a_text_frame_is_that_of_the_standard(length: int) -> None:
    """Each of the three ways to write a length, as another implementation writes it."""
    text = "x" * length
    assert text_frame(text) == WebSocketFrame(Opcode.TEXT, text.encode()).serialize(mask=False)


async def test_a_slow_socket_gets_market_data_conflated() -> None:
    """Frames beyond the limit are left out; the socket is told which, then gets a snapshot."""
    source, reader = Source(), Reader()
    subscription = Subscription(source.channel, reader.outbox)
    subscription.begin(source.channel.opening())
    for _ in range(WS_OUTBOX_FRAMES_MAX * 3):
        source.publish()
    assert len(reader.outbox) <= WS_OUTBOX_FRAMES_MAX
    waiting = len(reader.outbox)
    numbers = [each["number"] for each in await reader.take(waiting)]
    assert numbers == list(range(waiting))
    lagged, snapshot = await reader.take(2)
    left_out = {"type": "lagged", "channel": "book", "market": "X"}
    assert lagged == {**left_out, "from": waiting, "to": source.number}
    assert snapshot == {"type": "snapshot", "number": source.number}
    source.publish()
    assert (await reader.take(1))[0] == {"type": "update", "number": source.number}
    await reader.end()


async def test_a_lagging_subscription_that_ends_is_not_caught_up() -> None:
    """Nothing more comes on a channel that was left."""
    source, reader = Source(), Reader()
    subscription = Subscription(source.channel, reader.outbox)
    subscription.begin([])
    for _ in range(WS_OUTBOX_FRAMES_MAX + 5):
        source.publish()
    subscription.end()
    messages = await reader.take(len(reader.outbox))
    assert all(each["type"] == "update" for each in messages)
    assert len(reader.outbox) == 0
    await reader.end()


async def test_a_slow_socket_is_cut_on_private_channels_with_where_to_resume() -> None:
    """A private frame is never left out: the socket ends, and knows the next number."""
    source, reader = Source(private=True), Reader()
    Subscription(source.channel, reader.outbox).begin([])
    while reader.outbox.cut is None:
        source.publish()
    cut = reader.outbox.cut
    assert (cut.kind.name, cut.resume) == ("SLOW_CONSUMER", source.number)
    assert len(reader.outbox) == 0
    source.publish()
    assert reader.outbox.cut is cut
    reader.task.cancel()
    await reader.end()


async def test_the_outbox_bounds_bytes_as_well_as_frames() -> None:
    """A few huge frames fill it too."""
    outbox = Outbox()
    outbox.put("x" * WS_OUTBOX_BYTES_MAX)
    assert outbox.has_room() is False


async def test_a_channel_beats_only_when_it_was_silent() -> None:
    """A frame says that the channel lives; a heartbeat says it when there is none."""
    source = Source()
    outbox = Outbox()
    source.channel.beat(9)
    Subscription(source.channel, outbox).begin([])
    source.publish()
    source.channel.beat(10)
    assert len(outbox) == 1
    source.channel.beat(11)
    beat = json.loads(outbox._texts[1])
    assert beat == {
        "type": "heartbeat",
        "channel": "book",
        "market": "X",
        "sequence": 1,
        "as_of_seq": 11,
    }


async def test_a_pacer_sends_the_first_change_at_once_and_gathers_the_rest() -> None:
    """A storm of changes costs two sends: one at its beginning and one for all that followed."""
    sent: list[int] = []
    changes = 0
    pacer = Pacer(lambda: sent.append(changes), 0.01)
    for _ in range(50):
        changes += 1
        pacer.changed()
    assert sent == [1]
    await until(lambda: len(sent) == 2)
    assert sent == [1, 50]
    pacer.now()
    assert sent == [1, 50, 50]
    pacer.changed()
    pacer.close()
    pacer.close()


@pytest.mark.parametrize("private", [True, False])
def test_a_channel_counts_its_subscribers(private: bool) -> None:
    """Nobody encodes what nobody hears."""
    channel = Source(private=private).channel
    subscription = Subscription(channel, Outbox())
    assert len(channel) == 0
    subscription.begin([])
    assert len(channel) == 1
    subscription.end()
    subscription.end()
    assert len(channel) == 0
