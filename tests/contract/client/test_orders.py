"""Orders over a real socket: outcomes, refusals, and nothing half done."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest

from engine.core.commands import COMMAND, CommandKind, OrderType, Side, TimeInForce
from engine.core.rejects import Reject
from realstack.client import (
    Answer,
    AnswerStatus,
    Client,
    Filled,
    InvalidInput,
    InvalidNumber,
    NotAuthenticated,
    PermissionRefused,
    Rejected,
    RequestRefused,
    SyncClient,
    Unavailable,
)
from realstack.client.requests import command
from tests.contract.client.venue_under_test import DEPOSIT_ATOMS, Venue

MARKET = "HARBOR-USDC"


async def test_an_order_rests_trades_and_is_cancelled(alice: Client, bob: Client) -> None:
    """The thin way through: what one member sells another buys, and the rest is cancelled."""
    resting = await alice.place(market=MARKET, side="sell", price="101.25", quantity="5")
    arriving = await bob.place(market=MARKET, side="buy", price="101.30", quantity="3")
    cancelled = await alice.cancel(order_id=resting.order_id)
    assert (resting.filled_lots, resting.leaves_lots) == (0, 5)
    assert (arriving.filled_lots, arriving.leaves_lots) == (3, 0)
    assert (cancelled.order_id, cancelled.filled_lots) == (resting.order_id, 3)
    paid = {balance.asset_id: balance.total_atoms for balance in await bob.balances()}
    # 3 at 101.25 is 303.75, and 0.1 % of it is 0.30375.
    assert paid == {1: DEPOSIT_ATOMS + 3, 2: DEPOSIT_ATOMS - 303_750_000 - 303_750}


async def test_a_market_order_needs_no_price_and_does_not_rest(alice: Client, bob: Client) -> None:
    """What the book cannot fill of it is cancelled."""
    await alice.place(market=MARKET, side="sell", price_ticks=100, quantity_lots=2)
    answer = await bob.place(market=MARKET, side="buy", quantity="5")
    assert (answer.filled_lots, answer.leaves_lots) == (2, 0)


async def test_an_order_is_named_by_the_clients_own_id(alice: Client) -> None:
    """Cancel and replace find an order by the id that it was placed with."""
    placed = await alice.place(market=MARKET, side="buy", price="9", quantity="4", client_id=77)
    replaced = await alice.replace(order_client_id=77, market=MARKET, price="9", quantity="3")
    [working] = await alice.open_orders(MARKET)
    assert (placed.client_id, replaced.order_id) == (77, placed.order_id)
    assert (working.order.client_id, working.order.leaves_lots) == (77, 3)
    assert (await alice.cancel(order_client_id=77)).order_id == placed.order_id
    assert await alice.open_orders() == []


async def test_the_same_id_and_body_again_is_the_same_order(alice: Client, venue: Venue) -> None:
    """An id takes effect once; with another body it is refused."""
    sent_time_ns = time.time_ns()

    async def place(quantity: str) -> Answer:
        return await alice.place(
            market=MARKET,
            side="buy",
            price="9",
            quantity=quantity,
            client_id=5,
            sent_time_ns=sent_time_ns,
        )

    first, again = await place("4"), await place("4")
    assert (again.status, again.order_id) == (AnswerStatus.DUPLICATE, first.order_id)
    assert again.first_sequence == first.sequence
    with pytest.raises(Rejected) as refused:
        await place("5")
    assert refused.value.code is Reject.DUPLICATE_WITH_DIFFERENT_BODY
    assert venue.open_orders() == 1


async def test_cancel_all_says_how_many(alice: Client, bob: Client) -> None:
    """Only the account's own orders go, and only those of the side that was named."""
    for price in (90, 91, 92):
        await alice.place(market=MARKET, side="buy", price_ticks=price, quantity_lots=1)
    await alice.place(market=MARKET, side="sell", price_ticks=200, quantity_lots=1)
    await bob.place(market=MARKET, side="buy", price_ticks=50, quantity_lots=1)
    assert (await alice.cancel_all(market=MARKET, side="buy")).cancelled_count == 3
    assert (await alice.cancel_all()).cancelled_count == 1
    assert len(await bob.open_orders()) == 1


async def test_a_refusal_has_its_code_and_detail_and_changes_nothing(
    alice: Client, venue: Venue
) -> None:
    """What the venue refuses is an error with the numbered reason."""
    digest = venue.node.venue.digest()
    with pytest.raises(Rejected) as refused:
        await alice.place(market=MARKET, side="buy", price_ticks=1 << 37, quantity_lots=1)
    assert (refused.value.code, refused.value.transient) == (Reject.INSUFFICIENT_FUNDS, True)
    assert "INSUFFICIENT_FUNDS (23): the free balance" in str(refused.value)
    with pytest.raises(Rejected, match=r"UNKNOWN_ORDER \(21\)"):
        await alice.cancel(order_id=999)
    assert venue.node.venue.digest() == digest


async def test_bad_arguments_are_refused_before_anything_is_sent(
    alice: Client, venue: Venue
) -> None:
    """Nothing reaches the venue when a number is not exact or a name is unknown."""
    sequence = venue.node.applied_sequence
    with pytest.raises(InvalidNumber, match="multiple of the tick"):
        await alice.place(market=MARKET, side="buy", price="1.001", quantity="1")
    with pytest.raises(InvalidInput, match="must be one of: HARBOR-USDC"):
        await alice.place(market="MOON-USDC", side="buy", price="1", quantity="1")
    with pytest.raises(InvalidInput, match="must be one of: buy, sell"):
        await alice.place(market=MARKET, side="hold", price="1", quantity="1")
    with pytest.raises(InvalidInput, match="quantity None: must be given"):
        await alice.place(market=MARKET, side="buy", price="1")
    with pytest.raises(InvalidInput, match="sent_time_ns -1: must be 0 to"):
        await alice.cancel(order_id=1, client_id=1, sent_time_ns=-1)
    with pytest.raises(InvalidInput, match="give exactly one"):
        await alice.cancel()
    with pytest.raises(InvalidInput, match="must be one of: HARBOR, USDC"):
        await alice.request_withdrawal(asset="MOON", amount="1")
    with pytest.raises(InvalidInput, match="either as amount or as amount_atoms"):
        await alice.request_withdrawal(asset="USDC")
    assert venue.node.applied_sequence == sequence


async def test_a_withdrawal_holds_funds(alice: Client, venue: Venue) -> None:
    """The held amount leaves what is free, and settlement's stream tells of it."""
    answer = await alice.request_withdrawal(asset="USDC", amount="2.5")
    [_, dollars] = await alice.balances()
    assert (dollars.free_atoms, dollars.held_atoms) == (DEPOSIT_ATOMS - 2_500_000, 2_500_000)
    async with venue.client("worker") as worker:
        step = await anext(worker.withdrawals())
    assert (step.withdrawal_id, step.account_id, step.amount_atoms) == (
        answer.order_id,
        1,
        2_500_000,
    )
    with pytest.raises(Rejected, match="INSUFFICIENT_FUNDS"):
        await alice.request_withdrawal(asset="USDC", amount_atoms=DEPOSIT_ATOMS)


@pytest.mark.slow
async def test_a_batch_is_answered_row_by_row(alice: Client) -> None:
    """Refusals are rows of the answer; a batch beyond the limit of a message is cut into parts."""
    rows = np.zeros(5_000, dtype=COMMAND)
    rows["kind"] = CommandKind.PLACE
    rows["market_id"] = 1
    rows["side"] = Side.BUY
    rows["order_type"] = OrderType.LIMIT
    rows["time_in_force"] = TimeInForce.GTC
    rows["self_trade_prevention"] = 2
    rows["price_ticks"] = 10
    rows["quantity_lots"] = 1
    rows["market_id"][7] = 99
    rows["quantity_lots"][4_999] = 0
    answers = await alice.place_batch(rows)
    assert (len(answers), answers.count(AnswerStatus.ACCEPTED)) == (5_000, 4_998)
    codes = [int(answers.reject_code[row]) for row in (7, 4_999)]
    assert codes == [Reject.UNKNOWN_MARKET, Reject.INVALID_QUANTITY]
    assert np.all(np.diff(answers.sequence.astype(np.int64)) == 1)
    assert len(await alice.place_batch(rows[:0])) == 0


async def test_a_malformed_request_fails_alone(alice: Client, venue: Venue) -> None:
    """The venue ends the stream on a malformed request; only its own caller gets the error."""
    good = [
        alice.place(market=MARKET, side="buy", price_ticks=5, quantity_lots=1) for _ in range(6)
    ]
    malformed = command(CommandKind.CANCEL, order_id=1)
    malformed["sent_time_ns"] = -1
    bad = alice.place_batch(malformed)
    results = await asyncio.gather(*good[:3], bad, *good[3:], return_exceptions=True)
    assert isinstance(results.pop(3), RequestRefused)
    assert all(isinstance(answer, Answer) for answer in results)
    assert venue.open_orders() == 6
    after = await alice.place(market=MARKET, side="buy", price_ticks=5, quantity_lots=1)
    assert after.status is AnswerStatus.ACCEPTED


async def test_a_key_that_is_unknown_or_of_another_role_is_told_so(venue: Venue) -> None:
    """Who may not do something learns it by name, and at once."""
    with pytest.raises(NotAuthenticated):
        await venue.client("mallory").connect()
    async with venue.client("boss") as boss, venue.client("alice") as alice:
        with pytest.raises(PermissionRefused, match="role operator may not"):
            await boss.place(market=MARKET, side="buy", price="1", quantity="1")
        with pytest.raises(PermissionRefused):
            await alice.status()


async def test_nobody_at_the_address_is_unavailable() -> None:
    """A client does not wait longer than it was told to."""
    client = Client("127.0.0.1:1", api_key="any", timeout_seconds=0.2)
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1"):
        await client.connect()
    await client.close()


async def test_the_operator_defines_and_reads(venue: Venue) -> None:
    """Definitions are idempotent; a different one is refused; status and ledger tell the state."""
    async with venue.client("boss") as boss:
        assert await boss.define_asset(asset_id=1, symbol="HARBOR", decimals=0)
        with pytest.raises(RequestRefused, match="ALREADY_DEFINED"):
            await boss.define_asset(asset_id=1, symbol="HARBOR", decimals=1)
        await boss.set_id_window(id_window_ns=10**9, ids_max=5)
        status, ledger = await boss.status(), await boss.ledger()
    assert (status.ids_max, status.open_orders, len(status.digest)) == (5, 0, 32)
    assert status.durable_sequence == status.applied_sequence
    assert len(ledger.balances) == 4
    assert [total.deposited_atoms for total in ledger.totals] == [2 * DEPOSIT_ATOMS] * 2


async def test_the_blocking_client_does_the_same(venue: Venue) -> None:
    """Code without an event loop has the same calls, and streams as plain iterators."""

    def trade() -> tuple[int, list[int]]:
        with SyncClient(venue.address, api_key="alice-key") as client:
            client.place(market=MARKET, side="sell", price="7", quantity="2")
            answer = client.place(
                market=MARKET, side="buy", price="7", quantity="2", self_trade_prevention="none"
            )
            trades = []
            for execution in client.executions(1):
                if isinstance(execution.event, Filled):
                    trades.append(execution.event.trade_id)
                    if len(trades) == 2:
                        break
            return answer.filled_lots, trades

    assert await asyncio.to_thread(trade) == (2, [1, 1])


async def test_the_blocking_client_says_what_is_wrong_with_its_address() -> None:
    """A failed connect leaves no thread behind."""

    def connect() -> None:
        with SyncClient("127.0.0.1:1", api_key="any", timeout_seconds=0.1):
            raise AssertionError("unreachable")

    with pytest.raises(Unavailable):
        await asyncio.to_thread(connect)
