"""From errors to verdicts: each error of the client has its exit status, code, field and rule."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

from realstack.cli.output import Output
from realstack.client.errors import (
    ClientError,
    InvalidInput,
    OutcomeUnknown,
    Rejected,
    RequestRefused,
)
from realstack.settings import MissingSetting
from realstack.units import InvalidNumber

DONE, REFUSED, WRONG_INPUT = 0, 1, 2


class WrongUsage(Exception):
    """The arguments do not fit the command."""

    def __init__(self, message: str, usage: str) -> None:
        super().__init__(message)
        self.usage = usage


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors become verdicts."""

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments.

        Raises:
            WrongUsage: Always.
        """
        raise WrongUsage(message, self.format_usage())


@dataclass(frozen=True, slots=True)
class Failure:
    """How a command ended that did not do what it was asked.

    Attributes:
        status: The exit status.
        outcome: INVALID, REJECTED, UNKNOWN or FAILED.
        words: For people.
        facts: For programs: code, name, field, rule and the like.
    """

    status: int
    outcome: str
    words: str
    facts: dict[str, object] = field(default_factory=dict)


def failure_of(error: Exception) -> Failure | None:
    """Return how an error ends a command; nothing for one that is a bug."""
    if isinstance(error, InvalidInput | InvalidNumber):
        facts = {
            "code": int(error.code),
            "name": error.code.name,
            "field": error.field,
            "rule": error.rule,
        }
        words = f"{error.code.name} ({int(error.code)}): {error}"
        return Failure(WRONG_INPUT, "INVALID", words, facts)
    if isinstance(error, Rejected):
        facts = {
            "code": int(error.code),
            "name": error.code.name,
            "detail": error.detail,
            "transient": error.transient,
            "sequence": error.answer.sequence,
        }
        return Failure(REFUSED, "REJECTED", str(error), facts)
    if isinstance(error, RequestRefused):
        facts = {
            "code": int(error.status.value[0]),
            "name": error.status.name,
            "reason": error.reason,
            "fields": dict(error.violations),
        }
        return Failure(WRONG_INPUT, "INVALID", str(error), facts)
    if isinstance(error, OutcomeUnknown):
        return Failure(REFUSED, "UNKNOWN", str(error), {"transient": True})
    if isinstance(error, ClientError):
        facts = {"name": type(error).__name__, "transient": error.transient}
        return Failure(REFUSED, "FAILED", f"{type(error).__name__}: {error}", facts)
    if isinstance(error, WrongUsage | MissingSetting):
        return Failure(WRONG_INPUT, "INVALID", str(error), {"name": type(error).__name__})
    return None


def guarded(output: Output, run: Callable[[], int]) -> int:
    """Run a command; an error that its user can do something about becomes its verdict."""
    try:
        return run()
    except KeyboardInterrupt:
        output.verdict(f"{output.command}: interrupted", ok=False, outcome="INTERRUPTED")
        return 130
    except BrokenPipeError:
        # The reader of our output has gone, as with `| head`: there is nobody to tell.
        sys.stderr.close()
        return REFUSED
    except Exception as error:
        failure = failure_of(error)
        if failure is None:
            raise
        if isinstance(error, WrongUsage):
            print(error.usage, end="", file=sys.stderr)
        words = f"{output.command}: {failure.outcome}: {failure.words}"
        output.verdict(words, ok=False, outcome=failure.outcome, **failure.facts)
        return failure.status
