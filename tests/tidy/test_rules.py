"""Every rule holds for every file it applies to, and every rule is able to fail."""

from __future__ import annotations

import pytest

from tests.tidy import tree
from tests.tidy.finding import excepted_lines
from tests.tidy.rules import RULES, Rule

BAD = [(rule, text) for rule in RULES for text in rule.bad]
GOOD = [(rule, text) for rule in RULES for text in rule.good]


def name(value: object) -> str:
    """Return what pytest shows for a parameter."""
    return value.name if isinstance(value, Rule) else ""


@pytest.mark.parametrize("rule", RULES, ids=name)
def test_every_file_keeps_the_rule(rule: Rule) -> None:
    """No file breaks a rule, except where it states the exception and the reason."""
    broken = [
        f"{path}:{finding.line}: {finding.what}"
        for path in tree.files()
        if rule.applies(path) and (text := tree.text(path)) is not None
        for finding in rule.findings(path, text)
    ]
    assert not broken, "\n".join([str(rule.find.__doc__), *broken])


@pytest.mark.parametrize("rule", RULES, ids=name)
def test_exceptions_to_a_rule_stay_few(rule: Rule) -> None:
    """Exceptions are counted: when they grow, the rule or the code is wrong."""
    excepted = [
        f"{path}:{line}"
        for path in tree.files()
        if tree.is_python(path) and (text := tree.text(path)) is not None
        for line in excepted_lines(text, rule.name)
        if not path.startswith("tests/tidy/")
    ]
    assert len(excepted) <= rule.exceptions_max, excepted


@pytest.mark.parametrize(("rule", "text"), BAD, ids=name)
def test_a_rule_finds_what_breaks_it(rule: Rule, text: str) -> None:
    """A rule that cannot fail proves nothing: each is shown texts that break it."""
    assert rule.findings(rule.at, text) != []


@pytest.mark.parametrize(("rule", "text"), GOOD, ids=name)
def test_a_rule_leaves_lawful_code_alone(rule: Rule, text: str) -> None:
    """A rule that fires on lawful code would be switched off: each is shown what it must allow."""
    assert rule.findings(rule.at, text) == []


def test_every_rule_has_a_sentence_and_an_example() -> None:
    """A rule says in one sentence what it wants, and shows both sides."""
    incomplete = [rule.name for rule in RULES if not (rule.find.__doc__ and rule.bad and rule.good)]
    assert incomplete == []
    assert len({rule.name for rule in RULES}) == len(RULES)
