/* SPDX-License-Identifier: MIT */
/* `probes verify`: proves that an injected program is what its records say. */
#include <stddef.h>
#include <stdio.h>

#include "cmd.h"
#include "oci/command.h"
#include "options.h"
#include "patch/prove.h"

static const struct option_spec verify_options[] = { { 0 } };

static const struct command_spec verify_spec = {
	.name = "verify",
	.operands = "FILE...",
	.about = "Proves each injected FILE: the original is inside it byte for byte, each\n"
		 "changed byte is a jump to a trampoline that holds the displaced instructions,\n"
		 "and each note points at its site. Says what is wrong and where, else one line\n"
		 "per file.",
	.options = verify_options,
	.min_operands = 1,
};

static struct err *verify(const char *path)
{
	struct image *image = NULL;
	struct meta *meta = NULL;
	struct err *err = image_open(path, &image);

	if (!err)
		err = meta_read(image, true, &meta);
	if (!err && !meta)
		err = err_new("%s: not injected by probes; run `probes inject %s`", path, path);
	if (!err)
		err = prove_file(image, meta);
	if (!err)
		printf("%s: ok, %zu probes, %zu sites, %s, probes %s\n", path, meta->nprobes,
		       meta->nsites, meta->go_version, meta->tool_version);
	meta_free(meta);
	image_close(image);
	return err;
}

int cmd_verify(int argc, char **argv)
{
	struct options opts = options_start(&verify_spec, argc, argv);
	int id, code = EXIT_DONE;

	while ((id = options_next(&opts)) > 0)
		;
	if (id == OPTIONS_STOP)
		return opts.exit_code;
	for (int i = opts.first; i < argc; i++)
		if (cmd_report(oci_explain(verify(argv[i]), argv[i])))
			code = EXIT_FAILED;
	return code;
}
