"""The virtual machine, and nothing else: no blocks, no commitment, no duplicate check.

LiteSVM keeps one state and one blockhash. Its own blockhash check, signature check and history are
switched off here, because the chain around it does them properly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from solders.account import Account
from solders.clock import Clock
from solders.hash import Hash
from solders.litesvm import LiteSVM
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM_PROGRAM_ID
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import (
    FailedTransactionMetadata,
    InnerInstruction,
    SimulatedTransactionInfo,
    TransactionMetadata,
)

from settlement.localnet.blocks import SLOTS_PER_EPOCH, Block

T = TypeVar("T")

TransactionError = str | dict[str, Any]
"""An error as a node writes it in JSON: `"AlreadyProcessed"`, `{"InstructionError": [0, ...]}`."""


class MachinePanicked(RuntimeError):
    """The virtual machine gave up on a transaction by a panic instead of an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the machine said about one transaction.

    `inner_instructions` has a list per top-level instruction. `post_accounts` is filled by a
    simulation that succeeded.
    """

    err: TransactionError | None
    fee_lamports: int
    logs: list[str]
    compute_units: int
    inner_instructions: list[list[InnerInstruction]]
    return_data: tuple[Pubkey, bytes] | None
    post_accounts: dict[Pubkey, Account]


class Machine:
    """One LiteSVM with the default programs and the given ones."""

    def __init__(self, programs: dict[Pubkey, Path]) -> None:
        """Start the machine; `programs` are ELF files by address."""
        self._vm_at_old_slot = (
            LiteSVM()
            .with_blockhash_check(False)
            .with_sigverify(False)
            .with_transaction_history(0)
            .with_log_bytes_limit(None)
        )
        self._slot_to_open: tuple[Block, Sequence[Block]] | None = None
        for address, path in programs.items():
            self._vm_at_old_slot.add_program_from_file(address, path)

    def account(self, address: Pubkey) -> Account | None:
        """Read an account; None if there is none."""
        return self._vm.get_account(address)

    def put_account(self, address: Pubkey, account: Account | None) -> None:
        """Write an account past all rules; None removes it."""
        absent = Account(lamports=0, data=b"", owner=SYSTEM_PROGRAM_ID)
        self._vm.set_account(address, account if account is not None else absent)

    def accounts_of_program(self, program: Pubkey) -> list[tuple[Pubkey, Account]]:
        """List every account that `program` owns."""
        return self._vm.get_program_accounts(program)

    def rent_exempt_lamports(self, data_bytes: int) -> int:
        """Tell the balance an account of this size must hold."""
        return self._vm.minimum_balance_for_rent_exemption(data_bytes)

    def open_slot(self, block: Block, recent: Sequence[Block]) -> None:
        """Set the clock and the slot hashes that programs see.

        They are set at the next use, because most slots pass without one.
        """
        self._slot_to_open = (block, recent)

    @property
    def _vm(self) -> LiteSVM:
        """The machine, at the slot that is open now."""
        if self._slot_to_open is not None:
            block, recent = self._slot_to_open
            self._slot_to_open = None
            _set_sysvars(self._vm_at_old_slot, block, recent)
        return self._vm_at_old_slot

    def execute(self, transaction: VersionedTransaction) -> Outcome:
        """Run a transaction and keep what it changes, its fee too if it fails."""
        result = guarded(lambda: self._vm.send_transaction(transaction))
        if isinstance(result, FailedTransactionMetadata):
            return _failed(result)
        return _succeeded(result, {})

    def simulate(self, transaction: VersionedTransaction) -> Outcome:
        """Run a transaction and keep nothing."""
        result = guarded(lambda: self._vm.simulate_transaction(transaction))
        if isinstance(result, SimulatedTransactionInfo):
            return _succeeded(result.meta(), dict(result.post_accounts()))
        return _failed(result)


def _set_sysvars(vm: LiteSVM, block: Block, recent: Sequence[Block]) -> None:
    epoch = block.slot // SLOTS_PER_EPOCH
    vm.set_clock(
        Clock(
            slot=block.slot,
            epoch_start_timestamp=block.unix_time_s,
            epoch=epoch,
            leader_schedule_epoch=epoch + 1,
            unix_timestamp=block.unix_time_s,
        )
    )
    hashes: list[tuple[int, Hash]] = [
        (old.slot, old.blockhash) for old in reversed(recent) if old.slot < block.slot
    ]
    vm.set_slot_hashes(hashes)


def guarded(call: Callable[[], T]) -> T:
    """Turn a panic of the machine into an exception that the caller can handle."""
    try:
        return call()
    except BaseException as error:
        # The class cannot be imported: it exists only inside the extension module.
        if type(error).__name__ != "PanicException":
            raise
        raise MachinePanicked(str(error)) from error


def _succeeded(meta: TransactionMetadata, post_accounts: dict[Pubkey, Account]) -> Outcome:
    return _outcome(None, meta, post_accounts)


def _failed(result: FailedTransactionMetadata) -> Outcome:
    # Only the JSON form of the whole result spells the error as a node does.
    err: TransactionError = msgspec.json.decode(result.to_json())["err"]
    return _outcome(err, result.meta(), {})


def _outcome(
    err: TransactionError | None, meta: TransactionMetadata, post_accounts: dict[Pubkey, Account]
) -> Outcome:
    returned = meta.return_data()
    return Outcome(
        err=err,
        fee_lamports=meta.fee(),
        logs=meta.logs(),
        compute_units=meta.compute_units_consumed(),
        inner_instructions=meta.inner_instructions(),
        return_data=(returned.program_id, returned.data) if returned.data else None,
        post_accounts=post_accounts,
    )
