/* SPDX-License-Identifier: MIT */
/* Loads the BPF program, with what the kernel at hand can do. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tracer/attach.h"
#include "tracer/events.skel.h"
#include "tracer/load.h"
#include "tracer/privileges.h"

enum { DEFAULT_RING = 16 << 20, DEFAULT_SPANS = 16384, SPANS_BYTES = 64 << 20,
       KEPT_RING = 1 << 20 /* of the flight recorder: events that the condition may hold for */ };

/* What libbpf prints is not for users; the errors say what they can do. */
static int silent(enum libbpf_print_level level, const char *format, va_list values)
{
	const char *debug = getenv("PROBES_DEBUG");

	if (!debug || (level == LIBBPF_DEBUG && strcmp(debug, "2")))
		return 0;
	return vfprintf(stderr, format, values);
}

uint32_t load_slot_bytes(const struct session_options *options, const struct selection *sel)
{
	if (!sel->start_slots && !sel->end_slots)
		return 0;
	return ((options->text_bytes ? options->text_bytes : LOAD_TEXT) + 7) & ~7u;
}

/* How many records the flight recorder's ring has room for; an array's elements are aligned. */
static uint32_t kept_records(size_t bytes, uint32_t record_bytes)
{
	size_t n = bytes / ((record_bytes + 7u) & ~7u);

	return n < 2 ? 2 : n > 1u << 28 ? 1u << 28 : (uint32_t)n;
}

/* The tracer's own pid namespace, when it is not the first one. */
static void set_namespace(struct events *skel)
{
	struct stat st;

	if (privileges_first_namespace("pid") || stat("/proc/self/ns/pid", &st))
		return;
	skel->rodata->pidns_device = st.st_dev;
	skel->rodata->pidns_inode = st.st_ino;
}

static void set_constants(const struct session_options *options, const struct selection *sel,
			  struct loaded *loaded, bool sleepable, bool filters)
{
	struct events *skel = loaded->skel;
	size_t ring = options->ring_bytes ? options->ring_bytes : DEFAULT_RING;

	skel->rodata->slot_bytes = loaded->slot_bytes;
	skel->rodata->record_bytes = loaded->record_bytes;
	skel->rodata->end_slots = sel->end_slots;
	skel->rodata->start_slots = sel->start_slots;
	skel->rodata->only_tgid = (wire_u32)options->pid;
	skel->rodata->want_stacks = options->stacks;
	skel->rodata->recording = loaded->kept > 0;
	skel->rodata->kept_records = loaded->kept ? loaded->kept : 1;
	skel->rodata->sleepable = sleepable;
	skel->rodata->have_filters = filters;
	skel->rodata->wake_bytes = loaded->kept ? 0 : ring / 4;
	set_namespace(skel);
}

/* How many spans can be open: with long texts fewer, as they take kernel memory at once. */
static uint32_t most_spans(const struct session_options *options, uint32_t open)
{
	uint32_t fit = SPANS_BYTES / open;

	if (options->max_spans)
		return (uint32_t)options->max_spans;
	return fit > DEFAULT_SPANS ? DEFAULT_SPANS : fit;
}

static void set_sizes(const struct session_options *options, const struct selection *sel,
		      const struct loaded *loaded, uint32_t nconditions)
{
	struct events *skel = loaded->skel;
	size_t ring = options->ring_bytes ? options->ring_bytes : DEFAULT_RING;
	uint32_t open = (uint32_t)sizeof(struct wire_open) + sel->start_slots * loaded->slot_bytes;
	bool pairs = false;

	for (size_t i = 0; i < sel->nprobes; i++)
		pairs |= sel->probes[i].role == WIRE_START;
	bpf_map__set_max_entries(skel->maps.ring, loaded->kept ? KEPT_RING : (uint32_t)ring);
	bpf_map__set_max_entries(skel->maps.sites, (uint32_t)sel->nsites);
	bpf_map__set_max_entries(skel->maps.conditions, nconditions);
	bpf_map__set_value_size(skel->maps.open_spans, open);
	bpf_map__set_value_size(skel->maps.blank, open);
	bpf_map__set_max_entries(skel->maps.open_spans, pairs ? most_spans(options, open) : 1);
	if (!loaded->kept)
		return;
	bpf_map__set_value_size(skel->maps.kept, loaded->record_bytes);
	bpf_map__set_max_entries(skel->maps.kept, loaded->kept);
}

static int fill_maps(const struct selection *sel, const struct loaded *loaded,
		     const struct wire_condition *conditions, uint32_t nconditions)
{
	int sites = bpf_map__fd(loaded->skel->maps.sites), err = 0;

	for (uint32_t i = 0; i < sel->nsites && !err; i++)
		err = bpf_map_update_elem(sites, &i, &sel->sites[i].wire, BPF_ANY);
	for (uint32_t i = 1; i < nconditions && !err; i++)
		err = bpf_map_update_elem(bpf_map__fd(loaded->skel->maps.conditions), &i,
					  &conditions[i], BPF_ANY);
	return err;
}

/* One attempt: 0, or a negative errno. */
static int attempt(const struct session_options *options, const struct selection *sel,
		   const struct wire_condition *conditions, uint32_t nconditions, bool sleepable,
		   struct loaded *loaded)
{
	loaded->skel = events__open();
	if (!loaded->skel)
		return -errno;
	struct bpf_program *program = loaded->skel->progs.on_hit;

	if (!sleepable)
		bpf_program__set_flags(program, 0);
	if (loaded->multi)
		bpf_program__set_expected_attach_type(program, ATTACH_UPROBE_MULTI);
	set_constants(options, sel, loaded, sleepable, nconditions > 1);
	set_sizes(options, sel, loaded, nconditions);
	int err = events__load(loaded->skel);

	if (!err)
		err = fill_maps(sel, loaded, conditions, nconditions);
	if (err) {
		events__destroy(loaded->skel);
		loaded->skel = NULL;
	}
	return err;
}

struct err *load_program(const struct session_options *options, const struct selection *sel,
			 const struct wire_condition *conditions, uint32_t nconditions,
			 struct loaded *loaded_ret)
{
	struct loaded loaded = { .slot_bytes = load_slot_bytes(options, sel) };
	int err;

	loaded.record_bytes = (uint32_t)sizeof(struct wire_record) +
			      (sel->start_slots + sel->end_slots) * loaded.slot_bytes +
			      (options->stacks ? WIRE_FRAMES * 8 : 0) +
			      (nconditions > 1 ? WIRE_PREFIX * 8 : 0); /* read past a text */
	if (options->keep_bytes)
		loaded.kept = kept_records(options->keep_bytes, loaded.record_bytes);
	libbpf_set_print(silent);
	loaded.multi = !getenv("PROBES_NO_MULTI") && attach_has_multi();
	err = attempt(options, sel, conditions, nconditions, true, &loaded);
	if (err && err != -EPERM && err != -EACCES) /* before Linux 6.0 uprobes cannot sleep */
		err = attempt(options, sel, conditions, nconditions, false, &loaded);
	if (!err) {
		*loaded_ret = loaded;
		return NULL;
	}
	TRY(privileges_check());
	if (err == -ENOMEM && loaded.kept)
		return err_new("not enough memory for a ring of %zu MiB",
			       (size_t)loaded.kept * loaded.record_bytes >> 20);
	return err_sys(-err, "the kernel does not take the tracing program (see `probes doctor`; "
		       "PROBES_DEBUG=1 shows what it says)");
}

void load_free(struct loaded *loaded)
{
	events__destroy(loaded->skel);
	loaded->skel = NULL;
}
