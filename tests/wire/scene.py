"""The private venue that is given bad input: its parties, and everything that must not change."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc

from gateway.times import time_text
from realstack.admin.v1 import admin_pb2, admin_pb2_grpc
from realstack.common.v1 import common_pb2
from realstack.settlement.v1 import settlement_pb2, settlement_pb2_grpc
from realstack.trading.v1 import trading_pb2, trading_pb2_grpc
from tests.support.venue import Member, Venue, running_venue
from tests.wire.table import Known, Party

CALL_SECONDS = 20.0
HOUR_NS = 3_600 * 1_000_000_000
MEMBERS = (
    Party.ALICE,
    Party.BOB,
    Party.POOR,
    Party.LIMITED,
    Party.THROTTLED,
    Party.STOPPED,
)
GRID_MARKET: dict[str, Any] = {
    "market_id": 3,
    "symbol": "GRID-USDC",
    "base_asset_id": 2,
    "quote_asset_id": 1,
    "quote_atoms_per_tick_lot": 1_000,  # a tick is 1 USDC
    "base_atoms_per_lot": 1_000,
}
CONTROLLED_MARKET: dict[str, Any] = {
    **GRID_MARKET,
    "market_id": 4,
    "symbol": "CTRL-USDC",
    "quote_atoms_per_tick_lot": 10,  # a tick is 0.01 USDC
}
REFERENCE_TICKS = 10_000
HEAVY_ASSET = 4
DAY_MS = 86_400_000
Values = dict[str, Any]
# Kind, value and window of what each may do in the market with limits.
LIMITS: dict[Party, tuple[tuple[admin_pb2.LimitKind.ValueType, int, int], ...]] = {
    Party.LIMITED: (
        (admin_pb2.LIMIT_KIND_ORDER_LOTS, 5_000, 0),
        (admin_pb2.LIMIT_KIND_ORDER_VALUE, 300_000_000, 0),
        (admin_pb2.LIMIT_KIND_COLLAR_PPM, 100_000, 0),
        (admin_pb2.LIMIT_KIND_OPEN_ORDERS, 1, 0),
    ),
    Party.THROTTLED: (
        (admin_pb2.LIMIT_KIND_HOLDING_LOTS, 1, 0),
        (admin_pb2.LIMIT_KIND_MESSAGES, 1, 24 * HOUR_NS),
    ),
}


def client_id(number: int) -> common_pb2.ClientId:
    """Make the message of a client id."""
    return common_pb2.ClientId(low=number & (1 << 64) - 1, high=number >> 64)


@dataclass(frozen=True, slots=True)
class State:
    """Everything that a refused input must not change."""

    digest: str
    orders: tuple[bytes, ...]
    balances: tuple[bytes, ...]


class Scene:
    """A running venue with its parties.

    Attributes:
        venue: The processes.
        known: Values that cases name (`Known`), such as the id of Bob's order.
    """

    def __init__(self, venue: Venue) -> None:
        """Give the parties funds and orders."""
        self.venue = venue
        self._channel = grpc.insecure_channel(venue.engine.address)
        self._trading = trading_pb2_grpc.TradingServiceStub(self._channel)
        self._members: dict[Party, Member] = {
            Party.ALICE: venue.member(),
            Party.BOB: venue.member(),
            Party.POOR: venue.member(usdc=0, bldg=0),
            Party.LIMITED: venue.member(),
            Party.THROTTLED: venue.member(),
            Party.STOPPED: venue.member(),
            Party.GHOST: venue.folder.take_member(),
        }
        self._define()
        self.known = self._times() | self._orders() | self._controls()
        for market in (GRID_MARKET, CONTROLLED_MARKET):
            wait_for_market(venue.url, market["symbol"])

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def key(self, party: Party) -> str | None:
        """Return the API key that a party shows; nothing for the one without."""
        if party is Party.NOBODY:
            return None
        if party is Party.STRANGER:
            return "a-key-that-nobody-has-given-out"
        if party in self._members:
            return self._members[party].api_key
        return self.venue.folder.role_keys[party.value]

    def metadata(self, party: Party) -> tuple[tuple[str, str], ...]:
        """Return the key as gRPC metadata."""
        key = self.key(party)
        return () if key is None else (("x-api-key", key),)

    def value(self, given: object) -> Any:
        """Return a value of a case, looked up when it is known by name only."""
        return self.known[given.name] if isinstance(given, Known) else given

    def state(self) -> State:
        """Read what must not change, by a way that is not under test."""
        answers = [
            (
                self._trading.ListOpenOrders(
                    trading_pb2.ListOpenOrdersRequest(), **self._as(party)
                ).orders,
                self._trading.ListBalances(
                    trading_pb2.ListBalancesRequest(), **self._as(party)
                ).balances,
            )
            for party in MEMBERS
        ]
        return State(
            digest=self.venue.admin.status().digest,
            orders=tuple(order.SerializeToString() for orders, _ in answers for order in orders),
            balances=tuple(each.SerializeToString() for _, held in answers for each in held),
        )

    def _as(self, party: Party) -> dict[str, Any]:
        return {"metadata": self.metadata(party), "timeout": CALL_SECONDS}

    def _define(self) -> None:
        admin = admin_pb2_grpc.AdminServiceStub(self._channel)
        operator = self._as(Party.OPERATOR)
        for market in (GRID_MARKET, CONTROLLED_MARKET):
            admin.DefineMarket(admin_pb2.DefineMarketRequest(**market), **operator)
        heavy = admin_pb2.DefineAssetRequest(asset_id=HEAVY_ASSET, symbol="HEAVY", decimals=0)
        admin.DefineAsset(heavy, **operator)
        for _ in range(4):  # all that the ledger carries of one asset
            self.venue.admin.credit(self._members[Party.BOB].account_id, HEAVY_ASSET, 1 << 60)

    def _times(self) -> Values:
        now_ns = time.time_ns()
        times = {"now": now_ns, "hour_ahead": now_ns + HOUR_NS, "week_ago": now_ns - 168 * HOUR_NS}
        values: Values = {f"{name}_ns": value for name, value in times.items()}
        return values | {f"{name}_time": time_text(value) for name, value in times.items()}

    def _orders(self) -> Values:
        bob_client_id, alice_client_id = uuid.uuid4().int, uuid.uuid4().int
        done = self._place(Party.ALICE, side=1, price_ticks=9_000)
        cancel = trading_pb2.CancelOrder(order_id=done)
        self._trading.CancelOrder(
            trading_pb2.CancelOrderRequest(cancel=cancel), **self._as(Party.ALICE)
        )
        return {
            "alice_account": self._members[Party.ALICE].account_id,
            "bob_order_id": self._place(Party.BOB, bob_client_id, side=2, price_ticks=11_000),
            "bob_client_id": bob_client_id,
            "bob_withdrawal_id": self._withdraw(Party.BOB),
            "alice_bid_id": self._place(Party.ALICE, alice_client_id, side=1, price_ticks=9_000),
            "alice_bid_client_id": alice_client_id,
            "alice_ask_id": self._place(Party.ALICE, side=2, price_ticks=12_000),
            "done_order_id": done,
            "credit_client_id": self._credit(),
        }

    def _controls(self) -> Values:
        """Bound what three members may do, and cancel an order that is still to come."""
        market_id = CONTROLLED_MARKET["market_id"]
        admin = admin_pb2_grpc.AdminServiceStub(self._channel)
        operator = self._as(Party.OPERATOR)
        admin.SetReferencePrice(
            admin_pb2.SetReferencePriceRequest(market_id=market_id, price_ticks=REFERENCE_TICKS),
            **operator,
        )
        for party, limits in LIMITS.items():
            for kind, value, window_ns in limits:
                limit = admin_pb2.SetLimitRequest(
                    account_id=self._members[party].account_id,
                    market_id=market_id,
                    kind=kind,
                    value=value,
                    window_ns=window_ns,
                )
                admin.SetLimit(limit, **operator)
            self._place(party, side=2, price_ticks=REFERENCE_TICKS, market_id=market_id)
        stopped = self._members[Party.STOPPED].account_id
        admin.Kill(admin_pb2.KillRequest(account_id=stopped), **operator)
        for tag in range(1, 9):
            deadline = trading_pb2.SetDeadlineRequest(timeout_ms=DAY_MS, tag=tag)
            self._trading.SetDeadline(deadline, **self._as(Party.THROTTLED))
        withdrawn = uuid.uuid4().int
        cancel = trading_pb2.CancelOrder(order_client_id=client_id(withdrawn), before_arrival=True)
        request = trading_pb2.CancelOrderRequest(cancel=cancel)
        accepted(self._trading.CancelOrder(request, **self._as(Party.ALICE)).answer)
        return {"withdrawn_client_id": withdrawn}

    def _place(
        self, party: Party, number: int = 0, *, side: int, price_ticks: int, market_id: int = 1
    ) -> int:
        order = trading_pb2.PlaceOrder(
            client_id=client_id(number or uuid.uuid4().int),
            sent_time_ns=time.time_ns(),
            market_id=market_id,
            side=common_pb2.Side.ValueType(side),
            order_type=common_pb2.ORDER_TYPE_LIMIT,
            time_in_force=common_pb2.TIME_IN_FORCE_GTC,
            price_ticks=price_ticks,
            quantity_lots=1_000,
        )
        request = trading_pb2.PlaceOrderRequest(order=order)
        return accepted(self._trading.PlaceOrder(request, **self._as(party)).answer)

    def _withdraw(self, party: Party) -> int:
        request = trading_pb2.RequestWithdrawalRequest(
            client_id=client_id(uuid.uuid4().int),
            sent_time_ns=time.time_ns(),
            asset_id=1,
            amount_atoms=1_000_000,
        )
        return accepted(self._trading.RequestWithdrawal(request, **self._as(party)).answer)

    def _credit(self) -> int:
        number = uuid.uuid4().int
        request = settlement_pb2.CreditDepositRequest(
            account_id=self._members[Party.ALICE].account_id,
            asset_id=1,
            amount_atoms=1,
            client_id=client_id(number),
            sent_time_ns=time.time_ns(),
        )
        settlement = settlement_pb2_grpc.SettlementServiceStub(self._channel)
        settlement.CreditDeposit(request, **self._as(Party.SETTLEMENT))
        return number


def wait_for_market(url: str, symbol: str) -> None:
    """Return when the gateway knows a market: it looks for new ones at most once a second.

    Raises:
        ValueError: It does not within the deadline.
    """
    deadline = time.monotonic() + CALL_SECONDS
    while time.monotonic() < deadline:
        with closing(HTTPConnection(urlsplit(url).netloc, timeout=CALL_SECONDS)) as connection:
            connection.request("GET", f"/v1/book/{symbol}")
            if connection.getresponse().status == HTTPStatus.OK:
                return
    raise ValueError(f"the gateway does not know {symbol}")


def accepted(answer: trading_pb2.Answer) -> int:
    """Return the order or withdrawal that a command made.

    Raises:
        ValueError: It was refused: the scene cannot be set.
    """
    if answer.status != trading_pb2.ANSWER_STATUS_ACCEPTED:
        raise ValueError(f"the scene cannot be set: {answer}")
    return answer.order_id


@contextmanager
def running_scene(folder: Path, database_url: str) -> Iterator[Scene]:
    """Run a private venue with its parties; all of it ends with the context."""
    with running_venue(folder, database_url, core="compiled") as venue:
        scene = Scene(venue)
        try:
            yield scene
        finally:
            scene.close()
