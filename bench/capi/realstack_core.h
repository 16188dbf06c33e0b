/*
 * The compiled core, as seen from C.
 *
 * Python makes the venue and hands out addresses: `Venue().handle`, and of the functions
 * `engine.core.entry.apply_address()`, `event_count_address()` and `digest_address()`. No function
 * here needs the GIL or makes a Python object. A venue is driven by one thread at a time, and lives
 * as long as its Python object.
 *
 * The structs are the records of `engine/core/commands.py` and `engine/core/events.py`, where each
 * field is explained: little-endian, the bytes that the journal keeps.
 */
#ifndef REALSTACK_CORE_H
#define REALSTACK_CORE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rs_command {
    uint64_t sequence;
    int64_t time_ns;
    uint64_t client_id_low;
    uint64_t client_id_high;
    int64_t sent_time_ns;
    uint32_t account_id;
    uint32_t market_id;
    uint8_t kind;
    uint8_t side;
    uint8_t order_type;
    uint8_t time_in_force;
    uint8_t self_trade_prevention;
    uint8_t flags;
    uint16_t tag;
    uint64_t order_id;
    int64_t price_ticks;  /* also quote_atoms_per_tick_lot, decimals, id_window_ns */
    int64_t quantity_lots;  /* also base_atoms_per_lot, ids_max */
    int64_t amount_atoms;  /* also maker_fee_ppm and taker_fee_ppm, group_id */
    uint32_t asset_id;  /* also base_asset_id, max_age_ms */
    uint32_t quote_asset_id;  /* also trail_ppm */
    uint64_t target_client_id_low;  /* also symbol_low, trigger_price_ticks */
    uint64_t target_client_id_high;  /* also symbol_high, trail_ticks */
    int64_t display_lots;  /* also minimum_lots, new_trigger_price_ticks, band_ppm */
    int64_t expire_time_ns;
} rs_command;

typedef struct rs_event {
    uint64_t sequence;
    int64_t time_ns;
    uint8_t kind;
    uint8_t side;
    uint8_t order_type;
    uint8_t time_in_force;
    uint16_t code;
    uint16_t flags;
    uint32_t account_id;
    uint32_t market_id;  /* also asset_id */
    uint64_t order_id;
    uint64_t client_id_low;
    uint64_t client_id_high;
    int64_t price_ticks;
    int64_t quantity_lots;  /* also amount_atoms */
    int64_t filled_lots;  /* also free_atoms */
    int64_t leaves_lots;  /* also locked_atoms */
    int64_t fee_atoms;  /* also held_atoms */
    uint64_t maker_order_id;  /* also previous_price_ticks, first_sequence, trigger_price_ticks */
    int64_t maker_leaves_lots;  /* also previous_leaves_lots */
    int64_t maker_fee_atoms;  /* also visible_lots */
    uint64_t trade_id;  /* also previous_visible_lots */
    uint32_t maker_account_id;
    uint32_t event_index;
    uint64_t maker_client_id_low;
    uint64_t maker_client_id_high;
    int64_t maker_filled_lots;
} rs_event;

#define RS_UNORDERED (-1) /* the next sequence has a gap or its time does not rise; nothing ran */
#define RS_BROKEN (-2)    /* an invariant is broken: the state is not known, stop the process */

/*
 * int64_t rs_apply(void *venue, const rs_command *commands, int64_t n,
 *                  rs_event *events, int64_t capacity);
 *
 * Runs commands in order and gives how many it consumed: all n, or fewer when the event array is
 * full. The command that filled it has run whole; its events that did not fit come first in the
 * next call, which may have n = 0. Call again with the rest of the commands and an empty array.
 * A header and its entries are one command: they come in one call, and are consumed together.
 */
typedef int64_t (*rs_apply_fn)(void *venue, const rs_command *commands, int64_t n,
                               rs_event *events, int64_t capacity);

/* int64_t rs_event_count(void *venue): how many events the last rs_apply wrote. */
typedef int64_t (*rs_event_count_fn)(void *venue);

/* void rs_digest(void *venue, uint64_t halves[2]): the digest's low and high 64 bits. */
typedef void (*rs_digest_fn)(void *venue, uint64_t *halves);

#ifdef __cplusplus
}
#endif

#endif
