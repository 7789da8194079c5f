/* SPDX-License-Identifier: MIT */
/* `probes strip`: gives back the original program. */
#include <stddef.h>

#include "cmd.h"
#include "oci/command.h"
#include "options.h"
#include "patch/original.h"
#include "patch/write.h"

static const struct option_spec strip_options[] = {
	{ 'o', "output", "OUT", "write the original to OUT; the default replaces FILE" },
	{ 0 },
};

static const struct command_spec strip_spec = {
	.name = "strip",
	.operands = "FILE...",
	.about = "Gives back each program as it was before `probes inject`, byte for byte.",
	.options = strip_options,
	.min_operands = 1,
};

static struct err *write_original(const struct image *image, const struct image *original,
				  const char *dest)
{
	struct newfile file;
	struct err *err;

	TRY(newfile_begin(dest, original, &file));
	err = newfile_wait(&file);
	if (err) {
		newfile_abort(&file);
		return err;
	}
	return newfile_commit(&file, image);
}

static struct err *strip(const char *path, const char *dest)
{
	struct image *image = NULL, *original = NULL;
	struct meta *meta = NULL;
	struct err *err = image_open(path, &image);

	if (!err)
		err = meta_read(image, true, &meta);
	if (!err && !meta)
		err = err_new("%s: not injected by probes, there is nothing to strip", path);
	if (!err)
		err = original_open(image, meta, &original);
	if (!err)
		err = write_original(image, original, dest);
	image_close(original);
	meta_free(meta);
	image_close(image);
	return err;
}

int cmd_strip(int argc, char **argv)
{
	struct options opts = options_start(&strip_spec, argc, argv);
	const char *out = NULL;
	int id, code = EXIT_DONE;

	while ((id = options_next(&opts)) > 0)
		out = opts.value;
	if (id == OPTIONS_STOP)
		return opts.exit_code;
	if (out && argc - opts.first > 1)
		return options_usage_error(&strip_spec, "-o takes one FILE, not %d",
					   argc - opts.first);
	for (int i = opts.first; i < argc; i++)
		if (cmd_report(oci_explain(strip(argv[i], out ? out : argv[i]), argv[i])))
			code = EXIT_FAILED;
	return code;
}
