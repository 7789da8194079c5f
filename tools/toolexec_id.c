/* SPDX-License-Identifier: MIT */
/* What the linker answers to -V=full: Go's build cache goes by it. */
#include <sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "elf/note.h"
#include "toolexec.h"
#include "toolexec_run.h"
#include "version.h"

#define SELF "/proc/self/exe"

/* Each text with its NUL, so that no two lists of texts read alike. */
static void add_text(SHA2_CTX *sum, const char *text)
{
	SHA256Update(sum, (const uint8_t *)text, strlen(text) + 1);
}

static struct err *take_build_id(const struct image *image, const struct note *note, void *arg,
				 bool *stop)
{
	struct cursor *desc = arg;

	(void)image;
	*desc = note->desc;
	*stop = true;
	return NULL;
}

/* This program: its GNU build id, or all of it when it was linked without one. */
static struct err *add_program(SHA2_CTX *sum)
{
	struct image *image = NULL;
	struct cursor id = { 0 };
	char all[72];

	TRY(image_open(SELF, &image));

	struct err *err = note_each(image, ".note.gnu.build-id", "GNU", take_build_id, &id);

	if (!err && id.len) {
		SHA256Update(sum, id.data, id.len);
	} else if (!err) {
		report_digest(image, all);
		add_text(sum, all);
	}
	image_close(image);
	return err;
}

struct err *toolexec_digest(const struct toolexec *set, char digest_ret[TOOLEXEC_DIGEST])
{
	const struct injection_settings *how = &set->how;
	char defs[DEF_DIGEST_SIZE], digest[SHA256_DIGEST_STRING_LENGTH];
	SHA2_CTX sum;

	def_digest(how->defs, defs);
	SHA256Init(&sum);
	add_text(&sum, PROBES_VERSION);
	TRY(add_program(&sum));
	add_text(&sum, how->record);
	add_text(&sum, how->strict ? "strict" : "");
	add_text(&sum, how->every ? "every" : "");
	add_text(&sum, defs);
	SHA256End(&sum, digest);
	memcpy(digest_ret, digest, TOOLEXEC_DIGEST - 1);
	digest_ret[TOOLEXEC_DIGEST - 1] = '\0';
	return NULL;
}

/*
 * Go takes the whole line of a release, and of a development version what stands behind
 * the last slash of the last field, buildID=A/B.
 */
static void print_answer(char *line, const char *digest)
{
	line[strcspn(line, "\n")] = '\0';

	const char *last = strrchr(line, ' ');
	bool devel = last && !strncmp(last, " buildID=", strlen(" buildID="));

	printf("%s%sgoprobes=%s\n", line, devel ? "-" : " ", digest);
}

int toolexec_answer(const struct toolexec *set, const char *digest)
{
	char *line = NULL;
	int code = toolexec_run(set->tool, &line, false);

	if (!code)
		print_answer(line, digest);
	free(line);
	return code;
}
