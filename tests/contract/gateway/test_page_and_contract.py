"""The live page's files and the contract that the gateway publishes about itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from engine.core.rejects import Reject
from gateway.errors import REGISTRY, EdgeError
from gateway.website import FOLDER
from tests.contract.gateway.client import Rest
from tests.contract.gateway.test_routes import MACHINE_MADE, ROUTES, Who

pytestmark = pytest.mark.slow

FILES = sorted(path.name for path in FOLDER.iterdir())


async def test_the_page_is_served_with_what_keeps_a_browser_safe(rest: Rest) -> None:
    """Nothing inline, nothing from elsewhere, no framing."""
    answer = await rest.call("GET", "/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=", answer.text)


@pytest.mark.parametrize("name", FILES)
async def test_a_file_of_the_page_is_served_once_and_then_known(rest: Rest, name: str) -> None:
    """The browser asks with the tag it has, and gets no body when nothing changed."""
    answer = await rest.call("GET", f"/page/{name}")
    assert (answer.status_code, answer.content) == (200, (FOLDER / name).read_bytes())
    tag = answer.headers["etag"]
    again = await rest.call("GET", f"/page/{name}", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["..%2fapp.py", "%2e%2e%2fapp.py", "app.py", "index.html%00"])
async def test_nothing_beside_the_page_is_served(rest: Rest, name: str) -> None:
    """A name is looked up among the page's files, never on the disk."""
    answer = await rest.call("GET", f"/page/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, 1_013)


def test_the_page_loads_nothing_from_elsewhere() -> None:
    """Every address in the page's files is the gateway's own."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    outside = {
        name: found
        for name, text in texts.items()
        if (
            found := [
                each for each in re.findall(r"https?://[^\s\"')]+", text) if "w3.org" not in each
            ]
        )
    }
    assert outside == {}


def test_every_file_that_the_page_names_is_there() -> None:
    """An import or a link that leads nowhere breaks the page for everybody."""
    missing = []
    for path in FOLDER.iterdir():
        text = Path(path).read_text(encoding="utf-8")
        names = re.findall(r'from "\./([\w.]+)"', text) + re.findall(r'"/page/([\w.]+)"', text)
        missing += [f"{path.name}: {name}" for name in names if not (FOLDER / name).exists()]
    assert missing == []


async def contract(rest: Rest) -> dict[str, Any]:
    found: dict[str, Any] = await rest.get("/v1/openapi.json")
    return found


async def test_the_contract_is_openapi_3_1_and_has_every_address(rest: Rest) -> None:
    """What is served under /v1 is described, with method and path."""
    published = await contract(rest)
    assert published["openapi"].startswith("3.1")
    described = {
        (method.upper(), path)
        for path, methods in published["paths"].items()
        for method in methods
        if method in ("get", "post", "patch", "delete")
    }
    own = {"/v1/openapi.json"} | MACHINE_MADE
    expected = {
        (row.method, re.sub(r":\w+}", "}", row.form))
        for row in ROUTES
        if row.form.startswith("/v1/") and row.form not in own
    }
    assert described == expected


async def test_private_addresses_say_that_they_need_a_key(rest: Rest) -> None:
    """The contract names the key that a program must send."""
    published = await contract(rest)
    schemes = published["components"]["securitySchemes"]
    schemas = published["components"]["schemas"]
    assert schemes["apiKey"] == {"type": "apiKey", "name": "X-API-Key", "in": "header"}
    for row in ROUTES:
        if row.who is Who.MEMBER:
            path = re.sub(r":\w+}", "}", row.form)
            operation = published["paths"][path][row.method.lower()]
            assert operation["security"] == [{"apiKey": []}, {"bearer": []}], row
            assert {"401", "403", "default"} <= set(operation["responses"]), row
    error = published["paths"]["/v1/status"]["get"]["responses"]["default"]["content"]
    assert list(error) == ["application/problem+json"]
    assert {"code", "outcome", "retryable"} <= set(schemas["Problem"]["required"])


async def test_the_contract_shows_an_example_of_an_order(rest: Rest) -> None:
    """Who reads the contract sees what a price, an id and a time look like."""
    published = await contract(rest)
    schema = published["components"]["schemas"]
    (order,) = [schema[name] for name in schema if name.endswith("PlaceOrder")]
    assert order["properties"]["client_id"]["examples"]
    assert set(order["required"]) == {"market", "side"}


async def test_every_error_is_served_with_its_number(rest: Rest) -> None:
    """The registry as JSON: the core's numbers and the gateway's, each once."""
    errors = (await rest.get("/v1/errors"))["errors"]
    by_number = {each["code"]: each for each in errors}
    assert len(by_number) == len(errors) == len(REGISTRY)
    assert by_number[int(Reject.INSUFFICIENT_FUNDS)] == {
        "code": 23,
        "name": "INSUFFICIENT_FUNDS",
        "status": 409,
        "outcome": "REJECTED",
        "retryable": True,
        "meaning": "the free balance does not cover what this could cost, fees included",
    }
    assert by_number[int(EdgeError.OUTCOME_UNKNOWN)]["outcome"] == "UNKNOWN"
