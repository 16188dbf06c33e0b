"""What a rule returns: where it is broken, and an exception that the code itself states."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

# `# tidy: float-ok a reason in some words`, on the line of the finding.
EXCEPTION = re.compile(r"#\s*tidy:\s*([a-z-]+)-ok\s+(\S.*)$")
REASON_CHARACTERS_MIN = 12


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a rule is broken."""

    line: int
    what: str


type_of_find = Callable[[str, str], list[Finding]]


def excepted_lines(text: str, name: str) -> set[int]:
    """Return the lines that state an exception to the named rule, with a reason."""
    found = set()
    for number, line in enumerate(text.splitlines(), 1):
        match = EXCEPTION.search(line)
        if match and match[1] == name and len(match[2].strip()) >= REASON_CHARACTERS_MIN:
            found.add(number)
    return found
