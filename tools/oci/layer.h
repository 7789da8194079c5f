/* SPDX-License-Identifier: MIT */
/* One layer of an image: a tar archive of files, maybe compressed. */
#ifndef OCI_LAYER_H
#define OCI_LAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "oci/store.h"
#include "oci/stream.h"

struct layer_entry {
	char *name, *link; /* as in the archive */
	char type;         /* of tar.h */
	bool sparse;
	bool executable;   /* an x bit is set */
	bool go;           /* an x86-64 ELF file with Go's build information in it */
};

struct layer {
	struct layer_entry *entries;
	size_t nentries, cap;
	enum compression kind;
	char digest[DIGEST_SIZE], diff_id[DIGEST_SIZE]; /* of the blob; of what it holds */
};

/* Reads all of a layer. `name` is for errors. The caller owns *layer_ret: layer_free(). */
struct err *layer_scan(const struct place *place, const char *name, struct layer **layer_ret);
void layer_free(struct layer *layer);

/* A program to take out of a layer, or to put in. */
struct layer_file {
	size_t entry; /* its index in the layer's entries */
	int fd;       /* of the file outside, borrowed */
};

/* Writes the data of the entries to their files, which are empty. */
struct err *layer_extract(const struct place *place, const char *name,
			  const struct layer_file *files, size_t nfiles);

/* What layer_renew() made. */
struct layer_new {
	uint64_t size;
	char digest[DIGEST_SIZE], diff_id[DIGEST_SIZE];
};

/*
 * Writes the layer to `fd` with other data for the given entries, in the same compression.
 * Everything else that its tar archive holds is copied byte for byte.
 */
struct err *layer_renew(const struct place *place, const char *name,
			const struct layer_file *files, size_t nfiles, int fd,
			struct layer_new *new_ret);

#endif
