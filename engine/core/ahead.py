# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""A look at the commands that come next: hashes of their ids and bodies, and their memory."""

import cython
from cython.cimports.engine.core.constants import CANCEL, REPLACE, SEED_A, TAG_BODY
from cython.cimports.engine.core.hashing import client_id_hash, mix_high
from cython.cimports.engine.core.layout import Command
from cython.cimports.engine.core.order_index import find_order, prefetch_order_place
from cython.cimports.engine.core.state import AHEAD, Account, Core, Order
from cython.cimports.engine.core.table import prefetch, table_prefetch
from cython.cimports.libc.stdint import int64_t, uint64_t


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def look_ahead(
    core: cython.pointer(Core),
    commands: cython.pointer(cython.const[Command]),
    count: int64_t,
) -> cython.void:
    """Hash the ids and bodies of commands, and fetch the memory that they will need.

    The misses of many commands then overlap, where those of one command would follow each other.
    """
    i: int64_t
    j: int64_t
    command: cython.pointer(cython.const[Command])
    with_id: int64_t = 0
    targets: int64_t = 0
    # First lists, without a branch on what no branch predictor could know.
    for i in range(count):
        command = commands + i
        prefetch(command + AHEAD)
        prefetch(cython.address((command + AHEAD).price_ticks))
        core.ahead_slot[i] = 0
        core.ahead_with_id[with_id] = i
        with_id += (command.client_id_low | command.client_id_high) != 0
        core.ahead_targets[targets] = i
        targets += (command.order_id != 0) & ((command.kind == CANCEL) | (command.kind == REPLACE))
    for j in range(with_id):
        i = core.ahead_with_id[j]
        hash_ahead(core, commands + i, i)
    if core.orders == cython.NULL:
        return
    for j in range(targets):
        prefetch_order_place(core, commands[core.ahead_targets[j]].order_id)
    for j in range(targets):
        i = core.ahead_targets[j]
        core.ahead_slot[i] = find_order(core, commands[i].order_id)
        prefetch(core.orders + core.ahead_slot[i])
        prefetch(core.details + core.ahead_slot[i])
    for j in range(targets):
        i = core.ahead_slot[core.ahead_targets[j]]
        if i != 0:
            prefetch_around(core, cython.address(core.orders[i]))


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def prefetch_around(core: cython.pointer(Core), order: cython.pointer(Order)) -> cython.void:
    """Fetch what the end of a working order touches: its level, queue, and account's list."""
    account: cython.pointer(Account) = cython.address(
        core.accounts[core.balances[order.lock_balance].account_id]
    )
    prefetch(core.levels + order.level)
    prefetch(core.orders + order.next)
    prefetch(core.orders + order.previous)
    prefetch(account.orders + order.account_position)
    prefetch(core.orders + account.orders[account.orders_count - 1])


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def hash_ahead(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command]), i: int64_t
) -> cython.void:
    """Hash a command's body and client id, and fetch where the table would have the id."""
    core.ahead_body_hash[i] = mix_body(SEED_A ^ TAG_BODY, command)
    core.ahead_id_hash[i] = client_id_hash(
        command.account_id, command.client_id_low, command.client_id_high
    )
    table_prefetch(cython.address(core.ids.table), core.ahead_id_hash[i])


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def mix_body(lane: uint64_t, command: cython.pointer(cython.const[Command])) -> uint64_t:
    """Mix in what a client id is bound to: everything from the account on."""
    words: cython.pointer(cython.const[uint64_t]) = cython.cast(
        cython.pointer(cython.const[uint64_t]), command
    )
    i: cython.int
    for i in range(5, 16):
        lane = mix_high(lane, words[i])
    return lane


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def hash_bodies(command: cython.pointer(cython.const[Command]), entries: int64_t) -> uint64_t:
    """Hash the body of a command and those of the entries behind it."""
    lane: uint64_t = SEED_A ^ TAG_BODY
    i: int64_t
    for i in range(entries + 1):
        lane = mix_body(lane, command + i)
    return lane
