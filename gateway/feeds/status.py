"""The venue at a glance, worked out once a second: rates, links, the verdict."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from gateway.encoding import json_text
from gateway.feeds.channel import Channel, Frame
from gateway.feeds.link import LagMeter, LinkState
from gateway.feeds.settlement import SettlementFeed, reconciliation
from gateway.feeds.trades import TradeFeed
from gateway.schemas import settlement as schema
from gateway.schemas.market import PhaseName
from gateway.times import NS_PER_SECOND, time_text

WINDOW_SECONDS = 5
RECENT_KEPT = 60  # rates that a new subscriber gets at once, one a second
MINUTE_NS = 60 * NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Sample:
    """How far the venue was at a moment."""

    time_ns: int
    sequence: int
    trade_id: int


def per_second(before: int, after: int, elapsed_ns: int) -> int:
    """Return a rate as a whole number, rounded to the nearest."""
    if elapsed_ns <= 0:
        return 0
    return ((after - before) * NS_PER_SECOND + elapsed_ns // 2) // elapsed_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the status comes from."""

    trades: TradeFeed
    settlement: SettlementFeed
    engine_link: LinkState
    market_link: LinkState
    lag: LagMeter
    as_of_sequence: Callable[[], int]
    sockets: Callable[[], int]
    phases: Callable[[], dict[str, PhaseName]]


class StatusFeed:
    """Samples the sources and publishes the status."""

    def __init__(self, sources: Sources) -> None:
        self.channel = Channel("status", opening=self._opening)
        self._sources = sources
        self._samples: deque[Sample] = deque(maxlen=WINDOW_SECONDS + 1)
        self._recent: deque[schema.Rates] = deque(maxlen=RECENT_KEPT)
        self._lag_us: int | None = None
        self._number = 0

    def tick(self) -> None:
        """Take a sample and publish."""
        sources = self._sources
        self._lag_us = sources.lag.take_us()
        sequence = sources.as_of_sequence()
        if sequence:  # before the engine has spoken, everything it ever did would be a rate
            self._samples.append(Sample(time.time_ns(), sequence, sources.trades.last_trade_id))
        self._number += 1
        if sequence:
            self._recent.append(self._rates())
        self.channel.publish(self._frame("status", {}))

    def status(self) -> schema.Status:
        """Return the status as of the last sample."""
        sources = self._sources
        settlement = sources.settlement
        return schema.Status(
            time=time_text(time.time_ns()),
            as_of_seq=sources.as_of_sequence(),
            last_trade_id=sources.trades.last_trade_id,
            feed_lag_us=self._lag_us,
            rates=self._rates(),
            links=schema.Links(
                engine=_link(sources.engine_link),
                market=_link(sources.market_link),
                settlement=_link(settlement.link),
            ),
            batches_by_state=settlement.batches_by_state(),
            last_batch_id=settlement.last_batch_id(),
            reconciliation=reconciliation(settlement.verdict, settlement.catalog()),
            sockets=sources.sockets(),
            phases=sources.phases(),
        )

    def _rates(self) -> schema.Rates:
        since_ns = time.time_ns() - MINUTE_NS
        finals = self._sources.settlement.final_times_ns
        batches = sum(1 for final_ns in finals if final_ns >= since_ns)
        if not self._samples:
            return schema.Rates(
                commands_per_second=0,
                trades_per_second=0,
                batches_per_minute=batches,
                window_seconds=WINDOW_SECONDS,
            )
        first, last = self._samples[0], self._samples[-1]
        elapsed_ns = last.time_ns - first.time_ns
        return schema.Rates(
            commands_per_second=per_second(first.sequence, last.sequence, elapsed_ns),
            trades_per_second=per_second(first.trade_id, last.trade_id, elapsed_ns),
            batches_per_minute=batches,
            window_seconds=WINDOW_SECONDS,
        )

    def _opening(self) -> list[Frame]:
        return [self._frame("status_snapshot", {"recent": list(self._recent)})]

    def _frame(self, kind: str, more: dict[str, list[schema.Rates]]) -> Frame:
        message = {
            "type": kind,
            "channel": "status",
            "market": None,
            "status": self.status(),
            **more,
        }
        return Frame(json_text(message), self._number, self._number)


def _link(state: LinkState) -> schema.Link:
    since_ns = state.since_ns()
    return schema.Link(up=state.is_up(), since=time_text(since_ns) if since_ns else None)
