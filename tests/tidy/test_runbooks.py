"""Each state in which the engine stops or refuses on purpose has a page."""

from __future__ import annotations

import re

from engine.sequencer import State
from tests.tidy import tree

RUNBOOKS = "deploy/runbooks"
RAISED = re.compile(r'f?"([A-Z]+(?:_[A-Z]+)+)[ :]')
NOT_HALTS = frozenset(("CLOSING", "CLOSED", "RUNNING", "ENDED"))


def halts() -> set[str]:
    """List the names of the states: of the sequencer, and those that messages begin with."""
    states = {state.name for state in State} - NOT_HALTS
    sources = [
        path for path in tree.files() if str(path).startswith(("engine/journal", "engine/seq"))
    ]
    named = {name for path in sources for name in RAISED.findall(tree.text(path) or "")}
    return states | named


def test_every_halt_has_a_runbook() -> None:
    """An operator at night finds the page by the word in the message."""
    text = str(tree.text(f"{RUNBOOKS}/README.md"))
    assert {"JOURNAL_DAMAGED", "CLOCK_JUMPED", "JOURNAL_SHORT"} <= halts()
    assert [name for name in sorted(halts()) if f"`{name}`" not in text] == []


def test_every_page_is_in_the_list() -> None:
    """And every link of the list leads somewhere."""
    pages = {path.rpartition("/")[2] for path in tree.files() if path.startswith(RUNBOOKS)}
    linked = set(re.findall(r"\]\((\w+\.md)\)", str(tree.text(f"{RUNBOOKS}/README.md"))))
    assert pages - {"README.md"} == linked
