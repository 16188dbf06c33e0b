"""gRPC calls with one request, written byte by byte where the case says so."""

from __future__ import annotations

from typing import Any

import grpc
from google.protobuf.message_factory import GetMessageClass

from realstack.admin.v1 import admin_pb2
from realstack.market.v1 import market_pb2
from realstack.marketdata.v1 import marketdata_pb2
from realstack.settlement.v1 import settlement_pb2
from realstack.trading.v1 import trading_pb2
from tests.wire.doors.wire_fields import fill, good_fields, outcome_of_answer, outcome_of_error
from tests.wire.scene import CALL_SECONDS, Scene
from tests.wire.table import Action, Ask, Call, Command, Outcome, Party

TRADING = "realstack.trading.v1.TradingService"


def services_of(*files: Any) -> dict[str, Any]:
    """Return the services of contracts by their full names."""
    return {
        service.full_name: service
        for file in files
        for service in file.DESCRIPTOR.services_by_name.values()
    }


ENGINE_SERVICES = services_of(trading_pb2, marketdata_pb2, settlement_pb2, admin_pb2)
MARKET_SERVICES = services_of(market_pb2)
SERVICES = ENGINE_SERVICES | MARKET_SERVICES
# The method, and the field of its request that holds the command; none where it is the request.
METHODS: dict[Action, tuple[str, str]] = {
    Action.PLACE: ("PlaceOrder", "order"),
    Action.CANCEL: ("CancelOrder", "cancel"),
    Action.REPLACE: ("ReplaceOrder", "replace"),
    Action.CANCEL_ALL: ("CancelAllOrders", "cancel_all"),
    Action.WITHDRAW: ("RequestWithdrawal", ""),
}


class Calls:
    """Makes calls to the engine and to the market service; of a stream it reads the beginning."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        unlimited = (("grpc.max_send_message_length", -1),)
        venue = scene.venue
        self._channels = {
            service: grpc.insecure_channel(address, options=unlimited)
            for address, services in (
                (venue.engine.address, ENGINE_SERVICES),
                (venue.market.address, MARKET_SERVICES),
            )
            for service in services
        }

    def send(self, ask: Ask, party: Party) -> Outcome:
        """Make the call and return what came back."""
        if isinstance(ask, Command):
            method, field = METHODS[ask.action]
            fields = good_fields(ask)
            ask = Call(f"{TRADING}/{method}", {field: fields} if field else fields)
        if not isinstance(ask, Call):
            raise TypeError(f"this door cannot be told {type(ask).__name__}")
        metadata = self._scene.metadata(party)
        try:
            return self._outcome(ask.method, self._first_answer(ask, metadata))
        except grpc.RpcError as error:
            return outcome_of_error(error)

    def _first_answer(self, call: Call, metadata: tuple[tuple[str, str], ...]) -> bytes:
        service, _, name = call.method.rpartition("/")
        channel, request = self._channels[service], self._bytes(call)
        how: dict[str, Any] = {"metadata": metadata, "timeout": CALL_SECONDS}
        method = SERVICES[service].methods_by_name.get(name)
        if method is not None and method.server_streaming:
            stream: Any = channel.unary_stream(f"/{call.method}")
            answers = stream(request, **how)
            first: bytes = next(answers)
            answers.cancel()
            return first
        unary: Any = channel.unary_unary(f"/{call.method}")
        answer: bytes = unary(request, **how)
        return answer

    def _bytes(self, call: Call) -> bytes:
        if isinstance(call.request, bytes):
            return call.request
        request = message_class(call.method, "input_type")()
        fill(request, call.request, self._scene)
        data: bytes = request.SerializeToString()
        return data

    def _outcome(self, method: str, answer: bytes) -> Outcome:
        response = message_class(method, "output_type").FromString(answer)
        if "answer" in response.DESCRIPTOR.fields_by_name:
            return outcome_of_answer(response.answer)
        return Outcome(True, "OK")


def message_class(method: str, which: str) -> Any:
    """Return the class of a method's request or answer."""
    service, _, name = method.rpartition("/")
    described = SERVICES[service].methods_by_name[name]
    return GetMessageClass(getattr(described, which))
