"""What can be wrong with a recording."""

from __future__ import annotations

from pathlib import Path


class InvalidRecording(ValueError):
    """A file breaks a rule of its format; nothing of it was sent.

    Attributes:
        path: The file.
        where: The place in it, such as ``line 7`` or ``record 12``; empty for the whole file.
        field: The field, or empty.
        rule: The rule that it breaks, in words.
    """

    def __init__(self, path: Path, where: str, field: str, rule: str) -> None:
        place = ", ".join(part for part in (where, field) if part)
        super().__init__(f"{path}{': ' if place else ''}{place}: {rule}")
        self.path = path
        self.where = where
        self.field = field
        self.rule = rule
