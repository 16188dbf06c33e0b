"""Credits once, the whole ledger at one sequence, and refusals as statuses."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from engine.core.rejects import Reject
from realstack.common.v1 import common_pb2
from realstack.settlement.v1 import settlement_pb2 as pb
from tests.contract.rpc.engine_under_test import (
    DOLLAR,
    GOLD,
    SENT_NS,
    Engine,
    new_id,
    refusal,
)


def credit(**fields: Any) -> pb.CreditDepositRequest:
    """Make a deposit of 5 dollar atoms for Alice."""
    values: dict[str, Any] = {
        "account_id": 1,
        "asset_id": DOLLAR,
        "amount_atoms": 5,
        "client_id": new_id(),
        "sent_time_ns": SENT_NS,
        **fields,
    }
    return pb.CreditDepositRequest(**values)


async def test_a_deposit_is_credited_once(engine: Engine) -> None:
    """The same signature and instruction again returns the first sequence, marked duplicate."""
    worker, request = engine.client("worker"), credit()
    first = await worker.call(worker.settlement.CreditDeposit, request)
    again = await worker.call(worker.settlement.CreditDeposit, request)
    assert (first.duplicate, again.duplicate) == (False, True)
    assert again.sequence == first.sequence
    assert engine.node.venue.balance(1, DOLLAR) == (10**12 + 5, 0, 0)


REFUSED: list[tuple[dict[str, Any], Reject, grpc.StatusCode]] = [
    ({"account_id": 99}, Reject.UNKNOWN_ACCOUNT, grpc.StatusCode.NOT_FOUND),
    ({"asset_id": 99}, Reject.UNKNOWN_ASSET, grpc.StatusCode.NOT_FOUND),
    ({"amount_atoms": 0}, Reject.INVALID_AMOUNT, grpc.StatusCode.INVALID_ARGUMENT),
    ({"amount_atoms": -1}, Reject.INVALID_AMOUNT, grpc.StatusCode.INVALID_ARGUMENT),
    ({"sent_time_ns": 1}, Reject.ID_TOO_OLD, grpc.StatusCode.FAILED_PRECONDITION),
]


@pytest.mark.parametrize(("fields", "reject", "code"), REFUSED)
async def test_a_refused_credit_is_a_status_with_the_cores_code(
    engine: Engine, fields: dict[str, Any], reject: Reject, code: grpc.StatusCode
) -> None:
    """An answer without a place for a reject tells it by status: code, words, whether to retry."""
    worker, before = engine.client("worker"), engine.node.venue.digest()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await worker.call(worker.settlement.CreditDeposit, credit(**fields))
    told = refusal(caught.value)
    assert (told.code, told.reason, told.domain) == (code, reject.name, "realstack")
    assert told.metadata == {
        "code": str(int(reject)),
        "sequence": str(engine.node.applied_sequence),
        "transient": str(reject.transient).lower(),
    }
    assert engine.node.venue.digest() == before


async def test_the_same_id_for_another_deposit_is_refused(engine: Engine) -> None:
    """An id is bound to what it was first used for."""
    worker, client_id = engine.client("worker"), new_id()
    await worker.call(worker.settlement.CreditDeposit, credit(client_id=client_id))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await worker.call(
            worker.settlement.CreditDeposit, credit(client_id=client_id, amount_atoms=6)
        )
    assert refusal(caught.value).reason == "DUPLICATE_WITH_DIFFERENT_BODY"


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"client_id": common_pb2.ClientId()}, "client_id"), ({"sent_time_ns": 0}, "sent_time_ns")],
)
async def test_a_credit_without_an_id_is_refused_at_the_edge(
    engine: Engine, fields: dict[str, Any], field: str
) -> None:
    """Without an id a resend could credit twice."""
    worker = engine.client("worker")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await worker.call(worker.settlement.CreditDeposit, credit(**fields))
    assert refusal(caught.value).fields == [field]


async def test_an_unknown_withdrawal_can_be_neither_released_nor_finalized(
    engine: Engine,
) -> None:
    """A withdrawal ends once, by its own account."""
    worker = engine.client("worker")
    fields: dict[str, Any] = {"withdrawal_id": 12_345, "account_id": 1, "sent_time_ns": SENT_NS}
    for method, request in (
        (
            worker.settlement.ReleaseWithdrawal,
            pb.ReleaseWithdrawalRequest(client_id=new_id(), **fields),
        ),
        (
            worker.settlement.FinalizeWithdrawal,
            pb.FinalizeWithdrawalRequest(client_id=new_id(), **fields),
        ),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await worker.call(method, request)
        told = refusal(caught.value)
        assert (told.code, told.reason) == (grpc.StatusCode.NOT_FOUND, "UNKNOWN_WITHDRAWAL")


async def test_the_ledger_balances_at_its_sequence(engine: Engine) -> None:
    """For every asset free, locked, held and fees are deposits less withdrawals."""
    alice, bob, worker = engine.client("alice"), engine.client("bob"), engine.client("worker")
    await alice.place(side=common_pb2.SIDE_SELL, quantity_lots=7)
    await bob.place(quantity_lots=9)
    ledger = await worker.call(worker.settlement.GetLedger, pb.GetLedgerRequest())
    assert ledger.sequence == engine.node.durable_sequence
    assert ledger.last_trade_id == 1
    assert [(each.account_id, each.asset_id) for each in ledger.balances] == [
        (1, GOLD),
        (1, DOLLAR),
        (2, GOLD),
        (2, DOLLAR),
    ]
    for total in ledger.totals:
        held = sum(
            each.free_atoms + each.locked_atoms + each.held_atoms
            for each in ledger.balances
            if each.asset_id == total.asset_id
        )
        assert held + total.fee_atoms == total.deposited_atoms - total.withdrawn_atoms
    assert {each.asset_id: each.fee_atoms for each in ledger.totals} == {GOLD: 0, DOLLAR: 3}
