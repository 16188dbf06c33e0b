# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The whole state of a venue on a tape, and back.

The structs lie on the tape as they lie in memory, so a new field is there by itself. A new pointer
is not: it is set to NULL in `forget` and what it points to is passed in `engine.core.walks`
(`tests/unit/core/test_dump.py` finds a pointer that is not). What a slab's free slots held before
is cleared, so that equal states, reached by the same commands, are equal bytes.

    header | Core, its pointers NULL | orders | levels | money | index | id window | definitions
"""

import cython
from cython.cimports.engine.core.constants import ASSET_ID_MAX, MARKET_ID_MAX, SEED_A
from cython.cimports.engine.core.hashing import mix_high
from cython.cimports.engine.core.state import (
    Account,
    Asset,
    Balance,
    Core,
    Deadline,
    Extra,
    IdEntry,
    Level,
    LevelDetail,
    Limit,
    Market,
    Order,
    OrderDetail,
    Table,
    Withdrawal,
)
from cython.cimports.engine.core.tape import READ, Tape, pass_over
from cython.cimports.engine.core.walks import (
    pass_definitions,
    pass_ids,
    pass_index,
    pass_levels,
    pass_money,
    pass_orders,
)
from cython.cimports.libc.stdint import INT64_MAX, uint32_t, uint64_t
from cython.cimports.libc.stdlib import free, malloc
from cython.cimports.libc.string import memset


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def layout_word() -> uint64_t:
    """Hash the sizes of the structs: a state of another layout is refused before it is read."""
    lane: uint64_t = SEED_A
    lane = mix_high(lane, cython.sizeof(Core))
    lane = mix_high(lane, cython.sizeof(Order))
    lane = mix_high(lane, cython.sizeof(OrderDetail))
    lane = mix_high(lane, cython.sizeof(Extra))
    lane = mix_high(lane, cython.sizeof(Level))
    lane = mix_high(lane, cython.sizeof(LevelDetail))
    lane = mix_high(lane, cython.sizeof(Account))
    lane = mix_high(lane, cython.sizeof(Balance))
    lane = mix_high(lane, cython.sizeof(Limit))
    lane = mix_high(lane, cython.sizeof(Withdrawal))
    lane = mix_high(lane, cython.sizeof(IdEntry))
    lane = mix_high(lane, cython.sizeof(Market))
    lane = mix_high(lane, cython.sizeof(Asset))
    return mix_high(lane, cython.sizeof(Deadline))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def pass_state(core: cython.pointer(Core), tape: cython.pointer(Tape)) -> cython.bint:
    """Pass everything; False when the tape is not one of a state, or there is no memory.

    Before writing the digest is settled; a core that is read into has never run a command.
    """
    word: uint64_t = layout_word()
    pass_over(tape, cython.address(word), cython.sizeof(uint64_t))
    if tape.is_short or word != layout_word() or not pass_image(core, tape):
        return False
    pass_orders(core, tape)
    pass_levels(core, tape)
    pass_money(core, tape)
    pass_index(core, tape)
    pass_ids(cython.address(core.ids), tape)
    pass_definitions(core, tape)
    return not tape.is_short


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def pass_image(core: cython.pointer(Core), tape: cython.pointer(Tape)) -> cython.bint:
    """Pass the counters, limits and sums: the Core itself, without what it points to."""
    if tape.mode == READ:
        if not pass_over(tape, core, cython.sizeof(Core)):
            return False
        forget(core)
        return True
    image: cython.pointer(Core) = cython.cast(cython.pointer(Core), malloc(cython.sizeof(Core)))
    if image == cython.NULL:
        return False
    image[0] = core[0]
    forget(image)
    pass_over(tape, image, cython.sizeof(Core))
    free(image)
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def forget(core: cython.pointer(Core)) -> cython.void:
    """Set every pointer to NULL, and what only the running command uses to zero."""
    i: uint32_t
    core.deadlines = cython.NULL
    core.broken = cython.NULL
    core.unordered = cython.NULL
    core.batch_end = cython.NULL
    core.entries_left = 0
    core.orders = cython.NULL
    core.details = cython.NULL
    core.extras = cython.NULL
    core.levels = cython.NULL
    core.level_details = cython.NULL
    core.balances = cython.NULL
    core.accounts = cython.NULL
    core.withdrawals = cython.NULL
    core.limits = cython.NULL
    core.recent = cython.NULL
    forget_table(cython.address(core.order_table))
    forget_table(cython.address(core.withdrawal_table))
    forget_table(cython.address(core.ids.table))
    core.ids.chunks = cython.NULL
    core.ids.free_chunks = cython.NULL
    core.events = cython.NULL
    core.orders_changed.slots = cython.NULL
    core.levels_changed.slots = cython.NULL
    core.balances_changed.slots = cython.NULL
    core.due.slots = cython.NULL
    core.fired.slots = cython.NULL
    for i in range(MARKET_ID_MAX + 1):
        core.markets[i] = cython.NULL
    for i in range(ASSET_ID_MAX + 1):
        core.assets[i] = cython.NULL
    core.events_count = 0
    core.events_capacity = 0
    core.events_first = 0
    core.events_limit = INT64_MAX
    core.lent_events = cython.NULL
    core.waiting_events_count = 0
    core.slot_hint = 0
    memset(cython.address(core.ahead_body_hash), 0, cython.sizeof(core.ahead_body_hash))
    memset(cython.address(core.ahead_id_hash), 0, cython.sizeof(core.ahead_id_hash))
    memset(cython.address(core.ahead_slot), 0, cython.sizeof(core.ahead_slot))
    memset(cython.address(core.ahead_with_id), 0, cython.sizeof(core.ahead_with_id))
    memset(cython.address(core.ahead_targets), 0, cython.sizeof(core.ahead_targets))
    memset(cython.address(core.spare_event), 0, cython.sizeof(core.spare_event))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def forget_table(table: cython.pointer(Table)) -> cython.void:
    """Set a table's pointers to NULL: `bits` and `old_left` tell what it had."""
    table.slots = cython.NULL
    table.old_slots = cython.NULL
