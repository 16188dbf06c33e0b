"""Who may call: every call carries an API key in its metadata, except health and reflection."""

from __future__ import annotations

from collections.abc import Callable

import grpc

from engine.rpc.arrival import Admit
from engine.rpc.errors import EdgeError

KEY_HEADER = "x-api-key"
OPEN_SERVICES = ("/grpc.health.v1.Health/", "/grpc.reflection.v1alpha.ServerReflection/")
CALLS_AT_ONCE_MAX = 1_000
CALLS_PER_KEY_MAX = 400  # of those, so that one key cannot keep the others out
OPEN_CALLS_MAX = 100  # the same of all that need no key

IsKnown = Callable[[str], bool]


def admission(is_known: IsKnown) -> Admit:
    """Return what lets calls in, or refuses them before anything of their request is read.

    Args:
        is_known: Tells whether an API key is valid.
    """

    def admit(details: grpc.HandlerCallDetails) -> tuple[str, int]:
        if details.method.startswith(OPEN_SERVICES):
            return "", OPEN_CALLS_MAX
        keys = [value for name, value in details.invocation_metadata or () if name == KEY_HEADER]
        if len(keys) == 1 and isinstance(keys[0], str) and is_known(keys[0]):
            return keys[0], CALLS_PER_KEY_MAX
        # The same for a missing, a doubled and an unknown key.
        raise EdgeError(
            grpc.StatusCode.UNAUTHENTICATED,
            "NOT_AUTHENTICATED",
            f"{KEY_HEADER}: a valid API key is needed",
        )

    return admit
