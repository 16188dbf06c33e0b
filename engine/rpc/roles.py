"""Who may call what: every rpc of the engine has a row, and what has none is not served."""

from __future__ import annotations

from engine.keys import Role

_MEMBER = frozenset({Role.MEMBER})
_OPERATOR = frozenset({Role.OPERATOR})
_SETTLEMENT = frozenset({Role.SETTLEMENT})
_SETTLEMENT_READ = frozenset({Role.SETTLEMENT, Role.OPERATOR})
_ANY_KEY = frozenset(Role)

_TRADING = "/realstack.trading.v1.TradingService/"
_MARKET_DATA = "/realstack.marketdata.v1.MarketDataService/"
_SETTLE = "/realstack.settlement.v1.SettlementService/"
_ADMIN = "/realstack.admin.v1.AdminService/"

ROLES: dict[str, frozenset[Role]] = {
    _TRADING + "PlaceOrder": _MEMBER,
    _TRADING + "CancelOrder": _MEMBER,
    _TRADING + "ReplaceOrder": _MEMBER,
    _TRADING + "CancelAllOrders": _MEMBER,
    _TRADING + "MassQuote": _MEMBER,
    _TRADING + "SetDeadline": _MEMBER,
    _TRADING + "RequestWithdrawal": _MEMBER,
    _TRADING + "Trade": _MEMBER,
    _TRADING + "StreamExecutions": _MEMBER,
    _TRADING + "ListOpenOrders": _MEMBER,
    _TRADING + "ListBalances": _MEMBER,
    _MARKET_DATA + "ListInstruments": _ANY_KEY,
    _MARKET_DATA + "GetBook": _ANY_KEY,
    _MARKET_DATA + "StreamBook": _ANY_KEY,
    _MARKET_DATA + "StreamOrders": _ANY_KEY,
    _MARKET_DATA + "StreamTop": _ANY_KEY,
    _MARKET_DATA + "GetStatistics": _ANY_KEY,
    _MARKET_DATA + "StreamStatistics": _ANY_KEY,
    _MARKET_DATA + "StreamTrades": _ANY_KEY,
    _MARKET_DATA + "StreamStatus": _ANY_KEY,
    _SETTLE + "StreamFills": _SETTLEMENT_READ,
    _SETTLE + "StreamWithdrawals": _SETTLEMENT_READ,
    _SETTLE + "CreditDeposit": _SETTLEMENT,
    _SETTLE + "ReleaseWithdrawal": _SETTLEMENT,
    _SETTLE + "FinalizeWithdrawal": _SETTLEMENT,
    _SETTLE + "HoldAll": _SETTLEMENT,
    _SETTLE + "GetLedger": _SETTLEMENT_READ,
    _ADMIN + "DefineAsset": _OPERATOR,
    _ADMIN + "DefineMarket": _OPERATOR,
    _ADMIN + "DefineAccount": _OPERATOR,
    _ADMIN + "SetReferencePrice": _OPERATOR,
    _ADMIN + "SetPhase": _OPERATOR,
    _ADMIN + "Uncross": _OPERATOR,
    _ADMIN + "SetLimit": _OPERATOR,
    _ADMIN + "Kill": _OPERATOR,
    _ADMIN + "ListControls": _OPERATOR,
    _ADMIN + "SetIdWindow": _OPERATOR,
    _ADMIN + "GetStatus": _OPERATOR,
}

# Open to anybody who can reach the port: a prober has no key, and the contracts are public.
OPEN_SERVICES = ("grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection")
