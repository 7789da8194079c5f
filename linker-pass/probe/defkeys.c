/* SPDX-License-Identifier: MIT */
/* Keys of YAML mappings: which are known, missing, misspelt. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "probe/defread.h"

#define MAX_KEY 32

/* One key of a list such as "!name unit": moves *list on; false at the end. */
static bool next_key(const char **list, char key[MAX_KEY], bool *needed_ret)
{
	while (**list == ' ')
		++*list;
	*needed_ret = **list == '!';
	*list += *needed_ret;

	size_t len = strcspn(*list, " ");

	if (!len || len >= MAX_KEY)
		return false;
	memcpy(key, *list, len);
	key[len] = 0;
	*list += len;
	return true;
}

static struct err *unknown_key(struct ynode at, const char *what, const char *key,
			       const char *keys)
{
	char known[MAX_KEY], nearest[MAX_KEY] = "";
	int best = MAX_KEY;
	bool needed;

	while (strlen(key) < MAX_KEY && next_key(&keys, known, &needed)) {
		int far = near_distance(key, known);

		if (far < best) {
			best = far;
			strcpy(nearest, known);
		}
	}
	if (best > 3)
		return yaml_error(at, "%s has no key \"%.40s\"", what, key);
	return yaml_error(at, "%s has no key \"%.40s\"; \"%s\"?", what, key, nearest);
}

static bool key_known(const char *keys, const char *key)
{
	char known[MAX_KEY];
	bool needed;

	while (next_key(&keys, known, &needed)) {
		if (!strcmp(known, key))
			return true;
	}
	return false;
}

static struct err *check_key(struct ynode at, int index, const char *what, const char *keys)
{
	struct ynode node = yaml_key(at, index), earlier;
	const char *key = yaml_text(node);

	if (!key)
		return yaml_error(node, "a key of %s should be a word", what);
	if (!key_known(keys, key))
		return unknown_key(node, what, key, keys);
	for (int i = 0; i < index; i++) {
		earlier = yaml_key(at, i);
		if (!strcmp(yaml_text(earlier), key))
			return yaml_error(node, "\"%s\" is there twice", key);
	}
	return NULL;
}

struct err *def_check_keys(struct ynode at, const char *what, const char *keys)
{
	char key[MAX_KEY];
	struct ynode value;
	bool needed;

	if (yaml_pairs(at) < 0)
		return yaml_error(at, "%s should be a mapping (\"key: value\" lines)", what);
	for (int i = 0; i < yaml_pairs(at); i++)
		TRY(check_key(at, i, what, keys));
	while (next_key(&keys, key, &needed)) {
		if (needed && !def_find(at, key, &value))
			return yaml_error(at, "%s lacks the key \"%s\"", what, key);
	}
	return NULL;
}

bool def_find(struct ynode at, const char *key, struct ynode *value_ret)
{
	for (int i = 0; i < yaml_pairs(at); i++) {
		const char *text = yaml_text(yaml_key(at, i));

		if (text && !strcmp(text, key)) {
			*value_ret = yaml_value(at, i);
			return true;
		}
	}
	return false;
}
