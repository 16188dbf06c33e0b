"""Self-trade prevention, by account group, in every mode."""

from __future__ import annotations

import pytest

from engine.core.commands import CommandKind, SelfTradePrevention, TimeInForce
from engine.core.events import RESTING, EventKind
from engine.core.rejects import CancelReason, Reject
from tests.contract.core.desk import QUOTE, Desk, U, V, W

STP = SelfTradePrevention
FOK = TimeInForce.FOK


def test_cancel_maker_cancels_the_resting_order_and_goes_on(desk: Desk) -> None:
    """The resting order goes, with an event, and the incoming one trades on."""
    own = desk.sell(U, 3, 100).order_id
    desk.sell(V, 5, 100)
    taken = desk.buy(U, 5, 100, stp=STP.CANCEL_MAKER)
    assert [(own, 3, CancelReason.SELF_TRADE)] == taken.cancels
    assert int(taken.of(EventKind.CANCELLED)[0]["flags"]) & RESTING
    assert [fill[:2] for fill in taken.fills] == [(5, 100)]


def test_cancel_both_cancels_both(desk: Desk) -> None:
    """Both orders end at their meeting."""
    own = desk.sell(U, 3, 100).order_id
    desk.sell(V, 5, 100)
    taken = desk.buy(U, 5, 100, stp=STP.CANCEL_BOTH)
    assert [
        (own, 3, CancelReason.SELF_TRADE),
        (taken.order_id, 5, CancelReason.SELF_TRADE),
    ] == taken.cancels
    assert desk.asks == [(5, 100, 1)]


@pytest.mark.parametrize(("maker", "taker"), [(3, 5), (5, 3), (4, 4)])
def test_decrement_takes_the_smaller_from_both(desk: Desk, maker: int, taker: int) -> None:
    """Both lose the smaller leaves, the maker first, without a trade."""
    own = desk.sell(U, maker, 100).order_id
    met = desk.buy(U, taker, 100, stp=STP.DECREMENT)
    lots = min(maker, taker)
    assert [(own, lots, maker - lots), (met.order_id, lots, taker - lots)] == [
        (int(e["order_id"]), int(e["quantity_lots"]), int(e["leaves_lots"]))
        for e in met.of(EventKind.REDUCED)
    ]
    assert met.fills == []
    assert maker - lots == sum(level[0] for level in desk.asks)
    assert taker - lots == sum(level[0] for level in desk.bids)


def test_none_lets_an_account_trade_with_itself(desk: Desk) -> None:
    """Without prevention the two orders trade, and the account's total stays."""
    free, _, _ = desk.venue.balance(U, QUOTE)
    desk.sell(U, 5, 100)
    assert [f[:2] for f in desk.buy(U, 5, 100, stp=STP.NONE).fills] == [(5, 100)]
    assert (free, 0, 0) == desk.venue.balance(U, QUOTE)


def test_prevention_is_by_group(desk: Desk) -> None:
    """Two accounts of one group do not trade with each other."""
    for account in (11, 12):
        desk.run(CommandKind.DEFINE_ACCOUNT, account_id=account, group_id=77)
        desk.deposit(account, 1, 10_000)
        desk.deposit(account, 2, 10_000)
    desk.sell(11, 5, 100)
    assert desk.buy(12, 5, 100).cancels[0][2] == CancelReason.SELF_TRADE
    assert [f[:2] for f in desk.buy(V, 5, 100).fills] == [(5, 100)]


@pytest.mark.parametrize("mode", [STP.CANCEL_TAKER, STP.CANCEL_BOTH, STP.DECREMENT])
def test_fill_or_kill_behind_its_own_order_is_refused(desk: Desk, mode: STP) -> None:
    """A fill-or-kill order that would be stopped or reduced is refused whole."""
    desk.sell(U, 5, 100)
    desk.sell(W, 10, 100)
    killed = desk.buy(U, 10, 100, time_in_force=FOK, stp=mode)
    assert killed.reject == Reject.FILL_OR_KILL_NOT_FILLABLE
    assert desk.asks == [(15, 100, 2)]


def test_a_prevented_market_buy_frees_what_it_did_not_take(desk: Desk) -> None:
    """A market buy locks what it will take; prevention leaves nothing locked."""
    desk.sell(V, 5, 100)
    desk.sell(U, 5, 101)
    desk.buy(U, 10)
    assert desk.venue.balance(U, QUOTE)[1] == 0
