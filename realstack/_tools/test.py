"""Check, then run every test. With arguments: only pytest, with those arguments.

The last line on stdout counts the tests, and the exit status agrees with it. A run that executed no
test has failed: it proves nothing.
"""

from __future__ import annotations

import sys
import time

import pytest

from realstack._tools import check


class Count:
    """Counts the outcomes as pytest reports them."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0
        self.skipped = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test once: by its call, or by the phase that kept it from being called."""
        if report.failed:
            self.failed += 1
        elif report.skipped:
            self.skipped += 1
        elif report.when == "call":
            self.passed += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be read counts as a failed test."""
        if report.failed:
            self.failed += 1


def verdict(count: Count, status: int) -> str:
    """Return the closing line: numbers only, so that every runner can read it."""
    failed = max(count.failed, 1 if status else 0)
    return f"test: {count.passed} passed, {failed} failed, {count.skipped} skipped"


def main(arguments: list[str]) -> int:
    """Run the checks and the tests."""
    started = time.monotonic()
    if not arguments:
        results = check.run([name for name in check.STEPS if name != "tidy"])  # pytest runs tidy
        print(check.verdict(results), flush=True)
        if not all(result.ok for result in results):
            print("test: not started, the checks failed")
            return 1
    count = Count()
    status = int(pytest.main(arguments or ["-q", "--durations=10"], plugins=[count]))
    print(f"in {time.monotonic() - started:.0f} s")
    print(verdict(count, status), flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
