/* SPDX-License-Identifier: MIT */
/*
 * Where an image lies: an OCI image layout (image-layout.md of the OCI image spec 1.1), as a
 * folder or in a tar archive, or a docker archive (what `docker save` writes).
 */
#ifndef OCI_STORE_H
#define OCI_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/json.h"
#include "oci/tar.h"

/* A file of the tar archive. */
struct member {
	char *name;    /* without "./" in front and "/" behind */
	char *link;
	char type;
	uint64_t head_at, data_at, size;
};

struct store {
	const char *path; /* borrowed */
	bool folder;
	int fd;
	uint64_t file_size;
	struct member *members; /* of an archive, in its order */
	size_t nmembers, cap;
	uint64_t end_at;        /* of an archive: where its end mark begins */
};

/* The bytes of one file in it. */
struct place {
	int fd;
	bool owned; /* fd is to be closed */
	uint64_t off, size;
};

/* Whether `path` looks like an image: a folder, or a tar archive (maybe compressed). */
bool store_is_image(const char *path);

/* Errors: not an image, compressed, damaged. store_close() in any case. */
struct err *store_open(const char *path, struct store *store_ret);
void store_close(struct store *store);

bool store_has(const struct store *store, const char *name);

/* What has the name, through links inside the archive. place_close() frees it. */
struct err *store_find(const struct store *store, const char *name, struct place *place_ret);
void place_close(struct place *place);

/* The same member as `name` is, links followed; NULL when there is none. */
const struct member *store_member(const struct store *store, const char *name);

/* All bytes of a file of at most JSON_MAX, NUL-terminated, owned by the caller. */
struct err *store_text(const struct store *store, const char *name, char **text_ret,
		       size_t *len_ret);
/* The same as a document, to be closed also after an error; it borrows the name. */
struct err *store_json(const struct store *store, const char *name, struct json_doc *doc_ret);

/* "blobs/sha256/HEX" for "sha256:HEX", owned; NULL for any other digest. */
char *store_blob_name(const char *digest);

#endif
