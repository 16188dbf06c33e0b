"""Always-on checks. A broken invariant is a bug, and a bug stops the process."""

from __future__ import annotations


class BrokenInvariant(BaseException):
    """A bug, not bad input.

    It derives from BaseException so that no `except Exception` swallows it; the node turns it into
    the end of the process, because the state after a broken invariant is not known.
    """


def check(fact: bool, claim: str) -> None:
    """Stop on a false `fact`; unlike `assert` it survives `python -O`.

    Args:
        fact: What must hold.
        claim: The same in words of the field, for the report.

    Raises:
        BrokenInvariant: When `fact` is false.
    """
    if not fact:
        raise BrokenInvariant(claim)
