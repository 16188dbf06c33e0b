"""Who may: no key, a wrong key, two keys, a key of the wrong role, a page of another site."""

from __future__ import annotations

from realstack.edge_errors import EdgeError
from tests.wire.cases.rows import NO_HTTP, SAME_KEY, Entry, grpc_doors, refused, row, streams
from tests.wire.table import (
    Action,
    Ask,
    Call,
    Case,
    Command,
    Frame,
    Http,
    Opening,
    Party,
    Words,
)

PLACE = Command(Action.PLACE)
ADMIN = "realstack.admin.v1.AdminService"
SETTLEMENT = "realstack.settlement.v1.SettlementService"
MARKET_DATA = "realstack.marketdata.v1.MarketDataService"
NO_OPERATION = "there is no operator's command at this door"


def access_case(
    name: str, ask: Ask, code: EdgeError, party: Party, *, cli: Entry | None = None
) -> Case:
    """Make the row of an order that comes with the wrong key."""
    entry = refused(ask, code, party=party)
    return row(
        name,
        **grpc_doors(entry),
        rest=entry,
        websocket=entry,
        cli=entry if cli is None else cli,
    )


def operator_case(name: str, method: str, *, party: Party = Party.ALICE) -> Case:
    """Make the row of a call of the operator or of settlement by somebody else."""
    entry = refused(Call(method, b""), EdgeError.WRONG_ROLE, party=party)
    return row(
        name,
        grpc=entry,
        **streams(SAME_KEY),
        rest=NO_OPERATION,
        websocket=NO_OPERATION,
        cli=NO_OPERATION,
    )


CASES: tuple[Case, ...] = (
    access_case(
        "access: no key",
        PLACE,
        EdgeError.NOT_AUTHENTICATED,
        Party.NOBODY,
        cli=refused(PLACE, EdgeError.MISSING_SETTING, "key", party=Party.NOBODY),
    ),
    access_case("access: a key of nobody", PLACE, EdgeError.NOT_AUTHENTICATED, Party.STRANGER),
    access_case("access: an operator places an order", PLACE, EdgeError.WRONG_ROLE, Party.OPERATOR),
    access_case(
        "access: settlement places an order", PLACE, EdgeError.WRONG_ROLE, Party.SETTLEMENT
    ),
    row(
        "access: no key, reading",
        grpc=refused(
            Call(f"{MARKET_DATA}/ListInstruments", b""),
            EdgeError.NOT_AUTHENTICATED,
            party=Party.NOBODY,
        ),
        **streams(SAME_KEY),
        rest=refused(Http("GET", "/v1/balances"), EdgeError.NOT_AUTHENTICATED, party=Party.NOBODY),
        websocket=refused(
            Frame(b'{"op":"subscribe","channel":"fills"}'),
            EdgeError.NOT_AUTHENTICATED,
            party=Party.NOBODY,
        ),
        cli=refused(
            Words(("book", "BLDG-USDC")), EdgeError.MISSING_SETTING, "key", party=Party.NOBODY
        ),
    ),
    row(
        "access: wrong role, reading",
        grpc=refused(
            Call("realstack.trading.v1.TradingService/ListBalances", b""),
            EdgeError.WRONG_ROLE,
            party=Party.SETTLEMENT,
        ),
        **streams(SAME_KEY),
        rest=refused(Http("GET", "/v1/fills"), EdgeError.WRONG_ROLE, party=Party.OPERATOR),
        websocket=refused(
            Frame(b'{"op":"subscribe","channel":"orders"}'),
            EdgeError.WRONG_ROLE,
            party=Party.OPERATOR,
        ),
        cli=refused(Command(Action.CANCEL_ALL), EdgeError.WRONG_ROLE, party=Party.OPERATOR),
    ),
    row(
        "access: a wrong key is shown on the way",
        **grpc_doors(SAME_KEY),
        rest=refused(
            Http("GET", "/v1/orders", headers={"authorization": "Bearer x"}),
            EdgeError.NOT_AUTHENTICATED,
        ),
        websocket=refused(
            Frame(b'{"op":"auth","key":"x"}'), EdgeError.NOT_AUTHENTICATED, party=Party.NOBODY
        ),
        cli="one key is used, by the order that its help says",
    ),
    row(
        "access: a page of another site",
        **grpc_doors("browsers do not reach gRPC"),
        rest="without a key in the request there is nothing that another site could use",
        websocket=refused(
            Opening({"origin": "https://elsewhere.example"}), EdgeError.ORIGIN_REFUSED
        ),
        cli=NO_HTTP,
    ),
    row(
        "access: a WebSocket with a wrong key",
        **grpc_doors(SAME_KEY),
        rest=refused(Http("GET", "/v1/ws"), EdgeError.METHOD_NOT_ALLOWED),
        websocket=refused(
            Opening({"x-api-key": "x"}), EdgeError.NOT_AUTHENTICATED, party=Party.NOBODY
        ),
        cli=NO_HTTP,
    ),
    operator_case("access: a member defines an asset", f"{ADMIN}/DefineAsset"),
    operator_case("access: a member defines an account", f"{ADMIN}/DefineAccount"),
    operator_case("access: a member reads the status", f"{ADMIN}/GetStatus"),
    operator_case("access: a member credits a deposit", f"{SETTLEMENT}/CreditDeposit"),
    operator_case("access: a member reads every balance", f"{SETTLEMENT}/GetLedger"),
    operator_case(
        "access: an operator credits a deposit",
        f"{SETTLEMENT}/CreditDeposit",
        party=Party.OPERATOR,
    ),
)
