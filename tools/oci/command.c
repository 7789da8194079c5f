/* SPDX-License-Identifier: MIT */
/* `probes inject IMAGE`. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd.h"
#include "oci/command.h"
#include "oci/oci.h"

/*
 * Others that change the same folder wait until lock_ret is closed; an archive is replaced in
 * one step. (Renaming a file locks its own folder, which `blobs` is not.)
 */
static void lock(const char *path, int *lock_ret)
{
	char *name = mem_printf("%s/blobs", path);

	*lock_ret = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(name);
	while (*lock_ret >= 0 && flock(*lock_ret, LOCK_EX) && errno == EINTR)
		;
}

static struct err *run(struct oci *oci, const struct oci_options *options, const char *path,
		       bool json, int *code)
{
	TRY(oci_read(oci, path));
	if (options->out)
		oci->dest = options->out;
	TRY(oci_choose(oci, options->given, options->ngiven));
	TRY(oci_inject(oci, options->how, json, code));
	TRY(oci_renew(oci));
	return oci_save(oci);
}

static void add_pair(cJSON *object, const char *key, const char *old, const char *fresh)
{
	cJSON *pair = cJSON_AddObjectToObject(object, key);

	cJSON_AddStringToObject(pair, "old", old);
	cJSON_AddStringToObject(pair, "new", fresh);
}

/* What the report of a program says about its image (docs/inject.schema.json). */
static cJSON *image_json(const struct oci *oci, const struct oci_program *program)
{
	const struct oci_image *image = &oci->images[program->image];
	const struct oci_layer *layer = &oci->layers[program->layer];
	cJSON *item = cJSON_CreateObject();
	char config[DIGEST_SIZE];

	digest_of(image->config.text, image->config.len, config);
	cJSON_AddStringToObject(item, "input", oci->path);
	cJSON_AddStringToObject(item, "output", oci->dest);
	cJSON_AddStringToObject(item, "platform", "linux/amd64");
	cJSON_AddStringToObject(item, "chosen_by", program->why);
	add_pair(item, "layer", layer->layer->digest, layer->fresh.digest);
	add_pair(item, "diff_id", layer->layer->diff_id, layer->fresh.diff_id);
	add_pair(item, "config", config, image->fresh_config);
	if (*image->digest)
		add_pair(item, "manifest", image->digest, image->fresh_digest);
	return item;
}

static void report(const struct oci *oci, cJSON *reports)
{
	for (size_t i = 0; i < oci->nprograms; i++) {
		struct oci_program *program = &oci->programs[i];

		if (!program->report)
			continue;
		cJSON_AddItemToObject(program->report, "image", image_json(oci, program));
		cJSON_AddItemToArray(reports, program->report);
		program->report = NULL;
	}
}

/* One line for each image that changed. */
static void say_changes(const struct oci *oci)
{
	char old[24], fresh[24];

	for (size_t i = 0; i < oci->nimages; i++) {
		const struct oci_image *image = &oci->images[i];

		if (!*image->fresh_config)
			continue;
		if (!*image->fresh_digest)
			fprintf(stderr, "%s: %s: config %s\n", oci->dest, image->label,
				oci_short(image->fresh_config, fresh));
		else if (!strcmp(image->digest, image->fresh_digest))
			fprintf(stderr, "%s: linux/amd64 %s: the same as before\n", oci->dest,
				oci_short(image->digest, old));
		else
			fprintf(stderr, "%s: linux/amd64 %s is now %s\n", oci->dest,
				oci_short(image->digest, old),
				oci_short(image->fresh_digest, fresh));
	}
}

int oci_command(const struct oci_options *options, const char *path, cJSON *reports)
{
	struct oci oci;
	int code = EXIT_DONE, lock_fd;

	lock(path, &lock_fd);

	struct err *err = run(&oci, options, path, reports != NULL, &code);

	if (err)
		code = cmd_report(err);
	else if (reports)
		report(&oci, reports);
	else
		say_changes(&oci);
	oci_free(&oci);
	if (lock_fd >= 0)
		close(lock_fd);
	return code;
}

struct err *oci_explain(struct err *err, const char *path)
{
	if (!err || !store_is_image(path))
		return err;
	err_free(err);
	return err_new("%s: a container image or an archive, of which only `probes inject` takes "
		       "programs out; give the program itself (docs/images.md)", path);
}
