# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The id window: every client id of an accepted command, for a stated time and number.

Entries lie in the order of acceptance, in chunks that are used again, so that growth copies none.
The table holds 32 bits of an entry's position, which tell fewer than 2^32 entries apart.
"""

import cython
from cython.cimports.engine.core.constants import (
    ID_EVICTIONS_PER_COMMAND_MAX,
    SENT_TIME_AHEAD_NS_MAX,
)
from cython.cimports.engine.core.hashing import take_from
from cython.cimports.engine.core.ids import (
    CHUNK_BITS,
    CHUNK_MASK,
    FIRST_CHUNKS,
    entry_at,
    is_entry_of,
)
from cython.cimports.engine.core.layout import Command
from cython.cimports.engine.core.memory import touch
from cython.cimports.engine.core.order_index import find_order
from cython.cimports.engine.core.state import Core, IdEntry, IdWindow, Order, check
from cython.cimports.engine.core.sums import hash_id_entry
from cython.cimports.engine.core.table import (
    slot_hash,
    slot_value,
    table_free,
    table_grow,
    table_home,
    table_mask,
    table_remove,
    table_replace,
)
from cython.cimports.libc.stdint import int64_t, uint32_t, uint64_t
from cython.cimports.libc.stdlib import calloc, free, malloc


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def ids_reserve(ids: cython.pointer(IdWindow)) -> cython.bint:
    """Make the next chunk; False when there is no memory."""
    if not has_chunk(ids, ids.reserved):
        return False
    ids.reserved += CHUNK_MASK + 1
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def has_chunk(ids: cython.pointer(IdWindow), position: uint64_t) -> cython.bint:
    """Make the chunk of a position; False when there is no memory."""
    chunk: uint64_t = position >> CHUNK_BITS
    if chunk - (ids.first >> CHUNK_BITS) >= ids.chunks_capacity and not grow_directory(ids):
        return False
    chunk = chunk & (ids.chunks_capacity - 1)
    if ids.chunks[chunk] == cython.NULL:
        ids.chunks[chunk] = take_chunk(ids)
    return ids.chunks[chunk] != cython.NULL


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def link_of(chunk: cython.pointer(IdEntry)) -> cython.pointer(cython.pointer(IdEntry)):
    """See the first bytes of a free chunk as the address of the next."""
    return cython.cast(cython.pointer(cython.pointer(IdEntry)), chunk)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def new_chunk() -> cython.pointer(IdEntry):
    """Allocate a chunk; NULL when there is no memory."""
    return cython.cast(cython.pointer(IdEntry), malloc(cython.sizeof(IdEntry) << CHUNK_BITS))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def take_chunk(ids: cython.pointer(IdWindow)) -> cython.pointer(IdEntry):
    """Take a chunk that is free, or a new one; NULL when there is no memory."""
    chunk: cython.pointer(IdEntry) = ids.free_chunks
    if chunk == cython.NULL:
        return new_chunk()
    ids.free_chunks = link_of(chunk)[0]
    return chunk


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def ids_prepare(ids: cython.pointer(IdWindow), count: uint64_t) -> cython.bint:
    """Take memory for so many more ids, and touch it; False when there is not so much."""
    chunk: cython.pointer(IdEntry)
    if not table_grow(cython.address(ids.table), ids.table.count + count):
        return False
    for _ in range((count >> CHUNK_BITS) + 1):
        chunk = new_chunk()
        if chunk == cython.NULL:
            return False
        touch(chunk, cython.sizeof(IdEntry) << CHUNK_BITS)
        link_of(chunk)[0] = ids.free_chunks
        ids.free_chunks = chunk
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def grow_directory(ids: cython.pointer(IdWindow)) -> cython.bint:
    """Double the ring of chunks."""
    capacity: uint64_t = ids.chunks_capacity * 2 if ids.chunks_capacity else FIRST_CHUNKS
    chunks: cython.pointer(cython.pointer(IdEntry)) = cython.cast(
        cython.pointer(cython.pointer(IdEntry)),
        calloc(capacity, cython.sizeof(cython.pointer(IdEntry))),
    )
    if chunks == cython.NULL:
        return False
    first: uint64_t = ids.first >> CHUNK_BITS
    chunk: uint64_t
    for chunk in range(first, first + ids.chunks_capacity):
        chunks[chunk & (capacity - 1)] = ids.chunks[chunk & (ids.chunks_capacity - 1)]
    free(ids.chunks)
    ids.chunks = chunks
    ids.chunks_capacity = capacity
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def search_in(
    ids: cython.pointer(IdWindow),
    slots: cython.pointer(uint64_t),
    bits: uint32_t,
    hash: uint32_t,
    account_id: uint32_t,
    low: uint64_t,
    high: uint64_t,
) -> cython.pointer(IdEntry):
    """Find an entry by the slots of one half of the table."""
    mask: uint64_t = table_mask(bits)
    at: uint64_t = table_home(hash, bits)
    entry: cython.pointer(IdEntry)
    while slots[at] != 0:
        if slot_hash(slots[at]) == hash:
            entry = entry_at(ids, slot_value(slots[at]))
            if is_entry_of(entry, account_id, low, high):
                return entry
        at = (at + 1) & mask
    return cython.NULL


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def remember(
    core: cython.pointer(Core),
    command: cython.pointer(cython.const[Command]),
    hash: uint32_t,
    body_hash: uint64_t,
    place: uint64_t,
) -> cython.void:
    """Add an accepted command's id, then drop what is expired or too many.

    There is room (`ids_have_room`), and `place` is where `find_entry` looked last.
    """
    ids: cython.pointer(IdWindow) = cython.address(core.ids)
    entry: cython.pointer(IdEntry) = entry_at(ids, ids.next)
    entry.client_id_low = command.client_id_low
    entry.client_id_high = command.client_id_high
    entry.body_hash = body_hash
    entry.order_id = core.answer_order_id
    entry.sequence = command.sequence
    entry.accepted_time_ns = command.time_ns
    entry.sent_time_ns = command.sent_time_ns
    entry.account_id = command.account_id
    admit(core, entry, hash, command.time_ns, place)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def bury(
    core: cython.pointer(Core),
    command: cython.pointer(cython.const[Command]),
    hash: uint32_t,
    place: uint64_t,
) -> cython.void:
    """Add the id that a command names as cancelled before any command came with it.

    The same holds for room and place as with `remember`.
    """
    entry: cython.pointer(IdEntry) = entry_at(cython.address(core.ids), core.ids.next)
    entry.client_id_low = command.target_client_id_low
    entry.client_id_high = command.target_client_id_high
    entry.body_hash = 0
    entry.order_id = 0
    entry.sequence = 0
    entry.accepted_time_ns = command.time_ns
    entry.sent_time_ns = command.time_ns
    entry.account_id = command.account_id
    core.has_buried = True
    admit(core, entry, hash, command.time_ns, place)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def admit(
    core: cython.pointer(Core),
    entry: cython.pointer(IdEntry),
    hash: uint32_t,
    time_ns: int64_t,
    place: uint64_t,
) -> cython.void:
    """Put the entry that was written last into the table; drop what is expired or too many."""
    ids: cython.pointer(IdWindow) = cython.address(core.ids)
    entry.hash = hash
    ids.table.slots[place] = cython.cast(uint64_t, hash) << 32 | cython.cast(uint32_t, ids.next)
    ids.table.count += 1
    ids.next += 1
    expired_before: int64_t = time_ns - ids.window_ns - SENT_TIME_AHEAD_NS_MAX
    for _ in range(ID_EVICTIONS_PER_COMMAND_MAX):
        entry = entry_at(ids, ids.first)
        if entry.accepted_time_ns >= expired_before and (
            cython.cast(int64_t, ids.next - ids.first) <= ids.ids_max
        ):
            return
        evict(core, entry, time_ns, entry.accepted_time_ns < expired_before)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def evict(
    core: cython.pointer(Core),
    entry: cython.pointer(IdEntry),
    time_ns: int64_t,
    is_expired: cython.bint,
) -> cython.void:
    """Drop the oldest entry, or move it to the back when it names a working order."""
    ids: cython.pointer(IdWindow) = cython.address(core.ids)
    kept: cython.pointer(IdEntry)
    found: cython.bint
    value: uint32_t = cython.cast(uint32_t, ids.first)
    if ids.first < ids.summed:
        take_from(cython.address(core.sum), hash_id_entry(entry))
    if is_working(core, entry):
        kept = entry_at(ids, ids.next)
        kept[0] = entry[0]
        kept.accepted_time_ns = time_ns
        found = table_replace(
            cython.address(ids.table), entry.hash, value, cython.cast(uint32_t, ids.next)
        )
        ids.next += 1
    else:
        if not is_expired and ids.floor_time_ns < entry.sent_time_ns + 1:
            ids.floor_time_ns = entry.sent_time_ns + 1
        found = table_remove(cython.address(ids.table), entry.hash, value)
    check(core, found, b"every remembered id is in the table")
    ids.first += 1
    if ids.first & CHUNK_MASK == 0:
        drop_chunk(ids, (ids.first - 1) >> CHUNK_BITS)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def drop_chunk(ids: cython.pointer(IdWindow), chunk: uint64_t) -> cython.void:
    """Free a chunk whose entries are all gone, for the next that is needed."""
    chunk = chunk & (ids.chunks_capacity - 1)
    link_of(ids.chunks[chunk])[0] = ids.free_chunks
    ids.free_chunks = ids.chunks[chunk]
    ids.chunks[chunk] = cython.NULL


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def is_working(core: cython.pointer(Core), entry: cython.pointer(IdEntry)) -> cython.bint:
    """Tell whether an entry is that of a working order."""
    slot: uint32_t = find_order(core, entry.order_id)
    if slot == 0:
        return False
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    return (
        order.client_id_low == entry.client_id_low
        and order.client_id_high == entry.client_id_high
        and core.balances[order.lock_balance].account_id == entry.account_id
    )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def ids_free(ids: cython.pointer(IdWindow)) -> cython.void:
    """Give the memory back."""
    chunk: uint64_t
    for chunk in range(ids.chunks_capacity):
        free(ids.chunks[chunk])
    while ids.free_chunks != cython.NULL:
        free(take_chunk(ids))
    free(ids.chunks)
    table_free(cython.address(ids.table))
