"""Messages of the contracts to the records that a client gets."""

from __future__ import annotations

from engine.core.commands import Allocation, CommandKind, LimitKind, OrderType, Side, TimeInForce
from engine.core.phases import AuctionKind, Phase
from engine.core.rejects import CancelReason, Reject
from realstack.admin.v1 import admin_pb2
from realstack.client.records import (
    Accepted,
    Answer,
    AnswerStatus,
    Asset,
    AuctionState,
    Balance,
    BalanceChanged,
    Cancelled,
    Controls,
    DayStatistics,
    DeadlineNear,
    Execution,
    ExecutionEvent,
    Fill,
    Filled,
    Instruments,
    Ledger,
    LedgerBalance,
    LedgerTotal,
    Limit,
    Liquidity,
    Market,
    OpenOrder,
    OrderState,
    PhaseChange,
    Reduced,
    Refreshed,
    Replaced,
    Repriced,
    StatusChange,
    Top,
    Trade,
    Triggered,
    VenueStatus,
    Withdrawal,
    WithdrawalStep,
)
from realstack.common.v1 import common_pb2
from realstack.marketdata.v1 import marketdata_pb2
from realstack.settlement.v1 import settlement_pb2
from realstack.trading.v1 import trading_pb2
from realstack.units import MarketUnits


def client_id_from(message: common_pb2.ClientId) -> int:
    """Return a 128-bit client id."""
    return message.high << 64 | message.low


def instruments_from(message: marketdata_pb2.ListInstrumentsResponse) -> Instruments:
    """Return all assets and markets."""
    assets = {
        asset.asset_id: Asset(asset.asset_id, asset.symbol, asset.decimals)
        for asset in message.assets
    }
    markets = {market.market_id: market_from(market, assets) for market in message.markets}
    return Instruments(assets, markets, message.as_of_sequence)


def market_from(message: marketdata_pb2.Market, assets: dict[int, Asset]) -> Market:
    """Return a market with its two assets."""
    base, quote = assets[message.base_asset_id], assets[message.quote_asset_id]
    return Market(
        market_id=message.market_id,
        symbol=message.symbol,
        base=base,
        quote=quote,
        units=MarketUnits(
            quote_atoms_per_tick_lot=message.quote_atoms_per_tick_lot,
            base_atoms_per_lot=message.base_atoms_per_lot,
            base_decimals=base.decimals,
            quote_decimals=quote.decimals,
        ),
        maker_fee_ppm=message.maker_fee_ppm,
        taker_fee_ppm=message.taker_fee_ppm,
        last_price_ticks=message.last_price_ticks,
        phase=Phase(message.phase),
        auction_kind=AuctionKind(message.auction_kind) if message.auction_kind else None,
        auction_end_ns=message.auction_end_ns,
        band_ppm=message.band_ppm,
        volatility_ppm=message.volatility_ppm,
        auction_ms=message.auction_ms,
        reference_price_ticks=message.reference_price_ticks,
        allocation=Allocation(message.allocation),
        minimum_allocation_lots=message.minimum_allocation_lots,
    )


def answer_from(message: trading_pb2.Answer) -> Answer:
    """Read the outcome of one command."""
    return Answer(
        sequence=message.sequence,
        client_id=client_id_from(message.client_id),
        status=AnswerStatus(message.status),
        reject_code=Reject(message.reject_code),
        order_id=message.order_id,
        filled_lots=message.filled_lots,
        leaves_lots=message.leaves_lots,
        first_sequence=message.first_sequence,
        cancelled_count=message.cancelled_count,
        detail=message.detail,
    )


def order_from(message: trading_pb2.OrderState) -> OrderState:
    """Return an order as it stands."""
    return OrderState(
        order_id=message.order_id,
        client_id=client_id_from(message.client_id),
        market_id=message.market_id,
        side=Side(message.side),
        price_ticks=message.price_ticks,
        filled_lots=message.filled_lots,
        leaves_lots=message.leaves_lots,
    )


def open_order_from(message: trading_pb2.OpenOrder) -> OpenOrder:
    """Return a working order."""
    return OpenOrder(
        order=order_from(message.order),
        priority_sequence=message.priority_sequence,
        post_only=message.post_only,
        order_type=OrderType(message.order_type),
        time_in_force=TimeInForce(message.time_in_force),
        waiting=message.waiting,
        visible_lots=message.visible_lots,
        trigger_price_ticks=message.trigger_price_ticks,
        expire_time_ns=message.expire_time_ns,
        tag=message.tag,
    )


def balance_from(message: trading_pb2.Balance) -> Balance:
    """Return a balance."""
    return Balance(message.asset_id, message.free_atoms, message.locked_atoms, message.held_atoms)


def execution_from(message: trading_pb2.Execution) -> Execution:
    """Return an execution.

    Raises:
        ValueError: It says nothing that this client knows.
    """
    return Execution(
        message.execution_sequence, message.sequence, message.time_ns, event_from(message)
    )


def event_from(message: trading_pb2.Execution) -> ExecutionEvent:
    """Return what an execution tells.

    Raises:
        ValueError: It says nothing that this client knows.
    """
    kind = message.WhichOneof("event")
    if kind == "accepted":
        return accepted_from(message.accepted)
    if kind == "filled":
        return filled_from(message.filled)
    if kind == "cancelled":
        order = order_from(message.cancelled.order)
        reason = CancelReason(message.cancelled.reason)
        return Cancelled(order, message.cancelled.cancelled_lots, reason)
    if kind == "replaced":
        order = order_from(message.replaced.order)
        return Replaced(order, message.replaced.quantity_lots, message.replaced.kept_priority)
    if kind == "reduced":
        return Reduced(order_from(message.reduced.order), message.reduced.reduced_lots)
    if kind == "triggered":
        return triggered_from(message.triggered)
    if kind == "repriced":
        order = order_from(message.repriced.order)
        return Repriced(order, message.repriced.quantity_lots, message.repriced.waiting)
    if kind == "refreshed":
        return Refreshed(order_from(message.refreshed.order), message.refreshed.visible_lots)
    if kind == "deadline_near":
        return DeadlineNear(message.deadline_near.tag, message.deadline_near.end_time_ns)
    if kind == "balance":
        return balance_changed_from(message.balance)
    raise ValueError(f"execution {message.execution_sequence} tells nothing that is known here")


def accepted_from(message: trading_pb2.OrderAccepted) -> Accepted:
    """Return an acceptance."""
    return Accepted(
        order=order_from(message.order),
        quantity_lots=message.quantity_lots,
        order_type=OrderType(message.order_type),
        time_in_force=TimeInForce(message.time_in_force),
        waiting=message.waiting,
        trigger_price_ticks=message.trigger_price_ticks,
    )


def triggered_from(message: trading_pb2.OrderTriggered) -> Triggered:
    """Return that a stop fired."""
    return Triggered(
        order=order_from(message.order),
        quantity_lots=message.quantity_lots,
        trigger_price_ticks=message.trigger_price_ticks,
    )


def filled_from(message: trading_pb2.OrderFilled) -> Filled:
    """Return a fill of one of the account's orders."""
    return Filled(
        order=order_from(message.order),
        trade_id=message.trade_id,
        price_ticks=message.price_ticks,
        quantity_lots=message.quantity_lots,
        fee_atoms=message.fee_atoms,
        liquidity=Liquidity(message.liquidity),
        counter_order_id=message.counter_order_id,
    )


def balance_changed_from(message: trading_pb2.BalanceChanged) -> BalanceChanged:
    """Return a change of a balance."""
    return BalanceChanged(
        balance=balance_from(message.balance),
        cause=CommandKind(message.cause),
        amount_atoms=message.amount_atoms,
        withdrawal_id=message.withdrawal_id,
    )


def trade_from(message: marketdata_pb2.Trade) -> Trade:
    """Return a public trade."""
    return Trade(
        trade_id=message.trade_id,
        market_id=message.market_id,
        price_ticks=message.price_ticks,
        quantity_lots=message.quantity_lots,
        aggressor_side=Side(message.aggressor_side),
        sequence=message.sequence,
        time_ns=message.time_ns,
    )


def statistics_from(message: marketdata_pb2.Statistics) -> DayStatistics:
    """Return what a market did in a day."""
    return DayStatistics(
        market_id=message.market_id,
        day_open_time_ns=message.day_open_time_ns,
        open_ticks=message.open_ticks,
        high_ticks=message.high_ticks,
        low_ticks=message.low_ticks,
        close_ticks=message.close_ticks,
        volume_lots=message.volume_lots,
        trade_count=message.trade_count,
        vwap_numerator=int(message.vwap_numerator),
        first_trade_id=message.first_trade_id,
        last_trade_id=message.last_trade_id,
        previous_close_ticks=message.previous_close_ticks,
    )


def top_from(message: marketdata_pb2.TopOfBook) -> Top:
    """Return the best prices."""
    return Top(
        market_id=message.market_id,
        book_sequence=message.book_sequence,
        sequence=message.sequence,
        time_ns=message.time_ns,
        bid=_best(message.bid) if message.HasField("bid") else None,
        ask=_best(message.ask) if message.HasField("ask") else None,
        last_price_ticks=message.last_price_ticks,
    )


def _best(level: marketdata_pb2.Level) -> tuple[int, int]:
    return level.price_ticks, level.quantity_lots


def fill_from(message: settlement_pb2.Fill) -> Fill:
    """Return a trade with who owes what to whom."""
    return Fill(
        trade_id=message.trade_id,
        sequence=message.sequence,
        time_ns=message.time_ns,
        market_id=message.market_id,
        base_asset_id=message.base_asset_id,
        quote_asset_id=message.quote_asset_id,
        buyer_account_id=message.buyer_account_id,
        seller_account_id=message.seller_account_id,
        base_atoms=message.base_atoms,
        quote_atoms=message.quote_atoms,
        buyer_fee_atoms=message.buyer_fee_atoms,
        seller_fee_atoms=message.seller_fee_atoms,
        price_ticks=message.price_ticks,
        quantity_lots=message.quantity_lots,
        aggressor_side=Side(message.aggressor_side),
    )


def withdrawal_from(message: settlement_pb2.WithdrawalEvent) -> Withdrawal:
    """Return a step of a withdrawal."""
    return Withdrawal(
        withdrawal_id=message.withdrawal_id,
        account_id=message.account_id,
        asset_id=message.asset_id,
        amount_atoms=message.amount_atoms,
        step=WithdrawalStep(message.step),
        sequence=message.sequence,
        last_trade_id=message.last_trade_id,
    )


def ledger_from(message: settlement_pb2.GetLedgerResponse) -> Ledger:
    """Return every balance and total."""
    balances = tuple(
        LedgerBalance(
            row.account_id,
            Balance(row.asset_id, row.free_atoms, row.locked_atoms, row.held_atoms),
        )
        for row in message.balances
    )
    totals = tuple(
        LedgerTotal(row.asset_id, row.deposited_atoms, row.withdrawn_atoms, row.fee_atoms)
        for row in message.totals
    )
    return Ledger(message.sequence, message.last_trade_id, balances, totals)


def status_from(message: admin_pb2.GetStatusResponse) -> VenueStatus:
    """Return the venue's status."""
    return VenueStatus(*(getattr(message, name) for name in VenueStatus.__slots__))


def controls_from(message: admin_pb2.ListControlsResponse) -> Controls:
    """Return the limits and kill switches in force."""
    switches = [(row.account_id, row.market_id) for row in message.kill_switches]
    return Controls(
        limits=tuple(
            Limit(row.account_id, row.market_id, LimitKind(row.kind), row.value, row.window_ns)
            for row in message.limits
        ),
        killed_accounts=tuple(account for account, _ in switches if account),
        killed_markets=tuple(market for _, market in switches if market),
        is_venue_killed=(0, 0) in switches,
        as_of_sequence=message.as_of_sequence,
    )


def status_change_from(message: marketdata_pb2.StatusChange) -> StatusChange:
    """Return a change of a market's status."""
    which = message.WhichOneof("change")
    change: PhaseChange | AuctionState
    if which == "phase":
        kind = message.phase.auction_kind
        change = PhaseChange(
            phase=Phase(message.phase.phase),
            auction_kind=AuctionKind(kind) if kind else None,
            auction_end_ns=message.phase.auction_end_ns,
        )
    else:
        state = message.uncrossed if which == "uncrossed" else message.indicative
        change = AuctionState(
            price_ticks=state.price_ticks,
            volume_lots=state.volume_lots,
            surplus_lots=state.surplus_lots,
            surplus_side=Side(state.surplus_side) if state.surplus_side else None,
            is_final=which == "uncrossed",
        )
    return StatusChange(
        status_sequence=message.status_sequence,
        market_id=message.market_id,
        sequence=message.sequence,
        time_ns=message.time_ns,
        change=change,
    )
