# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Compound commands: a header and the entries behind it, and the rules that these break alone."""

import cython
from cython.cimports.engine.core.constants import (
    GROUP_ENTRIES_MAX,
    GROUP_INCOMPLETE,
    INVALID_FLAGS,
    INVALID_PRICE,
    INVALID_QUANTITY,
    INVALID_SELF_TRADE_PREVENTION,
    MASS_QUOTE,
    POST_ONLY,
    PRICE_TICKS_MAX,
    QUANTITY_LOTS_MAX,
    QUOTE_ENTRY,
    REJECT_NONE,
    RESERVED_FIELD_SET,
    STP_DECREMENT,
    STP_NONE,
)
from cython.cimports.engine.core.layout import Command
from cython.cimports.engine.core.state import Core
from cython.cimports.libc.stdint import int64_t, uint32_t, uint64_t


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def entries_behind(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> uint32_t:
    """Count the entries directly behind a header in its batch, as many as it says at most."""
    said: int64_t = cython.cast(uint32_t, command.amount_atoms)
    count: int64_t = 0
    while count < said and command + 1 + count < core.batch_end:
        if (command + 1 + count).kind != QUOTE_ENTRY:
            break
        count += 1
    return cython.cast(uint32_t, count)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def group_reject(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Give the first broken rule of a compound command's shape, or of an entry alone."""
    words: cython.pointer(cython.const[uint64_t])
    unused: uint64_t = 0
    i: int64_t
    j: cython.int
    if command.kind != MASS_QUOTE:
        return GROUP_INCOMPLETE
    for i in range(core.entries_left):
        words = cython.cast(cython.pointer(cython.const[uint64_t]), command + 1 + i)
        for j in range(2, 16):
            unused |= words[j] & core.unused_masks[QUOTE_ENTRY][j]
    if unused != 0:
        return RESERVED_FIELD_SET
    said: int64_t = cython.cast(uint32_t, command.amount_atoms)
    if said > GROUP_ENTRIES_MAX or core.entries_left < said:
        return GROUP_INCOMPLETE
    if not STP_NONE <= command.self_trade_prevention <= STP_DECREMENT:
        return INVALID_SELF_TRADE_PREVENTION
    return INVALID_FLAGS if command.flags & ~POST_ONLY else REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def quote_reject(command: cython.pointer(cython.const[Command])) -> cython.int:
    """Give the first broken rule of a quote's entries: all prices, then all quantities."""
    entry: cython.pointer(cython.const[Command])
    count: int64_t = cython.cast(uint32_t, command.amount_atoms)
    i: int64_t
    bid: int64_t = PRICE_TICKS_MAX + 1
    ask: int64_t = 0
    for i in range(count):
        entry = command + 1 + i
        if entry.price_ticks != 0:
            if not 1 <= entry.price_ticks <= PRICE_TICKS_MAX or entry.price_ticks >= bid:
                return INVALID_PRICE
            bid = entry.price_ticks
        if entry.amount_atoms != 0:
            if not 1 <= entry.amount_atoms <= PRICE_TICKS_MAX or entry.amount_atoms <= ask:
                return INVALID_PRICE
            ask = entry.amount_atoms
    for i in range(count):
        entry = command + 1 + i
        if not lots_fit(entry.price_ticks, entry.quantity_lots):
            return INVALID_QUANTITY
        if not lots_fit(entry.amount_atoms, entry.display_lots):
            return INVALID_QUANTITY
    return REJECT_NONE


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def lots_fit(price_ticks: int64_t, lots: int64_t) -> cython.bint:
    """Tell whether a side of an entry has a quantity just when it has a price."""
    return lots == 0 if price_ticks == 0 else 1 <= lots <= QUANTITY_LOTS_MAX
