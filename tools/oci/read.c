/* SPDX-License-Identifier: MIT */
/* Reading an image: index, manifests, configs and layers (OCI image spec 1.1). */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "oci/oci.h"

#define DEPTH_MAX 8     /* of indexes in indexes */
#define LAYERS_MAX 1024 /* of one image; what runs containers takes 128 */
#define IMAGES_MAX 10000

void oci_say(const struct oci *oci, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", oci->path);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

const char *oci_short(const char *digest, char buf[24])
{
	snprintf(buf, 24, "%.19s", digest);
	return buf;
}

struct err *oci_blob_doc(const struct oci *oci, const char *digest, char **name_ret,
			 struct json_doc *doc_ret)
{
	char actual[DIGEST_SIZE], *text = NULL;
	size_t len;

	*doc_ret = (struct json_doc){ 0 };
	*name_ret = store_blob_name(digest);
	if (!*name_ret)
		return err_new("%s: refers to '%.80s', which is no SHA-256 digest", oci->path,
			       digest);
	TRY(store_text(&oci->store, *name_ret, &text, &len));
	digest_of(text, len, actual);
	if (strcmp(actual, digest)) {
		free(text);
		return err_new("%s: %s holds other bytes: their digest is %s", oci->path,
			       *name_ret, actual);
	}
	return err_prefix(json_open(*name_ret, text, len, doc_ret), "%s", oci->path);
}

const char *oci_attestation_of(const cJSON *descriptor)
{
	const cJSON *notes = json_object(descriptor, "annotations");

	if (strcmp(json_string(notes, "vnd.docker.reference.type"), "attestation-manifest"))
		return NULL;
	return json_string(notes, "vnd.docker.reference.digest");
}

static bool is_image_config(const char *type)
{
	return !strcmp(type, "application/vnd.oci.image.config.v1+json") ||
	       !strcmp(type, "application/vnd.docker.container.image.v1+json");
}

static bool image_known(const struct oci *oci, const char *digest)
{
	for (size_t i = 0; i < oci->nimages; i++)
		if (!strcmp(oci->images[i].digest, digest))
			return true;
	return false;
}

/* The size that a descriptor states. */
static struct err *check_size(const struct oci *oci, const cJSON *descriptor, uint64_t size)
{
	const cJSON *said = cJSON_GetObjectItemCaseSensitive(descriptor, "size");

	if (!cJSON_IsNumber(said) || said->valuedouble != (double)size)
		return err_new("%s: %s has %llu bytes; its descriptor says otherwise", oci->path,
			       json_string(descriptor, "digest"), (unsigned long long)size);
	return NULL;
}

/* Reads a layer, unless an image before has it too. */
static struct err *read_layer(struct oci *oci, const char *name, const char *digest,
			      size_t *index_ret)
{
	const struct member *member = store_member(&oci->store, name);
	const char *real = member ? member->name : name;
	struct layer *layer = NULL;
	struct place place;
	char *where;

	for (size_t i = 0; i < oci->nlayers; i++)
		if (!strcmp(oci->layers[i].name, real)) {
			*index_ret = i;
			return NULL;
		}

	struct err *err = store_find(&oci->store, name, &place);

	where = mem_printf("%s: %s", oci->path, real);
	if (!err)
		err = layer_scan(&place, where, &layer);
	free(where);
	place_close(&place);
	if (err)
		return err;
	mem_grow(&oci->layers, oci->nlayers, &oci->layers_cap, sizeof(*oci->layers));
	*index_ret = oci->nlayers;
	oci->layers[oci->nlayers++] = (struct oci_layer){ .name = mem_strdup(real),
							  .layer = layer };
	if (digest && strcmp(digest, layer->digest))
		return err_new("%s: %s holds other bytes: their digest is %s", oci->path, name,
			       layer->digest);
	return NULL;
}

static struct err *add_layer(struct oci *oci, struct oci_image *image, const char *name,
			     const char *digest)
{
	size_t index;

	if (image->nlayers == LAYERS_MAX)
		return err_new("%s: %s: more than %d layers", oci->path, image->label, LAYERS_MAX);
	TRY(read_layer(oci, name, digest, &index));
	mem_grow(&image->layers, image->nlayers, &image->cap, sizeof(*image->layers));
	image->layers[image->nlayers++] = index;
	return NULL;
}

/* What the config says each layer holds. */
static struct err *check_diff_ids(const struct oci *oci, const struct oci_image *image)
{
	const cJSON *ids = json_array(json_object(image->config.root, "rootfs"), "diff_ids"), *id;
	size_t i = 0;

	if ((size_t)cJSON_GetArraySize(ids) != image->nlayers)
		return err_new("%s: %s: %zu layers, and %d diff_ids in %s", oci->path, image->label,
			       image->nlayers, cJSON_GetArraySize(ids), image->config_name);
	cJSON_ArrayForEach(id, ids) {
		const struct oci_layer *layer = &oci->layers[image->layers[i++]];

		if (!cJSON_IsString(id) || strcmp(id->valuestring, layer->layer->diff_id))
			return err_new("%s: %s holds other bytes than %s says: %s", oci->path,
				       layer->name, image->config_name, layer->layer->diff_id);
	}
	return NULL;
}

/* Whether the image is for linux/amd64; says so when it is not. */
static bool is_ours(struct oci *oci, const struct json_doc *config, const char *digest)
{
	const char *os = json_string(config->root, "os");
	const char *arch = json_string(config->root, "architecture");
	char buf[24];

	if (!strcmp(os, "linux") && !strcmp(arch, "amd64"))
		return true;
	oci->others++;
	oci_say(oci, "%s/%s %s: left as it is", os, arch, oci_short(digest, buf));
	return false;
}

static struct oci_image *new_image(struct oci *oci, const char *digest, const char *what)
{
	struct oci_image *image;
	char buf[24];

	mem_grow(&oci->images, oci->nimages, &oci->images_cap, sizeof(*oci->images));
	image = &oci->images[oci->nimages++];
	*image = (struct oci_image){
		.label = mem_printf("linux/amd64 %s", oci_short(what, buf)),
	};
	snprintf(image->digest, sizeof(image->digest), "%s", digest);
	return image;
}

static struct err *read_layers(struct oci *oci, struct oci_image *image, const cJSON *layers)
{
	const cJSON *layer;

	cJSON_ArrayForEach(layer, layers) {
		const char *digest = json_string(layer, "digest");
		const char *type = json_string(layer, "mediaType");
		char *name = store_blob_name(digest);
		struct place place = { .fd = -1 };
		struct err *err = NULL;

		if (!name)
			return err_new("%s: refers to '%.80s', which is no SHA-256 digest",
				       oci->path, digest);
		if (strstr(type, "encrypted"))
			err = err_new("%s: %s is encrypted (%s)", oci->path, name, type);
		if (!err)
			err = store_find(&oci->store, name, &place);
		if (!err)
			err = check_size(oci, layer, place.size);
		place_close(&place);
		if (!err)
			err = add_layer(oci, image, name, digest);
		free(name);
		if (err)
			return err;
	}
	return check_diff_ids(oci, image);
}

static struct err *read_manifest(struct oci *oci, const char *digest, const cJSON *manifest)
{
	const cJSON *config = json_object(manifest, "config");
	struct oci_image *image;
	struct json_doc doc;
	char *name = NULL, buf[24];

	if (image_known(oci, digest))
		return NULL;
	if (oci->nimages + oci->others >= IMAGES_MAX)
		return err_new("%s: more than %d manifests", oci->path, IMAGES_MAX);
	if (!is_image_config(json_string(config, "mediaType"))) {
		oci->others++;
		oci_say(oci, "%s is no container image: left as it is", oci_short(digest, buf));
		return NULL;
	}

	struct err *err = oci_blob_doc(oci, json_string(config, "digest"), &name, &doc);

	if (!err)
		err = check_size(oci, config, doc.len);
	if (err || !is_ours(oci, &doc, digest)) {
		json_close(&doc);
		free(name);
		return err;
	}
	image = new_image(oci, digest, digest);
	image->config_name = name;
	image->config = doc;
	return read_layers(oci, image, json_array(manifest, "layers"));
}

/* Platforms of which a copy of a part of an image needs no blobs. */
static bool may_be_absent(const struct oci *oci, const cJSON *descriptor, const char *name)
{
	const cJSON *platform = json_object(descriptor, "platform");

	return platform && !store_has(&oci->store, name) &&
	       (strcmp(json_string(platform, "os"), "linux") ||
		strcmp(json_string(platform, "architecture"), "amd64"));
}

/* Other things may stand in an index, which are to be passed over. */
static bool is_known_type(const char *type)
{
	static const char *const known[] = {
		"application/vnd.oci.image.index.v1+json",
		"application/vnd.oci.image.manifest.v1+json",
		"application/vnd.docker.distribution.manifest.list.v2+json",
		"application/vnd.docker.distribution.manifest.v2+json",
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(type, known[i]))
			return true;
	return !*type;
}

static struct err *read_index(struct oci *oci, const cJSON *index, int depth);

static struct err *read_child(struct oci *oci, const cJSON *descriptor, int depth)
{
	const char *digest = json_string(descriptor, "digest");
	char *name = store_blob_name(digest), buf[24];
	struct json_doc doc = { 0 };
	struct err *err;

	if (oci_attestation_of(descriptor)) {
		free(name);
		return NULL; /* renew.c has a word on them */
	}
	if (!is_known_type(json_string(descriptor, "mediaType")) ||
	    (name && may_be_absent(oci, descriptor, name))) {
		oci->others++;
		oci_say(oci, "%s: %s: left as it is", oci_short(digest, buf),
			name && store_has(&oci->store, name) ? "no container image" :
			"not in it");
		free(name);
		return NULL;
	}
	free(name);
	err = oci_blob_doc(oci, digest, &name, &doc);
	if (!err)
		err = check_size(oci, descriptor, doc.len);
	if (!err && json_array(doc.root, "manifests"))
		err = oci_names_add(&oci->seen, name) ? read_index(oci, doc.root, depth + 1) :
			NULL;
	else if (!err)
		err = read_manifest(oci, digest, doc.root);
	json_close(&doc);
	free(name);
	return err;
}

static struct err *read_index(struct oci *oci, const cJSON *index, int depth)
{
	const cJSON *descriptor;

	if (depth > DEPTH_MAX)
		return err_new("%s: indexes in indexes, more than %d deep", oci->path, DEPTH_MAX);
	cJSON_ArrayForEach(descriptor, json_array(index, "manifests"))
		TRY(read_child(oci, descriptor, depth));
	return NULL;
}

/* An item of manifest.json, unless it is an image that the index names too. */
static struct err *read_docker_item(struct oci *oci, const cJSON *item)
{
	const char *config = json_string(item, "Config");
	const cJSON *tag = cJSON_GetArrayItem(json_array(item, "RepoTags"), 0), *layer;
	const char *what = cJSON_IsString(tag) ? tag->valuestring : config;
	struct oci_image *image;
	struct json_doc doc;
	struct err *err;
	char *name;

	for (size_t i = 0; i < oci->nimages; i++)
		if (!strcmp(oci->images[i].config_name, config))
			return NULL;
	name = mem_strdup(config);
	err = store_json(&oci->store, name, &doc);
	if (err || !is_ours(oci, &doc, what)) {
		json_close(&doc);
		free(name);
		return err;
	}
	image = new_image(oci, "", what);
	if (what != config) {
		free(image->label);
		image->label = mem_printf("linux/amd64 %s", what);
	}
	image->config_name = name;
	image->config = doc;
	cJSON_ArrayForEach(layer, json_array(item, "Layers")) {
		if (!cJSON_IsString(layer))
			return err_new("%s: manifest.json: a layer that is no string", oci->path);
		TRY(add_layer(oci, image, layer->valuestring, NULL));
	}
	return check_diff_ids(oci, image);
}

static struct err *read_docker(struct oci *oci, const cJSON *items)
{
	const cJSON *item;

	if (!cJSON_IsArray(items))
		return err_new("%s: manifest.json is not that of a docker archive: no array",
			       oci->path);
	cJSON_ArrayForEach(item, items)
		TRY(read_docker_item(oci, item));
	return NULL;
}

static struct err *read_root(struct oci *oci, const char *name,
			     struct err *(*read)(struct oci *, const cJSON *))
{
	struct json_doc doc;
	struct err *err;

	if (!store_has(&oci->store, name))
		return NULL;
	err = store_json(&oci->store, name, &doc);
	if (!err)
		err = read(oci, doc.root);
	json_close(&doc);
	return err;
}

static struct err *read_layout(struct oci *oci, const cJSON *index)
{
	if (!json_array(index, "manifests"))
		return err_new("%s: index.json is not that of an image: no \"manifests\"",
			       oci->path);
	return read_index(oci, index, 0);
}

struct err *oci_read(struct oci *oci, const char *path)
{
	*oci = (struct oci){ .path = path, .dest = path };
	TRY(store_open(path, &oci->store));
	TRY(read_root(oci, "index.json", read_layout));
	TRY(read_root(oci, "manifest.json", read_docker));
	if (!oci->nimages)
		return err_code(EXIT_NO_MATCH, "%s: no linux/amd64 image in it; the file is "
				"unchanged", path);
	return NULL;
}
