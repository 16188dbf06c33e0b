/*
 * Gives a venue commands at a constant rate, and notes for each how long after its time it was done.
 *
 * The schedule does not wait for the core: what is late makes what follows late, and both are noted
 * from when they were due, not from when they were begun (no coordinated omission). Without a
 * function to call it notes only what the machine itself does to a program that watches the clock.
 */
#include "realstack_core.h"

#include <time.h>

typedef struct pace {
    rs_apply_fn apply; /* NULL: nothing is called */
    rs_event_count_fn event_count;
    void *venue;
    const rs_command *commands;
    int64_t count;
    int64_t batch; /* the most that is given at once */
    rs_event *events;
    int64_t capacity;
    int64_t gap_ps; /* from one command to the next */
    int64_t *latencies_ns; /* out, one a command */
} pace;

static int64_t now_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

/* Runs commands and takes their events. Gives 0, or what rs_apply refused with. */
static int run(pace *self, int64_t at, int64_t some)
{
    if (!self->apply)
        return 0;
    do {
        int64_t ran = self->apply(self->venue, self->commands + at, some,
                                  self->events, self->capacity);
        if (ran < 0)
            return (int)ran;
        at += ran;
        some -= ran;
    } while (some > 0 || self->event_count(self->venue) == self->capacity);
    return 0;
}

int keep_pace(pace *self)
{
    int64_t start = now_ns(), at = 0;
    while (at < self->count) {
        int64_t due = (now_ns() - start) * 1000 / self->gap_ps + 1;
        int64_t some = (due < self->count ? due : self->count) - at;
        if (some <= 0)
            continue;
        if (some > self->batch)
            some = self->batch;
        int refused = run(self, at, some);
        if (refused)
            return refused;
        int64_t done = now_ns() - start;
        for (int64_t i = at; i < at + some; i++)
            self->latencies_ns[i] = done - i * self->gap_ps / 1000;
        at += some;
    }
    return 0;
}
