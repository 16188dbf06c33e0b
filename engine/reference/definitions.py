"""Definitions of assets, markets, accounts and the id window."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from engine.core.commands import Allocation, CommandKind
from engine.core.digest import GROUP_OWN
from engine.core.events import ANSWER, EXISTED, EventKind
from engine.core.limits import (
    ACCOUNT_ID_MAX,
    ASSET_ID_MAX,
    AUCTION_MS_MAX,
    BAND_PPM_MAX,
    DECIMALS_MAX,
    FEE_PPM_MAX,
    ID_WINDOW_NS_MAX,
    ID_WINDOW_NS_MIN,
    IDS_MAX_LIMIT,
    MARKET_ID_MAX,
    PRICE_TICKS_MAX,
    QUANTITY_LOTS_MAX,
    UNIT_ATOMS_MAX,
)
from engine.core.phases import Phase
from engine.core.rejects import Reject
from engine.reference.book import Book
from engine.reference.command import Command
from engine.reference.event import Events
from engine.reference.state import Asset, Market
from engine.reference.triggers import fire_by_reference

if TYPE_CHECKING:
    from engine.reference.venue import ReferenceVenue

_SYMBOL_BYTES = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")


class _Named(Protocol):
    symbol_low: int
    symbol_high: int


def symbol_is_valid(low: int, high: int) -> bool:
    """Tell whether a symbol is 1 to 16 characters of A-Z, 0-9, dot and hyphen, zero padded."""
    text = (low.to_bytes(8, "little") + high.to_bytes(8, "little")).rstrip(b"\0")
    return len(text) > 0 and all(byte in _SYMBOL_BYTES for byte in text)


def _symbol_taken(named: Iterable[_Named], low: int, high: int) -> bool:
    return any((item.symbol_low, item.symbol_high) == (low, high) for item in named)


def answer(command: Command, events: Events, *, existed: bool, market_id: int = 0) -> None:
    """Tell that a definition holds."""
    events.add(
        EventKind.DEFINED,
        code=command.kind,
        flags=ANSWER | (EXISTED if existed else 0),
        account_id=command.account_id,
        market_id=market_id,
    )


def define_asset(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Define an asset, or accept the same definition again."""
    low, high = command.target_client_id
    known = venue.assets_by_id.get(command.asset_id)
    if known is not None:
        same = (known.decimals, known.symbol_low, known.symbol_high) == (
            command.price_ticks,
            low,
            high,
        )
        if not same:
            return Reject.ALREADY_DEFINED
        answer(command, events, existed=True, market_id=command.asset_id)
        return Reject.NONE
    if _symbol_taken(venue.assets_by_id.values(), low, high):
        return Reject.ALREADY_DEFINED
    if (
        not 1 <= command.asset_id <= ASSET_ID_MAX
        or not 0 <= command.price_ticks <= DECIMALS_MAX
        or not symbol_is_valid(low, high)
    ):
        return Reject.INVALID_PARAMETER
    venue.assets_by_id[command.asset_id] = Asset(command.asset_id, command.price_ticks, low, high)
    answer(command, events, existed=False, market_id=command.asset_id)
    return Reject.NONE


def define_market(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Define a market, or accept the same definition again."""
    low, high = command.target_client_id
    market = Market(
        market_id=command.market_id,
        base_asset_id=command.asset_id,
        quote_asset_id=command.quote_asset_id,
        quote_atoms_per_tick_lot=command.price_ticks,
        base_atoms_per_lot=command.quantity_lots,
        maker_fee_ppm=command.maker_fee_ppm,
        taker_fee_ppm=command.taker_fee_ppm,
        symbol_low=low,
        symbol_high=high,
        band_ppm=command.band_ppm,
        volatility_ppm=command.volatility_ppm,
        auction_ms=command.auction_ms,
        initial_phase=command.initial_phase or Phase.OPEN,
        phase=command.initial_phase or Phase.OPEN,
        allocation=command.allocation or Allocation.FIFO,
        minimum_allocation_lots=command.minimum_allocation_lots,
    )
    if not {market.base_asset_id, market.quote_asset_id} <= venue.assets_by_id.keys():
        return Reject.UNKNOWN_ASSET
    known = venue.markets_by_id.get(command.market_id)
    if known is not None:
        if _definition(market) != _definition(known):
            return Reject.ALREADY_DEFINED
        answer(command, events, existed=True, market_id=command.market_id)
        return Reject.NONE
    if _symbol_taken(venue.markets_by_id.values(), low, high):
        return Reject.ALREADY_DEFINED
    if not _market_is_valid(market):
        return Reject.INVALID_PARAMETER
    venue.markets_by_id[command.market_id] = market
    venue.books[command.market_id] = Book()
    answer(command, events, existed=False, market_id=command.market_id)
    return Reject.NONE


def _definition(market: Market) -> tuple[int, ...]:
    """Give what a market was defined with; it has changing state beside that."""
    return (
        market.base_asset_id,
        market.quote_asset_id,
        market.quote_atoms_per_tick_lot,
        market.base_atoms_per_lot,
        market.maker_fee_ppm,
        market.taker_fee_ppm,
        market.symbol_low,
        market.symbol_high,
        market.band_ppm,
        market.volatility_ppm,
        market.auction_ms,
        market.initial_phase,
        market.allocation,
        market.minimum_allocation_lots,
    )


def _market_is_valid(market: Market) -> bool:
    return (
        1 <= market.market_id <= MARKET_ID_MAX
        and market.base_asset_id != market.quote_asset_id
        and 1 <= market.quote_atoms_per_tick_lot <= UNIT_ATOMS_MAX
        and 1 <= market.base_atoms_per_lot <= UNIT_ATOMS_MAX
        and market.fee_ppm_max <= FEE_PPM_MAX
        and market.band_ppm <= BAND_PPM_MAX
        and market.volatility_ppm <= BAND_PPM_MAX
        and (market.volatility_ppm != 0) == (market.auction_ms != 0)
        and market.auction_ms <= AUCTION_MS_MAX
        and market.initial_phase in set(Phase)
        and _allocation_is_valid(market)
        and symbol_is_valid(market.symbol_low, market.symbol_high)
    )


def _allocation_is_valid(market: Market) -> bool:
    """Tell whether the rule is known; a least share is for shares, by time there are none."""
    by_share = market.allocation == Allocation.PRO_RATA
    return market.allocation in set(Allocation) and (
        0 <= market.minimum_allocation_lots <= by_share * QUANTITY_LOTS_MAX
    )


def define_account(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Define an account, or accept the same definition again."""
    group = command.words[10] & 0xFFFFFFFF or GROUP_OWN + command.account_id
    known = venue.groups.get(command.account_id)
    if known is not None and known != group:
        return Reject.ALREADY_DEFINED
    if not 1 <= command.account_id <= ACCOUNT_ID_MAX:
        return Reject.INVALID_PARAMETER
    venue.groups[command.account_id] = group
    answer(command, events, existed=known is not None)
    return Reject.NONE


def set_id_window(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Set how long and how many client ids are remembered."""
    if (
        not ID_WINDOW_NS_MIN <= command.price_ticks <= ID_WINDOW_NS_MAX
        or not 1 <= command.quantity_lots <= IDS_MAX_LIMIT
    ):
        return Reject.INVALID_PARAMETER
    venue.ids.window_ns = command.price_ticks
    venue.ids.ids_max = command.quantity_lots
    answer(command, events, existed=False)
    return Reject.NONE


def tick(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Let time pass: what is due was done before the command."""
    answer(command, events, existed=False)
    return Reject.NONE


def set_reference_price(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Set the price that stops with TRIGGER_REFERENCE watch."""
    market = venue.markets_by_id.get(command.market_id)
    if market is None:
        return Reject.UNKNOWN_MARKET
    if not 1 <= command.price_ticks <= PRICE_TICKS_MAX:
        return Reject.INVALID_PRICE
    market.reference_price_ticks = command.price_ticks
    answer(command, events, existed=False, market_id=command.market_id)
    fire_by_reference(venue, market)
    return Reject.NONE


DEFINERS = {
    CommandKind.DEFINE_ASSET: define_asset,
    CommandKind.DEFINE_MARKET: define_market,
    CommandKind.DEFINE_ACCOUNT: define_account,
    CommandKind.SET_ID_WINDOW: set_id_window,
    CommandKind.TICK: tick,
    CommandKind.SET_REFERENCE_PRICE: set_reference_price,
}
