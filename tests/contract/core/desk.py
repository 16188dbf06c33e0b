"""A desk: drives one venue command by command and checks every invariant after each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import (
    COMMAND,
    POST_ONLY,
    CommandKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
    symbol_words,
)
from engine.core.events import ANSWER, RESTING, WAITING, EventKind
from engine.core.phases import AuctionKind, Phase
from engine.core.rejects import CancelReason, Reject

START_NS = 1_700_000_000_000_000_000
QUOTE, BASE = 1, 2
MARKET = 1
U, V, W = 1, 2, 3  # accounts
PLENTY = 1 << 50


class AnyVenue(Protocol):
    """What both cores offer."""

    @property
    def sequence_last(self) -> int: ...
    def apply(self, commands: NDArray[np.void]) -> NDArray[np.void]: ...
    def digest(self) -> int: ...
    def digest_scan(self) -> int: ...
    def validate(self) -> None: ...
    def balance(self, account_id: int, asset_id: int) -> tuple[int, int, int]: ...
    def balances(self, account_id: int = 0) -> NDArray[np.void]: ...
    def orders(self, account_id: int = 0, market_id: int = 0) -> NDArray[np.void]: ...
    def order(self, order_id: int) -> NDArray[np.void]: ...
    def levels(self, market_id: int, side: int, depth: int = 0) -> NDArray[np.void]: ...
    def assets(self) -> NDArray[np.void]: ...
    def markets(self) -> NDArray[np.void]: ...
    def accounts(self) -> list[tuple[int, int]]: ...
    def limits(self) -> NDArray[np.void]: ...
    def kills(self) -> list[tuple[int, int]]: ...
    def next_due_ns(self) -> int: ...
    def counts(self) -> dict[str, int]: ...


@dataclass(frozen=True)
class Outcome:
    """What one command did."""

    events: NDArray[np.void]

    @property
    def answer(self) -> np.void:
        """The one event that answers the command."""
        answers: list[np.void] = [e for e in self.events if int(e["flags"]) & ANSWER]
        assert 1 == len(answers)
        return answers[0]

    @property
    def kind(self) -> EventKind:
        """The kind of the answer."""
        return EventKind(int(self.answer["kind"]))

    @property
    def reject(self) -> Reject:
        """Why it was refused, or NONE."""
        if self.kind != EventKind.REJECTED:
            return Reject.NONE
        return Reject(int(self.answer["code"]))

    @property
    def order_id(self) -> int:
        """The order (or withdrawal) that it made or changed."""
        return int(self.answer["order_id"])

    @property
    def rests(self) -> bool:
        """Whether the order rests when the command is done."""
        return bool(int(self.answer["flags"]) & RESTING)

    def of(self, kind: EventKind) -> list[np.void]:
        """The events of one kind, in order."""
        return [event for event in self.events if int(event["kind"]) == kind]

    @property
    def fills(self) -> list[tuple[int, int, int]]:
        """Fills as (lots, price, maker order id)."""
        return [
            (int(e["quantity_lots"]), int(e["price_ticks"]), int(e["maker_order_id"]))
            for e in self.of(EventKind.FILL)
        ]

    @property
    def triggered(self) -> list[int]:
        """Orders that fired, in the order of their work."""
        return [int(event["order_id"]) for event in self.of(EventKind.TRIGGERED)]

    @property
    def waits(self) -> bool:
        """Whether the order waits for its trigger."""
        return bool(int(self.answer["flags"]) & WAITING)

    @property
    def cancels(self) -> list[tuple[int, int, CancelReason]]:
        """Cancels as (order id, lots, reason)."""
        return [
            (int(e["order_id"]), int(e["quantity_lots"]), CancelReason(int(e["code"])))
            for e in self.of(EventKind.CANCELLED)
        ]


class Desk:
    """One market (lots of one base atom, ticks of one quote atom a lot) and funded accounts."""

    def __init__(
        self,
        venue: AnyVenue,
        *,
        maker_fee_ppm: int = 0,
        taker_fee_ppm: int = 0,
        quote_atoms_per_tick_lot: int = 1,
        base_atoms_per_lot: int = 1,
        funds_atoms: int = PLENTY,
        **market: int,
    ) -> None:
        self.venue = venue
        self.time_ns = START_NS
        self._client_ids = 1_000_000
        self.define_asset(QUOTE, "USDC", 6)
        self.define_asset(BASE, "HARBOR", 0)
        self.define_market(
            MARKET,
            "HARBOR-USDC",
            maker_fee_ppm=maker_fee_ppm,
            taker_fee_ppm=taker_fee_ppm,
            quote_atoms_per_tick_lot=quote_atoms_per_tick_lot,
            base_atoms_per_lot=base_atoms_per_lot,
            **market,
        )
        for account_id in (U, V, W):
            self.run(CommandKind.DEFINE_ACCOUNT, account_id=account_id)
            if funds_atoms:
                self.deposit(account_id, QUOTE, funds_atoms)
                self.deposit(account_id, BASE, funds_atoms)

    def run(self, kind: int, *, step_ns: int = 1_000, **fields: Any) -> Outcome:
        """Apply one command and check the venue."""
        self.time_ns += step_ns
        command = np.zeros(1, dtype=COMMAND)
        for name, value in fields.items():
            command[name] = value
        command["kind"] = kind
        command["sequence"] = self.venue.sequence_last + 1
        command["time_ns"] = self.time_ns
        digest_before = self.venue.digest()
        outcome = Outcome(self.venue.apply(command))
        self.venue.validate()
        digest = self.venue.digest()
        assert self.venue.digest_scan() == digest
        changed_by_time = len(outcome.events) > 1
        if outcome.kind in {EventKind.REJECTED, EventKind.DUPLICATE} and not changed_by_time:
            assert digest_before == digest, "a refusal changes nothing"
        return outcome

    def quote(
        self,
        account_id: int,
        entries: list[tuple[int, int, int, int]],
        *,
        said: int | None = None,
        **fields: Any,
    ) -> Outcome:
        """Send a mass quote of (bid lots, bid price, ask lots, ask price) entries."""
        self._client_ids += 1
        self.time_ns += 1_000
        group = np.zeros(len(entries) + 1, dtype=COMMAND)
        header = {
            "client_id_low": self._client_ids,
            "sent_time_ns": self.time_ns,
            "kind": CommandKind.MASS_QUOTE,
            "account_id": account_id,
            "market_id": MARKET,
            "self_trade_prevention": SelfTradePrevention.CANCEL_TAKER,
            "entry_count": len(entries) if said is None else said,
            **fields,
        }
        for name, value in header.items():
            group[0][name] = value
        group["kind"][1:] = CommandKind.QUOTE_ENTRY
        names = ("bid_lots", "bid_price_ticks", "ask_lots", "ask_price_ticks")
        for record, entry in zip(group[1:], entries, strict=True):
            for name, value in zip(names, entry, strict=True):
                record[name] = value
        group["sequence"] = np.arange(len(group)) + self.venue.sequence_last + 1
        group["time_ns"] = np.arange(len(group)) + self.time_ns
        self.time_ns += len(entries)
        digest_before = self.venue.digest()
        outcome = Outcome(self.venue.apply(group))
        self.venue.validate()
        assert self.venue.digest_scan() == self.venue.digest()
        assert self.venue.sequence_last == int(group["sequence"][-1])
        if outcome.kind == EventKind.REJECTED:
            assert digest_before == self.venue.digest(), "a refusal changes nothing"
        return outcome

    def with_id(self, kind: int, client_id: int | None = None, **fields: Any) -> Outcome:
        """Apply a command under a client id, a fresh one by default."""
        if client_id is None:
            self._client_ids += 1
            client_id = self._client_ids
        fields.setdefault("sent_time_ns", self.time_ns)
        return self.run(
            kind,
            client_id_low=client_id & (1 << 64) - 1,
            client_id_high=client_id >> 64,
            **fields,
        )

    def define_asset(self, asset_id: int, symbol: str, decimals: int) -> Outcome:
        """Define an asset."""
        low, high = symbol_words(symbol)
        return self.run(
            CommandKind.DEFINE_ASSET,
            asset_id=asset_id,
            decimals=decimals,
            symbol_low=low,
            symbol_high=high,
        )

    def define_market(self, market_id: int, symbol: str, **fields: Any) -> Outcome:
        """Define a market of BASE in QUOTE."""
        low, high = symbol_words(symbol)
        defaults = {
            "base_asset_id": BASE,
            "quote_asset_id": QUOTE,
            "quote_atoms_per_tick_lot": 1,
            "base_atoms_per_lot": 1,
        }
        return self.run(
            CommandKind.DEFINE_MARKET,
            market_id=market_id,
            symbol_low=low,
            symbol_high=high,
            **{**defaults, **fields},
        )

    def deposit(self, account_id: int, asset_id: int, amount_atoms: int) -> Outcome:
        """Credit a deposit."""
        return self.with_id(
            CommandKind.DEPOSIT,
            account_id=account_id,
            asset_id=asset_id,
            amount_atoms=amount_atoms,
        )

    def place(
        self,
        account_id: int,
        side: Side,
        lots: int,
        price: int = 0,
        *,
        order_type: OrderType | None = None,
        time_in_force: TimeInForce | None = None,
        stp: SelfTradePrevention = SelfTradePrevention.CANCEL_TAKER,
        post_only: bool = False,
        client_id: int | None = None,
        **fields: Any,
    ) -> Outcome:
        """Place an order: limit GTC with a price, market IOC without one."""
        kind = order_type or (OrderType.LIMIT if price else OrderType.MARKET)
        at_once = kind in {OrderType.MARKET, OrderType.MARKET_BY_AMOUNT}
        default = TimeInForce.IOC if at_once else TimeInForce.GTC
        return self.with_id(
            CommandKind.PLACE,
            client_id,
            account_id=account_id,
            market_id=fields.pop("market_id", MARKET),
            side=side,
            order_type=kind,
            time_in_force=time_in_force or default,
            self_trade_prevention=stp,
            flags=fields.pop("flags", 0) | (POST_ONLY if post_only else 0),
            price_ticks=price,
            quantity_lots=lots,
            **fields,
        )

    def buy(self, account_id: int, lots: int, price: int = 0, **fields: Any) -> Outcome:
        """Place a buy."""
        return self.place(account_id, Side.BUY, lots, price, **fields)

    def sell(self, account_id: int, lots: int, price: int = 0, **fields: Any) -> Outcome:
        """Place a sell."""
        return self.place(account_id, Side.SELL, lots, price, **fields)

    def stop(
        self, account_id: int, side: Side, lots: int, trigger: int = 0, **fields: Any
    ) -> Outcome:
        """Place a stop: with a price a stop-limit, without a trigger a trailing stop."""
        kind = OrderType.STOP_LIMIT if fields.get("price") else OrderType.STOP
        kind = kind if trigger else OrderType.TRAILING_STOP
        return self.place(
            account_id,
            side,
            lots,
            fields.pop("price", 0),
            order_type=kind,
            trigger_price_ticks=trigger,
            **fields,
        )

    def tick(self, to_ns: int = 0) -> Outcome:
        """Let time pass, to a time when one is given."""
        return self.run(CommandKind.TICK, step_ns=to_ns - self.time_ns if to_ns else 1_000)

    def set_reference_price(self, price: int) -> Outcome:
        """Set the market's reference price."""
        return self.run(CommandKind.SET_REFERENCE_PRICE, market_id=MARKET, price_ticks=price)

    def set_phase(self, phase: int, kind: int = 0, end_ns: int = 0) -> Outcome:
        """Change the market's phase."""
        return self.run(
            CommandKind.SET_PHASE,
            market_id=MARKET,
            phase=phase,
            auction_kind=kind,
            auction_end_ns=end_ns,
        )

    def call(self, kind: AuctionKind = AuctionKind.ON_DEMAND, end_ns: int = 0) -> Outcome:
        """Begin a call."""
        return self.set_phase(Phase.AUCTION, kind, end_ns)

    def uncross(self) -> Outcome:
        """Uncross the call, which goes on."""
        return self.run(CommandKind.UNCROSS, market_id=MARKET)

    @property
    def phase(self) -> Phase:
        """The market's phase."""
        return Phase(int(self.venue.markets()[0]["phase"]))

    def trade_at(self, price: int) -> Outcome:
        """Print one trade of a lot at a price, between two accounts, and leave nothing behind."""
        offer = self.sell(V, 1, price)
        trade = self.buy(W, 1, price)
        assert [(1, price, offer.order_id)] == trade.fills[:1]
        return trade

    def cancel(self, account_id: int, order_id: int, **fields: Any) -> Outcome:
        """Cancel by the venue's id."""
        return self.run(CommandKind.CANCEL, account_id=account_id, order_id=order_id, **fields)

    def replace(
        self, account_id: int, order_id: int, lots: int, price: int, **fields: Any
    ) -> Outcome:
        """Replace by the venue's id."""
        return self.run(
            CommandKind.REPLACE,
            account_id=account_id,
            order_id=order_id,
            quantity_lots=lots,
            price_ticks=price,
            **fields,
        )

    def hold(self, account_id: int, asset_id: int, amount_atoms: int, **fields: Any) -> Outcome:
        """Hold funds for a withdrawal."""
        return self.with_id(
            CommandKind.WITHDRAW_HOLD,
            account_id=account_id,
            asset_id=asset_id,
            amount_atoms=amount_atoms,
            **fields,
        )

    def book(self, side: Side, market_id: int = MARKET) -> list[tuple[int, int, int]]:
        """A side as (lots, price, orders), best first."""
        return [
            (int(row["quantity_lots"]), int(row["price_ticks"]), int(row["order_count"]))
            for row in self.venue.levels(market_id, side)
        ]

    @property
    def bids(self) -> list[tuple[int, int, int]]:
        """Bids as (lots, price, orders), best first."""
        return self.book(Side.BUY)

    @property
    def asks(self) -> list[tuple[int, int, int]]:
        """Asks as (lots, price, orders), best first."""
        return self.book(Side.SELL)
