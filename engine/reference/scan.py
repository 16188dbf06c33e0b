"""The digest by a full scan, and the invariants that hold after every command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.core.commands import Side
from engine.core.digest import MASK128, Tag, record_hash
from engine.core.invariants import check
from engine.core.phases import Phase
from engine.reference.money import lock_asset_id, lock_required

if TYPE_CHECKING:
    from engine.reference.venue import ReferenceVenue


def digest_scan(venue: ReferenceVenue) -> int:
    """Sum the hashes of all records (see `engine.core.digest`)."""
    hashes = (record_hash(tag, words) for tag, words in records(venue))
    return sum(hashes) & MASK128


def records(venue: ReferenceVenue) -> Iterator[tuple[Tag, tuple[int, ...]]]:
    """List every record of the state with its tag and words."""
    for (account_id, asset_id), balance in venue.ledger.items():
        yield Tag.BALANCE, (account_id, asset_id, balance.free, balance.locked, balance.held)
    yield from _order_records(venue)
    yield from _level_records(venue)
    for (account_id, low, high), entry in venue.ids.entries.items():
        yield (
            Tag.CLIENT_ID,
            (
                account_id,
                low,
                high,
                entry.body_hash,
                entry.order_id,
                entry.sequence,
                entry.accepted_time_ns,
                entry.sent_time_ns,
            ),
        )
    yield from _definition_records(venue)


def _order_records(venue: ReferenceVenue) -> Iterator[tuple[Tag, tuple[int, ...]]]:
    for order in venue.orders_by_id.values():
        yield (
            Tag.ORDER,
            (
                order.order_id,
                order.account_id,
                order.market_id,
                order.packed,
                order.price_ticks,
                order.filled_lots,
                order.leaves_lots,
                order.priority_sequence,
                order.fee_credit_ppm,
                order.client_id_low,
                order.client_id_high,
                *(order.special if any(order.special) else ()),
            ),
        )


def _level_records(venue: ReferenceVenue) -> Iterator[tuple[Tag, tuple[int, ...]]]:
    for market_id, book in venue.books.items():
        for side in Side:
            for price, orders in book.levels(side):
                seen = [order.open_lots for order in orders if not order.is_hidden]
                hidden = [order.leaves_lots for order in orders if order.is_hidden]
                words = (market_id, side, price, sum(seen), len(seen))
                yield Tag.LEVEL, (*words, sum(hidden), len(hidden)) if hidden else words


def _definition_records(venue: ReferenceVenue) -> Iterator[tuple[Tag, tuple[int, ...]]]:
    for item in venue.withdrawals.values():
        yield (
            Tag.WITHDRAWAL,
            (item.withdrawal_id, item.account_id, item.asset_id, item.amount_atoms),
        )
    for asset in venue.assets_by_id.values():
        yield (
            Tag.ASSET,
            (
                asset.asset_id,
                asset.decimals,
                asset.symbol_low,
                asset.symbol_high,
                asset.deposited,
                asset.withdrawn,
                asset.fees,
            ),
        )
    for market in venue.markets_by_id.values():
        yield (
            Tag.MARKET,
            (
                market.market_id,
                market.base_asset_id,
                market.quote_asset_id,
                market.quote_atoms_per_tick_lot,
                market.base_atoms_per_lot,
                market.maker_fee_ppm,
                market.taker_fee_ppm,
                market.symbol_low,
                market.symbol_high,
                market.last_price_ticks,
                market.band_ppm,
                market.reference_price_ticks,
                market.volatility_ppm,
                market.auction_ms,
                market.initial_phase,
                market.phase,
                market.auction_kind,
                market.auction_end_ns,
                market.indication.price_ticks,
                market.indication.volume_lots,
                market.indication.surplus_lots,
                market.indication.surplus_side,
                market.missed_low_ticks,
                market.missed_high_ticks,
                market.allocation,
                market.minimum_allocation_lots,
                market.epoch,
                market.is_killed,
            ),
        )
    yield from _control_records(venue)
    ids = venue.ids
    yield (
        Tag.VENUE,
        (
            venue.next_order_id,
            venue.next_trade_id,
            ids.window_ns,
            ids.ids_max,
            ids.floor_time_ns,
            venue.next_priority,
            venue.is_killed,
        ),
    )


def _control_records(venue: ReferenceVenue) -> Iterator[tuple[Tag, tuple[int, ...]]]:
    for account_id, group_id in venue.groups.items():
        yield Tag.ACCOUNT, (account_id, group_id, account_id in venue.killed_accounts)
    for limit_key, limit in venue.limits_by_key.items():
        yield Tag.LIMIT, (*limit_key, limit.value, limit.window_ns, limit.used_to_ns)
    for key, deadline in venue.deadlines.items():
        yield Tag.DEADLINE, (*key, deadline.timeout_ns, deadline.end_ns, deadline.is_near)


def validate(venue: ReferenceVenue) -> None:
    """Check every invariant of the state.

    Raises:
        BrokenInvariant: With the first one that does not hold.
    """
    _validate_books(venue)
    _validate_locks(venue)
    _validate_conservation(venue)


def _validate_books(venue: ReferenceVenue) -> None:
    resting = 0
    for market_id, book in venue.books.items():
        bid, ask = book.best_price(Side.BUY), book.best_price(Side.SELL)
        may_cross = venue.markets_by_id[market_id].phase not in {Phase.OPEN, Phase.POST_ONLY}
        crossed = bid is not None and ask is not None and bid >= ask
        check(may_cross or not crossed, f"book {market_id} is not crossed")
        for side in Side:
            for price, orders in book.levels(side):
                priorities = {order.priority_sequence for order in orders}
                check(len(orders) > 0, "a level has orders")
                check(len(priorities) == len(orders), "no two orders share a priority")
                for order in orders:
                    check(0 < order.open_lots <= order.leaves_lots, "a resting order is open")
                    check(not order.is_waiting, "a waiting order is not on a book")
                    check(order.price_ticks == price, "an order rests at its price")
                    check(venue.orders_by_id.get(order.order_id) is order, "it is in the index")
                    resting += 1
    check(
        resting + len(venue.waiting) == len(venue.orders_by_id),
        "every order in the index rests or waits",
    )
    for order in venue.orders_by_id.values():
        check(order.is_waiting == (order.order_id in venue.waiting), "a waiting order is listed")
        timed = order.expire_time_ns != 0
        check(timed == (order.order_id in venue.timed), "an order with an expiry is listed")
    check(not venue.fired, "what a command triggered is worked")


def _validate_locks(venue: ReferenceVenue) -> None:
    locked: Counter[tuple[int, int]] = Counter()
    held: Counter[tuple[int, int]] = Counter()
    for order in venue.orders_by_id.values():
        market = venue.markets_by_id[order.market_id]
        check(order.locked_atoms == lock_required(market, order), "an order locks what it needs")
        locked[order.account_id, lock_asset_id(market, order.side)] += order.locked_atoms
    for item in venue.withdrawals.values():
        held[item.account_id, item.asset_id] += item.amount_atoms
    for key, balance in venue.ledger.items():
        check(balance.free >= 0, "free is not negative")
        check(balance.locked == locked.pop(key, 0), "locked is the sum of the orders' locks")
        check(balance.held == held.pop(key, 0), "held is the sum of open withdrawals")
    check(not +locked and not +held, "every lock and hold has a balance")


def _validate_conservation(venue: ReferenceVenue) -> None:
    totals: Counter[int] = Counter()
    for (_, asset_id), balance in venue.ledger.items():
        totals[asset_id] += balance.free + balance.locked + balance.held
    for asset in venue.assets_by_id.values():
        check(
            totals[asset.asset_id] + asset.fees == asset.deposited - asset.withdrawn,
            "balances and fees are deposits less withdrawals",
        )
