/* SPDX-License-Identifier: MIT */
/*
 * What a container sees: the names in an image's layers, one laid over the other, with
 * whiteouts (layer.md of the OCI image spec) and links. Only names are kept, no data.
 */
#ifndef OCI_ROOTFS_H
#define OCI_ROOTFS_H

#include "oci/layer.h"

struct rootfs;

/* A file that was found. */
struct rootfs_file {
	char *path;          /* absolute, links resolved; owned by the caller */
	size_t layer, entry; /* where its data are */
};

struct rootfs *rootfs_new(void);
void rootfs_free(struct rootfs *rootfs);

/* Lays the next layer over what is there; it must outlive the rootfs. `name` is for errors:
 * paths that are too long, more names than sense. */
struct err *rootfs_add(struct rootfs *rootfs, const struct layer *layer, const char *name);

/* The regular file at `path`, seen from the folder `cwd` ("" is the root), links followed as
 * in a container; false when there is none. */
bool rootfs_find(const struct rootfs *rootfs, const char *cwd, const char *path,
		 struct rootfs_file *file_ret);

/* Calls `found` for every regular file, in no certain order; it owns the file's path. */
void rootfs_each(const struct rootfs *rootfs,
		 void (*found)(struct rootfs_file file, void *context), void *context);

/* The entry that holds the file's data. */
const struct layer_entry *rootfs_entry(const struct rootfs *rootfs,
				       const struct rootfs_file *file);

#endif
