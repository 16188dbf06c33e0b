"""What one transaction may take, and what a transaction takes: checked before it is sent."""

from __future__ import annotations

from dataclasses import dataclass

from solders.message import Message, MessageV0, MessageV1
from solders.transaction import VersionedTransaction

TRANSACTION_BYTES_MAX = 1_232  # legacy and version 0: what one packet carries
TRANSACTION_V1_BYTES_MAX = 4_096
ACCOUNT_LOCKS_MAX = 64  # in every version
INSTRUCTION_TRACE_MAX = 64  # top level and inner
COMPUTE_UNITS_MAX = 1_400_000


@dataclass(frozen=True, slots=True)
class Size:
    """What a transaction takes of each limit; trace and compute are known once it was simulated."""

    transaction_bytes: int
    bytes_max: int
    account_locks: int
    instruction_trace: int = 0
    compute_units: int = 0

    def exceeded(self) -> list[str]:
        """Name every limit that it is beyond."""
        pairs = (
            ("bytes", self.transaction_bytes, self.bytes_max),
            ("account locks", self.account_locks, ACCOUNT_LOCKS_MAX),
            ("instruction trace", self.instruction_trace, INSTRUCTION_TRACE_MAX),
            ("compute units", self.compute_units, COMPUTE_UNITS_MAX),
        )
        return [f"{name}: {taken} of {most}" for name, taken, most in pairs if taken > most]


def measure(
    transaction: VersionedTransaction, *, inner_instructions: int = 0, compute_units: int = 0
) -> Size:
    """Measure a transaction.

    Args:
        transaction: Signed or not; the signatures' places count.
        inner_instructions: Calls that its instructions made, as a simulation tells.
        compute_units: What they took, as a simulation tells.
    """
    message: Message | MessageV0 | MessageV1 = transaction.message
    locks = len(message.account_keys)
    if isinstance(message, MessageV0):
        for table in message.address_table_lookups:
            locks += len(table.writable_indexes) + len(table.readonly_indexes)
    is_v1 = isinstance(message, MessageV1)
    return Size(
        transaction_bytes=len(bytes(transaction)),
        bytes_max=TRANSACTION_V1_BYTES_MAX if is_v1 else TRANSACTION_BYTES_MAX,
        account_locks=locks,
        instruction_trace=len(message.instructions) + inner_instructions,
        compute_units=compute_units,
    )
