"""Sending commands: each goes out under an id of its own, and its caller learns one outcome."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import CommandKind
from realstack.client.columns import client_id as wire_id
from realstack.client.columns import columns_of
from realstack.client.errors import NotSent, OutcomeUnknown, Rejected, Unavailable
from realstack.client.records import Answer, AnswerStatus
from realstack.client.requests import ClientId, Request, answer_of, id_words, identify
from realstack.client.session import Session
from realstack.trading.v1 import trading_pb2, trading_pb2_grpc


class Sending(Session):
    """What order entry stands on."""

    def _identity(self, client_id: ClientId | None, sent_time_ns: int) -> dict[str, int]:
        """Return the id fields of a command; without an id of the caller's they stay empty."""
        if client_id is None:
            return {"sent_time_ns": sent_time_ns}
        low, high = id_words(client_id)
        sent = sent_time_ns or time.time_ns()
        return {"client_id_low": low, "client_id_high": high, "sent_time_ns": sent}

    async def _send_one(self, row: NDArray[np.void], timeout_seconds: float | None) -> Answer:
        """Send one command and return its answer."""
        stamped = identify(row)
        if stamped["kind"][0] == CommandKind.WITHDRAW_HOLD:
            answer = await self._hold(stamped, timeout_seconds)
        else:
            request = self._submit(stamped)
            await self._wait([request], timeout_seconds)
            answer = answer_of(request, *request.future.result())
        if answer.status is AnswerStatus.REJECTED:
            raise Rejected(answer)
        return answer

    def _submit(self, commands: NDArray[np.void], *, as_columns: bool = False) -> Request:
        """Hand commands to the trading stream."""
        future = asyncio.get_running_loop().create_future()
        request = Request(commands, future, as_columns)
        self._open_lane().submit(request)
        return request

    async def _wait(self, requests: list[Request], timeout_seconds: float | None) -> None:
        """Wait until every request is answered; what is not is given up.

        Raises:
            NotSent: The time is over, and none was sent.
            OutcomeUnknown: The time is over, and some were sent.
        """
        futures: list[asyncio.Future[Any]] = [request.future for request in requests]
        try:
            await asyncio.wait(
                futures,
                timeout=self._seconds(timeout_seconds),
                return_when=asyncio.FIRST_EXCEPTION,
            )
            for future in futures:
                if future.done():
                    future.result()
            late = [request for request in requests if not request.future.done()]
            if not late:
                return
            unsent = [request for request in late if self._open_lane().withdraw(request)]
            if unsent == requests:
                raise NotSent(f"no connection to {self.address} in time: nothing was sent")
            raise OutcomeUnknown(next(request for request in late if request.sent))
        finally:
            for future in futures:
                future.cancel()

    async def _hold(self, row: NDArray[np.void], timeout_seconds: float | None) -> Answer:
        """Send a withdrawal request, which does not travel on the trading stream."""
        stub = trading_pb2_grpc.TradingServiceStub(self._open_channel())
        hold = row[0]
        message = trading_pb2.RequestWithdrawalRequest(
            client_id=wire_id(int(hold["client_id_low"]), int(hold["client_id_high"])),
            sent_time_ns=int(hold["sent_time_ns"]),
            asset_id=int(hold["asset_id"]),
            amount_atoms=int(hold["amount_atoms"]),
        )
        request = Request(row, asyncio.get_running_loop().create_future(), sent=True)
        try:
            response = await self._unary(stub.RequestWithdrawal, message, timeout_seconds)
        except Unavailable as error:
            raise OutcomeUnknown(request) from error
        finally:
            request.future.cancel()
        return answer_of(request, columns_of(response.answer), response.answer.detail)
