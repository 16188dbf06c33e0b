"""A channel of how something is, whole in each message: the next one makes up for a lost one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.encoding import json_text
from gateway.feeds.channel import Channel, Frame
from gateway.feeds.pacer import Pacer
from gateway.limits import LATEST_FRAME_SECONDS


class Latest:
    """Publishes the state of one market, at most so often.

    Args:
        name: The channel's name.
        market: The market's symbol.
        state: Makes the message's own fields; nothing before they are known.
    """

    def __init__(self, name: str, market: str, state: Callable[[], dict[str, Any] | None]) -> None:
        self.channel = Channel(name, opening=self._opening, market=market)
        self._state = state
        self._number = 0
        self._pacer = Pacer(self._flush, LATEST_FRAME_SECONDS)

    def changed(self) -> None:
        """Note that the state is another."""
        self._pacer.changed()

    def close(self) -> None:
        """Send nothing more."""
        self._pacer.close()

    def _flush(self) -> None:
        frame = self._frame(self.channel.name, self._number + 1)
        if frame is not None:
            self._number += 1
            self.channel.publish(frame)

    def _opening(self) -> list[Frame]:
        frame = self._frame(f"{self.channel.name}_snapshot", self._number)
        return [] if frame is None else [frame]

    def _frame(self, kind: str, number: int) -> Frame | None:
        state = self._state()
        if state is None:
            return None
        channel = self.channel
        message = {"type": kind, "channel": channel.name, "market": channel.market, **state}
        return Frame(json_text(message), number, number)
