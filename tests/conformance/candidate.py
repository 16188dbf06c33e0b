"""The compiled core as a candidate of the external suite: its events in, our outcomes out.

The suite names orders by its own ids, which may come back once their order is done, prices by
decimals that it snaps to the tick, and quantities by decimals. What the core itself would refuse or
decide is left to the core; what differs by contract is translated here, and docs/conformance.md
lists it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core import commands as wire
from engine.core.commands import (
    COMMAND,
    CommandKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
    symbol_words,
)
from engine.core.events import ANSWER, EventKind
from engine.core.rejects import Reject
from engine.core.venue import Venue

START_NS = 1_700_000_000_000_000_000
QUOTE, BASE = 1, 2
FUNDS_ATOMS = 1 << 55
LOT = Decimal("0.0000000001")  # the suite halves quantities, again and again
SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
POLICIES = {
    "NONE": SelfTradePrevention.NONE,
    "CANCEL_RESTING": SelfTradePrevention.CANCEL_MAKER,
    "CANCEL_INCOMING": SelfTradePrevention.CANCEL_TAKER,
}
TYPES = {
    "LIMIT": (OrderType.LIMIT, TimeInForce.GTC),
    "MARKET": (OrderType.MARKET, TimeInForce.IOC),
    "IOC": (OrderType.LIMIT, TimeInForce.IOC),
    "FOK": (OrderType.LIMIT, TimeInForce.FOK),
}
# Refusals that the suite counts as an order that was taken and traded nothing.
KILLED = frozenset({Reject.FILL_OR_KILL_NOT_FILLABLE})


class Refused(Exception):
    """An event that changes nothing; `code` is the suite's name of the reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Working:
    """An order of the suite that works in the venue."""

    order_id: int
    owner: int
    side: Side


def plain(number: Decimal) -> str:
    """Print a decimal without an exponent and without zeros at its end."""
    return "0" if number == 0 else format(number.normalize(), "f")


class Candidate:
    """One venue; a market for each symbol, an account for each owner."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._tick = Decimal(str(config.get("tick_size", "0.01")))
        self._prevention = POLICIES[str(config.get("self_trade_policy", "NONE"))]
        self._fields = market_fields(str(config.get("matching_algorithm", "fifo")))
        self._venue = Venue()
        self._time_ns = START_NS
        self._client_id = 0
        self._markets: dict[str, int] = {}
        self._accounts: dict[int, int] = {}
        self._source: dict[int, tuple[str, int, int]] = {}  # order id -> symbol, suite's id, owner
        self._working: dict[tuple[str, int], Working] = {}
        for asset_id, name in ((QUOTE, "QUOTE"), (BASE, "BASE")):
            low, high = symbol_words(name)
            self._define(
                CommandKind.DEFINE_ASSET, asset_id=asset_id, symbol_low=low, symbol_high=high
            )

    # --- the venue ---------------------------------------------------------------------

    def _run(self, kind: int, **fields: int) -> NDArray[np.void]:
        self._time_ns += 1_000
        row = np.zeros(1, dtype=COMMAND)
        if kind in wire.CLIENT_ID_REQUIRED:
            self._client_id += 1
            fields.update(client_id_low=self._client_id, sent_time_ns=self._time_ns)
        for name, value in fields.items():
            row[name] = value
        row["kind"], row["time_ns"] = kind, self._time_ns
        row["sequence"] = self._venue.sequence_last + 1
        return self._venue.apply(row)

    def _define(self, kind: int, **fields: int) -> None:
        answer = self._run(kind, **fields)[0]
        if answer["kind"] == EventKind.REJECTED:
            raise ValueError(f"the setting is refused: {Reject(int(answer['code'])).name}")

    def _market(self, symbol: str) -> int:
        if symbol not in self._markets:
            number = self._markets[symbol] = len(self._markets) + 1
            low, high = symbol_words(f"M{number}")
            self._define(
                CommandKind.DEFINE_MARKET,
                market_id=number,
                base_asset_id=BASE,
                quote_asset_id=QUOTE,
                quote_atoms_per_tick_lot=1,
                base_atoms_per_lot=1,
                symbol_low=low,
                symbol_high=high,
                **self._fields,
            )
        return self._markets[symbol]

    def _account(self, owner: int) -> int:
        if owner not in self._accounts:
            number = self._accounts[owner] = len(self._accounts) + 1
            self._define(CommandKind.DEFINE_ACCOUNT, account_id=number)
            for asset_id in (QUOTE, BASE):
                self._define(
                    CommandKind.DEPOSIT,
                    account_id=number,
                    asset_id=asset_id,
                    amount_atoms=FUNDS_ATOMS,
                )
        return self._accounts[owner]

    # --- numbers -------------------------------------------------------------------------

    def _ticks(self, price: Any) -> int:
        ticks = int((Decimal(str(price)) / self._tick).to_integral_value(ROUND_HALF_EVEN))
        if ticks < 1:
            raise Refused("INVALID_ORDER", f"price {price} snaps to no tick")
        return ticks

    @staticmethod
    def _lots(quantity: Any) -> int:
        lots = Decimal(str(quantity)) / LOT
        if lots != lots.to_integral_value() or lots < 1:
            raise Refused("INVALID_ORDER", f"quantity {quantity} is no multiple of {LOT}")
        return int(lots)

    def _leaves(self, order_id: int) -> int:
        return int(self._venue.order(order_id)[0]["leaves_lots"])

    # --- the suite's events ----------------------------------------------------------------

    def apply(self, event: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Carry out one event; give its outcome and trades as the suite writes them."""
        applied: dict[str, Any] = {"status": "applied", "reason": None, "message": None}
        symbol, operation = str(event["symbol"]), str(event["op"])
        trades: list[dict[str, Any]] = []
        try:
            if operation == "new":
                trades = self._new(symbol, event)
            elif operation == "clear":
                self._clear(symbol)
            else:
                trades = self._change(symbol, operation, event)
        except Refused as reason:
            applied = {"status": "rejected", "reason": reason.code, "message": str(reason)}
        return applied, trades

    def _new(self, symbol: str, event: dict[str, Any]) -> list[dict[str, Any]]:
        source_id, market_id = int(event["order_id"]), self._market(symbol)
        if (symbol, source_id) in self._working:
            raise Refused("DUPLICATE_ORDER_ID", f"order {source_id} is already active")
        kind, until = TYPES[str(event.get("order_type") or "LIMIT")]
        owner = event.get("owner")
        return self._place(
            symbol,
            source_id,
            -1 if owner is None else int(owner),
            market_id=market_id,
            side=SIDES[str(event["side"])],
            order_type=kind,
            time_in_force=until,
            price_ticks=0 if kind == OrderType.MARKET else self._ticks(event["price"]),
            quantity_lots=self._lots(event["quantity"]),
        )

    def _place(
        self, symbol: str, source_id: int, owner: int, **fields: int
    ) -> list[dict[str, Any]]:
        events = self._run(
            CommandKind.PLACE,
            account_id=self._account(owner),
            self_trade_prevention=self._prevention,
            **fields,
        )
        answer = next(event for event in events if int(event["flags"]) & ANSWER)
        if answer["kind"] == EventKind.REJECTED:
            reject = Reject(int(answer["code"]))
            if reject in KILLED:
                return []
            raise Refused("INVALID_ORDER", reject.name)
        order_id = int(answer["order_id"])
        self._source[order_id] = (symbol, source_id, owner)
        self._working[symbol, source_id] = Working(order_id, owner, Side(fields["side"]))
        return self._settle(events)

    def _change(self, symbol: str, operation: str, event: dict[str, Any]) -> list[dict[str, Any]]:
        source_id = int(event["order_id"])
        order = self._working.get((symbol, source_id))
        if order is None:
            raise Refused("ORDER_NOT_ACTIVE", f"order {source_id} is not active")
        if operation == "cancel":
            return self._settle(self._cancel(order))
        leaves = self._leaves(order.order_id)
        if operation == "reduce":
            return self._reduce(order, leaves, self._lots(event["quantity"]))
        return self._replace(symbol, source_id, order, leaves, event)

    def _cancel(self, order: Working) -> NDArray[np.void]:
        account_id = self._account(order.owner)
        return self._run(CommandKind.CANCEL, account_id=account_id, order_id=order.order_id)

    def _reduce(self, order: Working, leaves: int, less: int) -> list[dict[str, Any]]:
        if less > leaves:
            raise Refused("INVALID_ORDER", "a reduction is at most what is left")
        row = self._venue.order(order.order_id)[0]
        return self._settle(
            self._run(
                CommandKind.REPLACE,
                account_id=self._account(order.owner),
                order_id=order.order_id,
                price_ticks=int(row["price_ticks"]),
                quantity_lots=int(row["filled_lots"]) + leaves - less,
            )
            if less < leaves
            else self._cancel(order)
        )

    def _replace(
        self, symbol: str, source_id: int, order: Working, leaves: int, event: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Change price or open quantity; in the suite's contract the place is always lost.

        Ours keeps it for less at the same price, so there the order leaves and comes again.
        """
        row = self._venue.order(order.order_id)[0]
        try:
            quantity = event.get("quantity")
            lots = leaves if quantity is None else self._lots(quantity)
            price = event.get("price")
            ticks = int(row["price_ticks"]) if price is None else self._ticks(price)
        except Refused as reason:
            raise Refused("INVALID_REPLACEMENT", str(reason)) from None
        if ticks == int(row["price_ticks"]) and lots <= leaves:
            self._settle(self._cancel(order))
            return self._place(
                symbol,
                source_id,
                order.owner,
                market_id=self._market(symbol),
                side=order.side,
                order_type=OrderType.LIMIT,
                time_in_force=TimeInForce.GTC,
                price_ticks=ticks,
                quantity_lots=lots,
            )
        events = self._run(
            CommandKind.REPLACE,
            account_id=self._account(order.owner),
            order_id=order.order_id,
            price_ticks=ticks,
            quantity_lots=int(row["filled_lots"]) + lots,
        )
        if events[-1]["kind"] == EventKind.REJECTED:
            raise Refused("INVALID_REPLACEMENT", Reject(int(events[-1]["code"])).name)
        return self._settle(events)

    def _clear(self, symbol: str) -> None:
        market_id = self._market(symbol)
        for account_id in self._accounts.values():
            self._run(CommandKind.CANCEL_ALL, account_id=account_id, market_id=market_id)
        for key in [key for key in self._working if key[0] == symbol]:
            del self._working[key]

    def _settle(self, events: NDArray[np.void]) -> list[dict[str, Any]]:
        """Give a command's fills as the suite's trades, and forget orders that are done."""
        trades = []
        for event in events[events["kind"] == EventKind.FILL]:
            taker = self._source[int(event["order_id"])]
            maker = self._source[int(event["maker_order_id"])]
            buys, sells = (taker, maker) if event["side"] == Side.BUY else (maker, taker)
            trades.append(
                {
                    "symbol": taker[0],
                    "buy_order_id": buys[1],
                    "sell_order_id": sells[1],
                    "price": plain(int(event["price_ticks"]) * self._tick),
                    "quantity": plain(int(event["quantity_lots"]) * LOT),
                }
            )
        named = {int(e["order_id"]) for e in events} | {int(e["maker_order_id"]) for e in events}
        for order_id in named & self._source.keys():
            symbol, source_id, _ = self._source[order_id]
            mine = self._working.get((symbol, source_id))
            if mine and mine.order_id == order_id and not len(self._venue.order(order_id)):
                del self._working[symbol, source_id]
        return trades

    # --- what the suite looks at -----------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Give every resting order in the order in which it would trade."""
        books = [
            {
                "symbol": symbol,
                "bids": self._queue(market_id, Side.BUY),
                "asks": self._queue(market_id, Side.SELL),
            }
            for symbol, market_id in sorted(self._markets.items())
        ]
        return {"books": books}

    def _queue(self, market_id: int, side: Side) -> list[dict[str, Any]]:
        rows = self._venue.orders(0, market_id)
        rows = rows[rows["side"] == side]
        sign = -1 if side == Side.BUY else 1
        ranked = sorted(
            rows, key=lambda row: (sign * int(row["price_ticks"]), int(row["priority_sequence"]))
        )
        return [self._resting(row) for row in ranked]

    def _resting(self, row: np.void) -> dict[str, Any]:
        _, source_id, owner = self._source[int(row["order_id"])]
        return {
            "order_id": source_id,
            "price": plain(int(row["price_ticks"]) * self._tick),
            "remaining_quantity": plain(int(row["leaves_lots"]) * LOT),
            "owner": owner,
            "order_type": "LIMIT",
        }


def market_fields(algorithm: str) -> dict[str, int]:
    """Give the fields of a market that allocates by this algorithm."""
    if algorithm == "fifo":
        return {}
    if algorithm == "pro_rata":
        return {"allocation": wire.Allocation.PRO_RATA}
    raise ValueError(f"markets do not allocate by {algorithm!r}")


def digest(state: dict[str, Any]) -> str:
    """Hash a state as the suite does."""
    text = json.dumps(state, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
