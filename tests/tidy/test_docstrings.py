"""Tests say what rule of the product they stand for."""

from __future__ import annotations

import ast

from tests.tidy import tree
from tests.tidy.code_rules import functions

TEST_DOCSTRINGS_PERCENT_MIN = 85


def documented(sources: list[str]) -> tuple[int, int]:
    """Return how many test functions there are, and how many of them have a docstring."""
    tests = [
        function
        for source in sources
        for function in functions(ast.parse(source))
        if function.name.startswith("test_")
    ]
    return len(tests), sum(1 for test in tests if ast.get_docstring(test))


def test_tests_state_their_rule_in_a_docstring() -> None:
    """At least 85 of 100 tests have a docstring that states the rule."""
    sources = [tree.text(path) or "" for path in tree.files() if tree.is_test(path)]
    total, with_docstring = documented(sources)
    assert with_docstring * 100 >= total * TEST_DOCSTRINGS_PERCENT_MIN, (with_docstring, total)


def test_the_count_sees_a_missing_docstring() -> None:
    """The count tells tests with a docstring from those without, in classes too."""
    source = "def test_a():\n    '''A.'''\nclass T:\n    async def test_b(self):\n        pass\n"
    assert documented([source]) == (2, 1)
