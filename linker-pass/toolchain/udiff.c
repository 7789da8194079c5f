/* SPDX-License-Identifier: MIT */
/* Reads and applies unified diffs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "toolchain/udiff.h"

struct reader {
	struct udiff *diff;
	const char *pos, *end;
	int line; /* of `text`, from 1 */
	const char *text; /* the current line, without its end */
	size_t len;
};

static bool next_line(struct reader *in)
{
	if (in->pos == in->end)
		return false;

	const char *newline = memchr(in->pos, '\n', (size_t)(in->end - in->pos));

	in->text = in->pos;
	in->len = (size_t)((newline ? newline : in->end) - in->pos);
	in->pos = newline ? newline + 1 : in->end;
	in->line++;
	return true;
}

static bool starts(const struct reader *in, const char *with)
{
	return in->len >= strlen(with) && !memcmp(in->text, with, strlen(with));
}

static struct err *wrong(const struct reader *in, const char *what)
{
	return err_new("%s:%d: %s", in->diff->name, in->line, what);
}

/* The path of a "--- " or "+++ " line: up to a tab, behind which GNU diff puts the time. */
static char *read_path(const struct reader *in)
{
	const char *path = in->text + 4;
	size_t len = in->len - 4;
	const char *tab = memchr(path, '\t', len);

	return mem_strndup(path, tab ? (size_t)(tab - path) : len);
}

static const char *without_first(const char *path)
{
	const char *slash = strchr(path, '/');

	return slash ? slash + 1 : path;
}

static struct udiff_file *add_file(struct udiff *diff, const char *path, bool added)
{
	size_t size = sizeof(*diff->files);

	diff->files = mem_realloc(diff->files, (diff->nfiles + 1) * size);

	struct udiff_file *file = &diff->files[diff->nfiles++];

	*file = (struct udiff_file){ .path = mem_strdup(path), .added = added };
	return file;
}

static struct err *read_names(struct reader *in, struct udiff_file **file_ret)
{
	char *old = read_path(in), *new = NULL;
	struct err *err = NULL;

	if (!next_line(in) || !starts(in, "+++ "))
		err = wrong(in, "\"--- \" wants a line \"+++ \" behind it");
	else
		new = read_path(in);

	bool added = !strcmp(old, "/dev/null");

	if (!err && (!strcmp(new, "/dev/null") ||
		     (!added && strcmp(without_first(old), without_first(new)))))
		err = wrong(in, "removing and renaming files is not supported");
	if (!err)
		*file_ret = add_file(in->diff, without_first(new), added);
	free(old);
	free(new);
	return err;
}

/* Puts the current line of a hunk where it belongs, and counts it. */
static struct err *read_change(struct reader *in, struct udiff_hunk *hunk, int *old, int *new)
{
	char kind = in->len ? in->text[0] : ' '; /* some editors strip an empty context line */
	size_t skip = in->len ? 1 : 0;

	if (kind != ' ' && kind != '-' && kind != '+')
		return wrong(in, kind == '\\' ? "files without a newline at their end are not "
						"supported"
					      : "a hunk's line begins with ' ', '-' or '+'");
	if (kind != '+') {
		buf_put(&hunk->old, in->text + skip, in->len - skip);
		buf_u8(&hunk->old, '\n');
		--*old;
	}
	if (kind != '-') {
		buf_put(&hunk->new, in->text + skip, in->len - skip);
		buf_u8(&hunk->new, '\n');
		--*new;
	}
	return NULL;
}

/* "@@ -12,4 +12,6 @@": a count that is not there is 1. */
static bool read_counts(const struct reader *in, int *start, int *old, int *new)
{
	char line[64];
	int at = 0, unused;

	snprintf(line, sizeof(line), "%.*s", (int)(in->len < 63 ? in->len : 63), in->text);
	*old = *new = 1;
	if (sscanf(line, "@@ -%9d%n", start, &at) != 1)
		return false;
	if (line[at] == ',' && sscanf(line + at, ",%9d%n", old, &unused) == 1)
		at += unused;
	if (sscanf(line + at, " +%9d%n", &unused, &unused) != 1)
		return false;
	at += unused;
	if (line[at] == ',' && sscanf(line + at, ",%9d%n", new, &unused) == 1)
		at += unused;
	return !strncmp(line + at, " @@", 3) && *old >= 0 && *new >= 0;
}

static struct err *read_hunk(struct reader *in, struct udiff_file *file)
{
	size_t size = sizeof(*file->hunks);
	int start, old, new;

	if (!read_counts(in, &start, &old, &new))
		return wrong(in, "wants \"@@ -LINE,COUNT +LINE,COUNT @@\"");
	if (file->added ? start || old || file->nhunks : !old)
		return wrong(in, "a hunk has old lines, unless its file is added");
	file->hunks = mem_realloc(file->hunks, (file->nhunks + 1) * size);

	struct udiff_hunk *hunk = &file->hunks[file->nhunks++];

	*hunk = (struct udiff_hunk){ .line = in->line, .old_line = start };
	while (old > 0 || new > 0) {
		if (!next_line(in))
			return wrong(in, "the diff ends within a hunk");
		TRY(read_change(in, hunk, &old, &new));
		if (old < 0 || new < 0)
			return wrong(in, "the hunk has other lines than its @@ says");
	}
	return NULL;
}

static struct err *read_diff(struct reader *in)
{
	struct udiff_file *file = NULL;

	while (next_line(in)) {
		if (starts(in, "--- "))
			TRY(read_names(in, &file));
		else if (starts(in, "@@ ") && file)
			TRY(read_hunk(in, file));
		else if (starts(in, "\\"))
			return wrong(in, "files without a newline at their end are not supported");
		else
			file = starts(in, "@@") ? file : NULL;
	}
	return in->diff->nfiles ? NULL : wrong(in, "this is no unified diff");
}

struct err *udiff_parse(const char *name, const char *text, size_t len, struct udiff **diff_ret)
{
	struct udiff *diff = mem_zalloc(sizeof(*diff));
	struct reader in = { .diff = diff, .pos = text, .end = text + len };

	diff->name = mem_strdup(name);

	struct err *err = read_diff(&in);

	if (err)
		udiff_free(diff);
	else
		*diff_ret = diff;
	return err;
}

void udiff_free(struct udiff *diff)
{
	if (!diff)
		return;
	for (size_t i = 0; i < diff->nfiles; i++) {
		for (size_t j = 0; j < diff->files[i].nhunks; j++) {
			buf_free(&diff->files[i].hunks[j].old);
			buf_free(&diff->files[i].hunks[j].new);
		}
		free(diff->files[i].hunks);
		free(diff->files[i].path);
	}
	free(diff->files);
	free(diff->name);
	free(diff);
}

/* How often whole lines of `text` from `pos` on are those of the hunk; where first. */
static int find_hunk(const struct udiff_hunk *hunk, const char *text, size_t len, size_t pos,
		     size_t *at_ret)
{
	const char *hit;
	int found = 0;

	for (; pos < len && (hit = memmem(text + pos, len - pos, hunk->old.data, hunk->old.len));
	     pos = (size_t)(hit - text) + 1) {
		if (hit != text && hit[-1] != '\n')
			continue;
		if (!found++)
			*at_ret = (size_t)(hit - text);
	}
	return found;
}

struct err *udiff_apply(const struct udiff *diff, const struct udiff_file *file,
			const char *text, size_t len, struct buf *out)
{
	struct buf made = { 0 };
	size_t pos = 0, at;

	text = text ? text : "";
	for (size_t i = 0; i < file->nhunks; i++) {
		const struct udiff_hunk *hunk = &file->hunks[i];
		int places = file->added ? 1 : find_hunk(hunk, text, len, pos, &at);

		if (places != 1) {
			buf_free(&made);
			return err_new("%s:%d: hunk %zu of %s (line %d there) fits %s",
				       diff->name, hunk->line, i + 1, file->path, hunk->old_line,
				       places ? "more than one place" : "nowhere");
		}
		if (file->added)
			at = 0;
		buf_put(&made, text + pos, at - pos);
		buf_put(&made, hunk->new.data, hunk->new.len);
		pos = at + hunk->old.len;
	}
	buf_put(&made, text + pos, len - pos);
	buf_put(out, made.data, made.len);
	buf_free(&made);
	return NULL;
}
