/*
 * Drives a venue with commands in batches, without Python objects, and counts what comes out.
 *
 * `bench.capi` compiles it to a shared library and calls it without the GIL.
 */
#include "realstack_core.h"

#include <time.h>

_Static_assert(sizeof(rs_command) == 128, "a command has 128 bytes");
_Static_assert(sizeof(rs_event) == 160, "an event has 160 bytes");

enum { EVENT_FILL = 2 };

typedef struct run {
    rs_apply_fn apply;
    rs_event_count_fn event_count;
    rs_digest_fn digest;
    void *venue;
    const rs_command *commands;
    int64_t count;
    int64_t batch;
    int64_t digest_every; /* batches; 0: never */
    rs_event *events;
    int64_t capacity;
    int64_t trades; /* out, as what follows */
    int64_t volume;
    int64_t notional;
    int64_t event_count_total;
    uint64_t checksum; /* of every byte of every event, in order */
    int64_t nanoseconds;
    int64_t slowest_nanoseconds; /* of a batch */
} run;

static int64_t now_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

static void tally(run *self, const rs_event *events, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const uint64_t *words = (const uint64_t *)&events[i];
        for (int word = 0; word < 20; word++)
            self->checksum = (self->checksum ^ words[word]) * 0x9E3779B97F4A7C15u;
        if (events[i].kind != EVENT_FILL)
            continue;
        self->trades++;
        self->volume += events[i].quantity_lots;
        self->notional += events[i].quantity_lots * events[i].price_ticks;
    }
    self->event_count_total += count;
}

/* Only the calls into the core are timed. Gives 0, or what rs_apply refused with. */
int drive(run *self)
{
    int64_t at = 0, batches = 0;
    uint64_t halves[2];
    while (at < self->count) {
        int64_t left = self->count - at;
        int64_t some = left < self->batch ? left : self->batch;
        int64_t spent = 0;
        do { /* until the batch ran and all of its events were taken */
            int64_t began = now_ns();
            int64_t ran = self->apply(self->venue, self->commands + at, some,
                                      self->events, self->capacity);
            spent += now_ns() - began;
            if (ran < 0)
                return (int)ran;
            at += ran;
            some -= ran;
            tally(self, self->events, self->event_count(self->venue));
        } while (some > 0 || self->event_count(self->venue) == self->capacity);
        if (self->digest_every != 0 && ++batches % self->digest_every == 0) {
            int64_t began = now_ns();
            self->digest(self->venue, halves);
            spent += now_ns() - began;
        }
        self->nanoseconds += spent;
        if (spent > self->slowest_nanoseconds)
            self->slowest_nanoseconds = spent;
    }
    return 0;
}
