"""Connections are lost; each command still has one outcome, and its caller learns it."""

from __future__ import annotations

import asyncio

import pytest

from engine.core.commands import COMMAND, CommandKind
from engine.core.records import join
from realstack.client import (
    Answer,
    AnswerStatus,
    Client,
    Closed,
    NotSent,
    OutcomeUnknown,
    Reject,
    Rejected,
    Unavailable,
)
from realstack.client.requests import command
from tests.contract.client.venue_under_test import Venue
from tests.support.waiting import wait_until

MARKET = "HARBOR-USDC"


async def place(client: Client, price_ticks: int, client_id: int | None = None) -> Answer:
    """Place an order that rests."""
    return await client.place(
        market=MARKET,
        side="buy",
        price_ticks=price_ticks,
        quantity_lots=1,
        client_id=client_id,
    )


async def test_answers_lost_with_the_connection_come_as_duplicates(
    alice: Client, venue: Venue
) -> None:
    """Orders that ran before the cut are found by their ids: none is lost, none is doubled."""
    await place(alice, 1)
    venue.proxy.swallowing = True
    waiting = [asyncio.create_task(place(alice, 2)) for _ in range(50)]

    async def all_ran() -> bool:
        return venue.open_orders() == 51

    await wait_until(all_ran)
    venue.proxy.swallowing = False
    venue.proxy.cut()
    answers = await asyncio.gather(*waiting)
    assert {answer.status for answer in answers} == {AnswerStatus.DUPLICATE}
    working = {order.order.order_id for order in await alice.open_orders()}
    assert working >= {answer.order_id for answer in answers}
    assert (len(working), venue.open_orders()) == (51, 51)


@pytest.mark.slow
async def test_outcomes_over_many_cuts_are_each_resolved_once(alice: Client, venue: Venue) -> None:
    """Under cuts at any moment every order is placed exactly once and its caller is told."""
    answered: list[Answer] = []

    async def trader(first_id: int) -> None:
        for client_id in range(first_id, first_id + 40):
            answered.append(await place(alice, 3, client_id))

    async def cutter(traders: asyncio.Future[list[None]]) -> None:
        seen = 0
        while not traders.done():
            # Cut whenever some more orders have been answered, so that progress is certain.
            if len(answered) >= seen + 25:
                seen = len(answered)
                venue.proxy.cut()
            await asyncio.sleep(0)

    traders = asyncio.gather(*(trader(1 + 40 * index) for index in range(16)))
    await asyncio.gather(traders, cutter(traders))
    assert sorted(answer.client_id for answer in answered) == list(range(1, 641))
    assert len({answer.order_id for answer in answered}) == 640
    assert venue.open_orders() == 640
    assert venue.proxy.cuts >= 10


async def test_cancels_are_resolved_like_orders(alice: Client, venue: Venue) -> None:
    """A cancel has an id too: its lost answer comes again, not UNKNOWN_ORDER."""
    placed = await place(alice, 4)
    venue.proxy.swallowing = True
    cancelling = asyncio.create_task(alice.cancel(order_id=placed.order_id))

    async def gone() -> bool:
        return venue.open_orders() == 0

    await wait_until(gone)
    venue.proxy.swallowing = False
    venue.proxy.cut()
    answer = await cancelling
    assert (answer.status, answer.order_id) == (AnswerStatus.DUPLICATE, placed.order_id)


@pytest.mark.slow
async def test_a_batch_survives_a_cut(alice: Client, venue: Venue) -> None:
    """Rows of a batch are resolved one by one."""
    order = command(
        CommandKind.PLACE,
        market_id=1,
        side=1,
        order_type=1,
        time_in_force=1,
        self_trade_prevention=2,
        price_ticks=5,
        quantity_lots=1,
    )
    rows = join([order] * 9_000, COMMAND)
    venue.proxy.swallowing = True
    batch = asyncio.create_task(alice.place_batch(rows))

    async def began() -> bool:
        return venue.open_orders() >= 4_096

    await wait_until(began)
    venue.proxy.swallowing = False
    venue.proxy.cut()
    answers = await batch
    assert answers.count(AnswerStatus.REJECTED) == 0
    assert (len(set(answers.order_id.tolist())), venue.open_orders()) == (9_000, 9_000)


async def test_a_restart_of_the_venue_is_only_a_pause(alice: Client, venue: Venue) -> None:
    """Orders that are placed while the venue restarts are answered by the new one."""
    await place(alice, 6)
    waiting = [asyncio.create_task(place(alice, 6)) for _ in range(20)]
    await venue.restart()
    waiting += [asyncio.create_task(place(alice, 6)) for _ in range(20)]
    answers = await asyncio.gather(*waiting)
    assert len({answer.order_id for answer in answers}) == 40
    assert venue.open_orders() == 41


async def test_an_answer_that_does_not_come_in_time_leaves_an_outcome_to_resolve(
    alice: Client, venue: Venue
) -> None:
    """Unknown is its own kind of error; resolving it gives the first answer."""
    venue.node.hold = True
    with pytest.raises(OutcomeUnknown) as unknown:
        await alice.place(
            market=MARKET, side="buy", price_ticks=7, quantity_lots=1, timeout_seconds=0.1
        )
    venue.node.hold = False
    venue.node.release()
    answer = await alice.resolve(unknown.value)
    assert answer.status is AnswerStatus.DUPLICATE
    assert [order.order.order_id for order in await alice.open_orders()] == [answer.order_id]


async def test_an_unknown_withdrawal_is_resolved_too(alice: Client, venue: Venue) -> None:
    """A withdrawal request that was not answered is not made twice."""
    venue.node.hold = True
    with pytest.raises(OutcomeUnknown, match="withdraw_hold") as unknown:
        await alice.request_withdrawal(asset="USDC", amount="1", timeout_seconds=0.1)
    venue.node.hold = False
    venue.node.release()
    answer = await alice.resolve(unknown.value)
    held = [balance.held_atoms for balance in await alice.balances()]
    assert (answer.status, held) == (AnswerStatus.DUPLICATE, [0, 1_000_000])


async def test_what_was_never_sent_is_certain(venue: Venue) -> None:
    """Without a connection the order is not sent, and its caller knows that nothing happened."""
    async with venue.client("alice", timeout_seconds=0.1) as alice:
        venue.proxy.refusing = True
        venue.proxy.cut()
        with pytest.raises(Unavailable):  # now the client has noticed
            await alice.instruments(refresh=True)
        with pytest.raises(NotSent) as not_sent:
            await place(alice, 8)
    assert not_sent.value.transient
    assert venue.open_orders() == 0


async def test_orders_wait_for_the_connection_to_come_back(alice: Client, venue: Venue) -> None:
    """An order given while there is no connection is sent when there is one."""
    venue.proxy.refusing = True
    venue.proxy.cut()
    waiting = asyncio.create_task(place(alice, 8))
    await asyncio.sleep(0)
    venue.proxy.refusing = False
    assert (await waiting).status is AnswerStatus.ACCEPTED
    assert venue.open_orders() == 1


async def test_an_order_given_up_is_not_sent_again(alice: Client, venue: Venue) -> None:
    """After `OutcomeUnknown` only `resolve` sends the order again."""
    await place(alice, 9)
    venue.proxy.swallowing = True
    venue.node.hold = True
    with pytest.raises(OutcomeUnknown):
        await alice.place(
            market=MARKET, side="buy", price_ticks=9, quantity_lots=1, timeout_seconds=0.1
        )
    venue.node.hold = False
    venue.node.release()
    sequence = venue.node.applied_sequence
    venue.proxy.swallowing = False
    venue.proxy.cut()
    await place(alice, 9)
    assert venue.node.applied_sequence == sequence + 1


async def test_a_cancelled_caller_leaves_the_others_alone(alice: Client, venue: Venue) -> None:
    """Giving up one order does not disturb the answers of the rest."""
    venue.node.hold = True
    first, given_up, last = (asyncio.create_task(place(alice, 10)) for _ in range(3))

    async def ran() -> bool:
        return venue.open_orders() == 3

    await wait_until(ran)
    given_up.cancel()
    venue.node.hold = False
    venue.node.release()
    answers = [await first, await last]
    assert [answer.status for answer in answers] == [AnswerStatus.ACCEPTED] * 2
    assert answers[1].order_id - answers[0].order_id == 2


async def test_closing_ends_what_waits(venue: Venue) -> None:
    """A closed client answers nobody, and says so."""
    client = await venue.client("alice").connect()
    venue.node.hold = True
    waiting = asyncio.create_task(place(client, 11))

    async def ran() -> bool:
        return venue.open_orders() == 1

    await wait_until(ran)
    await client.close()
    with pytest.raises(Closed):
        await waiting
    with pytest.raises(Closed):
        await place(client, 11)


async def test_a_refused_order_stays_refused_over_a_cut(alice: Client, venue: Venue) -> None:
    """A refusal does not use up its id: the resend is refused again, not taken as done."""
    await place(alice, 12)
    before = venue.node.applied_sequence
    venue.proxy.swallowing = True
    waiting = asyncio.create_task(
        alice.place(market=MARKET, side="buy", price_ticks=1 << 37, quantity_lots=1)
    )

    async def refused() -> bool:
        return venue.node.applied_sequence > before

    await wait_until(refused)
    venue.proxy.swallowing = False
    venue.proxy.cut()
    with pytest.raises(Rejected) as error:
        await waiting
    assert error.value.code is Reject.INSUFFICIENT_FUNDS
