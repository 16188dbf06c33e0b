"""AdminService: definitions and status."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from google.protobuf.message import Message

from engine.core.commands import CommandKind, symbol_words
from engine.core.events import EXISTED
from engine.keys import Principal
from engine.rpc.definite import run_definite
from engine.rpc.errors import invalid
from engine.rpc.intake import Intake
from engine.rpc.methods import Method
from engine.rpc.node_port import NodePort
from realstack.admin.v1 import admin_pb2 as pb

SERVICE = "realstack.admin.v1.AdminService"
FRONT = "aio"
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
            "SetIdWindow": Method(pb.SetIdWindowRequest, unary=self.set_id_window),
            "GetStatus": Method(pb.GetStatusRequest, unary=self.get_status),
        }

    async def define_asset(self, message: Message, principal: Principal) -> Message:
        """Define an asset."""
        request = cast("pb.DefineAssetRequest", message)
        event = await run_definite(
            self._intake,
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
        event = await run_definite(
            self._intake,
            CommandKind.DEFINE_MARKET,
            market_id=request.market_id,
            word_64=request.quote_atoms_per_tick_lot,
            word_72=request.base_atoms_per_lot,
            word_80=_signed(fees),
            low_88=request.base_asset_id,
            high_92=request.quote_asset_id,
            target=_symbol(request.symbol),
        )
        return pb.DefineMarketResponse(
            sequence=int(event["sequence"]), existed=bool(event["flags"] & EXISTED)
        )

    async def define_account(self, message: Message, principal: Principal) -> Message:
        """Define an account."""
        request = cast("pb.DefineAccountRequest", message)
        event = await run_definite(
            self._intake,
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
        event = await run_definite(
            self._intake,
            CommandKind.SET_ID_WINDOW,
            word_64=request.id_window_ns,
            word_72=request.ids_max,
        )
        return pb.SetIdWindowResponse(sequence=int(event["sequence"]))

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


def _symbol(symbol: str) -> tuple[int, int]:
    """Pack a symbol; one that its 16 bytes cannot hold is refused here."""
    if not _SYMBOL.fullmatch(symbol):
        raise invalid("symbol", "must be 1 to 16 characters of A-Z, 0-9, dot and hyphen")
    return symbol_words(symbol)


def _signed(word: int) -> int:
    """Read an unsigned 64-bit word as a signed one, as the record's field is."""
    return word - (1 << 64) if word >> 63 else word
