"""The id window: a ring of entries in chunks, and a table of their positions."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from engine.core.constants cimport ID_EVICTIONS_PER_COMMAND_MAX
from engine.core.layout cimport Command
from engine.core.state cimport Core, IdEntry, IdWindow, Table
from engine.core.table cimport slot_hash, slot_value, table_has_room, table_home, table_mask

cdef enum:
    CHUNK_BITS = 12  # entries of a chunk: 256 KiB
    CHUNK_MASK = 4095
    FIRST_CHUNKS = 4

cdef bint ids_reserve(IdWindow *ids) noexcept nogil
cdef IdEntry *search_in(
    IdWindow *ids,
    uint64_t *slots,
    uint32_t bits,
    uint32_t hash,
    uint32_t account_id,
    uint64_t low,
    uint64_t high,
) noexcept nogil
cdef void remember(
    Core *core, const Command *command, uint32_t hash, uint64_t body_hash, uint64_t place
) noexcept nogil
cdef void bury(
    Core *core, const Command *command, uint32_t hash, uint64_t place
) noexcept nogil
cdef bint ids_prepare(IdWindow *ids, uint64_t count) noexcept nogil
cdef void ids_free(IdWindow *ids) noexcept nogil


cdef inline IdEntry *entry_at(IdWindow *ids, uint64_t position) noexcept nogil:
    cdef uint64_t chunk = (position >> CHUNK_BITS) & (ids.chunks_capacity - 1)
    return &ids.chunks[chunk][position & CHUNK_MASK]


cdef inline bint is_entry_of(
    IdEntry *entry, uint32_t account_id, uint64_t low, uint64_t high
) noexcept nogil:
    return (
        entry.client_id_low == low
        and entry.client_id_high == high
        and entry.account_id == account_id
    )


cdef inline bint ids_have_room(IdWindow *ids) noexcept nogil:
    # Whether there is room for what one command may add: its own entry, and those that it moves
    # to the back.
    return table_has_room(&ids.table) and (
        ids.next + ID_EVICTIONS_PER_COMMAND_MAX < ids.reserved or ids_reserve(ids)
    )


cdef inline IdEntry *find_entry(
    IdWindow *ids,
    uint32_t hash,
    uint32_t account_id,
    uint64_t low,
    uint64_t high,
    uint64_t *place,
) noexcept nogil:
    # The entry of a client id, NULL when it is not remembered; `place` is then where the table
    # would have it. There is a table (`ids_have_room`).
    cdef Table *table = &ids.table
    cdef uint64_t mask = table_mask(table.bits)
    cdef IdEntry *entry
    place[0] = table_home(hash, table.bits)
    while table.slots[place[0]] != 0:
        if slot_hash(table.slots[place[0]]) == hash:
            entry = entry_at(ids, slot_value(table.slots[place[0]]))
            if is_entry_of(entry, account_id, low, high):
                return entry
        place[0] = (place[0] + 1) & mask
    if table.old_slots == NULL:
        return NULL
    return search_in(ids, table.old_slots, table.old_bits, hash, account_id, low, high)
