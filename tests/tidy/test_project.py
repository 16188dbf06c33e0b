"""The project's own files agree with each other: script and guide, packages and locks."""

from __future__ import annotations

import ast
import importlib.util
import re
import tomllib
from importlib.machinery import SourceFileLoader
from types import ModuleType
from typing import Any

import pytest

from tests.tidy import tree

LOCKS = ("requirements/run.txt", "requirements/dev.txt")


def dev() -> ModuleType:
    """Load the script, which has no ending that Python would know."""
    loader = SourceFileLoader("dev", str(tree.ROOT / "dev"))
    spec = importlib.util.spec_from_loader("dev", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def normal(requirement: str) -> str:
    """Return a package's name as indexes write it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement.strip())[0]).lower()


def project() -> dict[str, Any]:
    """Return the project's file."""
    return tomllib.loads((tree.ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def locked(path: str) -> set[str]:
    """Return the names of the packages that a lock pins."""
    return {normal(name) for name in re.findall(r"(?m)^([\w.-]+)==", tree.text(path) or "")}


@pytest.mark.parametrize("command", sorted(dev().KNOWN))
def test_every_command_is_in_the_guide_and_in_the_help(command: str) -> None:
    """A command that CONTRIBUTING.md does not name is a command that nobody finds."""
    guide = tree.text("CONTRIBUTING.md") or ""
    assert f"./dev {command}" in guide
    assert re.search(rf"(?m)^  {command}\b", dev().help_text())


def test_an_old_python_gets_as_far_as_the_message() -> None:
    """The script and the tools it needs first parse under Python 3.8, to say what is missing."""
    ast.parse((tree.ROOT / "dev").read_text(encoding="utf-8"), feature_version=(3, 8))


def test_locks_pin_every_package_that_the_project_names() -> None:
    """A package added to pyproject.toml is in the locks too; `./dev lock` writes them."""
    groups = project()["dependency-groups"]
    run = {normal(requirement) for requirement in project()["project"]["dependencies"]}
    dev_only = {
        normal(requirement)
        for group in groups.values()
        for requirement in group
        if isinstance(requirement, str)
    }
    assert run - locked(LOCKS[0]) == set()
    assert (run | dev_only) - locked(LOCKS[1]) == set()


def test_locks_agree_on_versions() -> None:
    """What developers test with is what runs: both locks pin the same versions."""
    pins = [
        dict(re.findall(r"(?m)^([\w.-]+==[^\s;]+)( ?[^\\\n]*)", tree.text(path) or ""))
        for path in LOCKS
    ]
    assert pins[0].keys() - pins[1].keys() == set()


def test_warnings_are_errors_and_types_are_strict() -> None:
    """Strictness is a decision: it does not fade by a change of settings that nobody saw."""
    tool = project()["tool"]
    assert tool["mypy"]["strict"] is True
    assert tool["pytest"]["ini_options"]["filterwarnings"][0] == "error"
    assert tool["pytest"]["ini_options"]["xfail_strict"] is True
    assert "--strict-markers" in tool["pytest"]["ini_options"]["addopts"]
