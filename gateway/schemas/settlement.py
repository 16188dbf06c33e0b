"""Settlement and status: batches, the reconciliation's verdict, rates and links."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from gateway.schemas.market import PhaseName

SettlementStateName = Literal[
    "queued",
    "netted",
    "signed",
    "in_flight",
    "confirmed",
    "final",
    "expired",
    "failed",
    "parked",
    "unknown",
]


class Transfer(Struct, kw_only=True, frozen=True):
    """A token transfer of a batch; account 0 collects the fees."""

    asset: str
    amount: str
    from_account: int
    to_account: int
    from_name: str
    to_name: str


class Batch(Struct, kw_only=True, frozen=True):
    """A settlement batch: one atomic transaction."""

    batch_id: int
    state: SettlementStateName
    trade_count: int
    first_trade_id: int | None
    last_trade_id: int | None
    transfers: list[Transfer]
    signature: str | None
    transaction_bytes: int
    last_valid_block_height: int
    reason: str | None
    updated_time: str | None
    attempts: int


class Batches(Struct, kw_only=True, frozen=True):
    """Batches, newest first."""

    batches: list[Batch]
    next_page_token: str | None


class Difference(Struct, kw_only=True, frozen=True):
    """A token account whose chain balance is not what the ledger says."""

    account: int
    account_name: str
    asset: str
    expected: str
    chain: str


class Reconciliation(Struct, kw_only=True, frozen=True):
    """The last comparison of the ledger with the chain."""

    verdict: Literal["equal", "different", "not_done"]
    as_of_seq: int
    time: str | None
    accounts: int
    assets: int
    differences: list[Difference]
    fills_pending: int
    withdrawals_halted: bool


class Rates(Struct, kw_only=True, frozen=True):
    """What the venue did in the last seconds, as whole numbers."""

    commands_per_second: int
    trades_per_second: int
    batches_per_minute: int
    window_seconds: int


class Link(Struct, kw_only=True, frozen=True):
    """A part that the gateway depends on."""

    up: bool
    since: str | None


class Links(Struct, kw_only=True, frozen=True):
    """The parts behind the gateway."""

    engine: Link
    market: Link
    settlement: Link


class Status(Struct, kw_only=True, frozen=True):
    """The venue at a glance; `phases` is what each market does now, by symbol."""

    time: str
    as_of_seq: int
    last_trade_id: int
    feed_lag_us: int | None
    rates: Rates
    links: Links
    batches_by_state: dict[str, int]
    last_batch_id: int
    reconciliation: Reconciliation
    sockets: int
    phases: dict[str, PhaseName]
