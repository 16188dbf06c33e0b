"""What every test runs under: a fresh compiled core and stated Hypothesis settings."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import settings

from realstack._tools import build

# Tests start processes while gRPC runs here. They begin a program of their own at once, so gRPC
# need not be made fit to go on in them, which now and then kills them. Set before it is loaded.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

UNIT_TEST_SECONDS_MAX = 0.25
STALE = pytest.StashKey[bool]()

# The same cases on every machine of CI, so that a red run can be repeated; elsewhere new ones each
# time, and a failure prints the line that repeats it. No deadline: machines are shared.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True, database=None)
settings.register_profile("here", deadline=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that brings in the long tests."""
    parser.addoption("--nightly", action="store_true", help="also run tests of minutes to hours")


def pytest_configure(config: pytest.Config) -> None:
    """Compile the core when its sources changed, before any test can import it."""
    if not build.is_stale():
        return
    try:
        build.build()
    except subprocess.CalledProcessError:
        config.stash[STALE] = True


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse to test an old core: tests that do not touch it may go on while it is mended."""
    uses_core = any(name.startswith("engine.core.") for name in sys.modules)
    if uses_core and session.config.stash.get(STALE, False):
        pytest.exit("the compiled core is older than its sources and does not build", returncode=2)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out nightly tests unless they were asked for."""
    if config.getoption("--nightly"):
        return
    later = [item for item in items if item.get_closest_marker("nightly")]
    if later:
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if not item.get_closest_marker("nightly")]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the tests that should be marked slow: a quick suite stays quick only when watched."""
    for report in terminalreporter.getreports("passed"):
        if report.when != "call" or "slow" in report.keywords or "nightly" in report.keywords:
            continue
        if report.duration > UNIT_TEST_SECONDS_MAX:
            terminalreporter.write_line(f"not marked slow: {report.nodeid} {report.duration:.2f} s")
