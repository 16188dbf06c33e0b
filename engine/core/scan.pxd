"""The digest by a full scan."""

from engine.core.hashing cimport Hash
from engine.core.state cimport Core

cdef Hash scanned_sum(Core *core) noexcept nogil
