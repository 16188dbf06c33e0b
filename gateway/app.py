"""The web application: addresses, errors, the contract as OpenAPI, and the gateway behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from litestar import Litestar
from litestar.datastructures import ResponseHeader, State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, Contact, SecurityScheme

from gateway.limits import BODY_BYTES_MAX
from gateway.rest.account import ACCOUNT_ROUTES
from gateway.rest.market import MARKET_ROUTES
from gateway.rest.plumbing import (
    ERROR_HANDLERS,
    SECURITY_HEADERS,
    check_form,
    provide_caller,
    provide_gateway,
)
from gateway.service import Gateway
from gateway.website import PAGE_ROUTES
from gateway.websocket.endpoint import serve_socket

DESCRIPTION = """
REST interface of the venue. Prices, quantities and amounts are exact decimal text; times are
RFC 3339 with nanoseconds. Errors are `application/problem+json` with a number, what became of the
request, and whether the same request can succeed later: see `/v1/errors`. Private addresses take
the API key as `X-API-Key` or as `Authorization: Bearer`. The WebSocket is at `/v1/ws`.
"""

OPENAPI = OpenAPIConfig(
    title="RealStack",
    version=version("realstack"),
    description=DESCRIPTION.strip(),
    path="/v1/openapi.json",
    contact=Contact(name="RealStack"),
    render_plugins=[JsonRenderPlugin(path="/")],
    use_handler_docstrings=True,
    components=Components(
        security_schemes={
            "apiKey": SecurityScheme(type="apiKey", name="X-API-Key", security_scheme_in="header"),
            "bearer": SecurityScheme(type="http", scheme="bearer"),
        }
    ),
)

ANSWER_HEADERS = [
    ResponseHeader(name=name, value=value) for name, value in SECURITY_HEADERS.items()
]


def create_app(gateway: Gateway) -> Litestar:
    """Return the application of a gateway; the gateway starts and ends with it."""

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        await gateway.start()
        try:
            yield
        finally:
            await gateway.close()

    return Litestar(
        route_handlers=[*MARKET_ROUTES, *ACCOUNT_ROUTES, *PAGE_ROUTES, serve_socket],
        dependencies={
            "gateway": Provide(provide_gateway, sync_to_thread=False),
            "caller": Provide(provide_caller, sync_to_thread=False),
        },
        before_request=check_form,
        exception_handlers=ERROR_HANDLERS,
        request_max_body_size=BODY_BYTES_MAX,
        response_headers=ANSWER_HEADERS,
        openapi_config=OPENAPI,
        lifespan=[lifespan],
        logging_config=None,
        state=State({"gateway": gateway}),
    )
