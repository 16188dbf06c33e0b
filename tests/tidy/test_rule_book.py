"""The rule book names the tests that hold its rules, and they are there."""

from __future__ import annotations

import re

from tests.tidy import tree

RULE_BOOK = tree.ROOT / "docs" / "rules.md"


def test_every_rule_names_a_test_that_exists() -> None:
    """A rule without a test is a promise; a link to nothing is a wrong one."""
    rows = [line for line in RULE_BOOK.read_text().splitlines() if line.startswith("| ")][1:]
    linked = {row: re.findall(r"\]\(([^)]+)\)", row) for row in rows}
    assert [] == [row for row, paths in linked.items() if not paths]
    missing = [p for paths in linked.values() for p in paths if not (RULE_BOOK.parent / p).exists()]
    assert [] == missing
