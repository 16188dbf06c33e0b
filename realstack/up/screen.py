"""What the person at the terminal sees: steps, notes, and one line that is redrawn in place."""

from __future__ import annotations

import time
from typing import TextIO

CLEAR_LINE = "\r\x1b[K"
LINE_SECONDS = 5.0  # where nothing can be redrawn, a line this often


class Screen:
    """Writes to one stream.

    Args:
        stream: Where to.
        redraw: Whether a line can be redrawn: the stream is a terminal.
    """

    def __init__(self, stream: TextIO, *, redraw: bool) -> None:
        self._stream = stream
        self._redraw = redraw
        self._live = ""
        self._told = -LINE_SECONDS

    def line(self, text: str = "") -> None:
        """Write a line that stays."""
        self._write((CLEAR_LINE if self._live else "") + text + "\n" + self._live)

    def live(self, text: str) -> None:
        """Show how things stand."""
        if self._redraw:
            self._live = text
            self._write(CLEAR_LINE + text)
        elif time.monotonic() - self._told >= LINE_SECONDS:
            self._told = time.monotonic()
            self._write(text + "\n")

    def end_live(self) -> None:
        """Leave the line that was redrawn as it is."""
        if self._live:
            self._live = ""
            self._write("\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
