"""From errors to verdicts: each error of the client has its exit status, code, field and rule."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

from engine.core.rejects import Reject
from engine.rpc.details import field_and_rule
from realstack.cli.output import Output
from realstack.client.errors import (
    ClientError,
    FeedBroken,
    InvalidInput,
    NotSent,
    OutcomeUnknown,
    Rejected,
    RequestRefused,
    Unavailable,
)
from realstack.edge_errors import EdgeError
from realstack.settings import MissingSetting
from realstack.units import InvalidNumber

DONE, REFUSED, WRONG_INPUT = 0, 1, 2

CLIENT_ERRORS: dict[type[ClientError], EdgeError] = {
    NotSent: EdgeError.ENGINE_UNAVAILABLE,
    Unavailable: EdgeError.ENGINE_UNAVAILABLE,
    FeedBroken: EdgeError.FEED_BROKEN,
}


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
        return numbered(WRONG_INPUT, "INVALID", error.code, str(error), error.field, error.rule)
    if isinstance(error, Rejected):
        facts = {"transient": error.transient, "sequence": error.answer.sequence}
        field, rule = field_and_rule(error.detail)
        return numbered(REFUSED, "REJECTED", error.code, error.detail, field, rule, **facts)
    if isinstance(error, RequestRefused):
        return refused_at_the_edge(error)
    if isinstance(error, OutcomeUnknown):
        code = EdgeError.OUTCOME_UNKNOWN
        return numbered(REFUSED, "UNKNOWN", code, str(error), transient=True)
    if isinstance(error, ClientError):
        code = CLIENT_ERRORS.get(type(error), EdgeError.INTERNAL)
        return numbered(REFUSED, "FAILED", code, str(error), transient=error.transient)
    if isinstance(error, WrongUsage):
        field, rule = argument_and_rule(str(error))
        return numbered(WRONG_INPUT, "INVALID", EdgeError.WRONG_USAGE, str(error), field, rule)
    if isinstance(error, MissingSetting):
        return numbered(WRONG_INPUT, "INVALID", EdgeError.MISSING_SETTING, str(error))
    return None


def numbered(
    status: int,
    outcome: str,
    code: Reject | EdgeError,
    words: str,
    field: str = "",
    rule: str = "",
    **facts: object,
) -> Failure:
    """Make a failure that tells its number, and the field and the rule where one is at fault."""
    told: dict[str, object] = {"code": int(code), "name": code.name}
    told |= {"field": field} if field else {}
    return Failure(
        status,
        outcome,
        f"{code.name} ({int(code)}): {words}",
        {**told, "rule": rule or words, **facts},
    )


def refused_at_the_edge(error: RequestRefused) -> Failure:
    """Make the failure of a request that the venue's edge refused."""
    facts: dict[str, object] = {"status": error.status.name}
    if not error.code:  # by gRPC itself, which knows no numbers but its own
        facts |= {"code": int(error.status.value[0]), "name": error.status.name}
        return Failure(WRONG_INPUT, "INVALID", str(error), facts)
    field, rule = error.violations[0] if error.violations else ("", "")
    code: Reject | EdgeError = (
        Reject(error.code) if error.code in set(Reject) else EdgeError(error.code)
    )
    return numbered(WRONG_INPUT, "INVALID", code, str(error), field, rule, **facts)


def argument_and_rule(message: str) -> tuple[str, str]:
    """Split what argparse says into the argument, written as a field, and the rule."""
    for pattern in (
        r"argument (?P<field>[^:]+): (?P<rule>.*)",
        r"(?P<rule>the following arguments are required): (?P<field>[^,]+)(?:,.*)?",
        r"(?P<rule>unrecognized arguments): (?P<field>\S+).*",
    ):
        if match := re.fullmatch(pattern, message, re.DOTALL):
            return match["field"].lstrip("-").replace("-", "_").lower(), match["rule"]
    return "", message


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
