"""The text of a scenario file: lines, words, and errors that name the line.

What a file may say is documented in `docs/scenarios.md`; this module knows only its outer form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

EXPECTATION = ">"
NUMBER = re.compile(r"\bS\d{2}\b")
_RAW = re.compile(r"([a-z_]+)=(-?[0-9]+|[A-Za-z_]+)")
_TIME = re.compile(r"(-?)([0-9]+)(ns|us|ms|s|m|h)")
_UNITS_NS = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}


class ScenarioError(Exception):
    """A scenario that cannot be read, or does not hold; the message begins with file and line."""


@dataclass(frozen=True)
class Line:
    """One line that says something."""

    place: str  # file:number
    text: str

    def error(self, message: str) -> ScenarioError:
        """Make the error that stands at this line."""
        return ScenarioError(f"{self.place}: {message}\n    {self.text}")


@dataclass
class Step:
    """A statement and the expectations under it."""

    line: Line
    expectations: list[Line] = field(default_factory=list)


@dataclass
class Scenario:
    """A title, and the steps that follow it."""

    line: Line
    title: str
    steps: list[Step] = field(default_factory=list)

    @property
    def numbers(self) -> list[str]:
        """The catalogue numbers in the title."""
        return NUMBER.findall(self.title)


class Words:
    """The words of a line, taken one by one."""

    def __init__(self, line: Line, text: str) -> None:
        self.line = line
        self._words = text.replace("@", " @ ").split()

    def __bool__(self) -> bool:
        return bool(self._words)

    def next(self, what: str) -> str:
        """Take the next word, which the line must have."""
        if not self._words:
            raise self.line.error(f"expected {what} at the end of the line")
        return self._words.pop(0)

    def peek(self) -> str:
        """Look at the next word; empty at the end."""
        return self._words[0] if self._words else ""

    def accept(self, word: str) -> bool:
        """Take the next word if it is this one."""
        found = self.peek() == word
        if found:
            self._words.pop(0)
        return found

    def integer(self, what: str) -> int:
        """Take a whole number."""
        word = self.next(what)
        try:
            return int(word.replace("_", ""))
        except ValueError:
            raise self.line.error(f"expected {what}, a whole number, not {word!r}") from None

    def time_ns(self, what: str) -> int:
        """Take a duration such as 10s or 250ms."""
        word = self.next(what)
        found = _TIME.fullmatch(word)
        if not found:
            raise self.line.error(f"expected {what}, such as 10s or 250ms, not {word!r}")
        return (-1 if found[1] else 1) * int(found[2]) * _UNITS_NS[found[3]]

    def raw(self) -> tuple[str, str] | None:
        """Take a word of the form field=value, if the next is one."""
        found = _RAW.fullmatch(self.peek())
        if not found:
            return None
        self._words.pop(0)
        return found[1], found[2]

    def end(self) -> None:
        """Refuse words that nobody took."""
        if self._words:
            raise self.line.error(f"unexpected {' '.join(self._words)!r}")


def read(path: Path, shown: str) -> list[Scenario]:
    """Read the scenarios of a file.

    Args:
        path: The file.
        shown: Its name in messages.

    Raises:
        ScenarioError: A line stands where it cannot, or there is no scenario.
    """
    scenarios: list[Scenario] = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        said = re.sub(r"(^|\s)#.*$", "", text).strip()
        if said:
            _take(scenarios, Line(f"{shown}:{number}", said))
    if not scenarios:
        raise ScenarioError(f"{shown}:1: no line begins with 'scenario'")
    return scenarios


def _take(scenarios: list[Scenario], line: Line) -> None:
    if line.text.startswith("scenario "):
        scenarios.append(Scenario(line, line.text.removeprefix("scenario ").strip()))
        return
    if not scenarios:
        raise line.error("a file begins with a line 'scenario TITLE'")
    steps = scenarios[-1].steps
    if not line.text.startswith(EXPECTATION):
        steps.append(Step(line))
    elif not steps:
        raise line.error("an expectation follows the command that it is about")
    else:
        steps[-1].expectations.append(Line(line.place, line.text[1:].strip()))
