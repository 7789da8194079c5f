/* SPDX-License-Identifier: MIT */
/* Puts one BPF program on many sites: one link for each file where the kernel can. */
#ifndef TRACER_ATTACH_H
#define TRACER_ATTACH_H

#include <bpf/libbpf.h>

#include "base/err.h"
#include "tracer/selection.h"

/* The attach type by which a program says that it is for many uprobes (Linux 6.6). */
#define ATTACH_UPROBE_MULTI 48

/* Whether this kernel has uprobe_multi links; finds out by asking for one that is wrong. */
bool attach_has_multi(void);

struct attachment;

/*
 * Attaches `program` to all sites of the selection, each with its index in sel->sites as cookie;
 * `multi` as the program was loaded. With a pid other processes are left alone where the
 * kernel can. The caller owns the result. Errors name the site or file, and what is missing.
 */
struct err *attach_sites(const struct selection *sel, struct bpf_program *program, bool multi,
			 int pid, struct attachment **attachment_ret);
void attach_free(struct attachment *attachment); /* NULL is fine; detaches */

#endif
