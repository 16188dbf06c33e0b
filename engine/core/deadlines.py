# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The dead man's switch: orders are cancelled unless their owner keeps renewing a deadline.

The rules are those of `engine.reference.deadlines`. There are few, so they lie in one array in no
order, and the next one is found by looking at all.
"""

import cython
from cython.cimports.engine.core.constants import (
    DEADLINE_MS_MAX,
    DEADLINE_MS_MIN,
    DEADLINES_MAX,
    DEADLINES_PER_ACCOUNT_MAX,
    EVENT_DEADLINE_NEAR,
    INVALID_PARAMETER,
    NEVER_NS,
    REASON_DEADLINE,
    TAG_DEADLINE,
    TOO_MANY_DEADLINES,
    UNKNOWN_ACCOUNT,
)
from cython.cimports.engine.core.deadlines import due_ns
from cython.cimports.engine.core.definitions import answer
from cython.cimports.engine.core.due import note_next
from cython.cimports.engine.core.hashing import Hash, add_to, hash_words, take_from
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.pools import has_account, new_event
from cython.cimports.engine.core.resting import cancel_of_account
from cython.cimports.engine.core.state import Core, Deadline, check
from cython.cimports.libc.stdint import int64_t, uint32_t, uint64_t
from cython.cimports.libc.stdlib import malloc


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def hash_deadline(deadline: cython.pointer(cython.const[Deadline])) -> Hash:
    """Hash a deadline."""
    words = cython.declare(uint64_t[5])
    words[0] = deadline.account_id
    words[1] = deadline.tag
    words[2] = deadline.timeout_ns
    words[3] = deadline.end_ns
    words[4] = deadline.is_near
    return hash_words(TAG_DEADLINE, words, 5)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def note_deadlines(core: cython.pointer(Core)) -> cython.void:
    """Keep up when the next deadline is due."""
    i: uint32_t
    core.next_deadline_ns = NEVER_NS
    for i in range(core.deadlines_count):
        core.next_deadline_ns = min(
            core.next_deadline_ns, due_ns(cython.address(core.deadlines[i]))
        )
    note_next(core)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def find_deadline(core: cython.pointer(Core), account_id: uint32_t, tag: uint32_t) -> uint32_t:
    """Give the index of a deadline, or how many there are when there is no such one."""
    i: uint32_t
    for i in range(core.deadlines_count):
        if core.deadlines[i].account_id == account_id and core.deadlines[i].tag == tag:
            return i
    return core.deadlines_count


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def has_room(core: cython.pointer(Core), account_id: uint32_t) -> cython.bint:
    """Tell whether an account may have one more deadline; there is memory then."""
    i: uint32_t
    own: uint32_t = 0
    for i in range(core.deadlines_count):
        own += core.deadlines[i].account_id == account_id
    if own >= DEADLINES_PER_ACCOUNT_MAX or core.deadlines_count >= DEADLINES_MAX:
        return False
    if core.deadlines == cython.NULL:
        core.deadlines = cython.cast(
            cython.pointer(Deadline), malloc(DEADLINES_MAX * cython.sizeof(Deadline))
        )
    return check(core, core.deadlines != cython.NULL, b"there is memory for deadlines")


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def drop_deadline(core: cython.pointer(Core), index: uint32_t) -> cython.void:
    """Forget a deadline; the last one takes its place."""
    take_from(cython.address(core.sum), hash_deadline(cython.address(core.deadlines[index])))
    core.deadlines_count -= 1
    core.deadlines[index] = core.deadlines[core.deadlines_count]


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def set_deadline(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Set, renew or end the deadline of an account's orders, or of those of one tag."""
    timeout_ms: int64_t = command.price_ticks
    index: uint32_t
    deadline: cython.pointer(Deadline)
    if not has_account(core, command.account_id):
        return UNKNOWN_ACCOUNT
    if timeout_ms != 0 and not DEADLINE_MS_MIN <= timeout_ms <= DEADLINE_MS_MAX:
        return INVALID_PARAMETER
    index = find_deadline(core, command.account_id, command.tag)
    existed: cython.bint = index < core.deadlines_count
    if timeout_ms != 0 and not existed and not has_room(core, command.account_id):
        return TOO_MANY_DEADLINES
    if existed:
        drop_deadline(core, index)
    if timeout_ms != 0:
        deadline = cython.address(core.deadlines[core.deadlines_count])
        deadline.account_id = command.account_id
        deadline.tag = command.tag
        deadline.timeout_ns = timeout_ms * 1000000
        deadline.end_ns = command.time_ns + deadline.timeout_ns
        deadline.is_near = False
        core.deadlines_count += 1
        add_to(cython.address(core.sum), hash_deadline(deadline))
    note_deadlines(core)
    return answer(core, command, existed, 0)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def first_due(core: cython.pointer(Core)) -> uint32_t:
    """Give the index of the deadline that is due first, by time, then account, then tag."""
    i: uint32_t
    first: uint32_t = core.deadlines_count
    for i in range(core.deadlines_count):
        if due_ns(cython.address(core.deadlines[i])) != core.next_deadline_ns:
            continue
        if first == core.deadlines_count or (
            core.deadlines[i].account_id < core.deadlines[first].account_id
            or (
                core.deadlines[i].account_id == core.deadlines[first].account_id
                and core.deadlines[i].tag < core.deadlines[first].tag
            )
        ):
            first = i
    return first


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def pass_deadline(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.void:
    """Do what is due first: tell that a deadline is near, or cancel its orders and forget it."""
    index: uint32_t = first_due(core)
    event: cython.pointer(Event)
    if not check(core, index < core.deadlines_count, b"a deadline passes when it is due"):
        return
    deadline: cython.pointer(Deadline) = cython.address(core.deadlines[index])
    account_id: uint32_t = deadline.account_id
    tag: uint32_t = deadline.tag
    if deadline.is_near:
        drop_deadline(core, index)
        note_deadlines(core)
        cancel_of_account(core, account_id, 0, 0, tag, REASON_DEADLINE, command)
        return
    take_from(cython.address(core.sum), hash_deadline(deadline))
    deadline.is_near = True
    add_to(cython.address(core.sum), hash_deadline(deadline))
    note_deadlines(core)
    event = new_event(core, command, EVENT_DEADLINE_NEAR)
    event.code = tag
    event.account_id = account_id
    event.quantity_lots = deadline.end_ns


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def audit_deadlines(core: cython.pointer(Core)) -> cython.void:
    """Check that what is next is known, and that no two deadlines are of the same orders."""
    i: uint32_t
    next_ns: int64_t = NEVER_NS
    for i in range(core.deadlines_count):
        next_ns = min(next_ns, due_ns(cython.address(core.deadlines[i])))
        check(
            core,
            find_deadline(core, core.deadlines[i].account_id, core.deadlines[i].tag) == i,
            b"an account and tag have one deadline",
        )
    check(core, core.next_deadline_ns == next_ns, b"the next deadline is known")
    check(core, core.next_due_ns <= next_ns, b"a deadline is due when time comes to it")
