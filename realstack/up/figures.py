"""The numbers of the status line and the summary."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import grpc.aio

from realstack.client import Client, ClientError, VenueStatus
from realstack.up.settlement_view import Comparison, SettlementView


@dataclass(frozen=True, slots=True)
class Figures:
    """How the venue stands; counts are those since `realstack up` was started."""

    seconds: int
    sequence: int
    orders: int
    fills: int
    open_orders: int
    batches: int
    transfers: int
    fills_pending: int
    differences: int
    compared: bool
    away: str  # what does not answer now, or empty

    def line(self) -> str:
        """Return the status line."""
        minutes, seconds = divmod(self.seconds, 60)
        if not self.compared:
            ledger = "not compared yet"
        elif self.differences:
            ledger = f"{self.differences} DIFFERENCES"
        else:
            ledger = "ledger equals chain"
        text = (
            f"{minutes:02d}:{seconds:02d}  orders {self.orders:,}  fills {self.fills:,}  "
            f"batches {self.batches:,}  transfers {self.transfers:,}  "
            f"to settle {self.fills_pending:,}  {ledger}"
        )
        return f"{text}  ({self.away} is away)" if self.away else text


class Meter:
    """Reads the numbers from the venue, from its participants and from settlement."""

    def __init__(self, operator: Client, settlement: SettlementView) -> None:
        self._operator = operator
        self._settlement = settlement
        self._began = time.monotonic()
        self._trades_before = 0
        self._status: VenueStatus | None = None
        self._comparison = Comparison(0, 0, 0, 0, 0)
        self._sim: dict[str, Any] = {}

    @property
    def settlement(self) -> SettlementView:
        """What the settlement worker tells."""
        return self._settlement

    async def begin(self) -> None:
        """Note where the counts begin."""
        self._status = await self._operator.status()
        self._trades_before = self._status.trades
        await self._settlement.read_batches()
        self._began = time.monotonic()

    def on_sim_line(self, line: str) -> None:
        """Take a report of the participants."""
        if line.startswith("{"):
            self._sim = json.loads(line)

    @property
    def sim(self) -> dict[str, Any]:
        """The participants' last report."""
        return self._sim

    @property
    def last_trade_id(self) -> int:
        """The venue's last trade, as of the last read."""
        return self._status.trades if self._status else 0

    @property
    def last_sequence(self) -> int:
        """The venue's durable sequence, as of the last read."""
        return self._status.durable_sequence if self._status else 0

    async def read(self) -> Figures:
        """Read everything that answers; what does not keeps its former numbers."""
        away = ""
        try:
            self._status = await self._operator.status()
        except ClientError:
            away = "engine"
        try:
            await self._settlement.read_batches()
            self._comparison = await self._settlement.comparison()
        except grpc.aio.AioRpcError:
            away = away or "settlement"
        return self.figures(away)

    def figures(self, away: str = "") -> Figures:
        """Return the numbers of the last read."""
        moved, comparison = self._settlement.moved, self._comparison
        return Figures(
            seconds=int(time.monotonic() - self._began),
            sequence=self.last_sequence,
            orders=int(self._sim.get("orders", 0)),
            fills=self.last_trade_id - self._trades_before,
            open_orders=self._status.open_orders if self._status else 0,
            batches=moved.batches,
            transfers=moved.transfers,
            fills_pending=comparison.fills_pending,
            differences=comparison.differences,
            compared=comparison.sequence > 0,
            away=away,
        )

    def is_settled(self) -> bool:
        """Tell whether every fill was final when the worker compared last, and that is recent."""
        comparison = self._comparison
        return comparison.sequence >= self.last_sequence and comparison.fills_pending == 0
