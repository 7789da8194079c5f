/* SPDX-License-Identifier: MIT */
/*
 * The pass in the Go toolchain. `go build -toolexec="probes toolexec"` runs each of its
 * tools as `probes toolexec TOOL ARGUMENT...`:
 *
 *	link -V=full     the linker's answer, with a digest of all that decides what the pass
 *	                 does: so Go's build cache is right (cmd/go/internal/work/buildid.go)
 *	link ...         the linker, then the pass on its output
 *	anything else    the tool itself, at once
 *
 * and with --mode inline
 *
 *	compile -V=full  finds or makes the patched compiler (toolchain/toolchain.h) and the
 *	                 list of functions; the answer has a digest of both
 *	compile ...      the patched compiler
 */
#ifndef TOOLS_TOOLEXEC_H
#define TOOLS_TOOLEXEC_H

#include <stdbool.h>

#include "base/err.h"
#include "injection.h"

struct toolexec {
	struct injection_settings how;
	bool verbose;       /* say what was injected; go prints what a tool prints */
	bool no_own;        /* no definitions of the modules that are built */
	const char *module; /* a folder of theirs, NULL: where the go command runs */
	char **tool;        /* the tool and its arguments, NULL at the end; borrowed */

	/* Owned. */
	char **modules;
	size_t nmodules;
	char *files[INJECTION_MAX_GIVEN];
};

/* The go command that runs us, perhaps by way of other programs. */
struct go_command {
	int pid;
	unsigned long long started; /* in clock ticks since boot: no other process has both */
	char *folder;               /* where it runs; owned */
};

struct go_command toolexec_go(void);

/* Loads the definitions: built-in, of the modules, of -d. */
struct err *toolexec_load(struct toolexec *set);
void toolexec_free(struct toolexec *set);

/* What goes on standard error about a program: "probes: PROGRAM: MESSAGE". `out` is what the
 * linker calls it, when go does not say. */
void toolexec_say(const char *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * The hexadecimal digest of all that decides what the pass makes of a link: this program,
 * the settings, all definitions. digest_ret takes TOOLEXEC_DIGEST bytes.
 */
#define TOOLEXEC_DIGEST 33
struct err *toolexec_digest(const struct toolexec *set, char digest_ret[TOOLEXEC_DIGEST]);

/* Runs the tool, which was asked for its version, and prints its answer with the digest in
 * it. Returns the exit code. */
int toolexec_answer(const struct toolexec *set, const char *digest);

/* Whether the tool is only asked for its version. */
bool toolexec_asked_version(const struct toolexec *set);

/* Whether go builds for the one system and machine that we know. */
bool toolexec_known_target(void);

/* `link` and, in mode inline, `compile` with whatever arguments. Return the exit code. */
int toolexec_link(struct toolexec *set);
int toolexec_compile(struct toolexec *set);

/* Why the compiler that belongs to this linker leaves no nops, in mode inline; NULL when it does.
 * Owned by the caller. The definitions are loaded. */
char *toolexec_not_in_place(struct toolexec *set);

/* Makes the patched compiler of a go command ahead of time, telling what goes on. */
int toolexec_prepare(const char *go);

/*
 * Links the program again, with the DWARF that its flags leave out. *path_ret is the new
 * file, owned by the caller, who unlinks it; NULL when the program has DWARF itself.
 */
struct err *toolexec_link_debug(char *const *argv, const char *out, char **path_ret);

#endif
