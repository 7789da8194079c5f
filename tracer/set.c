/* SPDX-License-Identifier: MIT */
/* A set of pointers, found by what they point at. */
#include <stdlib.h>

#include "base/mem.h"
#include "tracer/set.h"

uint64_t set_mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

static size_t slot_of(const struct set *set, const void *like)
{
	size_t at = (size_t)set->hash(like) & (set->cap - 1);

	while (set->slots[at] && !set->equal(set->slots[at], like))
		at = (at + 1) & (set->cap - 1);
	return at;
}

void *set_find(const struct set *set, const void *like)
{
	return set->n ? set->slots[slot_of(set, like)] : NULL;
}

static void grow(struct set *set)
{
	struct set bigger = *set;

	bigger.cap = set->cap ? set->cap * 2 : 64;
	bigger.slots = mem_zalloc(bigger.cap * sizeof(*bigger.slots));
	for (size_t i = 0; i < set->cap; i++)
		if (set->slots[i])
			bigger.slots[slot_of(&bigger, set->slots[i])] = set->slots[i];
	free(set->slots);
	*set = bigger;
}

void set_add(struct set *set, void *item)
{
	if (set->n * 2 >= set->cap)
		grow(set);
	set->slots[slot_of(set, item)] = item;
	set->n++;
}

void set_clear(struct set *set, void (*free_item)(void *item))
{
	for (size_t i = 0; free_item && i < set->cap; i++)
		if (set->slots[i])
			free_item(set->slots[i]);
	free(set->slots);
	set->slots = NULL;
	set->n = set->cap = 0;
}
