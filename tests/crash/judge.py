"""The judge: compares what clients were told with what the recovered venue says of itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from realstack.trading.v1 import trading_pb2
from tests.crash.ack_file import Ack


@dataclass
class Told:
    """What an account's execution stream tells, folded."""

    accepted_by_client_id: Counter[int] = field(default_factory=Counter)
    order_by_client_id: dict[int, tuple[int, int]] = field(default_factory=dict)  # id, sequence
    states: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    leaves: dict[int, int] = field(default_factory=dict)
    cancels: set[tuple[int, int]] = field(default_factory=set)  # order id, sequence
    replaces: set[tuple[int, int]] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)


def client_id_of(order: trading_pb2.OrderState) -> int:
    """Give the client's 128-bit id of an order."""
    return order.client_id.high << 64 | order.client_id.low


def fold(executions: Iterable[trading_pb2.Execution]) -> Told:
    """Follow an account's executions from its first."""
    told, expected, last = Told(), 1, 0
    for execution in executions:
        if execution.execution_sequence != expected:
            told.faults.append(f"execution {execution.execution_sequence}, not {expected}")
        if execution.sequence < last:
            told.faults.append(f"sequence went back from {last} to {execution.sequence}")
        expected, last = execution.execution_sequence + 1, execution.sequence
        _take(told, execution)
    return told


def _take(told: Told, execution: trading_pb2.Execution) -> None:
    name = execution.WhichOneof("event")
    if name is None or name == "balance":
        return
    order = getattr(execution, name).order
    told.leaves[order.order_id] = order.leaves_lots
    if name == "accepted":
        client_id = client_id_of(order)
        told.accepted_by_client_id[client_id] += 1
        told.order_by_client_id[client_id] = order.order_id, execution.sequence
    if name in {"accepted", "replaced"}:
        # These carry how the order stands when the whole command is done; fills of the same
        # command that follow tell the way there.
        told.states[order.order_id, execution.sequence] = order.filled_lots, order.leaves_lots
    if name == "cancelled":
        told.cancels.add((order.order_id, execution.sequence))
    if name == "replaced":
        told.replaces.add((order.order_id, execution.sequence))


def judge(acks: Iterable[Ack], told: dict[int, Told]) -> list[str]:
    """List every acknowledged command that is lost, doubled or in another state.

    Args:
        acks: What clients were told.
        told: By account, what the recovered venue tells.
    """
    faults = [fault for account in told.values() for fault in account.faults]
    for ack in acks:
        fault = _fault_of(ack, told[ack["account_id"]])
        if fault:
            faults.append(f"{fault}: {ack}")
    for account in told.values():
        faults += [
            f"client id {client_id} was accepted {count} times"
            for client_id, count in account.accepted_by_client_id.items()
            if count != 1
        ]
    return faults


def _fault_of(ack: Ack, told: Told) -> str | None:
    at = ack["order_id"], ack["sequence"]
    if ack["kind"] == "cancel":
        return None if at in told.cancels else "an acknowledged cancel is lost"
    if ack["kind"] == "place" and told.order_by_client_id.get(ack["client_id"]) != at:
        return "an acknowledged order is lost or has another id or sequence"
    if ack["kind"] == "replace" and at not in told.replaces:
        return "an acknowledged replace is lost"
    state = ack["filled_lots"], ack["leaves_lots"]
    if state != (None, None) and told.states.get(at) != state:
        return f"the state told was {state}, it is {told.states.get(at)}"
    return None


def working(told: Told) -> dict[int, int]:
    """Give the leaves of the orders that should be working at the end."""
    return {order_id: leaves for order_id, leaves in told.leaves.items() if leaves}
