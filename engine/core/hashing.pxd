"""The record hash of `engine.core.digest`, and sums of it."""

from libc.stdint cimport uint32_t, uint64_t

from engine.core.constants cimport MULTIPLIER_A, MULTIPLIER_B, SEED_A, SEED_B

# A hash, or a sum of hashes, modulo 2^128.
cdef struct Hash:
    uint64_t high
    uint64_t low


cdef inline uint64_t mix_high(uint64_t lane, uint64_t word) noexcept nogil:
    lane = (lane ^ word) * MULTIPLIER_A
    return lane ^ (lane >> 32)


cdef inline uint64_t mix_low(uint64_t lane, uint64_t word) noexcept nogil:
    lane = (lane ^ word) * MULTIPLIER_B
    return lane ^ (lane >> 29)


cdef inline Hash hash_words(uint64_t tag, const uint64_t *words, int count) noexcept nogil:
    cdef Hash lanes
    cdef int i
    lanes.high = SEED_A ^ tag
    lanes.low = SEED_B ^ tag
    for i in range(count):
        lanes.high = mix_high(lanes.high, words[i])
        lanes.low = mix_low(lanes.low, words[i])
    return lanes


cdef inline void add_to(Hash *total, Hash part) noexcept nogil:
    total.low += part.low
    total.high += part.high + (1 if total.low < part.low else 0)


cdef inline void take_from(Hash *total, Hash part) noexcept nogil:
    total.high -= part.high + (1 if total.low < part.low else 0)
    total.low -= part.low


cdef inline uint32_t order_id_hash(uint64_t order_id) noexcept nogil:
    # Odd multiplication: ids in a row spread over the table.
    cdef uint32_t hash = <uint32_t> order_id * <uint32_t> 0x9E3779B1
    return hash if hash != 0 else 1


cdef inline uint32_t client_id_hash(
    uint32_t account_id, uint64_t low, uint64_t high
) noexcept nogil:
    cdef uint64_t lane = mix_low(mix_high(account_id, low), high)
    cdef uint32_t hash = <uint32_t> (lane >> 32)
    return hash if hash != 0 else 1
