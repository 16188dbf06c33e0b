"""Mass quotes: one compound command replaces all of an account's quote in a market."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.core.commands import POST_ONLY, CommandKind, OrderType
from engine.core.events import EventKind
from engine.core.phases import Phase
from engine.core.rejects import CancelReason, Reject
from tests.contract.core.desk import BASE, MARKET, QUOTE, Desk, U, V


def test_a_quote_places_both_sides_with_one_answer(desk: Desk) -> None:
    """The answer counts what was placed, kept and cancelled; every order is told by itself."""
    outcome = desk.quote(U, [(5, 99, 6, 101), (7, 98, 8, 102)])
    assert EventKind.QUOTED == outcome.kind
    assert (4, 0, 0) == _counts(outcome.answer)
    assert [(5, 99, 1), (7, 98, 1)] == desk.bids
    assert [(6, 101, 1), (8, 102, 1)] == desk.asks
    assert {int(OrderType.QUOTE)} == {int(e["order_type"]) for e in outcome.of(EventKind.ACCEPTED)}


def test_a_new_quote_keeps_what_it_repeats_and_replaces_the_rest(desk: Desk) -> None:
    """Same price and no more lots keeps the place; more lots or another price loses it."""
    desk.quote(U, [(5, 99, 6, 101)])
    desk.buy(V, 4, 99)
    lowered = desk.quote(U, [(3, 99, 9, 101), (1, 97, 0, 0)])
    assert (2, 1, 1) == _counts(lowered.answer)
    assert [CancelReason.QUOTE_REPLACED] == [reason for _, _, reason in lowered.cancels]
    assert [(7, 99, 2), (1, 97, 1)] == desk.bids
    taken = desk.sell(V, 3, 99)
    assert [3] == [lots for lots, _, _ in taken.fills]
    assert desk.venue.order(taken.fills[0][2]).size == 0, "the quote was still first"


def test_an_empty_quote_takes_the_former_one_away(desk: Desk) -> None:
    """With no entries all of the quote is cancelled, and other orders stay."""
    desk.quote(U, [(5, 99, 6, 101)])
    desk.buy(U, 2, 98)
    assert (0, 0, 2) == _counts(desk.quote(U, []).answer)
    assert [(2, 98, 1)] == desk.bids
    assert [] == desk.asks


def test_a_quote_may_take_what_its_former_one_had_locked(
    make_desk: Callable[..., Desk],
) -> None:
    """Funds are checked as a whole, for each asset, with the former quote's locks given back."""
    desk = make_desk(funds_atoms=1_000)
    assert EventKind.QUOTED == desk.quote(U, [(10, 100, 1_000, 101)]).kind
    assert EventKind.QUOTED == desk.quote(U, [(5, 99, 1, 101), (5, 98, 999, 102)]).kind
    assert (15, 985, 0) == desk.venue.balance(U, QUOTE)
    assert Reject.INSUFFICIENT_FUNDS == desk.quote(U, [(5, 99, 1, 101), (6, 98, 1, 102)]).reject
    assert Reject.INSUFFICIENT_FUNDS == desk.quote(U, [(1, 9, 500, 101), (0, 0, 501, 102)]).reject
    assert (0, 1_000, 0) == desk.venue.balance(U, BASE)


def test_a_quote_that_is_wrong_anywhere_changes_nothing(desk: Desk) -> None:
    """One wrong entry refuses the whole, whatever the others say."""
    desk.quote(U, [(5, 99, 6, 101)])
    good = (5, 98, 6, 102)
    assert Reject.INVALID_PRICE == desk.quote(U, [good, (1, 98, 1, 103)]).reject
    assert Reject.INVALID_PRICE == desk.quote(U, [good, (1, 97, 1, 102)]).reject
    assert Reject.INVALID_PRICE == desk.quote(U, [good, (1, -97, 1, 103)]).reject
    assert Reject.INVALID_QUANTITY == desk.quote(U, [good, (0, 97, 1, 103)]).reject
    assert Reject.INVALID_QUANTITY == desk.quote(U, [good, (1, 0, 1, 103)]).reject
    assert Reject.NOTIONAL_TOO_LARGE == desk.quote(U, [good, (0, 0, 1 << 40, 1 << 30)]).reject
    assert Reject.QUOTE_CROSSES_ITSELF == desk.quote(U, [(1, 100, 1, 100)]).reject


def test_a_header_without_its_entries_and_an_entry_without_a_header_are_refused(
    desk: Desk,
) -> None:
    """A group is whole or nothing; the entries of a refused header have no answer of their own."""
    short = desk.quote(U, [(5, 99, 6, 101)], said=2)
    assert Reject.GROUP_INCOMPLETE == short.reject
    assert 1 == len(short.events)
    assert Reject.GROUP_INCOMPLETE == desk.run(CommandKind.QUOTE_ENTRY, bid_price_ticks=5).reject
    assert Reject.GROUP_INCOMPLETE == desk.quote(U, [], said=1_000).reject
    assert Reject.INVALID_FLAGS == desk.quote(U, [], flags=2).reject
    assert Reject.INVALID_SELF_TRADE_PREVENTION == desk.quote(U, [], self_trade_prevention=0).reject


def test_a_post_only_quote_is_refused_when_it_crosses_another_order(desk: Desk) -> None:
    """The account's own former quote does not count: it goes first."""
    desk.quote(U, [(5, 99, 6, 101)])
    assert EventKind.QUOTED == desk.quote(U, [(5, 102, 6, 104)], flags=POST_ONLY).kind
    desk.sell(V, 1, 103)
    crossing = desk.quote(U, [(5, 103, 6, 105)], flags=POST_ONLY)
    assert Reject.POST_ONLY_WOULD_CROSS == crossing.reject
    taking = desk.quote(U, [(5, 103, 6, 105)])
    assert [1] == [lots for lots, _, _ in taking.fills]
    assert [(4, 103, 1)] == desk.bids


def test_a_quote_is_taken_only_while_the_market_trades(desk: Desk) -> None:
    """In the phase for post-only orders a quote is to be post-only; in others it is refused."""
    desk.run(CommandKind.SET_PHASE, market_id=MARKET, phase=Phase.POST_ONLY)
    assert Reject.MARKET_PHASE == desk.quote(U, [(5, 99, 6, 101)]).reject
    assert EventKind.QUOTED == desk.quote(U, [(5, 99, 6, 101)], flags=POST_ONLY).kind
    desk.run(CommandKind.SET_PHASE, market_id=MARKET, phase=Phase.HALTED)
    assert Reject.MARKET_PHASE == desk.quote(U, [(5, 99, 6, 101)], flags=POST_ONLY).reject


@pytest.mark.slow
def test_a_quote_of_five_hundred_levels_is_one_command(desk: Desk) -> None:
    """A thousand orders are placed and then all moved, in one command each."""
    entries = [(1, 1_000 - i, 1, 1_001 + i) for i in range(500)]
    assert (1_000, 0, 0) == _counts(desk.quote(U, entries).answer)
    moved = [(1, 1_001 - i, 1, 1_002 + i) for i in range(500)]
    assert (2, 998, 2) == _counts(desk.quote(U, moved).answer)


def _counts(answer: object) -> tuple[int, ...]:
    names = ("quantity_lots", "filled_lots", "leaves_lots")
    return tuple(int(answer[name]) for name in names)  # type: ignore[index]
