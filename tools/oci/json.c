/* SPDX-License-Identifier: MIT */
/* JSON documents that change in a few places only. Syntax: RFC 8259, checked by cJSON. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "oci/json.h"

struct err *json_open(const char *name, char *text, size_t len, struct json_doc *doc_ret)
{
	const char *end = NULL;

	*doc_ret = (struct json_doc){ .name = name, .text = text, .len = len };
	if (memchr(text, 0, len))
		return err_new("%s: not JSON: a NUL byte in it", name);
	doc_ret->root = cJSON_ParseWithOpts(text, &end, true);
	if (!doc_ret->root)
		return err_new("%s: not JSON, or nested too deep, at offset %zu", name,
			       end ? (size_t)(end - text) : 0);
	if (!cJSON_IsObject(doc_ret->root) && !cJSON_IsArray(doc_ret->root))
		return err_new("%s: JSON, but neither an object nor an array", name);
	return NULL;
}

void json_close(struct json_doc *doc)
{
	for (size_t i = 0; i < doc->nedits; i++)
		free(doc->edits[i].with);
	free(doc->edits);
	cJSON_Delete(doc->root);
	free(doc->text);
	*doc = (struct json_doc){ 0 };
}

const cJSON *json_array(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	return cJSON_IsArray(item) ? item : NULL;
}

const cJSON *json_object(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	return cJSON_IsObject(item) ? item : NULL;
}

const char *json_string(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	return cJSON_IsString(item) ? item->valuestring : "";
}

/* cJSON passes over all of these between values. */
static size_t skip_space(const struct json_doc *doc, size_t at)
{
	while (at < doc->len && (unsigned char)doc->text[at] <= ' ')
		at++;
	return at;
}

static size_t skip_string(const struct json_doc *doc, size_t at)
{
	for (at++; at < doc->len && doc->text[at] != '"'; at++)
		if (doc->text[at] == '\\')
			at++;
	return at < doc->len ? at + 1 : doc->len;
}

/* The end of the value that starts at `at`. */
static size_t skip_value(const struct json_doc *doc, size_t at)
{
	size_t depth = 0;

	while (at < doc->len) {
		char c = doc->text[at];

		if (c == '"') {
			at = skip_string(doc, at);
			if (!depth)
				return at;
			continue;
		}
		if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']') {
			if (!depth)
				return at;
			if (!--depth)
				return at + 1;
		} else if (!depth && (c == ',' || (unsigned char)c <= ' ')) {
			return at;
		}
		at++;
	}
	return at;
}

/* One member or item after another: start at the container's start. */
struct walk {
	const struct json_doc *doc;
	struct json_span in;
	size_t at;
	int index;
	struct json_span key, value; /* key is empty in arrays */
};

static struct walk walk_over(const struct json_doc *doc, struct json_span in)
{
	return (struct walk){ .doc = doc, .in = in, .at = in.start + 1, .index = -1 };
}

static bool walk_next(struct walk *walk)
{
	const struct json_doc *doc = walk->doc;
	bool object = doc->text[walk->in.start] == '{';

	walk->at = skip_space(doc, walk->at);
	if (walk->index >= 0 && walk->at < walk->in.end && doc->text[walk->at] == ',')
		walk->at = skip_space(doc, walk->at + 1);
	if (walk->at + 1 >= walk->in.end)
		return false;
	walk->key = (struct json_span){ walk->at, walk->at };
	if (object) {
		walk->key.end = skip_string(doc, walk->at);
		walk->at = skip_space(doc, walk->key.end);
		walk->at = skip_space(doc, walk->at + 1); /* the colon */
	}
	walk->value.start = walk->at;
	walk->value.end = walk->at = skip_value(doc, walk->at);
	walk->index++;
	return walk->value.end > walk->value.start && walk->value.end < walk->in.end;
}

struct json_span json_root(const struct json_doc *doc)
{
	size_t start = skip_space(doc, 0);

	if (doc->len - start >= 3 && !memcmp(doc->text + start, "\xef\xbb\xbf", 3))
		start = skip_space(doc, start + 3);
	return (struct json_span){ start, skip_value(doc, start) };
}

static struct err *find(const struct json_doc *doc, struct json_span object, const char *key,
			struct json_span *key_ret, struct json_span *value_ret)
{
	struct walk walk = walk_over(doc, object);
	size_t len = strlen(key);
	int found = 0;

	while (walk_next(&walk)) {
		if (walk.key.end - walk.key.start != len + 2 ||
		    memcmp(doc->text + walk.key.start + 1, key, len))
			continue;
		*key_ret = walk.key;
		*value_ret = walk.value;
		found++;
	}
	if (found != 1)
		return err_new("%s: %s member \"%s\" at offset %zu", doc->name,
			       found ? "more than one" : "no", key, object.start);
	return NULL;
}

struct err *json_member(const struct json_doc *doc, struct json_span object, const char *key,
			struct json_span *value_ret)
{
	struct json_span unused;

	return find(doc, object, key, &unused, value_ret);
}

struct err *json_key(const struct json_doc *doc, struct json_span object, const char *key,
		     struct json_span *key_ret)
{
	struct json_span unused;

	return find(doc, object, key, key_ret, &unused);
}

struct err *json_item(const struct json_doc *doc, struct json_span array, int index,
		      struct json_span *value_ret)
{
	struct walk walk = walk_over(doc, array);

	while (walk_next(&walk))
		if (walk.index == index) {
			*value_ret = walk.value;
			return NULL;
		}
	return err_new("%s: no item %d in the array at offset %zu", doc->name, index,
		       array.start);
}

static void edit(struct json_doc *doc, size_t start, size_t end, char *with)
{
	mem_grow(&doc->edits, doc->nedits, &doc->cap, sizeof(*doc->edits));
	doc->edits[doc->nedits++] = (struct json_edit){ start, end, with };
}

void json_put_string(struct json_doc *doc, struct json_span value, const char *text)
{
	edit(doc, value.start, value.end, mem_printf("\"%s\"", text));
}

void json_put_number(struct json_doc *doc, struct json_span value, unsigned long long number)
{
	edit(doc, value.start, value.end, mem_printf("%llu", number));
}

/*
 * Each takes the comma before it along; those in front of all that stays take the one behind
 * them. `last` is the end of the element before.
 */
void json_drop(struct json_doc *doc, struct json_span container,
	       bool (*drop)(const char *key, int index, const void *context),
	       const void *context)
{
	struct walk walk = walk_over(doc, container);
	bool kept = false, open = false; /* open: the last edit ends where the next starts */
	size_t last = 0;

	while (walk_next(&walk)) {
		bool keyed = walk.key.end > walk.key.start;
		char *key = keyed ? mem_strndup(doc->text + walk.key.start + 1,
						walk.key.end - walk.key.start - 2) : NULL;
		bool goes = drop(key, walk.index, context);

		free(key);
		if (open)
			doc->edits[doc->nedits - 1].end = walk.key.start;
		open = false;
		if (goes) {
			edit(doc, kept ? last : walk.key.start, walk.value.end, mem_strdup(""));
			open = !kept;
		}
		kept |= !goes;
		last = walk.value.end;
	}
}

static int by_start(const void *a, const void *b)
{
	const struct json_edit *one = a, *other = b;

	return one->start < other->start ? -1 : one->start > other->start;
}

char *json_text(struct json_doc *doc)
{
	struct buf text = { 0 };
	size_t at = 0;

	if (doc->nedits)
		qsort(doc->edits, doc->nedits, sizeof(*doc->edits), by_start);
	for (size_t i = 0; i < doc->nedits; i++) {
		if (doc->edits[i].start < at)
			continue; /* the same edit twice: one layer can be in an image twice */
		buf_put(&text, doc->text + at, doc->edits[i].start - at);
		buf_text(&text, doc->edits[i].with);
		at = doc->edits[i].end;
	}
	buf_str(&text, doc->text + at);
	return (char *)text.data;
}
