"""Events as the reference builds them, and their 160 bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.core.events import ANSWER, EVENT, EVENT_BYTES, WAITING, EventKind
from engine.core.invariants import check
from engine.core.rejects import CancelReason, Reject
from engine.reference.command import Command
from engine.reference.state import Balance, Order

_LAYOUT = struct.Struct("<QqBBBBHHIIQQQqqqqqqqqQIIQQq")
if _LAYOUT.size != EVENT_BYTES:
    raise ImportError("the event struct must be as long as the event dtype")


@dataclass(slots=True)
class Event:
    """One event; the field order is that of the bytes."""

    sequence: int
    time_ns: int
    kind: EventKind
    side: int = 0
    order_type: int = 0
    time_in_force: int = 0
    code: int = 0
    flags: int = 0
    account_id: int = 0
    market_id: int = 0
    order_id: int = 0
    client_id_low: int = 0
    client_id_high: int = 0
    price_ticks: int = 0
    quantity_lots: int = 0
    filled_lots: int = 0
    leaves_lots: int = 0
    fee_atoms: int = 0
    maker_order_id: int = 0
    maker_leaves_lots: int = 0
    maker_fee_atoms: int = 0
    trade_id: int = 0
    maker_account_id: int = 0
    event_index: int = 0
    maker_client_id_low: int = 0
    maker_client_id_high: int = 0
    maker_filled_lots: int = 0


class Events:
    """The events of one command, in order."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self._events: list[Event] = []

    @property
    def time_ns(self) -> int:
        """The command's time."""
        return self._command.time_ns

    def add(self, kind: EventKind, **fields: int) -> Event:
        """Append an event with the command's sequence and time."""
        event = Event(self._command.sequence, self._command.time_ns, kind, **fields)
        event.event_index = len(self._events)
        self._events.append(event)
        return event

    def of_order(self, kind: EventKind, order: Order, **fields: int) -> Event:
        """Append an event about an order as it is now."""
        return self.add(
            kind,
            side=order.side,
            order_type=order.order_type,
            time_in_force=order.time_in_force,
            account_id=order.account_id,
            market_id=order.market_id,
            order_id=order.order_id,
            client_id_low=order.client_id_low,
            client_id_high=order.client_id_high,
            price_ticks=fields.pop("price_ticks", order.price_ticks),
            filled_lots=order.filled_lots,
            leaves_lots=order.leaves_lots,
            **fields,
        )

    def cancelled(
        self, order: Order, lots: int, seen: int, reason: CancelReason, flags: int
    ) -> Event:
        """Append the end of an order whose leaves were `lots`, `seen` of them seen."""
        return self.of_order(
            EventKind.CANCELLED,
            order,
            quantity_lots=lots,
            code=reason,
            flags=flags,
            maker_order_id=order.trigger_price_ticks if flags & WAITING else 0,
            maker_fee_atoms=seen,
        )

    def filled(
        self,
        taker: Order,
        maker: Order,
        price_ticks: int,
        lots: int,
        *,
        fees: tuple[int, int],
        trade_id: int,
        flags: int,
    ) -> Event:
        """Append a trade, with both orders as they are after it; fees are taker's and maker's."""
        taker_fee, maker_fee = fees
        return self.of_order(
            EventKind.FILL,
            taker,
            price_ticks=price_ticks,
            quantity_lots=lots,
            flags=flags,
            fee_atoms=taker_fee,
            maker_order_id=maker.order_id,
            maker_leaves_lots=maker.leaves_lots,
            maker_fee_atoms=maker_fee,
            trade_id=trade_id,
            maker_account_id=maker.account_id,
            maker_client_id_low=maker.client_id_low,
            maker_client_id_high=maker.client_id_high,
            maker_filled_lots=maker.filled_lots,
        )

    def rejected(self, reject: Reject) -> Event:
        """Append the refusal of the command."""
        command = self._command
        return self.add(
            EventKind.REJECTED,
            code=reject,
            flags=ANSWER,
            account_id=command.account_id,
            market_id=command.market_id,
            order_id=command.order_id,
            client_id_low=command.client_id_low,
            client_id_high=command.client_id_high,
        )

    def balance(self, account_id: int, asset_id: int, balance: Balance, **fields: int) -> Event:
        """Append a balance after a deposit or a step of a withdrawal."""
        command = self._command
        return self.add(
            EventKind.BALANCE,
            code=command.kind,
            flags=ANSWER,
            account_id=account_id,
            market_id=asset_id,
            client_id_low=command.client_id_low,
            client_id_high=command.client_id_high,
            filled_lots=balance.free,
            leaves_lots=balance.locked,
            fee_atoms=balance.held,
            **fields,
        )

    def trade_prices(self, since: int) -> list[int]:
        """List the prices of the fills from an event's number on."""
        later = self._events[since:]
        return [event.price_ticks for event in later if event.kind == EventKind.FILL]

    def __len__(self) -> int:
        """Count the events so far."""
        return len(self._events)

    def answer(self) -> Event:
        """Give the one event that answers the command."""
        answers = [event for event in self._events if event.flags & ANSWER]
        check(len(answers) == 1, "every command has exactly one answer")
        return answers[0]

    def encode(self) -> bytes:
        """Give the events as bytes."""
        return b"".join(
            _LAYOUT.pack(*(getattr(event, name) for name in Event.__slots__))
            for event in self._events
        )


def as_array(data: bytes) -> NDArray[np.void]:
    """View encoded events as an array of EVENT."""
    return np.frombuffer(data, dtype=EVENT).copy()
