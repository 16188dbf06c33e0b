"""Commands on their way: built once as records, so that a resend is the same bytes."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import COMMAND, CommandKind
from engine.core.limits import COMMANDS_PER_BATCH_MAX
from engine.core.rejects import Reject
from realstack.client.columns import TRADE_KINDS
from realstack.client.errors import InvalidInput
from realstack.client.records import Answer, Answers, AnswerStatus

ROWS_MAX = COMMANDS_PER_BATCH_MAX
MASK64 = (1 << 64) - 1
_VERSION, _VERSION_MASK = np.uint64(0x4000), np.uint64(MASK64 - 0xF000)
_VARIANT, _VARIANT_MASK = np.uint64(2 << 62), np.uint64(MASK64 - (3 << 62))

ClientId = uuid.UUID | int


@dataclass(eq=False)
class Request:
    """Commands that one caller waits for together, at most `ROWS_MAX` rows.

    Attributes:
        commands: The records, with their ids and sent times.
        future: Done when they are answered, refused at the edge, or nobody waits any more.
        as_columns: Whether they go as columns even when there is only one.
        sent: Whether they have left at least once.
    """

    commands: NDArray[np.void]
    future: asyncio.Future[tuple[Answers, str]]
    as_columns: bool = False
    sent: bool = False

    def describe(self) -> str:
        """Name the commands for a message."""
        if len(self.commands) != 1:
            return f"a batch of {len(self.commands)} commands"
        row = self.commands[0]
        kind = CommandKind(int(row["kind"])).name.lower()
        return f"{kind} with client id {uuid.UUID(int=client_id_of(row))}"


def client_id_of(row: np.void) -> int:
    """Return the 128-bit client id of a command."""
    return int(row["client_id_high"]) << 64 | int(row["client_id_low"])


def id_words(client_id: object, name: str = "client_id") -> tuple[int, int]:
    """Return the lower and the upper half of an id.

    Raises:
        InvalidInput: It is not 1 to 2^128 - 1.
    """
    number = client_id.int if isinstance(client_id, uuid.UUID) else client_id
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number < 1 << 128:
        rule = "must be a UUID or an int from 1 to 2^128 - 1"
        raise InvalidInput(name, client_id, rule, Reject.INVALID_CLIENT_ID)
    return number & MASK64, number >> 64


def command(kind: CommandKind, **values: int) -> NDArray[np.void]:
    """Make one command record; fields not given are zero.

    Raises:
        InvalidInput: A value does not fit its field.
    """
    row = np.zeros(1, dtype=COMMAND)
    row["kind"] = kind
    for name, value in values.items():
        limits = np.iinfo(row.dtype[name])
        least = 0 if name == "sent_time_ns" else int(limits.min)
        if not least <= value <= limits.max:
            code = _FIELD_REJECTS.get(name, Reject.RESERVED_FIELD_SET)
            raise InvalidInput(name, value, f"must be {least} to {limits.max}", code)
        row[name] = value
    return row


_FIELD_REJECTS = {
    "market_id": Reject.UNKNOWN_MARKET,
    "asset_id": Reject.UNKNOWN_ASSET,
    "price_ticks": Reject.INVALID_PRICE,
    "quantity_lots": Reject.INVALID_QUANTITY,
    "amount_atoms": Reject.INVALID_AMOUNT,
    "order_id": Reject.UNKNOWN_ORDER,
    "sent_time_ns": Reject.ID_TOO_OLD,
}


def identify(
    commands: NDArray[np.void],
    *,
    now_ns: Callable[[], int] = time.time_ns,
    random: Callable[[int], bytes] = os.urandom,
) -> NDArray[np.void]:
    """Return a copy in which every command has a client id and a sent time.

    A command under an id takes effect once, however often it is sent; so even a cancel gets one.
    """
    stamped = commands.copy()
    missing = (stamped["client_id_low"] == 0) & (stamped["client_id_high"] == 0)
    count = int(np.count_nonzero(missing))
    if count:
        words = np.frombuffer(random(16 * count), dtype="<u8").reshape(count, 2)
        # The bits that make it a random UUID (version 4), so that an id is never zero.
        stamped["client_id_low"][missing] = words[:, 0] & _VARIANT_MASK | _VARIANT
        stamped["client_id_high"][missing] = words[:, 1] & _VERSION_MASK | _VERSION
    unsent = stamped["sent_time_ns"] == 0
    if unsent.any():
        stamped["sent_time_ns"][unsent] = now_ns()
    return stamped


def check_batch(commands: object) -> None:
    """Refuse a batch that is no array of trading commands.

    Raises:
        InvalidInput: Its dtype, shape or a kind is wrong.
    """
    if not isinstance(commands, np.ndarray) or commands.dtype != COMMAND or commands.ndim != 1:
        # A dtype of the same names laid out otherwise is refused too: see `engine.core.records`.
        rule = "must be a one-dimensional array of engine.core.commands.COMMAND"
        raise InvalidInput("commands", type(commands), rule, Reject.INVALID_COMMAND_KIND)
    kinds = np.unique(commands["kind"])
    unknown = sorted(set(kinds.tolist()) - TRADE_KINDS)
    if unknown:
        rule = "must be place, cancel, replace or cancel all"
        raise InvalidInput("kind", unknown[0], rule, Reject.INVALID_COMMAND_KIND)


def answer_of(request: Request, answers: Answers, detail: str) -> Answer:
    """Make the answer of a request of one command."""
    return Answer(
        sequence=int(answers.sequence[0]),
        client_id=client_id_of(request.commands[0]),
        status=AnswerStatus(int(answers.status[0])),
        reject_code=Reject(int(answers.reject_code[0])),
        order_id=int(answers.order_id[0]),
        filled_lots=int(answers.filled_lots[0]),
        leaves_lots=int(answers.leaves_lots[0]),
        first_sequence=int(answers.first_sequence[0]),
        cancelled_count=int(answers.cancelled_count[0]),
        detail=detail,
    )
