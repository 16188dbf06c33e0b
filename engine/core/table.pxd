"""Open-addressing tables from a 32-bit hash to 32-bit values: probing inline, the rest compiled."""

from libc.stdint cimport uint32_t, uint64_t

from engine.core.state cimport Table

cdef extern from *:
    """
    #if defined(__GNUC__) || defined(__clang__)
    #define rs_prefetch(address) __builtin_prefetch(address)
    #else
    #define rs_prefetch(address) ((void)(address))
    #endif
    """
    void prefetch "rs_prefetch" (const void *address) noexcept nogil

cdef enum:
    FIRST_BITS = 6
    SMALL_BITS = 20  # 8 MiB
    MOVES_PER_INSERT = 8  # the old half is empty long before the new one is full

cdef bint table_reserve(Table *table) noexcept nogil
cdef bint table_grow(Table *table, uint64_t count) noexcept nogil
cdef bint table_remove(Table *table, uint32_t hash, uint32_t value) noexcept nogil
cdef bint table_replace(
    Table *table, uint32_t hash, uint32_t value, uint32_t new_value
) noexcept nogil
cdef void table_free(Table *table) noexcept nogil


cdef inline uint64_t table_mask(uint32_t bits) noexcept nogil:
    return (<uint64_t> 1 << bits) - 1


cdef inline uint64_t table_home(uint32_t hash, uint32_t bits) noexcept nogil:
    return <uint64_t> (hash >> (32 - bits))


cdef inline uint32_t slot_hash(uint64_t slot) noexcept nogil:
    return <uint32_t> (slot >> 32)


cdef inline uint32_t slot_value(uint64_t slot) noexcept nogil:
    return <uint32_t> slot


cdef inline bint table_has_room(Table *table) noexcept nogil:
    # Whether there is room for one more entry, made if need be; False when there is no memory.
    return table.count < table.limit or table_reserve(table)


cdef inline void table_prefetch(const Table *table, uint32_t hash) noexcept nogil:
    if table.slots != NULL:
        prefetch(&table.slots[table_home(hash, table.bits)])
        if table.old_slots != NULL:
            prefetch(&table.old_slots[table_home(hash, table.old_bits)])


cdef inline void put_slot(Table *table, uint64_t slot) noexcept nogil:
    # Write a slot at the first empty place from its home on.
    cdef uint64_t mask = table_mask(table.bits)
    cdef uint64_t at = table_home(slot_hash(slot), table.bits)
    while table.slots[at] != 0:
        at = (at + 1) & mask
    table.slots[at] = slot


cdef inline void table_insert(Table *table, uint32_t hash, uint32_t value) noexcept nogil:
    # Add an entry; there is room (`table_has_room`) and the hash is not 0.
    put_slot(table, <uint64_t> hash << 32 | value)
    table.count += 1
