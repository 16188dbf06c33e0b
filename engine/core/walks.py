# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The parts of a venue's state on a tape: the arrays that `Core` points to, one walk for each."""

import cython
from cython.cimports.engine.core.clean import (
    clean_levels,
    clean_limits,
    clean_orders,
    clean_withdrawals,
)
from cython.cimports.engine.core.constants import ASSET_ID_MAX, DEADLINES_MAX, MARKET_ID_MAX
from cython.cimports.engine.core.ids import CHUNK_BITS, CHUNK_MASK
from cython.cimports.engine.core.state import (
    BOOKS,
    Account,
    Asset,
    Balance,
    BookSide,
    Changes,
    Core,
    Deadline,
    Extra,
    IdEntry,
    IdWindow,
    Level,
    LevelDetail,
    Limit,
    Market,
    Order,
    OrderDetail,
    Queue,
    Table,
    Withdrawal,
)
from cython.cimports.engine.core.tape import READ, WRITE, Tape, pass_array, pass_over
from cython.cimports.libc.stdint import int64_t, uint8_t, uint32_t, uint64_t
from cython.cimports.libc.stdlib import calloc
from cython.cimports.libc.string import memset


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def place_of(memory: cython.p_void) -> cython.pointer(cython.p_void):
    """See the address of a pointer as that of an untyped one."""
    return cython.cast(cython.pointer(cython.p_void), memory)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def pass_changes(
    changes: cython.pointer(Changes), capacity: uint32_t, tape: cython.pointer(Tape)
) -> cython.void:
    """Pass a list of changes, which is empty since the digest was settled."""
    room: cython.size_t = cython.cast(cython.size_t, capacity) + 1 if capacity != 0 else 0
    pass_array(tape, place_of(cython.address(changes.slots)), 0, room, cython.sizeof(uint32_t))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def pass_queue(queue: cython.pointer(Queue), tape: cython.pointer(Tape)) -> cython.void:
    """Pass a queue; one that was never used counts a place that it does not have."""
    count: uint32_t = queue.count if queue.capacity != 0 else 0
    start: cython.size_t = tape.at
    slots: cython.pointer(cython.p_void) = place_of(cython.address(queue.slots))
    pass_array(tape, slots, count, queue.capacity, cython.sizeof(uint32_t))
    if tape.mode == WRITE and count != 0 and queue.first == 0 and not tape.is_short:
        memset(tape.bytes + start, 0, cython.sizeof(uint32_t))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def pass_orders(core: cython.pointer(Core), tape: cython.pointer(Tape)) -> cython.void:
    """Pass the slab of orders, its details and extras, and the lists of their slots."""
    count: cython.size_t = core.order_slab.length
    room: cython.size_t = core.order_slab.capacity
    orders: cython.size_t = tape.at
    pass_array(tape, place_of(cython.address(core.orders)), count, room, cython.sizeof(Order))
    details: cython.size_t = tape.at
    pass_array(
        tape, place_of(cython.address(core.details)), count, room, cython.sizeof(OrderDetail)
    )
    extras: cython.size_t = tape.at
    pass_array(tape, place_of(cython.address(core.extras)), count, room, cython.sizeof(Extra))
    if tape.mode == WRITE and not tape.is_short:
        clean_orders(
            core,
            cython.cast(cython.pointer(Order), tape.bytes + orders),
            cython.cast(cython.pointer(OrderDetail), tape.bytes + details),
            cython.cast(cython.pointer(Extra), tape.bytes + extras),
        )
    pass_changes(cython.address(core.orders_changed), core.order_slab.capacity, tape)
    pass_queue(cython.address(core.due), tape)
    pass_queue(cython.address(core.fired), tape)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def pass_levels(core: cython.pointer(Core), tape: cython.pointer(Tape)) -> cython.void:
    """Pass the slab of levels and its details."""
    count: cython.size_t = core.level_slab.length
    room: cython.size_t = core.level_slab.capacity
    levels: cython.size_t = tape.at
    pass_array(tape, place_of(cython.address(core.levels)), count, room, cython.sizeof(Level))
    details: cython.size_t = tape.at
    pass_array(
        tape, place_of(cython.address(core.level_details)), count, room, cython.sizeof(LevelDetail)
    )
    if tape.mode == WRITE and not tape.is_short:
        clean_levels(
            core,
            cython.cast(cython.pointer(Level), tape.bytes + levels),
            cython.cast(cython.pointer(LevelDetail), tape.bytes + details),
        )
    pass_changes(cython.address(core.levels_changed), core.level_slab.capacity, tape)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def pass_money(core: cython.pointer(Core), tape: cython.pointer(Tape)) -> cython.void:
    """Pass balances, withdrawals, limits, deadlines and accounts."""
    start: cython.size_t = tape.at
    count: cython.size_t = core.balance_slab.length
    room: cython.size_t = core.balance_slab.capacity
    pass_array(tape, place_of(cython.address(core.balances)), count, room, cython.sizeof(Balance))
    if tape.mode == WRITE and count != 0 and not tape.is_short:
        memset(tape.bytes + start, 0, cython.sizeof(Balance))
    pass_changes(cython.address(core.balances_changed), core.balance_slab.capacity, tape)
    start = tape.at
    count = core.withdrawal_slab.length
    room = core.withdrawal_slab.capacity
    pass_array(
        tape, place_of(cython.address(core.withdrawals)), count, room, cython.sizeof(Withdrawal)
    )
    if tape.mode == WRITE and not tape.is_short:
        clean_withdrawals(core, cython.cast(cython.pointer(Withdrawal), tape.bytes + start))
    start = tape.at
    count = core.limit_slab.length
    room = core.limit_slab.capacity
    pass_array(tape, place_of(cython.address(core.limits)), count, room, cython.sizeof(Limit))
    if tape.mode == WRITE and not tape.is_short:
        clean_limits(core, cython.cast(cython.pointer(Limit), tape.bytes + start))
    count = core.deadlines_count
    room = DEADLINES_MAX if count != 0 else 0
    pass_array(tape, place_of(cython.address(core.deadlines)), count, room, cython.sizeof(Deadline))
    pass_accounts(core, tape)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def pass_accounts(core: cython.pointer(Core), tape: cython.pointer(Tape)) -> cython.void:
    """Pass the defined accounts, each behind its id: ids may be far apart."""
    i: uint32_t
    account_id: uint32_t = 0
    used: uint32_t = 0
    size: cython.size_t = cython.sizeof(uint32_t)
    room: cython.size_t = core.accounts_capacity
    if tape.mode != READ:
        for i in range(core.accounts_capacity):
            used += core.accounts[i].group != 0
    pass_array(tape, place_of(cython.address(core.accounts)), 0, room, cython.sizeof(Account))
    pass_over(tape, cython.address(used), size)
    if tape.is_short:
        core.accounts_capacity = 0 if core.accounts == cython.NULL else core.accounts_capacity
        return
    for _ in range(used):
        while tape.mode != READ and core.accounts[account_id].group == 0:
            account_id += 1
        pass_over(tape, cython.address(account_id), size)
        if tape.is_short or account_id >= core.accounts_capacity:
            tape.is_short = True
            return
        pass_account(cython.address(core.accounts[account_id]), tape)
        account_id += 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def pass_account(account: cython.pointer(Account), tape: cython.pointer(Tape)) -> cython.void:
    """Pass an account with its table of balances and its list of orders."""
    start: cython.size_t = tape.at
    size: cython.size_t = cython.sizeof(uint32_t)
    if not pass_over(tape, account, cython.sizeof(Account)):
        return
    copy: cython.pointer(Account) = account
    if tape.mode == WRITE:
        copy = cython.cast(cython.pointer(Account), tape.bytes + start)
    if tape.mode in (WRITE, READ):
        copy.balances = cython.NULL
        copy.orders = cython.NULL
    count: cython.size_t = account.balances_capacity
    pass_array(tape, place_of(cython.address(account.balances)), count, count, size)
    count = account.orders_count
    room: cython.size_t = account.orders_capacity
    pass_array(tape, place_of(cython.address(account.orders)), count, room, size)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def pass_index(core: cython.pointer(Core), tape: cython.pointer(Tape)) -> cython.void:
    """Pass what finds orders and withdrawals by their ids."""
    count: cython.size_t = core.recent_count
    pass_array(tape, place_of(cython.address(core.recent)), count, count, cython.sizeof(uint32_t))
    pass_table(cython.address(core.order_table), tape)
    pass_table(cython.address(core.withdrawal_table), tape)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def pass_table(table: cython.pointer(Table), tape: cython.pointer(Tape)) -> cython.void:
    """Pass a table, also one that is moving to a larger one."""
    one: cython.size_t = 1
    count: cython.size_t = one << table.bits if table.bits != 0 else 0
    pass_array(tape, place_of(cython.address(table.slots)), count, count, cython.sizeof(uint64_t))
    count = one << table.old_bits if table.old_left != 0 else 0
    pass_array(
        tape, place_of(cython.address(table.old_slots)), count, count, cython.sizeof(uint64_t)
    )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def pass_ids(ids: cython.pointer(IdWindow), tape: cython.pointer(Tape)) -> cython.void:
    """Pass the id window: its table, and the entries that are in it."""
    pass_table(cython.address(ids.table), tape)
    if tape.mode == READ:
        ids.chunks = cython.cast(
            cython.pointer(cython.pointer(IdEntry)),
            calloc(ids.chunks_capacity + 1, cython.sizeof(cython.pointer(IdEntry))),
        )
        if ids.chunks == cython.NULL or tape.is_short:
            ids.chunks_capacity = 0
            tape.is_short = True
            return
    chunk: uint64_t
    first: uint64_t
    end: uint64_t
    entries: cython.pointer(IdEntry) = cython.NULL
    for chunk in range(ids.first >> CHUNK_BITS, ids.reserved >> CHUNK_BITS):
        first = max(ids.first, chunk << CHUNK_BITS)
        end = max(min(ids.next, (chunk + 1) << CHUNK_BITS), first)
        if tape.mode == READ:
            entries = cython.cast(
                cython.pointer(IdEntry), calloc(CHUNK_MASK + 1, cython.sizeof(IdEntry))
            )
            if entries == cython.NULL:
                tape.is_short = True
                return
            ids.chunks[chunk & (ids.chunks_capacity - 1)] = entries
        entries = ids.chunks[chunk & (ids.chunks_capacity - 1)]
        if not pass_over(
            tape, entries + (first & CHUNK_MASK), (end - first) * cython.sizeof(IdEntry)
        ):
            return


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def pass_definitions(core: cython.pointer(Core), tape: cython.pointer(Tape)) -> cython.void:
    """Pass assets and markets, each behind a byte that tells whether it is defined."""
    i: uint32_t
    size: cython.size_t
    for i in range(ASSET_ID_MAX + 1):
        size = cython.sizeof(Asset)
        if pass_presence(tape, core.assets[i] != cython.NULL):
            pass_array(tape, place_of(cython.address(core.assets[i])), 1, 1, size)
    for i in range(MARKET_ID_MAX + 1):
        if pass_presence(tape, core.markets[i] != cython.NULL):
            pass_market(core, i, tape)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def pass_presence(tape: cython.pointer(Tape), is_there: cython.bint) -> cython.bint:
    """Pass a byte that tells whether something follows."""
    presence: uint8_t = is_there
    return pass_over(tape, cython.address(presence), 1) and presence != 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def pass_market(
    core: cython.pointer(Core), market_id: uint32_t, tape: cython.pointer(Tape)
) -> cython.void:
    """Pass a market and the keys and levels of its books."""
    start: cython.size_t = tape.at
    size: cython.size_t = cython.sizeof(Market)
    pass_array(tape, place_of(cython.address(core.markets[market_id])), 1, 1, size)
    if tape.is_short:
        return
    market: cython.pointer(Market) = core.markets[market_id]
    copy: cython.pointer(Market) = market
    if tape.mode == WRITE:
        copy = cython.cast(cython.pointer(Market), tape.bytes + start)
    side: cython.pointer(BookSide)
    book: cython.int
    for book in range(BOOKS):
        side = cython.address(copy.sides[book])
        if tape.mode in (WRITE, READ):
            side.keys = cython.NULL
            side.levels = cython.NULL
    for book in range(BOOKS):
        side = cython.address(market.sides[book])
        size = side.capacity
        pass_array(
            tape, place_of(cython.address(side.keys)), side.count, size, cython.sizeof(int64_t)
        )
        pass_array(
            tape, place_of(cython.address(side.levels)), side.count, size, cython.sizeof(uint32_t)
        )
