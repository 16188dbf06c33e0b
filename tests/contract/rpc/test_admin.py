"""Definitions and status."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from realstack.admin.v1 import admin_pb2 as pb
from realstack.common.v1 import common_pb2
from realstack.marketdata.v1 import marketdata_pb2
from tests.contract.rpc.engine_under_test import Engine, refusal

MARKET: dict[str, Any] = {
    "market_id": 3,
    "symbol": "THREE",
    "base_asset_id": 1,
    "quote_asset_id": 2,
    "quote_atoms_per_tick_lot": 1 << 40,
    "base_atoms_per_lot": 1 << 40,
    "maker_fee_ppm": 100_000,
    "taker_fee_ppm": 99_999,
    "allocation": common_pb2.ALLOCATION_PRO_RATA,
    "minimum_allocation_lots": 1 << 40,
}


async def test_the_same_definition_again_is_done_and_another_is_refused(engine: Engine) -> None:
    """Definitions are idempotent and never change."""
    boss = engine.client("boss")
    request = pb.DefineAssetRequest(asset_id=5, symbol="SILVER", decimals=6)
    first = await boss.call(boss.admin.DefineAsset, request)
    again = await boss.call(boss.admin.DefineAsset, request)
    assert (first.existed, again.existed) == (False, True)
    request.decimals = 7
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await boss.call(boss.admin.DefineAsset, request)
    told = refusal(caught.value)
    assert (told.code, told.reason) == (grpc.StatusCode.ALREADY_EXISTS, "ALREADY_DEFINED")


async def test_a_market_is_defined_with_all_its_parameters(engine: Engine) -> None:
    """Both fees and both units reach the venue, at the ends of their ranges."""
    boss = engine.client("boss")
    await boss.call(boss.admin.DefineMarket, pb.DefineMarketRequest(**MARKET))
    listed = await boss.call(
        boss.market_data.ListInstruments, marketdata_pb2.ListInstrumentsRequest()
    )
    market = {each.market_id: each for each in listed.markets}[3]
    assert {name: getattr(market, name) for name in MARKET} == MARKET


INVALID: list[tuple[str, Any]] = [
    ("DefineAsset", pb.DefineAssetRequest(asset_id=0, symbol="X")),
    ("DefineAsset", pb.DefineAssetRequest(asset_id=1_025, symbol="X")),
    ("DefineAsset", pb.DefineAssetRequest(asset_id=9, symbol="X", decimals=19)),
    ("DefineMarket", pb.DefineMarketRequest(**{**MARKET, "maker_fee_ppm": 100_001})),
    ("DefineMarket", pb.DefineMarketRequest(**{**MARKET, "taker_fee_ppm": 0xFFFFFFFF})),
    ("DefineMarket", pb.DefineMarketRequest(**{**MARKET, "base_atoms_per_lot": -1})),
    ("DefineMarket", pb.DefineMarketRequest(**{**MARKET, "quote_asset_id": 1})),
    ("DefineMarket", pb.DefineMarketRequest(**{**MARKET, "minimum_allocation_lots": -1})),
    ("DefineMarket", pb.DefineMarketRequest(**{**MARKET, "minimum_allocation_lots": 1 << 41})),
    ("DefineAccount", pb.DefineAccountRequest(account_id=0)),
    ("DefineAccount", pb.DefineAccountRequest(account_id=1_000_001)),
    ("SetIdWindow", pb.SetIdWindowRequest(id_window_ns=1, ids_max=5)),
]


async def test_a_least_share_by_time_is_refused_by_its_name(engine: Engine) -> None:
    """Only a market that shares levels out has a least share."""
    boss = engine.client("boss")
    by_time = {**MARKET, "allocation": common_pb2.ALLOCATION_FIFO}
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await boss.call(boss.admin.DefineMarket, pb.DefineMarketRequest(**by_time))
    assert ["minimum_allocation_lots"] == refusal(caught.value).fields


@pytest.mark.parametrize(("rpc", "message"), INVALID)
async def test_a_parameter_out_of_range_is_refused(engine: Engine, rpc: str, message: Any) -> None:
    """The core's limits hold for operators too, and nothing is half defined."""
    boss, before = engine.client("boss"), engine.node.venue.digest()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await boss.call(getattr(boss.admin, rpc), message)
    told = refusal(caught.value)
    assert (told.code, told.reason) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_PARAMETER",
    )
    assert engine.node.venue.digest() == before


@pytest.mark.parametrize(
    "symbol", ["", "a", "GOLD USD", "SEVENTEEN-LETTERS", "GÖLD", "GOLD\0", "\u202eDLOG", "G\r\n"]
)
async def test_a_symbol_outside_its_alphabet_is_refused_at_the_edge(
    engine: Engine, symbol: str
) -> None:
    """Symbols are 1 to 16 characters of A-Z, 0-9, dot and hyphen."""
    boss = engine.client("boss")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await boss.call(boss.admin.DefineAsset, pb.DefineAssetRequest(asset_id=9, symbol=symbol))
    told = refusal(caught.value)
    assert (told.code, told.fields) == (grpc.StatusCode.INVALID_ARGUMENT, ["symbol"])


async def test_the_status_tells_sequences_digest_and_counts(engine: Engine) -> None:
    """The digest is that of the state at the applied sequence."""
    boss = engine.client("boss")
    await boss.call(
        boss.admin.SetIdWindow, pb.SetIdWindowRequest(id_window_ns=5_000_000_000, ids_max=77)
    )
    await engine.client("alice").place()
    status = await boss.call(boss.admin.GetStatus, pb.GetStatusRequest())
    node = engine.node
    assert status == pb.GetStatusResponse(
        durable_sequence=node.durable_sequence,
        applied_sequence=node.applied_sequence,
        digest=f"{node.venue.digest():032x}",
        open_orders=1,
        ids_remembered=5,
        id_window_ns=5_000_000_000,
        ids_max=77,
        front="aio",
    )


async def test_phases_are_changed_and_told(engine: Engine) -> None:
    """A call collects, is told on the status stream, and its uncross says what traded."""
    boss, viewer = engine.client("boss"), engine.client("alice")
    stream = viewer.market_data.StreamStatus(
        marketdata_pb2.StreamStatusRequest(market_id=1, from_status_sequence=1),
        metadata=viewer.metadata,
    )
    call = pb.SetPhaseRequest(
        market_id=1,
        phase=common_pb2.PHASE_AUCTION,
        auction_kind=common_pb2.AUCTION_KIND_ON_DEMAND,
    )
    begun = await boss.call(boss.admin.SetPhase, call)
    done = await boss.call(boss.admin.Uncross, pb.UncrossRequest(market_id=1))
    assert (done.sequence, done.price_ticks, done.volume_lots) == (begun.sequence + 1, 0, 0)
    changes: list[Any] = []
    while len(changes) < 2:
        changes += (await stream.read()).changes
    stream.cancel()
    assert [change.status_sequence for change in changes] == [1, 2]
    assert changes[0].phase.phase == common_pb2.PHASE_AUCTION
    assert changes[1].WhichOneof("change") == "uncrossed"
    listed = await boss.call(
        boss.market_data.ListInstruments, marketdata_pb2.ListInstrumentsRequest()
    )
    assert listed.markets[0].phase == common_pb2.PHASE_AUCTION


async def test_a_phase_that_may_not_follow_is_refused(engine: Engine) -> None:
    """The number of the refusal is the core's, and the field is named."""
    boss = engine.client("boss")
    for request, reason, field in (
        (
            pb.SetPhaseRequest(market_id=1, phase=common_pb2.PHASE_OPEN),
            "WRONG_PHASE_CHANGE",
            "phase",
        ),
        (pb.SetPhaseRequest(market_id=1), "INVALID_PARAMETER", "phase"),
        (
            pb.SetPhaseRequest(market_id=1, phase=common_pb2.PHASE_HALTED, auction_end_ns=5),
            "INVALID_PARAMETER",
            "auction_kind",
        ),
        (
            pb.SetPhaseRequest(market_id=77, phase=common_pb2.PHASE_OPEN),
            "UNKNOWN_MARKET",
            "market_id",
        ),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await boss.call(boss.admin.SetPhase, request)
        told = refusal(caught.value)
        assert (told.reason, told.fields[0]) == (reason, field)


async def test_limits_and_kill_switches_are_set_and_lifted(engine: Engine) -> None:
    """They are journaled commands: answered as done again, and a switch says what it cancelled."""
    boss = engine.client("boss")
    request = pb.SetLimitRequest(account_id=1, kind=pb.LIMIT_KIND_ORDER_LOTS, value=10)
    first = await boss.call(boss.admin.SetLimit, request)
    again = await boss.call(boss.admin.SetLimit, request)
    assert (first.existed, again.existed) == (False, True)
    killed = await boss.call(boss.admin.Kill, pb.KillRequest(account_id=1))
    lifted = await boss.call(boss.admin.Kill, pb.KillRequest(account_id=1, lift=True))
    assert (killed.cancelled_count, lifted.sequence) == (0, killed.sequence + 1)


async def test_what_is_in_force_is_listed(engine: Engine) -> None:
    """The operator sees every limit and switch, as of a sequence."""
    boss = engine.client("boss")
    request = pb.SetLimitRequest(market_id=1, kind=pb.LIMIT_KIND_MESSAGES, value=5, window_ns=9)
    await boss.call(boss.admin.SetLimit, request)
    await boss.call(boss.admin.Kill, pb.KillRequest(account_id=2))
    last = await boss.call(boss.admin.Kill, pb.KillRequest(market_id=1))
    seen = await boss.call(boss.admin.ListControls, pb.ListControlsRequest())
    assert seen == pb.ListControlsResponse(
        limits=[pb.Limit(market_id=1, kind=pb.LIMIT_KIND_MESSAGES, value=5, window_ns=9)],
        kill_switches=[pb.KillSwitch(market_id=1), pb.KillSwitch(account_id=2)],
        as_of_sequence=last.sequence,
    )


@pytest.mark.parametrize(
    ("method", "request_", "field"),
    [
        ("SetLimit", pb.SetLimitRequest(kind=pb.LIMIT_KIND_MESSAGES, value=5), "kind"),
        ("SetLimit", pb.SetLimitRequest(value=5), "kind"),
        ("Kill", pb.KillRequest(account_id=1, market_id=1), "market_id"),
    ],
)
async def test_a_control_that_cannot_be_set_names_its_field(
    engine: Engine, method: str, request_: Any, field: str
) -> None:
    """The refusal has the core's number and the field at fault."""
    boss = engine.client("boss")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await boss.call(getattr(boss.admin, method), request_)
    told = refusal(caught.value)
    assert (told.reason, told.fields[0]) == ("INVALID_PARAMETER", field)
