"""What operator and settlement may send, and still must not: definitions, credits, withdrawals."""

from __future__ import annotations

from collections.abc import Mapping

from engine.core.rejects import Reject
from realstack.edge_errors import EdgeError
from tests.wire.cases.access import ADMIN, NO_OPERATION, SETTLEMENT
from tests.wire.cases.rows import Code, refused, row
from tests.wire.table import Call, Case, Known, Party

ONE_COMMAND = "the Trade stream takes a member's commands only"
IDENTITY = {"client_id": 4_711, "sent_time_ns": Known("now_ns")}
CREDIT = {**IDENTITY, "account_id": Known("alice_account"), "asset_id": 1, "amount_atoms": 1}
MARKET = {
    "market_id": 9,
    "symbol": "NEW-USDC",
    "base_asset_id": 2,
    "quote_asset_id": 1,
    "quote_atoms_per_tick_lot": 10,
    "base_atoms_per_lot": 1_000,
}


def operation_case(
    name: str,
    method: str,
    request: Mapping[str, object],
    code: Code,
    field: str = "",
) -> Case:
    """Make the row of a call that only operator or settlement may make."""
    party = Party.OPERATOR if method.startswith(ADMIN) else Party.SETTLEMENT
    return row(
        name,
        grpc=refused(Call(method, request), code, field, party=party),
        stream=ONE_COMMAND,
        batch=ONE_COMMAND,
        rest=NO_OPERATION,
        websocket=NO_OPERATION,
        cli=NO_OPERATION,
    )


CASES: tuple[Case, ...] = (
    operation_case(
        "asset: defined otherwise before",
        f"{ADMIN}/DefineAsset",
        {"asset_id": 1, "symbol": "USDC", "decimals": 7},
        Reject.ALREADY_DEFINED,
    ),
    operation_case(
        "asset: nineteen decimals",
        f"{ADMIN}/DefineAsset",
        {"asset_id": 9, "symbol": "FINE", "decimals": 19},
        Reject.INVALID_PARAMETER,
        "decimals",
    ),
    operation_case(
        "asset: id zero",
        f"{ADMIN}/DefineAsset",
        {"asset_id": 0, "symbol": "NONE", "decimals": 6},
        Reject.INVALID_PARAMETER,
        "asset_id",
    ),
    operation_case(
        "asset: a symbol in lower case",
        f"{ADMIN}/DefineAsset",
        {"asset_id": 9, "symbol": "gold", "decimals": 6},
        EdgeError.INVALID_FIELD,
        "symbol",
    ),
    operation_case(
        "asset: a symbol with a NUL",
        f"{ADMIN}/DefineAsset",
        {"asset_id": 9, "symbol": "GO\0LD", "decimals": 6},
        EdgeError.INVALID_FIELD,
        "symbol",
    ),
    operation_case(
        "market: of an asset with itself",
        f"{ADMIN}/DefineMarket",
        {**MARKET, "base_asset_id": 1},
        Reject.INVALID_PARAMETER,
        "base_asset_id",
    ),
    operation_case(
        "market: of assets that are not there",
        f"{ADMIN}/DefineMarket",
        {**MARKET, "base_asset_id": 99},
        Reject.UNKNOWN_ASSET,
        "base_asset_id",
    ),
    operation_case(
        "market: a tick of zero",
        f"{ADMIN}/DefineMarket",
        {**MARKET, "quote_atoms_per_tick_lot": 0},
        Reject.INVALID_PARAMETER,
        "quote_atoms_per_tick_lot",
    ),
    operation_case(
        "market: a negative lot",
        f"{ADMIN}/DefineMarket",
        {**MARKET, "base_atoms_per_lot": -1},
        Reject.INVALID_PARAMETER,
        "base_atoms_per_lot",
    ),
    operation_case(
        "market: a fee beyond a tenth",
        f"{ADMIN}/DefineMarket",
        {**MARKET, "taker_fee_ppm": 100_001},
        Reject.INVALID_PARAMETER,
        "taker_fee_ppm",
    ),
    operation_case(
        "market: defined otherwise before",
        f"{ADMIN}/DefineMarket",
        {**MARKET, "market_id": 1},
        Reject.ALREADY_DEFINED,
    ),
    operation_case(
        "account: beyond the largest id",
        f"{ADMIN}/DefineAccount",
        {"account_id": 1_000_001},
        Reject.INVALID_PARAMETER,
        "account_id",
    ),
    operation_case(
        "account: defined in another group before",
        f"{ADMIN}/DefineAccount",
        {"account_id": Known("alice_account"), "group_id": 5},
        Reject.ALREADY_DEFINED,
    ),
    operation_case(
        "id window: of no length",
        f"{ADMIN}/SetIdWindow",
        {"id_window_ns": 0, "ids_max": 1_000},
        Reject.INVALID_PARAMETER,
        "id_window_ns",
    ),
    operation_case(
        "credit: zero",
        f"{SETTLEMENT}/CreditDeposit",
        {**CREDIT, "amount_atoms": 0},
        Reject.INVALID_AMOUNT,
        "amount_atoms",
    ),
    operation_case(
        "credit: negative",
        f"{SETTLEMENT}/CreditDeposit",
        {**CREDIT, "amount_atoms": -1},
        Reject.INVALID_AMOUNT,
        "amount_atoms",
    ),
    operation_case(
        "credit: to an account that is not there",
        f"{SETTLEMENT}/CreditDeposit",
        {**CREDIT, "account_id": 999_999},
        Reject.UNKNOWN_ACCOUNT,
        "account_id",
    ),
    operation_case(
        "credit: of an asset that is not there",
        f"{SETTLEMENT}/CreditDeposit",
        {**CREDIT, "asset_id": 99},
        Reject.UNKNOWN_ASSET,
        "asset_id",
    ),
    operation_case(
        "credit: beyond what the ledger carries",
        f"{SETTLEMENT}/CreditDeposit",
        {**CREDIT, "asset_id": 4, "amount_atoms": 1 << 60},
        Reject.BALANCE_TOO_LARGE,
        "amount_atoms",
    ),
    operation_case(
        "credit: without an id",
        f"{SETTLEMENT}/CreditDeposit",
        {**CREDIT, "client_id": 0},
        EdgeError.INVALID_FIELD,
        "client_id",
    ),
    operation_case(
        "credit: an id used before with another body",
        f"{SETTLEMENT}/CreditDeposit",
        {**CREDIT, "client_id": Known("credit_client_id"), "amount_atoms": 2},
        Reject.DUPLICATE_WITH_DIFFERENT_BODY,
        "client_id",
    ),
    operation_case(
        "hold all: of an account that is not there",
        f"{SETTLEMENT}/HoldAll",
        {**IDENTITY, "account_id": 999_999},
        Reject.UNKNOWN_ACCOUNT,
        "account_id",
    ),
    operation_case(
        "hold all: without an id",
        f"{SETTLEMENT}/HoldAll",
        {**IDENTITY, "client_id": 0, "account_id": Known("alice_account")},
        EdgeError.INVALID_FIELD,
        "client_id",
    ),
    operation_case(
        "hold all: without a time",
        f"{SETTLEMENT}/HoldAll",
        {**IDENTITY, "sent_time_ns": 0, "account_id": Known("alice_account")},
        EdgeError.INVALID_FIELD,
        "sent_time_ns",
    ),
    operation_case(
        "withdrawal: one that never was, finalized",
        f"{SETTLEMENT}/FinalizeWithdrawal",
        {**IDENTITY, "account_id": Known("alice_account"), "withdrawal_id": 5},
        Reject.UNKNOWN_WITHDRAWAL,
        "withdrawal_id",
    ),
    operation_case(
        "withdrawal: someone else's, released",
        f"{SETTLEMENT}/ReleaseWithdrawal",
        {
            **IDENTITY,
            "account_id": Known("alice_account"),
            "withdrawal_id": Known("bob_withdrawal_id"),
        },
        Reject.UNKNOWN_WITHDRAWAL,
        "withdrawal_id",
    ),
)
