/* SPDX-License-Identifier: MIT */
/* A set of pointers, found by what they point at. */
#ifndef TRACER_SET_H
#define TRACER_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct set {
	uint64_t (*hash)(const void *item);
	bool (*equal)(const void *left, const void *right);
	void **slots; /* open addressing; a power of two, at most half full */
	size_t n, cap;
};

/* The item that equals `like`, or NULL. */
void *set_find(const struct set *set, const void *like);

/* Adds an item that equals none of the set. The set borrows it. */
void set_add(struct set *set, void *item);

/* Calls `free_item` (NULL = nothing) for each, and leaves the set empty. */
void set_clear(struct set *set, void (*free_item)(void *item));

/* For hash functions: continues `hash` (0 at first) over a word. */
uint64_t set_mix(uint64_t hash, uint64_t word);

#endif
