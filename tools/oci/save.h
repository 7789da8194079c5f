/* SPDX-License-Identifier: MIT */
/* What saving to an archive and to a folder have in common. */
#ifndef OCI_SAVE_H
#define OCI_SAVE_H

#include "oci/oci.h"

/* Old files that the new image has no use for. */
bool oci_is_dropped(const struct oci_names *before, const struct oci_names *after,
		    const char *name);

struct oci_refs {
	struct oci_names before, after; /* blobs that the image refers to, old and new */
};

/* Appends bytes of one file to another. */
struct err *oci_copy(int from, uint64_t off, uint64_t size, int to, const char *name);
struct err *oci_put_fresh(const struct oci_fresh *fresh, int to, const char *name);

struct err *oci_save_archive(const struct oci *oci, const struct oci_refs *refs);
struct err *oci_save_folder(const struct oci *oci, const struct oci_refs *refs);

#endif
