"""Rules that a command can break by itself."""

from libc.stdint cimport uint64_t

from engine.core.constants cimport (
    CANCEL,
    FOK,
    LIMIT,
    PLACE,
    PRICE_TICKS_MAX,
    QUANTITY_LOTS_MAX,
    REPLACE,
    SELL,
    STP_DECREMENT,
)
from engine.core.layout cimport Command
from engine.core.state cimport Core

cdef int shape_reject(Core *core, const Command *command) noexcept nogil
cdef int number_reject(const Command *command) noexcept nogil


cdef inline bint is_plain(const Command *command) noexcept nogil:
    # Whether a command is a limit order without anything special, or a cancel or replace by order
    # id, and breaks none of these rules. Most are; others go through the rules one by one.
    cdef const uint64_t *words = <const uint64_t *> command
    if (words[10] | words[11] | words[12] | words[13] | words[14] | words[15]) != 0:
        return False
    # Word 6: kind, side, order type, time in force, self-trade prevention, flags, tag.
    cdef bint has_numbers = (words[8] - 1 < <uint64_t> PRICE_TICKS_MAX) & (
        words[9] - 1 < <uint64_t> QUANTITY_LOTS_MAX
    )
    cdef bint has_id = (words[2] | words[3]) != 0
    if (words[6] & <uint64_t> 0xFFFFFF0000FF00FF) == (LIMIT << 16 | PLACE):
        return (
            has_numbers
            & has_id
            & (words[7] == 0)
            & (<unsigned int> command.side - 1 < SELL)
            & (<unsigned int> command.time_in_force - 1 < FOK)
            & (<unsigned int> command.self_trade_prevention - 1 < STP_DECREMENT)
        )
    return (
        (
            ((words[6] == CANCEL) & ((words[8] | words[9]) == 0))
            | ((words[6] == REPLACE) & has_numbers)
        )
        & (words[7] != 0)
        & (command.market_id == 0)
        & (has_id | (words[4] == 0))
    )
