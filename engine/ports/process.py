"""The end of the process: the one way out when the state is not known any more.

A broken invariant means that memory may be wrong; a failed sync means that the disk may be. Neither
can be mended from inside, and every further line of code could make it worse. So nothing is cleaned
up: one line on stderr, then the end. What was acknowledged is in the journal.
"""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable
from typing import NoReturn

EXIT_ENDED = 70  # EX_SOFTWARE of sysexits.h: a supervisor can tell it from a crash of Python's own

# Given to whatever may have to end the process. `end_process` never returns; a simulation's does,
# and whoever called it then does nothing more.
End = Callable[[str], None]


def told(error: BaseException) -> str:
    """Return an error with where it came from, for the reason of an end."""
    return "".join(traceback.format_exception(error)).rstrip()


def end_process(reason: str) -> NoReturn:
    """Write why on stderr as one line of JSON and leave at once, without handlers and buffers."""
    line = json.dumps({"level": "critical", "event": "process ended", "reason": reason}) + "\n"
    os.write(2, line.encode())
    os._exit(EXIT_ENDED)
