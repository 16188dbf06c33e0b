"""Run a shared order flow through one published engine and write down its trades.

    python peers.py ENGINE FLOW.bin OPERATIONS TRADES.bin

Runs inside the environment of its own that `environment.py` makes: it imports nothing of ours. Each
engine is driven by what it offers; what it does not offer is put together from what it has, and
docs/conformance.md says how. A trade is written as five little-endian 64-bit integers: operation,
maker, taker, quantity, price, named by the flow's order ids.
"""

from __future__ import annotations

import importlib
import logging
import struct
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

NEW, CANCEL, MARKET, IOC, AMEND = range(5)
RECORD = struct.Struct("<BBHIqqq")
TRADE = struct.Struct("<qqqqq")
HEADER_BYTES = 32
HIGHEST_PRICE = 1 << 40

Fill = tuple[int, int, int, int]  # maker, taker, quantity, price


class Peer(Protocol):
    """What every engine is asked for."""

    def limit(self, order_id: int, side: int, price: int, quantity: int) -> Iterable[Fill]:
        """Place a limit order that rests."""

    def market(self, order_id: int, side: int, quantity: int) -> Iterable[Fill]:
        """Place an order at any price that never rests."""

    def cancel(self, order_id: int) -> None:
        """Cancel what rests of an order, if anything does."""


class OrderlyChaos:
    """orderly-chaos: C++ behind ctypes, trades by callback."""

    def __init__(self) -> None:
        module = importlib.import_module("orderly_chaos")
        self._trades: list[Fill] = []
        self._sides = (module.Side.BUY, module.Side.SELL)
        self._book = module.LimitOrderBook(on_trade=self._take)

    def _take(self, trade: Any) -> None:
        self._trades.append((trade.maker_id, trade.taker_id, trade.quantity, trade.price))

    def _taken(self) -> list[Fill]:
        trades, self._trades = self._trades, []
        return trades

    def limit(self, order_id: int, side: int, price: int, quantity: int) -> list[Fill]:
        """Place a limit order."""
        self._book.limit(self._sides[side], order_id, quantity, price)
        return self._taken()

    def market(self, order_id: int, side: int, quantity: int) -> list[Fill]:
        """Place a market order."""
        self._book.market(self._sides[side], order_id, quantity)
        return self._taken()

    def cancel(self, order_id: int) -> None:
        """Cancel, when it rests."""
        if order_id in self._book:
            self._book.cancel(order_id)


class Obook:
    """obook: an engine behind its C interface, which numbers orders itself; trades are drained."""

    def __init__(self) -> None:
        self._module = importlib.import_module("obook")
        self._book = self._module.Book(max_orders=1_000_000)
        self._own: dict[int, int] = {}
        self._flow: dict[int, int] = {}

    def _submit(
        self, order_id: int, side: int, price: int, quantity: int, **how: int
    ) -> list[Fill]:
        # A user each: what it does when somebody meets an own order is not asked about here.
        result = self._book.submit(order_id, side, price, quantity, **how)
        self._own[order_id], self._flow[result.order_id] = result.order_id, order_id
        flow = self._flow
        return [
            (flow[event.maker_id], flow[event.taker_id], event.qty, event.price)
            for event in self._book.events()
            if event.kind == self._module.EventKind.TRADE
        ]

    def limit(self, order_id: int, side: int, price: int, quantity: int) -> list[Fill]:
        """Place a limit order."""
        return self._submit(order_id, side, price, quantity)

    def market(self, order_id: int, side: int, quantity: int) -> list[Fill]:
        """Place a market order."""
        return self._submit(order_id, side, 0, quantity, type=self._module.MARKET)

    def cancel(self, order_id: int) -> None:
        """Cancel, when it rests."""
        self._book.cancel(self._own[order_id], order_id)


class LightMatchingEngine:
    """lightmatchingengine: plain Python; the trades of a level come in one for the taker and then
    one for each maker, of which the makers' are taken. Its market orders rest, so it gets prices.
    """

    def __init__(self) -> None:
        module = importlib.import_module("lightmatchingengine.lightmatchingengine")
        self._engine = module.LightMatchingEngine()
        self._orders: dict[int, Any] = {}
        self._flow: dict[int, int] = {}

    def limit(self, order_id: int, side: int, price: int, quantity: int) -> list[Fill]:
        """Place a limit order."""
        order, trades = self._engine.add_order("X", price, quantity, side + 1)
        self._orders[order_id], self._flow[order.order_id] = order, order_id
        return [
            (self._flow[trade.order_id], order_id, trade.trade_qty, trade.trade_price)
            for trade in trades
            if trade.order_id != order.order_id
        ]

    def market(self, order_id: int, side: int, quantity: int) -> list[Fill]:
        """Place a limit order at the dearest price, and take back what rests of it."""
        trades = self.limit(order_id, side, 1 if side else HIGHEST_PRICE, quantity)
        self.cancel(order_id)
        return trades

    def cancel(self, order_id: int) -> None:
        """Cancel, when it rests: the engine fails on orders that are done."""
        order = self._orders.pop(order_id)
        if order.leaves_qty:
            self._engine.cancel_order(order.order_id, "X")


class PyOrderBook:
    """pyorderbook: plain Python with heaps of levels; no market orders, and its own ids."""

    def __init__(self) -> None:
        module = importlib.import_module("pyorderbook")
        logging.disable(logging.CRITICAL)
        self._make = (module.bid, module.ask)
        self._book = module.Book()
        self._orders: dict[int, Any] = {}
        self._flow: dict[Any, int] = {}

    def limit(self, order_id: int, side: int, price: int, quantity: int) -> list[Fill]:
        """Place a limit order."""
        order = self._orders[order_id] = self._make[side]("X", price, quantity)
        self._flow[order.id] = order_id
        return [
            (self._flow[t.standing_order_id], order_id, t.fill_quantity, int(t.fill_price))
            for t in self._book.match(order).trades
        ]

    def market(self, order_id: int, side: int, quantity: int) -> list[Fill]:
        """Place a limit order at the dearest price, and take back what rests of it."""
        trades = self.limit(order_id, side, 1 if side else HIGHEST_PRICE, quantity)
        self.cancel(order_id)
        return trades

    def cancel(self, order_id: int) -> None:
        """Cancel, when it rests."""
        order = self._orders.pop(order_id)
        if order.quantity:
            self._book.cancel(order)


PEERS: dict[str, Callable[[], Peer]] = {
    "orderly-chaos": OrderlyChaos,
    "obook": Obook,
    "lightmatchingengine": LightMatchingEngine,
    "pyorderbook": PyOrderBook,
}


def step(peer: Peer, record: tuple[int, ...]) -> Iterable[Fill]:
    """Carry out one operation of a flow: an amend is a cancel and a new order of the same id."""
    operation, side, _, quantity, price, order_id, _ = record
    if operation == MARKET:
        return peer.market(order_id, side, quantity)
    if operation in (CANCEL, AMEND):
        peer.cancel(order_id)
    if operation == CANCEL:
        return ()
    fills = peer.limit(order_id, side, price, quantity)
    if operation == IOC:
        peer.cancel(order_id)
    return fills


def main(engine: str, flow: str, operations: str, out: str) -> int:
    """Run the flow's first operations."""
    peer = PEERS[engine]()
    data = memoryview(Path(flow).read_bytes())[HEADER_BYTES:][: int(operations) * RECORD.size]
    with Path(out).open("wb") as trades:
        for index, record in enumerate(RECORD.iter_unpack(data)):
            for fill in step(peer, record):
                trades.write(TRADE.pack(index, *fill))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
