/* SPDX-License-Identifier: MIT */
/*
 * Lines and inlined calls of an instruction. A function record names three tables by code
 * offset: file numbers (by cutab and filetab), lines, and entries of its inline tree. An
 * entry says which function was inlined and, as parentPc, the offset of an instruction that
 * belongs to the call: asking the tables again there gives the caller.
 *
 *   runtime.inlinedCall   name  parentPc  startLine  size
 *   Go 1.18, 1.19           12        16          -    20
 *   from Go 1.20             4         8         12    16
 *
 * (Before 1.20 the entry has file and line of the call too, the same as those at parentPc.)
 */
#include <string.h>

#include "go/parts.h"
#include "go/pcline.h"

struct asked {
	const struct gobin *gobin;
	const struct gofunc *func;
	struct func_record rec;
	uint32_t nodes; /* table of entries of the inline tree */
	uint64_t tree;  /* 0 = nothing is inlined */
};

const struct gofunc *pcline_func(const struct gobin *gobin, uint64_t addr)
{
	size_t low = 0, high = gobin->nfuncs;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (gobin->funcs[middle].entry <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low && addr < gobin->funcs[low - 1].end ? &gobin->funcs[low - 1] : NULL;
}

/* What a table says of a code offset; -1 when it says nothing. */
static int32_t value_at(const struct asked *asked, uint32_t table, uint64_t off)
{
	struct pctab values = pctab_over(&asked->gobin->index->tab, table,
					 asked->func->end - asked->func->entry);

	while (pctab_next(&values))
		if (off < values.end)
			return values.value;
	return -1;
}

static const char *file_name(const struct asked *asked, int32_t number)
{
	const struct pclntab *tab = &asked->gobin->index->tab;
	uint64_t i = (uint64_t)asked->rec.cu + (uint32_t)number;

	if (number < 0 || i >= (tab->file - tab->cu) / 4)
		return "?";
	uint64_t off = load32(tab->data + tab->cu + i * 4);
	uint64_t room = tab->pc - tab->file;
	const uint8_t *name = tab->data + tab->file + off;

	return off < room && memchr(name, 0, room - off) ? (const char *)name : "?";
}

static void find_line(const struct asked *asked, uint64_t off, struct pcline *frame)
{
	int32_t line = value_at(asked, asked->rec.pcln, off);

	frame->file = file_name(asked, value_at(asked, asked->rec.pcfile, off));
	frame->line = line > 0 && *frame->file != '?' ? (uint32_t)line : 0;
}

/* FuncIDWrapper is the last of the enumeration, which grows. */
static bool is_wrapper(unsigned minor, uint8_t func_id)
{
	return func_id == (minor < 22 ? 21 : minor < 25 ? 22 : 23);
}

/* The entry of the tree as a frame, and where its call stands; false when it has no such. */
static bool find_inlined(const struct asked *asked, int32_t node, struct pcline *frame,
			 uint64_t *parent_ret)
{
	const struct pclntab *tab = &asked->gobin->index->tab;
	uint32_t size = tab->go120 ? 16 : 20, at = tab->go120 ? 4 : 12;
	const uint8_t *call = node < 0 || !asked->tree ? NULL :
		image_at(asked->gobin->image, asked->tree + (uint64_t)node * size, size);
	uint32_t name = call ? load32(call + at) : 0;

	if (!call || name >= tab->cu - tab->funcname)
		return false;
	frame->func = (const char *)tab->data + tab->funcname + name;
	frame->start_line = tab->go120 ? load32(call + 12) : 0;
	frame->wrapper = is_wrapper(asked->gobin->minor, call[tab->go120 ? 0 : 2]);
	*parent_ret = load32(call + at + 4);
	return true;
}

size_t pcline_at(const struct gobin *gobin, uint64_t addr, struct pcline frames[PCLINE_MAX])
{
	struct asked asked = { .gobin = gobin, .func = pcline_func(gobin, addr) };
	size_t n = 0;

	if (!asked.func)
		return 0;
	struct err *err = pclntab_record(&gobin->index->tab, (uint64_t)(asked.func - gobin->funcs),
					 &asked.rec);

	if (err) {
		err_free(err);
		return 0;
	}
	asked.tree = pclntab_inltree(gobin->index, &asked.rec, &asked.nodes);
	for (uint64_t off = addr - asked.func->entry; n < PCLINE_MAX; n++) {
		uint64_t parent;
		int32_t node = asked.tree ? value_at(&asked, asked.nodes, off) : -1;

		find_line(&asked, off, &frames[n]);
		if (n == PCLINE_MAX - 1 || !find_inlined(&asked, node, &frames[n], &parent))
			break;
		off = parent;
	}
	frames[n].func = asked.func->name;
	frames[n].start_line = asked.rec.start_line;
	frames[n].wrapper = is_wrapper(gobin->minor, asked.func->func_id);
	return n + 1;
}
