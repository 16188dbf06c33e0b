"""The REST contract as OpenAPI 3.1: what the framework derives, with the errors as they are."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import msgspec
from litestar import Request
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from gateway.errors import PROBLEM_TYPE, Problem

DESCRIPTION = """
REST interface of the venue. Prices, quantities and amounts are exact decimal text; times are
RFC 3339 with nanoseconds. Errors are `application/problem+json` with a number, what became of the
request, and whether the same request can succeed later: see `/v1/errors`. Private addresses take
the API key as `X-API-Key` or as `Authorization: Bearer`. The WebSocket is at `/v1/ws`.
"""
SECURITY: list[dict[str, list[str]]] = [{"apiKey": []}, {"bearer": []}]
_METHODS = ("get", "post", "patch", "delete", "put")
_PROBLEM_REF = "#/components/schemas/{name}"
_ERROR = {
    "description": "The error, with its number, what became of the request, and the broken rule.",
    "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_SUCCESS = {"200": "Done.", "201": "Done, and new."}


def finish(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the contract with the errors that are answered instead of the framework's own."""
    _, definitions = msgspec.json.schema_components((Problem,), ref_template=_PROBLEM_REF)
    schemas = schema["components"]["schemas"]
    for name, definition in definitions.items():
        schemas.setdefault(name, definition)
    for methods in schema["paths"].values():
        for method in _METHODS:
            if method in methods:
                _finish_operation(methods[method])
    return schema


def _finish_operation(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    responses.pop("400", None)
    for status, words in _SUCCESS.items():
        if status in responses:
            responses[status]["description"] = words
    if "security" in operation:
        responses["401"] = _ERROR
        responses["403"] = _ERROR
    responses["default"] = _ERROR


class ContractPlugin(JsonRenderPlugin):
    """Serves the contract as JSON."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the contract's text."""
        return msgspec.json.encode(finish(openapi_schema))


OPENAPI = OpenAPIConfig(
    title="RealStack",
    version=version("realstack"),
    description=DESCRIPTION.strip(),
    path="/v1/openapi.json",
    render_plugins=[ContractPlugin(path="/")],
    use_handler_docstrings=True,
    components=Components(
        security_schemes={
            "apiKey": SecurityScheme(type="apiKey", name="X-API-Key", security_scheme_in="header"),
            "bearer": SecurityScheme(type="http", scheme="bearer"),
        }
    ),
)
