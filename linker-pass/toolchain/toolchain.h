/* SPDX-License-Identifier: MIT */
/*
 * The Go compiler that leaves nops where probes stand ("in-place sites"), made from the
 * sources of the user's own Go installation.
 *
 * `probes` carries patches against Go releases (linker-pass/toolchain/go1.N.patch). One is
 * applied in memory to the sources below GOROOT, the result is built with
 * `go build -overlay`, and kept in a folder of the user's:
 *
 *	$GOPROBES_CACHE, or $XDG_CACHE_HOME/goprobes, or ~/.cache/goprobes
 *	  compile/go1.26.8-DIGEST/compile  the compiler
 *	                          refused  or the line that says why there is none
 *	                          lock     held by who builds it
 *	  sites/DIGEST                     lists of functions
 *
 * DIGEST stands for Go's version, the patch and the original compiler (its size and first
 * page, where its build id is). Nothing is ever written into GOROOT.
 */
#ifndef TOOLCHAIN_TOOLCHAIN_H
#define TOOLCHAIN_TOOLCHAIN_H

#include <stdbool.h>

#include "base/err.h"
#include "probe/def.h"

/* Told, before a compiler is built, what is going on: one line without its end. */
typedef void toolchain_notice_fn(const char *line);

/*
 * The patched one of the compiler at the path `compile` (GOROOT/pkg/tool/linux_amd64/compile,
 * symbolic links as they come), owned by the caller. Where it is there already, that costs a
 * few system calls; else it is built, which takes about a minute, and whoever wants it
 * meanwhile waits for it. `version` is Go's ("go1.26.8"; what follows the release, as in
 * "go1.26.8-corp", is fine), NULL to read it from GOROOT. `notice` may be NULL.
 *
 * Errors, one line each: no patch for this release; a hunk does not fit; the build fails; the
 * new compiler does not report the version that the original does. These are remembered, so
 * that the next call fails at once. Others may pass and are not: no sources in GOROOT, no
 * room, a build that was killed.
 */
struct err *toolchain_compiler(const char *compile, const char *version,
			       toolchain_notice_fn *notice, char **path_ret);

/* The minor of a version ("go1.26.8" gives 26, "devel go1.28-abc" 28); 0 when there is none. */
unsigned toolchain_minor(const char *version);

/*
 * What GOPROBES_SITES is to hold for the probes of `defs` with selected[i] (all when NULL) in
 * a Go minor (0: in any): a line "FLAGS SYMBOL" for each function, sorted by symbol. FLAGS
 * has e where a probe stands on its entry, r where one stands on its returns, n where it is
 * not to be inlined. The same input gives the same text; "" for nothing. Owned by the caller.
 */
char *toolchain_sites(const struct def_set *defs, const bool *selected, unsigned minor);

/* Puts the text into the cache, under its digest. The path is owned by the caller. */
struct err *toolchain_sites_file(const char *text, char **path_ret);

#endif
