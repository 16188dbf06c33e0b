"""What a client gets back: frozen records, one a message of the contracts.

Prices are whole ticks, sizes whole lots, amounts whole atoms. `Market` turns them into decimal text
and back. Ids of clients are 128-bit integers; `uuid.UUID(int=client_id)` shows one as a UUID.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import (
    Allocation,
    CommandKind,
    LimitKind,
    OrderType,
    Side,
    TimeInForce,
)
from engine.core.phases import AuctionKind, Phase
from engine.core.rejects import CancelReason, Reject
from realstack.units import MarketUnits, amount_text


class AnswerStatus(IntEnum):
    """What became of a command."""

    ACCEPTED = 1
    REJECTED = 2
    DUPLICATE = 3  # the same id and body took effect before, once


class Liquidity(IntEnum):
    """Whether an account's order rested or arrived."""

    MAKER = 1
    TAKER = 2


class WithdrawalStep(IntEnum):
    """What happened to a withdrawal."""

    HELD = 1
    RELEASED = 2
    FINALIZED = 3


# --- instruments ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asset:
    """What balances are kept in; one unit is ``10**decimals`` atoms."""

    asset_id: int
    symbol: str
    decimals: int

    def text(self, atoms: int) -> str:
        """Print an amount in units."""
        return amount_text(atoms, self.decimals)


@dataclass(frozen=True, slots=True)
class Market:
    """A base asset priced in a quote asset; `units` turns text into ticks and lots and back."""

    market_id: int
    symbol: str
    base: Asset
    quote: Asset
    units: MarketUnits
    maker_fee_ppm: int
    taker_fee_ppm: int
    last_price_ticks: int  # 0: no trade yet
    phase: Phase = Phase.OPEN
    auction_kind: AuctionKind | None = None  # why a call is held
    auction_end_ns: int = 0  # when the call ends by itself; 0: no end is set
    band_ppm: int = 0  # how far from the last price a market order may trade; 0: no band
    volatility_ppm: int = 0  # how far a trade may be before it starts an auction; 0: no band
    auction_ms: int = 0  # how long such an auction lasts
    reference_price_ticks: int = 0
    allocation: Allocation = Allocation.FIFO  # how a price level is shared out
    minimum_allocation_lots: int = 0  # smaller shares are none; 0: any


@dataclass(frozen=True, slots=True)
class PhaseChange:
    """A market has entered a phase."""

    phase: Phase
    auction_kind: AuctionKind | None
    auction_end_ns: int  # 0: no end is set


@dataclass(frozen=True, slots=True)
class AuctionState:
    """What a call would trade, or trades, at one price; all zero when nothing would."""

    price_ticks: int
    volume_lots: int
    surplus_lots: int
    surplus_side: Side | None
    is_final: bool  # it trades now; else it is indicative


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A change of a market's status."""

    status_sequence: int
    market_id: int
    sequence: int
    time_ns: int
    change: PhaseChange | AuctionState


@dataclass(frozen=True, slots=True)
class Instruments:
    """All assets and markets at one venue sequence."""

    assets: Mapping[int, Asset]
    markets: Mapping[int, Market]
    as_of_sequence: int

    def find_market(self, market: str | int) -> Market | None:
        """Return the market of a symbol or an id."""
        if isinstance(market, int):
            return self.markets.get(market)
        found = (entry for entry in self.markets.values() if entry.symbol == market)
        return next(found, None)

    def find_asset(self, asset: str | int) -> Asset | None:
        """Return the asset of a symbol or an id."""
        if isinstance(asset, int):
            return self.assets.get(asset)
        return next((entry for entry in self.assets.values() if entry.symbol == asset), None)


# --- answers -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """The durable outcome of one command."""

    sequence: int  # the command's place in the venue's total order
    client_id: int
    status: AnswerStatus
    reject_code: Reject
    order_id: int  # of the order or withdrawal that the command made or changed
    filled_lots: int
    leaves_lots: int
    first_sequence: int  # of a duplicate: the command that took effect
    cancelled_count: int  # of a cancel all
    detail: str  # of a refusal: the field and the rule, or empty


@dataclass(frozen=True, slots=True)
class Quoted:
    """The durable outcome of a quote.

    Attributes:
        sequence: The command's place in the venue's total order.
        client_id: Of the quote and of all its orders.
        is_duplicate: The same quote had been taken before; the counts are then unknown and 0.
        placed_count: New orders that arrived.
        kept_count: Former orders that kept their places.
        cancelled_count: Former orders that were cancelled.
    """

    sequence: int
    client_id: int
    is_duplicate: bool
    placed_count: int
    kept_count: int
    cancelled_count: int


@dataclass(frozen=True, slots=True)
class Answers:
    """The durable outcomes of many commands: a numpy column a field, row i for command i."""

    sequence: NDArray[np.uint64]
    status: NDArray[np.uint8]  # AnswerStatus
    reject_code: NDArray[np.uint16]  # Reject
    order_id: NDArray[np.uint64]
    filled_lots: NDArray[np.int64]
    leaves_lots: NDArray[np.int64]
    first_sequence: NDArray[np.uint64]
    cancelled_count: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.sequence)

    def count(self, status: AnswerStatus) -> int:
        """Return how many commands ended so."""
        return int(np.count_nonzero(self.status == status))


# --- orders and balances -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderState:
    """An order as it stands after a command."""

    order_id: int
    client_id: int
    market_id: int
    side: Side
    price_ticks: int  # 0 for a market order
    filled_lots: int
    leaves_lots: int


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """A working order."""

    order: OrderState
    priority_sequence: int
    post_only: bool
    order_type: OrderType
    time_in_force: TimeInForce
    waiting: bool
    """A stop that waits for its trigger, or a parked peg; it is not on the book."""
    visible_lots: int
    """What it shows: less than its leaves for an iceberg, 0 when hidden or waiting."""
    trigger_price_ticks: int
    expire_time_ns: int
    """0 for never."""
    tag: int


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account has of an asset."""

    asset_id: int
    free_atoms: int
    locked_atoms: int
    held_atoms: int

    @property
    def total_atoms(self) -> int:
        """Free, locked and held together."""
        return self.free_atoms + self.locked_atoms + self.held_atoms


# --- executions ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Accepted:
    """An order was accepted; filled and leaves are those at the end of its command."""

    order: OrderState
    quantity_lots: int
    order_type: OrderType
    time_in_force: TimeInForce
    waiting: bool = False
    """A stop that waits for its trigger; it is not on the book."""
    trigger_price_ticks: int = 0


@dataclass(frozen=True, slots=True)
class Triggered:
    """A stop fired and arrived; filled and leaves are those after its own matching."""

    order: OrderState
    quantity_lots: int
    trigger_price_ticks: int


@dataclass(frozen=True, slots=True)
class Repriced:
    """A peg moved to another price; filled and leaves are those after what it traded there."""

    order: OrderState
    quantity_lots: int
    waiting: bool
    """It is parked, off the book: there is nothing to follow. The price is then its limit."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """An iceberg showed its next tranche."""

    order: OrderState
    visible_lots: int


@dataclass(frozen=True, slots=True)
class DeadlineNear:
    """Without a renewal before it ends, the orders of its tag (0: all) are cancelled."""

    tag: int
    end_time_ns: int


@dataclass(frozen=True, slots=True)
class Filled:
    """An order of the account traded."""

    order: OrderState
    trade_id: int
    price_ticks: int
    quantity_lots: int
    fee_atoms: int
    liquidity: Liquidity
    counter_order_id: int


@dataclass(frozen=True, slots=True)
class Cancelled:
    """An order left without trading its leaves."""

    order: OrderState
    cancelled_lots: int
    reason: CancelReason


@dataclass(frozen=True, slots=True)
class Replaced:
    """An order has a new price or total quantity."""

    order: OrderState
    quantity_lots: int
    kept_priority: bool


@dataclass(frozen=True, slots=True)
class Reduced:
    """Self-trade prevention took quantity from an order without a trade."""

    order: OrderState
    reduced_lots: int


@dataclass(frozen=True, slots=True)
class BalanceChanged:
    """A deposit or a withdrawal changed a balance; `balance` is the one after it."""

    balance: Balance
    cause: CommandKind
    amount_atoms: int
    withdrawal_id: int


ExecutionEvent = (
    Accepted
    | Filled
    | Cancelled
    | Replaced
    | Reduced
    | BalanceChanged
    | Triggered
    | Repriced
    | Refreshed
    | DeadlineNear
)


@dataclass(frozen=True, slots=True)
class Execution:
    """One change of an order or balance of the account, dense by `execution_sequence` from 1."""

    execution_sequence: int
    sequence: int
    time_ns: int
    event: ExecutionEvent


# --- public and settlement streams ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trade:
    """A public trade."""

    trade_id: int
    market_id: int
    price_ticks: int
    quantity_lots: int
    aggressor_side: Side
    sequence: int
    time_ns: int


@dataclass(frozen=True, slots=True)
class DayStatistics:
    """What a market did in one day of UTC; prices are zero when it had no trade."""

    market_id: int
    day_open_time_ns: int
    open_ticks: int
    high_ticks: int
    low_ticks: int
    close_ticks: int
    volume_lots: int
    trade_count: int
    vwap_numerator: int
    first_trade_id: int
    last_trade_id: int
    previous_close_ticks: int

    @property
    def vwap_ticks(self) -> Fraction | None:
        """The volume-weighted average price, exact; None without a trade."""
        return Fraction(self.vwap_numerator, self.volume_lots) if self.trade_count else None


@dataclass(frozen=True, slots=True)
class Top:
    """The best bid and ask as price and quantity, None when a side is empty."""

    market_id: int
    book_sequence: int
    sequence: int
    time_ns: int
    bid: tuple[int, int] | None
    ask: tuple[int, int] | None
    last_price_ticks: int


@dataclass(frozen=True, slots=True)
class Fill:
    """A trade as settlement needs it: who owes what to whom."""

    trade_id: int
    sequence: int
    time_ns: int
    market_id: int
    base_asset_id: int
    quote_asset_id: int
    buyer_account_id: int
    seller_account_id: int
    base_atoms: int
    quote_atoms: int
    buyer_fee_atoms: int
    seller_fee_atoms: int
    price_ticks: int
    quantity_lots: int
    aggressor_side: Side


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A step of a withdrawal."""

    withdrawal_id: int
    account_id: int
    asset_id: int
    amount_atoms: int
    step: WithdrawalStep
    sequence: int
    last_trade_id: int


# --- the whole venue -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LedgerBalance:
    """One account's balance in the ledger."""

    account_id: int
    balance: Balance


@dataclass(frozen=True, slots=True)
class LedgerTotal:
    """Totals of an asset: balances plus fees are deposits less finalized withdrawals."""

    asset_id: int
    deposited_atoms: int
    withdrawn_atoms: int
    fee_atoms: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every balance at one durable sequence."""

    sequence: int
    last_trade_id: int
    balances: tuple[LedgerBalance, ...]
    totals: tuple[LedgerTotal, ...]


@dataclass(frozen=True, slots=True)
class VenueStatus:
    """The venue's state at its durable sequence."""

    durable_sequence: int
    applied_sequence: int
    digest: str
    open_orders: int
    trades: int
    queue_depth: int
    ids_remembered: int
    id_window_ns: int
    ids_max: int
    id_floor_time_ns: int
    front: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit in force; account or market 0 stands for each.

    Attributes:
        kind: What it bounds.
        value: The most that is allowed, in the unit of the kind.
        window_ns: Of MESSAGES: the time in which so many are allowed; else 0.
    """

    account_id: int
    market_id: int
    kind: LimitKind
    value: int
    window_ns: int


@dataclass(frozen=True, slots=True)
class Controls:
    """The limits and kill switches in force.

    Attributes:
        limits: By account, market and kind.
        killed_accounts: Their ids.
        killed_markets: Their ids.
        is_venue_killed: Whether the whole venue was stopped.
        as_of_sequence: The durable venue sequence that this reflects.
    """

    limits: tuple[Limit, ...]
    killed_accounts: tuple[int, ...]
    killed_markets: tuple[int, ...]
    is_venue_killed: bool
    as_of_sequence: int
