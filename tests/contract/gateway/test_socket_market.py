"""Public channels: a snapshot in the stream, then every change, dense and provable."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import google_crc32c
import pytest
from websockets.exceptions import InvalidStatus

from tests.contract.gateway.client import MARKET, Rest, Socket, open_socket
from tests.support.venue import Member, Venue

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("logs")]


class FollowedBook:
    """A book kept up from messages as a client would keep it, from decimal text alone."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        self.sides: dict[str, dict[int, int]] = {"bids": {}, "asks": {}}
        self.sequence = snapshot["book_sequence"]
        self._change(snapshot)
        assert self.checksum() == snapshot["checksum"]

    def apply(self, update: dict[str, Any]) -> None:
        assert update["first_book_sequence"] == self.sequence + 1
        self.sequence = update["book_sequence"]
        self._change(update)
        assert self.checksum() == update["checksum"]

    def _change(self, message: dict[str, Any]) -> None:
        for name, side in self.sides.items():
            for price, quantity, _ in message[name]:
                ticks, lots = steps(price, 2), steps(quantity, 3)
                if lots:
                    side[ticks] = lots
                else:
                    side.pop(ticks, None)

    def checksum(self) -> int:
        bids = sorted(self.sides["bids"].items(), reverse=True)[:10]
        asks = sorted(self.sides["asks"].items())[:10]
        words = [word for level in bids + asks for word in level]
        return int(google_crc32c.value(struct.pack(f"<{len(words)}q", *words)))


def steps(text: str, digits: int) -> int:
    whole, _, part = text.partition(".")
    return int(whole + part.ljust(digits, "0"))


async def subscribe(socket: Socket, channel: str, market: str | None = None) -> None:
    message = {"op": "subscribe", "channel": channel, "market": market}
    answer = await socket.ask(**{name: value for name, value in message.items() if value})
    assert answer["type"] == "subscribed", answer
    assert (answer["channel"], answer["market"]) == (channel, market)


class FollowedOrders:
    """A book of orders kept up as the page on the gateway says, from text alone."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        self.orders: dict[str, tuple[str, int, int]] = {}  # in queue order within a price
        self.sequence = snapshot["book_sequence"]
        self._queue(snapshot["bids"] + snapshot["asks"])
        assert (self.checksum(), len(self.orders)) == (
            snapshot["checksum"],
            snapshot["order_count"],
        )

    def apply(self, update: dict[str, Any]) -> None:
        assert update["first_book_sequence"] == self.sequence + 1
        self.sequence = update["book_sequence"]
        for order_id in update["removed"]:
            del self.orders[order_id]
        for order_id, side, price, quantity in update["resized"]:
            self.orders[order_id] = (side, steps(price, 2), steps(quantity, 3))
        self._queue(update["queued"])
        assert (self.checksum(), len(self.orders)) == (update["checksum"], update["order_count"])

    def _queue(self, rows: list[list[str]]) -> None:
        for order_id, side, price, quantity in rows:
            self.orders.pop(order_id, None)
            self.orders[order_id] = (side, steps(price, 2), steps(quantity, 3))

    def checksum(self) -> int:
        words: list[int] = []
        for side in ("buy", "sell"):
            prices = {price for of, price, _ in self.orders.values() if of == side}
            for level in sorted(prices, reverse=side == "buy")[:10]:
                queue = [
                    word
                    for order_id, (of, price, lots) in self.orders.items()
                    if (of, price) == (side, level)
                    for word in (int(order_id), price, lots)
                ]
                words += queue[: 3 * 64]
        return int(google_crc32c.value(struct.pack(f"<{len(words)}q", *words)))


async def test_a_book_of_orders_is_a_snapshot_and_then_every_change(
    rest: Rest, socket: Socket, alice: Member, bob: Member
) -> None:
    """Each order by its id in queue order, proved by the checksum after every command."""
    await rest.place(alice, price="10", quantity="2")
    await subscribe(socket, "book_orders", MARKET)
    book = FollowedOrders(await socket.next("book_orders_snapshot"))
    for price in ("11", "12", "12"):
        await rest.place(alice, price=price)
    await rest.place(bob, side="sell", price="12", quantity="1.5")
    await rest.call("DELETE", "/v1/orders", alice)
    shown = await rest.get(f"/v1/book/{MARKET}")
    while book.sequence < shown["book_sequence"]:
        book.apply(await socket.next("book_orders_update"))
    assert len(book.orders) == sum(level[2] for level in shown["bids"] + shown["asks"])


async def test_a_book_is_a_snapshot_and_then_every_change(
    rest: Rest, socket: Socket, alice: Member, bob: Member
) -> None:
    """Frames follow on each other by sequence, and the checksum proves the book after each."""
    await rest.place(alice, price="10", quantity="2")
    await subscribe(socket, "book", MARKET)
    book = FollowedBook(await socket.next("book_snapshot"))
    for price in ("11", "12", "13.37"):
        await rest.place(alice, price=price)
    await rest.place(bob, side="sell", price="12", quantity="1.5")
    await rest.call("DELETE", "/v1/orders", alice)
    shown = await rest.get(f"/v1/book/{MARKET}")
    while book.sequence < shown["book_sequence"]:
        book.apply(await socket.next("book_update"))
    assert book.checksum() == shown["checksum"]


async def test_a_late_subscriber_and_an_early_one_end_with_the_same_book(
    venue: Venue, rest: Rest, socket: Socket, alice: Member
) -> None:
    """A snapshot that is taken while changes gather fits between two frames."""
    await subscribe(socket, "book", MARKET)
    early = FollowedBook(await socket.next("book_snapshot"))
    for number in range(20):
        await rest.place(alice, price=f"{20 + number}", quantity="0.5")
        async with open_socket(venue.socket_url) as other:
            await other.next("welcome")
            await subscribe(other, "book", MARKET)
            late = FollowedBook(await other.next("book_snapshot"))
        while early.sequence < late.sequence:
            early.apply(await socket.next("book_update"))
        assert early.sides == late.sides


async def test_trades_begin_with_the_latest_and_go_on_without_a_gap(
    rest: Rest, socket: Socket, alice: Member, bob: Member
) -> None:
    """The tape begins with what was traded before, then tells every trade once."""
    await rest.place(alice, side="sell", price="50", quantity="3")
    await rest.place(bob, price="50", quantity="1")
    before = (await rest.get("/v1/fills", bob))["fills"][0]["trade_id"]
    await subscribe(socket, "trades", MARKET)
    snapshot = await socket.next("trades_snapshot")
    assert snapshot["trades"][-1]["trade_id"] >= before
    await rest.place(bob, price="50", quantity="0.75")
    fill = (await rest.get("/v1/fills", bob))["fills"][0]
    (trade,) = (await socket.next("trades"))["trades"]
    assert {name: trade[name] for name in ("trade_id", "price", "quantity", "time")} == {
        name: fill[name] for name in ("trade_id", "price", "quantity", "time")
    }
    assert trade["aggressor_side"] == "buy"


async def test_trades_and_candles_of_the_history_agree_with_the_tape(
    rest: Rest, alice: Member, bob: Member
) -> None:
    """The market service's projection holds what was traded, and its candle the same price."""
    await rest.place(alice, side="sell", price="61", quantity="1")
    await rest.place(bob, price="61", quantity="1")
    fill = (await rest.get("/v1/fills", bob))["fills"][0]
    async with asyncio.timeout(20):
        while True:
            listed = await rest.get(f"/v1/trades/{MARKET}?page_size=1")
            if listed["trades"] and listed["trades"][0]["trade_id"] == fill["trade_id"]:
                break
    assert listed["trades"][0]["price"] == "61.00"
    assert listed["next_page_token"]
    candles = (await rest.get(f"/v1/candles/{MARKET}?interval=1m&page_size=1"))["candles"]
    assert (candles[0]["close"], candles[0]["last_trade_id"]) == ("61.00", fill["trade_id"])


async def test_a_channel_that_is_silent_says_so(socket: Socket) -> None:
    """Heartbeats carry the last sequence, so that silence means a fault and not a quiet market."""
    await subscribe(socket, "book", "BOND-USDC")
    snapshot = await socket.next("book_snapshot")
    beat = await socket.next("heartbeat")
    assert (beat["channel"], beat["market"]) == ("book", "BOND-USDC")
    assert beat["sequence"] == snapshot["book_sequence"]


async def test_the_status_tells_the_whole_venue_once_a_second(socket: Socket) -> None:
    """Rates, links and the verdict come as one message, the first at once."""
    await subscribe(socket, "status")
    first = await socket.next("status_snapshot")
    second = await socket.next("status")
    assert first["status"]["links"]["engine"]["up"] is True
    assert set(second["status"]["links"]) == {"engine", "market", "settlement"}
    assert second["status"]["sockets"] >= 1


REFUSALS: list[tuple[dict[str, Any], int]] = [
    ({"op": "subscribe", "channel": "nothing"}, 1_017),
    ({"op": "subscribe", "channel": "book"}, 1_004),
    ({"op": "subscribe", "channel": "book", "market": "NOPE"}, 11),
    ({"op": "subscribe", "channel": "status", "market": MARKET}, 1_002),
    ({"op": "subscribe", "channel": "status", "from_execution_sequence": 1}, 1_002),
    ({"op": "unsubscribe", "channel": "book", "market": MARKET}, 1_018),
    ({"op": "subscribe", "channel": "orders"}, 1_011),
    ({"op": "subscribe", "channel": "fills"}, 1_011),
    ({"op": "place", "order": {"market": MARKET, "side": "buy", "quantity": "1"}}, 1_011),
    ({"op": "cancel", "order_id": "1"}, 1_011),
    ({"op": "cancel_all"}, 1_011),
]


@pytest.mark.parametrize(("message", "code"), REFUSALS)
async def test_what_cannot_be_had_is_a_numbered_error(
    socket: Socket, message: dict[str, Any], code: int
) -> None:
    """A wrong wish is answered with its own id and number."""
    assert (await socket.refusal(**message))["code"] == code


async def test_a_channel_is_subscribed_to_once_and_ends_when_asked(socket: Socket) -> None:
    """The second subscription is refused; after unsubscribing it is possible again."""
    await subscribe(socket, "status")
    again = await socket.refusal(op="subscribe", channel="status")
    assert again["code"] == 1_019
    assert (await socket.ask(op="unsubscribe", channel="status"))["type"] == "unsubscribed"
    await subscribe(socket, "status")


async def test_pages_of_other_sites_cannot_open_a_socket(venue: Venue) -> None:
    """A browser says whose page it shows; programs say nothing and are let in."""
    with pytest.raises(InvalidStatus) as caught:
        async with open_socket(venue.socket_url, Origin="https://evil.example"):
            pass
    assert caught.value.response.status_code == 403
    assert b'"code":1015' in caught.value.response.body
    async with open_socket(venue.socket_url, Origin=venue.url) as opened:
        assert (await opened.hear())["type"] == "welcome"


async def test_a_plain_request_at_the_socket_is_told_what_it_takes(rest: Rest) -> None:
    """405 with a number, not a hanging connection."""
    answer = await rest.call("GET", "/v1/ws")
    assert (answer.status_code, answer.json()["code"]) == (405, 1_014)
