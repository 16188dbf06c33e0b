# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The way of commands through the rules: many in, their events out, without Python objects."""

import cython
from cython.cimports.engine.core.ahead import hash_bodies, look_ahead
from cython.cimports.engine.core.arrivals import place
from cython.cimports.engine.core.constants import (
    ANSWER,
    CANCEL,
    CANCEL_ALL,
    CANCELLED_BEFORE_ARRIVAL,
    DEFINE_ASSET,
    DEPOSIT,
    DUPLICATE_WITH_DIFFERENT_BODY,
    EVENT_DUPLICATE,
    EVENT_REJECTED,
    ID_TOO_OLD,
    MASS_QUOTE,
    PLACE,
    REJECT_NONE,
    REPLACE,
    SENT_TIME_AHEAD_NS_MAX,
    SENT_TIME_IN_FUTURE,
    TIME_NS_MAX,
    UNKNOWN_ACCOUNT,
    UNKNOWN_ASSET,
    UNKNOWN_MARKET,
    WITHDRAW_FINALIZE,
    WITHDRAW_HOLD,
    WITHDRAW_RELEASE,
)
from cython.cimports.engine.core.controls import count_message
from cython.cimports.engine.core.definitions import define
from cython.cimports.engine.core.fired import work_fired
from cython.cimports.engine.core.funds import deposit, finalize, hold, release
from cython.cimports.engine.core.groups import entries_behind
from cython.cimports.engine.core.ids import find_entry, ids_have_room, remember
from cython.cimports.engine.core.indications import publish_indications
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.pegs import touched_market_id
from cython.cimports.engine.core.phasing import let_time_pass
from cython.cimports.engine.core.pools import (
    has_account,
    has_asset,
    has_market,
    new_event,
)
from cython.cimports.engine.core.quotes import mass_quote
from cython.cimports.engine.core.replacing import replace
from cython.cimports.engine.core.resting import cancel_all, cancel_one
from cython.cimports.engine.core.rules import is_plain, number_reject, shape_reject
from cython.cimports.engine.core.state import AHEAD, Core, IdEntry, IdWindow, check
from cython.cimports.libc.stdint import int64_t, uint32_t, uint64_t


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def run_all(
    core: cython.pointer(Core),
    commands: cython.pointer(cython.const[Command]),
    count: int64_t,
) -> int64_t:
    """Run commands in order; stop at a broken invariant, or at one out of order: noted in the core.

    Also before a command that would begin with as many events as the limit, but never between a
    header and its entries: those would mean another thing alone.

    Returns:
        How many ran.
    """
    at: int64_t = 0
    i: int64_t
    some: int64_t
    core.batch_end = commands + count
    core.entries_left = 0
    while at < count:
        some = min(count - at, AHEAD)
        look_ahead(core, commands + at, some)
        for i in range(some):
            if core.events_count >= core.events_limit and core.entries_left == 0:
                return at + i
            core.slot_hint = core.ahead_slot[i]
            run(core, commands + at + i, core.ahead_id_hash[i], core.ahead_body_hash[i])
            if core.broken != cython.NULL or core.unordered != cython.NULL:
                return at + i
        at += some
    return count


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def run(
    core: cython.pointer(Core),
    command: cython.pointer(cython.const[Command]),
    id_hash: uint32_t,
    body_hash: uint64_t,
) -> cython.void:
    """Run one command: it is refused and changes nothing, or it is done and remembered."""
    if command.sequence != core.sequence_last + 1:
        core.unordered = b"sequences have no gap"
        return
    if command.time_ns <= core.time_ns_last:
        core.unordered = b"time rises"
        return
    if command.time_ns >= TIME_NS_MAX:
        core.unordered = b"time is in range"
        return
    core.sequence_last = command.sequence
    core.time_ns_last = command.time_ns
    if core.entries_left != 0:  # this one was done with its header
        core.entries_left -= 1
        return
    core.events_first = core.events_count
    core.answer_order_id = 0
    core.has_buried = False
    if command.kind == MASS_QUOTE:
        core.entries_left = entries_behind(core, command)
        body_hash = hash_bodies(command, core.entries_left)
    if core.next_due_ns <= command.time_ns:
        let_time_pass(core, command)
        if core.broken != cython.NULL:
            return
    has_id: cython.bint = command.client_id_low != 0 or command.client_id_high != 0
    first: cython.pointer(IdEntry) = cython.NULL
    place: uint64_t = 0
    plain: cython.bint = is_plain(command)
    reject: cython.int = REJECT_NONE if plain else shape_reject(core, command)
    if reject == REJECT_NONE:
        reject = known_reject(core, command)
    if reject == REJECT_NONE and DEFINE_ASSET <= command.kind < MASS_QUOTE:
        reject = define(core, command)
    elif reject == REJECT_NONE:
        if has_id:
            reject = id_reject(core, command)
            if reject == REJECT_NONE:
                if not check(
                    core, ids_have_room(cython.address(core.ids)), b"there is memory for an id"
                ):
                    return
                first = find_entry(
                    cython.address(core.ids),
                    id_hash,
                    command.account_id,
                    command.client_id_low,
                    command.client_id_high,
                    cython.address(place),
                )
        if reject == REJECT_NONE and first != cython.NULL:
            reject = answer_again(core, command, first, body_hash)
            has_id = False
        elif reject == REJECT_NONE:
            if not plain:
                reject = number_reject(command)
            if reject == REJECT_NONE:
                reject = carry_out(core, command, plain)
                if reject == REJECT_NONE and core.control_count != 0:
                    count_message(core, command)
    if reject == REJECT_NONE and (core.waiting_count | core.fired.count | core.peg_count) != 0:
        work_fired(core, command, touched_market_id(core, command))
    if reject != REJECT_NONE:
        refuse(core, command, reject)
    elif has_id:
        if core.has_buried and not find_place(core, command, id_hash, cython.address(place)):
            return
        remember(core, command, id_hash, body_hash, place)
    if core.call_count != 0:
        publish_indications(core, command)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def find_place(
    core: cython.pointer(Core),
    command: cython.pointer(cython.const[Command]),
    id_hash: uint32_t,
    place: cython.pointer(uint64_t),
) -> cython.bint:
    """Find again where the table will have the command's id: another came in between."""
    if not check(core, ids_have_room(cython.address(core.ids)), b"there is memory for an id"):
        return False
    find_entry(
        cython.address(core.ids),
        id_hash,
        command.account_id,
        command.client_id_low,
        command.client_id_high,
        place,
    )
    return True


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def carry_out(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command]), plain: cython.bint
) -> cython.int:
    """Do what a command asks for, or give the rule that it breaks."""
    if command.kind == PLACE:
        return place(core, command, plain)
    if command.kind == CANCEL:
        return cancel_one(core, command)
    if command.kind == REPLACE:
        return replace(core, command)
    if command.kind == CANCEL_ALL:
        return cancel_all(core, command)
    if command.kind == DEPOSIT:
        return deposit(core, command)
    if command.kind == WITHDRAW_HOLD:
        return hold(core, command)
    if command.kind == WITHDRAW_RELEASE:
        return release(core, command)
    if command.kind == MASS_QUOTE:
        return mass_quote(core, command)
    check(core, command.kind == WITHDRAW_FINALIZE, b"every kind of command is carried out")
    return finalize(core, command)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def known_reject(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Give the first broken rule among rejects 9 to 11."""
    if DEFINE_ASSET <= command.kind < MASS_QUOTE:
        return REJECT_NONE
    if not has_account(core, command.account_id):
        return UNKNOWN_ACCOUNT
    if command.kind in (DEPOSIT, WITHDRAW_HOLD) and not has_asset(core, command.asset_id):
        return UNKNOWN_ASSET
    names_market: cython.bint = command.kind in (PLACE, MASS_QUOTE) or (
        command.kind == CANCEL_ALL and command.market_id != 0
    )
    if names_market and not has_market(core, command.market_id):
        return UNKNOWN_MARKET
    return REJECT_NONE


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def id_reject(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Give the first broken rule among rejects 12 and 13."""
    ids: cython.pointer(IdWindow) = cython.address(core.ids)
    if command.sent_time_ns > command.time_ns and (
        command.sent_time_ns - command.time_ns > SENT_TIME_AHEAD_NS_MAX
    ):
        return SENT_TIME_IN_FUTURE
    if command.sent_time_ns < command.time_ns - ids.window_ns:
        return ID_TOO_OLD
    if command.sent_time_ns < ids.floor_time_ns:
        return ID_TOO_OLD
    return REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def answer_again(
    core: cython.pointer(Core),
    command: cython.pointer(cython.const[Command]),
    first: cython.pointer(IdEntry),
    body_hash: uint64_t,
) -> cython.int:
    """Give the first answer of an id again, or refuse another body under it."""
    event: cython.pointer(Event)
    if first.sequence == 0:
        return CANCELLED_BEFORE_ARRIVAL
    if first.body_hash != body_hash:
        return DUPLICATE_WITH_DIFFERENT_BODY
    event = new_event(core, command, EVENT_DUPLICATE)
    event.flags = ANSWER
    event.account_id = command.account_id
    event.market_id = command.market_id
    event.order_id = first.order_id
    event.client_id_low = command.client_id_low
    event.client_id_high = command.client_id_high
    event.maker_order_id = first.sequence
    return REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def refuse(
    core: cython.pointer(Core),
    command: cython.pointer(cython.const[Command]),
    reject: cython.int,
) -> cython.void:
    """Write the refusal of the command."""
    event: cython.pointer(Event) = new_event(core, command, EVENT_REJECTED)
    event.code = reject
    event.flags = ANSWER
    event.account_id = command.account_id
    event.market_id = command.market_id
    event.order_id = command.order_id
    event.client_id_low = command.client_id_low
    event.client_id_high = command.client_id_high
