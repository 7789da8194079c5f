/* SPDX-License-Identifier: MIT */
/*
 * Which programs of an image are meant. Without a word from the user it is the one that the
 * image runs: the first of the words of Entrypoint and Cmd that names a Go program, so that
 * `tini -- app` and an entrypoint script with the program behind it work too, and of what is
 * given to `sh -c` its first such word.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "oci/oci.h"

/* What container runtimes take when the image names none. */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define PROGRAMS_SHOWN 8
#define WORDS_MAX 1000      /* of a command line, that are looked at */
#define SEARCH_MAX 4096     /* bytes of PATH, likewise */

/* The choice for one image. */
struct choice {
	struct oci *oci;
	size_t image;
	struct rootfs *rootfs;
	const char *pattern; /* while the files are gone through */
	size_t found;
	struct buf names;    /* of Go programs, for the message that none was found */
	size_t nnames;
	size_t nwords;       /* looked at */
};

static bool is_program(const struct choice *choice, const struct rootfs_file *file)
{
	const struct layer_entry *entry = rootfs_entry(choice->rootfs, file);

	return entry->go && entry->executable;
}

/* Adds it to what is to be replaced in its layer. Takes the path. */
static void take(struct choice *choice, struct rootfs_file file, const char *why)
{
	struct oci *oci = choice->oci;
	size_t index = oci->images[choice->image].layers[file.layer];
	struct oci_layer *layer = &oci->layers[index];
	bool known = false;

	for (size_t i = 0; i < layer->nfiles; i++)
		known |= layer->files[i].entry == file.entry;
	for (size_t i = 0; known && i < oci->nprograms; i++)
		if (oci->programs[i].image == choice->image && oci->programs[i].layer == index &&
		    oci->programs[i].entry == file.entry) {
			free(file.path); /* named twice, or another hard link to it */
			choice->found++;
			return;
		}
	if (!known) {
		mem_grow(&layer->files, layer->nfiles, &layer->cap, sizeof(*layer->files));
		layer->files[layer->nfiles++] = (struct layer_file){ .entry = file.entry,
								     .fd = -1 };
	}
	mem_grow(&oci->programs, oci->nprograms, &oci->programs_cap, sizeof(*oci->programs));
	oci->programs[oci->nprograms++] = (struct oci_program){
		.path = file.path, .image = choice->image, .layer = index,
		.entry = file.entry, .why = why,
	};
	choice->found++;
}

static const cJSON *run_config(const struct choice *choice)
{
	return json_object(choice->oci->images[choice->image].config.root, "config");
}

/* The value of PATH in the image's environment. */
static const char *search_path(const struct choice *choice)
{
	const cJSON *env;

	cJSON_ArrayForEach(env, json_array(run_config(choice), "Env"))
		if (cJSON_IsString(env) && !strncmp(env->valuestring, "PATH=", 5))
			return env->valuestring + 5;
	return DEFAULT_PATH;
}

/* The file that a word of a command line runs, found as runtimes do. */
static bool look_up(const struct choice *choice, const char *word, struct rootfs_file *file_ret)
{
	const char *cwd = json_string(run_config(choice), "WorkingDir");
	const char *start = search_path(choice), *at = start;

	if (strchr(word, '/'))
		return rootfs_find(choice->rootfs, cwd, word, file_ret);
	for (size_t len; *word && *at && at - start < SEARCH_MAX; at += len + (at[len] != '\0')) {
		len = strcspn(at, ":");

		char *path = mem_printf("%.*s/%s", (int)len, len ? at : ".", word);
		bool found = rootfs_find(choice->rootfs, cwd, path, file_ret);

		free(path);
		if (found && rootfs_entry(choice->rootfs, file_ret)->executable)
			return true;
		if (found)
			free(file_ret->path);
	}
	return false;
}

/* Takes the word when it names a Go program. */
static bool take_word(struct choice *choice, const char *word, const char *why)
{
	struct rootfs_file file;

	if (choice->nwords++ >= WORDS_MAX || !look_up(choice, word, &file))
		return false;
	if (is_program(choice, &file)) {
		take(choice, file, why);
		return true;
	}
	free(file.path);
	return false;
}

/* The words of a shell's command, as far as blanks and quotes tell. */
static bool take_shell(struct choice *choice, const char *command, const char *why)
{
	static const char blanks[] = " \t\n;&|()\"'";
	bool taken = false;

	while (!taken && *(command += strspn(command, blanks))) {
		size_t len = strcspn(command, blanks);
		char *word = mem_strndup(command, len);

		taken = take_word(choice, word, why);
		free(word);
		command += len;
	}
	return taken;
}

static bool take_words(struct choice *choice, const char *key)
{
	const cJSON *words = json_array(run_config(choice), key), *word;
	const char *before = "";

	cJSON_ArrayForEach(word, words) {
		if (!cJSON_IsString(word))
			continue;
		if (take_word(choice, word->valuestring, key) ||
		    (!strcmp(before, "-c") && take_shell(choice, word->valuestring, key)))
			return true;
		before = word->valuestring;
	}
	return false;
}

static void match(struct rootfs_file file, void *context)
{
	struct choice *choice = context;

	if (is_program(choice, &file) && !fnmatch(choice->pattern, file.path, FNM_PATHNAME))
		take(choice, file, "--in-image");
	else
		free(file.path);
}

static void name_program(struct rootfs_file file, void *context)
{
	struct choice *choice = context;

	if (is_program(choice, &file) && ++choice->nnames <= PROGRAMS_SHOWN)
		buf_printf(&choice->names, "%s%s", choice->nnames > 1 ? ", " : "", file.path);
	free(file.path);
}

/* A path without globs, which may lead through links. */
static void take_path(struct choice *choice, const char *path)
{
	struct rootfs_file file;

	if (!rootfs_find(choice->rootfs, "", path, &file))
		return;
	if (rootfs_entry(choice->rootfs, &file)->go)
		take(choice, file, "--in-image");
	else
		free(file.path);
}

static void choose(struct choice *choice, const char *const *given, int ngiven, size_t *hits)
{
	if (!ngiven && !take_words(choice, "Entrypoint"))
		take_words(choice, "Cmd");
	for (int i = 0; i < ngiven; i++) {
		size_t before = choice->found;

		choice->pattern = given[i];
		if (strpbrk(given[i], "*?["))
			rootfs_each(choice->rootfs, match, choice);
		else
			take_path(choice, given[i]);
		hits[i] += choice->found - before;
	}
}

/* The command line that the image has, for messages. */
static char *command_line(const struct choice *choice)
{
	static const char *const keys[] = { "Entrypoint", "Cmd" };
	struct buf line = { 0 };
	const cJSON *word;

	for (int i = 0; i < 2; i++)
		cJSON_ArrayForEach(word, json_array(run_config(choice), keys[i]))
			if (cJSON_IsString(word) && line.len < 200)
				buf_printf(&line, "%s%.80s", line.len ? " " : "",
					   word->valuestring);
	buf_u8(&line, 0);
	return (char *)line.data;
}

/* An image without a program: a line about it. */
static void say_none(struct choice *choice, int ngiven)
{
	const char *label = choice->oci->images[choice->image].label;
	char *line = command_line(choice);
	struct buf why = { 0 };

	rootfs_each(choice->rootfs, name_program, choice);
	buf_u8(&choice->names, 0);
	if (ngiven)
		buf_text(&why, "no Go program is where --in-image says");
	else if (*line)
		buf_printf(&why, "what it runs is no Go program: %s", line);
	else
		buf_text(&why, "it has neither Entrypoint nor Cmd");
	buf_str(&why, choice->nnames ? "; choose with --in-image among: " :
		"; there is no Go program in it");
	oci_say(choice->oci, "%s: %s%s%s", label, (char *)why.data, (char *)choice->names.data,
		choice->nnames > PROGRAMS_SHOWN ? ", ..." : "");
	buf_free(&why);
	free(line);
}

static struct err *choose_in(struct choice *choice, const char *const *given, int ngiven,
			     size_t *hits)
{
	struct oci *oci = choice->oci;
	const struct oci_image *image = &oci->images[choice->image];

	for (size_t i = 0; i < image->nlayers; i++)
		TRY(err_prefix(rootfs_add(choice->rootfs, oci->layers[image->layers[i]].layer,
					  oci->layers[image->layers[i]].name), "%s", oci->path));
	choose(choice, given, ngiven, hits);
	if (!choice->found)
		say_none(choice, ngiven);
	return NULL;
}

static struct err *check_programs(const struct oci *oci)
{
	for (size_t i = 0; i < oci->nprograms; i++) {
		const struct oci_program *program = &oci->programs[i];
		const struct oci_layer *layer = &oci->layers[program->layer];

		if (layer->layer->entries[program->entry].sparse)
			return err_new("%s: %s is stored as a sparse file in its layer, which "
				       "cannot be replaced; build the image anew without",
				       oci->path, program->path);
	}
	return NULL;
}

struct err *oci_choose(struct oci *oci, const char *const *given, int ngiven)
{
	size_t *hits = mem_zalloc(((size_t)ngiven + 1) * sizeof(*hits));
	struct err *err = NULL;

	for (size_t i = 0; i < oci->nimages && !err; i++) {
		struct choice choice = { .oci = oci, .image = i, .rootfs = rootfs_new() };

		err = choose_in(&choice, given, ngiven, hits);
		rootfs_free(choice.rootfs);
		buf_free(&choice.names);
	}
	for (int i = 0; i < ngiven && !err; i++)
		if (!hits[i])
			err = err_code(EXIT_NO_MATCH, "%s: no Go program at %s in it; the file is "
				       "unchanged", oci->path, given[i]);
	free(hits);
	if (!err && !oci->nprograms)
		err = err_code(EXIT_NO_MATCH, "%s: no program chosen; the file is unchanged",
			       oci->path);
	return err ? err : check_programs(oci);
}
