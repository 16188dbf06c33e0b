"""Large arrays that are read here and there lie on large pages, where the system has them."""

cdef extern from *:
    """
    #include <stddef.h>
    #include <stdint.h>
    #if defined(__linux__)
    #include <sys/mman.h>
    #endif
    /* Misses of the table of pages cost more than those of the caches. Advice that the system does
       not take changes nothing, so its answer is not looked at. */
    static inline void rs_use_large_pages(void *memory, size_t size) {
    #if defined(__linux__) && defined(MADV_HUGEPAGE)
        const uintptr_t page = 4096, least = (uintptr_t) 4 << 20;
        uintptr_t first = ((uintptr_t) memory + page - 1) & ~(page - 1);
        uintptr_t end = ((uintptr_t) memory + size) & ~(page - 1);
        if (memory != NULL && size >= least)
            (void) madvise((void *) first, end - first, MADV_HUGEPAGE);
    #else
        (void) memory; (void) size;
    #endif
    }
    /* Writing what is there: a compiler may leave out a memset of what is fresh. */
    static inline void rs_touch(void *memory, size_t size) {
        volatile char *bytes = (volatile char *) memory;
        for (size_t at = 0; at < size; at += 4096)
            bytes[at] = bytes[at];
    }
    """
    void use_large_pages "rs_use_large_pages" (void *memory, size_t size) noexcept nogil
    # Let the system give the pages of an array now.
    void touch "rs_touch" (void *memory, size_t size) noexcept nogil
