/* SPDX-License-Identifier: MIT */
/* A bounded table by probe and key, hashed. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "live/tally.h"

enum { FIRST_SLOTS = 64 };

struct tallies tallies_start(size_t row_bytes, size_t limit)
{
	return (struct tallies){ .row_bytes = row_bytes, .limit = limit };
}

/* FNV-1a over "provider:name", a NUL, the key and its NUL. */
static uint64_t hash(const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ at[i]) * 0x100000001b3;
	return sum ^ sum >> 32;
}

static size_t name_len(const struct tally *tally)
{
	if (!tally->key)
		return strlen(tally->probe) + 1;
	return (size_t)(tally->key - tally->probe) + strlen(tally->key) + 1;
}

/* The slot that holds the looked-up name, or the empty one where it belongs. */
static uint32_t *slot_of(const struct tallies *tallies, const void *name, size_t len)
{
	size_t mask = tallies->nslots - 1, at = (size_t)hash(name, len) & mask;

	for (;; at = (at + 1) & mask) {
		uint32_t *slot = &tallies->slots[at];

		if (!*slot)
			return slot;
		const struct tally *tally = tallies->rows[*slot - 1];

		if (name_len(tally) == len && !memcmp(tally->probe, name, len))
			return slot;
	}
}

static void grow_slots(struct tallies *tallies)
{
	if (tallies->nslots && tallies->n < tallies->nslots / 2)
		return;
	free(tallies->slots);
	tallies->nslots = tallies->nslots ? 2 * tallies->nslots : FIRST_SLOTS;
	tallies->slots = mem_zalloc(tallies->nslots * sizeof(*tallies->slots));
	for (size_t i = 0; i < tallies->n; i++) {
		const struct tally *tally = tallies->rows[i];

		*slot_of(tallies, tally->probe, name_len(tally)) = (uint32_t)i + 1;
	}
}

static void set_name(struct buf *out, const char *provider, const char *name, const char *key)
{
	out->len = 0;
	buf_put(out, provider, strlen(provider));
	buf_u8(out, ':');
	buf_str(out, name);
	if (key)
		buf_str(out, key);
}

static struct tally *add_row(struct tallies *tallies, uint32_t *slot, bool keyed)
{
	struct tally *tally = mem_zalloc(tallies->row_bytes);

	tally->probe = mem_dup(tallies->name.data, tallies->name.len);
	if (keyed)
		tally->key = tally->probe + strlen(tally->probe) + 1;
	mem_grow(&tallies->rows, tallies->n, &tallies->cap, sizeof(*tallies->rows));
	tallies->rows[tallies->n++] = tally;
	*slot = (uint32_t)tallies->n;
	return tally;
}

void *tallies_row(struct tallies *tallies, const char *provider, const char *name,
		  const char *key)
{
	struct tally *tally;
	bool other = false;

	grow_slots(tallies);
	set_name(&tallies->name, provider, name, key);
	uint32_t *slot = slot_of(tallies, tallies->name.data, tallies->name.len);

	if (*slot)
		return tallies->rows[*slot - 1];
	if (key && tallies->n - tallies->nothers >= tallies->limit) {
		set_name(&tallies->name, provider, name, TALLY_OTHER);
		slot = slot_of(tallies, tallies->name.data, tallies->name.len);
		other = true;
	}
	if (*slot)
		tally = tallies->rows[*slot - 1];
	else
		tally = add_row(tallies, slot, key != NULL);
	if (other && !tally->other)
		tallies->nothers++;
	tally->other |= other;
	return tally;
}

void tallies_free(struct tallies *tallies, void (*row_free)(void *row))
{
	for (size_t i = 0; i < tallies->n; i++) {
		if (row_free)
			row_free(tallies->rows[i]);
		free(((struct tally *)tallies->rows[i])->probe);
		free(tallies->rows[i]);
	}
	free(tallies->rows);
	free(tallies->slots);
	buf_free(&tallies->name);
	*tallies = (struct tallies){ 0 };
}
