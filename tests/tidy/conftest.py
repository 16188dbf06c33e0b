"""Numbers that no rule bounds yet, but that everyone should see."""

from __future__ import annotations

import ast

import pytest

from tests.tidy import tree
from tests.tidy.code_rules import functions
from tests.tidy.finding import excepted_lines
from tests.tidy.rules import RULES

CHECKED_PLACES = ("engine/core/", "engine/journal/", "engine/replication/")


def checks_per_function(prefix: str) -> tuple[int, int]:
    """Return how many `check(` calls and how many functions lie under a folder."""
    calls = total = 0
    for path in tree.files():
        if not (tree.is_python(path) and path.startswith(prefix)):
            continue
        try:
            parsed = ast.parse(tree.text(path) or "")
        except SyntaxError:
            continue  # the rules report it
        total += sum(1 for _ in functions(parsed))
        calls += sum(
            isinstance(node, ast.Call) and getattr(node.func, "id", "") == "check"
            for node in ast.walk(parsed)
        )
    return calls, total


def lines(prefixes: tuple[str, ...]) -> int:
    """Return how many lines of hand-written Python lie under some folders."""
    return sum(
        len((tree.text(path) or "").splitlines())
        for path in tree.files()
        if tree.is_python(path) and path.startswith(prefixes)
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report the density of checks, the stated exceptions and the share of test code."""
    for place in CHECKED_PLACES:
        calls, total = checks_per_function(place)
        if total:
            terminalreporter.write_line(
                f"tidy: {place} {calls} checks in {total} functions ({calls / total:.1f} each)"
            )
    for rule in RULES:
        count = sum(
            len(excepted_lines(tree.text(path) or "", rule.name))
            for path in tree.files()
            if tree.is_python(path) and not path.startswith("tests/tidy/")
        )
        if rule.exceptions_max:
            terminalreporter.write_line(
                f"tidy: {count} exceptions to {rule.name!r}, at most {rule.exceptions_max}"
            )
    product, tests = lines(tree.PRODUCT), lines(("tests/",))
    terminalreporter.write_line(f"tidy: {product} lines of product, {tests} lines of tests")
