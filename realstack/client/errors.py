"""What can go wrong, as types. Each says whether the outcome is certain.

    ClientError
        InvalidInput       refused before anything was sent: a field and a rule
        Rejected           refused by the venue: a code and a detail; nothing changed
        NotSent            the deadline passed before it was sent; nothing changed
        OutcomeUnknown     sent, and the deadline passed before the answer came
        RequestRefused     refused at the venue's edge, with the gRPC status
            NotAuthenticated     no key, or an unknown one
            PermissionRefused    the key's role may not do this
            NotRetained          a stream can no longer begin where it was asked to
        Unavailable        the venue cannot be reached; nothing that was asked for took place
        FeedBroken         the venue broke the rules of a stream: a gap, or a book that never fits
        Closed             the client was closed

A number that is no exact price, quantity or amount is an `InvalidNumber` of `realstack.units`,
which is an `InvalidInput` as well as far as `except` is concerned: see `INPUT_ERRORS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc

from engine.core.rejects import Reject
from engine.rpc.details import DETAILS
from realstack.units import InvalidNumber

if TYPE_CHECKING:
    from realstack.client.records import Answer
    from realstack.client.requests import Request


class ClientError(Exception):
    """Anything that a client raises."""

    @property
    def transient(self) -> bool:
        """Tell whether the very same call can succeed later."""
        return False


class InvalidInput(ClientError):
    """Something given to the client breaks a rule; nothing was sent.

    Attributes:
        field: The argument.
        rule: The rule, in words.
        code: The reject code that the venue uses for the same mistake.
    """

    def __init__(self, field: str, given: object, rule: str, code: Reject) -> None:
        super().__init__(f"{field} {given!r}: {rule}")
        self.field = field
        self.rule = rule
        self.code = code


INPUT_ERRORS = (InvalidInput, InvalidNumber)
"""What is raised for bad arguments, before anything is sent."""


class Rejected(ClientError):
    """The venue refused a command, and the command changed nothing.

    Attributes:
        code: The numbered reason.
        detail: The field and the rule, in words.
        answer: The whole answer.
    """

    def __init__(self, answer: Answer) -> None:
        self.code = answer.reject_code
        self.detail = answer.detail or DETAILS[self.code]
        self.answer = answer
        super().__init__(f"{self.code.name} ({int(self.code)}): {self.detail}")

    @property
    def transient(self) -> bool:
        """Tell whether the very same command can succeed later, as with funds that come."""
        return self.code.transient


class NotSent(ClientError):
    """The deadline passed while there was no connection: the command was never sent."""

    @property
    def transient(self) -> bool:
        """The same command can succeed when there is a connection."""
        return True


class OutcomeUnknown(ClientError):
    """The deadline passed after the command was sent and before its answer came.

    It may have taken effect, and may still do so. `Client.resolve` sends it again under the same
    ids, which cannot make it take effect twice, and returns what became of it.

    Attributes:
        request: The command, to be given to `Client.resolve`.
    """

    def __init__(self, request: Request) -> None:
        super().__init__(f"no answer yet to {request.describe()}; resolve() finds out what it did")
        self.request = request

    @property
    def transient(self) -> bool:
        """The same command under the same ids can be sent again."""
        return True


class RequestRefused(ClientError):
    """The venue's edge refused the request, and nothing changed.

    Attributes:
        status: The gRPC status.
        message: What the venue says, for people.
        reason: The error's name, such as ``INVALID_FIELD``; empty when gRPC itself refused.
        code: Its number: see `realstack.edge_errors`; zero when gRPC itself refused.
        violations: Pairs of a field and its rule.
    """

    def __init__(
        self,
        status: grpc.StatusCode,
        message: str,
        reason: str = "",
        violations: tuple[tuple[str, str], ...] = (),
        code: int = 0,
    ) -> None:
        rules = "; ".join(f"{field}: {rule}" for field, rule in violations)
        super().__init__(f"{status.name}: {message}" + (f" ({rules})" if rules else ""))
        self.status = status
        self.message = message
        self.reason = reason
        self.code = code
        self.violations = violations


class NotAuthenticated(RequestRefused):
    """There was no API key, or one that the venue does not know."""


class PermissionRefused(RequestRefused):
    """The role of the API key may not do this."""


class NotRetained(RequestRefused):
    """The venue no longer keeps the point of the stream that was asked for."""


class Unavailable(ClientError):
    """The venue could not be reached in time."""

    @property
    def transient(self) -> bool:
        """The same call can succeed when the venue is back."""
        return True


class FeedBroken(ClientError):
    """A stream broke its own rules again after it was begun anew."""


class Closed(ClientError):
    """The client is closed."""
