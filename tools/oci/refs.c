/* SPDX-License-Identifier: MIT */
/* Which blobs an image refers to, as it is and as it will be. */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "oci/oci.h"

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

bool oci_names_add(struct oci_names *names, const char *name)
{
	char *copy = mem_strdup(name);
	char **at = tsearch(copy, &names->tree, compare);

	if (at && *at == copy)
		return true;
	free(copy);
	return false;
}

bool oci_names_have(const struct oci_names *names, const char *name)
{
	return tfind(name, &names->tree, compare) != NULL;
}

void oci_names_free(struct oci_names *names)
{
	tdestroy(names->tree, free);
	names->tree = NULL;
}

const struct oci_fresh *oci_find_fresh(const struct oci *oci, const char *name)
{
	for (size_t i = 0; i < oci->nfresh; i++)
		if (!strcmp(oci->fresh[i].name, name))
			return &oci->fresh[i];
	return NULL;
}

void oci_add_fresh_text(struct oci *oci, const char *old_name, char *name, char *text)
{
	if (oci_find_fresh(oci, name)) { /* two images with the same config */
		free(name);
		free(text);
		return;
	}
	mem_grow(&oci->fresh, oci->nfresh, &oci->fresh_cap, sizeof(*oci->fresh));
	oci->fresh[oci->nfresh++] = (struct oci_fresh){
		.name = name, .old_name = mem_strdup(old_name), .fd = -1, .text = text,
		.size = strlen(text),
	};
}

struct search {
	const struct oci *oci;
	bool fresh;
	struct oci_names *names;
};

/* The document's text, from the new files or the old ones; NULL when it is not there. */
static char *text_of(const struct search *search, const char *name)
{
	const struct oci_fresh *fresh = search->fresh ? oci_find_fresh(search->oci, name) : NULL;
	char *text = NULL;
	size_t len;

	if (fresh)
		return fresh->text ? mem_strdup(fresh->text) : NULL;
	err_free(store_text(&search->oci->store, name, &text, &len));
	return text;
}

static void visit(struct search *search, const cJSON *doc);

static void visit_descriptor(struct search *search, const cJSON *descriptor)
{
	char *name = store_blob_name(json_string(descriptor, "digest")), *text;
	const char *type = json_string(descriptor, "mediaType");
	bool leads_on = strstr(type, "manifest") || strstr(type, "index") || !*type;

	if (name && oci_names_add(search->names, name) && leads_on) {
		text = text_of(search, name);
		cJSON *doc = text ? cJSON_Parse(text) : NULL;

		if (doc)
			visit(search, doc);
		cJSON_Delete(doc);
		free(text);
	}
	free(name);
}

static void visit(struct search *search, const cJSON *doc)
{
	static const char *const lists[] = { "manifests", "layers", "blobs" };
	const cJSON *item;

	visit_descriptor(search, json_object(doc, "config"));
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		cJSON_ArrayForEach(item, json_array(doc, lists[i]))
			visit_descriptor(search, item);
}

static void add_file(struct search *search, const cJSON *name)
{
	const struct member *member;

	if (!cJSON_IsString(name))
		return;
	oci_names_add(search->names, name->valuestring);
	member = store_member(&search->oci->store, name->valuestring);
	if (member && !search->fresh)
		oci_names_add(search->names, member->name);
}

static void visit_docker(struct search *search, const cJSON *items)
{
	const cJSON *item, *layer;

	cJSON_ArrayForEach(item, items) {
		add_file(search, cJSON_GetObjectItemCaseSensitive(item, "Config"));
		cJSON_ArrayForEach(layer, json_array(item, "Layers"))
			add_file(search, layer);
		cJSON_ArrayForEach(layer, json_object(item, "LayerSources"))
			visit_descriptor(search, layer);
	}
}

void oci_references(const struct oci *oci, bool fresh, struct oci_names *names_ret)
{
	static const char *const roots[] = { "index.json", "manifest.json" };
	struct search search = { oci, fresh, names_ret };

	for (int i = 0; i < 2; i++) {
		char *text = store_has(&oci->store, roots[i]) ? text_of(&search, roots[i]) : NULL;
		cJSON *doc = text ? cJSON_Parse(text) : NULL;

		if (doc && i == 0)
			visit(&search, doc);
		else if (doc)
			visit_docker(&search, doc);
		cJSON_Delete(doc);
		free(text);
	}
}
