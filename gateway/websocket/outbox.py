"""What waits to be sent to one socket, and what happens when the socket is slow.

Market data of a slow socket is conflated: frames are left out, and when there is room again the
socket is told which (`lagged`) and gets a snapshot. Private frames are never left out: a socket
that lets too many gather is cut, and told where to resume.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from gateway.encoding import json_text
from gateway.errors import ApiError, EdgeError
from gateway.feeds.channel import Channel, Frame
from gateway.limits import WS_OUTBOX_BYTES_MAX, WS_OUTBOX_FRAMES_MAX
from gateway.websocket.wire import WriteNow

Send = Callable[[str], Awaitable[None]]


class Outbox:
    """Texts for one socket, in order.

    Args:
        write_now: Sends a frame past the queue while nothing waits in it.
    """

    def __init__(self, write_now: WriteNow | None = None) -> None:
        self.bytes = 0
        self._write_now = write_now
        self._is_sending = False
        self.cut: ApiError | None = None
        self._texts: deque[str] = deque()
        self._news = asyncio.Event()
        self._lagging: dict[Subscription, None] = {}

    def __len__(self) -> int:
        return len(self._texts)

    def put(self, text: str) -> None:
        """Add a text; it waits for its turn."""
        self._texts.append(text)
        self.bytes += len(text)
        self._news.set()

    def sends(self, frame: Frame) -> bool:
        """Send a frame at once if nothing waits before it and the socket takes it; tell whether."""
        if self._texts or self._is_sending or self._write_now is None or self.cut is not None:
            return False
        return self._write_now(frame.wire)

    def has_room(self) -> bool:
        """Tell whether market data may still be added."""
        return len(self._texts) < WS_OUTBOX_FRAMES_MAX and self.bytes < WS_OUTBOX_BYTES_MAX

    def lags(self, subscription: Subscription) -> None:
        """Note a subscription that has to be brought up to now when there is room."""
        self._lagging[subscription] = None

    def forget(self, subscription: Subscription) -> None:
        """Note that a subscription has ended."""
        self._lagging.pop(subscription, None)

    def cut_off(self, reason: ApiError) -> None:
        """Drop everything: the socket ends with a reason, the first that is given."""
        if self.cut is None:
            self.cut = reason
            self._texts.clear()
            self.bytes = 0
            self._news.set()

    async def run(self, send: Send) -> None:
        """Send what waits, for as long as the socket lives; return when it is cut."""
        while self.cut is None:
            while self._texts:
                text = self._texts.popleft()
                self.bytes -= len(text)
                self._is_sending = True
                await send(text)
                self._is_sending = False
            if self._lagging:
                self._catch_up()
                continue
            self._news.clear()
            await self._news.wait()

    def _catch_up(self) -> None:
        for subscription in tuple(self._lagging):
            del self._lagging[subscription]
            subscription.catch_up()


class Subscription:
    """One socket's reading of one channel."""

    def __init__(self, channel: Channel, outbox: Outbox) -> None:
        self.channel = channel
        self._outbox = outbox
        self._lagging_from = 0
        self._last = 0

    def begin(self, frames: list[Frame]) -> None:
        """Send the frames that bring the socket up to now, then follow."""
        for frame in frames:
            self._put(frame)
        self.channel.add(self)

    def end(self) -> None:
        """Follow no more."""
        self.channel.remove(self)
        self._outbox.forget(self)

    def offer(self, frame: Frame) -> None:
        """Take a frame, or note that it was left out."""
        if self._lagging_from:
            return
        if self._outbox.sends(frame):
            self._last = frame.last
        elif self._outbox.has_room():
            self._put(frame)
        elif self.channel.private:
            self.cut(EdgeError.SLOW_CONSUMER, "the socket takes its messages too slowly")
        else:
            self._lagging_from = max(frame.first, 1)
            self._outbox.lags(self)

    def cut(self, code: EdgeError, why: str) -> None:
        """End the socket: a private channel cannot go on, and says where to resume."""
        resume = self._last + 1
        detail = f"{self.channel.name} is cut, resume={resume}: {why}"
        self._outbox.cut_off(ApiError(code, detail, resume=resume))

    def catch_up(self) -> None:
        """Tell what was left out and go on from a snapshot."""
        lagged = {
            "type": "lagged",
            "channel": self.channel.name,
            "market": self.channel.market,
            "from": self._lagging_from,
            "to": self.channel.last,
        }
        self._lagging_from = 0
        self._outbox.put(json_text(lagged))
        for frame in self.channel.opening():
            self._put(frame)

    def _put(self, frame: Frame) -> None:
        self._last = frame.last
        self._outbox.put(frame.text)
