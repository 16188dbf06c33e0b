"""What a command prints: lines for people, and one verdict for programs."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TextIO


@dataclass(frozen=True, slots=True)
class Output:
    """The stdout of a command.

    Attributes:
        command: Its name, which begins the verdict.
        as_json: Whether the last line is a JSON object instead of a verdict in words.
    """

    command: str
    as_json: bool

    def line(self, text: str = "") -> None:
        """Print a line for people; with `--json` it goes to stderr."""
        print(text, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def note(self, text: str) -> None:
        """Print what is going on, on stderr."""
        print(f"{self.command}: {text}", file=sys.stderr, flush=True)

    def verdict(self, text: str, **facts: object) -> None:
        """Print the last line.

        Args:
            text: The verdict in words.
            facts: The same for programs; `ok` says whether all went well.
        """
        if self.as_json:
            text = json.dumps({"command": self.command, **facts})
        print(text, flush=True)


def is_terminal(stream: TextIO) -> bool:
    """Tell whether a person looks at the stream, so that it may be redrawn and coloured."""
    return stream.isatty()


def table(rows: list[list[str]], *, left: tuple[int, ...] = (0,)) -> list[str]:
    """Lay out rows in columns, numbers to the right.

    Args:
        rows: The first row is the heading.
        left: Columns that are set to the left.
    """
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            text.ljust(width) if index in left else text.rjust(width)
            for index, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines
