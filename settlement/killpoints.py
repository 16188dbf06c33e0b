"""A seam for tests: end the process, as `kill -9` would, at a named step of a payment.

`REALSTACK_TEST_DIE_AT=signed` ends it the first time that the step is reached, `sent:3` the third
time. Without the variable this does nothing. It is no setting of the product: it exists so that a
test can prove that wherever the worker dies, nothing settles twice or never.
"""

from __future__ import annotations

import os
import signal

VARIABLE = "REALSTACK_TEST_DIE_AT"

STEPS = ("built", "signed", "stored", "sent", "confirmed", "marked", "credited", "finalized")
"""Built: the message is laid out. Signed: the signature exists, in memory alone. Stored: it is in
the database. Sent: the node has it. Confirmed, marked: before and after its state is noted.
Credited, finalized: the venue has answered, which is not noted yet."""

_reached: dict[str, int] = {}


def maybe_die(step: str) -> None:
    """End the process here, without any cleanup, if a test asked for it."""
    wanted = os.environ.get(VARIABLE, "")
    if not wanted:
        return
    name, _, count = wanted.partition(":")
    if name != step:
        return
    _reached[step] = _reached.get(step, 0) + 1
    if _reached[step] == int(count or "1"):
        os.kill(os.getpid(), signal.SIGKILL)
