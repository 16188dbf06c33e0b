"""The web application: addresses, errors, the contract, and the gateway behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide

from gateway.contract import OPENAPI, SECURITY
from gateway.limits import BODY_BYTES_MAX
from gateway.rest.account import ACCOUNT_ROUTES
from gateway.rest.market import MARKET_ROUTES
from gateway.rest.plumbing import (
    ERROR_HANDLERS,
    add_headers,
    check_form,
    needs_member,
    provide_caller,
    provide_gateway,
)
from gateway.service import Gateway
from gateway.website import PAGE_ROUTES
from gateway.websocket.endpoint import serve_socket


def create_app(gateway: Gateway) -> Litestar:
    """Return the application of a gateway; the gateway starts and ends with it."""

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        await gateway.start()
        try:
            yield
        finally:
            await gateway.close()

    private = Router("/", route_handlers=ACCOUNT_ROUTES, guards=[needs_member], security=SECURITY)
    return Litestar(
        route_handlers=[*MARKET_ROUTES, private, *PAGE_ROUTES, serve_socket],
        dependencies={
            "gateway": Provide(provide_gateway, sync_to_thread=False),
            "caller": Provide(provide_caller, sync_to_thread=False),
        },
        before_request=check_form,
        after_request=add_headers,
        exception_handlers=ERROR_HANDLERS,
        request_max_body_size=BODY_BYTES_MAX,
        openapi_config=OPENAPI,
        lifespan=[lifespan],
        logging_config=None,
        state=State({"gateway": gateway}),
    )
