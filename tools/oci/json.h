/* SPDX-License-Identifier: MIT */
/*
 * JSON documents that change in a few places only: cJSON reads and checks them, edits are
 * made in the text, so that all else (order, spaces, unknown members, large numbers) stays
 * byte for byte.
 */
#ifndef OCI_JSON_H
#define OCI_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "base/err.h"

#define JSON_MAX (16u * 1024 * 1024)

struct json_edit {
	size_t start, end; /* of the text that gives way */
	char *with;
};

struct json_doc {
	const char *name; /* in errors, borrowed */
	char *text;       /* NUL-terminated, owned */
	size_t len;
	cJSON *root;      /* an object or an array */
	struct json_edit *edits;
	size_t nedits, cap;
};

/* A part of a document: the text of one value. */
struct json_span {
	size_t start, end;
};

/* Takes `text`, also when it fails. Errors: not JSON (where), more than it, too deep. */
struct err *json_open(const char *name, char *text, size_t len, struct json_doc *doc_ret);
void json_close(struct json_doc *doc);

/* Members of cJSON's tree; NULL, "" or NULL when there is none of that type. */
const cJSON *json_array(const cJSON *object, const char *key);
const cJSON *json_object(const cJSON *object, const char *key);
const char *json_string(const cJSON *object, const char *key);

/* Where values are; errors name what is not there, or is there twice. */
struct json_span json_root(const struct json_doc *doc);
struct err *json_member(const struct json_doc *doc, struct json_span object, const char *key,
			struct json_span *value_ret);
/* The key itself, with its quotes. */
struct err *json_key(const struct json_doc *doc, struct json_span object, const char *key,
		     struct json_span *key_ret);
struct err *json_item(const struct json_doc *doc, struct json_span array, int index,
		      struct json_span *value_ret);

/* Replaces a value by a string that needs no escapes, or by a number. */
void json_put_string(struct json_doc *doc, struct json_span value, const char *text);
void json_put_number(struct json_doc *doc, struct json_span value, unsigned long long number);

/* Takes out the members of an object, or items of an array, for which `drop` says so. */
void json_drop(struct json_doc *doc, struct json_span container,
	       bool (*drop)(const char *key, int index, const void *context),
	       const void *context);

/* The text with all edits, owned by the caller. */
char *json_text(struct json_doc *doc);

#endif
