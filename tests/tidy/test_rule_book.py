"""The rule book names the tests that hold its rules, and they are there."""

from __future__ import annotations

import re

from tests.tidy import tree

RULE_BOOK = tree.ROOT / "docs" / "rules.md"
LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")


def rows() -> list[str]:
    """Return the rows of the table, without its heading."""
    return [line for line in RULE_BOOK.read_text().splitlines() if line.startswith("| ")][1:]


def problem(name: str, path: str) -> str | None:
    """Say what is wrong with a link to a test: nothing when that very test is in the file."""
    file = RULE_BOOK.parent / path
    if not file.is_file():
        return f"{path} is not there"
    text = file.read_text()
    if file.suffix == ".scenario":
        is_there = f"scenario {name}" in text.splitlines()
    else:
        is_there = re.search(rf"^(async )?def {re.escape(name)}\(", text, re.MULTILINE) is not None
    return None if is_there else f"{path} has no {name!r}"


def test_every_rule_names_tests_that_exist() -> None:
    """A rule without a test is a promise; a link to nothing is a wrong one."""
    linked = {row: LINK.findall(row) for row in rows()}
    assert [] == [row for row, links in linked.items() if not links]
    problems = [problem(name, path) for links in linked.values() for name, path in links]
    assert [] == [found for found in problems if found]


def test_a_test_that_is_not_in_its_file_is_noticed() -> None:
    """A file that is there is not enough, nor is a name that only begins alike."""
    path = "../tests/tidy/test_rule_book.py"
    assert problem("test_every_rule_names_tests_that_exist", path) is None
    assert problem("test_every_rule", path) is not None
    assert problem("test_every_rule", "../tests/tidy/nowhere.py") is not None
    assert problem("S20 a cancel", "../tests/scenarios/matching.scenario") is not None
