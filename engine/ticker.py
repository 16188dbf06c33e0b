"""Time passes for the core also when nobody sends a command: a tick when something is due.

The core acts on time only when a command brings it. So whenever the venue knows of an expiry, a
timer waits for it, and then sequences a TICK; a command that comes first does the same work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np

from engine.core.commands import COMMAND, CommandKind
from engine.core.limits import NEVER_NS
from engine.ports.clock import Clock
from engine.sequencer import Answer, Busy, CommandArray, NotTaken, Receiver

NS_PER_SECOND = 1_000_000_000
WAIT_NS_MAX = 3_600 * NS_PER_SECOND  # a clock may be steered: look again after an hour
BUSY_WAIT_NS = NS_PER_SECOND  # when the queue is full, other commands bring the time anyway


class Ticker:
    """Sends a TICK when the venue's next expiry is due.

    Args:
        next_due_ns: When that is, NEVER_NS for never.
        submit: Queues commands, as `Sequencer.submit`.
        clock: The one by which commands get their times.
    """

    def __init__(
        self,
        next_due_ns: Callable[[], int],
        submit: Callable[[CommandArray, Receiver], None],
        clock: Clock,
    ) -> None:
        self._next_due_ns = next_due_ns
        self._submit = submit
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for_ns = NEVER_NS
        self._is_sent = False
        self._is_closed = False

    def look(self) -> None:
        """Follow the next expiry; called whenever commands were applied."""
        due_ns = self._next_due_ns()
        if due_ns != self._armed_for_ns and not self._is_sent:
            self._arm(due_ns, due_ns - self._clock.now_ns())

    def close(self) -> None:
        """Send nothing any more."""
        self._is_closed = True
        self._disarm()

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, due_ns: int, wait_ns: int) -> None:
        self._disarm()
        self._armed_for_ns = due_ns
        if due_ns == NEVER_NS or self._is_closed:
            return
        wait_ns = min(max(wait_ns, 0), WAIT_NS_MAX)
        seconds = wait_ns / NS_PER_SECOND  # tidy: float-ok seconds that asyncio wants
        self._timer = self._loop.call_later(seconds, self._fire)

    def _fire(self) -> None:
        """Send a tick if the time has come by the sequencer's clock; else wait on."""
        self._timer = None
        due_ns = self._next_due_ns()
        wait_ns = due_ns - self._clock.now_ns()
        if wait_ns > 0:
            self._arm(due_ns, wait_ns)
            return
        tick = np.zeros(1, COMMAND)
        tick["kind"] = CommandKind.TICK
        self._is_sent = True
        try:
            self._submit(tick, self)
        except NotTaken as error:
            self.refused(error)

    def released(self, answer: Answer) -> None:
        """Go on after a tick."""
        self._is_sent = False
        self._armed_for_ns = NEVER_NS
        self.look()

    def refused(self, error: NotTaken) -> None:
        """Try again when the queue was full; a node that has halted or closed ticks no more."""
        self._is_sent = False
        if isinstance(error, Busy):
            self._arm(self._next_due_ns(), BUSY_WAIT_NS)
        else:
            self.close()
