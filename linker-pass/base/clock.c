/* SPDX-License-Identifier: MIT */
/* Moments in nanoseconds. */
#include "base/clock.h"

uint64_t clock_ns(clockid_t clock)
{
	struct timespec at;

	clock_gettime(clock, &at);
	return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}
