/* SPDX-License-Identifier: MIT */
/*
 * Configs, manifests and indexes that name the new layers. Only digests and sizes change, and
 * what would be wrong of the new image goes: attestations of the old one (provenance, SBOM),
 * whatever else has it as its subject (signatures), and annotations that describe how the old
 * layer was compressed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "oci/oci.h"

static bool is_data(const char *key, int index, const void *context)
{
	(void)index, (void)context;
	return !strcmp(key, "data");
}

/* Another digest and size; an embedded copy of the old bytes goes (descriptor.md). */
static struct err *put_descriptor(struct json_doc *doc, struct json_span at, const char *digest,
				  uint64_t size)
{
	struct json_span value;

	TRY(json_member(doc, at, "digest", &value));
	json_put_string(doc, value, digest);
	TRY(json_member(doc, at, "size", &value));
	json_put_number(doc, value, size);
	json_drop(doc, at, is_data, NULL);
	return NULL;
}

/* Annotations on where in a compressed layer its files are (eStargz, zstd:chunked). */
static bool is_about_compression(const char *key, int index, const void *context)
{
	static const char *const known[] = {
		"containerd.io/snapshot/stargz/", "io.containers.estargz.",
		"io.github.containers.zstd-chunked.", "containerd.io/uncompressed",
	};

	(void)index, (void)context;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strncmp(key, known[i], strlen(known[i])))
			return true;
	return false;
}

static char *name_with(const char *name, const char *digest, const char *fresh)
{
	char *with = mem_strdup(name), *hit = strstr(with, digest + 7);

	if (hit)
		memcpy(hit, fresh + 7, 64);
	return with;
}

static struct err *renew_config(struct oci *oci, struct oci_image *image)
{
	struct json_doc *doc = &image->config;
	struct json_span rootfs, ids, id;
	char old[DIGEST_SIZE], *text;

	TRY(json_member(doc, json_root(doc), "rootfs", &rootfs));
	TRY(json_member(doc, rootfs, "diff_ids", &ids));
	for (size_t i = 0; i < image->nlayers; i++) {
		const struct oci_layer *layer = &oci->layers[image->layers[i]];

		if (!layer->renewed)
			continue;
		TRY(json_item(doc, ids, (int)i, &id));
		json_put_string(doc, id, layer->fresh.diff_id);
	}
	if (!doc->nedits)
		return NULL;
	text = json_text(doc);
	digest_of(doc->text, doc->len, old);
	image->fresh_config_size = strlen(text);
	digest_of(text, image->fresh_config_size, image->fresh_config);
	oci_add_fresh_text(oci, image->config_name,
			   name_with(image->config_name, old, image->fresh_config), text);
	return NULL;
}

static struct err *put_layer(const struct oci_layer *layer, struct json_doc *doc,
			     struct json_span at, const cJSON *descriptor)
{
	struct json_span notes;

	TRY(put_descriptor(doc, at, layer->fresh.digest, layer->fresh.size));
	if (!json_object(descriptor, "annotations"))
		return NULL;
	TRY(json_member(doc, at, "annotations", &notes));
	json_drop(doc, notes, is_about_compression, NULL);
	return NULL;
}

static struct err *renew_manifest(struct oci *oci, const struct oci_image *image,
				  struct json_doc *doc)
{
	struct json_span config, layers, layer;
	const cJSON *descriptor;
	int i = 0;

	if (!*image->fresh_config)
		return NULL;
	TRY(json_member(doc, json_root(doc), "config", &config));
	TRY(put_descriptor(doc, config, image->fresh_config, image->fresh_config_size));
	TRY(json_member(doc, json_root(doc), "layers", &layers));
	cJSON_ArrayForEach(descriptor, json_array(doc->root, "layers")) {
		const struct oci_layer *one = &oci->layers[image->layers[i]];

		TRY(json_item(doc, layers, i++, &layer));
		if (one->renewed)
			TRY(put_layer(one, doc, layer, descriptor));
	}
	return NULL;
}

static const struct oci_change *find_change(const struct oci *oci, const char *old)
{
	for (size_t i = 0; i < oci->nchanges; i++)
		if (!strcmp(oci->changes[i].old, old))
			return &oci->changes[i];
	return NULL;
}

static bool has_changed(const struct oci *oci, const char *digest)
{
	const struct oci_change *change = find_change(oci, digest);

	return change && strcmp(change->old, change->fresh);
}

/* Keeps what became of a manifest or index, also when that is nothing. */
static void add_change(struct oci *oci, const char *digest, const char *name, struct json_doc *doc)
{
	struct oci_change change = { .size = doc->len };

	snprintf(change.old, sizeof(change.old), "%s", digest);
	snprintf(change.fresh, sizeof(change.fresh), "%s", digest);
	if (doc->nedits) {
		char *text = json_text(doc);

		change.size = strlen(text);
		digest_of(text, change.size, change.fresh);
		oci_add_fresh_text(oci, name, store_blob_name(change.fresh), text);
	}
	mem_grow(&oci->changes, oci->nchanges, &oci->changes_cap, sizeof(*oci->changes));
	oci->changes[oci->nchanges++] = change;
}

static struct oci_image *image_of(const struct oci *oci, const char *digest)
{
	for (size_t i = 0; i < oci->nimages; i++)
		if (!strcmp(oci->images[i].digest, digest))
			return &oci->images[i];
	return NULL;
}

static struct err *renew_index(struct oci *oci, struct json_doc *doc);

/* What a descriptor refers to: an index or an image's manifest; others stay. */
static struct err *renew_child(struct oci *oci, const char *digest)
{
	struct oci_image *image = image_of(oci, digest);
	char *name = store_blob_name(digest);
	bool index = name && oci_names_have(&oci->seen, name);
	struct json_doc doc = { 0 };
	struct err *err;

	free(name);
	if ((!image && !index) || find_change(oci, digest))
		return NULL;
	err = oci_blob_doc(oci, digest, &name, &doc);
	if (!err)
		err = err_prefix(image ? renew_manifest(oci, image, &doc) :
				 renew_index(oci, &doc), "%s", oci->path);
	if (!err)
		add_change(oci, digest, name, &doc);
	if (!err && image)
		snprintf(image->fresh_digest, sizeof(image->fresh_digest), "%s",
			 oci->changes[oci->nchanges - 1].fresh);
	json_close(&doc);
	free(name);
	return err;
}

/* Whether the manifest is about one that has changed (image-spec 1.1, "subject"). */
static bool has_old_subject(const struct oci *oci, const char *digest)
{
	struct json_doc doc = { 0 };
	char *name = store_blob_name(digest);
	bool there = name && store_has(&oci->store, name), old = false;

	free(name);
	if (!there)
		return false;

	struct err *err = oci_blob_doc(oci, digest, &name, &doc);

	if (!err)
		old = has_changed(oci, json_string(json_object(doc.root, "subject"), "digest"));
	err_free(err);
	json_close(&doc);
	free(name);
	return old;
}

static bool is_flagged(const char *key, int index, const void *context)
{
	const bool *flags = context;

	(void)key;
	return flags[index];
}

/* What describes the image as it was goes; true when the descriptor is such. */
static bool goes(const struct oci *oci, const cJSON *descriptor)
{
	const char *digest = json_string(descriptor, "digest");
	const char *about = oci_attestation_of(descriptor);
	char buf[24], other[24];

	if (about ? !has_changed(oci, about) : !has_old_subject(oci, digest))
		return false;
	oci_say(oci, "%s %s is dropped, it describes the image before%s%s; make it anew",
		about ? "attestation" : "what refers to the image,", oci_short(digest, buf),
		about ? ": " : "", about ? oci_short(about, other) : "");
	return true;
}

static struct err *renew_index(struct oci *oci, struct json_doc *doc)
{
	const cJSON *list = json_array(doc->root, "manifests"), *descriptor;
	bool *drop = mem_zalloc((size_t)cJSON_GetArraySize(list) + 1);
	struct json_span manifests, at;
	struct err *err = NULL;
	int i = 0;

	cJSON_ArrayForEach(descriptor, list)
		if (!err)
			err = renew_child(oci, json_string(descriptor, "digest"));
	if (!err)
		err = json_member(doc, json_root(doc), "manifests", &manifests);
	cJSON_ArrayForEach(descriptor, list) {
		const char *digest = json_string(descriptor, "digest");

		if (err)
			break;
		drop[i] = goes(oci, descriptor);
		if (!drop[i] && has_changed(oci, digest)) {
			const struct oci_change *change = find_change(oci, digest);

			err = json_item(doc, manifests, i, &at);
			if (!err)
				err = put_descriptor(doc, at, change->fresh, change->size);
		}
		i++;
	}
	if (!err)
		json_drop(doc, manifests, is_flagged, drop);
	free(drop);
	return err;
}

static const struct oci_layer *layer_named(const struct oci *oci, const char *name)
{
	for (size_t i = 0; i < oci->nlayers; i++)
		if (!strcmp(oci->layers[i].name, name))
			return oci->layers[i].renewed ? &oci->layers[i] : NULL;
	return NULL;
}

/* "LayerSources" of newer archives: descriptors by diff id. */
static struct err *renew_sources(const struct oci *oci, const struct oci_image *image,
				 struct json_doc *doc, struct json_span sources, const cJSON *given)
{
	for (size_t i = 0; i < image->nlayers; i++) {
		const struct oci_layer *layer = &oci->layers[image->layers[i]];
		struct json_span at;

		if (!layer->renewed || !json_object(given, layer->layer->diff_id))
			continue;
		TRY(json_key(doc, sources, layer->layer->diff_id, &at));
		json_put_string(doc, at, layer->fresh.diff_id);
		TRY(json_member(doc, sources, layer->layer->diff_id, &at));
		TRY(put_descriptor(doc, at, layer->fresh.digest, layer->fresh.size));
	}
	return NULL;
}

/* One image of manifest.json: the names of its config and layers. */
static struct err *renew_item(struct oci *oci, struct json_doc *doc, struct json_span at,
			      const cJSON *item, const struct oci_image *image)
{
	struct json_span value, layers;
	const cJSON *layer;
	char old[DIGEST_SIZE], *name;
	int i = 0;

	digest_of(image->config.text, image->config.len, old);
	name = name_with(image->config_name, old, image->fresh_config);

	struct err *err = json_member(doc, at, "Config", &value);

	if (!err)
		json_put_string(doc, value, name);
	free(name);
	if (!err)
		err = json_member(doc, at, "Layers", &layers);
	cJSON_ArrayForEach(layer, json_array(item, "Layers")) {
		const struct oci_layer *one = cJSON_IsString(layer) ?
					      layer_named(oci, layer->valuestring) : NULL;

		if (!err && one) {
			err = json_item(doc, layers, i, &value);
			if (!err)
				json_put_string(doc, value, one->fresh_name);
		}
		i++;
	}
	if (err || !json_object(item, "LayerSources"))
		return err;
	TRY(json_member(doc, at, "LayerSources", &value));
	return renew_sources(oci, image, doc, value, json_object(item, "LayerSources"));
}

static struct err *renew_docker(struct oci *oci, struct json_doc *doc)
{
	const cJSON *item;
	struct json_span at;
	int i = 0;

	cJSON_ArrayForEach(item, doc->root) {
		const struct oci_image *image = NULL;

		for (size_t j = 0; j < oci->nimages && !image; j++)
			if (!strcmp(oci->images[j].config_name, json_string(item, "Config")))
				image = &oci->images[j];
		TRY(json_item(doc, json_root(doc), i++, &at));
		if (image && *image->fresh_config)
			TRY(renew_item(oci, doc, at, item, image));
	}
	return NULL;
}

static struct err *renew_root(struct oci *oci, const char *name,
			      struct err *(*renew)(struct oci *, struct json_doc *))
{
	struct json_doc doc;
	struct err *err;

	if (!store_has(&oci->store, name))
		return NULL;
	err = store_json(&oci->store, name, &doc);
	if (!err)
		err = err_prefix(renew(oci, &doc), "%s", oci->path);
	if (!err && doc.nedits)
		oci_add_fresh_text(oci, name, mem_strdup(name), json_text(&doc));
	json_close(&doc);
	return err;
}

struct err *oci_renew(struct oci *oci)
{
	for (size_t i = 0; i < oci->nimages; i++)
		TRY(err_prefix(renew_config(oci, &oci->images[i]), "%s", oci->path));
	TRY(renew_root(oci, "index.json", renew_index));
	return renew_root(oci, "manifest.json", renew_docker);
}
