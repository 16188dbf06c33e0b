"""Traffic of a member that never rests and writes down every answer."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import Counter
from typing import Any

from realstack.client import Client
from realstack.client.errors import Rejected
from realstack.client.records import Answer, AnswerStatus
from tests.crash.ack_file import AckSink

MARKET = 1
WORKING_MAX = 200
ANSWER_SECONDS_MAX = 120.0


class Member:
    """Places, cancels and replaces orders over one client, many at a time."""

    def __init__(self, client: Client, account_id: int, acks: AckSink, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self._client = client
        self._account_id = account_id
        self._acks = acks
        self._random = random.Random(seed)
        self._working: list[int] = []

    async def run(self, stop: asyncio.Event, lanes: int) -> None:
        """Send until told to stop; then wait for the last answers."""
        await asyncio.gather(*(self._lane(stop) for _ in range(lanes)))

    async def _lane(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            draw = self._random.random()
            if draw < 0.6 or not self._working:
                await self._place()
            elif draw < 0.85 or len(self._working) > WORKING_MAX:
                await self._change("cancel")
            else:
                await self._change("replace")

    async def _place(self) -> None:
        body: dict[str, Any] = {
            "side": self._random.choice(("buy", "sell")),
            "price_ticks": 1_000 + self._random.randrange(-6, 7),
            "quantity_lots": self._random.randrange(1, 20),
            "time_in_force": self._random.choice(("gtc", "gtc", "gtc", "ioc")),
            "self_trade_prevention": "none",
        }
        answer = await self._send("place", self._client.place, {"market": MARKET, **body})
        if answer is not None and (answer.leaves_lots or answer.status == AnswerStatus.DUPLICATE):
            self._working.append(answer.order_id)

    async def _change(self, kind: str) -> None:
        order_id = self._working.pop(self._random.randrange(len(self._working)))
        body: dict[str, Any] = {"order_id": order_id}
        call: Any = self._client.cancel
        if kind == "replace":
            body["price_ticks"] = 1_000 + self._random.randrange(-6, 7)
            body["quantity_lots"] = self._random.randrange(1, 30)
            call = self._client.replace
        answer = await self._send(kind, call, body)
        if kind == "replace" and answer is not None:
            self._working.append(order_id)

    async def _send(self, kind: str, call: Any, body: dict[str, Any]) -> Answer | None:
        client_id, sent_time_ns = uuid.UUID(int=self._random.getrandbits(128)).int, time.time_ns()
        ack = {
            "kind": kind,
            "account_id": self._account_id,
            "client_id": client_id,
            "sent_time_ns": sent_time_ns,
            "body": body,
        }
        try:
            answer: Answer = await call(
                **body,
                client_id=client_id,
                sent_time_ns=sent_time_ns,
                timeout_seconds=ANSWER_SECONDS_MAX,
            )
        except Rejected:
            self.counts["refused"] += 1
            return None
        self.counts[answer.status.name.lower()] += 1
        first = answer.status == AnswerStatus.ACCEPTED
        self._acks.add(
            ack
            | {
                "order_id": answer.order_id,
                "sequence": answer.sequence if first else answer.first_sequence,
                "filled_lots": answer.filled_lots if first else None,
                "leaves_lots": answer.leaves_lots if first else None,
            }
        )
        return answer
