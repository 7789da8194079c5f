/* SPDX-License-Identifier: MIT */
/* Routes by goroutine, in a table of fixed size. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "live/routes.h"

/*
 * An entry lies in one of WINDOW places behind its hash. A request that never ends (its
 * handler panicked) leaves its entry; what is oldest gives way when a window is full.
 */
enum { ENTRIES = 8192, WINDOW = 32, TEXT = 104 };

struct route {
	uint64_t goid; /* 0 = free */
	uint64_t age;
	int pid;
	char text[TEXT - 4];
};

struct routes {
	uint64_t now;
	struct route entries[ENTRIES];
};

struct routes *routes_new(void)
{
	return mem_zalloc(sizeof(struct routes));
}

void routes_free(struct routes *routes)
{
	free(routes);
}

static struct route *place(struct routes *routes, int pid, uint64_t goid, bool found_only)
{
	uint64_t hash = (goid ^ (uint64_t)pid << 40) * 0x9e3779b97f4a7c15;
	struct route *oldest = NULL;

	for (unsigned i = 0; i < WINDOW; i++) {
		struct route *route = &routes->entries[((hash >> 40) + i) % ENTRIES];

		if (route->goid == goid && route->pid == pid)
			return route;
		if (!oldest || route->age < oldest->age)
			oldest = route;
	}
	return found_only ? NULL : oldest;
}

void routes_put(struct routes *routes, int pid, uint64_t goid, const char *text, size_t len)
{
	if (!goid)
		return;
	struct route *route = place(routes, pid, goid, false);

	len = len < sizeof(route->text) ? len : sizeof(route->text) - 1;
	route->goid = goid;
	route->pid = pid;
	route->age = ++routes->now;
	memcpy(route->text, text, len);
	route->text[len] = 0;
}

const char *routes_take(struct routes *routes, int pid, uint64_t goid)
{
	struct route *route = goid ? place(routes, pid, goid, true) : NULL;

	if (!route)
		return NULL;
	route->goid = route->age = 0;
	return route->text;
}
