/* SPDX-License-Identifier: MIT */
/* Numbers and times in options and output. */
#ifndef LIVE_NUMBERS_H
#define LIVE_NUMBERS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* A time as tracing_time() reads it, at least 10 ms. Errors name `option`; EXIT_USAGE. */
struct err *numbers_interval(const char *option, const char *text, uint64_t *ns_ret);

/* ms between two looks at the clock that keep an interval of ns; 0 stands for no interval. */
int numbers_tick(uint64_t interval);

/* A whole number from `least` to 10^9. */
struct err *numbers_count(const char *option, const char *text, long least, long *count_ret);

/* Appends the time now as JSON lines have it: 2026-11-21T15:56:11.123Z. */
void numbers_put_now(struct buf *out);

#endif
