"""Every order type over a real socket: from the client's arguments to the core and back."""

from __future__ import annotations

import time
from contextlib import aclosing

import numpy as np
import pytest

from engine.core.commands import COMMAND, HIDDEN, CommandKind, OrderType, TimeInForce
from engine.core.rejects import CancelReason, Reject
from realstack.client import (
    Accepted,
    Answer,
    Cancelled,
    Client,
    Execution,
    Filled,
    InvalidInput,
    LocalBook,
    Refreshed,
    Rejected,
    RequestRefused,
    Triggered,
)
from tests.contract.client.venue_under_test import MARKET as MARKET_ID
from tests.contract.client.venue_under_test import Venue
from tests.support.waiting import wait_until

MARKET = "HARBOR-USDC"
SECOND = 1_000_000_000


async def told(client: Client, order_id: int, count: int) -> list[Execution]:
    """Return the first executions of one order."""
    found: list[Execution] = []
    async with aclosing(client.executions(from_sequence=1)) as executions:
        async for execution in executions:
            order = getattr(execution.event, "order", None)
            if order is not None and order.order_id == order_id:
                found.append(execution)
                if len(found) == count:
                    break
    return found


async def place(client: Client, side: str, price: int, lots: int, **fields: object) -> Answer:
    """Place an order in ticks and lots."""
    return await client.place(
        market=MARKET,
        side=side,
        price_ticks=price or None,
        quantity_lots=lots,
        **fields,  # type: ignore[arg-type]
    )


def shown(book: LocalBook) -> list[tuple[int, int, int]]:
    """Return the asks as (price, lots, orders), best first."""
    return [(row.price_ticks, row.quantity_lots, row.order_count) for row in book.asks(5)]


async def trade_at(price: int, seller: Client, buyer: Client) -> None:
    """Print a trade of one lot."""
    await place(seller, "sell", price, 1)
    assert (await place(buyer, "buy", price, 1)).filled_lots == 1


async def test_an_iceberg_shows_a_tranche_and_tells_of_the_next(alice: Client, bob: Client) -> None:
    """The book has what is shown, the private stream each refresh."""
    order = await place(alice, "sell", 100, 25, display_lots=10)
    async with aclosing(bob.book(MARKET)) as books:
        async for book in books:
            assert [(100, 10, 1)] == shown(book)
            break
    await place(bob, "buy", 100, 12)
    [working] = await alice.open_orders(MARKET)
    assert (working.order.leaves_lots, working.visible_lots) == (13, 8)
    events = [e.event for e in await told(alice, order.order_id, 4)]
    assert [Accepted, Filled, Refreshed, Filled] == [type(event) for event in events]
    assert isinstance(events[2], Refreshed)
    assert events[2].visible_lots == 10


async def test_a_hidden_order_is_in_no_book_and_trades(alice: Client, bob: Client) -> None:
    """Nothing of it is seen until it trades; its owner sees it among the open orders."""
    await place(alice, "sell", 100, 5, hidden=True)
    await place(alice, "sell", 101, 3)
    async with aclosing(bob.book(MARKET)) as books:
        async for book in books:
            assert [(101, 3, 1)] == shown(book)
            break
    assert [0, 3] == [order.visible_lots for order in await alice.open_orders()]
    assert (await place(bob, "buy", 100, 2)).filled_lots == 2


async def test_an_order_slides_behind_the_best_price(alice: Client, bob: Client) -> None:
    """Post-only with slide gets a price instead of a refusal."""
    await place(alice, "sell", 100, 5)
    with pytest.raises(Rejected, match="POST_ONLY_WOULD_CROSS"):
        await place(bob, "buy", 100, 1, post_only=True)
    await place(bob, "buy", 100, 1, post_only=True, slide=True)
    [working] = await bob.open_orders()
    assert (working.order.price_ticks, working.post_only) == (99, True)


async def test_a_minimum_that_is_not_met_is_refused(alice: Client, bob: Client) -> None:
    """And one that is met trades."""
    await place(alice, "sell", 100, 5)
    with pytest.raises(Rejected) as refused:
        await place(bob, "buy", 100, 9, minimum_lots=6, time_in_force="ioc")
    assert refused.value.code is Reject.MINIMUM_NOT_MET
    answer = await place(bob, "buy", 100, 9, minimum_lots=5, time_in_force="ioc")
    assert answer.filled_lots == 5


async def test_an_order_by_amount_spends_no_more(alice: Client, bob: Client) -> None:
    """At 1.00 a lot and 0.1 % fee, 10 dollars buy 9 lots."""
    await place(alice, "sell", 100, 50)
    answer = await bob.place(
        market=MARKET, side="buy", order_type="market_by_amount", amount_atoms=10_000_000
    )
    assert (answer.filled_lots, answer.leaves_lots) == (9, 0)
    last = (await told(bob, answer.order_id, 3))[2].event
    assert isinstance(last, Cancelled)
    assert last.reason is CancelReason.NO_LIQUIDITY


async def test_a_stop_waits_and_fires_with_its_fills_after_it(alice: Client, bob: Client) -> None:
    """Accepted says that it waits, Triggered that it arrived; fills carry its own limit price."""
    await trade_at(100, alice, bob)
    stop = await place(bob, "sell", 85, 4, order_type="stop_limit", trigger_price_ticks=90)
    [waiting] = await bob.open_orders()
    assert (waiting.waiting, waiting.trigger_price_ticks, waiting.visible_lots) == (True, 90, 0)
    await place(alice, "buy", 90, 4)
    await place(bob, "sell", 90, 1, self_trade_prevention="none")
    events = [e.event for e in await told(bob, stop.order_id, 3)]
    assert [Accepted, Triggered, Filled] == [type(event) for event in events]
    accepted, triggered, filled = events
    assert isinstance(accepted, Accepted)
    assert isinstance(triggered, Triggered)
    assert isinstance(filled, Filled)
    assert (accepted.waiting, accepted.order_type) == (True, OrderType.STOP_LIMIT)
    assert (triggered.order.filled_lots, triggered.order.leaves_lots) == (3, 1)
    assert (filled.price_ticks, filled.order.price_ticks) == (90, 85)


async def test_a_stop_on_the_reference_price_fires_when_the_operator_sets_it(
    alice: Client, venue: Venue
) -> None:
    """A trailing stop and a stop on the best quote are told apart by their arguments."""
    await place(
        alice,
        "sell",
        0,
        1,
        order_type="stop",
        trigger_price_ticks=90,
        trigger_source="reference",
    )
    assert 1 == len(await alice.open_orders())
    async with venue.client("boss") as boss:
        await boss.set_reference_price(market_id=MARKET_ID, price_ticks=90)
        with pytest.raises(RequestRefused, match="INVALID_PRICE"):
            await boss.set_reference_price(market_id=MARKET_ID, price_ticks=0)
    assert [] == await alice.open_orders()


async def test_a_waiting_stop_is_replaced_and_cancelled_by_its_tag(
    alice: Client, bob: Client
) -> None:
    """Its trigger is an argument of replace, its tag one of cancel all."""
    await trade_at(100, alice, bob)
    stop = await place(alice, "sell", 0, 5, order_type="stop", trigger_price_ticks=90, tag=7)
    trailing = await place(alice, "sell", 0, 5, order_type="trailing_stop", trail_ppm=50_000)
    await alice.replace(
        order_id=stop.order_id, price_ticks=0, quantity_lots=6, trigger_price_ticks=80
    )
    rows = {row.order.order_id: row for row in await alice.open_orders()}
    assert (rows[stop.order_id].trigger_price_ticks, rows[stop.order_id].tag) == (80, 7)
    assert rows[trailing.order_id].trigger_price_ticks == 95
    assert (await alice.cancel_all(tag=7)).cancelled_count == 1
    assert [trailing.order_id] == [row.order.order_id for row in await alice.open_orders()]


async def test_an_order_expires_with_its_reason(alice: Client, bob: Client) -> None:
    """An expiry makes it good till then; the next command brings the time."""
    due = time.time_ns() + SECOND // 20
    order = await place(alice, "sell", 100, 1, expire_time_ns=due)
    [working] = await alice.open_orders()
    assert (working.time_in_force, working.expire_time_ns) == (TimeInForce.GTD, due)

    async def is_due() -> bool:
        return time.time_ns() > due

    await wait_until(is_due)
    await place(bob, "buy", 50, 1)
    last = (await told(alice, order.order_id, 2))[1].event
    assert isinstance(last, Cancelled)
    assert last.reason is CancelReason.EXPIRED


async def test_a_late_order_is_refused_when_it_says_so(alice: Client) -> None:
    """The age counts from its sent time."""
    sent = time.time_ns() - 2 * SECOND
    with pytest.raises(Rejected, match="TOO_OLD"):
        await place(alice, "buy", 9, 1, client_id=5, sent_time_ns=sent, max_age_ms=1_000)


async def test_bad_arguments_of_special_orders_are_refused_before_anything_is_sent(
    alice: Client, venue: Venue
) -> None:
    """Each names its field and its rule."""
    sequence = venue.node.applied_sequence
    for fields, rule in (
        ({"display_lots": 0}, "display_lots 0: must be at least 1"),
        ({"display_lots": 2, "minimum_lots": 2}, "goes with no minimum"),
        ({"trigger_source": "mid"}, "must be one of: last_trade, best_quote, reference"),
        ({"tag": 1 << 16}, "tag 65536: must be 0 to 65535"),
        ({"max_age_ms": -1}, "max_age_ms -1: must be 0 to"),
        ({"trigger_price": "1", "trigger_price_ticks": 5}, "either as trigger_price or as"),
        ({"time_in_force": "week"}, "must be one of: gtc, ioc, fok, day, gtd, at_open, at_close"),
    ):
        with pytest.raises(InvalidInput, match=rule):
            await place(alice, "sell", 100, 5, **fields)
    assert venue.node.applied_sequence == sequence


async def test_a_batch_carries_every_kind_of_order_in_its_columns(
    alice: Client, bob: Client, venue: Venue
) -> None:
    """Places and a replace of a stop side by side: each row has its own fields."""
    await trade_at(100, alice, bob)
    stop = await place(alice, "sell", 0, 3, order_type="stop", trigger_price_ticks=50)
    rows = np.zeros(5, COMMAND)
    rows["kind"] = CommandKind.PLACE
    rows["market_id"], rows["side"], rows["self_trade_prevention"] = MARKET_ID, 2, 2
    rows["order_type"], rows["time_in_force"] = OrderType.LIMIT, TimeInForce.GTC
    rows["quantity_lots"], rows["price_ticks"] = 9, 120
    rows[0]["display_lots"] = 4
    rows[1]["flags"], rows[1]["tag"] = HIDDEN, 3
    rows[2]["order_type"], rows[2]["trigger_price_ticks"] = OrderType.STOP_LIMIT, 60
    rows[3]["order_type"], rows[3]["price_ticks"] = OrderType.TRAILING_STOP, 0
    rows[3]["trail_ticks"] = 30
    rows[4] = np.zeros(1, COMMAND)[0]
    rows[4]["kind"], rows[4]["order_id"] = CommandKind.REPLACE, stop.order_id
    rows[4]["quantity_lots"], rows[4]["new_trigger_price_ticks"] = 5, 55
    answers = await alice.place_batch(rows)
    assert [1] * 5 == answers.status.tolist()
    orders = venue.node.venue.orders(1)
    expected = [(5, 0, 55), (9, 4, 0), (9, 0, 0), (9, 0, 60), (9, 0, 70)]
    columns = ("leaves_lots", "display_lots", "trigger_price_ticks")
    assert expected == list(zip(*(orders[name].tolist() for name in columns), strict=True))
    assert [0, 0, 3, 0, 0] == orders["tag"].tolist()
