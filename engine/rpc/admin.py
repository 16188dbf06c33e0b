"""AdminService: definitions and status."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from google.protobuf.message import Message

from engine.core.commands import Allocation, CommandKind, symbol_words
from engine.core.events import EXISTED
from engine.core.limits import (
    ACCOUNT_ID_MAX,
    ASSET_ID_MAX,
    AUCTION_MS_MAX,
    BAND_PPM_MAX,
    DECIMALS_MAX,
    FEE_PPM_MAX,
    ID_WINDOW_NS_MAX,
    ID_WINDOW_NS_MIN,
    IDS_MAX_LIMIT,
    MARKET_ID_MAX,
    QUANTITY_LOTS_MAX,
    UNIT_ATOMS_MAX,
)
from engine.core.phases import AuctionKind, Phase
from engine.core.rejects import Reject
from engine.keys import Principal
from engine.rpc.definite import run_definite
from engine.rpc.errors import EdgeError, invalid
from engine.rpc.intake import Intake
from engine.rpc.methods import Method
from engine.rpc.node_port import NodePort
from engine.rpc.records import UINT64_MAX
from realstack.admin.v1 import admin_pb2 as pb

SERVICE = "realstack.admin.v1.AdminService"
FRONT = "aio"
# The core says that a parameter is out of range; which one it was is told from these.
_RANGES: dict[str, tuple[int, int]] = {
    "asset_id": (1, ASSET_ID_MAX),
    "decimals": (0, DECIMALS_MAX),
    "market_id": (1, MARKET_ID_MAX),
    "quote_atoms_per_tick_lot": (1, UNIT_ATOMS_MAX),
    "base_atoms_per_lot": (1, UNIT_ATOMS_MAX),
    "maker_fee_ppm": (0, FEE_PPM_MAX),
    "taker_fee_ppm": (0, FEE_PPM_MAX),
    "band_ppm": (0, BAND_PPM_MAX),
    "volatility_ppm": (0, BAND_PPM_MAX),
    "auction_ms": (0, AUCTION_MS_MAX),
    "initial_phase": (0, max(Phase)),
    "allocation": (0, max(Allocation)),
    "minimum_allocation_lots": (0, QUANTITY_LOTS_MAX),
    "phase": (1, max(Phase)),
    "auction_kind": (0, max(AuctionKind)),
    "account_id": (1, ACCOUNT_ID_MAX),
    "id_window_ns": (ID_WINDOW_NS_MIN, ID_WINDOW_NS_MAX),
    "ids_max": (1, IDS_MAX_LIMIT),
}
_SYMBOL = re.compile(r"[A-Z0-9.-]{1,16}", re.ASCII)


class AdminService:
    """Carries out the rpcs of AdminService."""

    def __init__(self, node: NodePort, intake: Intake) -> None:
        self._node = node
        self._intake = intake

    def methods(self) -> Mapping[str, Method]:
        """Give the rpcs by name."""
        return {
            "DefineAsset": Method(pb.DefineAssetRequest, unary=self.define_asset),
            "DefineMarket": Method(pb.DefineMarketRequest, unary=self.define_market),
            "DefineAccount": Method(pb.DefineAccountRequest, unary=self.define_account),
            "SetReferencePrice": Method(
                pb.SetReferencePriceRequest, unary=self.set_reference_price
            ),
            "SetPhase": Method(pb.SetPhaseRequest, unary=self.set_phase),
            "Uncross": Method(pb.UncrossRequest, unary=self.uncross),
            "SetLimit": Method(pb.SetLimitRequest, unary=self.set_limit),
            "Kill": Method(pb.KillRequest, unary=self.kill),
            "ListControls": Method(pb.ListControlsRequest, unary=self.list_controls),
            "SetIdWindow": Method(pb.SetIdWindowRequest, unary=self.set_id_window),
            "GetStatus": Method(pb.GetStatusRequest, unary=self.get_status),
        }

    async def define_asset(self, message: Message, principal: Principal) -> Message:
        """Define an asset."""
        request = cast("pb.DefineAssetRequest", message)
        event = await self._define(
            request,
            CommandKind.DEFINE_ASSET,
            word_64=request.decimals,
            low_88=request.asset_id,
            target=_symbol(request.symbol),
        )
        return pb.DefineAssetResponse(
            sequence=int(event["sequence"]), existed=bool(event["flags"] & EXISTED)
        )

    async def define_market(self, message: Message, principal: Principal) -> Message:
        """Define a market."""
        request = cast("pb.DefineMarketRequest", message)
        fees = request.maker_fee_ppm | request.taker_fee_ppm << 32
        event = await self._define(
            request,
            CommandKind.DEFINE_MARKET,
            market_id=request.market_id,
            order_type=_byte(request.allocation),
            order_id=request.minimum_allocation_lots & UINT64_MAX,
            word_64=request.quote_atoms_per_tick_lot,
            word_72=request.base_atoms_per_lot,
            word_80=_signed(fees),
            low_88=request.base_asset_id,
            high_92=request.quote_asset_id,
            target=_symbol(request.symbol),
            word_112=_signed(request.band_ppm | request.volatility_ppm << 32),
            word_120=request.auction_ms | _byte(request.initial_phase) << 32,
        )
        return pb.DefineMarketResponse(
            sequence=int(event["sequence"]), existed=bool(event["flags"] & EXISTED)
        )

    async def set_reference_price(self, message: Message, principal: Principal) -> Message:
        """Set a market's reference price."""
        request = cast("pb.SetReferencePriceRequest", message)
        event = await self._define(
            request,
            CommandKind.SET_REFERENCE_PRICE,
            market_id=request.market_id,
            word_64=request.price_ticks,
        )
        return pb.SetReferencePriceResponse(sequence=int(event["sequence"]))

    async def set_phase(self, message: Message, principal: Principal) -> Message:
        """Change a market's phase."""
        request = cast("pb.SetPhaseRequest", message)
        event = await self._define(
            request,
            CommandKind.SET_PHASE,
            market_id=request.market_id,
            word_64=int(request.phase),
            word_72=int(request.auction_kind),
            word_80=request.auction_end_ns,
        )
        return pb.SetPhaseResponse(sequence=int(event["sequence"]))

    async def uncross(self, message: Message, principal: Principal) -> Message:
        """Uncross a call."""
        request = cast("pb.UncrossRequest", message)
        event = await self._define(request, CommandKind.UNCROSS, market_id=request.market_id)
        return pb.UncrossResponse(
            sequence=int(event["sequence"]),
            price_ticks=int(event["price_ticks"]),
            volume_lots=int(event["quantity_lots"]),
        )

    async def set_limit(self, message: Message, principal: Principal) -> Message:
        """Set, change or remove a limit."""
        request = cast("pb.SetLimitRequest", message)
        event = await self._define(
            request,
            CommandKind.SET_LIMIT,
            account_id=request.account_id,
            market_id=request.market_id,
            word_64=int(request.kind),
            word_72=request.value,
            word_80=request.window_ns,
        )
        return pb.SetLimitResponse(
            sequence=int(event["sequence"]), existed=bool(event["flags"] & EXISTED)
        )

    async def kill(self, message: Message, principal: Principal) -> Message:
        """Set or lift a kill switch."""
        request = cast("pb.KillRequest", message)
        event = await self._define(
            request,
            CommandKind.KILL,
            account_id=request.account_id,
            market_id=request.market_id,
            word_64=int(not request.lift),
        )
        return pb.KillResponse(
            sequence=int(event["sequence"]), cancelled_count=int(event["quantity_lots"])
        )

    async def list_controls(self, message: Message, principal: Principal) -> Message:
        """List the limits and kill switches in force."""
        sequence, (limits, kills) = await self._node.read(
            lambda venue: (venue.limits(), venue.kills())
        )
        return pb.ListControlsResponse(
            limits=[
                pb.Limit(
                    account_id=int(row["account_id"]),
                    market_id=int(row["market_id"]),
                    kind=pb.LimitKind.ValueType(int(row["kind"])),
                    value=int(row["value"]),
                    window_ns=int(row["window_ns"]),
                )
                for row in limits
            ],
            kill_switches=[
                pb.KillSwitch(account_id=account_id, market_id=market_id)
                for account_id, market_id in kills
            ],
            as_of_sequence=sequence,
        )

    async def define_account(self, message: Message, principal: Principal) -> Message:
        """Define an account."""
        request = cast("pb.DefineAccountRequest", message)
        event = await self._define(
            request,
            CommandKind.DEFINE_ACCOUNT,
            account_id=request.account_id,
            word_80=request.group_id,
        )
        return pb.DefineAccountResponse(
            sequence=int(event["sequence"]), existed=bool(event["flags"] & EXISTED)
        )

    async def set_id_window(self, message: Message, principal: Principal) -> Message:
        """Set how long and how many client ids are remembered."""
        request = cast("pb.SetIdWindowRequest", message)
        event = await self._define(
            request,
            CommandKind.SET_ID_WINDOW,
            word_64=request.id_window_ns,
            word_72=request.ids_max,
        )
        return pb.SetIdWindowResponse(sequence=int(event["sequence"]))

    async def _define(self, request: Message, kind: CommandKind, **fields: Any) -> Any:
        """Run a definition; a refusal names the parameters that are out of range."""
        try:
            return await run_definite(self._intake, kind, **fields)
        except EdgeError as error:
            if error.reason == Reject.INVALID_PARAMETER.name:
                error.violations = _out_of_range(request)
            elif error.reason == Reject.UNKNOWN_ASSET.name:
                error.violations = (("base_asset_id", "and quote_asset_id must be defined assets"),)
            raise

    async def get_status(self, message: Message, principal: Principal) -> Message:
        """Read sequences, digest and counts; digest and counts are those at `applied_sequence`."""
        node = self._node
        counts = node.venue.counts()
        return pb.GetStatusResponse(
            durable_sequence=node.durable_sequence,
            applied_sequence=node.applied_sequence,
            digest=f"{node.venue.digest():032x}",
            open_orders=counts["open_orders"],
            trades=counts["trades"],
            queue_depth=node.statistics().sequencer.queue_commands,
            ids_remembered=counts["ids_remembered"],
            id_window_ns=counts["id_window_ns"],
            ids_max=counts["ids_max"],
            id_floor_time_ns=counts["id_floor_time_ns"],
            front=FRONT,
        )


def _out_of_range(request: Message) -> tuple[tuple[str, str], ...]:
    """Give the parameters of a definition that are out of range, each with its range."""
    found = []
    for field in request.DESCRIPTOR.fields:
        least, most = _RANGES.get(field.name, (0, 0))
        if most and not least <= getattr(request, field.name) <= most:
            found.append((field.name, f"must be {least} to {most}"))
    if not found and isinstance(request, pb.DefineMarketRequest):
        if (request.volatility_ppm != 0) != (request.auction_ms != 0):
            found.append(("auction_ms", "goes with volatility_ppm, and only with it"))
        elif request.minimum_allocation_lots and int(request.allocation) != Allocation.PRO_RATA:
            found.append(("minimum_allocation_lots", "goes with the allocation pro rata, only"))
        else:
            found.append(("base_asset_id", "must differ from quote_asset_id"))
    if not found and isinstance(request, pb.SetPhaseRequest):
        found.append(("auction_kind", "and auction_end_ns go with the phase auction, only"))
    if isinstance(request, pb.SetLimitRequest):
        found = [("kind", "must be known; value at least 0, and window_ns goes with messages")]
    if isinstance(request, pb.KillRequest):
        found = [("market_id", "goes without account_id: one switch at a time")]
    return tuple(found)


def _symbol(symbol: str) -> tuple[int, int]:
    """Pack a symbol; one that its 16 bytes cannot hold is refused here."""
    if not _SYMBOL.fullmatch(symbol):
        raise invalid("symbol", "must be 1 to 16 characters of A-Z, 0-9, dot and hyphen")
    return symbol_words(symbol)


def _byte(number: int) -> int:
    """Give a number as a byte; one that does not fit becomes 255, which no parameter may be."""
    return number if 0 <= number <= 255 else 255


def _signed(word: int) -> int:
    """Read an unsigned 64-bit word as a signed one, as the record's field is."""
    return word - (1 << 64) if word >> 63 else word
