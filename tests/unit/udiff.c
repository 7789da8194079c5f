/* SPDX-License-Identifier: MIT */
/* Unified diffs: what fits, where it fits after lines have moved, and what each other one gets
 * as a message. */
#include <stdio.h>
#include <string.h>

#include "toolchain/udiff.h"

#define HEAD "some words\n--- a/x/f.go\n+++ b/x/f.go\n"
#define HUNK HEAD "@@ -2,3 +2,4 @@ func f()\n b\n-c\n+C\n+D\n e\n"

static int failures;

static const struct {
	const char *diff, *old, *want; /* want: the new text, or what the message holds */
} cases[] = {
	{ HUNK, "a\nb\nc\ne\nf\n", "a\nb\nC\nD\ne\nf\n" },
	{ HUNK, "1\n2\n3\n4\na\nb\nc\ne", "d:4: hunk 1 of x/f.go (line 2 there) fits nowhere" },
	{ HUNK, "1\n2\n3\n4\na\nb\nc\ne\n", "1\n2\n3\n4\na\nb\nC\nD\ne\n" },
	{ HUNK, "b\nc\ne\n", "b\nC\nD\ne\n" },
	{ HUNK, "", "d:4: hunk 1 of x/f.go (line 2 there) fits nowhere" },
	{ HUNK, "b\nc\n", "d:4: hunk 1 of x/f.go (line 2 there) fits nowhere" },
	{ HUNK, "xb\nc\ne\n", "d:4: hunk 1 of x/f.go (line 2 there) fits nowhere" },
	{ HUNK, "b\nc \ne\n", "d:4: hunk 1 of x/f.go (line 2 there) fits nowhere" },
	{ HUNK, "b\nc\ne\nb\nc\ne\n", "d:4: hunk 1 of x/f.go (line 2 there) fits more than one "
				      "place" },
	{ HUNK "@@ -9 +10 @@\n-g\n+G\n", "a\nb\nc\ne\nf\ng\nh\n", "a\nb\nC\nD\ne\nf\nG\nh\n" },
	{ HUNK "@@ -9 +10 @@\n-g\n+G\n", "g\nb\nc\ne\n", "d:10: hunk 2 of x/f.go (line 9 there) "
							 "fits nowhere" },
	{ HEAD "@@ -1,2 +0,0 @@\n-b\n-c\n", "a\nb\nc\nd\n", "a\nd\n" },
	{ HEAD "@@ -1,3 +1,3 @@\n a\n\n-b\n+B\n", "a\n\nb\n", "a\n\nB\n" }, /* stripped blank */
	{ HEAD "@@ -1 +1 @@\n--- b\n+++ c\n", "-- b\n", "++ c\n" },
	{ "--- /dev/null\n+++ b/new.go\n@@ -0,0 +1,2 @@\n+a\n+b\n", "", "a\nb\n" },
	{ "--- f.go\t2026-01-01 00:00\n+++ f.go\t2026-01-02\n@@ -1 +1 @@\n-a\n+b\n", "a\n", "b\n" },
	{ "", "", "d:0: this is no unified diff" },
	{ "--- a/x\n", "", "d:1: \"--- \" wants a line \"+++ \" behind it" },
	{ "--- a/x\n+++ b/y\n", "", "d:2: removing and renaming files is not supported" },
	{ "--- a/x\n+++ /dev/null\n", "", "d:2: removing and renaming" },
	{ HEAD "@@ -x +1 @@\n", "", "d:4: wants \"@@ -LINE,COUNT" },
	{ HEAD "@@ -1,1 +1,1\n", "", "d:4: wants \"@@ -LINE,COUNT" },
	{ HEAD "@@ -0,0 +1 @@\n+a\n", "", "d:4: a hunk has old lines" },
	{ HEAD "@@ -1,2 +1 @@\n-a\n", "", "d:5: the diff ends within a hunk" },
	{ HEAD "@@ -1 +1 @@\n-a\n*b\n", "", "d:6: a hunk's line begins with" },
	{ HEAD "@@ -1 +1,2 @@\n-a\n-b\n+c\n", "", "d:6: the hunk has other lines than its @@" },
	{ HEAD "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n", "", "d:6: files without a" },
	{ HEAD "@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n", "", "d:7: files without a" },
};

static void check(const char *text, const char *old, const char *want)
{
	struct udiff *diff = NULL;
	struct buf new = { 0 };
	struct err *err = udiff_parse("d", text, strlen(text), &diff);

	if (!err)
		err = udiff_apply(diff, &diff->files[0], old, strlen(old), &new);
	buf_u8(&new, 0);

	const char *got = err ? err->message : (const char *)new.data;

	if (err ? !strstr(got, want) : strcmp(got, want) != 0) {
		fprintf(stderr, "%sgot\n%s\nwant\n%s\n\n", text, got, want);
		failures++;
	}
	err_free(err);
	buf_free(&new);
	udiff_free(diff);
}

/* Every beginning of a diff is taken or refused, and none reads behind its end. */
static void check_beginnings(void)
{
	for (size_t len = 0; len < strlen(HUNK); len++) {
		struct udiff *diff = NULL;
		char part[sizeof(HUNK)];

		memcpy(part, HUNK, len);
		err_free(udiff_parse("d", part, len, &diff));
		udiff_free(diff);
	}
}

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(cases[i].diff, cases[i].old, cases[i].want);
	check_beginnings();
	return failures > 0;
}
