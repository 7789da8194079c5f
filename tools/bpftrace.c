/* SPDX-License-Identifier: MIT */
/* A bpftrace script: what stands before, between and behind the blocks of its probes. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bpftrace_block.h"
#include "version.h"

enum { MAX_PLACES = 256 }; /* BPF_USDT_MAX_SPEC_CNT of libbpf's usdt.bpf.h */

/* What can stand between the quotes of a bpftrace string. */
static void put_quoted(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_u8(out, strchr("\"\\%", *text) || (uint8_t)*text < ' ' ? '_' : (uint8_t)*text);
}

/* Calls fn for each enum that a selected probe's word in reach of the script has. */
static void each_enum(struct script *script,
		      void (*fn)(struct script *, const struct meta_enum *))
{
	const struct listing *listing = script->listing;

	for (size_t i = 0; listing->meta && i < listing->meta->nenums; i++) {
		const struct meta_enum *numbers = &listing->meta->enums[i];
		bool used = false;

		for (size_t j = 0; j < listing->nprobes && !used; j++) {
			const struct meta_probe *meta = listing->probes[j].meta;

			for (int arg = 1; meta && arg < meta->nargs; arg++)
				used |= arg <= script->options->last_arg &&
					meta_find_enum(listing->meta, meta, arg) == numbers;
		}
		if (used)
			fn(script, numbers);
	}
}

static void put_names(struct script *script, const struct meta_enum *numbers)
{
	for (size_t i = 0; i < numbers->nvalues; i++) {
		script_text(script->out, "\t");
		script_enum(script->out, script->listing, numbers);
		buf_printf(script->out, "[%u] = \"", numbers->values[i].value);
		put_quoted(script->out, numbers->values[i].name);
		script_text(script->out, "\";\n");
	}
}

static void clear_names(struct script *script, const struct meta_enum *numbers)
{
	script_text(script->out, "\tclear(");
	script_enum(script->out, script->listing, numbers);
	script_text(script->out, ");\n");
}

/* The maps that END would otherwise print. */
static void put_clears(struct script *script)
{
	const struct listing *listing = script->listing;

	if (!script->options->hist)
		each_enum(script, clear_names);
	for (size_t i = 0; i < listing->nprobes; i++) {
		const struct list_probe *probe = &listing->probes[i];

		const struct list_probe *other = script_partner(script, probe);

		if (!other || strlen(other->name) > strlen(probe->name))
			continue; /* no pair, or its end, which has the shorter name */
		script_text(script->out, "\tclear(");
		script_map(script->out, probe, "start");
		script_text(script->out, ");\n");
	}
}

/*
 * Where bpftrace finds the file: of a process, through /proc, as bpftrace 0.27 attaches twice
 * when it is given -p and an absolute path that the process has too. Quoted where needed.
 */
static struct err *find_file(const struct listing *listing, char **file_ret)
{
	const char *file = listing->image->path;

	if (strpbrk(file, "\":*?[]{}\\\n"))
		return err_new("%s: bpftrace has no way to write this file name; give the file "
			       "another name or a symbolic link", file);
	const char *quote = script_is_plain(file, "./-+@,") ? "" : "\"";

	/* A name without a slash would be looked for in PATH. */
	*file_ret = mem_printf("%s%s%s%s", quote, strchr(file, '/') ? "" : "./", file, quote);
	return NULL;
}

static void put_head(struct buf *out, const struct target *target,
		     const struct bpftrace_options *options, bool semaphores, size_t nplaces)
{
	script_text(out, "#!/usr/bin/env bpftrace\n// Probes of ");
	script_comment(out, target->process ? "process " : "");
	script_comment(out, target->name);
	buf_printf(out, ", written by probes bpftrace %s. Run it as root:\n", PROBES_VERSION);
	if (options->pid)
		buf_printf(out, "//   bpftrace -p %d FILE-OF-THIS\n", options->pid);
	else
		buf_printf(out, "//   bpftrace%s FILE-OF-THIS\n", semaphores ? " -p PID" : "");
	script_text(out, "// (bpftrace 0.24 and later: --no-warnings spares the remarks on "
			 "arithmetic.)\n");
	if (!options->hist)
		script_text(out, "// Lines: time, process, goroutine, probe, arguments. Processors "
				 "have a buffer each:\n// sort lines by time. Strings are cut at "
				 "BPFTRACE_STRLEN bytes (later\n// BPFTRACE_MAX_STRLEN); events "
				 "that come too fast need a larger BPFTRACE_PERF_RB_PAGES.\n");
	if (options->spans)
		script_text(out, "// Times are of a start and the next end on the same goroutine, "
				 "in microseconds.\n");
	if (nplaces > MAX_PLACES)
		buf_printf(out, "// bpftrace 0.24 and later cannot attach so many probes at a "
				"time: with them, select\n// fewer. (libbpf takes %d kinds of "
				"operands; these are %zu.)\n", MAX_PLACES, nplaces);
	if (semaphores)
		script_text(out, "// Some probes have semaphores: without -p they do not fire.\n");
}

static bool has_semaphores(const struct target *target)
{
	for (size_t i = 0; i < target->nlistings; i++)
		for (size_t j = 0; j < target->listings[i]->nprobes; j++)
			if (target->listings[i]->probes[j].sites[0].semaphore)
				return true;
	return false;
}

/* Calls fn for each file of the target, with the script set to it. */
static void each_file(struct script *script, const struct target *target,
		      void (*fn)(struct script *))
{
	for (size_t i = 0; i < target->nlistings; i++) {
		script->listing = target->listings[i];
		fn(script);
	}
}

static void put_all_names(struct script *script)
{
	if (!script->options->hist)
		each_enum(script, put_names);
}

static struct err *put_blocks(struct script *script, const struct target *target)
{
	for (size_t i = 0; i < target->nlistings; i++) {
		script->listing = target->listings[i];
		TRY(find_file(script->listing, &script->file));
		for (size_t j = 0; j < script->listing->nprobes; j++)
			script_block(script, &script->listing->probes[j]);
		free(script->file);
	}
	if (script->nprobes)
		return NULL;
	return err_code(EXIT_NO_MATCH, "%s: bpftrace can read none of the selected probes; "
			"`probes list -l` shows their operands", target->name);
}

struct err *bpftrace_script(struct buf *out, const struct target *target,
			    const struct bpftrace_options *options)
{
	struct buf blocks = { 0 };
	struct script script = { .out = &blocks, .options = options };
	struct err *err = put_blocks(&script, target);

	if (!err) {
		script.out = out;
		put_head(out, target, options, has_semaphores(target), script.nplaces);
		script_text(out, "\nBEGIN\n{\n");
		each_file(&script, target, put_all_names);
		buf_printf(out, "\tprintf(\"Tracing %zu probes. Ctrl-C ends it.\\n\");\n}\n",
			   script.nprobes);
		buf_put(out, blocks.data, blocks.len);
		blocks.len = 0;
		script.out = &blocks;
		each_file(&script, target, put_clears);
		if (blocks.len)
			buf_printf(out, "\nEND\n{\n%.*s}\n", (int)blocks.len, blocks.data);
	}
	buf_free(&blocks);
	return err;
}
