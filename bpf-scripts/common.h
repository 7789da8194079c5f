/* SPDX-License-Identifier: MIT */
/*
 * The front that the libbpf tools of bpf-scripts/ share. A tool is a `struct front`: what it
 * is called, which BPF program stands on which probe, and how an event or a table is printed.
 */
#ifndef BPF_SCRIPTS_COMMON_H
#define BPF_SCRIPTS_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf-scripts/common_event.h"

enum front_need {
	NEED,  /* the tool is of no use without the probe */
	ANY,   /* the file may lack it, but not all of these: code not used is not linked */
	EXTRA, /* a column stays empty without it */
};

struct front_probe {
	const char *program;  /* name of the BPF program */
	const char *provider, *name;
	enum front_need need;
	uint64_t cookie;      /* what bpf_usdt_cookie() gives */
	uint64_t flag;        /* attached only when settings.flags has this bit; 0 = always */
};

enum front_kind { OPTION_FLAG, OPTION_MIN_MS, OPTION_MIN_US, OPTION_ROWS, OPTION_INTERVAL };

struct front_option {
	char letter;
	enum front_kind kind;
	const char *argument; /* "MS"; NULL for a flag */
	const char *help;
	uint64_t flag;        /* OPTION_FLAG: bit of settings.flags */
};

struct run; /* one run of a tool */

struct front {
	const char *name;     /* "gohttpsnoop" */
	const char *purpose;  /* one sentence */
	const char *watching; /* "Tracing HTTP requests" */
	uint64_t min_ns;      /* settings.min_ns when no option says otherwise */
	const void *(*elf)(size_t *size_ret); /* the skeleton's NAME__elf_bytes */
	const struct front_probe *probes;     /* ends with one without a program */
	const struct front_option *options;   /* ends with one without a letter; may be NULL */
	const char *columns;  /* the line above events; NULL for none */
	/* Prints an event; `event` starts with a struct head and is valid within the call. */
	void (*print)(struct run *run, const void *event);
	/* Prints the tables, at the end and every interval; NULL for tools that print events. */
	void (*report)(struct run *run);
	/* Called once all is attached; NULL for nothing. */
	void (*attached)(struct run *run);
};

/* The whole tool: arguments, load, attach, follow, summary. Returns the exit code. */
int front_main(const struct front *front, int argc, char **argv);

/* The settings of this run, and what its options say. */
const struct settings *run_settings(const struct run *run);
int run_map(const struct run *run, const char *name); /* fd of a map */
/*
 * Reads a hash map whole: rows of key and value, one behind the other, sorted by `order` as for
 * qsort(), as many as OPTION_ROWS asks for. Returns their number; the caller frees *rows_ret.
 * Rows whose value is all zero are left out: the kernel is about to fill them.
 */
size_t run_table(const struct run *run, const char *map, size_t key_size, size_t value_size,
		 int (*order)(const void *, const void *), void **rows_ret);
bool run_has(const struct run *run, const char *program); /* whether it stands on a probe */

/* "12:34:56.789 1234  42 " : time, process and goroutine, as most lines begin. */
void print_head(struct run *run, const struct head *head);
#define HEAD_COLUMNS "TIME          PID     GOID     "

/* Text of `len` bytes of which at most `size` are there; unprintable bytes as \xNN, what is
 * cut off as "...", what could not be read as "?". print_padded() fills up to `width`. */
void print_text(const char *bytes, uint32_t len, size_t size);
void print_padded(const char *bytes, uint32_t len, size_t size, int width);
/* "  error: no such column", at the end of a line; an empty text is one that is not known. */
void print_error(const char *bytes, uint32_t len, size_t size);
#define PRINT_ERROR(TEXT) print_error((TEXT).bytes, (TEXT).len, sizeof((TEXT).bytes))
#define PRINT_TEXT(TEXT) print_text((TEXT).bytes, (TEXT).len, sizeof((TEXT).bytes))
#define PRINT_PADDED(TEXT, WIDTH) \
	print_padded((TEXT).bytes, (TEXT).len, sizeof((TEXT).bytes), WIDTH)

/* The Go function at an address of process `pid`: "main.serve", or "0x4711" when it is not
 * known. Borrowed until the next call. */
const char *run_function(struct run *run, uint32_t pid, uint64_t pc);

/* A histogram of powers of two: slots[i] counts values from 2^i, slots[0] also 0. */
void print_histogram(const uint64_t *slots, size_t n, const char *unit);

#endif
