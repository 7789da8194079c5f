/* SPDX-License-Identifier: MIT */
/*
 * Inlined calls, from the inline trees of the function records. A function's tree is its
 * funcdata 3 (go.func.* plus an offset), an array of runtime.inlinedCall without a count;
 * its pcdata table 2 says which entry each instruction belongs to (src/runtime/symtab.go,
 * symtabinl.go). The offset of the called function's name stands at 12 of 20 bytes up to
 * Go 1.19, at 4 of 16 from Go 1.20 on.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "go/parts.h"

#define MAX_NODES 0xffffu

/* Name offset -> number of the wanted name + 1; open addressing. */
struct wanted {
	uint32_t *offs, *numbers;
	uint32_t mask, used;
};

static uint32_t spread(uint32_t key)
{
	return key * 2654435761u >> 7;
}

static uint32_t wanted_number(const struct wanted *wanted, uint32_t off)
{
	uint32_t at = spread(off) & wanted->mask;

	while (wanted->numbers[at] && wanted->offs[at] != off)
		at = (at + 1) & wanted->mask;
	return wanted->numbers[at];
}

static uint32_t slot_count(size_t n)
{
	uint32_t count = 16;

	while (count < n * 2)
		count *= 2;
	return count;
}

static void wanted_put(struct wanted *wanted, uint32_t off, uint32_t number)
{
	uint32_t at = spread(off) & wanted->mask;

	while (wanted->numbers[at])
		at = (at + 1) & wanted->mask;
	wanted->offs[at] = off;
	wanted->numbers[at] = number;
	wanted->used++;
}

static void wanted_free(struct wanted *wanted)
{
	free(wanted->offs);
	free(wanted->numbers);
}

static struct wanted wanted_new(size_t n)
{
	uint32_t slots = slot_count(n);

	return (struct wanted){
		.offs = mem_zalloc(slots * sizeof(uint32_t)),
		.numbers = mem_zalloc(slots * sizeof(uint32_t)),
		.mask = slots - 1,
	};
}

/* A generic function has a name for each instance, so there may be more than were asked for. */
static void wanted_add(struct wanted *wanted, uint32_t off, uint32_t number)
{
	if (wanted->used > wanted->mask / 2) {
		struct wanted larger = wanted_new(wanted->used * 2);

		for (uint32_t i = 0; i <= wanted->mask; i++)
			if (wanted->numbers[i])
				wanted_put(&larger, wanted->offs[i], wanted->numbers[i]);
		wanted_free(wanted);
		*wanted = larger;
	}
	wanted_put(wanted, off, number);
}

/* "p.Map[go.shape.int]" is an instance of "p.Map[...]", as definitions call it; NULL for
 * other names. Owned by the caller. */
static char *name_of_all(const char *name)
{
	const char *open = strstr(name, "[go.shape."), *close = strrchr(name, ']');

	if (!open || !close)
		return NULL;
	return mem_printf("%.*s[...%s", (int)(open - name), name, close);
}

/* Number + 1 of the name among those asked for, or 0. */
static uint32_t asked_for(const char *const *names, const uint32_t *slots, uint32_t mask,
			  const char *name)
{
	uint32_t at = name_hash(name) & mask;

	while (slots[at] && strcmp(names[slots[at] - 1], name))
		at = (at + 1) & mask;
	return slots[at];
}

/*
 * One pass over the name table: each name stands in it once. firsts[i] becomes the number
 * of the first of names that equals names[i]; only that one is wanted.
 */
static void resolve_names(const struct pclntab *tab, const char *const *names, size_t n,
			  struct wanted *wanted, uint32_t *firsts)
{
	uint32_t mask = slot_count(n) - 1;
	uint32_t *slots = mem_zalloc((mask + 1) * sizeof(*slots));
	const char *base = (const char *)tab->data + tab->funcname;
	uint64_t size = tab->cu - tab->funcname;

	for (size_t i = 0; i < n; i++) {
		uint32_t at = name_hash(names[i]) & mask;

		while (slots[at] && strcmp(names[slots[at] - 1], names[i]))
			at = (at + 1) & mask;
		slots[at] = slots[at] ? slots[at] : (uint32_t)i + 1;
		firsts[i] = slots[at] - 1;
	}
	for (uint64_t pos = 0; pos < size; pos += strlen(base + pos) + 1) {
		uint32_t number = asked_for(names, slots, mask, base + pos);
		char *all = number ? NULL : name_of_all(base + pos);

		if (all)
			number = asked_for(names, slots, mask, all);
		free(all);
		if (number && base[pos])
			wanted_add(wanted, (uint32_t)pos, number);
	}
	free(slots);
}

struct counter {
	const struct gofunc_index *index;
	const struct image *image;
	const struct wanted *wanted;
	uint32_t *seen; /* function number + 1 in which the tree entry was last met */
	unsigned *counts;
};

static void count_node(const struct counter *counter, uint64_t tree, uint64_t node)
{
	bool go120 = counter->index->tab.go120;
	const uint8_t *call = image_at(counter->image, tree + node * (go120 ? 16 : 20), 16);
	uint32_t number = call ? wanted_number(counter->wanted, load32(call + (go120 ? 4 : 12)))
			       : 0;

	if (number)
		counter->counts[number - 1]++;
}

static void count_func(const struct counter *counter, uint32_t func, uint32_t table,
		       uint64_t tree)
{
	const struct pclntab *tab = &counter->index->tab;
	struct pctab nodes = pctab_over(tab, table, (uint64_t)pclntab_entry(tab, func) -
							pclntab_entry(tab, func - 1));

	while (pctab_next(&nodes)) {
		uint32_t node = (uint32_t)nodes.value;

		if (node > MAX_NODES || counter->seen[node] == func)
			continue;
		counter->seen[node] = func;
		count_node(counter, tree, node);
	}
}

static void count_all(const struct counter *counter)
{
	const struct pclntab *tab = &counter->index->tab;

	for (uint64_t i = 0; i < tab->nfunc; i++) {
		struct func_record rec;
		struct err *err = pclntab_record(tab, i, &rec);
		uint32_t table;
		uint64_t tree = err ? 0 : pclntab_inltree(counter->index, &rec, &table);

		err_free(err);
		if (tree)
			count_func(counter, (uint32_t)i + 1, table, tree);
	}
}

void gobin_count_inlined(const struct gobin *gobin, const char *const *names, size_t n,
			 unsigned *counts)
{
	struct wanted wanted = wanted_new(n);
	struct counter counter = {
		.index = gobin->index,
		.image = gobin->image,
		.wanted = &wanted,
		.seen = mem_zalloc((MAX_NODES + 1) * sizeof(*counter.seen)),
		.counts = counts,
	};

	uint32_t *firsts = mem_zalloc(n * sizeof(*firsts));

	memset(counts, 0, n * sizeof(*counts));
	if (n && gobin->index->module.gofunc) {
		resolve_names(&gobin->index->tab, names, n, &wanted, firsts);
		count_all(&counter);
		for (size_t i = 0; i < n; i++)
			counts[i] = counts[firsts[i]];
	}
	free(firsts);
	free(counter.seen);
	wanted_free(&wanted);
}
