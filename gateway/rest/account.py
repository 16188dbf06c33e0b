"""Private addresses: orders, fills, balances, withdrawals and deposits of the caller's account."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, PathParameter, QueryParameter

from gateway.accounts import convert
from gateway.accounts.history import AccountHistory, OrderRow, OrderStatus
from gateway.errors import Outcome
from gateway.order_entry import Caller, OrderName
from gateway.rest.pages import page_of
from gateway.schemas import account as schema
from gateway.schemas.requests import PlaceOrder, ReplaceOrder, RequestWithdrawal, SideName
from gateway.service import Gateway
from realstack.client.arguments import TAG_MAX

PageSize = Annotated[
    int, QueryParameter(ge=0, le=1_000, description="At most so many; 0 is the default.")
]
PageToken = Annotated[
    str, QueryParameter(max_length=64, description="next_page_token of the answer before.")
]
OrderIdPath = Annotated[str, PathParameter(description="The venue's order id.", max_length=40)]
ClientIdPath = Annotated[
    str, PathParameter(description="The client id that the order was placed with.", max_length=40)
]
MarketFilter = Annotated[
    str | None, QueryParameter(description="Only of this market.", max_length=16)
]

CREATED = 201
OK = 200


async def account(
    gateway: Gateway, caller: Caller, *, with_details: bool = False
) -> AccountHistory:
    """Return the caller's account, with everything that this gateway did for it.

    Args:
        gateway: The gateway.
        caller: Whose.
        with_details: Whether working orders shall tell what only a list of them does.
    """
    follower = await gateway.accounts.get(caller.account_id, caller.api_key)
    history = await follower.ready(gateway.orders.seen_sequence(caller.account_id))
    if with_details:
        await follower.learn()
    return history


def with_market(gateway: Gateway, row: OrderRow) -> schema.Order:
    """Return an order as it is answered."""
    return convert.order(row, gateway.engine.catalog_now.instruments.markets[row.market_id])


async def market_id_of(gateway: Gateway, market: str | None) -> int | None:
    """Return the id of a market to filter by."""
    return None if market is None else (await gateway.engine.market(market)).market_id


@post(
    "/v1/orders",
    status_code=CREATED,
    summary="Place an order",
    tags=["orders"],
)
async def place_order(
    gateway: NamedDependency[Gateway], caller: NamedDependency[Caller], data: JSONBody[PlaceOrder]
) -> Response[schema.OrderAnswer]:
    """Place an order; the answer comes when its outcome is durable.

    The same client_id with the same body never makes a second order: the first answer comes back
    with the outcome DUPLICATE and the status 200.
    """
    answer = await gateway.orders.place(caller, data)
    status = OK if answer.outcome is Outcome.DUPLICATE else CREATED
    return Response(answer, status_code=status)


@get("/v1/orders", summary="List orders", tags=["orders"])
async def list_orders(
    gateway: NamedDependency[Gateway],
    caller: NamedDependency[Caller],
    status: Annotated[
        Literal["working", "filled", "cancelled", "all"],
        QueryParameter(description="Only orders that stand so."),
    ] = "working",
    market: MarketFilter = None,
    page_size: PageSize = 0,
    page_token: PageToken = "",
) -> schema.Orders:
    """Orders of the account, newest first."""
    market_id = await market_id_of(gateway, market)
    history = await account(gateway, caller, with_details=status in ("working", "all"))
    rows = [
        row
        for row in history.orders()
        if (status == "all" or row.status is OrderStatus(status))
        and market_id in (None, row.market_id)
    ]
    scope = f"orders account={caller.account_id} status={status} market={market_id}"
    page, token = page_of(rows, scope, page_size, page_token, lambda row: row.order_id)
    return schema.Orders(
        orders=[with_market(gateway, row) for row in page],
        next_page_token=token,
        as_of_seq=history.as_of_sequence,
    )


@get("/v1/orders/{order_id:str}", summary="Read an order", tags=["orders"])
async def get_order(
    gateway: NamedDependency[Gateway], caller: NamedDependency[Caller], order_id: OrderIdPath
) -> schema.OrderDetail:
    """An order of the account; another's is not found, exactly like one that never was."""
    return await detail(gateway, caller, OrderName.by_order_id(order_id))


@get(
    "/v1/orders/client/{client_id:str}",
    summary="Read an order by client id",
    tags=["orders"],
)
async def get_order_by_client_id(
    gateway: NamedDependency[Gateway], caller: NamedDependency[Caller], client_id: ClientIdPath
) -> schema.OrderDetail:
    """The newest order of the account that was placed with this client id."""
    return await detail(gateway, caller, OrderName.by_client_id(client_id))


async def detail(gateway: Gateway, caller: Caller, name: OrderName) -> schema.OrderDetail:
    """Return one order with the sequence that it reflects."""
    row = await gateway.orders.find(caller, name)
    is_working = row.status is OrderStatus.WORKING
    history = await account(gateway, caller, with_details=is_working)
    return schema.OrderDetail(order=with_market(gateway, row), as_of_seq=history.as_of_sequence)


@delete(
    "/v1/orders/{order_id:str}",
    status_code=OK,
    summary="Cancel an order",
    tags=["orders"],
)
async def cancel_order(
    gateway: NamedDependency[Gateway], caller: NamedDependency[Caller], order_id: OrderIdPath
) -> schema.OrderAnswer:
    """Cancel a working order by the venue's id."""
    return await gateway.orders.cancel(caller, OrderName.by_order_id(order_id))


@delete(
    "/v1/orders/client/{client_id:str}",
    status_code=OK,
    summary="Cancel an order by client id",
    tags=["orders"],
)
async def cancel_order_by_client_id(
    gateway: NamedDependency[Gateway], caller: NamedDependency[Caller], client_id: ClientIdPath
) -> schema.OrderAnswer:
    """Cancel a working order by the client id that it was placed with."""
    return await gateway.orders.cancel(caller, OrderName.by_client_id(client_id))


@delete(
    "/v1/orders",
    status_code=OK,
    summary="Cancel many orders",
    tags=["orders"],
)
async def cancel_all_orders(
    gateway: NamedDependency[Gateway],
    caller: NamedDependency[Caller],
    market: MarketFilter = None,
    side: FromQuery[SideName | None] = None,
    tag: Annotated[
        int | None, QueryParameter(ge=1, le=TAG_MAX, description="Only of this tag.")
    ] = None,
) -> schema.CancelAllAnswer:
    """Cancel every order of the account, or those of one market, side or tag."""
    return await gateway.orders.cancel_all(caller, market, side, tag)


@patch("/v1/orders/{order_id:str}", summary="Replace an order", tags=["orders"])
async def replace_order(
    gateway: NamedDependency[Gateway],
    caller: NamedDependency[Caller],
    order_id: OrderIdPath,
    data: JSONBody[ReplaceOrder],
) -> schema.OrderAnswer:
    """Change price and total quantity, what is filled included; a refusal changes nothing."""
    return await gateway.orders.replace(caller, OrderName.by_order_id(order_id), data)


@patch(
    "/v1/orders/client/{client_id:str}",
    summary="Replace an order by client id",
    tags=["orders"],
)
async def replace_order_by_client_id(
    gateway: NamedDependency[Gateway],
    caller: NamedDependency[Caller],
    client_id: ClientIdPath,
    data: JSONBody[ReplaceOrder],
) -> schema.OrderAnswer:
    """Change price and total quantity of the order that was placed with this client id."""
    return await gateway.orders.replace(caller, OrderName.by_client_id(client_id), data)


@get("/v1/fills", summary="List fills", tags=["account"])
async def list_fills(
    gateway: NamedDependency[Gateway],
    caller: NamedDependency[Caller],
    market: MarketFilter = None,
    page_size: PageSize = 0,
    page_token: PageToken = "",
) -> schema.Fills:
    """Fills of the account, newest first, each with how far it is on its way to the chain."""
    market_id = await market_id_of(gateway, market)
    history = await account(gateway, caller)
    rows = [row for row in reversed(history.fills) if market_id in (None, row.order.market_id)]
    scope = f"fills account={caller.account_id} market={market_id}"
    page, token = page_of(rows, scope, page_size, page_token, lambda row: row.execution_sequence)
    states = await gateway.settlement.states(row.filled.trade_id for row in page)
    markets = gateway.engine.catalog_now.instruments.markets
    return schema.Fills(
        fills=[
            convert.fill(row, markets[row.order.market_id], states[row.filled.trade_id])
            for row in page
        ],
        next_page_token=token,
        as_of_seq=history.as_of_sequence,
    )


@get("/v1/balances", summary="List balances", tags=["account"])
async def list_balances(
    gateway: NamedDependency[Gateway], caller: NamedDependency[Caller]
) -> schema.Balances:
    """What the account has: free, locked by working orders, held by withdrawals in flight."""
    answer = await gateway.engine.balances(caller.api_key)
    catalog = await gateway.engine.catalog()
    return schema.Balances(
        balances=[convert.balance(row, catalog) for row in answer.balances],
        as_of_seq=answer.as_of_sequence,
    )


@post(
    "/v1/withdrawals",
    status_code=CREATED,
    summary="Request a withdrawal",
    tags=["account"],
)
async def request_withdrawal(
    gateway: NamedDependency[Gateway],
    caller: NamedDependency[Caller],
    data: JSONBody[RequestWithdrawal],
) -> Response[schema.WithdrawalAnswer]:
    """Hold funds; settlement then pays them to the account's registered wallet on chain."""
    answer = await gateway.orders.withdraw(caller, data)
    status = OK if answer.outcome is Outcome.DUPLICATE else CREATED
    return Response(answer, status_code=status)


@get("/v1/withdrawals", summary="List withdrawals", tags=["account"])
async def list_withdrawals(
    gateway: NamedDependency[Gateway], caller: NamedDependency[Caller]
) -> schema.Withdrawals:
    """Withdrawals of the account, newest first."""
    history = await account(gateway, caller)
    catalog = gateway.engine.catalog_now
    rows = [convert.withdrawal(row, catalog) for row in reversed(history.withdrawals.values())]
    return schema.Withdrawals(withdrawals=rows, as_of_seq=history.as_of_sequence)


@get("/v1/deposits", summary="List deposits", tags=["account"])
async def list_deposits(
    gateway: NamedDependency[Gateway], caller: NamedDependency[Caller]
) -> schema.Deposits:
    """Deposits of the account that were final on chain and credited, newest first."""
    history = await account(gateway, caller)
    catalog = gateway.engine.catalog_now
    rows = [convert.deposit(row, catalog) for row in reversed(history.deposits)]
    return schema.Deposits(deposits=rows, as_of_seq=history.as_of_sequence)


ACCOUNT_ROUTES = [
    place_order,
    list_orders,
    cancel_all_orders,
    get_order,
    get_order_by_client_id,
    cancel_order,
    cancel_order_by_client_id,
    replace_order,
    replace_order_by_client_id,
    list_fills,
    list_balances,
    request_withdrawal,
    list_withdrawals,
    list_deposits,
]
