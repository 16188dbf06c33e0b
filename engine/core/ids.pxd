"""The id window: a ring of entries in chunks, and a table of their positions."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from engine.core.layout cimport Command
from engine.core.state cimport Core, IdEntry, IdWindow

cdef enum:
    CHUNK_BITS = 12  # entries of a chunk: 256 KiB
    CHUNK_MASK = 4095
    FIRST_CHUNKS = 4

cdef bint ids_reserve(IdWindow *ids) noexcept nogil
cdef IdEntry *find_entry(
    IdWindow *ids, uint32_t hash, uint32_t account_id, uint64_t low, uint64_t high
) noexcept nogil
cdef void remember(Core *core, const Command *command, uint32_t hash, uint64_t body_hash) noexcept nogil
cdef void ids_free(IdWindow *ids) noexcept nogil


cdef inline IdEntry *entry_at(IdWindow *ids, uint64_t position) noexcept nogil:
    cdef uint64_t chunk = (position >> CHUNK_BITS) & (ids.chunks_capacity - 1)
    return &ids.chunks[chunk][position & CHUNK_MASK]
