"""A venue for tests: engine, market service and gateway as processes, with funded members.

Every test takes members of its own, so that tests share one venue and see nothing of each other.
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import msgspec

from engine.keys import key_sha256
from realstack.admin.v1 import admin_pb2, admin_pb2_grpc
from realstack.common.v1 import common_pb2
from realstack.settlement.v1 import settlement_pb2, settlement_pb2_grpc
from tests.support.processes import ServerProcess

MEMBERS = 400
CALL_SECONDS = 10.0

# asset id, symbol, decimals
ASSETS = ((1, "USDC", 6), (2, "BLDG", 6), (3, "BOND", 4))
# market id, symbol, base, quote, quote atoms per tick and lot, base atoms per lot: a tick of 0.01
# USDC and a lot of 0.001 BLDG (0.1 BOND).
MARKETS = ((1, "BLDG-USDC", 2, 1, 10, 1_000), (2, "BOND-USDC", 3, 1, 1_000, 1_000))
MAKER_FEE_PPM = 200
TAKER_FEE_PPM = 500


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the venue with a key and an account."""

    account_id: int
    api_key: str = field(repr=False)


class VenueFolder:
    """The data folder: keys of members and of the processes."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.members: list[Member] = []
        self.role_keys: dict[str, str] = {}
        self._next = 0
        (data / "secrets").mkdir(parents=True)
        entries = []
        for account_id in range(1, MEMBERS + 1):
            member = Member(account_id, secrets.token_urlsafe(32))
            self.members.append(member)
            entries.append(_entry(f"member-{account_id}", member.api_key, account_id, "member"))
        for name, role in (
            ("operator", "operator"),
            ("settlement", "settlement"),
            ("market", "operator"),
            ("gateway", "operator"),
        ):
            key = secrets.token_urlsafe(32)
            self.role_keys[name] = key
            (data / "secrets" / f"{name}.key").write_text(key)
            entries.append(_entry(name, key, 0, role))
        (data / "keys.json").write_bytes(msgspec.json.encode(entries))

    def take_member(self) -> Member:
        """Return a member that no other test has."""
        self._next += 1
        return self.members[self._next - 1]


def _entry(name: str, api_key: str, account_id: int, role: str) -> dict[str, object]:
    return {
        "name": name,
        "key_sha256": key_sha256(api_key),
        "account_id": account_id,
        "role": role,
    }


class EngineAdmin:
    """What an operator and settlement do at the engine: define and credit."""

    def __init__(self, address: str, folder: VenueFolder) -> None:
        self._channel = grpc.insecure_channel(address)
        self._admin = admin_pb2_grpc.AdminServiceStub(self._channel)
        self._settlement = settlement_pb2_grpc.SettlementServiceStub(self._channel)
        self._operator = (("x-api-key", folder.role_keys["operator"]),)
        self._settler = (("x-api-key", folder.role_keys["settlement"]),)

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def define_instruments(self) -> None:
        """Define the assets and markets of this file."""
        for asset_id, symbol, decimals in ASSETS:
            asset = admin_pb2.DefineAssetRequest(
                asset_id=asset_id, symbol=symbol, decimals=decimals
            )
            self._admin.DefineAsset(asset, metadata=self._operator, timeout=CALL_SECONDS)
        for market_id, symbol, base, quote, tick_lot, lot in MARKETS:
            market = admin_pb2.DefineMarketRequest(
                market_id=market_id,
                symbol=symbol,
                base_asset_id=base,
                quote_asset_id=quote,
                quote_atoms_per_tick_lot=tick_lot,
                base_atoms_per_lot=lot,
                maker_fee_ppm=MAKER_FEE_PPM,
                taker_fee_ppm=TAKER_FEE_PPM,
            )
            self.define(market)

    def define(self, market: admin_pb2.DefineMarketRequest) -> None:
        """Define a market."""
        self._admin.DefineMarket(market, metadata=self._operator, timeout=CALL_SECONDS)

    def set_phase(
        self,
        market_id: int,
        phase: common_pb2.Phase.ValueType,
        kind: common_pb2.AuctionKind.ValueType = common_pb2.AUCTION_KIND_UNSPECIFIED,
    ) -> None:
        """Bring a market into another phase."""
        request = admin_pb2.SetPhaseRequest(market_id=market_id, phase=phase, auction_kind=kind)
        self._admin.SetPhase(request, metadata=self._operator, timeout=CALL_SECONDS)

    def define_account(self, account_id: int) -> None:
        """Define an account."""
        request = admin_pb2.DefineAccountRequest(account_id=account_id)
        self._admin.DefineAccount(request, metadata=self._operator, timeout=CALL_SECONDS)

    def credit(self, account_id: int, asset_id: int, amount_atoms: int) -> int:
        """Credit a deposit and return the sequence that did."""
        number = uuid.uuid4().int
        request = settlement_pb2.CreditDepositRequest(
            account_id=account_id,
            asset_id=asset_id,
            amount_atoms=amount_atoms,
            client_id=common_pb2.ClientId(low=number & (1 << 64) - 1, high=number >> 64),
            sent_time_ns=time.time_ns(),
        )
        answer = self._settlement.CreditDeposit(
            request, metadata=self._settler, timeout=CALL_SECONDS
        )
        return int(answer.sequence)

    def status(self) -> admin_pb2.GetStatusResponse:
        """Return the engine's status: sequence, digest and counts."""
        request = admin_pb2.GetStatusRequest()
        return self._admin.GetStatus(request, metadata=self._operator, timeout=CALL_SECONDS)


@dataclass
class Venue:
    """A running venue."""

    folder: VenueFolder
    engine: ServerProcess
    market: ServerProcess
    gateway: ServerProcess
    admin: EngineAdmin

    @property
    def url(self) -> str:
        """The gateway's address."""
        return self.gateway.address

    @property
    def socket_url(self) -> str:
        """The address of the gateway's WebSocket."""
        return self.url.replace("http://", "ws://") + "/v1/ws"

    def stop(self) -> None:
        """End what runs now: a test may have started a part again."""
        self.admin.close()
        for part in (self.gateway, self.market, self.engine):
            part.stop()

    def member(self, *, usdc: int = 1_000_000, bldg: int = 10_000, bond: int = 0) -> Member:
        """Return a new member with so many whole units of each asset."""
        member = self.folder.take_member()
        self.admin.define_account(member.account_id)
        for (asset_id, _, decimals), units in zip(ASSETS, (usdc, bldg, bond), strict=True):
            if units:
                self.admin.credit(member.account_id, asset_id, units * 10**decimals)
        return member


@contextmanager
def running_venue(
    data: Path, database_url: str, *, settlement_address: str = "", core: str = "reference"
) -> Iterator[Venue]:
    """Run a venue in a folder; it ends with the context."""
    folder = VenueFolder(data)
    logs = data / "logs"
    logs.mkdir()
    with ExitStack() as stack:
        common = ("--listen", "127.0.0.1:0", "--keys", str(data / "keys.json"))
        engine = ServerProcess(
            "engine.server", *common, "--data", str(data / "engine"), "--core", core, logs=logs
        )
        venue = Venue(folder, engine, engine, engine, EngineAdmin(engine.address, folder))
        stack.callback(venue.stop)
        venue.admin.define_instruments()
        venue.market = ServerProcess(
            "services.market.server",
            *common,
            *("--data", str(data), "--engine", engine.address, "--database-url", database_url),
            logs=logs,
        )
        behind: tuple[str, ...] = ("--engine", engine.address, "--market", venue.market.address)
        if settlement_address:
            behind = (*behind, "--settlement", settlement_address)
        venue.gateway = ServerProcess(
            "gateway.server", *common, "--data", str(data), *behind, logs=logs
        )
        yield venue
