"""Calls of the operator and of settlement: definitions, status, the ledger, deposits."""

from __future__ import annotations

import time
from typing import Any

from engine.core.commands import Allocation, LimitKind
from engine.core.phases import AuctionKind, Phase
from realstack.admin.v1 import admin_pb2, admin_pb2_grpc
from realstack.client.columns import client_id as wire_id
from realstack.client.decode import controls_from, ledger_from, status_from
from realstack.client.records import Controls, Ledger, VenueStatus
from realstack.client.requests import ClientId, id_words
from realstack.client.session import Session
from realstack.common.v1 import common_pb2
from realstack.settlement.v1 import settlement_pb2, settlement_pb2_grpc


class Operations(Session):
    """Calls that need the operator's or settlement's role.

    A definition that exists with the same content is answered as done; with other content the
    venue refuses it. Each returns whether it existed before.
    """

    async def define_asset(self, *, asset_id: int, symbol: str, decimals: int) -> bool:
        """Define an asset. For the operator role."""
        request = admin_pb2.DefineAssetRequest(asset_id=asset_id, symbol=symbol, decimals=decimals)
        return bool((await self._unary(self._admin().DefineAsset, request)).existed)

    async def define_market(
        self,
        *,
        market_id: int,
        symbol: str,
        base_asset_id: int,
        quote_asset_id: int,
        quote_atoms_per_tick_lot: int,
        base_atoms_per_lot: int,
        maker_fee_ppm: int,
        taker_fee_ppm: int,
        band_ppm: int = 0,
        volatility_ppm: int = 0,
        auction_ms: int = 0,
        initial_phase: Phase = Phase.OPEN,
        allocation: Allocation = Allocation.FIFO,
        minimum_allocation_lots: int = 0,
    ) -> bool:
        """Define a market; a band of 0 is none. For the operator role."""
        request = admin_pb2.DefineMarketRequest(
            market_id=market_id,
            symbol=symbol,
            base_asset_id=base_asset_id,
            quote_asset_id=quote_asset_id,
            quote_atoms_per_tick_lot=quote_atoms_per_tick_lot,
            base_atoms_per_lot=base_atoms_per_lot,
            maker_fee_ppm=maker_fee_ppm,
            taker_fee_ppm=taker_fee_ppm,
            band_ppm=band_ppm,
            volatility_ppm=volatility_ppm,
            auction_ms=auction_ms,
            initial_phase=common_pb2.Phase.ValueType(initial_phase),
            allocation=common_pb2.Allocation.ValueType(allocation),
            minimum_allocation_lots=minimum_allocation_lots,
        )
        return bool((await self._unary(self._admin().DefineMarket, request)).existed)

    async def define_account(self, *, account_id: int, group_id: int = 0) -> bool:
        """Define an account; a group of 0 is a group of its own. For the operator role."""
        request = admin_pb2.DefineAccountRequest(account_id=account_id, group_id=group_id)
        return bool((await self._unary(self._admin().DefineAccount, request)).existed)

    async def set_reference_price(self, *, market_id: int, price_ticks: int) -> None:
        """Set the price that stops on the reference price watch. For the operator role."""
        request = admin_pb2.SetReferencePriceRequest(market_id=market_id, price_ticks=price_ticks)
        await self._unary(self._admin().SetReferencePrice, request)

    async def set_phase(
        self,
        *,
        market_id: int,
        phase: Phase,
        auction_kind: AuctionKind | None = None,
        auction_end_ns: int = 0,
    ) -> None:
        """Change a market's phase. For the operator role.

        Args:
            market_id: The market.
            phase: What it shall do; `docs/rules.md` says which phase may follow which.
            auction_kind: Why a call is held; with the phase AUCTION, and only then.
            auction_end_ns: When the call ends by itself, nanoseconds since 1970 UTC; 0: not.
        """
        request = admin_pb2.SetPhaseRequest(
            market_id=market_id,
            phase=common_pb2.Phase.ValueType(phase),
            auction_kind=common_pb2.AuctionKind.ValueType(auction_kind or 0),
            auction_end_ns=auction_end_ns,
        )
        await self._unary(self._admin().SetPhase, request)

    async def uncross(self, *, market_id: int) -> tuple[int, int]:
        """Uncross a call, which goes on; give price and volume. For the operator role."""
        request = admin_pb2.UncrossRequest(market_id=market_id)
        answer = await self._unary(self._admin().Uncross, request)
        return answer.price_ticks, answer.volume_lots

    async def set_limit(
        self,
        kind: LimitKind,
        value: int,
        *,
        account_id: int = 0,
        market_id: int = 0,
        window_ns: int = 0,
    ) -> bool:
        """Set a limit; return whether it was so before. For the operator role.

        Args:
            kind: What it bounds.
            value: The most that is allowed, in the unit of the kind; 0 removes the limit.
            account_id: Whose; 0 for each account (of MESSAGES for all together).
            market_id: Where; 0 for each market (of OPEN_ORDERS and MESSAGES for all together).
            window_ns: Of MESSAGES, and only there: the time in which so many are allowed.
        """
        request = admin_pb2.SetLimitRequest(
            account_id=account_id,
            market_id=market_id,
            kind=admin_pb2.LimitKind.ValueType(kind),
            value=value,
            window_ns=window_ns,
        )
        return bool((await self._unary(self._admin().SetLimit, request)).existed)

    async def kill(self, *, account_id: int = 0, market_id: int = 0, lift: bool = False) -> int:
        """Stop an account, a market or (neither is given) the venue, or lift that.

        Returns:
            How many orders it cancelled. For the operator role.
        """
        request = admin_pb2.KillRequest(account_id=account_id, market_id=market_id, lift=lift)
        return int((await self._unary(self._admin().Kill, request)).cancelled_count)

    async def controls(self) -> Controls:
        """Return the limits and kill switches in force. For the operator role."""
        request = admin_pb2.ListControlsRequest()
        return controls_from(await self._unary(self._admin().ListControls, request))

    async def set_id_window(self, *, id_window_ns: int, ids_max: int) -> None:
        """Set how long and how many client ids are remembered. For the operator role."""
        request = admin_pb2.SetIdWindowRequest(id_window_ns=id_window_ns, ids_max=ids_max)
        await self._unary(self._admin().SetIdWindow, request)

    async def status(self) -> VenueStatus:
        """Return the venue's sequences, digest and counts. For the operator role."""
        return status_from(await self._unary(self._admin().GetStatus, admin_pb2.GetStatusRequest()))

    async def ledger(self) -> Ledger:
        """Return every balance at one durable sequence. For the settlement role."""
        stub = settlement_pb2_grpc.SettlementServiceStub(self._open_channel())
        return ledger_from(await self._unary(stub.GetLedger, settlement_pb2.GetLedgerRequest()))

    async def credit_deposit(
        self,
        *,
        account_id: int,
        asset_id: int,
        amount_atoms: int,
        client_id: ClientId,
        sent_time_ns: int = 0,
    ) -> bool:
        """Credit a deposit that is final on chain; return whether it had been credited before.

        Args:
            account_id: Whose.
            asset_id: Of what.
            amount_atoms: How much.
            client_id: Made from the transfer's signature and instruction, so that it counts once.
            sent_time_ns: When it was first sent.
        """
        low, high = id_words(client_id)
        request = settlement_pb2.CreditDepositRequest(
            account_id=account_id,
            asset_id=asset_id,
            amount_atoms=amount_atoms,
            client_id=wire_id(low, high),
            sent_time_ns=sent_time_ns or time.time_ns(),
        )
        stub = settlement_pb2_grpc.SettlementServiceStub(self._open_channel())
        return bool((await self._unary(stub.CreditDeposit, request)).duplicate)

    def _admin(self) -> Any:
        """Return the calls of the operator."""
        return admin_pb2_grpc.AdminServiceStub(self._open_channel())
