/* SPDX-License-Identifier: MIT */
/* Takes the chosen programs out of their layers, injects them, and makes the layers anew. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "oci/oci.h"

const char *oci_temp_folder(void)
{
	const char *folder = getenv("TMPDIR");

	return folder && *folder ? folder : "/tmp";
}

char *oci_folder_of(const char *path)
{
	char *real = realpath(path, NULL), *copy = real ? real : mem_strdup(path);
	char *folder = mem_strdup(dirname(copy));

	free(copy);
	return folder;
}

struct err *oci_temp(const char *folder, int *fd_ret)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
		char *name = mem_printf("%s/.probes~XXXXXX", folder);

		fd = mkostemp(name, O_CLOEXEC);
		if (fd >= 0)
			unlink(name);
		free(name);
	}
	if (fd < 0)
		return err_sys(errno, "cannot write to folder %s", folder);
	*fd_ret = fd;
	return NULL;
}

/* The message with what users know in place of the temporary file's path. */
static void name_program(struct err *err, const char *temp, const char *label)
{
	struct buf text = { 0 };
	const char *at = err->message, *hit;

	for (; (hit = strstr(at, temp)); at = hit + strlen(temp)) {
		buf_put(&text, at, (size_t)(hit - at));
		buf_text(&text, label);
	}
	buf_str(&text, at);
	free(err->message);
	err->message = (char *)text.data;
}

/* Opens what was made, which needs its name no more. */
static struct err *take_output(const char *path, int *fd_ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int why = errno;

	unlink(path);
	if (fd < 0)
		return err_sys(why, "%s: cannot open", path);
	*fd_ret = fd;
	return NULL;
}

/* Every image of which the file is a program has it injected now. */
static void mark_done(struct oci *oci, size_t layer, size_t entry, const cJSON *report)
{
	for (size_t i = 0; i < oci->nprograms; i++) {
		struct oci_program *program = &oci->programs[i];

		if (program->layer != layer || program->entry != entry)
			continue;
		program->done = true;
		program->report = report ? cJSON_Duplicate(report, true) : NULL;
	}
}

/* The first program that is this file: the name in messages. */
static const struct oci_program *program_of(const struct oci *oci, size_t layer, size_t entry)
{
	for (size_t i = 0; i < oci->nprograms; i++)
		if (oci->programs[i].layer == layer && oci->programs[i].entry == entry)
			return &oci->programs[i];
	return NULL;
}

static void report(struct oci *oci, struct injection *injection, size_t layer, size_t entry,
		   const char *label, bool json)
{
	const struct oci_program *program = program_of(oci, layer, entry);
	cJSON *item = NULL;

	injection->report.input = program->path;
	injection->report.output_path = label;
	if (json) {
		injection->report.output_path = program->path;
		item = report_json(&injection->report);
	} else {
		report_text(&injection->report, stderr);
	}
	mark_done(oci, layer, entry, item);
	cJSON_Delete(item);
}

/* Where all can write, nobody can have put a link in the way of such a name. */
static char *unguessed_name(const char *folder)
{
	unsigned long long random[2] = { 0 };

	if (getrandom(random, sizeof(random), 0) < 0)
		random[0] = (unsigned long long)getpid();
	return mem_printf("%s/.probes~%016llx%016llx", folder, random[0], random[1]);
}

/* One program: its file gives way to the injected one. */
static struct err *inject_file(struct oci *oci, const struct injection_settings *set, bool json,
			       size_t layer, struct layer_file *file, int *code)
{
	struct injection_settings own = *set;
	struct injection injection = { 0 };
	char *label = mem_printf("%s:%s", oci->path, program_of(oci, layer, file->entry)->path);
	char *input = mem_printf("/proc/self/fd/%d", file->fd);
	char *output = unguessed_name(oci_temp_folder());
	struct injection_files files = { .input = input, .output = output };
	struct err *err;

	own.unsynced = true;
	own.digests |= json;
	err = injection_run(&own, &files, &injection);
	if (!err) {
		report(oci, &injection, layer, file->entry, label, json);
		if (set->strict && report_refused(injection.plan))
			*code = EXIT_REFUSED;
	}
	injection_free(&injection);
	if (!err) {
		close(file->fd);
		file->fd = -1;
		err = take_output(output, &file->fd);
	}
	if (err) {
		name_program(err, input, label);
		name_program(err, output, label);
	}
	free(label);
	free(input);
	free(output);
	return err;
}

static struct err *take_out(struct oci *oci, struct oci_layer *layer, const struct place *place)
{
	for (size_t i = 0; i < layer->nfiles; i++)
		TRY(oci_temp(oci_temp_folder(), &layer->files[i].fd));

	char *name = mem_printf("%s: %s", oci->path, layer->name);
	struct err *err = layer_extract(place, name, layer->files, layer->nfiles);

	free(name);
	return err;
}

static void drop_file(struct oci_layer *layer, size_t index)
{
	close(layer->files[index].fd);
	layer->nfiles--;
	memmove(&layer->files[index], &layer->files[index + 1],
		(layer->nfiles - index) * sizeof(*layer->files));
}

/* Injects the layer's programs; those that no probe fits stay as they are. */
static struct err *inject_files(struct oci *oci, const struct injection_settings *set, bool json,
				size_t index, int *code)
{
	struct oci_layer *layer = &oci->layers[index];

	for (size_t i = 0; i < layer->nfiles;) {
		struct err *err = inject_file(oci, set, json, index, &layer->files[i], code);

		if (err && err->code != EXIT_NO_MATCH)
			return err;
		if (!err) {
			i++;
			continue;
		}
		fprintf(stderr, "probes: %s\n", err->message);
		err_free(err);
		drop_file(layer, i);
		*code = EXIT_NO_MATCH;
	}
	return NULL;
}

/* The name that the new layer has: the old one's, with the new digest where the old stood. */
static char *fresh_name(const struct oci_layer *layer)
{
	char *name = mem_strdup(layer->name), *hit;

	if ((hit = strstr(name, layer->layer->digest + 7)))
		memcpy(hit, layer->fresh.digest + 7, 64);
	else if ((hit = strstr(name, layer->layer->diff_id + 7)))
		memcpy(hit, layer->fresh.diff_id + 7, 64);
	return name;
}

static struct err *make_layer(struct oci *oci, struct oci_layer *layer, const struct place *place)
{
	char *name = mem_printf("%s: %s", oci->path, layer->name);
	char *folder = oci_folder_of(oci->dest);
	int fd = -1;
	struct err *err = err_prefix(oci_temp(folder, &fd), "%s", oci->path);

	if (!err)
		err = layer_renew(place, name, layer->files, layer->nfiles, fd, &layer->fresh);
	free(name);
	free(folder);
	if (err) {
		if (fd >= 0)
			close(fd);
		return err;
	}
	layer->renewed = true;
	layer->fresh_name = fresh_name(layer);
	mem_grow(&oci->fresh, oci->nfresh, &oci->fresh_cap, sizeof(*oci->fresh));
	oci->fresh[oci->nfresh++] = (struct oci_fresh){
		.name = mem_strdup(layer->fresh_name), .old_name = mem_strdup(layer->name),
		.fd = fd, .size = layer->fresh.size,
	};
	return NULL;
}

static void forget_files(struct oci_layer *layer)
{
	for (size_t i = 0; i < layer->nfiles; i++)
		if (layer->files[i].fd >= 0)
			close(layer->files[i].fd);
	layer->nfiles = 0;
}

static struct err *inject_layer(struct oci *oci, const struct injection_settings *set, bool json,
				size_t index, int *code)
{
	struct oci_layer *layer = &oci->layers[index];
	struct place place;
	struct err *err = store_find(&oci->store, layer->name, &place);

	if (!err)
		err = take_out(oci, layer, &place);
	if (!err)
		err = inject_files(oci, set, json, index, code);
	if (!err && layer->nfiles)
		err = make_layer(oci, layer, &place);
	place_close(&place);
	forget_files(layer);
	return err;
}

struct err *oci_inject(struct oci *oci, const struct injection_settings *set, bool json,
		       int *code_ret)
{
	*code_ret = EXIT_DONE;
	for (size_t i = 0; i < oci->nlayers; i++)
		if (oci->layers[i].nfiles)
			TRY(inject_layer(oci, set, json, i, code_ret));
	if (!oci->nfresh)
		return err_code(EXIT_NO_MATCH, "%s: nothing was injected; the file is unchanged",
				oci->path);
	return NULL;
}

static void free_images(struct oci *oci)
{
	for (size_t i = 0; i < oci->nimages; i++) {
		free(oci->images[i].label);
		json_close(&oci->images[i].config);
		free(oci->images[i].config_name);
		free(oci->images[i].layers);
	}
	free(oci->images);
}

void oci_free(struct oci *oci)
{
	free_images(oci);
	for (size_t i = 0; i < oci->nlayers; i++) {
		forget_files(&oci->layers[i]);
		free(oci->layers[i].files);
		free(oci->layers[i].name);
		free(oci->layers[i].fresh_name);
		layer_free(oci->layers[i].layer);
	}
	free(oci->layers);
	for (size_t i = 0; i < oci->nprograms; i++) {
		free(oci->programs[i].path);
		cJSON_Delete(oci->programs[i].report);
	}
	free(oci->programs);
	for (size_t i = 0; i < oci->nfresh; i++) {
		free(oci->fresh[i].name);
		free(oci->fresh[i].old_name);
		free(oci->fresh[i].text);
		if (oci->fresh[i].fd >= 0)
			close(oci->fresh[i].fd);
	}
	free(oci->fresh);
	free(oci->changes);
	oci_names_free(&oci->seen);
	store_close(&oci->store);
}
