/* SPDX-License-Identifier: MIT */
/*
 * go.mod and go.work files (https://go.dev/ref/mod#go-mod-file-lexical): lines of words, of
 * which the first says what the line is about; "word (" starts a block of such lines without
 * it. Words may be quoted; a comment starts with two slashes.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "probe/gomod.h"
#include "probe/source.h"

#define MAX_FILE (4u << 20)

struct err *gomod_read(const char *path, size_t max, struct buf *text_ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buf text = { 0 };

	if (fd < 0)
		return err_sys(errno, "%s: cannot open", path);

	int errnum = buf_read(&text, fd, max);

	close(fd);
	if (errnum || text.len > max) {
		buf_free(&text);
		return errnum ? err_sys(errnum, "%s: cannot read", path)
			      : err_new("%s: larger than %zu bytes", path, max);
	}
	*text_ret = text;
	return NULL;
}

static bool exists(const char *dir, const char *name)
{
	char *path = mem_printf("%s/%s", dir, name);
	struct stat st;
	bool there = !stat(path, &st) && S_ISREG(st.st_mode);

	free(path);
	return there;
}

char *gomod_above(const char *dir, const char *name)
{
	char *at, *slash;

	if (exists(dir, name))
		return mem_strdup(dir);
	at = realpath(dir, NULL);
	if (!at)
		return NULL;
	while ((slash = strrchr(at, '/')) && slash[1]) {
		*(slash == at ? slash + 1 : slash) = 0;
		if (exists(at, name))
			return at;
	}
	free(at);
	return NULL;
}

/* The next word of a line, or NULL; moves *pos behind it. Owned by the caller. */
static char *next_word(const char **pos, const char *end)
{
	const char *p = *pos, *start;

	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	if (p == end || (end - p > 1 && p[0] == '/' && p[1] == '/'))
		return NULL;
	if (*p == '"' || *p == '`') {
		const char *close = memchr(p + 1, *p, (size_t)(end - p - 1));

		start = p + 1;
		*pos = close ? close + 1 : end;
		return mem_strndup(start, (size_t)((close ? close : end) - start));
	}
	start = p;
	/* A bracket is a word of its own: "use(" starts a block too. */
	if (*p == '(' || *p == ')')
		p++;
	else
		while (p < end && !strchr(" \t\r()", *p))
			p++;
	*pos = p;
	return mem_strndup(start, (size_t)(p - start));
}

struct words {
	char **list; /* owned */
	size_t n, cap;
};

static void take(struct words *words, char *word)
{
	mem_grow(&words->list, words->n, &words->cap, sizeof(*words->list));
	words->list[words->n++] = word;
}

/* The word behind each `keyword`, in its own line or block. */
static struct words find_words(const struct buf *text, const char *keyword)
{
	const char *pos = (const char *)text->data, *end = pos + text->len;
	struct words words = { 0 };
	bool block = false, wanted = false;

	while (pos < end) {
		const char *stop = memchr(pos, '\n', (size_t)(end - pos));
		char *first = next_word(&pos, stop ? stop : end);
		char *second = first && !block ? next_word(&pos, stop ? stop : end) : NULL;

		if (block && first && !strcmp(first, ")")) {
			block = false;
		} else if (block && first && wanted) {
			take(&words, mem_strdup(first));
		} else if (!block && second) {
			wanted = !strcmp(first, keyword);
			block = !strcmp(second, "(");
			if (wanted && !block)
				take(&words, mem_strdup(second));
		}
		free(first);
		free(second);
		pos = stop ? stop + 1 : end;
	}
	return words;
}

struct err *gomod_path(const char *root, char **path_ret)
{
	char *file = mem_printf("%s/go.mod", root);
	struct buf text;
	struct err *err = gomod_read(file, MAX_FILE, &text);

	if (!err) {
		struct words words = find_words(&text, "module");

		if (words.n)
			*path_ret = mem_strdup(words.list[0]);
		else
			err = err_new("%s:1:1: no line \"module PATH\"; `go mod init` writes one",
				      file);
		source_modules_free(words.list, words.n);
		buf_free(&text);
	}
	free(file);
	return err;
}

void source_modules_free(char **roots, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(roots[i]);
	free(roots);
}

/* The folders that a go.work file uses, which are said relative to its own. */
static struct err *read_work(const char *file, char ***roots_ret, size_t *n_ret)
{
	const char *slash = strrchr(file, '/');
	int len = slash ? (int)(slash - file) : 1;
	struct words words;
	struct buf text;

	TRY(gomod_read(file, MAX_FILE, &text));
	words = find_words(&text, "use");
	buf_free(&text);
	for (size_t i = 0; i < words.n; i++) {
		char *dir = words.list[i];

		if (*dir == '/')
			continue;
		words.list[i] = !strcmp(dir, ".")
					? mem_printf("%.*s", len, slash ? file : ".")
					: mem_printf("%.*s/%s", len, slash ? file : ".",
						     dir + 2 * !strncmp(dir, "./", 2));
		free(dir);
	}
	*roots_ret = words.list;
	*n_ret = words.n;
	return NULL;
}

struct err *source_modules(const char *dir, char ***roots_ret, size_t *n_ret)
{
	const char *set = getenv("GOWORK");
	bool off = set && !strcmp(set, "off");
	char *above = off || (set && *set) ? NULL : gomod_above(dir, "go.work");
	char *file = above ? mem_printf("%s/go.work", above)
			   : !off && set && *set ? mem_strdup(set) : NULL;
	struct words words = { 0 };
	struct err *err = NULL;

	free(above);
	if (file)
		err = read_work(file, &words.list, &words.n);
	else if ((above = gomod_above(dir, "go.mod")))
		take(&words, above);
	free(file);
	if (err)
		return err;
	*roots_ret = words.list;
	*n_ret = words.n;
	return NULL;
}
