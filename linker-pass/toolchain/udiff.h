/* SPDX-License-Identifier: MIT */
/*
 * Unified diffs, applied in memory and only where they fit exactly: every line of context is
 * there, in one place of the file and in no second one, however far that has moved.
 *
 * As `diff -u` and `git diff` write them (POSIX, utility diff, "Diff -u Output Format"). Text
 * between the files is passed over. Not supported, and refused: files that are removed or
 * renamed, and "\ No newline at end of file".
 */
#ifndef TOOLCHAIN_UDIFF_H
#define TOOLCHAIN_UDIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct udiff_hunk {
	int line;       /* of its @@ in the diff, from 1 */
	int old_line;   /* where it stood in the old file */
	struct buf old; /* the lines that it replaces, context included */
	struct buf new; /* what they become */
};

struct udiff_file {
	char *path; /* without its first folder, "a/" or "b/" */
	bool added; /* the old one is /dev/null */
	struct udiff_hunk *hunks;
	size_t nhunks;
};

struct udiff {
	char *name; /* what messages call it */
	struct udiff_file *files;
	size_t nfiles;
};

/* Reads a diff. Errors name the line. The result is owned by the caller: udiff_free(). */
struct err *udiff_parse(const char *name, const char *text, size_t len,
			struct udiff **diff_ret);
void udiff_free(struct udiff *diff); /* NULL is fine */

/*
 * Appends the new text of a file of the diff to `out`, from its old text (none for one that
 * is added). The error says which hunk of which file does not fit, and that it fits nowhere
 * or in several places.
 */
struct err *udiff_apply(const struct udiff *diff, const struct udiff_file *file,
			const char *text, size_t len, struct buf *out);

#endif
