/* SPDX-License-Identifier: MIT */
/*
 * The pass in the Go toolchain. `go build -toolexec="probes toolexec"` runs each of its
 * tools as `probes toolexec TOOL ARGUMENT...`:
 *
 *	link -V=full     the linker's answer, with a digest of all that decides what the pass
 *	                 does: so Go's build cache is right (cmd/go/internal/work/buildid.go)
 *	link ...         the linker, then the pass on its output
 *	anything else    the tool itself, at once
 */
#ifndef TOOLS_TOOLEXEC_H
#define TOOLS_TOOLEXEC_H

#include <stdbool.h>

#include "base/err.h"
#include "injection.h"

struct toolexec {
	struct injection_settings how;
	bool verbose; /* say what was injected; go prints what a tool prints */
	char **tool;  /* the tool and its arguments, NULL at the end; borrowed */
};

/* What the arguments of a link say. Strings are borrowed from them, or constants. */
struct link_args {
	const char *out;
	const char *build_mode; /* "exe" unless told */
	const char *build_id;   /* "" unless told */
};

/* Reads them as Go's package flag does; argv[0] is the linker. */
struct link_args link_args_of(char *const *argv);

/*
 * The hexadecimal digest of all that decides what the pass makes of a link: this program,
 * the settings, all definitions. digest_ret takes TOOLEXEC_DIGEST bytes.
 */
#define TOOLEXEC_DIGEST 33
struct err *toolexec_digest(const struct toolexec *set, char digest_ret[TOOLEXEC_DIGEST]);

/* The tool's answer to -V=full, one line without its end, with the digest in it; owned. */
char *toolexec_answer(const char *line, const char *digest);

/* `link` with whatever arguments. Returns the exit code. */
int toolexec_link(struct toolexec *set);

#endif
