/* SPDX-License-Identifier: MIT */
/*
 * A table by probe and key, of a bounded number of keys: what comes when it is full is put
 * under the key TALLY_OTHER of its probe. Rows are structs of the caller that begin with a
 * struct tally:
 *
 *	struct row { struct tally tally; uint64_t events; };
 *	struct tallies table = tallies_start(sizeof(struct row), 10000);
 *	struct row *row = tallies_row(&table, "net_http", "server_request", "GET /");
 */
#ifndef LIVE_TALLY_H
#define LIVE_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define TALLY_OTHER "(other)"

struct tally {
	char *probe; /* "net_http:server_request" */
	char *key;   /* GET /; part of the memory of `probe` */
	bool other;  /* holds all keys for which there was no room */
};

struct tallies {
	void **rows;  /* in the order in which they came */
	size_t n, cap;
	size_t limit; /* rows, without those of TALLY_OTHER */
	size_t nothers;
	size_t row_bytes;
	uint32_t *slots; /* 1 + index of the row, or 0 */
	size_t nslots;   /* a power of two */
	struct buf name; /* what is looked up */
};

struct tallies tallies_start(size_t row_bytes, size_t limit);

/* The row, made and zeroed when it is new; it stays where it is. `key` may be NULL: the row of
 * the probe as a whole, which never counts as (other). */
void *tallies_row(struct tallies *tallies, const char *provider, const char *name,
		  const char *key);

/* Frees the rows, each after `row_free` (may be NULL) has freed what it holds. */
void tallies_free(struct tallies *tallies, void (*row_free)(void *row));

#endif
