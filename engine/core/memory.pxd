"""Large memory that is zero and lies on huge pages where the system has them.

A table of client ids is read at random: on pages of 4 KiB each read would first miss the address
cache, and each page would cost a fault of its own when it is first used. Huge pages are a hint:
nothing depends on them.
"""

cdef extern from *:
    """
    #include <stdint.h>
    #include <stdlib.h>
    #if defined(__linux__)
    #include <sys/mman.h>
    #endif
    #define RS_HUGE_BYTES ((size_t) 1 << 21)

    /* Zeroed memory; *block is what to free. Less than two huge pages stays on small ones. */
    static void *rs_zeroed(size_t bytes, void **block) {
        uintptr_t start;
        if (bytes < 2 * RS_HUGE_BYTES) {
            *block = calloc(1, bytes);
            return *block;
        }
        *block = calloc(1, bytes + RS_HUGE_BYTES);
        if (*block == NULL) {
            return NULL;
        }
        start = ((uintptr_t) *block + RS_HUGE_BYTES - 1) & ~(uintptr_t) (RS_HUGE_BYTES - 1);
    #if defined(MADV_HUGEPAGE)
        madvise((void *) start, bytes, MADV_HUGEPAGE);
    #endif
        return (void *) start;
    }
    """
    void *zeroed "rs_zeroed" (size_t bytes, void **block) noexcept nogil
