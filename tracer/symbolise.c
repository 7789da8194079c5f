/* SPDX-License-Identifier: MIT */
/* Stacks of events as functions, files and lines. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tracer/event.h"
#include "tracer/mapped.h"
#include "tracer/set.h"
#include "tracer/symbolise.h"

#define PAGE_MASK 0xfffu
#define REREAD_NS 1000000000u /* maps of one process are not read more often */
#define MAX_PROCESSES 4096    /* remembered at a time; then all are forgotten */
#define MAX_STACKS 65536      /* likewise */

/* Code of a file in a process: address - start + off is the offset in the file. */
struct range {
	uint64_t start, end, off;
	struct symfile *file; /* NULL: memory without a file */
};

struct process {
	int pid;
	struct range *ranges;
	size_t nranges, cap;
	uint64_t read_at; /* CLOCK_MONOTONIC, ns */
};

struct symboliser {
	struct set processes, places, stacks;
	struct symfile **files;
	size_t nfiles, files_cap;
};

static uint64_t hash_process(const void *item)
{
	return set_mix(0, (uint64_t)((const struct process *)item)->pid);
}

static bool same_process(const void *left, const void *right)
{
	return ((const struct process *)left)->pid == ((const struct process *)right)->pid;
}

static void free_process(void *item)
{
	struct process *process = item;

	free(process->ranges);
	free(process);
}

static uint64_t hash_place(const void *item)
{
	const struct symplace *place = item;
	uint64_t hash = set_mix(place->kind, place->addr);

	return set_mix(hash, place->file ? place->file->number : 0);
}

static bool same_place(const void *left, const void *right)
{
	const struct symplace *a = left, *b = right;

	return a->addr == b->addr && a->file == b->file && a->kind == b->kind;
}

static void free_place(void *item)
{
	symplace_clear(item);
	free(item);
}

static uint64_t hash_stack(const void *item)
{
	const struct symstack *stack = item;
	uint64_t hash = set_mix((uint64_t)stack->pid, stack->func_addr);

	for (size_t i = 0; i < stack->naddrs; i++)
		hash = set_mix(hash, stack->addrs[i]);
	return hash;
}

static bool same_stack(const void *left, const void *right)
{
	const struct symstack *a = left, *b = right;

	return a->pid == b->pid && a->func_addr == b->func_addr && a->naddrs == b->naddrs &&
	       (!a->naddrs || !memcmp(a->addrs, b->addrs, a->naddrs * sizeof(*a->addrs)));
}

static void free_stack(void *item)
{
	struct symstack *stack = item;

	free(stack->addrs);
	free(stack->places);
	free(stack);
}

struct symboliser *symboliser_new(void)
{
	struct symboliser *symboliser = mem_zalloc(sizeof(*symboliser));

	symboliser->processes = (struct set){ .hash = hash_process, .equal = same_process };
	symboliser->places = (struct set){ .hash = hash_place, .equal = same_place };
	symboliser->stacks = (struct set){ .hash = hash_stack, .equal = same_stack };
	return symboliser;
}

void symboliser_free(struct symboliser *symboliser)
{
	if (!symboliser)
		return;
	set_clear(&symboliser->stacks, free_stack);
	set_clear(&symboliser->places, free_place);
	set_clear(&symboliser->processes, free_process);
	for (size_t i = 0; i < symboliser->nfiles; i++)
		symfile_free(symboliser->files[i]);
	free(symboliser->files);
	free(symboliser);
}

size_t symboliser_nfiles(const struct symboliser *symboliser)
{
	return symboliser->nfiles;
}

const struct symfile *symboliser_file(const struct symboliser *symboliser, size_t index)
{
	return symboliser->files[index];
}

static struct symfile *known_file(const struct symboliser *symboliser, const struct stat *st)
{
	for (size_t i = 0; i < symboliser->nfiles; i++)
		if (symboliser->files[i]->dev == st->st_dev &&
		    symboliser->files[i]->inode == st->st_ino)
			return symboliser->files[i];
	return NULL;
}

static struct symfile *add_file(struct symboliser *symboliser, struct image *image,
				const char *path, const struct stat *st)
{
	struct symfile *file = symfile_new(image, path);

	file->dev = st->st_dev;
	file->inode = st->st_ino;
	mem_grow(&symboliser->files, symboliser->nfiles, &symboliser->files_cap,
		 sizeof(*symboliser->files));
	symboliser->files[symboliser->nfiles++] = file;
	file->number = (unsigned)symboliser->nfiles;
	return file;
}

/* The file the event's probe is in. */
static struct symfile *file_of_event(struct symboliser *symboliser, const struct event *event)
{
	const struct listing *listing = event->probe->listing;
	struct image *image = NULL;
	struct stat st = { 0 };

	if (fstat(listing->image->fd, &st))
		return NULL;
	struct symfile *file = known_file(symboliser, &st);

	if (file)
		return file;
	err_free(image_again(listing->image, &image));
	return add_file(symboliser, image, listing->path, &st);
}

/* What a line of maps names: a file, "[vdso]" and the like, or nothing. */
static struct symfile *file_of_mapping(struct symboliser *symboliser, int pid, const char *span,
				       uint64_t inode, const char *path)
{
	struct image *image = NULL;
	struct stat st = { 0 };

	if (*path != '/' && *path != '[')
		return NULL;
	char *open_path = *path == '/' ? mapped_open_path(pid, span, inode, path, &st) : NULL;
	struct symfile *file = open_path ? known_file(symboliser, &st) : NULL;

	for (size_t i = 0; !open_path && !file && i < symboliser->nfiles; i++)
		if (!symboliser->files[i]->image && !strcmp(symboliser->files[i]->path, path))
			file = symboliser->files[i];
	if (!file) {
		if (open_path && S_ISREG(st.st_mode))
			err_free(image_open(open_path, &image));
		file = add_file(symboliser, image, path, &st);
	}
	free(open_path);
	return file;
}

static void add_range(struct process *process, struct range range)
{
	mem_grow(&process->ranges, process->nranges, &process->cap, sizeof(range));
	process->ranges[process->nranges++] = range;
}

/* One line of maps: "start-end perms offset device inode path". */
static void read_mapping(struct symboliser *symboliser, struct process *process, char *line)
{
	struct range range = { 0 };
	char span[64], perms[8];
	uint64_t inode;
	int path_at = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%63s %7s %" SCNx64 " %*s %" SCNu64 " %n", span, perms, &range.off,
		   &inode, &path_at) != 4 || !path_at || !strchr(perms, 'x'))
		return;
	if (sscanf(span, "%" SCNx64 "-%" SCNx64, &range.start, &range.end) != 2)
		return;
	range.file = file_of_mapping(symboliser, process->pid, span, inode, line + path_at);
	add_range(process, range);
}

/* What is known stays when the process is gone, or its maps are out of reach. */
static void read_maps(struct symboliser *symboliser, struct process *process)
{
	char *name = mem_printf("/proc/%d/maps", process->pid), *line = NULL;
	FILE *maps = fopen(name, "re");
	size_t cap = 0, before = process->nranges;

	process->read_at = clock_ns(CLOCK_MONOTONIC);
	while (maps && getline(&line, &cap, maps) > 0)
		read_mapping(symboliser, process, line);
	if (process->nranges > before) {
		process->nranges -= before;
		memmove(process->ranges, process->ranges + before,
			process->nranges * sizeof(*process->ranges));
	}
	if (maps)
		fclose(maps);
	free(line);
	free(name);
}

static struct process *process_of(struct symboliser *symboliser, int pid)
{
	struct process like = { .pid = pid };
	struct process *process = set_find(&symboliser->processes, &like);

	if (process)
		return process;
	if (symboliser->processes.n >= MAX_PROCESSES)
		set_clear(&symboliser->processes, free_process);
	process = mem_zalloc(sizeof(*process));
	process->pid = pid;
	set_add(&symboliser->processes, process);
	read_maps(symboliser, process);
	return process;
}

/* The latest range wins: what was found out by a site stands behind what maps said. */
static const struct range *find_range(const struct process *process, uint64_t addr)
{
	for (size_t i = process->nranges; i > 0; i--)
		if (addr >= process->ranges[i - 1].start && addr < process->ranges[i - 1].end)
			return &process->ranges[i - 1];
	return NULL;
}

/* An address of a process as one of the file. */
static uint64_t file_addr(const struct range *range, uint64_t addr)
{
	const struct image *image = range->file ? range->file->image : NULL;
	uint64_t off = addr - range->start + range->off;

	for (size_t i = 0; image && i < image->phnum; i++) {
		const Elf64_Phdr *phdr = &image->phdrs[i];

		if (phdr->p_type == PT_LOAD && (phdr->p_flags & PF_X) && off >= phdr->p_offset &&
		    off - phdr->p_offset < phdr->p_filesz)
			return off - phdr->p_offset + phdr->p_vaddr;
	}
	return off;
}

/* Whether the first frame, as an address of the file, is where the event's probe is. */
static bool is_at_probe(const struct event *event, uint64_t addr)
{
	const struct list_probe *listed = event->probe->listed;

	for (size_t i = 0; i < listed->nsites; i++)
		if (listed->sites[i].pc == addr)
			return true;
	return event->func_addr && addr == event->func_addr;
}

/* How far the file of the probe is from its own addresses: whole pages. */
static bool find_bias(const struct event *event, uint64_t *bias_ret)
{
	const struct list_probe *listed = event->probe->listed;
	uint64_t addr = event->frames[0];

	if (event->probe->listing->image->ehdr.e_type == ET_EXEC) {
		*bias_ret = 0;
		return true;
	}
	for (size_t i = 0; i < listed->nsites; i++) {
		const struct list_site *site = &listed->sites[i];
		bool other = event->func_addr && site->meta &&
			     site->meta->func_addr != event->func_addr;

		if (!other && addr >= site->pc && !((addr - site->pc) & PAGE_MASK)) {
			*bias_ret = addr - site->pc;
			return true;
		}
	}
	return false;
}

static void add_loaded(struct process *process, struct symfile *file, uint64_t bias)
{
	for (size_t i = 0; file->image && i < file->image->phnum; i++) {
		const Elf64_Phdr *phdr = &file->image->phdrs[i];

		if (phdr->p_type == PT_LOAD && (phdr->p_flags & PF_X))
			add_range(process, (struct range){
				.start = bias + phdr->p_vaddr,
				.end = bias + phdr->p_vaddr + phdr->p_memsz,
				.off = phdr->p_offset,
				.file = file,
			});
	}
}

/*
 * The process of the event, with what is known of it fit for the event: a process that
 * executed another program, or another process of the same number, has other ranges.
 */
static struct process *process_of_event(struct symboliser *symboliser, const struct event *event)
{
	struct symfile *file = file_of_event(symboliser, event);
	struct process *process = process_of(symboliser, event->pid);
	uint64_t bias;

	/* Gone already, but a program that is always at the same place. */
	if (file && file->image && file->image->ehdr.e_type == ET_EXEC && !process->nranges)
		add_loaded(process, file, 0);
	for (int turn = 0; event->nframes && file; turn++) {
		const struct range *range = find_range(process, event->frames[0]);

		if (range && range->file == file &&
		    is_at_probe(event, file_addr(range, event->frames[0])))
			break;
		if (turn == 0 && clock_ns(CLOCK_MONOTONIC) - process->read_at > REREAD_NS) {
			read_maps(symboliser, process);
			continue;
		}
		if (find_bias(event, &bias) && (!range || range->file != file ||
		    file_addr(range, event->frames[0]) != event->frames[0] - bias))
			add_loaded(process, file, bias);
		break;
	}
	return process;
}

/* What an address says; memory that no range has is looked for anew, but not all the time. */
static const struct symplace *place_of(struct symboliser *symboliser, struct process *process,
				       uint64_t addr, enum symkind kind, uint64_t func_addr)
{
	const struct range *range = find_range(process, addr);

	if (!range && addr != SYM_DEEPER &&
	    clock_ns(CLOCK_MONOTONIC) - process->read_at > REREAD_NS) {
		read_maps(symboliser, process);
		range = find_range(process, addr);
	}
	struct symplace like = {
		.file = range ? range->file : NULL,
		.addr = range && range->file ? file_addr(range, addr) : addr,
		.kind = kind,
	};
	struct symplace *place = set_find(&symboliser->places, &like);

	if (!place) {
		place = mem_dup(&like, sizeof(like));
		place->number = (unsigned)symboliser->places.n + 1;
		symfile_name(place, func_addr);
		set_add(&symboliser->places, place);
	}
	return place;
}

const struct symplace *symboliser_code(struct symboliser *symboliser, const struct event *event,
				       uint64_t addr)
{
	return place_of(symboliser, process_of_event(symboliser, event), addr, SYM_CODE, 0);
}

static bool is_func(const struct symplace *place, const char *name)
{
	return !strcmp(place->frames[0].func, name);
}

/* A wrapper that a panic was called from is kept, as the runtime does (elideWrapperCalling). */
static bool left_out(const struct symplace *place, const struct symplace *inner)
{
	if (is_func(place, "runtime.goexit"))
		return true;
	return place->nframes == 1 && place->frames[0].wrapper &&
	       !is_func(inner, "runtime.gopanic") && !is_func(inner, "runtime.sigpanic") &&
	       !is_func(inner, "runtime.panicwrap");
}

static void name_stack(struct symboliser *symboliser, const struct event *event,
		       struct symstack *stack)
{
	struct process *process = process_of_event(symboliser, event);

	stack->places = mem_zalloc((stack->naddrs + 1) * sizeof(*stack->places));
	for (size_t i = 0; i < stack->naddrs; i++) {
		const struct symplace *inner = i ? stack->places[stack->nplaces - 1] : NULL;
		/* A fault returns to the instruction itself. */
		enum symkind kind = !i ? SYM_SITE :
			is_func(inner, "runtime.sigpanic") ? SYM_CODE : SYM_RETURN;
		const struct symplace *place = place_of(symboliser, process, stack->addrs[i], kind,
							event->func_addr);

		if (!inner || !left_out(place, inner))
			stack->places[stack->nplaces++] = place;
	}
	if (stack->naddrs >= WIRE_FRAMES)
		stack->places[stack->nplaces++] = place_of(symboliser, process, SYM_DEEPER,
							   SYM_CODE, 0);
}

const struct symstack *symboliser_stack(struct symboliser *symboliser, const struct event *event)
{
	struct symstack like = {
		.pid = event->pid,
		.func_addr = event->func_addr,
		.addrs = (uint64_t *)(uintptr_t)event->frames,
		.naddrs = event->nframes,
	};
	struct symstack *stack = set_find(&symboliser->stacks, &like);

	if (stack)
		return stack;
	if (symboliser->stacks.n >= MAX_STACKS)
		set_clear(&symboliser->stacks, free_stack);
	stack = mem_dup(&like, sizeof(like));
	stack->addrs = event->nframes ? mem_dup(like.addrs, like.naddrs * sizeof(*like.addrs)) :
			NULL;
	name_stack(symboliser, event, stack);
	set_add(&symboliser->stacks, stack);
	return stack;
}
