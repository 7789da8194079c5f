/* SPDX-License-Identifier: MIT */
/* Names for the addresses of one file. */
#include <elfutils/libdwfl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "elf/meta.h"
#include "elf/note.h"
#include "go/pcline.h"
#include "tracer/symfile.h"

/* A trampoline is shorter; beyond it an address is no site's. */
#define TRAMPOLINE_MAX 256

struct symfile_names {
	struct gobin *gobin; /* NULL: not a Go program */
	struct meta *meta;   /* sites sorted by address; NULL: no probes of ours */
	Dwfl *dwfl;          /* NULL: not opened yet, or no ELF file */
	Dwfl_Module *module; /* NULL: no symbols */
	bool tried_dwfl;
};

static char *hexadecimal(struct cursor desc)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < desc.len; i++)
		buf_printf(&out, "%02x", desc.data[i]);
	buf_u8(&out, 0);
	return (char *)out.data;
}

static struct err *gnu_build_id(const struct image *image, const struct note *note, void *arg,
				bool *stop)
{
	char **id = arg;

	(void)image;
	if (note->type == NT_GNU_BUILD_ID && !*id)
		*id = hexadecimal(note->desc);
	*stop = *id;
	return NULL;
}

/* Type 4 of owner "Go": cmd/link/internal/ld/elf.go, ELF_NOTE_GOBUILDID_TAG. */
static struct err *go_build_id(const struct image *image, const struct note *note, void *arg,
			       bool *stop)
{
	char **id = arg;

	(void)image;
	if (note->type == 4 && !*id)
		*id = mem_strndup((const char *)note->desc.data, note->desc.len);
	*stop = *id;
	return NULL;
}

static char *find_build_id(const struct image *image)
{
	char *id = NULL;

	if (image)
		err_free(note_each(image, ".note.gnu.build-id", "GNU", gnu_build_id, &id));
	if (image && !id)
		err_free(note_each(image, ".note.go.buildid", "Go", go_build_id, &id));
	return id ? id : mem_strdup("");
}

struct symfile *symfile_new(struct image *image, const char *path)
{
	struct symfile *file = mem_zalloc(sizeof(*file));

	file->path = mem_strdup(path);
	file->image = image;
	file->build_id = find_build_id(image);
	return file;
}

void symfile_free(struct symfile *file)
{
	if (!file)
		return;
	if (file->names) {
		gobin_free(file->names->gobin);
		meta_free(file->names->meta);
		dwfl_end(file->names->dwfl);
		free(file->names);
	}
	image_close(file->image);
	free(file->build_id);
	free(file->path);
	free(file);
}

static int site_by_pc(const void *left, const void *right)
{
	const struct meta_site *a = left, *b = right;

	return (a->pc > b->pc) - (a->pc < b->pc);
}

static const struct symfile_names *names_of(struct symfile *file)
{
	struct symfile_names *names = file->names;

	if (names || !file->image)
		return names;
	names = file->names = mem_zalloc(sizeof(*names));
	err_free(gobin_read(file->image, &names->gobin));
	err_free(meta_read(file->image, false, &names->meta));
	if (names->meta && names->meta->nsites)
		qsort(names->meta->sites, names->meta->nsites, sizeof(*names->meta->sites),
		      site_by_pc);
	return names;
}

/*
 * Only files on this machine are looked at for debug information: libdwfl's usual callback
 * would ask a server in the network when DEBUGINFOD_URLS is set.
 */
static char *debug_path = ":.debug:/usr/lib/debug";
static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_build_id_find_debuginfo,
	.section_address = dwfl_offline_section_address,
	.debuginfo_path = &debug_path,
};

/* The file as the one module of a session of libdwfl, at the addresses that it has itself. */
static Dwfl_Module *module_of(struct symfile *file)
{
	struct symfile_names *names = file->names;

	if (names->tried_dwfl)
		return names->module;
	names->tried_dwfl = true;
	int fd = dup(file->image->fd);

	names->dwfl = fd < 0 ? NULL : dwfl_begin(&callbacks);
	if (!names->dwfl) {
		close(fd);
		return NULL;
	}
	dwfl_report_begin(names->dwfl);
	names->module = dwfl_report_elf(names->dwfl, file->path, file->path, fd, 0, true);
	if (!names->module)
		close(fd);
	dwfl_report_end(names->dwfl, NULL, NULL);
	return names->module;
}

/* Names go to terminals and into lines. Takes and returns `text`. */
static char *made_printable(char *text)
{
	utf8_make_name(text);
	return text;
}

/* "pkg.Map[...]" for "pkg.Map[go.shape.int]": runtime.funcNameForPrint from Go 1.21 on. */
static char *without_type_arguments(const char *name)
{
	const char *open = strchr(name, '['), *close = open ? strrchr(open, ']') : NULL;

	if (!close)
		return mem_strdup(name);
	return mem_printf("%.*s[...]%s", (int)(open - name), name, close + 1);
}

static struct symframe go_frame(const struct pcline *line)
{
	bool known = *line->file != '?';

	return (struct symframe){
		.func = made_printable(without_type_arguments(line->func)),
		.file = made_printable(mem_strdup(known ? line->file : "")),
		.line = line->line,
		.start_line = line->start_line < INT32_MAX ? line->start_line : 0,
		.wrapper = line->wrapper,
	};
}

/* Takes the lines from `first` on, without wrappers if there is anything else. */
static bool set_frames(struct symplace *place, const struct pcline *lines, size_t first, size_t n)
{
	if (!n)
		return false;
	place->frames = mem_zalloc((n - first) * sizeof(*place->frames));
	for (size_t i = first; i < n; i++)
		if (!lines[i].wrapper || (i == n - 1 && !place->nframes))
			place->frames[place->nframes++] = go_frame(&lines[i]);
	return true;
}

/* The function of the trampoline that has the address; 0 when there is none. */
static uint64_t trampoline_of(const struct meta *meta, uint64_t addr)
{
	size_t low = 0, high = meta ? meta->nsites : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (meta->sites[middle].pc <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || addr - meta->sites[low - 1].pc >= TRAMPOLINE_MAX)
		return 0;
	return meta->sites[low - 1].func_addr;
}

static bool name_go(struct symplace *place, const struct symfile_names *names,
		    uint64_t func_addr)
{
	struct pcline lines[PCLINE_MAX];
	uint64_t addr = place->kind == SYM_RETURN ? place->addr - 1 : place->addr;
	size_t n;

	if (!names->gobin)
		return false;
	n = pcline_at(names->gobin, addr, lines);
	if (n)
		return set_frames(place, lines, place->kind == SYM_SITE ? n - 1 : 0, n);
	uint64_t func = trampoline_of(names->meta, place->addr);

	n = pcline_at(names->gobin, func || place->kind != SYM_SITE ? func : func_addr, lines);
	return set_frames(place, lines, n ? n - 1 : 0, n);
}

static bool name_symbol(struct symplace *place)
{
	Dwfl_Module *module = module_of(place->file);
	uint64_t addr = place->kind == SYM_RETURN ? place->addr - 1 : place->addr;
	const char *name = module ? dwfl_module_addrname(module, addr) : NULL;
	int number = 0;

	if (!name)
		return false;
	/* A Go program's DWARF is large, and says no more of its C parts than their lines. */
	Dwfl_Line *line = place->file->names->gobin ? NULL : dwfl_module_getsrc(module, addr);
	const char *source = line ? dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL) : NULL;

	place->nframes = 1;
	place->frames = mem_zalloc(sizeof(*place->frames));
	place->frames[0] = (struct symframe){
		.func = made_printable(mem_strdup(name)),
		.file = made_printable(mem_strdup(source ? source : "")),
		.line = source && number > 0 ? (uint32_t)number : 0,
	};
	return true;
}

void symfile_name(struct symplace *place, uint64_t func_addr)
{
	struct symfile *file = place->file;
	const struct symfile_names *names = file ? names_of(file) : NULL;

	if (names && (name_go(place, names, func_addr) || name_symbol(place)))
		return;
	const char *slash = file ? strrchr(file->path, '/') : NULL;

	place->nframes = 1;
	place->frames = mem_zalloc(sizeof(*place->frames));
	place->frames[0].file = mem_strdup("");
	place->frames[0].func = place->addr == SYM_DEEPER ? mem_strdup("[deeper]") :
		!file ? mem_strdup("[unknown]") :
		made_printable(mem_printf("%s+0x%" PRIx64, slash ? slash + 1 : file->path,
					  place->addr));
}

void symplace_clear(struct symplace *place)
{
	for (size_t i = 0; i < place->nframes; i++) {
		free(place->frames[i].func);
		free(place->frames[i].file);
	}
	free(place->frames);
	place->frames = NULL;
	place->nframes = 0;
}
