"""What the venue remembers: plain records without behaviour."""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.commands import HIDDEN, Allocation, Side
from engine.core.phases import Phase


@dataclass(slots=True)
class Order:
    """A working (or arriving) order; its total quantity is filled plus leaves."""

    order_id: int
    account_id: int
    market_id: int
    side: Side
    order_type: int
    time_in_force: int
    self_trade_prevention: int
    flags: int
    price_ticks: int
    leaves_lots: int
    client_id_low: int
    client_id_high: int
    filled_lots: int = 0
    priority_sequence: int = 0
    fee_credit_ppm: int = 0
    locked_atoms: int = 0
    own_limit_ticks: int | None = None  # the worst price it allows on arrival; None: any
    limit_ticks: int | None = None  # the same, but not beyond the dynamic band
    tag: int = 0
    expire_time_ns: int = 0
    display_lots: int = 0
    visible_lots: int = 0  # of an iceberg on the book
    trigger_price_ticks: int = 0
    trail_ticks: int = 0
    trail_ppm: int = 0
    extreme_ticks: int = 0  # of a trailing stop: the best price since it was accepted
    is_waiting: bool = False

    @property
    def is_hidden(self) -> bool:
        """Whether it rests unseen."""
        return self.flags & HIDDEN != 0

    @property
    def open_lots(self) -> int:
        """What an arriving order meets at once of a resting order."""
        return self.visible_lots if self.display_lots else self.leaves_lots

    @property
    def seen_lots(self) -> int:
        """What a resting order adds to the seen book."""
        return 0 if self.is_hidden or self.is_waiting else self.open_lots

    @property
    def special(self) -> tuple[int, ...]:
        """What only special orders have, as the digest has it."""
        return (
            self.tag,
            self.expire_time_ns,
            self.display_lots,
            self.visible_lots,
            self.trigger_price_ticks,
            self.trail_ticks,
            self.trail_ppm,
            self.extreme_ticks,
            self.is_waiting,
        )

    @property
    def packed(self) -> int:
        """The small fields in one word, as the digest has them."""
        return (
            self.side
            | self.order_type << 8
            | self.time_in_force << 16
            | self.self_trade_prevention << 24
            | self.flags << 32
        )


@dataclass(slots=True)
class Balance:
    """An account's balance of one asset, in atoms."""

    free: int = 0
    locked: int = 0
    held: int = 0


@dataclass(slots=True)
class Asset:
    """An asset and its totals, in atoms."""

    asset_id: int
    decimals: int
    symbol_low: int
    symbol_high: int
    deposited: int = 0
    withdrawn: int = 0
    fees: int = 0


@dataclass(frozen=True, slots=True)
class Indication:
    """What an uncross would do now; all zero when nothing would trade."""

    price_ticks: int = 0
    volume_lots: int = 0
    surplus_lots: int = 0
    surplus_side: int = 0


@dataclass(slots=True)
class Market:
    """A market's definition and its last price."""

    market_id: int
    base_asset_id: int
    quote_asset_id: int
    quote_atoms_per_tick_lot: int
    base_atoms_per_lot: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    symbol_low: int
    symbol_high: int
    band_ppm: int = 0
    allocation: int = Allocation.FIFO
    minimum_allocation_lots: int = 0
    epoch: int = 1
    last_price_ticks: int = 0
    reference_price_ticks: int = 0
    volatility_ppm: int = 0
    auction_ms: int = 0
    initial_phase: int = Phase.OPEN
    phase: int = Phase.OPEN
    auction_kind: int = 0
    auction_end_ns: int = 0  # 0: no end is set
    indication: Indication = Indication()  # the last one told
    missed_low_ticks: int = 0  # the extremes of auction prices since it was last open
    missed_high_ticks: int = 0
    is_killed: bool = False

    @property
    def fee_ppm_max(self) -> int:
        """The higher of the two fees: what a resting buy locks for."""
        return max(self.maker_fee_ppm, self.taker_fee_ppm)


@dataclass(slots=True)
class Withdrawal:
    """Funds held for a withdrawal in flight."""

    withdrawal_id: int
    account_id: int
    asset_id: int
    amount_atoms: int
