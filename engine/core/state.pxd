"""The venue's state in C: slabs of structs, reused by free lists, and tables that grow.

Index 0 of a slab means none. What is hot is kept apart from what is not: an order that rests and
is cancelled touches one cache line of its own.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from engine.core.hashing cimport Hash
from engine.core.layout cimport Command, Event

cdef enum:
    CHANGED = 128  # bit of an order's flags: its record is not in the digest's sum
    SPECIAL = 64  # bit of an order's flags: its `Extra` is in use
    ORDER_FLAGS = 63  # bits of an order's flags that its command gave
    LEVEL_CHANGED = 1  # bit of a level's flags: its record is not in the digest's sum
    MIXED = 2  # bit of a level's flags: its `LevelDetail` is in use
    BOOKS = 9  # of a market: bids and asks (by Side), then the stops by trigger (`trigger_book`)
    AHEAD = 32  # commands whose memory is fetched together

# A working order. Its side, market and price are those of its level; its account is that of the
# balance that it locks; what it has locked follows from its leaves.
cdef struct Order:
    uint64_t order_id
    uint64_t client_id_low
    uint64_t client_id_high
    int64_t leaves_lots
    int64_t filled_lots
    uint32_t next  # in the queue of its level; in the free list
    uint32_t previous
    uint32_t level  # 0: the slot is free
    uint32_t lock_balance
    uint32_t account_position  # where the account's list of orders has it
    uint8_t order_type
    uint8_t time_in_force
    uint8_t self_trade_prevention
    uint8_t flags

cdef struct OrderDetail:
    uint64_t priority_sequence
    Hash hash  # of its record in the digest's sum, unless CHANGED
    uint32_t fee_credit_ppm
    uint32_t proceeds_balance

# What only a special order has: a tag, an expiry, a display quantity, a trigger, or that it is
# hidden. It is cold, by the order's slot; plain orders never touch theirs.
cdef struct Extra:
    int64_t expire_time_ns
    int64_t display_lots
    int64_t visible_lots  # of an iceberg on the book
    int64_t trigger_price_ticks
    int64_t trail_ticks
    int64_t extreme_ticks
    int64_t limit_price_ticks  # of a stop: 0 when it has none
    uint32_t trail_ppm
    uint32_t due_position  # in the heap of expiries, from 1; 0: not there
    uint32_t trailing_next  # in the market's list of trailing stops
    uint32_t trailing_previous
    uint32_t market_id  # of a stop
    uint16_t tag
    uint8_t side  # of a stop
    uint8_t is_waiting

# A price level, or the stops of one trigger price; `order_count` 0: the slot is free. Its quantity
# is what is seen, its order count is of all.
cdef struct Level:
    int64_t price_ticks
    int64_t quantity_lots
    uint32_t head  # also next in the free list
    uint32_t tail
    uint32_t order_count
    uint16_t market_id
    uint8_t book  # which of the market's
    uint8_t flags

# What only a level with hidden orders or reserves has.
cdef struct LevelDetail:
    int64_t hidden_lots
    int64_t reserve_lots
    uint32_t hidden_count
    uint32_t first_hidden

# One side of a book. A key is the price times `sign`, so that the best is last.
cdef struct BookSide:
    int64_t *keys
    uint32_t *levels
    int64_t sign
    uint32_t count
    uint32_t capacity

cdef struct Market:
    BookSide sides[9]  # bids and asks by Side, then stops (`trigger_book`)
    int64_t quote_atoms_per_tick_lot
    int64_t base_atoms_per_lot
    int64_t quantity_lots_max  # beyond it the base atoms are too many
    int64_t tick_lots_max  # beyond it the notional is too large
    int64_t last_price_ticks
    int64_t reference_price_ticks
    int64_t minimum_allocation_lots
    int64_t trailing_highest  # no selling trailing stop moves at or below it
    int64_t trailing_lowest  # no buying trailing stop moves at or above it
    uint32_t trailing_head
    uint32_t band_ppm
    uint32_t phase
    uint32_t auction_kind
    uint32_t initial_phase
    uint32_t volatility_ppm
    uint32_t auction_ms
    int64_t auction_end_ns  # 0: no end is set
    int64_t indicative_price_ticks  # the last one told, all 0 outside calls
    int64_t indicative_volume_lots
    int64_t indicative_surplus_lots
    uint32_t indicative_surplus_side
    int64_t missed_low_ticks  # the extremes of auction prices since it was last open
    int64_t missed_high_ticks
    bint is_killed
    uint32_t allocation
    uint32_t epoch  # from 1: how often its units and rates were set
    uint32_t lock_asset_id[3]  # by Side
    uint32_t proceeds_asset_id[3]
    uint32_t market_id
    uint32_t base_asset_id
    uint32_t quote_asset_id
    uint32_t maker_fee_ppm
    uint32_t taker_fee_ppm
    uint32_t fee_ppm_max
    uint64_t symbol_low
    uint64_t symbol_high
    Hash hash  # in the digest's sum
    bint is_changed

cdef struct Asset:
    uint32_t asset_id
    uint32_t decimals
    uint64_t symbol_low
    uint64_t symbol_high
    int64_t deposited_atoms
    int64_t withdrawn_atoms
    int64_t fee_atoms
    Hash hash  # in the digest's sum
    bint is_changed

cdef struct Balance:
    int64_t free_atoms
    int64_t locked_atoms
    int64_t held_atoms
    uint32_t account_id
    uint16_t asset_id
    uint16_t is_changed

cdef struct Account:
    uint64_t group  # 0: not defined
    uint32_t *balances  # by asset id
    uint32_t *orders  # in no order
    uint32_t balances_capacity
    uint32_t orders_count
    uint32_t orders_capacity
    uint32_t limits  # the first of its own
    bint is_killed

# A limit of an account, or (account 0) of each; value 0: the slot is free.
cdef struct Limit:
    int64_t value
    int64_t window_ns
    int64_t used_to_ns  # of MESSAGES: up to when its window is used
    uint32_t account_id
    uint32_t market_id
    uint32_t kind
    uint32_t next  # of the same account; in the free list

cdef struct Withdrawal:
    uint64_t withdrawal_id
    int64_t amount_atoms
    uint32_t account_id
    uint32_t asset_id
    uint32_t next  # in the free list

# Open addressing: a slot is a 32-bit hash, not 0, and a 32-bit value; the owner of the table
# compares keys. While it grows, the old slots move a few at a time.
cdef struct Table:
    uint64_t *slots
    uint64_t *old_slots
    uint64_t limit  # entries below which it needs no care: half the slots, 0 while it moves
    uint64_t old_next  # the first old slot that has not moved
    uint64_t old_left  # how many old slots are still to be looked at
    uint32_t bits
    uint32_t old_bits
    uint64_t count

# What is remembered of a command with a client id; `sequence` 0: a cancel came before it.
cdef struct IdEntry:
    uint64_t client_id_low
    uint64_t client_id_high
    uint64_t body_hash
    uint64_t order_id
    uint64_t sequence
    int64_t accepted_time_ns
    int64_t sent_time_ns
    uint32_t account_id
    uint32_t hash

# Entries in the order of acceptance: positions from `first` to before `next`, in chunks.
cdef struct IdWindow:
    IdEntry **chunks
    IdEntry *free_chunks  # each begins with the address of the next
    uint64_t chunks_capacity
    uint64_t first
    uint64_t next
    uint64_t summed  # entries before it are in the digest's sum
    uint64_t reserved  # positions before it have memory
    Table table
    int64_t window_ns
    int64_t ids_max
    int64_t floor_time_ns

# A list of slots whose records are to be hashed again; each at most once. It has room for all of
# them and one more, so that an entry can be written before it is known to count.
cdef struct Changes:
    uint32_t *slots
    uint32_t count

# Slots in an array that grows.
cdef struct Queue:
    uint32_t *slots
    uint32_t first
    uint32_t count  # one past the last
    uint32_t capacity

# When an account's orders, or those of one tag, are cancelled.
cdef struct Deadline:
    int64_t timeout_ns
    int64_t end_ns
    uint32_t account_id
    uint16_t tag  # 0: all orders
    uint16_t is_near  # that it is near was told

cdef struct Slab:
    uint32_t length  # slots ever used, slot 0 included
    uint32_t capacity
    uint32_t free  # head of the free list
    uint32_t count  # slots in use

cdef struct Core:
    uint64_t sequence_last
    int64_t time_ns_last
    uint64_t next_order_id
    uint64_t next_trade_id
    uint64_t next_priority
    int64_t next_due_ns  # the earliest expiry, end of a call, or deadline
    int64_t next_call_end_ns
    int64_t next_deadline_ns
    Deadline *deadlines  # in no order
    uint32_t deadlines_count
    uint32_t call_count  # markets in a call
    uint32_t followers[8]  # by phase, which may follow it, as bits
    uint32_t waiting_count
    uint32_t quote_waiting_count  # of stops that watch the best quote
    uint32_t market_id_max
    const char *broken  # the invariant that does not hold
    const char *unordered  # what is wrong with the order of the commands
    Order *orders
    OrderDetail *details
    Extra *extras
    Level *levels
    LevelDetail *level_details
    Balance *balances
    Account *accounts
    Withdrawal *withdrawals
    Slab order_slab
    Slab level_slab
    Slab balance_slab
    Slab withdrawal_slab
    Limit *limits
    Slab limit_slab
    uint32_t common_limits  # the first limit of account 0
    bint is_killed
    uint32_t control_count  # limits and kill switches: without any, orders need not look
    uint32_t replaced_market_id  # of the order that a replace has found
    uint32_t accounts_capacity
    uint32_t *recent  # slots of the newest order ids, by id
    uint64_t recent_count
    uint64_t recent_first  # ids from it on have their places there
    Table order_table  # of the working orders with older ids
    Table withdrawal_table
    IdWindow ids
    Event *events
    int64_t events_count
    int64_t events_capacity
    int64_t events_first  # of the command that runs
    int64_t events_limit  # with so many events no further command runs
    Event *lent_events  # `events` while it is the caller's array, which must not be moved
    int64_t waiting_events_count  # that an earlier caller's array had no room for
    uint64_t answer_order_id  # that the command's client id will name
    bint has_buried  # the command cancelled an id that had not arrived
    Hash sum  # of the records that have not changed since they were added
    Changes orders_changed
    Changes levels_changed
    Changes balances_changed
    Queue due  # a heap of orders by expiry, from index 1
    Queue fired  # stops that the command triggered, in the order of their work
    Market *markets[1025]
    Asset *assets[1025]
    const Command *batch_end  # one past the commands of the batch
    uint32_t entries_left  # records of the batch that a compound command has already used
    uint64_t unused_masks[25][16]  # of an unknown kind: all ones
    uint64_t ahead_body_hash[32]
    uint32_t ahead_id_hash[32]
    uint32_t ahead_slot[32]  # of the order that a command names
    uint32_t ahead_with_id[32]  # which of the commands have a client id
    uint32_t ahead_targets[32]  # which of them name an order
    uint32_t slot_hint  # the one of the command that runs
    Event spare_event  # written to when there is no memory for one

# An order on its way: of a place, or of a replace that lost its place.
cdef struct Taker:
    Market *market
    BookSide *opposite
    int64_t own_limit_key  # the last key of the opposite side that it allows
    int64_t limit_key  # the same, but not beyond the dynamic band: that it reaches
    uint64_t order_id
    uint64_t client_id_low
    uint64_t client_id_high
    int64_t price_ticks
    int64_t leaves_lots
    int64_t filled_lots
    int64_t lock_atoms  # what it may spend
    int64_t locked_before_atoms  # what it had locked before it came
    int64_t spent_atoms
    int64_t received_atoms
    uint64_t group
    uint32_t account_id
    uint32_t fee_credit_ppm
    uint32_t lock_balance
    uint32_t proceeds_balance
    uint32_t slot  # of a replaced order, else 0
    uint8_t side
    uint8_t order_type
    uint8_t time_in_force
    uint8_t self_trade_prevention
    uint8_t flags
    uint8_t may_rest
    uint8_t is_special  # its `extra` is set
    Extra extra

cdef extern from *:
    """
    #if defined(__GNUC__) || defined(__clang__)
    #define rs_unlikely(fact) __builtin_expect(!!(fact), 0)
    #else
    #define rs_unlikely(fact) (fact)
    #endif
    """
    bint unlikely "rs_unlikely" (bint fact) noexcept nogil


cdef inline int level_side(const Level *level) noexcept nogil:
    # The side of a level's orders: books come in pairs of buys and sells.
    return 2 - (level.book & 1)


cdef inline bint check(Core *core, bint fact, const char *claim) noexcept nogil:
    """Note a broken invariant; the command's end stops the process."""
    if unlikely(not fact) and core.broken == NULL:
        core.broken = claim
    return fact
