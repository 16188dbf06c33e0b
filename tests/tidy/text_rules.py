"""Rules on any text: each takes a path and its text and returns what breaks the rule.

The words that are forbidden are put together from parts here, so that this file does not hold them.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.tidy.finding import Finding

LINE_COLUMNS_MAX = 100
FILE_LINES_MAX = 600
CORE_FILE_LINES_MAX = 400
CONTRACT_LINES_MAX = 700  # messages that refer to each other stay in the file that has them

REGISTRIES = (
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "npmjs" + ".org",
    "crates" + ".io",
    "proxy.golang" + ".org",
    "maven" + ".org",
)
# A path of one person's machine. What may stand around it keeps out words and parts of addresses.
ABSOLUTE = re.compile(r"(?<![\w.:/*~}$-])/(?:" + "|".join(("work", "root", "tmp")) + r")(?![\w-])")
LATER = re.compile(
    r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b"
)
# What a checker is told about a line stands behind it, and does not count (ruff does the same).
PRAGMA = re.compile(r"\s+# (?:noqa|type: ignore)\b.*$")
LOCK_ADDRESS = re.compile(r"https?:|git\+|file:|--(?:extra-)?index-url|--find-links| @ ")


def long_lines(path: str, text: str) -> list[Finding]:
    """A line of code has at most 100 columns, words to a checker behind it not counted."""
    widths = [len(PRAGMA.sub("", line)) for line in text.splitlines()]
    return [
        Finding(number, f"{width} columns")
        for number, width in enumerate(widths, 1)
        if width > LINE_COLUMNS_MAX
    ]


def long_files(path: str, text: str) -> list[Finding]:
    """A file of code has at most 600 lines, in the core 400, a contract 700."""
    limit = CORE_FILE_LINES_MAX if path.startswith("engine/core/") else FILE_LINES_MAX
    if path.endswith(".proto"):
        limit = CONTRACT_LINES_MAX
    count = len(text.splitlines())
    return [Finding(count, f"{count} lines, at most {limit}")] if count > limit else []


def registry_hosts(path: str, text: str) -> list[Finding]:
    """No file names a package registry's host: where packages come from is the machine's choice."""
    return [
        Finding(number, host)
        for number, line in enumerate(text.splitlines(), 1)
        for host in REGISTRIES
        if host in line
    ]


def absolute_paths(path: str, text: str) -> list[Finding]:
    """No file names a folder of one machine: the checkout works wherever it lies."""
    return [
        Finding(number, line.strip()[:60])
        for number, line in enumerate(text.splitlines(), 1)
        if ABSOLUTE.search(line)
    ]


def postponed(path: str, text: str) -> list[Finding]:
    """Nothing is left for later in a comment: it is done, or it is an issue."""
    return [
        Finding(number, line.strip()[:60])
        for number, line in enumerate(text.splitlines(), 1)
        if LATER.search(line)
    ]


def lock_addresses(path: str, text: str) -> list[Finding]:
    """A lock pins versions and hashes, never an address to download from."""
    return [
        Finding(number, line.strip()[:60])
        for number, line in enumerate(text.splitlines(), 1)
        if LOCK_ADDRESS.search(line)
    ]


def lock_hashes(path: str, text: str) -> list[Finding]:
    """Every package in a lock has a hash."""
    lines = text.splitlines()
    return [
        Finding(number, line.split(" ")[0])
        for number, line in enumerate(lines, 1)
        if re.match(r"[a-z0-9]", line)
        and not (line.endswith("\\") and "--hash=sha256:" in "".join(lines[number : number + 1]))
    ]


def trailing_space(path: str, text: str) -> list[Finding]:
    """No line ends in a space, and the last one ends in a line break."""
    found = [
        Finding(number, "ends in a space")
        for number, line in enumerate(text.split("\n"), 1)
        if line != line.rstrip(" \t") and Path(path).suffix != ".md"
    ]
    if text and not text.endswith("\n"):
        found.append(Finding(len(text.splitlines()), "no line break at the end"))
    return found
