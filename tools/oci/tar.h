/* SPDX-License-Identifier: MIT */
/*
 * Tar archives entry by entry, so that all that is not changed can be copied as it is: an
 * entry keeps its header blocks byte for byte, the extended ones (pax, GNU long names and
 * sparse maps) included. Follows POSIX.1-2017 "pax Interchange Format" and tar(5); where
 * readers differ, Go's archive/tar, which container tools use.
 */
#ifndef OCI_TAR_H
#define OCI_TAR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "oci/stream.h"

#define TAR_BLOCK 512

struct tar_entry {
	struct buf head; /* all header blocks; at the end of the archive its first empty block */
	size_t main_at;  /* of the entry's own header block in head */
	char *name, *link;
	char type;       /* '0' regular, '1' hard link, '2' symbolic link, '5' folder, ... */
	bool sparse;     /* the data are not simply the file's */
	unsigned mode;
	uint64_t size;   /* bytes of data that follow in the archive, without padding */
};

/* Whether 512 bytes are the header block of a tar entry. */
bool tar_is_header(const uint8_t block[TAR_BLOCK]);

/*
 * The next entry's headers; its data and tar_padding() bytes follow in the stream. A zeroed
 * entry to start with; each call frees what the last one left. *more_ret is false at the end,
 * where head holds what was read of it (nothing, or the first block of zeros).
 */
struct err *tar_next(struct stream *stream, struct tar_entry *entry, bool *more_ret);
struct err *tar_skip(struct stream *stream, uint64_t size); /* data, without padding */
void tar_entry_free(struct tar_entry *entry);

static inline uint64_t tar_padding(uint64_t size)
{
	return (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK;
}

/* The entry's header blocks for data of another size. Errors: above 8 GiB. */
struct err *tar_resize(const struct tar_entry *entry, uint64_t size, struct buf *head_ret);

/*
 * Puts `with` for each `text` of the same length in the header blocks at `head`, as a changed
 * digest in names is, and sums them anew.
 */
void tar_rename(struct buf *head, const char *text, const char *with);

#endif
