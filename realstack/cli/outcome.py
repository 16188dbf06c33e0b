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
from realstack.times import InvalidTime
from realstack.units import InvalidNumber

DONE, REFUSED, WRONG_INPUT = 0, 1, 2

# What the venue calls in ticks, lots, atoms and ids is an argument without a unit here.
ARGUMENTS = {
    "price_ticks": "price",
    "quantity_lots": "quantity",
    "amount_atoms": "amount",
    "market_id": "market",
    "asset_id": "asset",
    "order_id": "order",
    "order_type": "type",
    "display_lots": "display_quantity",
    "minimum_lots": "minimum_quantity",
    "trigger_price_ticks": "trigger_price",
    "trail_ticks": "trail",
    "expire_time_ns": "expire_time",
}


class WrongUsage(Exception):
    """The arguments do not fit the command.

    Attributes:
        usage: How the command is used.
        field: The argument at fault, as far as the message names one.
    """

    def __init__(self, message: str, usage: str) -> None:
        super().__init__(message)
        self.usage = usage
        self.field = argument_in(message)


def argument_in(message: str) -> str:
    """Return the first argument that a message of argparse names: ``price`` for ``--price=1``."""
    match = re.search(r"argument ([^:]+):|(?:required|arguments): ([^,]+)", message)
    named = (match[1] or match[2]).split("/")[-1] if match else ""
    return named.partition("=")[0].strip().lstrip("-").replace("-", "_").lower()


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
        words = f"{error.code.name} ({int(error.code)}): {error}"
        return Failure(WRONG_INPUT, "INVALID", words, facts(error.code, error.field, error.rule))
    if isinstance(error, Rejected):
        found = facts(error.code, *field_and_rule(error.detail))
        found |= {"transient": error.transient, "sequence": error.answer.sequence}
        return Failure(REFUSED, "REJECTED", str(error), found)
    if isinstance(error, RequestRefused):
        return Failure(WRONG_INPUT, "INVALID", str(error), refusal_facts(error))
    for kind, number, outcome, status in KINDS:
        if isinstance(error, kind):
            rule = str(error)
            found = facts(number, getattr(error, "field", ""), rule)
            found["transient"] = getattr(error, "transient", False)
            return Failure(status, outcome, f"{number.name} ({int(number)}): {rule}", found)
    return None


def facts(code: Reject | EdgeError, field: str, rule: str) -> dict[str, object]:
    """Return an error for programs: its number, its name, the field at fault and the rule."""
    argument = ARGUMENTS.get(field, field)
    return {"code": int(code), "name": code.name, "field": argument, "rule": rule}


def refusal_facts(error: RequestRefused) -> dict[str, object]:
    """Return a refusal of the venue's edge for programs; without a reason, the gRPC status."""
    field, rule = error.violations[0] if error.violations else ("", error.message)
    if error.reason:
        return {"code": error.code, "name": error.reason, "field": field, "rule": rule}
    number: int = error.status.value[0]
    return {"code": number, "name": error.status.name, "field": field, "rule": rule}


# The other errors that a user can do something about: number, outcome and exit status of each.
KINDS: tuple[tuple[type[Exception], EdgeError, str, int], ...] = (
    (InvalidTime, EdgeError.INVALID_TIME, "INVALID", WRONG_INPUT),
    (WrongUsage, EdgeError.WRONG_USAGE, "INVALID", WRONG_INPUT),
    (MissingSetting, EdgeError.MISSING_SETTING, "INVALID", WRONG_INPUT),
    (OutcomeUnknown, EdgeError.OUTCOME_UNKNOWN, "UNKNOWN", REFUSED),
    (NotSent, EdgeError.ENGINE_UNAVAILABLE, "FAILED", REFUSED),
    (Unavailable, EdgeError.ENGINE_UNAVAILABLE, "FAILED", REFUSED),
    (FeedBroken, EdgeError.FEED_BROKEN, "FAILED", REFUSED),
    (ClientError, EdgeError.INTERNAL, "FAILED", REFUSED),
)


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
