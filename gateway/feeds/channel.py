"""A channel: frames that are encoded once and offered to every subscriber."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from gateway.encoding import json_text, text_frame
from gateway.errors import EdgeError


@dataclass(frozen=True, slots=True)
class Frame:
    """A message of a channel as it goes over the wire.

    `first` and `last` are the numbers, in the channel's own sequence, that it covers. `wire` is the
    text as a WebSocket frame, one for all subscribers: a server masks nothing (RFC 6455, 5.1).
    """

    text: str
    first: int
    last: int
    wire: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Encode it once."""
        object.__setattr__(self, "wire", text_frame(self.text))


class Subscriber(Protocol):
    """Who gets a channel's frames."""

    def offer(self, frame: Frame) -> None:
        """Take a frame, or note that it could not be taken; never wait."""

    def cut(self, code: EdgeError, why: str) -> None:
        """Learn that the channel cannot go on."""


class Channel:
    """Frames of one stream.

    Args:
        name: As in a subscription, such as "book".
        market: The market's symbol, for channels of one market.
        opening: Makes the frames that bring a new or a lagging subscriber up to now.
        private: Frames must never be left out: who is too slow is cut.
    """

    def __init__(
        self,
        name: str,
        *,
        opening: Callable[[], list[Frame]],
        market: str | None = None,
        private: bool = False,
    ) -> None:
        self.name = name
        self.market = market
        self.private = private
        self.last = 0
        self._opening = opening
        self._subscribers: dict[Subscriber, None] = {}
        self._spoke = False

    def __len__(self) -> int:
        return len(self._subscribers)

    def opening(self) -> list[Frame]:
        """Return the frames that bring a subscriber up to now; the next frame follows on them."""
        return self._opening()

    def add(self, subscriber: Subscriber) -> None:
        """Add a subscriber; it gets every frame from the next one on."""
        self._subscribers[subscriber] = None

    def remove(self, subscriber: Subscriber) -> None:
        """Remove a subscriber, if it is there."""
        self._subscribers.pop(subscriber, None)

    def publish(self, frame: Frame) -> None:
        """Offer a frame to every subscriber."""
        self.last = frame.last
        self._spoke = True
        for subscriber in tuple(self._subscribers):
            subscriber.offer(frame)

    def fail(self, code: EdgeError, why: str) -> None:
        """Cut every subscriber: silence would look like a quiet account."""
        for subscriber in tuple(self._subscribers):
            subscriber.cut(code, why)

    def beat(self, as_of_sequence: int) -> None:
        """Offer a heartbeat if nothing was said since the last beat, so that silence is a fault.

        Args:
            as_of_sequence: The venue sequence up to which the channel is complete.
        """
        spoke, self._spoke = self._spoke, False
        if spoke or not self._subscribers:
            return
        beat = {
            "type": "heartbeat",
            "channel": self.name,
            "market": self.market,
            "sequence": self.last,
            "as_of_seq": as_of_sequence,
        }
        frame = Frame(json_text(beat), self.last, self.last)
        for subscriber in tuple(self._subscribers):
            subscriber.offer(frame)
