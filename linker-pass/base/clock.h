/* SPDX-License-Identifier: MIT */
/* Moments in nanoseconds. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* What the clock (CLOCK_MONOTONIC, CLOCK_REALTIME) says, in ns. */
uint64_t clock_ns(clockid_t clock);

#endif
