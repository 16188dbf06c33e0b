"""The port to the chain: a node's answers, good, bad and ugly."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction_status import (
    InstructionErrorCustom,
    InstructionErrorFieldless,
    TransactionErrorFieldless,
    TransactionErrorInstructionError,
)

from settlement.chain import Chain, ChainUnavailable, Failure, Level, failure_of
from tests.unit.settlement.canned_node import CannedNode, canned_node

SIGNATURE = Signature.default()


@pytest.fixture
async def node() -> AsyncIterator[CannedNode]:
    """A node with canned answers."""
    async with canned_node() as running:
        yield running


@pytest.fixture
async def chain(node: CannedNode) -> AsyncIterator[Chain]:
    """The port to it."""
    opened = Chain(node.url)
    yield opened
    await opened.close()


async def test_a_node_that_is_not_there_is_unavailable() -> None:
    """Nothing listens at the address."""
    chain = Chain("http://127.0.0.1:1")
    with pytest.raises(ChainUnavailable):
        await chain.genesis_hash()
    await chain.close()


@pytest.mark.parametrize("text", ["", "<html>", "{}", '{"jsonrpc":"2.0","id":0,"result":[]}'])
async def test_an_answer_that_cannot_be_read_decides_nothing(
    node: CannedNode, chain: Chain, text: str
) -> None:
    """A proxy's page or another program's answer is as good as none."""
    node.answers["getGenesisHash"] = text
    with pytest.raises(ChainUnavailable):
        await chain.genesis_hash()


@pytest.mark.parametrize(
    ("code", "data"),
    [(-32005, {"numSlotsBehind": 9}), (-32016, {"contextSlot": 5}), (-32603, None)],
)
async def test_a_node_that_is_unwell_or_behind_is_unavailable(
    node: CannedNode, chain: Chain, code: int, data: object
) -> None:
    """The same request may be answered later."""
    node.error("getSignatureStatuses", code, "not now", data)
    with pytest.raises(ChainUnavailable):
        await chain.statuses([SIGNATURE], history=True)


async def test_statuses_come_with_the_slot_that_they_were_told_at(
    node: CannedNode, chain: Chain
) -> None:
    """Level and failure included."""
    landed = {
        "slot": 7,
        "confirmations": None,
        "err": {"InstructionError": [2, {"Custom": 1}]},
        "status": {"Err": {"InstructionError": [2, {"Custom": 1}]}},
        "confirmationStatus": "finalized",
    }
    node.result("getSignatureStatuses", {"context": {"slot": 9}, "value": [landed, None]})
    answer = await chain.statuses([SIGNATURE, SIGNATURE], history=False)
    assert (9, None) == (answer.slot, answer.found[1])
    status = answer.found[0]
    assert status is not None
    assert (7, Level.FINALIZED, "instruction 2: insufficient funds (code 1)") == (
        status.slot,
        status.level,
        status.failure.text if status.failure else "",
    )


async def test_fewer_statuses_than_asked_for_decide_nothing(node: CannedNode, chain: Chain) -> None:
    """Nobody knows which are missing."""
    node.result("getSignatureStatuses", {"context": {"slot": 9}, "value": [None]})
    with pytest.raises(ChainUnavailable, match="number of statuses"):
        await chain.statuses([SIGNATURE, SIGNATURE], history=False)


async def test_a_status_without_its_level_decides_nothing(node: CannedNode, chain: Chain) -> None:
    """Very old nodes do not say how settled it is."""
    landed = {"slot": 7, "confirmations": 3, "err": None, "status": {"Ok": None}}
    node.result("getSignatureStatuses", {"context": {"slot": 9}, "value": [landed]})
    with pytest.raises(ChainUnavailable, match="confirmation status"):
        await chain.statuses([SIGNATURE], history=False)


async def test_fewer_accounts_than_asked_for_decide_nothing(node: CannedNode, chain: Chain) -> None:
    """Nobody knows whose balance is missing."""
    node.result("getMultipleAccounts", {"context": {"slot": 9}, "value": []})
    with pytest.raises(ChainUnavailable, match="number of accounts"):
        await chain.token_balances([Pubkey.default()])


async def test_a_transaction_that_the_node_lacks_is_waited_for(
    node: CannedNode, chain: Chain
) -> None:
    """It was told of by the same node: it is behind, or has forgotten."""
    node.result("getTransaction", None)
    with pytest.raises(ChainUnavailable, match="does not have transaction"):
        await chain.transaction(SIGNATURE)


async def test_a_node_that_does_not_tell_its_history_is_known_as_such(
    node: CannedNode, chain: Chain
) -> None:
    """Not every node has the method."""
    assert await chain.first_available_slot() is None
    node.result("getFirstAvailableBlock", 44)
    assert 44 == await chain.first_available_slot()


async def test_what_the_node_says_against_a_transaction_is_returned(
    node: CannedNode, chain: Chain
) -> None:
    """It proves nothing; it is kept for a person to read."""
    data = {"err": "AlreadyProcessed", "logs": list[str](), "accounts": None, "unitsConsumed": 0}
    node.error("sendTransaction", -32002, "already processed", data)
    assert "already processed" == await chain.send(b"bytes")
    node.error("sendTransaction", -32602, "too large")
    assert "too large" == await chain.send(b"bytes")


def test_errors_of_token_programs_are_put_into_words() -> None:
    """Numbers of the market program have their names, those of the token programs their words."""
    frozen = TransactionErrorInstructionError(3, InstructionErrorCustom(17))
    assert Failure("instruction 3: account is frozen (code 17)", 3, 17) == failure_of(frozen)
    done = TransactionErrorInstructionError(0, InstructionErrorCustom(6016))
    assert "AlreadySettled" in failure_of(done).text
    assert 6016 == failure_of(done).code
    other = TransactionErrorInstructionError(0, InstructionErrorCustom(99))
    assert Failure("instruction 0: program error (code 99)", 0, 99) == failure_of(other)
    compute = TransactionErrorInstructionError(
        1, InstructionErrorFieldless.ComputationalBudgetExceeded
    )
    assert Failure("instruction 1: ComputationalBudgetExceeded", 1) == failure_of(compute)


def test_errors_of_the_transaction_itself_name_no_instruction() -> None:
    """They are not the fault of what it moves."""
    error = TransactionErrorFieldless.InsufficientFundsForFee
    assert Failure("InsufficientFundsForFee") == failure_of(error)
