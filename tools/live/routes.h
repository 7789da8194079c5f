/* SPDX-License-Identifier: MIT */
/* The route that the mux chose for the request that a goroutine serves. */
#ifndef LIVE_ROUTES_H
#define LIVE_ROUTES_H

#include <stddef.h>
#include <stdint.h>

struct routes;

struct routes *routes_new(void); /* 1 MiB */
void routes_free(struct routes *routes);

/* Takes note; a later route on the same goroutine replaces an earlier one. */
void routes_put(struct routes *routes, int pid, uint64_t goid, const char *route, size_t len);

/* The route (cut to 100 bytes), or NULL. Forgets it, but it is readable until the next call. */
const char *routes_take(struct routes *routes, int pid, uint64_t goid);

#endif
