"""The virtual machine behind its wrapper."""

from __future__ import annotations

from pathlib import Path

import pytest
from solders.account import Account
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import Message
from solders.pubkey import Pubkey
from solders.rpc.responses import SendTransactionResp
from solders.system_program import ID as SYSTEM_PROGRAM_ID
from solders.transaction import VersionedTransaction

from settlement.localnet import lookup
from settlement.localnet.airdrop import MEMO_PROGRAM_ID, transfer_from_faucet
from settlement.localnet.chain import Chain
from settlement.localnet.clock import SteppedClock
from settlement.localnet.machine import Machine, MachinePanicked, guarded
from settlement.localnet.records import return_data
from settlement.localnet.rpc.dispatch import answer_one, caller
from settlement.localnet.rpc.errors import INTERNAL_ERROR
from settlement.localnet.settings import LocalnetSettings
from settlement.localnet.store import Store
from settlement.localnet.tokens import TOKEN_PROGRAM_ID

PAYER = Keypair.from_seed(bytes([3] * 32))
COPY = Pubkey(bytes([4] * 32))
# The library's reader of answers panics on this one.
PANICS = '{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":""}}'


def funded(machine: Machine) -> Machine:
    """Give the payer coins."""
    machine.put_account(PAYER.pubkey(), Account(10**10, b"", SYSTEM_PROGRAM_ID))
    return machine


def signed(machine: Machine, step: Instruction) -> VersionedTransaction:
    """Sign a step; the machine checks no blockhash."""
    message = Message([step], PAYER.pubkey())
    return VersionedTransaction.populate(message, [PAYER.sign_message(bytes(message))])


def test_a_program_from_a_file_runs(tmp_path: Path) -> None:
    """The memo program under another address does what it does under its own."""
    code = Machine({}).account(MEMO_PROGRAM_ID)
    assert code is not None
    path = tmp_path / "memo.so"
    path.write_bytes(bytes(code.data))
    machine = funded(Machine({COPY: path}))
    outcome = machine.execute(signed(machine, Instruction(COPY, b"hello", [])))
    assert outcome.err is None
    assert any("hello" in line for line in outcome.logs)


def test_a_program_that_was_saved_as_accounts_runs_again() -> None:
    """Programs come after the accounts with their code, whatever order the database has."""
    old = Machine({})
    loader = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")
    code_address, _ = Pubkey.find_program_address([bytes(TOKEN_PROGRAM_ID)], loader)
    program, code = old.account(TOKEN_PROGRAM_ID), old.account(code_address)
    assert program is not None
    assert code is not None
    copy_code_address, _ = Pubkey.find_program_address([bytes(COPY)], loader)
    pointer = program.data[:4] + bytes(copy_code_address)
    copy = Account(program.lamports, pointer, loader, executable=True)
    machine = funded(Machine({}))
    for address, account in lookup.programs_last([(COPY, copy), (copy_code_address, code)]):
        machine.put_account(address, account)
    outcome = machine.execute(signed(machine, Instruction(COPY, b"\xff", [])))
    assert any(f"Program {COPY} invoke" in line for line in outcome.logs)
    assert any(f"Program {COPY} failed" in line for line in outcome.logs)


def test_what_a_program_returns_is_part_of_the_outcome() -> None:
    """The token program answers the size of an account for a mint."""
    machine = funded(Machine({}))
    mint = Account(10**9, bytes(45) + b"\1" + bytes(36), TOKEN_PROGRAM_ID)
    machine.put_account(COPY, mint)
    step = Instruction(TOKEN_PROGRAM_ID, b"\x15", [AccountMeta(COPY, False, False)])
    outcome = machine.simulate(signed(machine, step))
    assert outcome.return_data == (TOKEN_PROGRAM_ID, (165).to_bytes(8, "little"))
    assert return_data(outcome) == {
        "programId": str(TOKEN_PROGRAM_ID),
        "data": ["pQAAAAAAAAA=", "base64"],
    }


def test_a_panic_becomes_an_exception() -> None:
    """The library's panics are no `Exception`; here they are, and nothing else changes."""
    with pytest.raises(MachinePanicked):
        guarded(lambda: SendTransactionResp.from_json(PANICS))
    with pytest.raises(ZeroDivisionError):
        guarded(lambda: 1 // 0)
    assert guarded(lambda: 7) == 7


class PanickingVm:
    """A virtual machine that writes an account and then gives up."""

    def __init__(self, vm: LiteSVM) -> None:
        self._vm = vm

    def __getattr__(self, name: str) -> object:
        return getattr(self._vm, name)

    def send_transaction(self, transaction: VersionedTransaction) -> object:
        payer = transaction.message.account_keys[0]
        self._vm.set_account(payer, Account(7, b"", SYSTEM_PROGRAM_ID))
        return SendTransactionResp.from_json(PANICS)

    def simulate_transaction(self, transaction: VersionedTransaction) -> object:
        return SendTransactionResp.from_json(PANICS)


def test_a_transaction_on_which_the_machine_panics_leaves_no_trace() -> None:
    """The accounts are put back, nothing lands, and a caller gets an internal error."""
    chain = Chain(LocalnetSettings(slot_ms=None), clock=SteppedClock(), store=Store(None))
    transfer = transfer_from_faucet(
        chain.faucet, to=COPY, lamports=10**9, blockhash=chain.open_block.blockhash
    )
    before = chain.machine.account(chain.faucet.pubkey())
    chain.machine._vm_at_old_slot = PanickingVm(chain.machine._vm)  # type: ignore[assignment]
    assert chain.land(transfer) is None
    assert chain.machine.account(chain.faucet.pubkey()) == before
    assert chain.status(transfer.signature, search_history=True) is None
    request = {"id": 1, "method": "requestAirdrop", "params": [str(COPY), 1]}
    answer = answer_one(request, caller(chain))
    assert isinstance(answer["error"], dict)
    assert answer["error"]["code"] == INTERNAL_ERROR


def test_an_account_that_is_removed_is_gone() -> None:
    """Removing leaves nothing, as if the account had never been."""
    machine = funded(Machine({}))
    machine.put_account(PAYER.pubkey(), None)
    assert machine.account(PAYER.pubkey()) is None
