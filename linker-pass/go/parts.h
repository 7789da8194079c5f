/* SPDX-License-Identifier: MIT */
/*
 * The parts that gobin_read() puts together; private to go/. One module is expected: the
 * program itself (no plugins, no -buildmode=shared).
 */
#ifndef GO_PARTS_H
#define GO_PARTS_H

#include "base/cursor.h"
#include "go/gobin.h"

/* Fills version, minor, patch, main_path and settings from the build information. */
struct err *buildinfo_read(const struct image *image, struct gobin *gobin);

/*
 * The program counter line table (src/runtime/symtab.go, pcHeader). Its parts follow one
 * another: header, funcnametab, cutab, filetab, pctab, then functab with the _func records.
 */
struct pclntab {
	const struct image *image; /* borrowed */
	const uint8_t *data;       /* borrowed; the header stands at data[0] */
	uint64_t addr;             /* its address */
	uint64_t size;             /* bytes from the header that may belong to it */
	bool go120;                /* layout of Go 1.20 and newer */
	uint64_t nfunc;
	uint64_t text_start;       /* 0 from Go 1.26 on, and before relocation */
	uint64_t funcname, cu, file, pc, func; /* offsets of the parts from data */
};

/* Finds the table by section name or by its header, and checks the header. */
struct err *pclntab_find(const struct image *image, struct pclntab *tab_ret);

/* The file offset of offset `off` of the table, for messages. */
uint64_t pclntab_offset(const struct pclntab *tab, uint64_t off);

/* Start offset, from the text address, of function i; i == nfunc gives the end of the last. */
uint32_t pclntab_entry(const struct pclntab *tab, uint64_t i);

/* Fields of one runtime._func (src/runtime/runtime2.go). */
struct func_record {
	uint32_t entry, name, deferreturn, npcdata;
	uint32_t pcfile, pcln, cu; /* offsets in pctab; index in cutab */
	uint32_t start_line;       /* of the func keyword; 0 before Go 1.20 */
	uint8_t func_id, flag, nfuncdata;
	const uint8_t *pcdata; /* npcdata, then nfuncdata, 4-byte offsets; borrowed */
};

/* Reads and checks the record of function i, which must be below nfunc. */
struct err *pclntab_record(const struct pclntab *tab, uint64_t i, struct func_record *rec_ret);

/*
 * A table of pctab: values and the code they hold for. A value goes from -1 up and down by
 * zigzag deltas; a delta of 0 ends the table, save the first. Addresses only go up: a table
 * that stands still, or leaves the function, is wrong and ends there.
 */
struct pctab {
	struct cursor cur;
	uint64_t start, end; /* the value holds for these offsets from the function's entry */
	uint64_t size;       /* of the function */
	int32_t value;
};

/* The table at offset `off` of pctab (0 = none: it is empty) for code of `size` bytes. */
struct pctab pctab_over(const struct pclntab *tab, uint32_t off, uint64_t size);
bool pctab_next(struct pctab *table);

/*
 * Address of the function's inline tree; 0 when it has none. Its table of pcdata, which is
 * never 0 then, goes to *table_ret.
 */
uint64_t pclntab_inltree(const struct gofunc_index *index, const struct func_record *rec,
			 uint32_t *table_ret);

/* What is needed of runtime.firstmoduledata. */
struct module {
	uint64_t text, etext;
	uint64_t gofunc; /* base of funcdata; 0 when not known */
	uint64_t types;  /* base of type names */
};

/* Finds the moduledata that points at the table; false when there is none. */
bool module_find(const struct pclntab *tab, unsigned minor, struct module *module_ret);

struct gofunc_index {
	struct pclntab tab;
	struct module module;
	uint32_t *slots; /* function number + 1, or 0; a power of two, at most half full */
	uint32_t mask;
};

/* FNV-1a, 32 bits, of the string without its NUL. */
uint32_t name_hash(const char *name);

/* Little-endian words at unaligned places. */
uint32_t load32(const void *at);
uint64_t load64(const void *at);

#endif
