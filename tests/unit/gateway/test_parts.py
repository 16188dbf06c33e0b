"""Small parts: keys as they are presented, names, rates, lag, links, the origin of a page."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path
from typing import get_args

import grpc
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2

from engine.core.commands import OrderType, TimeInForce
from engine.core.rejects import CancelReason
from gateway.accounts.follower import oldest_kept
from gateway.catalog import Catalog, read_names, unknown_asset, unknown_market
from gateway.errors import ApiError, EdgeError
from gateway.feeds.link import LagMeter, LinkState
from gateway.feeds.settlement import batch, reconciliation, state_name
from gateway.feeds.status import per_second
from gateway.limits import NESTING_MAX
from gateway.order_entry import OrderName
from gateway.rest.plumbing import check_body, check_json_text, presented_key
from gateway.schemas import account, requests
from gateway.server import gateway_settings, parser
from gateway.websocket.endpoint import check_origin
from realstack.client import Asset, Instruments, Market, NotRetained
from realstack.client.connection import DETAILS_KEY
from realstack.settlement.v1 import settlement_pb2 as wire
from realstack.units import MarketUnits

USDC = Asset(1, "USDC", 6)
TOWER = Asset(2, "TOWER", 2)
MARKET = Market(1, "TOWER-USDC", TOWER, USDC, MarketUnits(100, 1, 2, 6), 0, 0, 0)


def catalog(names: Path | None = None) -> Catalog:
    found = read_names(names or Path("nowhere.json"))
    return Catalog(Instruments({1: USDC, 2: TOWER}, {1: MARKET}, 5), found)


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ([(b"x-api-key", b"a")], "a"),
        ([(b"X-Api-Key", b"a")], "a"),
        ([(b"authorization", b"Bearer a")], "a"),
        ([(b"Authorization", b"bearer  a ")], "a"),
        ([], None),
        ([(b"authorization", b"Basic a")], None),
        ([(b"x-api-key", b"a"), (b"x-api-key", b"b")], None),
        ([(b"x-api-key", b"a"), (b"authorization", b"Bearer a")], None),
    ],
)
def test_a_request_presents_exactly_one_key(
    headers: list[tuple[bytes, bytes]], key: str | None
) -> None:
    """Whose request it is never depends on the order of two headers."""
    assert presented_key(headers) == key


@pytest.mark.parametrize(
    ("body", "deep"),
    [
        (b"[" * NESTING_MAX + b"]" * NESTING_MAX, False),
        (b"[" * (NESTING_MAX + 1), True),
        (b'{"a":' * (NESTING_MAX + 1), True),
        (b'{"a":"' + b"[" * 100 + b'"}', False),
        (b'{"a":"\\"' + b"[" * 100 + b'"}', False),
        (b"[]" * 100, False),
        (b'["' + b'\\\\"' + b"," + b"[" * 100, True),
    ],
)
def test_nesting_counts_brackets_outside_of_text(body: bytes, deep: bool) -> None:
    """Brackets in a text are text; escaped quotes do not end it."""
    if not deep:
        check_json_text(body)
        return
    with pytest.raises(ApiError) as caught:
        check_json_text(body)
    assert caught.value.kind.code == EdgeError.NESTING_TOO_DEEP


@pytest.mark.parametrize(
    ("media_type", "good"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("text/json", False),
        ("", False),
        ("application/jsonx", False),
    ],
)
def test_a_body_is_json_by_its_name(media_type: str, good: bool) -> None:
    """What a form of another site can send without asking is not taken."""
    if good:
        check_body(b"{}", media_type)
        return
    with pytest.raises(ApiError) as caught:
        check_body(b"{}", media_type)
    assert caught.value.kind.code == EdgeError.UNSUPPORTED_MEDIA_TYPE


@pytest.mark.parametrize(
    ("origin", "host", "good"),
    [
        (None, b"x:1", True),
        (b"http://x:1", b"x:1", True),
        (b"https://X:1", b"x:1", True),
        (b"https://friend", b"x:1", True),
        (b"http://x:2", b"x:1", False),
        (b"null", b"x:1", False),
        (b"http://evil", b"x:1", False),
        (b"http://x:1.evil", b"x:1", False),
        (b"", b"x:1", False),
    ],
)
def test_a_page_may_open_a_socket_of_its_own_site_alone(
    origin: bytes | None, host: bytes, good: bool
) -> None:
    """Allowed are the gateway's own pages and the sites that its starter named."""
    headers = [(b"host", host), *([(b"origin", origin)] if origin is not None else [])]
    allowed = frozenset({"https://friend"})
    if good:
        check_origin(headers, allowed)
        return
    with pytest.raises(ApiError):
        check_origin(headers, allowed)


def test_names_come_from_the_file_and_symbols_stand_in_for_them(tmp_path: Path) -> None:
    """People see names; where there is none they see the symbol or the number."""
    file = tmp_path / "instruments.json"
    file.write_text(
        '{"assets":[{"asset_id":2,"name":"Harbour Tower","mint":"M","more":1}],'
        '"markets":[{"market_id":1}],"accounts":[{"account_id":4,"name":"Alice"}]}'
    )
    named = catalog(file)
    assert named.market_name(MARKET) == "Harbour Tower"
    assert named.names.mints == {2: "M"}
    assert [named.account_name(number) for number in (0, 4, 5)] == ["Fees", "Alice", "Account 5"]
    assert catalog().market_name(MARKET) == "TOWER"


def test_a_file_of_names_that_cannot_be_read_names_nothing(tmp_path: Path) -> None:
    """Names are decoration: their file never keeps the gateway from serving."""
    file = tmp_path / "instruments.json"
    file.write_text("{")
    assert catalog(file).asset_name(TOWER) == "TOWER"


def test_amounts_of_an_unknown_asset_are_shown_in_atoms() -> None:
    """An asset that is newer than the list is shown as what is known of it."""
    assert catalog().amount_text(2, 1_234) == "12.34"
    assert (catalog().amount_text(9, 1_234), catalog().asset_symbol(9)) == ("1234", "#9")


def test_an_unknown_symbol_is_answered_with_those_there_are() -> None:
    """A misspelt market is corrected by the answer itself."""
    assert unknown_market(catalog()).rule == "must be one of: TOWER-USDC"
    assert unknown_asset(catalog()).rule == "must be one of: USDC, TOWER"


@pytest.mark.parametrize(
    ("before", "after", "elapsed_ns", "rate"),
    [
        (0, 10, 10**9, 10),
        (0, 10, 4 * 10**9, 3),
        (5, 5, 10**9, 0),
        (0, 9, 0, 0),
        (0, 1, 3 * 10**9, 0),
    ],
)
def test_a_rate_is_a_whole_number_a_second(
    before: int, after: int, elapsed_ns: int, rate: int
) -> None:
    """Rounded to the nearest; no time has passed: no rate."""
    assert per_second(before, after, elapsed_ns) == rate


def test_a_link_is_up_while_the_part_speaks() -> None:
    """Silence means away; since when is the beginning of the unbroken speaking."""
    link = LinkState(silence_ns=10**12)
    assert (link.is_up(), link.since_ns()) == (False, 0)
    link.heard()
    since_ns = link.since_ns()
    link.heard()
    assert link.is_up()
    assert link.since_ns() == since_ns > 0
    link.lost()
    assert (link.is_up(), link.since_ns()) == (False, 0)


def test_the_lag_is_the_median_of_news_and_not_of_history() -> None:
    """What is older than a minute was asked for; without news there is no lag."""
    meter = LagMeter()
    meter.note(1)
    assert meter.take_us() is None
    meter.note(2**62)
    assert meter.take_us() is None


def test_settlement_is_shown_in_words_and_units() -> None:
    """States by name, amounts in units, accounts by name, nothing where nothing is yet."""
    row = wire.Batch(
        batch_id=3,
        state=wire.SETTLEMENT_STATE_IN_FLIGHT,
        trade_ids=[5, 4, 9],
        transfers=[
            wire.Transfer(asset_id=2, from_account_id=0, to_account_id=8, amount_atoms=5),
            wire.Transfer(asset_id=2, from_account_id=8, to_account_id=(1 << 31) - 1),
        ],
    )
    shown = batch(row, catalog())
    assert (shown.state, shown.trade_count) == ("in_flight", 3)
    assert (shown.first_trade_id, shown.last_trade_id) == (4, 9)
    assert (shown.signature, shown.updated_time, shown.reason) == (None, None, None)
    assert (shown.transfers[0].amount, shown.transfers[0].from_name) == ("0.05", "Fees")
    assert shown.transfers[1].to_name == "Clearing"
    assert state_name(0) == "unknown"
    assert all(state_name(number) for number in wire.SettlementState.values())


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (None, "not_done"),
        (wire.GetReconciliationResponse(), "not_done"),
        (wire.GetReconciliationResponse(sequence=4), "equal"),
        (wire.GetReconciliationResponse(sequence=4, differences=[wire.Difference()]), "different"),
    ],
)
def test_a_verdict_is_given_only_after_a_comparison(
    answer: wire.GetReconciliationResponse | None, verdict: str
) -> None:
    """No comparison is not "equal"."""
    assert reconciliation(answer, catalog()).verdict == verdict


def test_an_order_is_named_by_one_of_two_ids() -> None:
    """Text that is no order id names no order, text that is no client id is a mistake."""
    assert OrderName.by_order_id("7") == OrderName(order_id=7)
    assert OrderName.by_client_id("7") == OrderName(client_id=7)
    with pytest.raises(ApiError) as caught:
        OrderName.by_order_id("x")
    assert caught.value.kind.code == 21
    with pytest.raises(ApiError) as caught:
        OrderName.by_client_id("x")
    assert (caught.value.kind.code, caught.value.field) == (8, "order_client_id")


def refusal_with(metadata: dict[str, str]) -> NotRetained:
    info = AnyMessage()
    info.Pack(error_details_pb2.ErrorInfo(reason="TOO_OLD", metadata=metadata))
    status = status_pb2.Status(details=[info]).SerializeToString()
    error = NotRetained(grpc.StatusCode.OUT_OF_RANGE, "too old")
    error.__cause__ = grpc.aio.AioRpcError(
        grpc.StatusCode.OUT_OF_RANGE, grpc.aio.Metadata(), grpc.aio.Metadata((DETAILS_KEY, status))
    )
    return error


def test_the_venue_says_from_where_on_it_keeps_executions() -> None:
    """The oldest kept sequence is in the refusal's details; without it nothing is guessed."""
    assert oldest_kept(refusal_with({"oldest": "42"})) == 42
    assert oldest_kept(refusal_with({"other": "1"})) is None
    assert oldest_kept(NotRetained(grpc.StatusCode.OUT_OF_RANGE, "no cause")) is None


def test_the_command_line_says_where_the_parts_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flags first, then the environment; the names come from the venue's folder."""
    monkeypatch.setenv("MARKET_ADDRESS", "m:1")
    monkeypatch.delenv("SETTLEMENT_ADDRESS", raising=False)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "gateway.key").write_text("k")
    line = ["--data", str(tmp_path), "--engine", "e:1", "--origin", "https://a", "--origin", "b"]
    settings = gateway_settings(parser().parse_args(line))
    assert (settings.engine_address, settings.market_address) == ("e:1", "m:1")
    assert (settings.settlement_address, settings.api_key) == ("", "k")
    assert settings.names_path == tmp_path / "instruments.json"
    assert settings.origins == {"https://a", "b"}


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (account.CancelReasonName, CancelReason),
        (account.OrderKindName, OrderType),
        (requests.TimeInForceName, TimeInForce),
    ],
)
def test_the_published_contract_has_every_word_that_the_core_can_say(
    names: object, kind: type[IntEnum]
) -> None:
    """A reader that checks answers against the contract refuses none of them."""
    assert set(get_args(names)) == {each.name.lower() for each in kind if each}
