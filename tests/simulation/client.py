"""A client that keeps a ledger: what it asked for, what it was told, and what it does not know.

It sends each command under an id of its own, and the same bytes again until it is told an outcome.
Its ledger is the oracle of the promises: what it was told must be so for ever.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import (
    COMMAND,
    CommandKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from engine.core.events import ANSWER, EventKind
from engine.sequencer import Answer, NotTaken
from tests.simulation.faults import NS_PER_MS

RESEND_NS = 400 * NS_PER_MS
STREAM_ROWS = 64


@dataclass(frozen=True)
class Told:
    """An outcome as it was told: the first sequence of its command, and its order."""

    sequence: int
    order_id: int


@dataclass
class Entry:
    """A command of the ledger; `told` is there once the outcome is known, None for a refusal."""

    row: NDArray[np.void]
    told: Told | None = None
    is_known: bool = False
    sends: int = 0


class Broken(Exception):
    """A promise was broken; the message says which one, to whom and how."""


class Client:
    """One account.

    Args:
        account_id: Its account.
        chance: The world's.
        post: Sends a command to whoever serves; the callback gets what comes back, or nothing.
        later: Calls back after some time.
        now_ns: The time by which it stamps what it sends.
    """

    def __init__(
        self,
        account_id: int,
        chance: random.Random,
        post: Callable[[NDArray[np.void], Callable[[Any], None]], None],
        later: Callable[[int, Callable[[], None]], None],
        now_ns: Callable[[], int],
    ) -> None:
        self.account_id = account_id
        self._chance = chance
        self._post = post
        self._later = later
        self._now_ns = now_ns
        self.ledger: dict[int, Entry] = {}
        self.executions: list[bytes] = []  # a hash of each, by its number
        self.working: list[int] = []
        self.duplicates_answered = 0

    # --- commands --------------------------------------------------------------------------------

    def act(self) -> None:
        """Send a new command."""
        self.send(self._draw())

    def send(self, fields: dict[str, int]) -> int:
        """Send a command under a new id; return the id."""
        number = len(self.ledger) + 1
        row = np.zeros(1, COMMAND)
        row["account_id"] = self.account_id
        row["client_id_low"], row["client_id_high"] = number, self.account_id
        row["sent_time_ns"] = self._now_ns()
        for name, value in fields.items():
            row[name] = value
        self.ledger[number] = Entry(row)
        self._send(number)
        return number

    def _send(self, number: int) -> None:
        entry = self.ledger[number]
        if entry.is_known:
            return
        entry.sends += 1
        self._post(entry.row, lambda reply: self._on_reply(number, reply))
        self._later(RESEND_NS * min(entry.sends, 5), lambda: self._send(number))

    def _draw(self) -> dict[str, int]:
        chance = self._chance
        kind = chance.choices(("place", "cancel", "replace", "all", "hold"), (60, 15, 10, 2, 4))[0]
        if kind in ("cancel", "replace") and self.working:
            order_id = chance.choice(self.working)
            if kind == "cancel":
                return {"kind": CommandKind.CANCEL, "order_id": order_id}
            return {
                "kind": CommandKind.REPLACE,
                "order_id": order_id,
                "price_ticks": chance.randint(95, 105),
                "quantity_lots": chance.randint(1, 12),
            }
        if kind == "all":
            return {"kind": CommandKind.CANCEL_ALL}
        if kind == "hold":
            amount = chance.randint(1, 500)
            return {"kind": CommandKind.WITHDRAW_HOLD, "asset_id": 1, "amount_atoms": amount}
        return self._order()

    def _order(self) -> dict[str, int]:
        chance = self._chance
        order = {
            "kind": CommandKind.PLACE,
            "market_id": chance.randint(1, 2),
            "side": chance.choice((Side.BUY, Side.SELL)),
            "order_type": OrderType.LIMIT,
            "time_in_force": TimeInForce.GTC,
            "self_trade_prevention": SelfTradePrevention.CANCEL_TAKER,
            "price_ticks": chance.randint(95, 105),
            "quantity_lots": chance.randint(1, 12),
        }
        special = chance.randrange(10)
        if special == 0:
            order |= {
                "time_in_force": TimeInForce.GTD,
                "expire_time_ns": self._now_ns() + chance.randint(200, 5_000) * NS_PER_MS,
            }
        elif special == 1:
            order |= {"time_in_force": TimeInForce.IOC}
        elif special == 2:
            order |= {"quantity_lots": 12, "display_lots": 3}
        elif special == 3:
            order |= {
                "order_type": OrderType.STOP_LIMIT,
                "trigger_price_ticks": chance.randint(95, 105),
            }
        return order

    # --- what it is told -------------------------------------------------------------------------

    def _on_reply(self, number: int, reply: Answer | NotTaken) -> None:
        """Note an outcome; one that differs from what was told before breaks a promise."""
        if isinstance(reply, NotTaken):
            return  # this sending was not taken, another may be
        answers = reply.events[(reply.events["flags"] & ANSWER) != 0]
        if len(answers) == 0:
            raise Broken(f"account {self.account_id}, id {number}: an answer without an answer")
        event = answers[0]
        entry = self.ledger[number]
        if event["kind"] == EventKind.REJECTED:
            entry.is_known = True  # a refusal is not remembered: it binds nobody
            return
        told = Told(reply.first_sequence, int(event["order_id"]))
        if event["kind"] == EventKind.DUPLICATE:
            self.duplicates_answered += 1
            told = Told(int(event["maker_order_id"]), int(event["order_id"]))
        if entry.told is not None and entry.told != told:
            raise Broken(
                f"one order per id: account {self.account_id}, id {number} was told {entry.told}, "
                f"then {told}"
            )
        entry.told, entry.is_known = told, True
        if event["kind"] == EventKind.ACCEPTED:
            self.working = [*self.working[-19:], told.order_id]

    @property
    def unknown(self) -> int:
        """How many outcomes it does not know."""
        return sum(not entry.is_known for entry in self.ledger.values())

    # --- its private stream ----------------------------------------------------------------------

    def next_execution(self) -> int:
        """The number from which it asks its stream to go on; sometimes one that it has."""
        back = self._chance.randrange(4) if self._chance.random() < 0.3 else 0
        return max(1, len(self.executions) + 1 - back)

    def on_executions(self, first: int, rows: NDArray[np.void]) -> None:
        """Take a part of the stream, which must go on where it was asked to."""
        for number, row in enumerate(rows, first):
            hashed = hashlib.blake2b(row.tobytes(), digest_size=8).digest()
            if number <= len(self.executions):
                if self.executions[number - 1] != hashed:
                    raise Broken(
                        f"gap-free private streams: account {self.account_id}, execution {number} "
                        "is not what it was"
                    )
            elif number == len(self.executions) + 1:
                self.executions.append(hashed)
            else:
                raise Broken(
                    f"gap-free private streams: account {self.account_id} has "
                    f"{len(self.executions)} executions, the next is numbered {number}"
                )
