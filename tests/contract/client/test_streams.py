"""Streams resume by themselves: no gap, no repeat, and a book that proves itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from fractions import Fraction
from typing import TypeVar

import pytest

from realstack.client import (
    Accepted,
    BalanceChanged,
    Cancelled,
    Client,
    CommandKind,
    Filled,
    InvalidInput,
    Liquidity,
    NotRetained,
    Reduced,
    Replaced,
    Side,
    WithdrawalStep,
)
from tests.contract.client.venue_under_test import Venue
from tests.support.waiting import wait_until

T = TypeVar("T")
MARKET = "HARBOR-USDC"


async def place(client: Client, price_ticks: int, lots: int = 1, side: str = "buy") -> int:
    """Place an order and return its id."""
    answer = await client.place(
        market=MARKET, side=side, price_ticks=price_ticks, quantity_lots=lots
    )
    return answer.order_id


async def take(stream: AsyncGenerator[T, None], count: int) -> list[T]:
    """Return so many elements of a stream and end it."""
    taken: list[T] = []
    async with aclosing(stream):
        async for element in stream:
            taken.append(element)
            if len(taken) == count:
                break
    return taken


async def test_executions_tell_every_kind_of_event(alice: Client, bob: Client) -> None:
    """The private stream tells all that happened to the account, in order."""
    kept = await place(alice, 100, lots=5)
    await alice.replace(order_id=kept, price_ticks=100, quantity_lots=4)
    await place(bob, 100, lots=1, side="sell")
    await alice.place(
        market=MARKET,
        side="sell",
        price_ticks=100,
        quantity_lots=1,
        self_trade_prevention="decrement",
    )
    await alice.cancel(order_id=kept)
    executions = await take(alice.executions(from_sequence=1), 9)
    assert [execution.execution_sequence for execution in executions] == list(range(1, 10))
    assert [type(execution.event) for execution in executions] == [
        BalanceChanged,
        BalanceChanged,
        Accepted,
        Replaced,
        Filled,
        Accepted,
        Reduced,
        Reduced,
        Cancelled,
    ]
    deposit, filled = executions[0].event, executions[4].event
    assert isinstance(deposit, BalanceChanged)
    assert isinstance(filled, Filled)
    assert deposit.cause is CommandKind.DEPOSIT
    assert (filled.liquidity, filled.order.leaves_lots) == (Liquidity.MAKER, 3)


@pytest.mark.slow
async def test_executions_have_no_gap_over_cuts(alice: Client, venue: Venue) -> None:
    """A reader that is cut off again and again still gets each execution once, in order."""
    seen: list[int] = []

    async def read() -> None:
        async with aclosing(alice.executions(from_sequence=1)) as executions:
            async for execution in executions:
                seen.append(execution.execution_sequence)
                if len(seen) % 20 == 0:
                    venue.proxy.cut()
                if len(seen) == 122:
                    return

    reader = asyncio.create_task(read())
    for _ in range(60):
        order_id = await place(alice, 50)
        await alice.cancel(order_id=order_id)
    await reader
    assert seen == list(range(1, 123))
    assert venue.proxy.cuts >= 6


async def test_executions_from_now_on_leave_out_the_past_but_not_what_a_cut_hides(
    alice: Client, venue: Venue
) -> None:
    """A stream of new executions knows from its first message on where it was."""
    await place(alice, 40)
    async with aclosing(alice.executions()) as executions:
        first = asyncio.create_task(anext(executions))

        async def listening() -> bool:
            return venue.node.feeds.subscriptions.count() == 1

        await wait_until(listening)
        await place(alice, 41)
        assert (await first).execution_sequence == 4
        venue.proxy.cut()
        venue.proxy.refusing = True
        await asyncio.create_task(place_behind(venue, 42))
        venue.proxy.refusing = False
        assert (await anext(executions)).execution_sequence == 5


async def place_behind(venue: Venue, price_ticks: int) -> None:
    """Place an order past the proxy, as another session of the same account would."""
    direct = Client(f"127.0.0.1:{venue.front.port}", api_key="alice-key")
    async with direct:
        await place(direct, price_ticks)


async def test_a_place_in_the_future_of_a_stream_is_refused(alice: Client) -> None:
    """The venue says that it has no such place; the client does not wait for ever."""
    with pytest.raises(NotRetained):
        await anext(alice.executions(from_sequence=1_000))


async def test_a_book_is_followed_and_fits_after_every_change(alice: Client, bob: Client) -> None:
    """The local book equals the venue's, command by command."""
    async with aclosing(alice.book(MARKET)) as books:
        book = await anext(books)
        assert (book.bids(), book.asks(), book.resyncs) == ([], [], 0)
        await place(alice, 100, lots=5)
        await place(bob, 101, lots=2, side="sell")
        await place(bob, 100, lots=1, side="sell")
        async for book in books:
            if book.book_sequence == 3:
                break
        best = (book.best_bid(), book.best_ask())
    levels = [(level.price_ticks, level.quantity_lots) for level in best if level]
    assert levels == [(100, 4), (101, 2)]
    again = await bob.book_snapshot(MARKET)
    assert (again.checksum(), again.bids(), again.asks()) == (
        book.checksum(),
        book.bids(),
        book.asks(),
    )


async def test_a_book_goes_on_after_a_cut(alice: Client, venue: Venue) -> None:
    """What happened while the reader was away is not missing from its book."""
    async with aclosing(alice.book(MARKET)) as books:
        await anext(books)
        await place(alice, 100)
        await anext(books)
        venue.proxy.cut()
        venue.proxy.refusing = True
        await place_behind(venue, 99)
        venue.proxy.refusing = False
        book = await anext(books)
        assert [level.price_ticks for level in book.bids()] == [100, 99]
        assert book.resyncs == 0


@pytest.mark.slow
async def test_a_book_that_does_not_fit_is_begun_anew(alice: Client) -> None:
    """A reader whose book went wrong asks for a snapshot by itself."""
    async with aclosing(alice.book(MARKET)) as books:
        book = await anext(books)
        await place(alice, 100)
        await anext(books)
        book.book_sequence += 7  # as if a change had been lost
        await place(alice, 99)
        await anext(books)
        assert ([level.price_ticks for level in book.bids()], book.resyncs) == ([100, 99], 1)


async def test_a_book_of_orders_is_kept_up_with_its_best_prices(alice: Client, bob: Client) -> None:
    """The client's book of orders is in queue order, and repairs itself after a change is lost."""
    first, second = await place(alice, 100, lots=2), await place(bob, 100)
    async with aclosing(alice.orders_book(MARKET)) as books, aclosing(alice.top(MARKET)) as tops:
        book = await anext(books)
        assert [each.order_id for each in book.queue(Side.BUY, 100)] == [first, second]
        assert (await anext(tops)).bid == (100, 3)
        await alice.replace(order_id=first, price_ticks=100, quantity_lots=5)
        await anext(books)
        assert [each.order_id for each in book.queue(Side.BUY, 100)] == [second, first]
        assert (await anext(tops)).bid == (100, 6)
        book.book_sequence -= 1  # as if the last change had been lost
        third = await place(bob, 101)
        await anext(books)
        assert [each.order_id for each in book.orders(Side.BUY)] == [third, second, first]
        assert book.resyncs == 1


async def test_statistics_of_a_day_are_exact(alice: Client, bob: Client) -> None:
    """3@100 and 1@105: the average is 405 over 4."""
    for price, lots in ((100, 3), (105, 1)):
        await place(alice, price, lots=lots)
        await place(bob, price, lots=lots, side="sell")
    day = await alice.statistics(MARKET)
    assert (day.open_ticks, day.high_ticks, day.low_ticks, day.close_ticks) == (100, 105, 100, 105)
    assert (day.vwap_ticks, day.volume_lots, day.trade_count) == (Fraction(405, 4), 4, 2)


async def test_an_unknown_market_has_no_book(alice: Client) -> None:
    """The name is checked before the stream is opened."""
    with pytest.raises(InvalidInput, match="must be one of: HARBOR-USDC"):
        await anext(alice.book("MOON-USDC"))


@pytest.mark.slow
async def test_trades_and_fills_go_on_after_a_cut(alice: Client, bob: Client, venue: Venue) -> None:
    """The public and settlement's streams tell each trade once."""
    async with venue.client("worker") as worker:
        trades, fills = alice.trades(MARKET, from_trade_id=1), worker.fills()
        for trade_id in range(1, 7):
            await place(alice, 100)
            await place(bob, 100, side="sell")
            assert (await anext(trades)).trade_id == trade_id
            fill = await anext(fills)
            assert (fill.trade_id, fill.buyer_account_id, fill.seller_account_id) == (
                trade_id,
                1,
                2,
            )
            assert (fill.base_atoms, fill.quote_atoms, fill.seller_fee_atoms) == (
                1,
                1_000_000,
                1_000,
            )
            venue.proxy.cut()
        await trades.aclose()
        await fills.aclose()


async def test_new_trades_only(alice: Client, bob: Client, venue: Venue) -> None:
    """Without a first trade the stream begins with the next one."""
    await place(alice, 100, lots=2)
    await place(bob, 100, side="sell")
    async with aclosing(alice.trades()) as trades:
        first = asyncio.create_task(anext(trades))

        async def listening() -> bool:
            return venue.node.feeds.subscriptions.count() == 1

        await wait_until(listening)
        await place(bob, 100, side="sell")
        trade = await first
    assert (trade.trade_id, trade.aggressor_side) == (2, Side.SELL)


async def test_withdrawals_are_followed_over_a_cut(alice: Client, venue: Venue) -> None:
    """Each step of a withdrawal is told once."""
    async with venue.client("worker") as worker, aclosing(worker.withdrawals()) as steps:
        for number in range(1, 4):
            await alice.request_withdrawal(asset="USDC", amount_atoms=number)
            step = await anext(steps)
            assert (step.amount_atoms, step.step) == (number, WithdrawalStep.HELD)
            venue.proxy.cut()
