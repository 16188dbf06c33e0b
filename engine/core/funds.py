# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Deposits and withdrawals: what settlement and members do to balances."""

import cython
from cython.cimports.engine.core.constants import (
    ANSWER,
    ASSET_TOTAL_ATOMS_MAX,
    BALANCE_TOO_LARGE,
    EVENT_BALANCE,
    INSUFFICIENT_FUNDS,
    REJECT_NONE,
    UNKNOWN_WITHDRAWAL,
)
from cython.cimports.engine.core.hashing import add_to, order_id_hash, take_from
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.order_index import has_room_for_id, take_order_id
from cython.cimports.engine.core.pools import balance_of, new_event, reserve_withdrawal
from cython.cimports.engine.core.state import Asset, Balance, Core, Slab, Table, Withdrawal, check
from cython.cimports.engine.core.sums import hash_withdrawal, touch_balance
from cython.cimports.engine.core.table import (
    slot_hash,
    slot_value,
    table_home,
    table_insert,
    table_mask,
    table_remove,
)
from cython.cimports.libc.stdint import int64_t, uint32_t, uint64_t


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def deposit(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Credit a deposit to the free balance."""
    asset: cython.pointer(Asset) = core.assets[command.asset_id]
    if asset.deposited_atoms > ASSET_TOTAL_ATOMS_MAX - command.amount_atoms:
        return BALANCE_TOO_LARGE
    index: uint32_t = balance_of(core, command.account_id, command.asset_id)
    if index == 0:
        return REJECT_NONE  # no memory: the command's end stops the process
    touch_balance(core, index)
    core.balances[index].free_atoms += command.amount_atoms
    asset.deposited_atoms += command.amount_atoms
    asset.is_changed = True
    answer(core, command, index, command.amount_atoms, 0)
    return REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def hold(core: cython.pointer(Core), command: cython.pointer(cython.const[Command])) -> cython.int:
    """Hold free funds for a withdrawal, under an id from the venue's order ids."""
    index: uint32_t = balance_of(core, command.account_id, command.asset_id)
    if not check(
        core,
        index != 0 and has_room_for_id(core) and reserve_withdrawal(core),
        b"there is memory for a withdrawal",
    ):
        return REJECT_NONE
    balance: cython.pointer(Balance) = cython.address(core.balances[index])
    if balance.free_atoms < command.amount_atoms:
        return INSUFFICIENT_FUNDS
    slot: uint32_t = take_withdrawal_slot(core)
    item: cython.pointer(Withdrawal) = cython.address(core.withdrawals[slot])
    item.withdrawal_id = take_order_id(core)
    item.account_id = command.account_id
    item.asset_id = command.asset_id
    item.amount_atoms = command.amount_atoms
    table_insert(cython.address(core.withdrawal_table), order_id_hash(item.withdrawal_id), slot)
    add_to(cython.address(core.sum), hash_withdrawal(item))
    touch_balance(core, index)
    balance.free_atoms -= command.amount_atoms
    balance.held_atoms += command.amount_atoms
    answer(core, command, index, command.amount_atoms, item.withdrawal_id)
    return REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def release(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Give a withdrawal's funds back."""
    slot: uint32_t = find_withdrawal(core, command)
    if slot == 0:
        return UNKNOWN_WITHDRAWAL
    return close(core, command, slot, False)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def finalize(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Take a withdrawal's funds out of the ledger: they left on chain."""
    slot: uint32_t = find_withdrawal(core, command)
    if slot == 0:
        return UNKNOWN_WITHDRAWAL
    return close(core, command, slot, True)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def close(
    core: cython.pointer(Core),
    command: cython.pointer(cython.const[Command]),
    slot: uint32_t,
    is_final: cython.bint,
) -> cython.int:
    """End a withdrawal; its funds leave, or are free again."""
    item: cython.pointer(Withdrawal) = cython.address(core.withdrawals[slot])
    asset: cython.pointer(Asset) = core.assets[item.asset_id]
    index: uint32_t = balance_of(core, item.account_id, item.asset_id)
    balance: cython.pointer(Balance) = cython.address(core.balances[index])
    check(core, item.amount_atoms <= balance.held_atoms, b"no more is released than is held")
    take_from(cython.address(core.sum), hash_withdrawal(item))
    touch_balance(core, index)
    balance.held_atoms -= item.amount_atoms
    if is_final:
        asset.withdrawn_atoms += item.amount_atoms
        asset.is_changed = True
    else:
        balance.free_atoms += item.amount_atoms
    answer(core, command, index, item.amount_atoms, item.withdrawal_id)
    found: cython.bint = table_remove(
        cython.address(core.withdrawal_table), order_id_hash(item.withdrawal_id), slot
    )
    check(core, found, b"every open withdrawal is in the index")
    item.withdrawal_id = 0
    item.next = core.withdrawal_slab.free
    core.withdrawal_slab.free = slot
    core.withdrawal_slab.count -= 1
    return REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def take_withdrawal_slot(core: cython.pointer(Core)) -> uint32_t:
    """Take a slot; there is room (`reserve_withdrawal`)."""
    slab: cython.pointer(Slab) = cython.address(core.withdrawal_slab)
    slot: uint32_t = slab.free
    if slot != 0:
        slab.free = core.withdrawals[slot].next
    else:
        slot = slab.length
        slab.length += 1
    slab.count += 1
    return slot


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def find_in(
    core: cython.pointer(Core),
    slots: cython.pointer(uint64_t),
    bits: uint32_t,
    withdrawal_id: uint64_t,
) -> uint32_t:
    """Find an open withdrawal by the slots of one half of the table."""
    hash: uint32_t = order_id_hash(withdrawal_id)
    mask: uint64_t = table_mask(bits)
    at: uint64_t = table_home(hash, bits)
    slot: uint32_t
    while slots[at] != 0:
        slot = slot_value(slots[at])
        if slot_hash(slots[at]) == hash and core.withdrawals[slot].withdrawal_id == withdrawal_id:
            return slot
        at = (at + 1) & mask
    return 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def find_withdrawal(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> uint32_t:
    """Find the open withdrawal that a command names, if it is the account's own; else 0."""
    table: cython.pointer(Table) = cython.address(core.withdrawal_table)
    slot: uint32_t = 0
    if table.slots != cython.NULL:
        slot = find_in(core, table.slots, table.bits, command.order_id)
    if slot == 0 and table.old_slots != cython.NULL:
        slot = find_in(core, table.old_slots, table.old_bits, command.order_id)
    if slot != 0 and core.withdrawals[slot].account_id != command.account_id:
        return 0
    return slot


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def answer(
    core: cython.pointer(Core),
    command: cython.pointer(cython.const[Command]),
    index: uint32_t,
    amount_atoms: int64_t,
    withdrawal_id: uint64_t,
) -> cython.void:
    """Write a balance as it is now."""
    balance: cython.pointer(Balance) = cython.address(core.balances[index])
    event: cython.pointer(Event) = new_event(core, command, EVENT_BALANCE)
    event.code = command.kind
    event.flags = ANSWER
    event.account_id = balance.account_id
    event.market_id = balance.asset_id
    event.order_id = withdrawal_id
    event.client_id_low = command.client_id_low
    event.client_id_high = command.client_id_high
    event.quantity_lots = amount_atoms
    event.filled_lots = balance.free_atoms
    event.leaves_lots = balance.locked_atoms
    event.fee_atoms = balance.held_atoms
    core.answer_order_id = withdrawal_id
