/* SPDX-License-Identifier: MIT */
/* Which sites, what to read there, and how start and end belong together. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "elf/sdt.h"
#include "probe/pattern.h"
#include "tracer/mapped.h"
#include "tracer/args.h"
#include "tracer/selection.h"

/* Pairs that names alone do not tell, or that are not found by the goroutine. Of several ends
 * of a start the first is preferred. */
static const struct pair {
	const char *provider, *start, *end;
	const char *key; /* argument of both; "" = one in a process at a time; NULL = goroutine */
} pairs[] = {
	{ "net_http", "server_request_start", "server_request_end", NULL },
	{ "net_http", "server_request_start", "server_handler_end", NULL },
	{ "runtime", "goroutine_park", "goroutine_unpark", NULL },
	{ "runtime", "stw_start", "stw_end", "" },
	{ "runtime", "gc_start", "gc_end", "" },
	{ "runtime_pprof", "cpu_profile_start", "cpu_profile_end", "" },
	{ "runtime_trace", "task_start", "task_end", "id" },
	{ "net_rpc", "client_call_start", "client_call_end", "call" },
};

enum { NPAIRS = sizeof(pairs) / sizeof(pairs[0]) };

/* Where the pair stands in the table, NPAIRS when the names tell it; -1 when it is none.
 * *key_ret is as in the table. */
static int pair_rank(const char *provider, const char *start, const char *end,
		     const char **key_ret)
{
	size_t stem = strlen(start) - (args_ends_with(start, "_start") ? strlen("_start") : 0);

	for (int i = 0; i < NPAIRS; i++)
		if (!strcmp(pairs[i].provider, provider) && !strcmp(pairs[i].start, start) &&
		    !strcmp(pairs[i].end, end)) {
			*key_ret = pairs[i].key;
			return i;
		}
	*key_ret = NULL;
	return args_ends_with(start, "_start") && args_ends_with(end, "_end") &&
	       strlen(end) == stem + strlen("_end") && !strncmp(start, end, stem) ? NPAIRS : -1;
}

/* Whether this site ends a function at whose entry the spans of the pair start. */
static bool ends_frame(const struct sel_probe *probe, const struct list_site *listed)
{
	const struct session_probe *start = probe->role == WIRE_END ? &probe->partner->seen : NULL;

	if (!start || !listed->meta || !start->listed->meta || start->listed->meta->at != 0)
		return false;
	for (size_t i = 0; i < start->listed->nsites; i++) {
		const struct meta_site *meta = start->listed->sites[i].meta;

		if (meta && meta->func_addr == listed->meta->func_addr)
			return true;
	}
	return false;
}

static struct err *take_site(struct selection *sel, struct sel_probe *probe, size_t file,
			     const struct list_site *listed)
{
	const struct image *image = probe->seen.listing->image;
	struct sel_site site = { .probe = probe, .listed = listed, .file = file };

	if (!image_offset(image, listed->pc, &site.offset))
		return err_new("%s: %s:%s stands at 0x%llx, which is nowhere in the file; run "
			       "`probes verify`", probe->seen.listing->path, listed->provider,
			       listed->name, (unsigned long long)listed->pc);
	if (listed->semaphore && !image_offset(image, listed->semaphore, &site.semaphore))
		return err_new("%s: the semaphore of %s:%s is nowhere in the file",
			       probe->seen.listing->path, listed->provider, listed->name);
	site.wire.role = (wire_u8)probe->role;
	site.wire.pair = probe->pair;
	site.wire.key = probe->key;
	site.wire.ntexts = probe->ntexts;
	memcpy(site.wire.text_at, probe->text_at, sizeof(probe->text_at));
	site.wire.pc = listed->pc;
	memcpy(site.wire.errors, probe->errors, sizeof(site.wire.errors));
	args_take_words(&site.wire, listed->args);
	site.wire.at_entry = probe->seen.listed->meta && probe->seen.listed->meta->at == 0;
	site.wire.ends_frame = ends_frame(probe, listed);
	mem_grow(&sel->sites, sel->nsites, &sel->sites_cap, sizeof(site));
	sel->sites[sel->nsites++] = site;
	return NULL;
}

static uint8_t key_word(const struct sel_probe *probe, const char *key)
{
	const struct meta_probe *meta = probe->seen.listed->meta;

	if (!key && !meta)
		return WIRE_BY_THREAD;
	if (!key)
		return meta->nargs && !strcmp(meta->args[0].name, "goid") ? 0 : WIRE_BY_G;
	for (size_t i = 0; i < probe->nargs; i++)
		if (!strcmp(probe->args[i].name, key))
			return probe->args[i].word;
	return WIRE_BY_PROCESS;
}

static void join(struct sel_probe *start, struct sel_probe *end, const char *key,
		 uint32_t number)
{
	const char *name = start->seen.listed->name;

	start->role = WIRE_START;
	end->role = WIRE_END;
	start->pair = end->pair = number;
	start->key = key_word(start, key);
	end->key = key_word(end, key);
	start->partner = end;
	end->partner = start;
	end->seen.ends_span = true;
	end->span_name = mem_strndup(name, strlen(name) -
				     (args_ends_with(name, "_start") ? strlen("_start") : 0));
	for (size_t i = 0; i < end->nargs; i++)
		for (size_t j = 0; j < start->nargs; j++)
			if (!strcmp(end->args[i].name, start->args[j].name)) {
				char *renamed = mem_printf("end_%s", end->args[i].name);

				free(end->renamed[end->args[i].word]);
				end->renamed[end->args[i].word] = renamed;
				end->args[i].name = renamed;
				break;
			}
}

static void join_pairs(struct selection *sel)
{
	uint32_t number = 0;

	for (size_t i = 0; i < sel->nprobes; i++) {
		struct sel_probe *start = &sel->probes[i], *best = NULL;
		const char *provider = start->seen.listed->provider, *key = NULL, *try;
		int lowest = NPAIRS + 1;

		for (size_t j = 0; j < sel->nprobes; j++) {
			struct sel_probe *end = &sel->probes[j];

			if (end->seen.listing != start->seen.listing ||
			    strcmp(end->seen.listed->provider, provider) || end->partner)
				continue;
			int rank = pair_rank(provider, start->seen.listed->name,
					     end->seen.listed->name, &try);

			if (rank < 0 || rank >= lowest)
				continue;
			best = end;
			lowest = rank;
			key = try;
		}
		if (best)
			join(start, best, key, ++number);
	}
}

/* Whether a pattern has the probe's name, or that of the span that it starts or ends. */
static bool is_named(const struct session_options *options, const struct list_probe *probe)
{
	bool named = pattern_match_any(options->patterns, options->npatterns, probe->provider,
				       probe->name);

	const char *half = args_ends_with(probe->name, "_start") ? "_start" : "_end";

	if (named || !args_ends_with(probe->name, half))
		return named;
	char *span = mem_strndup(probe->name, strlen(probe->name) - strlen(half));

	named = pattern_match_any(options->patterns, options->npatterns, probe->provider, span);
	free(span);
	return named;
}

/* Whether the probe is selected, or with spans the other half of one that is. */
static bool is_wanted(const struct session_options *options, const struct listing *listing,
		      const struct list_probe *probe)
{
	const char *key;

	if (is_named(options, probe))
		return true;
	for (size_t i = 0; options->spans && i < listing->nprobes; i++) {
		const struct list_probe *other = &listing->probes[i];

		if (strcmp(other->provider, probe->provider) || !is_named(options, other))
			continue;
		if (pair_rank(probe->provider, probe->name, other->name, &key) >= 0)
			return true;
		if (pair_rank(probe->provider, other->name, probe->name, &key) >= 0 &&
		    strcmp(probe->name, "server_handler_end"))
			return true;
	}
	return false;
}

/* What a file calls things goes to terminals, into JSON and into labels, so that it may not
 * hold quotes, control characters or what is no UTF-8. */
static void take_name(struct selection *sel, const char **name)
{
	if (utf8_is_name(*name, strlen(*name)))
		return;
	char *own = mem_strdup(*name);

	utf8_make_name(own);
	mem_grow(&sel->names, sel->nnames, &sel->names_cap, sizeof(*sel->names));
	sel->names[sel->nnames++] = own;
	*name = own;
}

static void take_names(struct selection *sel, struct listing *listing)
{
	for (size_t i = 0; i < listing->nsites; i++) {
		take_name(sel, &listing->sites[i].provider);
		take_name(sel, &listing->sites[i].name);
	}
	for (size_t i = 0; i < listing->nprobes; i++) {
		listing->probes[i].provider = listing->probes[i].sites->provider;
		listing->probes[i].name = listing->probes[i].sites->name;
	}
	for (size_t i = 0; listing->meta && i < listing->meta->nprobes; i++)
		for (int j = 0; j < listing->meta->probes[i].nargs; j++) {
			take_name(sel, &listing->meta->probes[i].args[j].name);
			take_name(sel, &listing->meta->probes[i].args[j].of);
		}
}

static struct err *read_file(struct selection *sel, const char *path, const char *name)
{
	struct listing *listing;
	size_t cap = sel->files_cap, programs_cap = cap;

	TRY(listing_read(path, name, NULL, 0, &listing));
	mem_grow(&sel->paths, sel->nfiles, &cap, sizeof(*sel->paths));
	mem_grow(&sel->listings, sel->nfiles, &sel->files_cap, sizeof(*sel->listings));
	mem_grow(&sel->programs, sel->nfiles, &programs_cap, sizeof(*sel->programs));
	take_names(sel, listing);
	sel->programs[sel->nfiles] = program_new(listing->image);
	sel->paths[sel->nfiles] = mem_strdup(path);
	sel->listings[sel->nfiles++] = listing;
	return NULL;
}

static struct err *read_files(struct selection *sel, const struct session_options *options)
{
	struct mapped_file *files;
	struct err *err = NULL;
	size_t n;

	if (options->file)
		return read_file(sel, options->file, options->file);
	TRY(mapped_files(options->pid, &files, &n));
	for (size_t i = 0; i < n && !err; i++) {
		err = read_file(sel, files[i].open_path, files[i].path);
		if (i > 0) { /* what is mapped beside the program need not be an ELF file */
			err_free(err);
			err = NULL;
		}
	}
	mapped_free(files, n);
	return err;
}

static struct err *nothing(const struct selection *sel, const struct session_options *options)
{
	const struct listing *listing = sel->listings[0];
	size_t all = 0;

	for (size_t i = 0; i < sel->nfiles; i++)
		all += sel->listings[i]->nall;
	if (all) {
		char *meant = listing_suggest(sel->listings, sel->nfiles, options->patterns[0]);
		struct err *err = err_code(EXIT_NO_MATCH, "%s: none of its %zu probes match %s%s%s "
					   "`probes list %s` shows them", listing->path, all,
					   options->patterns[0], options->npatterns > 1 ?
					   " or the other patterns" : "", *meant ? meant : ";",
					   listing->path);

		free(meant);
		return err;
	}
	if (listing_is_go(listing))
		return err_code(EXIT_NO_MATCH, "no probes in %s; run `probes inject %s`%s",
				listing->path, listing->path,
				options->pid ? " and start it again" : "");
	return err_code(EXIT_NO_MATCH, "%s: no USDT probes (no stapsdt notes)", listing->path);
}

static void select_probes(struct selection *sel, const struct session_options *options)
{
	size_t most = 0;

	for (size_t i = 0; i < sel->nfiles; i++)
		most += sel->listings[i]->nprobes;
	sel->probes = mem_zalloc((most + 1) * sizeof(*sel->probes));
	for (size_t i = 0; i < sel->nfiles; i++)
		for (size_t j = 0; j < sel->listings[i]->nprobes; j++) {
			const struct list_probe *listed = &sel->listings[i]->probes[j];
			struct sel_probe *probe = &sel->probes[sel->nprobes];

			if (!is_wanted(options, sel->listings[i], listed))
				continue;
			probe->seen = (struct session_probe){
				.listed = listed, .listing = sel->listings[i],
				.index = (unsigned)sel->nprobes++,
			};
			probe->program = sel->programs[i];
			if (listed->meta)
				args_take(probe);
			else
				args_take_foreign(probe);
		}
}

/* The errors that the program finds the text of, where some argument wants that. */
static void take_errors(struct sel_probe *probe)
{
	uint64_t found[WIRE_ERRORS];
	bool wanted = false;

	for (size_t i = 0; i < probe->nargs; i++)
		wanted |= probe->args[i].found_text;
	if (!wanted)
		return;
	size_t n = program_text_errors(probe->program, found, WIRE_ERRORS);

	for (size_t i = 0; i < n; i++)
		probe->errors[i] = found[i];
}

static struct err *take_sites(struct selection *sel)
{
	for (size_t i = 0; i < sel->nprobes; i++) {
		struct sel_probe *probe = &sel->probes[i];
		uint32_t *slots = probe->role == WIRE_START ? &sel->start_slots :
							      &sel->end_slots;
		size_t file = 0;

		while (sel->listings[file] != probe->seen.listing)
			file++;
		take_errors(probe);
		if (probe->ntexts > *slots)
			*slots = probe->ntexts;
		for (size_t j = 0; j < probe->seen.listed->nsites; j++)
			TRY(take_site(sel, probe, file, &probe->seen.listed->sites[j]));
	}
	return NULL;
}

static struct err *make(const struct session_options *options, struct selection *sel)
{
	TRY(read_files(sel, options));
	select_probes(sel, options);
	if (!sel->nprobes)
		return nothing(sel, options);
	if (options->spans)
		join_pairs(sel);
	return take_sites(sel);
}

struct err *selection_make(const struct session_options *options, struct selection **selection_ret)
{
	struct selection *sel = mem_zalloc(sizeof(*sel));
	struct err *err = make(options, sel);

	if (err) {
		selection_free(sel);
		return err;
	}
	*selection_ret = sel;
	return NULL;
}

void selection_free(struct selection *sel)
{
	if (!sel)
		return;
	for (size_t i = 0; i < sel->nprobes; i++) {
		free(sel->probes[i].span_name);
		for (int j = 0; j < WIRE_WORDS; j++)
			free(sel->probes[i].renamed[j]);
	}
	for (size_t i = 0; i < sel->nfiles; i++) {
		program_free(sel->programs[i]);
		listing_free(sel->listings[i]);
		free(sel->paths[i]);
	}
	for (size_t i = 0; i < sel->nnames; i++)
		free(sel->names[i]);
	free(sel->names);
	free(sel->listings);
	free(sel->paths);
	free(sel->programs);
	free(sel->probes);
	free(sel->sites);
	free(sel);
}
